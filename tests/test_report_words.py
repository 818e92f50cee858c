"""What the report says in words, and how it tells another to repeat the run."""

import doctest
import importlib
import shlex
import tomllib
from dataclasses import replace

import pytest

from rag.config import Settings
from rag.eval.metrics.refusal import risk_coverage
from rag.eval.provenance import plain
from rag.eval.report import about, compared, failures, headline, words
from rag.eval.rows import bundled, load
from rag.eval.runs import Run
from rag.eval.stages import Stage
from rag.refusal import Reason

from . import report_kit as kit


@pytest.mark.parametrize("name", ["html", "marks", "axes", "plots", "headline", "words"])
def test_examples_in_docstrings(name):
    done = doctest.testmod(importlib.import_module(f"rag.eval.report.{name}"))
    assert done.attempted > 0
    assert done.failed == 0


def test_every_stage_and_reason_has_words():
    assert list(words.STAGES) == [stage.value for stage in Stage]
    assert set(words.REASONS) == {reason.value for reason in Reason}


def test_the_kinds_and_measures_of_the_bundled_set_have_words():
    assert {gold.kind for gold in load(bundled())} <= set(words.KINDS)
    run = kit.make_run()
    for name in run.metrics["overall"]:
        assert words.metric(name) != name or name == "nDCG@10"
        assert words.explained(name)


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (3, 10), (50, 100), (281, 281), (0, 40)])
def test_wilsons_interval_is_scipys(right, n):
    from scipy.stats import binomtest

    theirs = binomtest(right, n).proportion_ci(method="wilson")
    assert headline.wilson(right, n) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_the_headline_counts_what_the_rows_hold():
    run = kit.make_run()
    assert headline.title(run) == "40\u00a0道题，34\u00a0道正确（85.0%）"
    said = "".join(headline.sentences(run))
    answerable = [row for row in run.rows if not row.refuse]
    assert (
        f"资料里有答案的 {len(answerable)} 题，答对 {sum(r.right for r in answerable)} 题，误拒 2 题" in said
    )
    assert "另 1 题不该答而答了" in said
    assert "最多的是「答错」（2 题）" in said
    assert headline.alarm(run).startswith("30 处引文中有 1 处与原文不符")
    assert "逐字一致" not in said


def test_the_headline_of_a_sound_run():
    run = kit.make_run([kit.right_row(), kit.refused_row()])
    said = "".join(headline.sentences(run))
    assert headline.alarm(run) == ""
    assert "没有误拒" in said and "拒答 1 题。" in said and "1 处引文与原文逐字一致" in said
    assert "错的" not in said


def test_the_headline_in_english(monkeypatch):
    monkeypatch.setenv("ZHIYIN_LANG", "en")
    assert headline.title(kit.make_run()) == "34 of 40 questions right (85.0%)"
    assert headline.title(kit.make_run([kit.right_row()])) == "All 1 questions right"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("not_cleaned", "拒答了：没有找到"),
        ("not_retrieved", "说得不对"),
        ("not_read", "说得不对"),
        ("refused", "拒答了：关键词在原文中没有依据"),
        ("answered_wrongly", "本该拒答，却作了答"),
    ],
)
def test_a_verdict_for_each_failure(name, said):
    assert words.verdict(kit.failures()[name]) == said


def test_verdicts_tell_apart_what_was_said_from_what_was_cited():
    row = kit.failures()["not_read"]

    def verdict(answered, cited):
        return words.verdict(replace(row, metrics=row.metrics | {"answered": answered, "cited": cited}))

    assert verdict(1.0, 0.0) == "说对了，但引的不是标准依据"
    assert verdict(0.0, 1.0) == "引到了依据，但说得不对"
    assert words.verdict(replace(row, metrics={}, reason="its own words")) == "its own words"


def test_failures_are_grouped_in_the_order_in_which_evidence_passes():
    rows = [*reversed(kit.failures().values()), kit.right_row()]
    groups = words.by_stage(rows)
    assert list(groups) == list(kit.STAGES)
    assert sum(map(len, groups.values())) == 6
    assert failures.anchors(rows) == {row.id: f"q{n}" for n, row in enumerate(rows[:-1], 1)}
    strange = words.by_stage([replace(rows[0], stage="elsewhere"), replace(rows[1], stage=None)])
    assert list(strange) == ["elsewhere", ""]


def test_the_settings_shown_give_the_same_settings_again():
    settings = Settings(chunk_tokens=80, lexical=False, generator='a "b" \\c', dense_weight=0.25, cors_origins=("https://a.example",))
    other = about.changed(plain(settings))
    assert set(other) == {"chunk_tokens", "lexical", "generator", "dense_weight", "cors_origins"}
    assert Settings().replace(**tomllib.loads(about.toml(other))) == settings
    assert about.changed(plain(Settings())) == {}


def test_the_command_repeats_the_run():
    run = kit.make_run(gold="my gold.jsonl", docs=["a folder"])
    assert shlex.split(about.command(run)) == [
        "zhiyin",
        "eval",
        "my gold.jsonl",
        "--config",
        "A.toml",
        "--docs",
        "a folder",
    ]
    import hashlib

    own = hashlib.sha256(bundled().read_bytes()).hexdigest()
    untouched = kit.make_run(gold=bundled().name, gold_sha256=own, settings=plain(Settings()))
    assert about.command(untouched) == "zhiyin eval"


def test_a_run_that_says_little_of_itself_is_still_described():
    bare = Run({}, (kit.right_row(),), kit.make_run().metrics)
    assert "zhiyin eval" in about.section(bare)


def test_the_threshold_in_use_is_found_on_the_curve():
    from rag.eval.report.plots import present

    points = [tuple(p) for p in risk_coverage([0.9, 0.7, 0.5, 0.3], [True, True, False, True])["points"]]
    assert present(points, 0.5) == (0.75, pytest.approx(1 / 3), 0.5)
    assert present(points, 0.6) == (0.5, 0.0, 0.7)
    assert present(points, 0.0)[0] == 1.0
    assert present(points, 0.99) == (0.25, 0.0, 0.9)  # nothing would be answered: where the curve begins


def comparison(before, after):
    from rag.eval.compare import compare

    return compare(before, after, samples=499)


def test_a_comparison_lists_what_was_won_and_lost():
    lost = kit.failures()["refused"]
    before, after = (
        kit.make_run([replace(lost, right=True, stage=None), *kit.make_rows(20)[:14]]),
        kit.make_run([lost, *kit.make_rows(20)[:14]], settings=plain(Settings(top_k=3))),
    )
    html = compared.section(comparison(before, after), failures.anchors(after.rows))
    first, second = html.split('class="lists"')[1].split("变对的题")
    assert 'href="#q1"' in first and "fact-023" in first
    assert "fact-023" not in second
    assert "看不出可靠的差别" in html and "变错 1 题" in html
    assert "settings.top_k" in html


def test_a_certain_change_is_called_one():
    rows = [kit.right_row(f"fact-{n}") for n in range(40)]
    worse = [
        replace(row, right=False, stage="not_read", metrics=row.metrics | {"right": 0.0}) if n < 20 else row
        for n, row in enumerate(rows)
    ]
    down = comparison(kit.make_run(rows), kit.make_run(worse))
    assert "确实变差" in compared.section(down, {})
    assert 'class="whisker worse"' in compared.section(down, {})
    up = comparison(kit.make_run(worse), kit.make_run(rows))
    assert "确实变好" in compared.section(up, {})
    assert 'class="whisker better"' in compared.section(up, {})


def test_questions_of_one_run_alone_are_named():
    a, b = (
        kit.make_run([kit.right_row("fact-1"), kit.right_row("fact-2")]),
        kit.make_run([kit.right_row("fact-2"), kit.right_row("fact-3")]),
    )
    html = compared.section(comparison(a, b), {})
    assert "只在前一次运行里的题 (1): fact-1" in html
    assert "只在这次运行里的题 (1): fact-3" in html
