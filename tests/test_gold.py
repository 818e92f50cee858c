"""Gold rows against their schema, `zhiyin eval check` against planted faults, and the set that ships."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rag.cli.main import build as command_line
from rag.errors import InputError
from rag.eval import rows
from rag.eval.check import check
from rag.eval.check_schema import complaints, schema
from rag.eval.documents import Indexed
from rag.eval.stated import letters, stated, unstated_numbers

ROOT = Path(__file__).parent.parent

# --- the schema and the parser agree

TEXT = st.one_of(
    st.sampled_from(["", " ", "\u3000", "\n", "\x1c", "\x85", "\u200b", "a", "二"]), st.text(max_size=3)
)
ANY = st.one_of(st.none(), st.booleans(), st.integers(0, 1), st.just(1.5), TEXT, st.just({}), st.just([]))


def lists(items, **more):
    return st.lists(st.one_of(items, items, items, ANY), max_size=3, **more)


LOOSE = {
    "id": st.one_of(TEXT, ANY),
    "kind": st.one_of(TEXT, ANY),
    "question": st.one_of(TEXT, ANY),
    "history": st.one_of(lists(lists(TEXT)), ANY),
    "answers": st.one_of(lists(lists(TEXT)), ANY),
    "evidence": st.one_of(lists(st.lists(TEXT, min_size=2, max_size=2)), ANY),
    "refuse": ANY,
    "derived": ANY,
    "forbid": st.one_of(lists(TEXT), ANY),
    "origin": st.one_of(st.sampled_from(rows.ORIGINS), ANY),
    "note": ANY,
    "anwsers": ANY,
}
WORD = st.text(min_size=1, max_size=5).filter(str.strip)
GOOD = st.fixed_dictionaries(
    {"id": WORD, "kind": WORD, "question": WORD},
    optional={
        "history": st.one_of(
            st.none(), st.lists(st.lists(st.text(max_size=5), min_size=2, max_size=2), max_size=2)
        ),
        "derived": st.booleans(),
        "forbid": st.lists(WORD, max_size=2),
        "origin": st.sampled_from(rows.ORIGINS),
        "note": st.text(max_size=5),
    },
).flatmap(
    lambda row: st.one_of(
        st.fixed_dictionaries(
            {
                "answers": st.lists(st.lists(WORD, min_size=1, max_size=2), min_size=1, max_size=2),
                "evidence": st.lists(st.lists(WORD, min_size=2, max_size=2), min_size=1, max_size=2),
            },
            optional={"refuse": st.just(False)},
        ),
        st.fixed_dictionaries(
            {"refuse": st.just(True)}, optional={"answers": st.just([]), "evidence": st.just([])}
        ),
    ).map(lambda rest: row | rest)
)


def parses(value):
    try:
        rows.to_gold(value)
    except InputError:
        return False
    return True


@given(GOOD)
def test_a_good_row_is_good_to_both_and_comes_back_as_it_was(row):
    assert complaints(row) == []
    gold = rows.to_gold(row)
    written = rows.to_row(gold)
    assert complaints(written) == []
    assert rows.to_gold(json.loads(json.dumps(written))) == gold


def changed_row(row, key, value):
    return row | {key: value} if value is not ... else {k: v for k, v in row.items() if k != key}


CHANGED = GOOD.flatmap(
    lambda row: st.sampled_from(sorted(LOOSE)).flatmap(
        lambda key: st.one_of(st.just(...), LOOSE[key]).map(lambda value: changed_row(row, key, value))
    )
)


@pytest.mark.parametrize(
    "values",
    [st.one_of(st.fixed_dictionaries({}, optional=LOOSE), ANY), CHANGED],
    ids=["any value", "one change to a good row"],
)
def test_schema_and_parser_accept_the_same(values):
    seen = Counter()

    @settings(max_examples=300)
    @given(values)
    def agree(value):
        accepted = parses(value)
        seen[accepted] += 1
        assert (complaints(value) == []) is accepted

    agree()
    assert seen[False] > 60
    assert values is not CHANGED or seen[True] > 30


VALUES = [
    *(..., None, True, False, 0, 1, 1.5, "", " ", "\u3000", "\u200b", "a", "written", "mutated", "other"),
    *(
        {},
        {"a": 1},
        [],
        [""],
        [" "],
        ["a"],
        ["a", "a"],
        ["a", 1],
        [1],
        [None],
        [[]],
        [[], []],
        [["a"]],
        [[""]],
    ),
    *(
        [[" "]],
        [["a"], []],
        [["a", " "]],
        [["a", "b"]],
        [["a", "b", "c"]],
        [["a", 1]],
        [["a", None]],
        [[["a"]]],
    ),
]
BASES = [
    {"id": "a", "kind": "k", "question": "?", "answers": [["1"]], "evidence": [["s", "1"]]},
    {"id": "a", "kind": "k", "question": "?", "refuse": True},
    {"id": "a", "kind": "k", "question": "?", "answers": [], "evidence": [], "refuse": True},
]


@pytest.mark.parametrize("key", sorted(LOOSE))
def test_each_value_of_each_key_is_accepted_by_both_or_by_neither(key):
    for base_row in BASES:
        for value in VALUES:
            row = changed_row(base_row, key, value)
            assert (complaints(row) == []) is parses(row), row


def test_the_schema_is_one_and_names_the_fields_of_the_parser():
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema())
    assert set(schema()["properties"]) == rows._KNOWN
    assert tuple(schema()["properties"]["origin"]["enum"]) == rows.ORIGINS
    assert all("description" in field for field in schema()["properties"].values())


def test_what_is_as_usual_is_not_written():
    row = {"id": "a", "kind": "k", "question": "?", "answers": [["1"]], "evidence": [["s", "1"]]}
    assert rows.to_row(rows.to_gold(row)) == row | {"refuse": False}
    more = {
        "history": [["q", "a"]],
        "derived": True,
        "forbid": ["2"],
        "origin": "feedback",
        "note": "n",
        "refuse": False,
    }
    assert rows.to_row(rows.to_gold(row | more)) == row | more


# --- planted faults


class Shelf:
    """Documents out of a dict; cleaning drops what stands in round brackets."""

    def __init__(self, texts):
        self.texts = texts

    def sources(self):
        return list(self.texts)

    def raw(self, source):
        return self.texts.get(source)

    def clean(self, source, start, end):
        return re.sub(r"\([a-z]+\)", "", self.texts[source][start:end])


PLACES = "沈大鞍抚本丹"  # one character a place
FACTS = [f"{place}市发展会员{n}37人\u3002" for n, place in enumerate(PLACES, 2)]
LISTS = [f"{place}市的两项是甲{place}\u3001乙{place}\u3002" for place in PLACES]
SHELF = Shelf(
    {
        "a.txt": "".join(FACTS) + "又记\u3002又记\u3002" + "长" * 400,
        "b.txt": "".join(LISTS) + "產(ch\u01cen)業(y)工人 8 名",
    }
)


def base():
    """Seventeen rows without a fault: six facts, six lists, five without an answer."""
    facts = [
        {
            "id": f"f{n}",
            "kind": "fact",
            "question": f"{place}市会员有多少?",
            "answers": [[f"{n}37"]],
            "evidence": [["a.txt", f"{place}市发展会员{n}37人"]],
        }
        for n, place in enumerate(PLACES, 2)
    ]
    lists = [
        {
            "id": f"l{place}",
            "kind": "list",
            "question": f"{place}市是哪两项?",
            "answers": [[f"甲{place}", f"乙{place}"]],
            "evidence": [["b.txt", f"两项是甲{place}\u3001乙{place}"]],
        }
        for place in PLACES
    ]
    absent = [
        {"id": f"r{n}", "kind": "absent", "question": q, "refuse": True}
        for n, q in enumerate(
            (
                "主席是谁?",
                "哪天开会?",
                "预算几何?",
                "地址?",
                "电话?",
            )
        )
    ]
    return facts + lists + absent


def lines(values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values).encode()


def found(data, texts=SHELF):
    return [(p.level, p.code, p.line) for p in check(data, texts).problems]


def changed(number, **change):
    """The base with row `number` (from 1) changed."""
    values = base()
    values[number - 1] |= change
    return lines(values)


def test_a_set_without_a_fault_has_no_findings():
    report = check(lines(base()), SHELF)
    assert report.problems == ()
    assert (report.rows, report.kinds) == (17, {"fact": (6, 0), "list": (6, 0), "absent": (5, 5)})


FACT = "大市发展会员337人"  # row 2
FAULTS = {
    "unknown_source": ("error", 2, {"evidence": [["c.txt", "x"]]}),
    "evidence_not_found": ("error", 2, {"evidence": [["a.txt", "没有这句"]]}),
    "evidence_spacing": ("warning", 2, {"evidence": [["a.txt", FACT.replace("337", " 337 ")]]}),
    "evidence_ambiguous": (
        "warning",
        2,
        {"evidence": [["a.txt", FACT], ["a.txt", "又记"]]},
    ),
    "evidence_long": ("warning", 2, {"evidence": [["a.txt", FACT], ["a.txt", "长" * 400]]}),
    "evidence_twice": ("warning", 2, {"evidence": [["a.txt", FACT], ["a.txt", FACT]]}),
    "answer_not_stated": ("error", 2, {"answers": [["338"], ["三百人"]]}),
    "answer_number": ("warning", 2, {"answers": [["337"], ["338人"]]}),
    "answer_in_question": ("warning", 2, {"question": "大市是不是337人?"}),
    "answer_short": ("warning", 2, {"answers": [["会"]]}),
    "answer_twice": ("warning", 2, {"answers": [["337人"], ["337 人"]]}),
    "answer_forbidden": ("error", 2, {"forbid": ["37"]}),
    "duplicate_id": ("error", 2, {"id": "f2"}),
    "duplicate_question": ("error", 14, {"question": "主席\uff0c是谁\uff1f"}),
    "kind_small": ("warning", 2, {"kind": "other"}),
    "invisible": ("error", 2, {"answers": [["33\u200b7"]]}),
    "spaces": ("warning", 2, {"kind": "fact "}),
    "schema": ("error", 2, {"anwsers": [["337"]]}),
}
BESIDES = {  # what else such a fault brings up
    "answer_short": {"answer_in_question"},
    "spaces": {"kind_small"},
    "invisible": {"answer_not_stated"},
}


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_is_found_at_its_line(code):
    level, line, change = FAULTS[code]
    values = base()
    values[line - 1] |= change
    all_found = found(lines(values))
    assert (level, code, line) in all_found
    assert {c for _, c, _ in all_found} <= {code} | BESIDES.get(code, set())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_findings_say_where_and_what_to_do(monkeypatch, language):
    monkeypatch.setenv("ZHIYIN_LANG", language)
    values = base()
    values[1]["evidence"] = [["a.text", FACT]]
    values[2]["evidence"] = [["b.txt", "鞍市发展会员437人"]]
    values[3]["evidence"] = [["a.txt", "撫市\u3001發展會員537人"]]
    values[4]["anwsers"] = []
    told = {p.line: p for p in check(lines(values), SHELF).problems}
    assert "'a.txt'" in told[2].message  # the nearest name
    assert "a.txt" in told[3].message  # where it does stand
    assert "抚市发展会员537人" in told[4].message  # as the document writes it
    assert "'answers'" in told[5].message
    assert told[2].id == "f3"


def test_balance_of_a_set():
    only = [row for row in base() if row["kind"] == "fact"]
    assert found(lines(only)) == [("warning", "few_refusals", 0)]
    large = only + base()[6:8] + [{**row, "kind": "list"} for row in base()[11:13]]
    codes = found(lines(large))
    assert ("warning", "kind_large", 1) in codes
    assert ("warning", "kind_small", 7) in codes
    assert ("warning", "kind_mixed", 7) in codes


def test_a_row_that_can_not_be_read_is_told_once_and_the_others_are_checked():
    values = base()
    values[1] = {"id": "f3", "question": ""}
    codes = found(lines(values))
    assert Counter(codes)["error", "schema", 2] >= 2
    assert [c for c in codes if c[2] not in (2,)] == []


# --- bytes

ROW = json.dumps(base()[0], ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "empty", 0),
        (b"\n \n", "empty", 0),
        (b"\xef\xbb\xbf", "bom", 1),
        (ROW + b" x\n", "trailing", 1),
        (ROW + ROW, "trailing", 1),
        (ROW + b"\n\n" + ROW[:-3], "not_json", 3),
        (b"[" * 100_000, "not_json", 1),
        (b'{"id": ' + b"9" * 5000 + b"}", "not_json", 1),
        (ROW.replace(b'"f2"', b'"\\ud800"'), "not_json", 1),
        (ROW.replace(b'"f2"', b'"f2", "id": "f9"'), "key_twice", 1),
        (b"\n" + ROW.replace(b"?", b"\xff?"), "not_utf8", 2),
        (ROW.decode().encode("gb18030"), "not_utf8", 1),
        (ROW.decode().encode("utf-16"), "not_utf8", 1),
        (b"PK\x03\x04" + b"\x00" * 50, "not_utf8", 1),
        (b"\x00" * 50, "not_json", 1),
        (b"null\n", "schema", 1),
        (b"[]\n", "schema", 1),
    ],
)
def test_bytes_that_are_no_rows(data, code, line):
    problems = check(data, SHELF).problems
    assert (code, line) in {(p.code, p.line) for p in problems}
    assert all(p.message for p in problems)


def test_a_byte_order_mark_and_other_line_ends_are_warned_of_and_read():
    data = lines(base())
    assert found(b"\xef\xbb\xbf" + data) == [("warning", "bom", 1)]
    assert found(data.replace(b"\n", b"\r\n")) == [("warning", "crlf", 1)]
    assert found(data.replace(b"\n", b"\r\n", 1)[:-1]) == [("warning", "crlf", 1)]


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_bytes_make_the_check_fail_itself(junk, at):
    data = ROW[: at % len(ROW)] + junk + ROW[at % len(ROW) :]
    report = check(data, SHELF)
    assert report.rows or report.problems


def test_a_file_that_is_far_too_large(tmp_path):
    path = tmp_path / "video.jsonl"
    with path.open("wb") as file:
        file.truncate(300 * 10**6)  # sparse
    with pytest.raises(InputError, match=r"video.jsonl.*64 MB"):
        rows.read_bytes(path)
    with pytest.raises(InputError, match="64 MB"):
        rows.load(path)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="can't read"):
        rows.read_bytes(tmp_path)


def test_load_says_where_bytes_are_no_text(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_bytes(ROW + b"\n\xff\n")
    with pytest.raises(InputError, match="eval check"):
        rows.load(path)


@pytest.mark.parametrize("line", ['{"id": "a", "id": "b"}', '"\\ud800"', "NaN x"])
def test_what_the_schema_can_not_see_is_refused_with_the_line(line):
    with pytest.raises(InputError, match="line 2"):
        list(rows.parse([ROW.decode(), line]))


# --- who may ask the same


def test_a_follow_up_in_the_same_words_after_another_question_is_another_question():
    values = base()
    ask = "呢?"
    values[12] |= {"question": ask, "history": [["沈市?", "1"]]}
    values[13] |= {"question": ask, "history": [["大市?", "1"]]}
    assert found(lines(values)) == []
    values[13]["history"] = values[12]["history"]
    assert found(lines(values)) == [("error", "duplicate_question", 14)]


def test_a_mutation_may_ask_the_same_in_another_form_but_not_twice():
    values = base()
    form = {
        **values[0],
        "id": "m1",
        "kind": "width",
        "question": values[0]["question"].replace("?", "\uff1f"),
        "origin": "mutated",
    }
    codes = found(lines([*values, form, {**form, "id": "m2", "kind": "noise"}]))
    assert "duplicate_question" not in {code for _, code, _ in codes}
    assert ("error", "duplicate_question", 19) in found(lines([*values, form, {**form, "id": "m2"}]))
    assert ("error", "duplicate_question", 18) in found(lines([*values, {**form, "origin": "written"}]))


def test_questions_that_are_nearly_the_same():
    values = base()
    values[1] |= {k: values[0][k] for k in ("answers", "evidence")}
    assert found(lines(values)) == [("warning", "near_duplicate", 2)]  # one character of eight differs
    values[1]["question"] = "沈阳有几位?"
    assert found(lines(values)) == []
    asked = "这家单位现任主席的名字{}什么?"
    values[12]["question"], values[13]["question"] = asked.format("是"), asked.format("叫")
    assert found(lines(values)) == [("warning", "near_duplicate", 14)]
    values[13]["question"] = "2021年" + values[13]["question"]  # another year is another question
    assert found(lines(values)) == []


def test_both_answered_and_refused_is_said():
    values = base()
    values[13] = {**values[13], "question": values[0]["question"]}
    [problem] = [p for p in check(lines(values), SHELF).problems if p.code == "duplicate_question"]
    assert problem.line == 14
    assert "拒" in problem.message


# --- what states an answer


@pytest.mark.parametrize(
    ("wanted", "text", "yes"),
    [
        ("2.15万对", "結對21,500對", True),
        ("103家", "共有103个单位", True),
        ("104家", "共有103个单位", False),
        ("6.6万", "65969人次", True),
        ("6.5万", "65969人次", True),  # cut off instead of rounded
        ("6.7万", "65969人次", False),
        ("9000余", "9180人", True),
        ("1万", "1892家", False),
        ("2000", "1500人", False),  # rounded, but too far off
        ("100 million", "突破1亿元", True),
        ("325,000", "32.5万", True),
        ("2020-11-16", "2020年11月16日,", True),
        ("2020-11-17", "2020年11月16日,", False),
        ("百分之六", "保持 6% 以上", True),
        ("6%", "6户", False),
        ("12351", "12351 热线", True),
        ("1235", "12351 热线", False),
        ("五小成果", "\u201c五小\u201d成果", True),
        ("四川锅炉", "四川鍋爐", True),
        ("大连340万", "鞍山340万", False),
    ],
)
def test_stated(wanted, text, yes):
    assert stated(wanted, [text]) is yes


def test_each_part_may_stand_in_another_text_but_not_half_a_part():
    assert stated("28万", ["无", "有28万"])
    assert not stated("甡28万", ["甡", "28万"])
    assert unstated_numbers("3人和4人", ["3人", "5人"]) == ["4人"]


def test_letters_keep_what_belongs_to_a_number():
    assert letters("\u201c五小\u201d 4.1万个, 6%\u3002") == "五小4.1万个6%"


def test_evidence_says_what_it_says_once_cleaned():
    values = base()
    values[1] |= {
        "answers": [["产业工人8名"]],
        "evidence": [["b.txt", "產(ch\u01cen)業(y)工人 8 名"]],
    }
    assert found(lines(values)) == [("error", "answer_not_stated", 2)]  # the shelf cleans ASCII letters alone
    shelf = Shelf(SHELF.texts | {"b.txt": SHELF.texts["b.txt"].replace("\u01ce", "a")})
    values[1]["evidence"] = [["b.txt", "產(chan)業(y)工人 8 名"]]
    assert found(lines(values), shelf) == []


def test_a_derived_answer_need_not_be_stated():
    assert found(changed(2, answers=[["三成"]], derived=True)) == []
    assert found(changed(2, answers=[["三成"]])) == [("error", "answer_not_stated", 2)]


# --- the command


def run(*arguments):
    return CliRunner().invoke(command_line(), ["eval", "check", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """A home with the sample documents indexed."""
    from rag.config import Settings
    from rag.index.build import build

    home = tmp_path_factory.mktemp("seeds")
    build([ROOT / "seeds"], home=home, settings=Settings())
    return home


@pytest.fixture
def at_seeds(seeds, monkeypatch):
    monkeypatch.setenv("ZHIYIN_HOME", str(seeds))
    return seeds


def test_the_set_that_ships_passes_and_is_large_enough(at_seeds):
    done = run(rows.bundled(), "--strict", "--json")
    told = json.loads(done.stdout)
    assert told["problems"] == []
    assert done.exit_code == 0
    assert told["documents"]["n"] == 5
    assert told["rows"] >= 260
    assert told["refusable"] >= 70
    kinds = "fact list dirty trad years provinces compare followup english absent wrong_year wrong_place false_premise offtopic"
    assert set(told["kinds"]) == set(kinds.split())
    assert min(kind["n"] for kind in told["kinds"].values()) >= 12


def test_the_set_that_ships_asks_about_every_document_and_is_written_as_rows_are():
    text = rows.bundled().read_text(encoding="utf-8")
    loaded = rows.load(rows.bundled())
    asked = Counter(source for row in loaded for source in {source for source, _ in row.evidence})
    assert set(asked) == {path.name for path in (ROOT / "seeds").glob("*.txt")}
    assert min(asked.values()) >= 20
    assert text == "".join(json.dumps(rows.to_row(row), ensure_ascii=False) + "\n" for row in loaded)
    for row in loaded:
        assert row.id.rsplit("-", 1)[0] == row.kind.replace("_", "-")


def test_the_clean_text_of_an_index_has_no_inline_pinyin(at_seeds):
    from rag.store import Snapshot

    texts = Indexed(Snapshot.open(at_seeds))
    source = "002_21340ad4f150d7d2.txt"
    raw = texts.raw(source)
    pinyin = re.compile(r"\([a-z\u00e0-\u01dc]+\)")
    found = next(m for m in pinyin.finditer(raw) if m.start() > 500)
    assert not pinyin.search(texts.clean(source, found.start() - 20, found.end() + 20))
    assert texts.raw("nowhere.txt") is None
    assert len(texts.sources()) == 5


def test_the_command_names_file_line_and_code_and_exits_with_one(at_seeds, tmp_path):
    path = tmp_path / "mine.jsonl"
    source = "000_861f06d9b3184ccb.txt"
    row = {"id": "a", "kind": "fact", "question": "几篇?", "answers": [["353篇"]]}
    path.write_bytes(lines([row | {"evidence": [[source, "优选出作品354篇"]]}]))
    done = run(path)
    assert done.exit_code == 1
    assert f"{path}:1: " in done.output
    assert "[evidence_not_found] a " in done.output
    path.write_bytes(lines([row | {"evidence": [[source, "优选出作品353篇"]]}]))
    assert run(path).exit_code == 0  # warnings alone: one small kind, no refusals
    assert run(path, "--strict").exit_code == 1
    told = json.loads(run(path, "--json").stdout)
    assert (told["errors"], told["warnings"], told["answerable"]) == (0, 2, 1)


def test_very_many_findings_are_not_all_printed(at_seeds, tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"x\n" * 300)
    done = run(path)
    assert done.output.count("[not_json]") == 200
    assert "100" in done.output
    assert len(json.loads(run(path, "--json").stdout)["problems"]) == 300


def test_documents_in_a_folder_are_read_as_the_index_reads_them(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.txt").write_bytes("工会综述\n\n全市发展会员337人\u3002".encode("gb18030"))
    path = tmp_path / "gold.jsonl"
    row = base()[1] | {"evidence": [["a.txt", "全市发展会员337人"]]}
    path.write_bytes(lines([row]))
    done = run(path, "--docs", folder)
    assert done.exit_code == 0, done.output
    assert str(folder) in done.output
    with pytest.raises(InputError, match="nowhere"):
        run(path, "--docs", tmp_path / "nowhere")
