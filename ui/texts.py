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
    "withdrawn": ("引用的文档已不可读", "Its documents can no longer be read"),
    "failed_more": (
        "服务出了问题，问题没有丢失，请稍后再试一次。",
        "Something went wrong. Please try again in a moment.",
    ),
    "too_long": (
        "问题太长：{count} 个字符，最多 {limit} 个。请缩短后再问。",
        "The question is too long: {count} characters, at most {limit}. Please shorten it.",
    ),
    "too_often": (
        "一分钟内问得太多了，请在 {seconds} 秒后再试。",
        "That was too many questions in a minute. Please try again in {seconds} s.",
    ),
    "too_busy": (
        "现在提问的人太多，请在大约 {seconds} 秒后再试。",
        "Too many people are asking at the moment. Please try again in about {seconds} s.",
    ),
    "out_of_time": (
        "这个问题用的时间太长，已经停下。请问得简单些，或者稍后再试。",
        "This took longer than a question may and was stopped. Ask something simpler, or try again later.",
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
    "login": ("登录", "Log in"),
    "logout": ("退出登录", "Log out"),
    "account": ("账户 {name}", "Account {name}"),
    "embed": ("嵌入网页", "Embed"),
    "login_user": ("用户名", "Name"),
    "login_password": ("密码", "Password"),
    "login_token": ("访问口令", "Access token"),
    "login_either": ("密码；用访问口令登录时，用户名留空", "Password; or the access token, with no name"),
    "login_wrong": ("用户名、密码或口令不对。", "The name, password or token is wrong."),
    "login_throttled": ("试错的次数太多，请过几分钟再试。", "Too many failed tries. Please wait a few minutes."),
    "login_single": ("单点登录服务", "single sign-on"),
    "login_oidc": ("用{name}登录", "Log in with {name}"),
    "login_or": ("或者", "or"),
    "oidc_down": (
        "现在联系不上{name}，无法用它登录。请稍后再试；一直不行请告诉管理员。",
        "Logging in with {name} does not work now: it can't be reached. Try again later; if that does not help, tell your administrator.",
    ),
    "oidc_again": (
        "用{name}登录没有完成：等得太久，或者不是从这个浏览器开始的。请再登录一次。",
        "Logging in with {name} was not finished: it took too long, or began in another browser. Please log in again.",
    ),
    "oidc_refused": (
        "{name}没有确认这次登录，或者它的答复没有通过检查。请再试一次；一直不行请告诉管理员，服务日志里有原因。",
        "Logging in with {name} was not confirmed, or what came back did not hold. Try again; if that does not help, tell your "
        "administrator: the log of the service says why.",
    ),
    "edit": ("修改问题", "Edit the question"),
    "ask_again": ("重新提问", "Ask again"),
    "cancel": ("取消", "Cancel"),
    "retry": ("重试", "Try again"),
    "narrowed": ("查找范围", "Searched in"),
    "narrow": ("限定范围", "Narrow the search"),
    "only_in": ("只在其中查找", "Searching only in"),
    "unfilter": ("去掉限定：{what}", "Remove: {what}"),
    "apply": ("应用", "Apply"),
    "clear_all": ("全部清除", "Clear all"),
    "understood": ("查找了", "Looked for"),
    "drop": ("去掉“{what}”再问一次", "Ask again without “{what}”"),
    "swap": ("换掉“{what}”", "Change “{what}”"),
    "swap_to": ("换成", "Change to"),
    "nothing_else": ("文档里没有别的可选。", "The documents speak of no other."),
    "compared": ("比较", "Compared"),
    "not_found": ("没有找到", "not found"),
    "computed": ("由 {figures} 得出", "Computed from {figures}"),
    "says": ("说法", "What it says"),
    "dated": ("日期", "Date"),
    "about": ("地区与时间", "Place and period"),
    "plot": ("折线图\uff1a{first}–{last} 年\uff0c单位 {unit}", "Line plot: {first}–{last}, in {unit}"),
    "in_unit": ("单位\uff1a{unit}", "In {unit}"),
    "not_from_zero": ("纵轴不从 0 开始", "the vertical axis does not begin at 0"),
    "written_by": ("由 {model} 写成\uff0c每句都已核对", "Written by {model}, every sentence checked"),
    "model_writing": ("模型正在写", "The model is writing"),
    "model_tries": ("没有能直接摘出的答案\uff0c模型正在写", "Nothing to quote as the answer; the model is writing"),
    "cut": ("{n} 句未通过核对\uff0c已略去", "Left out, not having passed the check: {n} of its sentences"),
    "repaired": ("{n} 句经核对后改正", "Put right after checking: {n} of its sentences"),
    "model_stopped": ("已停止\uff0c模型没有写完。", "Stopped before the model had finished."),
    "model_late": ("时间已到\uff0c模型没有写完。", "Time was up before the model had finished."),
    "source_gone": (
        "这条回答引用的文档已不在可读范围内，因此不再显示。可以重新提问。",
        "The documents that this answer cites can no longer be read, so it is not shown. You can ask again.",
    ),
    "talks": ("对话记录", "Conversations"),
    "no_talks": ("还没有对话。问过的问题会留在这里。", "No conversations yet. What you ask is kept here."),
    "today": ("今天", "Today"),
    "yesterday": ("昨天", "Yesterday"),
    "earlier": ("更早", "Earlier"),
    "talk_more": ("更多操作：{title}", "More for: {title}"),
    "rename": ("重命名", "Rename"),
    "title": ("标题", "Title"),
    "save": ("保存", "Save"),
    "delete": ("删除", "Delete"),
    "as_markdown": ("导出 Markdown", "Export Markdown"),
    "as_docx": ("导出 Word", "Export Word"),
    "exported": ("导出于 {at}", "Exported {at}"),
    "last_asked": ("对话最后更新于 {at}", "Conversation last changed {at}"),
    "deleted": ("已删除“{title}”", "Deleted “{title}”"),
    "undo": ("撤销", "Undo"),
    "talks_failed": ("对话记录暂时打不开：{reason}", "Conversations can't be loaded: {reason}"),
    "offline": (
        "连接已断开。已有的内容还在，恢复后会自动继续。",
        "The connection is lost. What is on the page stays; it goes on once you are back.",
    ),
    "upload_here": ("把文件拖到这里，或点击选择", "Drop files here, or click to choose"),
    "upload_types": ("{types}，每个不超过 {mb} MB", "{types}, up to {mb} MB each"),
    "uploading": ("上传中 {n}%", "uploading {n}%"),
    "waiting": ("等待处理", "waiting"),
    "indexing": ("正在处理：{stage} {done}/{total}。期间照常回答。", "Working: {stage} {done}/{total}. Answers go on meanwhile."),
    "stage_read": ("读取", "reading"),
    "stage_embed": ("计算向量", "embedding"),
    "stage_store": ("写入", "storing"),
    "file_added": ("已加入", "added"),
    "file_changed": ("已更新", "updated"),
    "file_unchanged": ("没有变化", "unchanged"),
    "file_note": ("已加入，但请注意：{note}", "added, but note: {note}"),
    "file_refused": ("未加入：{reason}", "not added: {reason}"),
    "index_failed": ("处理失败，原有文档照常可用：{reason}", "This failed; the documents are as before: {reason}"),
    "index_done": ("处理完成", "Done"),
    "reindex": ("重新处理上传的文件", "Index the uploads again"),
    "remove_document": ("删除文档：{title}", "Delete the document: {title}"),
    "remove_sure": (
        "从索引中删除？上传的文件会一并删掉；从文件夹建立的，下次建索引时会回来。",
        "Take it out of the index? An uploaded file is deleted with it; one that was indexed from a folder comes "
        "back when that folder is indexed again.",
    ),
    "not_indexed": ("尚未处理", "not indexed yet"),
    "uploaded": ("上传", "uploaded"),
    "next_questions": ("接着可以问", "You could go on with"),
    "year": ("年份", "Year"),
    "all_documents": ("全部文档", "All documents"),
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
