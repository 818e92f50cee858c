"""Scores by hand-worked cases, gold files, the report and the command."""

import dataclasses
import json

import pytest
from typer.testing import CliRunner

from rag.cli.main import build
from rag.errors import InputError
from rag.eval import judge, rows, terminal
from rag.eval.evidence import find, overlap
from rag.eval.figures import figures
from rag.eval.run import evaluate
from rag.eval.runs import Row, load_run
from rag.session import Session
from rag.types import Statement

from .answers import FakeBot, answer, refusal

RAW = "甲" * 10 + "会员总数已达28万余人" + "乙" * 20 + "会员达 41.2 万人" + "丙" * 10
A = (10, 21)  # 会员总数已达28万余人
B = (41, 52)  # 会员达 41.2 万人
TEXTS = {"a.txt": RAW, "b.txt": "另有2682项赛事。"}


def raw(source):
    return TEXTS.get(source)


def gold(kind="fact", answers=(("28万",),), evidence=(("a.txt", "会员总数已达28万余人"),), **more):
    return rows.Gold("g", kind, "会员有多少?", answers, evidence, **more)


def cited(text, *spans, source="a.txt"):
    return answer("会员有多少?", text, [(source, TEXTS[source], *span) for span in spans])


def test_the_spans_above_are_what_they_say():
    assert RAW[slice(*A)] == "会员总数已达28万余人"
    assert RAW[slice(*B)] == "会员达 41.2 万人"


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("250人", "250", True),
        ("2507人", "250", False),
        ("1250人", "250", False),
        ("250.5人", "250", False),
        ("250万人", "250", False),
        ("第250。", "250", True),
        ("26%", "6%", False),
        ("6%", "6%", True),
        ("6%", "6", False),
        ("1.28万人", "28万", False),
        ("28万余人", "28万", True),
        ("28万亿元", "28万", False),
        ("9180,2759人", "2759", True),
        ("2021-2025年", "2025", True),
        ("共3000余场", "3000", True),
        ("2.5", "2.5", True),
        ("12.5", "2.5", False),
        ("商务厅", "商务厅", True),
        ("a+b", "a+", True),
        ("", "250", False),
    ],
)
def test_contains_keeps_numbers_whole(text, wanted, found):
    assert judge.contains(text, wanted) is found


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("1,234,567元", "1234567元"),
        ("41.2 万", "41.2万"),
        ("９４４ 萬", "944万"),
        ("9180，275人", "9180,275人"),  # two numbers: a full-width comma groups no digits
        ("103,45", "103,45"),
        ("1234,567", "1234,567"),
        ("四川鍋爐", "四川锅炉"),
        ("ＡPP", "app"),
        ("强 国\n复兴\u3000", "强国复兴"),
    ],
)
def test_normalise(text, normal):
    assert judge.normalise(text) == normal


def test_says_looks_at_short_answer_and_statements_and_not_across_them():
    one = dataclasses.replace(cited("共28", A), short="万余")
    assert not judge.says(one, ["28万"])
    assert judge.says(dataclasses.replace(one, short="28万"), ["28万"])
    other = dataclasses.replace(one, statements=(Statement("辽宁28万人", (1,)),))
    assert judge.says(other, ["28万", "辽宁"])
    assert not judge.says(other, ["28万", "安徽"])


def test_marks_are_no_part_of_the_text():
    assert judge.says(dataclasses.replace(cited("x", A), answer="28[1]万余人"), ["28万"])
    assert not judge.says(dataclasses.replace(cited("x", A), answer="没有[28]", statements=()), ["28"])


@pytest.mark.parametrize(
    ("span", "evidence", "share"),
    [
        ((0, 10), (0, 10), 1.0),
        ((5, 10), (0, 10), 0.5),
        ((6, 10), (0, 10), 0.4),
        ((10, 20), (0, 10), 0.0),
        ((0, 99), (40, 50), 1.0),
    ],
)
def test_overlap(span, evidence, share):
    assert overlap(span, evidence) == pytest.approx(share)


def test_find_every_place_and_forgives_white_space():
    assert find("会员", RAW) == [(10, 12), (41, 43)]
    assert find("会员达41.2万", RAW) == [(41, 51)]
    assert find("(a", "x(a") == [(1, 3)]
    assert find("没有", RAW) == []


def test_right_answer_with_its_evidence():
    out = judge.judge(gold(), cited("28万余人", A), raw)
    assert (out.right, out.answered, out.cited, out.reason) == (True, True, True, "")
    assert (out.spots, out.covered) == (1, 1)


def test_half_of_the_evidence_is_enough_and_less_is_not():
    assert judge.judge(gold(), cited("28万", (A[0], A[0] + 6)), raw).right
    out = judge.judge(gold(), cited("28万", (A[0], A[0] + 5)), raw)
    assert (out.right, out.answered, out.reason) == (
        False,
        True,
        "right answer, but the evidence is not cited",
    )


def test_a_citation_of_another_source_proves_nothing():
    out = judge.judge(gold(), cited("28万", (0, 9), source="b.txt"), raw)
    assert (out.right, out.cited) == (False, False)


def test_wrong_answer_and_needless_refusal():
    assert judge.judge(gold(), cited("29万", A), raw).reason == "wrong answer, though the evidence is cited"
    out = judge.judge(gold(), refusal("?"), raw)
    assert (out.right, out.answered, out.reason) == (False, False, "refused: not_found")


def test_a_refusal_that_quotes_the_answer_is_still_no_answer():
    quoting = dataclasses.replace(refusal("?"), answer="找到的是28万余人")
    assert not judge.judge(gold(), quoting, raw).answered


def test_refusals():
    unanswerable = gold("absent", (), (), refuse=True)
    assert judge.judge(unanswerable, refusal("?"), raw).right
    out = judge.judge(unanswerable, cited("28万", A), raw)
    assert (out.right, out.reason) == (False, "answered, should refuse")


@pytest.mark.parametrize(
    ("kind", "right"), [("provinces", False), ("compare", False), ("years", False), ("fact", True)]
)
def test_kinds_that_need_every_spot(kind, right):
    both = gold(kind, (("28万",),), (("a.txt", "会员总数已达28万余人"), ("a.txt", "会员达 41.2 万人")))
    out = judge.judge(both, cited("28万", A), raw)
    assert (out.right, out.spots, out.covered) == (right, 2, 1)
    assert judge.judge(both, cited("28万", A, B), raw).right


def test_other_kinds_need_every_source():
    two = gold("list", (("28万",),), (("a.txt", "会员总数已达28万余人"), ("b.txt", "2682项")))
    assert not judge.judge(two, cited("28万", A), raw).right
    both = answer("?", "28万", [("a.txt", RAW, *A), ("b.txt", TEXTS["b.txt"], 0, 9)])
    assert judge.judge(two, both, raw).right


def test_evidence_that_is_in_no_document_is_not_right_and_says_so():
    for lost in (("a.txt", "不在文中"), ("c.txt", "会员")):
        out = judge.judge(gold(evidence=(lost,)), cited("28万", A), raw)
        assert not out.right
        assert lost[1] in out.reason


def test_violations_are_counted_one_a_citation():
    good = cited("28万", A, B)
    assert judge.violations(good.citations, raw) == []
    first, second = good.citations
    for bad in (
        dataclasses.replace(first, quote=first.quote + "。"),
        dataclasses.replace(first, start=first.start + 1),
        dataclasses.replace(first, end=10_000),
        dataclasses.replace(first, start=-1),
        dataclasses.replace(first, source="c.txt"),
    ):
        assert len(judge.violations([bad, second], raw)) == 1


def test_a_right_answer_must_not_say_what_is_forbidden():
    trap = gold(forbid=("41.2万",))
    assert judge.judge(trap, cited("28万余人", A), raw).right
    both = judge.judge(trap, cited("28万余人,会员达41.2万人", A), raw)
    assert both.reason == "says what it must not: 41.2万"
    assert both.answered


def row(kind="fact", *, right=True, refuse=False, refused=False, stage=None, ms=10.0, **metrics):
    given = {"refused": refused, "citations": [] if refused else [{"n": 1}], "answer": "x"}
    measures = {"right": float(right), "ms": ms} | metrics
    return Row("r", kind, "?", right, given, refuse=refuse, stage=stage, metrics=measures, ms=ms, support=0.5)


def test_figures_count_by_hand():
    rows_ = [
        row(answered=1.0, f1=1.0, ms=10.0),
        row(right=False, stage="not_read", answered=0.0, f1=0.5, ms=30.0),
        row("years", right=False, refused=True, stage="refused", answered=0.0, f1=0.0, ms=20.0),
        row("absent", refuse=True, refused=True, ms=40.0),
        row("absent", right=False, refuse=True, stage="answered_wrongly", ms=50.0),
    ]
    told = figures(rows_)
    assert told["n"] == 5
    fact = told["by_kind"]["fact"]
    assert (fact["n"], fact["right"], fact["said"], fact["refused"], fact["share"]) == (2, 1, 1, 0, 0.5)
    assert fact["answered"] == 0.5
    assert fact["f1"] == 0.75
    assert told["overall"]["f1"] == 0.5  # of the three rows to which it applies
    assert told["overall"]["rr"] is None
    assert told["answerable"]["share"] == pytest.approx(1 / 3)
    assert told["refusable"]["share"] == 0.5
    assert told["stages"] == {"not_cleaned": 0, "not_retrieved": 0, "not_read": 1, "refused": 1, "answered_wrongly": 1}
    assert told["latency_ms"]["median"] == 30
    assert told["citations"] == 3


def test_figures_of_nothing_have_no_shares():
    told = figures([])
    assert told["answerable"]["share"] is None
    assert told["overall"]["right"] is None
    assert told["latency_ms"]["median"] is None


def test_evaluate_gives_id_and_history_to_the_bot():
    bot = FakeBot(TEXTS)
    asked = rows.Gold(
        "r1",
        "followup",
        "会员总数",
        (("28万",),),
        (("a.txt", "会员总数已达28万余人"),),
        history=(("问", "答"),),
    )
    [out] = evaluate(bot, [asked])
    assert bot.asked == [("会员总数", [("问", "答")], "r1")]
    assert out.right
    assert out.ms > 0


def test_failures_show_what_a_person_needs():
    asked = rows.Gold("r1", "fact", "会员达 41.2", (("28万",),), (("a.txt", "会员总数已达28万余人"),))
    [out] = evaluate(FakeBot(TEXTS), [asked])
    shown = str(terminal.failure(out))
    for text in ("会员达 41.2", "28万", "会员达 41.2 万人", "会员总数已达28万余人", "wrong answer"):
        assert text in shown


LINE = {"id": "a", "kind": "fact", "question": "?", "answers": [["1"]], "evidence": [["a.txt", "1"]]}


def test_a_row_of_every_sort():
    refuse = {"id": "b", "kind": "absent", "question": "?", "refuse": True, "answers": [], "evidence": []}
    follow = LINE | {"id": "c", "history": [["q", "a"]]}
    loaded = list(rows.parse([json.dumps(LINE), "", json.dumps(refuse), json.dumps(follow)]))
    assert [row.id for row in loaded] == ["a", "b", "c"]
    assert loaded[0].answers == (("1",),)
    assert loaded[1].refuse
    assert loaded[2].history == (("q", "a"),)


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"kind": None},
        {"question": "  "},
        {"answers": []},
        {"evidence": []},
        {"refuse": True},
        {"refuse": "yes"},
        {"answers": ["1"]},
        {"answers": [[]]},
        {"answers": [[""]]},
        {"answers": {"a": 1}},
        {"evidence": [["a.txt"]]},
        {"evidence": [["a.txt", "1", "2"]]},
        {"evidence": [["a.txt", " "]]},
        {"history": [["q"]]},
        {"history": "q"},
        {"anwsers": []},
    ],
)
def test_a_row_that_is_not_gold_names_its_line(change):
    with pytest.raises(InputError, match="line 2"):
        list(rows.parse([json.dumps(LINE), json.dumps(LINE | change)]))


@pytest.mark.parametrize("text", ["", "\n", "[1]", "{", json.dumps(LINE) + "\n" + json.dumps(LINE)])
def test_a_file_that_is_no_gold_set(tmp_path, text):
    path = tmp_path / "gold.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"gold\.jsonl"):
        rows.load(path)


def test_a_gold_set_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        rows.load(tmp_path / "nowhere.jsonl")


def test_the_bundled_gold_set_holds_and_its_evidence_stands_in_the_seeds():
    from importlib.resources import files

    loaded = rows.load(rows.bundled())
    assert sum(not row.refuse for row in loaded) >= 80
    assert sum(row.refuse for row in loaded) >= 30
    seeds = {
        path.name: path.read_text(encoding="utf-8")
        for path in files("rag.seeds").iterdir()
        if path.name.endswith(".txt")
    }
    lost = [
        (row.id, text)
        for row in loaded
        for source, text in row.evidence
        if not find(text, seeds[source])
    ]
    assert lost == []
    assert {source for row in loaded for source, _ in row.evidence} == set(seeds)


def run(tmp_path, *arguments):
    path = tmp_path / "gold.jsonl"
    lines = [
        LINE
        | {"question": "会员总数", "answers": [["28万"]], "evidence": [["a.txt", "会员总数已达28万余人"]]},
        LINE
        | {"id": "b", "question": "另有2682项", "answers": [["99"]], "evidence": [["b.txt", "另有2682项"]]},
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    session = Session(make_bot=lambda settings: FakeBot(TEXTS))
    arguments = ["eval", str(path), "--out", str(tmp_path / "run"), *arguments]
    return CliRunner().invoke(build(), arguments, obj=session, catch_exceptions=False)


def test_the_command_prints_a_table_and_failures_on_demand(tmp_path):
    plain = run(tmp_path)
    assert plain.exit_code == 0
    assert "fact" in plain.output
    assert "50.0%" in plain.output
    assert "另有2682项赛事" not in plain.output
    assert "另有2682项赛事" in run(tmp_path, "--failures").output


def test_the_command_writes_a_run(tmp_path):
    assert run(tmp_path, "--note", "first").exit_code == 0
    saved = load_run(tmp_path / "run")
    assert [row.right for row in saved.rows] == [True, False]
    assert saved.metrics["answerable"]["right"] == 1
    assert saved.meta["gold"] == "gold.jsonl"
    assert saved.meta["note"] == "first"
    assert saved.meta["settings"]["top_k"] == 20
    assert len(saved.meta["gold_sha256"]) == 64
    assert (tmp_path / "run" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "<testsuite" in (tmp_path / "run" / "junit.xml").read_text(encoding="utf-8")


def test_the_command_writes_json(tmp_path):
    out = tmp_path / "out.json"
    assert run(tmp_path, "--json", str(out)).exit_code == 0
    told = json.loads(out.read_text(encoding="utf-8"))
    assert (told["gold"], told["n"], told["answerable"]["right"]) == ("gold.jsonl", 2, 1)
    assert [row["right"] for row in told["rows"]] == [True, False]
    assert json.loads(run(tmp_path, "--json", "-").stdout)["n"] == 2


def test_evidence_in_no_document_is_told_before_anybody_believes_the_figures(tmp_path, capsys):
    path = tmp_path / "gold.jsonl"
    lost = LINE | {"question": "会员总数", "answers": [["28万"]], "evidence": [["a.txt", "会员总数已达30万"]]}
    path.write_text(json.dumps(lost), encoding="utf-8")
    session = Session(make_bot=lambda settings: FakeBot(TEXTS))
    CliRunner().invoke(
        build(), ["eval", str(path), "--out", str(tmp_path / "run")], obj=session, catch_exceptions=False
    )
    [row] = load_run(tmp_path / "run").rows
    assert row.evidence_at == (None,)
    assert row.stage == "not_cleaned"


def test_settings_that_the_index_was_not_built_with_are_not_recorded(capsys):
    from types import SimpleNamespace

    from rag.config import Settings
    from rag.eval.measure import as_built

    snapshot = SimpleNamespace(manifest=SimpleNamespace(recipe=SimpleNamespace(chunk_tokens=160, chunk_overlap=1)))
    assert as_built(Settings(chunk_tokens=40), snapshot) == Settings()
    assert "chunk_tokens = 160" in capsys.readouterr().err
    assert as_built(Settings(top_k=3), snapshot) == Settings(top_k=3)
    assert capsys.readouterr().err == ""
