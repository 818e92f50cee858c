"""Plots say what the figures say: positions, sizes and labels are read back out of the SVG."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.eval.report import charts, plots
from rag.eval.report.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, amounts, shares

from . import report_kit as kit

CURVE = [(0.25, 0.0, 0.9), (0.5, 0.0, 0.7), (0.75, 1 / 3, 0.5), (1.0, 0.25, 0.3)]


def parsed(svg):
    """The drawing as XML: it has to be well-formed, with title and description first."""
    root = ElementTree.fromstring(svg)
    assert [child.tag for child in root][:2] == ["title", "desc"]
    assert root[0].text and root[1].text
    return root


def of_class(root, name):
    return [e for e in root.iter() if name in e.get("class", "").split()]


def texts(root):
    return [e.text for e in root.iter("text")]


def points_of(path):
    return [tuple(map(float, p.split())) for p in re.split("[ML]", path.get("d").rstrip("Z"))[1:]]


def test_recall_rises_with_depth():
    root = parsed(plots.retrieval([(1, 0.6), (5, 0.8), (10, 0.9), (20, 1.0)]))
    dots = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter("circle")]
    assert dots == points_of(of_class(root, "line")[0])
    assert [x for x, _ in dots] == sorted(x for x, _ in dots)
    assert [y for _, y in dots] == sorted((y for _, y in dots), reverse=True)
    assert dots[-1][1] == TOP
    assert {"60.0%", "100%", "1", "20"} <= set(texts(root))
    assert root[1].text == "@1 60.0%\uff0c@5 80.0%\uff0c@10 90.0%\uff0c@20 100%"


def test_low_recall_is_drawn_from_zero():
    root = parsed(plots.retrieval([(1, 0.0), (5, 0.4)]))
    assert min(c.get("cy") for c in root.iter("circle")) and "0%" in texts(root)
    assert float(next(root.iter("circle")).get("cy")) == HEIGHT - BOTTOM


def test_risk_and_coverage_marks_the_threshold_in_use():
    root = parsed(plots.risk_coverage(CURVE, 0.1042, 0.5))
    dot = of_class(root, "dot")[0]
    wide = WIDTH - LEFT - RIGHT
    assert float(dot.get("cx")) == pytest.approx(LEFT + 0.75 * wide, abs=0.1)
    assert float(dot.get("cy")) == min(y for _, y in points_of(of_class(root, "line")[0]))  # the highest risk
    assert "现用阈值 0.5" in texts(root)
    assert "曲线下面积 0.1042" in root[1].text
    area = points_of(of_class(root, "area")[0])
    assert area[1:-1] == points_of(of_class(root, "line")[0])
    assert area[0][1] == area[-1][1] == HEIGHT - BOTTOM


def test_no_curve_is_said_to_be_none():
    assert "没有数据" in parsed(plots.risk_coverage([], None, 0.5))[1].text


@given(st.lists(st.floats(0.01, 5000), min_size=1, max_size=60))
def test_every_question_is_in_some_bar_of_the_latencies(ms):
    median, p95 = sorted(ms)[len(ms) // 2], sorted(ms)[int(len(ms) * 0.95)]
    root = parsed(plots.latency(ms, median, p95))
    bars = of_class(root, "bar")
    assert sum(int(bar[0].text.rsplit(": ", 1)[1]) for bar in bars) == len(ms)
    for bar in bars:
        x, y, wide, tall = (float(bar.get(k)) for k in ("x", "y", "width", "height"))
        assert x >= LEFT and x + wide <= WIDTH - RIGHT + 0.2
        assert y >= TOP and y + tall == pytest.approx(HEIGHT - BOTTOM, abs=0.2)


def test_latency_names_median_and_the_slow_end():
    root = parsed(plots.latency([10.0] * 19 + [900.0], 10.0, 12.0))
    assert {"中位 10 ms", "95% 12 ms"} <= set(texts(root))
    assert "最长 900 ms" in root[1].text and "1 题在图外" in root[1].text


def test_bars_are_as_long_as_their_numbers():
    root = parsed(plots.bars("stages", "t", [("a", 4, "#a"), ("b", 2, "#b"), ("c", 0, "#c"), ("d", 1, "")]))
    wide = [float(r.get("width")) for r in root.iter("rect")]
    assert wide[0] == pytest.approx(2 * wide[1], abs=0.2) and wide[0] == pytest.approx(4 * wide[3], abs=0.2)
    assert wide[2] < 2
    assert [a.get("href") for a in root.iter("a")] == ["#a", "#b"]  # nothing to see at none and nowhere


def test_the_sweep_joins_what_nothing_beats():
    tried = [("slow", 40.0, 0.9), ("fast", 10.0, 0.8), ("bad", 20.0, 0.7), ("same", 50.0, 0.9)]
    root = parsed(plots.sweep(tried))
    dots = of_class(root, "dot")
    assert ["lesser" in d.get("class") for d in dots] == [False, False, True, True]
    line = points_of(of_class(root, "front")[0])
    assert line == [(float(dots[i].get("cx")), float(dots[i].get("cy"))) for i in (1, 0)]
    assert [t for t in texts(root) if t in "1234"] == ["1", "2", "3", "4"]
    assert [d[0].text for d in dots] == ["slow", "fast", "bad", "same"]


def test_labels_of_a_crowded_sweep_cover_neither_points_nor_each_other():
    tried = [(f"top_k={n}, dense_weight=0.{n}", 20.0 + n, 0.8 + n / 1000) for n in range(30)]
    root = parsed(plots.sweep(tried))
    labels = [t for t in texts(root) if t and t.startswith("top_k")]
    assert 0 < len(labels) < 30
    assert all(label in root[1].text for label, _, _ in tried)  # all are in the description


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_the_front_is_what_no_other_beats(found):
    def beaten(p):
        return any(q[0] <= p[0] and q[1] >= p[1] and q != p for q in found)

    assert plots.front(found) == sorted({p for p in found if not beaten(p)})


@given(st.floats(0.001, 1e7))
def test_an_axis_of_amounts_holds_them_in_round_steps(most):
    axis = amounts("", most)
    values = [value for value, _ in axis.ticks]
    assert values[0] == 0 and values[-1] == pytest.approx(axis.high)
    assert axis.high >= most * 0.99
    assert axis.high <= max(most * 1.7, 1e-6) and 3 <= len(values) <= 7


@given(st.floats(0, 1), st.floats(0, 1))
def test_an_axis_of_shares_holds_them(a, b):
    low, high = sorted((a, b))
    axis = shares("", low, high)
    assert axis.low <= low + 1e-6 and high - 1e-6 <= axis.high
    assert 2 <= len(axis.ticks) <= 7
    assert len({name for _, name in axis.ticks}) == len(axis.ticks)


def test_an_axis_of_one_value_only():
    axis = amounts("", 0)
    assert axis.share(5) == 1.0 and axis.share(-1) == 0.0


def test_an_interval_lies_on_its_scale():
    root = ElementTree.fromstring(plots.interval(0.05, -0.1, 0.2, 0.2, "same"))
    ends = re.match(r"M([\d.]+) 9H([\d.]+)", of_class(root, "whisker")[0].get("d"))
    assert (float(ends[1]), float(ends[2])) == (52.0, 196.0)
    assert float(of_class(root, "point")[0].get("x")) + 4 == 124.0


def test_a_bar_of_a_share_has_its_interval():
    root = ElementTree.fromstring(plots.share_bar(0.8, 0.49, 0.943))
    assert float(of_class(root, "bar")[0].get("width")) == 80.0
    assert of_class(root, "whisker")[0].get("d").startswith("M49.0 8H94.3")
    assert plots.share_bar(None, 0, 1) is None


def test_a_run_without_figures_has_no_plots():
    assert charts.of_run(kit.make_run([])) == []
    assert len(charts.of_run(kit.make_run())) == 4
    assert len(charts.of_run(kit.make_run([kit.right_row()]))) == 3  # no failures by stage


def test_the_figures_of_a_long_curve_are_thinned_with_both_ends():
    curve = [(n / 500, 0.1, 1 - n / 500) for n in range(501)]
    thin = charts.thin(curve)
    assert len(thin) == charts.MOST_LINES and thin[0] == curve[0] and thin[-1] == curve[-1]
    assert charts.thin(curve[:7]) == curve[:7]
