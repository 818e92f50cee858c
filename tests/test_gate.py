"""The gate: its rules file, what breaks a rule and what never does, JUnit XML, and the command."""

import json
import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from typer.testing import CliRunner

from rag.cli.main import build
from rag.errors import ConfigError, InputError
from rag.eval.gate import check
from rag.eval.gate_checks import Status
from rag.eval.junit import gate_junit, to_junit
from rag.eval.rules import Rule, bundled, load, parse
from rag.eval.runs import save

from .run_kit import row, run, shares

FEW = 199
LOSS = {"rule": [{"metric": "right", "loss": 0.05, "margin": 0.02}]}
ROOT = Path(__file__).parents[1]


def rules(text):
    return parse(tomllib.loads(text))


def result(found, name):
    (one,) = [r for r in found.results if r.name == name]
    return one


# rules file


def test_the_bundled_rules_are_valid_and_packaged():
    found = load(bundled())
    assert found.violations == 0 and found.adjust
    assert {rule.metric for rule in found.rules} >= {"right", "recall@20", "cite_recall", "ms"}
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert any(
        Path(bundled().name).match(pattern)
        for pattern in pyproject["tool"]["setuptools"]["package-data"]["rag.eval"]
    )


def test_a_rule_with_all_it_can_say():
    found = rules(
        'violations = 2\nadjust = false\n[[rule]]\nmetric = "f1"\nkinds = ["fact"]\nrows = "answerable"\nloss = true\nmargin = 0.01\nfloor = 0.5\nbound = "lower"'
    )
    assert found.rules == (Rule("f1", "", ("fact",), "answerable", 0.05, 0.01, 0.5, "lower"),)
    assert (found.violations, found.adjust) == (2, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("violation = 0", r"'violation'.*'violations'"),
        ("violations = -1", "violations = -1"),
        ("violations = true", "violations = True"),
        ('adjust = "no"\nviolations = 0', "adjust = 'no'"),
        ("", "no rule"),
        ("rule = 3", r"\[\[rule\]\]"),
        ('[[rule]]\nmetrics = "right"\nloss = true', r"rule 1.*'metrics'.*'metric'"),
        ("[[rule]]\nloss = true", "either metric or stage"),
        ('[[rule]]\nmetric = "right"\nstage = "refused"\nmax = 1', "either metric or stage"),
        ("[[rule]]\nmetric = 5\nloss = true", "5 should be"),
        ('[[rule]]\nmetric = "right"', "asks for nothing; give floor or loss"),
        ('[[rule]]\nmetric = "right"\nlost = 0.05', r"rule 1 \(right\).*'lost'.*'loss'"),
        ('[[rule]]\nmetric = "right"\nmax_ratio = 2', "'max_ratio'"),
        ('[[rule]]\nmetric = "ms"\nfloor = 0.5', "'floor'"),
        ('[[rule]]\nstage = "not_retreived"\nmax = 3', "'not_retrieved'"),
        ('[[rule]]\nmetric = "right"\nloss = 0.3', "loss = 0.3.*0.2"),
        ('[[rule]]\nmetric = "right"\nloss = 0', "loss = 0; give a number above 0"),
        ('[[rule]]\nmetric = "right"\nloss = true\nmargin = 2', "margin = 2.*0.02 is two points"),
        ('[[rule]]\nmetric = "right"\nfloor = 80', "floor = 80.*0.8 is 80 %"),
        ('[[rule]]\nmetric = "right"\nfloor = "a"', "floor = 'a'"),
        ('[[rule]]\nmetric = "right"\nfloor = 0.5\nbound = "low"', "bound = 'low'"),
        ('[[rule]]\nmetric = "right"\nfloor = 0.5\nrows = "all"', "rows = 'all'"),
        ('[[rule]]\nmetric = "right"\nfloor = 0.5\nkinds = "fact"', "kinds = 'fact'"),
        ('[[rule]]\nmetric = "ms"\nmax_ratio = 0.5', "max_ratio = 0.5"),
        ('[[rule]]\nmetric = "right"\nfloor = 0.5\n[[rule]]\nmetric = "f1"\nflor = 0.5', "rule 2"),
    ],
)
def test_what_no_rule_can_say(text, said):
    with pytest.raises(ConfigError, match=said):
        rules(text)


@pytest.mark.parametrize("data", [b"violations =", b"\xff\xfe"])
def test_a_file_that_is_no_toml(tmp_path, data):
    (tmp_path / "r.toml").write_bytes(data)
    with pytest.raises(ConfigError, match=re.escape("r.toml")):
        load(tmp_path / "r.toml")
    with pytest.raises(ConfigError, match=re.escape("none.toml")):
        load(tmp_path / "none.toml")


def test_measures_and_kinds_that_the_run_does_not_have():
    with pytest.raises(ConfigError, match="'right'"):
        check(shares([1]), rules('[[rule]]\nmetric = "rihgt"\nfloor = 0.5'))
    with pytest.raises(ConfigError, match="'fact'"):
        check(shares([1]), rules('[[rule]]\nmetric = "right"\nkinds = ["facts"]\nfloor = 0.5'))


# losses


def test_a_loss_breaks_the_rule_and_is_blamed_on_its_stage():
    before = run(row(i) for i in range(100))
    after = run(
        (row(i, i >= 24, stage="not_retrieved" if i < 18 else "not_read") for i in range(100)),
        settings={"chunk_tokens": 40, "lexical": False},
    )
    found = check(after, parse(LOSS), before)
    (broken,) = found.broken
    assert broken.name == "right: loss"
    for text in (
        "100% → 76.0%",
        "−24.0 个百分点",
        "p < 0.001",
        "容许 2 个百分点",
        "多 18 题丢在「没检索到」（not_retrieved）",
        "not_read +6",
    ):
        assert text in broken.said
    assert "\n" not in broken.said
    assert [c.name for c in found.changed] == ["settings.chunk_tokens", "settings.lexical"]


def test_a_stage_that_lost_fewer_is_not_blamed():
    before = run(row(i, i >= 5, stage="not_read") for i in range(100))
    after = run(row(i, not 5 <= i < 40, stage="refused") for i in range(100))
    (broken,) = check(after, parse(LOSS), before, samples=FEW).broken
    assert "多 35 题丢在「读出而拒答」（refused）" in broken.said and "not_read" not in broken.said


def test_a_loss_in_english(monkeypatch):
    monkeypatch.setenv("ZHIYIN_LANG", "en")
    (broken,) = check(shares([0] * 18 + [1] * 82), parse(LOSS), shares([1] * 100)).broken
    assert "100% → 82.0% (−18.0 points" in broken.said
    assert "main reason: 18 more rows lost at not_retrieved" in broken.said


@pytest.mark.parametrize(
    ("lost", "won", "broken"),
    [
        (1, 0, False),
        (3, 0, False),  # p = 1/16
        (4, 0, False),  # p = 1/32, but less than two points of 250
        (5, 0, True),  # two points to the letter
        (12, 8, False),  # not more than chance
        (30, 10, True),
        (0, 30, False),
    ],
)
def test_what_is_a_loss(lost, won, broken):
    n = 250
    before = shares([1] * lost + [0] * won + [1] * (n - lost - won))
    after = shares([0] * lost + [1] * won + [1] * (n - lost - won))
    assert bool(check(after, parse(LOSS), before, samples=FEW).broken) == broken


def test_p_is_adjusted_for_the_number_of_rules_unless_told_otherwise():
    """Five lost, none won: p = 1/64 one-sided, adjusted for five rules 5/64."""
    before, after = shares([1] * 50), shares([0] * 5 + [1] * 45)
    five = {"rule": [{"metric": "right", "loss": 0.05}] * 5}
    assert not check(after, parse(five), before, samples=FEW).broken
    found = check(after, parse({**five, "adjust": False}), before, samples=FEW)
    assert len(found.broken) == 5 and "校正" not in found.broken[0].said
    assert "按 5 条规则校正" in check(after, parse(five), before, samples=FEW).results[0].said


def test_kinds_and_rows_choose_the_questions():
    def rows(bad):
        return run(
            row(i, i not in bad, kind="fact" if i < 40 else "absent", refuse=i >= 40) for i in range(80)
        )

    text = '[[rule]]\nmetric = "right"\n{}\nloss = 0.05'
    after = rows(range(40, 60))
    for where, broken in (
        ('kinds = ["fact"]', 0),
        ('kinds = ["absent"]', 1),
        ('rows = "answerable"', 0),
        ('rows = "refusable"', 1),
        ("", 1),
    ):
        found = check(after, rules(text.format(where)), rows(()), samples=FEW)
        assert len(found.broken) == broken, where
    assert result(
        check(after, rules(text.format('rows = "refusable"')), rows(()), samples=FEW),
        "right (refusable): loss",
    )


def test_false_alarms_of_the_gate():
    """200 pairs of runs that differ only in noise; 99.8 % of such simulations fail 2 to 20 of them."""
    rng = np.random.default_rng(7)
    chance = rng.random((200, 120))
    before, after = rng.random(chance.shape) < chance, rng.random(chance.shape) < chance
    found = parse({"rule": [{"metric": "right", "loss": 0.05}]})
    failed = sum(
        bool(check(shares(y), found, shares(x), samples=9).broken) for x, y in zip(before, after, strict=True)
    )
    assert 2 <= failed <= 20


# floors, ratios, stages, violations


@pytest.mark.parametrize(
    ("floor", "bound", "broken"),
    [
        (0.80, "mean", False),
        (0.81, "mean", True),
        (0.66, "lower", False),  # Wilson's interval of 40 of 50 is 0.6696 to 0.8876
        (0.68, "lower", True),
        (0.88, "upper", False),
        (0.89, "upper", True),
    ],
)
def test_floors(floor, bound, broken):
    found = check(
        shares([1] * 40 + [0] * 10), parse({"rule": [{"metric": "right", "floor": floor, "bound": bound}]})
    )
    assert bool(found.broken) == broken
    if broken:
        assert "not_retrieved，10 题" in found.broken[0].said


def test_a_figure_has_as_many_digits_as_it_takes():
    found = check(shares([1] * 40 + [0] * 10), parse({"rule": [{"metric": "right", "floor": 0.8003}]}))
    assert found.broken[0].said.startswith("0.8 < 0.8003")


def test_a_floor_of_a_graded_measure_by_its_interval():
    scores = run(row(i, metrics={"f1": (i % 5) / 4}) for i in range(100))  # mean 0.5, standard error 0.035
    for floor, bound, broken in (
        (0.42, "lower", 0),
        (0.46, "lower", 1),
        (0.54, "upper", 0),
        (0.58, "upper", 1),
    ):
        found = check(scores, parse({"rule": [{"metric": "f1", "floor": floor, "bound": bound}]}))
        assert len(found.broken) == broken, (floor, bound)


def test_a_floor_that_one_question_would_break_is_kept_where_the_baseline_kept_it():
    floor = parse({"rule": [{"metric": "right", "floor": 0.8}]})
    baseline, one_less, two_less = (
        shares([1] * 8 + [0] * 2),
        shares([1] * 7 + [0] * 3),
        shares([1] * 6 + [0] * 4),
    )
    kept = check(one_less, floor, baseline)
    assert not kept.broken and "不因一题判负" in kept.results[0].said
    assert check(two_less, floor, baseline).broken
    assert check(one_less, floor).broken
    assert check(one_less, floor, one_less).broken  # nothing changed, but the baseline did not keep it either


def test_without_a_baseline_floors_alone_are_checked():
    found = check(
        shares([1] * 9 + [0]),
        rules(
            '[[rule]]\nmetric = "right"\nloss = true\nfloor = 0.95\n[[rule]]\nmetric = "ms"\nmax_ratio = 1.5'
        ),
    )
    assert [(r.name, r.status) for r in found.results] == [
        ("right: loss", Status.SKIPPED),
        ("right: floor", Status.BROKEN),
        ("ms: max_ratio", Status.SKIPPED),
    ]
    assert found.baseline is None and found.changed == ()


def timed(factor, chars=30.0, **meta):
    return run((row(i, metrics={"ms": factor * (20.0 + i % 7), "chars": chars}) for i in range(40)), **meta)


def test_ratios():
    wanted = rules('[[rule]]\nmetric = "ms"\nmax_ratio = 1.5\n[[rule]]\nmetric = "chars"\nmax_ratio = 2')
    assert not check(timed(1.4, 59), wanted, timed(1), samples=FEW).broken
    found = check(timed(1.6, 61), wanted, timed(1), samples=FEW).broken
    assert [r.name for r in found] == ["ms: max_ratio", "chars: max_ratio"]
    assert "1.60 倍 > 1.5" in found[0].said and "2.03 倍 > 2" in found[1].said


def test_times_of_another_machine_are_not_compared():
    other = timed(9, machine={"cores": 64})
    found = check(other, rules('[[rule]]\nmetric = "ms"\nmax_ratio = 1.5'), timed(1), samples=FEW)
    assert found.results[0].status is Status.SKIPPED and "另一台机器" in found.results[0].said


def test_a_most_of_times():
    wanted = rules('[[rule]]\nmetric = "ms"\nmax = 30')
    assert not check(timed(1), wanted).broken
    assert "46 ms > 30 ms" in check(timed(2), wanted).broken[0].said


def test_stages():
    wanted = rules('[[rule]]\nstage = "not_retrieved"\nmax = 3')
    assert not check(shares([0] * 3 + [1] * 7), wanted).broken
    assert "4 > 3" in check(shares([0] * 4 + [1] * 6), wanted).broken[0].said
    assert not check(shares([0] * 4 + [1] * 6), wanted, shares([0] * 3 + [1] * 7)).broken
    assert check(shares([0] * 5 + [1] * 5), wanted, shares([0] * 3 + [1] * 7)).broken


def test_a_stage_that_the_baseline_lost_too_many_at_is_no_excuse():
    wanted = rules('[[rule]]\nstage = "not_retrieved"\nmax = 3')
    assert check(shares([0] * 4 + [1] * 6), wanted, shares([0] * 4 + [1] * 6)).broken


def test_violations():
    bad = run([row(1), row(2, violations=("[1] a.txt[0:2] is not the quote", "[2] …"))])
    found = check(bad, parse({"violations": 0}))
    assert "2 处" in found.broken[0].said and "q2" in found.broken[0].said
    assert not check(bad, parse({"violations": 2})).broken


@pytest.mark.parametrize("text", ['metric = "f1"\nfloor = 0.5', 'metric = "f1"\nloss = true'])
def test_a_rule_that_nothing_can_be_said_of_is_broken(text):
    """As where a run refuses every question of a kind: no figure is no proof that all is well."""
    rows = [row(1, kind="absent"), row(2, metrics={"f1": 0.9})]
    found = check(run(rows), rules(f'[[rule]]\nkinds = ["absent"]\n{text}'), run(rows))
    assert "没有一题" in found.broken[0].said


# baselines over other gold sets


def test_a_baseline_over_another_gold_set_counts_shared_questions_alone():
    before = run((row(i) for i in range(40)), gold_sha256="bb")
    after = run([row(i, question="改了") if i < 5 else row(i, i >= 15) for i in range(45)])
    found = check(after, parse(LOSS), before)
    assert "35 题中变差 10" in found.broken[0].said
    assert "另一份题集" in found.notes[0] and "只比较相同的 35 题" in found.notes[0]


def test_less_than_half_shared_is_refused():
    before = run((row(i) for i in range(10)), gold_sha256="bb")
    with pytest.raises(InputError, match="不到一半"):
        check(run(row(i) for i in range(21)), parse(LOSS), before)
    assert check(run(row(i) for i in range(20)), parse(LOSS), before).notes
    with pytest.raises(InputError, match="没有共同的题"):
        check(run(row(i) for i in range(50, 60)), parse(LOSS), before)


def test_a_reworded_question_of_the_same_gold_set_is_refused():
    with pytest.raises(InputError, match="同一编号"):
        check(run([row(1, question="改了")]), parse(LOSS), run([row(1)]))


def test_a_part_of_the_same_gold_set_is_told():
    found = check(shares([1] * 8), parse(LOSS), shares([1] * 10))
    assert found.notes == ("基准 10 题，本次 8 题，只比较相同的 8 题",)
    assert check(shares([1] * 8), parse(LOSS), shares([1] * 8)).notes == ()


# one flipped answer

KINDS = ("fact", "list", "absent")
rights = st.lists(st.booleans(), min_size=2, max_size=40)


def of_kinds(values):
    return run(row(i, right, kind=KINDS[i % 3], refuse=i % 3 == 2) for i, right in enumerate(values))


@settings(max_examples=150)
@given(
    rights,
    st.integers(0, 39),
    st.sampled_from([0.0, 0.01, 0.2]),
    st.sampled_from([0.05, 0.2]),
    st.floats(0, 1),
    st.sampled_from(["mean", "lower", "upper"]),
    st.integers(0, 10),
)
def test_a_single_flipped_answer_never_fails_by_itself(values, at, margin, alpha, floor, bound, most):
    """Whatever the rules: if the baseline passes, so does a run with one right answer less."""
    at %= len(values)
    values = [*values[:at], True, *values[at + 1 :]]
    flipped = [*values[:at], False, *values[at + 1 :]]
    found = parse(
        {
            "rule": [
                {"metric": "right", "loss": alpha, "margin": margin, "floor": floor, "bound": bound},
                {"metric": "right", "rows": "answerable", "floor": floor, "loss": alpha},
                {"stage": "not_retrieved", "max": most},
            ]
        }
    )
    baseline = of_kinds(values)
    if not check(baseline, found, baseline, samples=9).broken:
        assert not check(of_kinds(flipped), found, baseline, samples=9).broken


@pytest.mark.parametrize("at", [0, 1, 2])
def test_nor_with_the_bundled_rules(at):
    found = load(bundled())

    def rows(bad):
        scores = {"recall@20": 1.0, "cite_recall": 1.0}
        return run(
            row(i, i != bad, refuse=i % 3 == 2, metrics={k: v * (i != bad) for k, v in scores.items()})
            for i in range(9)
        )

    passed = check(rows(at), found, rows(None), samples=FEW)
    assert not passed.broken and len(passed.results) == 7


# JUnit XML

ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "skipped": set(),
    "system-out": set(),
}
CHILDREN = {  # in this order, and how many at most
    "testsuites": [("testsuite", None)],
    "testsuite": [("properties", 1), ("testcase", None), ("system-out", 1)],
    "properties": [("property", None)],
    "testcase": [("skipped", 1), ("failure", None), ("system-out", None)],
}
TEXT = {"failure", "skipped", "system-out"}


def schema():
    """Return an XSD of the shape that Jenkins reads, out of the two tables above."""
    w3 = "http://www.w3.org/2001/XMLSchema"
    parts = []
    for name, attributes in ATTRIBUTES.items():
        children = "".join(
            f'<xs:element ref="{child}" minOccurs="0" maxOccurs="{most or "unbounded"}"/>'
            for child, most in CHILDREN.get(name, [])
        )
        if name == "properties":
            children = children.replace('minOccurs="0"', 'minOccurs="1"')
        inner = f"<xs:sequence>{children}</xs:sequence>" if children else ""
        inner += "".join(
            f'<xs:attribute name="{a}" type="xs:{"string" if a in ("name", "classname", "message", "type", "value", "timestamp") else "decimal" if a == "time" else "nonNegativeInteger"}"/>'
            for a in sorted(attributes)
        )
        mixed = ' mixed="true"' if name in TEXT else ""
        parts.append(
            f'<xs:element name="{name}"><xs:complexType{mixed}>{inner}</xs:complexType></xs:element>'
        )
    return etree.XMLSchema(etree.fromstring(f'<xs:schema xmlns:xs="{w3}">{"".join(parts)}</xs:schema>'))


def valid(text):
    schema().assertValid(etree.fromstring(text.encode("utf-8")))
    return ElementTree.fromstring(text)


def test_the_schema_refuses_what_is_not_junit():
    for text in (
        "<testsuite name='a' wrong='1'/>",
        "<testsuites><testcase/></testsuites>",
        "<testsuite><testcase><system-out/><failure/></testcase></testsuite>",
        "<testsuite tests='x'/>",
    ):
        assert not schema().validate(etree.fromstring(text))


def test_a_run_as_junit():
    cite = {"source": "a.txt", "quote": "引\n文"}
    rows = [
        row(1),
        row(2, False, answer={"answer": '<b>"错" & ]]>', "citations": [cite]}, stage="not_read"),
        row(3, kind="absent", refuse=True, violations=("[1] a.txt[0:2] is not the quote",)),
    ]
    done = run(rows)
    done.metrics["by_kind"] = {"fact": {"n": 2, "share": 0.5, "em": None}}
    root = valid(to_junit(done))
    assert [root.get(k) for k in ("tests", "failures", "errors")] == ["3", "2", "0"]
    fact, absent = root
    assert (fact.get("name"), fact.get("tests"), fact.get("failures")) == ("fact", "2", "1")
    assert fact.get("timestamp") == "2024-05-06T07:08:09"
    held = {p.get("name"): p.get("value") for p in fact.iter("property")}
    assert held["settings.chunk_tokens"] == "160" and held["kind.share"] == "0.5"
    assert held["overall.right"] == "0.666667" and "kind.em" not in held
    good, bad = fact.iter("testcase")
    assert good.get("name") == "q1 第1题?" and list(good) == []
    failure = bad.find("failure")
    assert (failure.get("type"), failure.get("message")) == ("not_read", "not_read: wrong answer")
    assert '<b>"错" & ]]>' in failure.text and "a.txt: 引\n文" in failure.text
    assert absent.find("testcase/failure").get("type") == "violation"
    assert float(bad.get("time")) == pytest.approx(0.022)


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=30))
def test_whatever_an_answer_holds_the_file_is_xml(text):
    root = valid(
        to_junit(
            run(
                [
                    row(
                        1,
                        False,
                        question=text or "x",
                        reason=text,
                        stage=None,
                        kind=text or "k",
                        answer={"answer": text},
                    )
                ]
            )
        )
    )
    assert root.find("testsuite/testcase/failure").get("type") == "wrong"


def test_control_characters_are_written_out():
    text = to_junit(run([row(1, False, answer={"answer": "a\x00b\x1b\ufffe\ud800\n\U0001f600"})]))
    assert r"a\x00b\x1b\ufffe\ud800" in ElementTree.fromstring(text).find(".//failure").text
    assert "\U0001f600" in text


def test_an_empty_run_is_junit_too():
    root = valid(to_junit(run([])))
    assert root.get("tests") == "0" and list(root) == []


def test_a_gate_as_junit():
    wanted = rules('violations = 0\n[[rule]]\nmetric = "right"\nfloor = 0.9\nloss = true')
    root = valid(gate_junit(check(shares([1] * 5 + [0] * 5), wanted)))
    (suite,) = root
    assert [suite.get(k) for k in ("tests", "failures", "skipped")] == ["3", "1", "1"]
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases["right: floor"].find("failure").get("message").startswith("right: floor: 50.0% < 90.0%")
    assert "没有基准" in cases["right: loss"].find("skipped").text
    assert "0 处" in cases["violations"].find("system-out").text
    other = check(shares([1] * 5, settings={}), wanted, shares([1] * 5))
    assert "settings.chunk_tokens: 160 → None" in valid(gate_junit(other)).find("testsuite/system-out").text


# the command


@pytest.fixture
def stored(tmp_path):
    scores = {"recall@20": 1.0, "cite_recall": 1.0}

    def rows(bad):
        return run(
            (
                row(i, i >= bad, refuse=i % 4 == 3, metrics={k: v * (i >= bad) for k, v in scores.items()})
                for i in range(100)
            ),
            settings={"chunk_tokens": 160 if not bad else 40, "lexical": not bad},
        )

    for name, bad in (("good", 0), ("one", 1), ("bad", 30)):
        save(rows(bad), tmp_path / name)
    return tmp_path


def gate(folder, *arguments):
    return CliRunner().invoke(build(), ["eval", "gate", *map(str, arguments)])


def test_command_passes(stored):
    for name in ("good", "one"):
        done = gate(stored, stored / name, "--baseline", stored / "good")
        assert done.exit_code == 0, done.output
        assert done.stdout.strip().splitlines()[-1] == "通过"


def test_command_fails_with_the_reason(stored):
    junit = stored / "ci" / "gate.xml"
    done = gate(stored, stored / "bad", "--baseline", stored / "good", "--rules", bundled(), "--junit", junit)
    assert done.exit_code == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("不通过 right: loss")]
    assert "100% → 70.0%" in line and "多 30 题丢在「没检索到」（not_retrieved）" in line
    assert "settings.chunk_tokens: 160 → 40; settings.lexical: True → False" in done.stdout
    assert "不通过：5 条规则" in done.stderr
    assert valid(junit.read_text(encoding="utf-8")).get("failures") == "5"


def test_command_as_json(stored):
    done = gate(stored, stored / "bad", "--baseline", stored / "good", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["passed"], told["baseline"]) == (1, False, "good")
    assert {r["status"] for r in told["results"]} == {"kept", "broken"}
    done = gate(stored, stored / "good", "--json")  # the bundled rules all want a baseline
    assert done.exit_code != 0
    assert "--baseline" in str(done.exception)


def test_command_with_a_wrong_rules_file(stored):
    (stored / "r.toml").write_text('[[rule]]\nmetric = "right"\nfloo = 0.5\n', encoding="utf-8")
    done = gate(stored, stored / "good", "--rules", stored / "r.toml")
    assert isinstance(done.exception, ConfigError) and "'floor'" in str(done.exception)
    assert done.exception.exit_code == 2


def test_the_howto_s_rules_are_valid():
    text = (ROOT / "docs" / "howto-gate.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        assert rules(block).rules


def test_the_example_in_the_module_is_valid():
    from rag.eval import rules as module

    (block,) = re.findall(r"```toml\n(.*?)```", module.__doc__, re.DOTALL)
    assert [r.metric or r.stage for r in rules(block).rules] == ["right", "ms", "not_retrieved"]
