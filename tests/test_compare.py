"""Comparing two runs: pairing, verdicts, what was won and lost, and the command."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from rag.cli.main import build
from rag.errors import InputError
from rag.eval import calibration
from rag.eval import compare_words as words
from rag.eval.bootstrap import interval
from rag.eval.change import Verdict, measures, value
from rag.eval.compare import Changed, changed, compare, pair
from rag.eval.runs import save
from rag.eval.statistics import holm

from .run_kit import META, row, run, shares

FEW = 499  # samples: enough for what is asserted here


def rows_with(name, values, **more):
    return run(row(i, metrics={name: v}, **more) for i, v in enumerate(values))


def test_the_same_run_twice():
    found = compare(shares([1, 0, 1]), shares([1, 0, 1]), samples=FEW)
    right = found.change("right")
    assert (found.n, found.won, found.lost, found.changed) == (3, (), (), ())
    assert (right.difference, right.p, right.verdict) == (0, 1, Verdict.SAME)
    assert words.verdict(right) == "没有变化"
    assert "没有差别" in words.headline(found)


def test_figures_by_hand():
    """Of ten questions three are lost and one is won."""
    found = compare(
        shares([1, 1, 1, 1, 1, 1, 1, 0, 0, 0]), shares([0, 0, 0, 1, 1, 1, 1, 1, 0, 0]), samples=FEW
    )
    right = found.change("right")
    assert (right.before, right.after, right.difference) == (0.7, 0.5, pytest.approx(-0.2))
    assert (right.won, right.lost, right.tied, right.n) == (1, 3, 6, 10)
    # of four changes, three or more are losses in 5 of 16 patterns; exactly three in 4 of them
    assert right.p_full == pytest.approx(10 / 16)
    assert right.p == pytest.approx(2 * (1 + 4 / 2) / 16)
    assert right.p_worse == pytest.approx((1 + 4 / 2) / 16)
    assert [f.id for f in found.lost] == ["q0", "q1", "q2"]
    assert [f.id for f in found.won] == ["q7"]
    assert found.stages == {"not_retrieved": (3, 5)}


@pytest.mark.parametrize(
    ("lost", "won", "verdict", "said"),
    [
        (30, 2, Verdict.WORSE, "确定变差"),
        (2, 30, Verdict.BETTER, "确定变好"),
        (12, 9, Verdict.SAME, "没有可靠差别"),
    ],
)
def test_verdicts(lost, won, verdict, said):
    n = 200
    before = [1] * lost + [0] * won + [1] * (n - lost - won)
    after = [0] * lost + [1] * won + [1] * (n - lost - won)
    found = compare(shares(before), shares(after), ["right"], samples=FEW)
    assert found.change("right").verdict is verdict
    assert words.verdict(found.change("right")) == said
    assert said in words.headline(found)
    assert f"原来对、现在错 {lost} 题" in words.headline(found)
    assert ("凭运气" in words.headline(found)) == (verdict is Verdict.SAME)


def test_few_changes_all_one_way_are_not_certain_though_the_interval_says_so():
    found = compare(shares([1] * 100), shares([0] * 4 + [1] * 96), ["right"])
    right = found.change("right")
    assert right.high < 0 and right.verdict is Verdict.SAME
    assert "以 p 为准" in words.headline(found)


def test_questions_are_paired_by_id_not_by_place():
    a = shares([1, 0, 1, 0])
    b = replace(a, rows=tuple(reversed(a.rows)))
    assert compare(a, b, samples=FEW).change("right").tied == 4


def test_questions_of_one_run_only_are_told_and_not_counted():
    found = compare(shares([1, 1, 1]), run([row(1), row(2, False), row(7), row(8)]), samples=FEW)
    assert (found.n, found.only_before, found.only_after) == (2, ("q0",), ("q7", "q8"))
    assert found.change("right").n == 2
    text = "\n".join(words.notes(found))
    assert "q0" in text and "q7, q8" in text


def test_nothing_in_common_is_refused():
    with pytest.raises(InputError, match="没有共同的题"):
        compare(run([row(1)]), run([row(2)]))


def test_other_words_under_the_same_id_are_refused_and_listed():
    other = run([row(1), row(2, question="别的问题?"), row(3, history=(("前", "答"),))])
    with pytest.raises(InputError, match=r"q2: 第2题\? / 别的问题\?; q3") as error:
        compare(run([row(1), row(2), row(3)]), other)
    assert "q1" not in str(error.value)


def test_many_reworded_questions_are_counted():
    with pytest.raises(InputError, match="另有 3 题"):
        pair(run(row(i) for i in range(8)), run(row(i, question=f"改{i}") for i in range(8)))


def test_other_expected_answers_are_told():
    found = compare(run([row(1), row(2)]), run([row(1), row(2, expected=(("不",),))]), samples=FEW)
    assert found.rejudged == ("q2",)
    assert any("q2" in line and "标准答案" in line for line in words.notes(found))


def test_alike_leaves_out_what_is_asked_or_judged_otherwise():
    a = run(row(i) for i in range(4))
    b = run([row(0), row(1, question="改了"), row(2, expected=(("不",),)), row(9)])
    assert [y.id for _, y in pair(a, b, alike=True)] == ["q0"]


def test_values_that_do_not_apply_are_left_out_and_counted():
    a = rows_with("f1", [0.5, None, 0.7, None])
    b = rows_with("f1", [0.6, 0.9, None, None])
    found = compare(a, b, ["f1"], samples=FEW)
    (f1,) = found.changes
    assert (f1.n, f1.left_out, f1.before, f1.after) == (1, 2, 0.5, 0.6)
    assert any("字符 F1 2" in line for line in words.notes(found))


def test_a_measure_in_no_question_of_both_is_left_out():
    a, b = rows_with("f1", [0.5, None]), rows_with("f1", [None, 0.5])
    assert [c.metric for c in compare(a, b, samples=FEW).changes] == ["right", "ms", "chars"]


def test_measures_come_in_the_order_of_tables_and_strange_ones_last():
    rows = run([row(1, metrics={"zz": 1.0, "recall@5": 1.0, "f1": 0.3, "em": None})]).rows
    assert measures(rows) == ["right", "f1", "recall@5", "ms", "chars", "zz"]


def test_an_unknown_measure_names_the_nearest():
    with pytest.raises(InputError, match="'recall@1'"):
        compare(rows_with("recall@1", [1.0]), rows_with("recall@1", [1.0]), ["recal@1"])


@pytest.mark.parametrize("v", [None, float("nan"), 0.0])
def test_a_time_of_nothing_is_no_time(v):
    assert value(row(1, metrics={"ms": v}), "ms") is None


def test_times_are_compared_by_the_median_of_their_ratios():
    """Twice as slow throughout, but for one pause of a minute: it does not decide."""
    before = [10.0, 100.0, 40.0, 20.0, 30.0] * 10
    after = [2 * ms for ms in before[:-1]] + [60_000.0]
    (ms,) = compare(rows_with("ms", before), rows_with("ms", after), ["ms"], samples=FEW).changes
    assert ms.scale == "ratio"
    assert (ms.difference, ms.low, ms.high) == (pytest.approx(2), pytest.approx(2), pytest.approx(2))
    assert (ms.before, ms.after) == (30, 60)
    assert (ms.lost, ms.won, ms.verdict) == (50, 0, Verdict.WORSE)
    assert words.verdict(ms) == "测得变慢"
    assert words.amount(ms, ms.difference) == "×2.00"


def test_less_is_better_of_times_and_lengths():
    (chars,) = compare(rows_with("chars", [50.0] * 30), rows_with("chars", [40.0] * 30), ["chars"]).changes
    assert (chars.won, chars.lost, chars.difference) == (30, 0, -10)
    assert chars.verdict is Verdict.BETTER and words.verdict(chars) == "确定变短"
    assert chars.p_worse > 0.99


def test_right_stands_by_its_own_p_and_the_others_share_theirs():
    rng = np.random.default_rng(4)

    def rows(shift):
        return run(
            row(i, right=i % 7 != shift, metrics={m: rng.random() + 0.1 * shift for m in ("f1", "em", "rr")})
            for i in range(60)
        )

    found = compare(rows(0), rows(1), ["em", "right", "f1", "rr", "ms"], samples=FEW)
    assert [c.metric for c in found.changes] == ["em", "right", "f1", "rr", "ms"]
    by = {c.metric: c for c in found.changes}
    assert [by[m].p_holm for m in ("right", "ms")] == [by[m].p for m in ("right", "ms")]
    family = ["em", "f1", "rr"]
    assert [by[m].p_holm for m in family] == pytest.approx(holm([by[m].p for m in family]))
    assert any(by[m].p_holm > by[m].p for m in family)


def test_kinds_are_one_family():
    """Nine losses in one of three kinds: certain by itself, and still so among three; four are neither."""
    a = run(row(i, kind=kind) for i, kind in enumerate(["x"] * 20 + ["y"] * 20 + ["z"] * 20))
    b = run(row(i, not (i < 9 or 20 <= i < 24), kind=r.kind) for i, r in enumerate(a.rows))
    found = compare(a, b, ["right"], samples=FEW)
    assert [(c.kind, c.lost, c.verdict) for c in found.by_kind] == [
        ("x", 9, Verdict.WORSE),
        ("y", 4, Verdict.SAME),
        ("z", 0, Verdict.SAME),
    ]
    assert found.by_kind[0].p_holm == pytest.approx(3 * found.by_kind[0].p)


def test_what_made_the_runs_differently():
    other = {
        **META,
        "settings": {"chunk_tokens": 40, "lexical": True, "new": 1},
        "seconds": 99,
        "started": "x",
        "note": "y",
    }
    assert changed(META, other) == (
        Changed("settings.chunk_tokens", 160, 40),
        Changed("settings.new", None, 1),
    )
    assert words.what_changed(changed(META, other)) == [
        "settings.chunk_tokens: 160 → 40",
        "settings.new: – → 1",
    ]
    assert words.what_changed(changed(META, other), 1)[1] == "另有 1 项"


def test_many_flips_are_cut_and_control_characters_shown():
    a = run(row(i, answer={"answer": "\x1b[31m红\n二"}) for i in range(5))
    found = compare(a, shares([0] * 5), ["right"], samples=FEW)
    text = words.flips(found.lost, lost=True, shown=2).plain
    assert "另有 3 题" in text and "q1" in text and "q2" not in text
    assert "\x1b" not in text and "没检索到 (not_retrieved); wrong answer" in text
    assert "另有" not in words.flips(found.lost, lost=True, shown=0).plain


def test_the_interval_is_the_bootstrap_s_and_seeded():
    a, b = shares([1, 1, 0, 1, 0, 1] * 10), shares([1, 0, 0, 1, 1, 0] * 10)
    first = compare(a, b, ["right"], samples=FEW)
    assert compare(a, b, ["right"], samples=FEW) == first
    low, _ = interval([0, -1, 0, 0, 1, -1] * 10, samples=FEW)
    assert first.change("right").low == low[0]


def test_a_a_pairs_through_the_whole_comparison():
    """300 pairs of runs that differ only in noise; 99.8 % of such simulations call 4 to 28 of them significant."""
    rng = np.random.default_rng(11)
    chance = rng.random((300, 120))
    before, after = rng.random(chance.shape) < chance, rng.random(chance.shape) < chance
    found = [
        compare(shares(x), shares(y), ["right"], samples=9).change("right").verdict
        for x, y in zip(before, after, strict=True)
    ]
    assert 4 <= sum(verdict is not Verdict.SAME for verdict in found) <= 28
    assert calibration.ALPHA == 0.05


@pytest.fixture
def two(tmp_path):
    a, b = tmp_path / "first", tmp_path / "second"
    save(shares([1] * 40), a)
    save(shares([0] * 20 + [1] * 20, settings=None), b)
    return str(a), str(b)


def test_command(two, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    result = CliRunner().invoke(build(), ["eval", "compare", *two, "--show", "3"])
    assert result.exit_code == 0, result.output
    for text in (
        "first → second",
        "确定变差",
        "原来对、现在错：20 题",
        "另有 17 题",
        "not_retrieved): 0 → 20",
        "settings",
    ):
        assert text in result.output
    assert "原来错、现在对：" not in result.output


def test_command_in_english(two, monkeypatch):
    monkeypatch.setenv("ZHIYIN_LANG", "en")
    result = CliRunner().invoke(build(), ["eval", "compare", *two])
    assert "Surely worse: 100% of 40 questions right before, 50.0% after" in result.output
    assert "right before, wrong now: 20" in result.output


def test_command_writes_json(two, tmp_path):
    out = tmp_path / "new" / "c.json"
    result = CliRunner().invoke(build(), ["eval", "compare", *two, "--json", str(out), "--metric", "right"])
    assert result.exit_code == 0
    told = json.loads(out.read_text(encoding="utf-8"))
    assert [c["metric"] for c in told["changes"]] == ["right"]
    assert told["changes"][0]["verdict"] == "worse"
    assert len(told["lost"]) == 20 and told["stages"] == {"not_retrieved": [0, 20]}
    printed = CliRunner().invoke(build(), ["eval", "compare", *two, "--json", "-", "--metric", "right"])
    assert json.loads(printed.stdout) == told


def test_command_says_where_it_can_t_write(two, tmp_path):
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(
        build(), ["eval", "compare", *two, "--json", str(tmp_path / "file" / "c.json")]
    )
    assert isinstance(result.exception, InputError) and "c.json" in str(result.exception)


def test_a_mutated_row_is_compared_with_the_one_it_was_made_of():
    from dataclasses import replace

    from rag.errors import InputError

    before = run([row(1), row(2)])
    reworded = [replace(row(1), question="other words"), row(2, right=False)]
    with pytest.raises(InputError, match="other words"):
        compare(before, run(reworded))
    after = run([replace(r, origin="mutated") for r in reworded])
    assert compare(before, after).n == 2
