"""Every word of the interface, in Chinese and English.

Both languages are on the page at once and the stylesheet shows one, so that switching needs no round trip.
"""

from __future__ import annotations

import json
from html import escape

TEXTS: dict[str, tuple[str, str]] = {
    "product": ("知引", "Zhiyin"),
    "tagline": ("每句回答，都指回原文", "Every statement points back to its source"),
    "loaded": ("已载入 {count} 份文档", "{count} documents loaded"),
    "regions": ("涉及 {names}", "on {names}"),
    "no_index": (
        "还没有可用的索引。请先运行 zhiyin index。",
        "There is no index yet. Run zhiyin index first.",
    ),
    "documents": ("文档", "Documents"),
    "new": ("新对话", "New chat"),
    "language": ("切换为英文界面", "Switch the interface to Chinese"),
    "theme": ("切换深色或浅色", "Switch between dark and light"),
    "welcome": ("想查什么，直接问。", "Ask what you want to know."),
    "welcome_more": (
        "回答只取自已载入的文档。每句话后面的编号会打开原文，并标出作为依据的文字；文档里没有的，会直说没有。",
        "Answers come from the loaded documents alone. The number after a statement opens the source at the "
        "words that prove it. What the documents do not say is not answered.",
    ),
    "examples": ("可以这样问", "For example"),
    "ask": ("输入问题，按 Enter 发送", "Type a question and press Enter"),
    "send": ("发送", "Send"),
    "stop": ("停止", "Stop"),
    "you": ("提问", "Question"),
    "pending": ("正在文档中查找", "Looking through the documents"),
    "writing": ("正在核对依据", "Checking the proof"),
    "evidence": ("依据", "Proof"),
    "mark": ("打开依据 {n}", "Open proof {n}"),
    "show": ("显示依据", "Show in source"),
    "copy": ("复制回答与出处", "Copy with sources"),
    "copied": ("已复制", "Copied"),
    "copy_failed": ("浏览器不允许复制", "The browser did not allow copying"),
    "judge": ("评价这个回答", "Rate this answer"),
    "thumb_up": ("有帮助", "Helpful"),
    "thumb_down": ("没帮助", "Not helpful"),
    "why": ("哪里不好？可以不选", "What is wrong? You may skip this"),
    "why_wrong": ("答案不对", "Wrong answer"),
    "why_citation": ("引证不对", "Wrong source"),
    "why_unanswered": ("没有回答", "Not answered"),
    "why_other": ("其他", "Something else"),
    "comment": ("补充说明（选填，500 字以内）", "Details (optional, up to 500 characters)"),
    "send_feedback": ("提交", "Submit"),
    "skip": ("跳过", "Skip"),
    "judged": ("已记下，谢谢。评价只留在本服务里。", "Noted, thank you. It stays with this service."),
    "not_judged": ("没有存下来：{reason}", "Not stored: {reason}"),
    "page": ("第 {n} 页", "p. {n}"),
    "part_of": ("部分摘录", "excerpt"),
    "refused": ("文档中没有找到依据", "No proof in the documents"),
    "looked_for": ("查找内容", "Looked for"),
    "years": ("时间", "Time"),
    "places": ("地区", "Place"),
    "titles": ("题名", "Title"),
    "terms": ("关键词", "Terms"),
    "rewritten": ("理解为", "Understood as"),
    "related": ("相关内容，不是答案", "Related, not an answer"),
    "failed": ("这次没能回答", "This could not be answered"),
    "failed_more": (
        "服务出了问题，问题没有丢失，请稍后再试一次。",
        "Something went wrong. Please try again in a moment.",
    ),
    "too_long": (
        "问题太长：{count} 个字符，最多 {limit} 个。请缩短后再问。",
        "The question is too long: {count} characters, at most {limit}. Please shorten it.",
    ),
    "stopped": ("已停止", "Stopped"),
    "took": ("{ms} 毫秒", "{ms} ms"),
    "generation": ("索引 {name}", "index {name}"),
    "source": ("原文", "Source"),
    "clean": ("整理后", "Clean"),
    "raw": ("原始文字", "As in the file"),
    "clean_note": (
        "整理后的正文：去掉了网页杂项，接好了断行。",
        "Cleaned text: page clutter removed, broken lines joined.",
    ),
    "raw_note": (
        "文件中的原始文字，一字未改；灰色部分在整理时略去或改写。",
        "The text as it stands in the file; what cleaning left out or changed is grey.",
    ),
    "previous": ("上一条", "Previous"),
    "next": ("下一条", "Next"),
    "close": ("关闭", "Close"),
    "loading": ("正在打开", "Opening"),
    "more_before": ("……前文略", "… earlier text not shown"),
    "more_after": ("后文略……", "later text not shown …"),
    "not_opened": ("打不开原文", "The source could not be opened"),
    "no_documents": ("没有文档", "No documents"),
    "filter": ("按标题、地区或年份筛选", "Filter by title, place or year"),
    "articles": ("含 {n} 篇", "{n} articles"),
    "characters": ("{n} 字", "{n} characters"),
    "foot": (
        "回答由文档原文摘出，请点开编号核对。",
        "Answers are taken from the documents: check the numbers.",
    ),
}


def both(key: str, **values: object) -> str:
    """HTML that holds `key` in both languages, `values` escaped into it.

    >>> both("page", n=3)
    '<span class="zh" lang="zh">第 3 页</span><span class="en" lang="en">p. 3</span>'
    """
    zh, en = (escape(text.format(**values)) for text in TEXTS[key])
    return f'<span class="zh" lang="zh">{zh}</span><span class="en" lang="en">{en}</span>'


def label(key: str, **values: object) -> str:
    """Attributes that name a control: Chinese at once, English when the script switches."""
    zh, en = (escape(text.format(**values), quote=True) for text in TEXTS[key])
    return f'aria-label="{zh}" data-label-zh="{zh}" data-label-en="{en}"'


def plain(key: str, language: str, **values: object) -> str:
    """`key` as plain text in `zh` or `en`, not escaped."""
    return TEXTS[key][0 if language == "zh" else 1].format(**values)


def as_json() -> str:
    """All texts as JSON for the page's own script: `{"key": ["中文", "English"]}`."""
    return json.dumps(TEXTS, ensure_ascii=False)
