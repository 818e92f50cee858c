"""Plots as inline SVG: functions of figures. Colours come from classes of the page's stylesheet, so they follow light and dark.

Every plot is an image with a title and a description; whoever calls puts the same figures in a table beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from rag.messages import tr

from .axes import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Plane,
    amounts,
    drawing,
    path,
    shares,
    width,
    write,
)
from .html import Child, Html, tag
from .words import duration, percent


def retrieval(recall: Sequence[tuple[int, float]], name: str = "retrieval") -> Html:
    """Recall against how many passages are looked at; `recall` is (k, share), k ascending."""
    values = [share for _, share in recall]
    ticks = [(float(n), f"{k}") for n, (k, _) in enumerate(recall)]
    across = Axis(tr("看前几段 (k)", "passages looked at (k)"), -0.25, max(len(recall) - 1, 1) + 0.25, ticks)
    plane = Plane(across, shares(tr("依据召回", "recall"), 0.5 if min(values, default=0) >= 0.55 else 0))
    points = [(plane.x(n), plane.y(share)) for n, share in enumerate(values)]
    marks = [
        (
            tag("circle", cx=x, cy=y, r=4, class_="dot"),
            write(x, y - 10, percent(share), class_="value"),
        )
        for (x, y), share in zip(points, values, strict=True)
    ]
    said = tr("\uff0c", ", ").join(f"@{k} {percent(share)}" for k, share in recall)
    line = tag("path", d=path(points), class_="line") if points else None
    return drawing(
        name, tr("检索：依据在前 k 段里的比例", "Retrieval: recall at k"), said, plane.draw(), line, marks
    )


def risk_coverage(
    points: Sequence[tuple[float, float, float]], area: float | None, threshold: float, name: str = "risk"
) -> Html:
    """Wrong answers among those given, against the share that is given, as the threshold falls.

    `points` are (coverage, risk, threshold) as El-Yaniv and Wiener define them (JMLR 11, 2010); the area under them is
    shaded, and the point of the threshold in use is named.
    """
    ordered = sorted(points)
    plane = Plane(
        shares(tr("覆盖：作答的比例", "coverage: questions answered")),
        shares(
            tr("风险：答错的比例", "risk: wrong among these"),
            0,
            max((risk for _, risk, _ in ordered), default=1.0),
        ),
    )
    line = [(plane.x(c), plane.y(r)) for c, r, _ in ordered]
    title = tr("风险与覆盖", "Risk and coverage")
    if not line:
        return drawing(name, title, tr("没有数据", "no figures"), plane.draw())
    floor = HEIGHT - BOTTOM
    fill = [(line[0][0], floor), *line, (line[-1][0], floor)]
    coverage, risk, _ = at = present(ordered, threshold)
    x, y = plane.x(coverage), plane.y(risk)
    words = tr(f"现用阈值 {threshold:g}", f"threshold now {threshold:g}")
    more = tr(
        f"覆盖 {percent(at[0], 0)} · 风险 {percent(at[1])}",
        f"covers {percent(at[0], 0)}, risks {percent(at[1])}",
    )
    anchor, by = ("end", -8) if x > WIDTH * 0.55 else ("start", 8)
    top = y - 26 if y > TOP + 44 else y + 24
    said = (
        tr(f"曲线下面积 {area:.4f}；{words}，{more}", f"area under the curve {area:.4f}; {words}: {more}")
        if area is not None
        else f"{words}: {more}"
    )
    return drawing(
        name,
        title,
        said,
        plane.draw(),
        tag("path", d=path(fill) + "Z", class_="area"),
        tag("path", d=path(line), class_="line"),
        tag("line", x1=x, y1=TOP, x2=x, y2=floor, class_="here"),
        tag("circle", cx=x, cy=y, r=5, class_="dot"),
        write(x + by, top, words, anchor, class_="value"),
        write(x + by, top + 17, more, anchor),
    )


def present(points: Sequence[tuple[float, float, float]], threshold: float) -> tuple[float, float, float]:
    """The point of the curve at which one is with `threshold`: the widest coverage that it allows."""
    allowed = [point for point in points if point[2] >= threshold - 1e-9]
    return max(allowed) if allowed else min(points)


def latency(ms: Sequence[float], median: float, p95: float, name: str = "latency") -> Html:
    """How many questions took how long; what took longer than the axis is counted in its last bar."""
    longest = max(ms, default=1.0)
    across = amounts(tr("每题毫秒", "milliseconds a question"), min(longest, p95 * 1.6))
    bins = 24
    counts = [0] * bins
    for value in ms:
        counts[min(int(value / across.high * bins), bins - 1)] += 1
    plane = Plane(across, amounts(tr("题数", "questions"), max(counts)))
    wide, floor = (WIDTH - LEFT - RIGHT) / bins, HEIGHT - BOTTOM
    bars = [
        tag(
            "rect",
            tag(
                "title",
                f"{duration(n * across.high / bins)} \u2013 {duration((n + 1) * across.high / bins)}: {amount}",
            ),
            x=round(LEFT + n * wide + 1, 1),
            y=plane.y(amount),
            width=round(wide - 2, 1),
            height=round(floor - plane.y(amount), 1),
            class_="bar",
        )
        for n, amount in enumerate(counts)
        if amount
    ]
    lines: list[Child] = []
    for row, (value, words) in enumerate(((median, tr("中位", "median")), (p95, "95%"))):
        x = plane.x(value)
        label = f"{words} {duration(value)}"
        near = x + 6 + width(label) > WIDTH
        lines += [
            tag("line", x1=x, y1=TOP, x2=x, y2=floor, class_="here"),
            write(
                x - 6 if near else x + 6,
                TOP + 10 + 18 * row,
                label,
                "end" if near else "start",
                class_="value",
            ),
        ]
    over = sum(value > across.high for value in ms)
    said = tr(
        f"中位 {duration(median)}，95% 在 {duration(p95)} 内，最长 {duration(longest)}",
        f"median {duration(median)}, 95% within {duration(p95)}, longest {duration(longest)}",
    ) + (tr(f";{over} 题在图外", f"; {over} beyond the axis") if over else "")
    return drawing(name, tr("耗时分布", "Latency"), said, plane.draw(), bars, lines)


def bars(name: str, title: str, values: Sequence[tuple[str, int, str]], *, line: int = 34) -> Html:
    """Amounts as lying bars, each with its name, its number, and where a click on it leads ("" for nowhere)."""
    most = max((amount for _, amount, _ in values), default=0) or 1
    left = 12 + max((width(label) for label, _, _ in values), default=0)
    left = min(left, WIDTH * 0.45)
    drawn = []
    for n, (label, amount, where) in enumerate(values):
        y = 8 + n * line
        wide = round((WIDTH - left - 44) * amount / most, 1)
        row = [
            write(left - 10, y + 18, label, "end"),
            tag(
                "rect",
                x=round(left, 1),
                y=y + 4,
                width=max(wide, 1.5),
                height=20,
                rx=2,
                class_="bar" if amount else "none",
            ),
            write(left + wide + 8, y + 18, amount, "start", class_="value"),
        ]
        drawn.append(tag("a", row, href=where) if where and amount else tag("g", row))
    said = tr("\uff0c", ", ").join(f"{label} {amount}" for label, amount, _ in values)
    return drawing(name, title, said, drawn, height=16 + line * max(len(values), 1))


def sweep(points: Sequence[tuple[str, float, float]], name: str = "sweep") -> Html:
    """Settings as points (label, milliseconds, share right); those that no other beats in both are joined by a line.

    Each point has its number in the order given; its label stands beside it where there is room.
    """
    values = [share for _, _, share in points]
    plane = Plane(
        amounts(
            tr("中位耗时（毫秒）", "median time, ms"), max((ms for _, ms, _ in points), default=1.0) * 1.05
        ),
        shares(tr("正确率", "right"), max(min(values, default=0) - 0.02, 0), max(values, default=1.0)),
    )
    best = front([(ms, share) for _, ms, share in points])
    line = (
        tag("path", d=path((plane.x(x), plane.y(y)) for x, y in best), class_="front")
        if len(best) > 1
        else None
    )
    taken: list[tuple[float, float, float, float]] = [
        (plane.x(ms) - 9, plane.y(share) - 9, plane.x(ms) + 9, plane.y(share) + 9) for _, ms, share in points
    ]
    dots: list[Child] = []
    labels: list[Child] = []
    for n, (label, ms, share) in zip(count(1), points):
        x, y = plane.x(ms), plane.y(share)
        on = "dot" if (ms, share) in best else "dot lesser"
        dots.append(
            (tag("circle", tag("title", label), cx=x, cy=y, r=9, class_=on), write(x, y + 4, n, class_="in"))
        )
        labels.append(_label(label, x, y, taken))
    said = tr("\uff1b", "; ").join(
        f"{n} {label}: {percent(share)}, {duration(ms)}" for n, (label, ms, share) in enumerate(points, 1)
    )
    return drawing(
        name,
        tr("设置对比：质量与耗时", "Sweep: quality against time"),
        said,
        plane.draw(),
        line,
        dots,
        labels,
    )


def _label(label: str, x: float, y: float, taken: list[tuple[float, float, float, float]]) -> Html | None:
    """The label where it is inside the plot and covers nothing else; None where there is no such place."""
    wide = width(label)
    for anchor, dx, dy in (("start", 13, 4), ("end", -13, 4), ("middle", 0, -14), ("middle", 0, 23)):
        left = x + dx - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        box = (left, y + dy - 11, left + wide, y + dy + 3)
        inside = box[0] >= LEFT and box[2] <= WIDTH and box[1] >= TOP and box[3] <= HEIGHT - BOTTOM
        if inside and not any(
            box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken
        ):
            taken.append(box)
            return write(x + dx, y + dy, label, anchor)
    return None


def front(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those of (cost, worth) that no other beats in both, cheapest first.

    >>> front([(10, 0.8), (20, 0.9), (30, 0.85), (10, 0.7)])
    [(10, 0.8), (20, 0.9)]
    """
    out: list[tuple[float, float]] = []
    for cost, worth in sorted(points, key=lambda p: (p[0], -p[1])):
        if not out or worth > out[-1][1]:
            out.append((cost, worth))
    return out


def share_bar(share: float | None, low: float, high: float) -> Html | None:
    """A small bar for a table cell: the share, and a line over where the true one may lie."""
    if share is None:
        return None
    return tag(
        "svg",
        tag("rect", x=0, y=3, width=100, height=10, rx=2, class_="rail"),
        tag("rect", x=0, y=3, width=round(share * 100, 1), height=10, rx=2, class_="bar"),
        tag(
            "path",
            d=f"M{low * 100:.1f} 8H{high * 100:.1f}M{low * 100:.1f} 5v6M{high * 100:.1f} 5v6",
            class_="whisker",
        ),
        viewBox="0 0 100 16",
        class_="tiny",
        aria_hidden="true",
        preserveAspectRatio="none",
    )


def interval(value: float, low: float, high: float, most: float, verdict: str) -> Html:
    """A difference with its confidence interval on a scale from -`most` to `most`: a line of a forest plot.

    `verdict` (better, worse, same) is the class that colours it.
    """

    def x(v: float) -> float:
        return round(100 + min(max(v / (most or 1), -1), 1) * 96, 1)

    return tag(
        "svg",
        tag("line", x1=100, y1=0, x2=100, y2=18, class_="grid"),
        tag(
            "path", d=f"M{x(low):g} 9H{x(high):g}M{x(low):g} 5v8M{x(high):g} 5v8", class_=f"whisker {verdict}"
        ),
        tag("rect", x=x(value) - 4, y=5, width=8, height=8, class_=f"point {verdict}"),
        viewBox="0 0 200 18",
        class_="forest",
        aria_hidden="true",
    )
