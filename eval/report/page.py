"""A run as one HTML file that needs nothing else: no server, no network, no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from rag.messages import language, tr

from . import about, charts, compared, failures, headline, tables, words
from .html import Child, Html, details, join, tag

if TYPE_CHECKING:
    from ..compare import Comparison
    from ..runs import Row, Run

FEW = 50
"""Up to so many failures show their proof at once; of more it is opened one by one."""


def write(
    run: Run, *, comparison: Comparison | None = None, sweep: Sequence[charts.Tried] | None = None
) -> str:
    """The report of `run` in the language of this process, as a whole HTML document.

    With `comparison` (of this run with an earlier one) and `sweep` it has sections for these, too. Every text of a
    document, a question or an answer is escaped, and a policy in the page itself forbids any request and any script
    but its own, so that the file can be opened and passed on without a thought.
    """
    where = failures.anchors(run.rows)
    groups = words.by_stage(run.rows)
    sections = [
        (
            "compared",
            tr("与之前相比", "Against before"),
            compared.section(comparison, where) if comparison else None,
        ),
        ("sweep", tr("设置对比", "Settings tried"), charts.sweep(sweep) if sweep else None),
        ("kinds", tr("各类题的结果", "Results by kind"), _kinds(run)),
        ("plots", tr("看图", "Plots"), _plots(run)),
        ("failures", tr("每道错题", "Every failure"), _failures(groups, where)),
        ("questions", tr("全部题目", "All questions"), _questions(run.rows, where)),
        ("about", tr("怎样运行的", "How it was run"), about.section(run)),
    ]
    there = [(name, title, body) for name, title, body in sections if body is not None]
    parts = [tag("section", tag("h2", title), body, id=name, class_="part") for name, title, body in there]
    contents = _contents([(name, title) for name, title, _ in there], groups)
    body = tag("div", contents, tag("main", _headline(run), parts), class_="page")
    return _document(
        f"{headline.title(run)} \u00b7 {tr('知引评测', 'Zhiyin evaluation')}", join((_top(run), body))
    )


@lru_cache(maxsize=2)
def _asset(name: str) -> str:
    return files("rag.eval.report").joinpath(name).read_text(encoding="utf-8").strip()


def _digest(content: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


def policy() -> str:
    """The page's Content-Security-Policy: nothing but its own style and its own script, both by their digest."""
    own = f"style-src {_digest(_asset('style.css'))}; script-src {_digest(_asset('script.js'))}"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def _document(title: str, body: Html) -> str:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy()),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", Html(_asset("style.css"))),
    )
    script = tag("script", Html(_asset("script.js")))
    spoken = "zh-CN" if language() == "zh" else "en"
    return "<!doctype html>\n" + tag("html", head, tag("body", body, script), lang=spoken) + "\n"


def _top(run: Run) -> Html:
    meta = run.meta
    said = [str(meta.get("gold") or ""), str(meta.get("started") or "")[:16].replace("T", " ")]
    return tag(
        "header",
        tag("span", "知", class_="seal", aria_hidden="true"),
        tag(
            "div",
            tag("p", tr("知引 · 评测报告", "Zhiyin \u00b7 evaluation report"), class_="brand"),
            tag("p", " \u00b7 ".join(part for part in said if part), class_="meta"),
        ),
        class_="top",
    )


def _headline(run: Run) -> Html:
    return tag(
        "section",
        tag("h1", headline.title(run)),
        _alarm(run),
        [tag("p", sentence) for sentence in headline.sentences(run)],
        _tiles(run),
        id="result",
        class_="headline",
    )


def _alarm(run: Run) -> Html | None:
    if not (said := headline.alarm(run)):
        return None
    lines = [(row.id, wrong) for row in run.rows for wrong in row.violations]
    more = f" (+{len(lines) - FEW})" if len(lines) > FEW else ""
    listed = tag("ul", [tag("li", tag("code", name), " ", wrong) for name, wrong in lines[:FEW]])
    return tag(
        "div", tag("p", said), details(tr("列出", "Which") + more, listed), class_="alarm", role="alert"
    )


def _tiles(run: Run) -> Html:
    """The four figures that one looks for first."""
    metrics = run.metrics
    ms = (metrics.get("latency_ms") or {}).get("median")
    false = (metrics.get("refusal") or {}).get("false_refusals")
    tiles = [
        (tr("有答案的题", "answerable"), words.percent((metrics.get("answerable") or {}).get("share"))),
        (tr("应拒答的题", "to be refused"), words.percent((metrics.get("refusable") or {}).get("share"))),
        (tr("误拒", "false refusals"), words.percent(false)),
        (tr("中位耗时", "median time"), words.duration(ms)),
    ]
    return tag("ul", [tag("li", tag("b", value), tag("span", name)) for name, value in tiles], class_="tiles")


def _contents(parts: Sequence[tuple[str, str]], groups: Mapping[str, Sequence[Row]]) -> Html:
    """Links to the sections, and below the failures to each stage with its count."""

    def link(name: str, title: Child, inner: Child = None) -> Html:
        return tag("li", tag("a", title, href=f"#{name}"), inner)

    stages = [
        link(
            f"stage-{name or 'unknown'}",
            (tr(*words.stage(name).name), tag("span", len(rows), class_="count")),
        )
        for name, rows in groups.items()
    ]
    items = [
        link(name, title, tag("ol", stages) if name == "failures" and stages else None)
        for name, title in parts
    ]
    return tag("nav", tag("ol", items), class_="contents", aria_label=tr("目录", "Contents"))


def _kinds(run: Run) -> Html | None:
    by_kind = run.metrics.get("by_kind") or {}
    if not by_kind:
        return None
    note = tr(
        "横线是 95% 置信区间：题少的类别，线就长，差一两题不必当真。",
        "The line over each bar is its 95% confidence interval: with few questions it is long, and one more or less means little.",
    )
    every = tables.measures(run.metrics.get("overall") or {}, by_kind)
    return join(
        (
            tag("p", note, class_="note"),
            tables.kinds(by_kind, run.rows),
            details(tr("全部指标", "All measures"), every, class_="data"),
        )
    )


def _plots(run: Run) -> Html | None:
    plots = charts.of_run(run)
    return tag("div", plots, class_="plots") if plots else None


def _failures(groups: Mapping[str, Sequence[Row]], where: Mapping[str, str]) -> Html:
    if not groups:
        return tag("p", tr("没有错题。", "There are none."))
    few = len(where) <= FEW
    legend = tag(
        "p",
        tag("mark", tr("两边相同的字", "the same on both sides"), class_="same"),
        " ",
        tag("mark", tag("b", tr("答案所在", "where the answer is")), class_="key"),
        class_="legend",
    )
    sections = [failures.section(stage, rows, where, open=few) for stage, rows in groups.items()]
    return join((legend, _filter(groups), sections))


def _filter(groups: Mapping[str, Sequence[Row]]) -> Html:
    """Choose failures by kind or word; the script shows it, since without one it could do nothing."""
    kinds = sorted({row.kind for rows in groups.values() for row in rows})
    options = [
        tag("option", tr("全部类别", "all kinds"), value=""),
        *(tag("option", words.kind(kind), value=kind) for kind in kinds),
    ]
    return tag(
        "div",
        tag("label", tr("类别", "Kind"), tag("select", options, id="by-kind")),
        tag("label", tr("含有", "Holding"), tag("input", type="search", id="by-word", autocomplete="off")),
        tag("button", tr("展开全部", "Open all"), type="button", id="open-all"),
        tag("button", tr("收起全部", "Close all"), type="button", id="close-all"),
        tag("output", id="shown", data_words=tr("显示 {n} 题", "{n} shown")),
        class_="filter",
        role="search",
        hidden=True,
    )


def _questions(rows: Sequence[Row], where: Mapping[str, str]) -> Html:
    title = tr(f"展开 {len(rows)} 道题", f"Show {len(rows)} questions")
    return details(title, tables.questions(rows, where), class_="data")
