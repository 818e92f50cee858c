"""Published benchmarks: their formats, their scoring, and what comes out of small ones whose figures are known."""

import json
import lzma
import math
import random
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from rag.config import Settings
from rag.encoder.embed import load_embedder
from rag.errors import InputError, ZhiyinError
from rag.eval import benchmarks
from rag.eval.benchmarks import beir, collection, crud, files, legs, overlap, rgb, span, squad
from rag.eval.benchmarks.memory import Memory, cut
from rag.eval.benchmarks.result import Result, mean
from rag.eval.benchmarks.rgb_rows import Row, falsified, noisy, scattered
from rag.eval.benchmarks.rgb_rows import parse as parse_rgb
from rag.eval.benchmarks.said import quoted, said, violations, whole
from rag.eval.benchmarks.squad_rows import Question, parse
from rag.eval.benchmarks.table import lines, shown, tables
from rag.eval.commands.bench import bench
from rag.index.build import build
from rag.question.query import understand
from rag.retrieve.search import retrieve
from rag.session import Session
from rag.trace import Trace
from rag.types import Statement

from .answers import FakeSnapshot, answer, refusal
from .index_kit import HashEmbedder

TOWN = "青石镇工会成立于1987年,现有会员3260人。办公地点在镇东路18号。"
LIBRARY = "柳河厂职工书屋藏书5400册,每天开放到晚上九点。书屋管理员叫林秀珍。"
MINE = "松岭矿工会去年慰问困难职工412户,发放慰问金86万元。"
CONTEST = "海棠社区举办了插花比赛,一等奖由退休教师孙玉兰获得。"
MEMBERS, BOOKS, HOMES = (
    "青石镇工会现有会员多少人?",
    "柳河厂职工书屋藏书多少册?",
    "松岭矿工会慰问困难职工多少户?",
)
RUNWAYS = "白云机场有几条跑道?"


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Index without starting a process, which takes seconds; `test_a_process_of_its_own_builds_the_index` does."""

    def quickly(home, paths, settings):
        build([Path(path) for path in paths], home=home, settings=settings)

    monkeypatch.setattr(collection, "build", quickly)


@pytest.fixture(scope="module")
def embedder():
    return load_embedder(Settings())


def written(path, value):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def as_lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def qa(id_, question, *answers, **more):
    return {
        "id": id_,
        "question": question,
        "answers": [{"text": a, "answer_start": 0} for a in answers],
        **more,
    }


NESTED = {
    "version": "v2.0",
    "data": [
        {"title": "镇", "paragraphs": [{"context": TOWN, "qas": [qa("1", MEMBERS, "3260人"), qa("2", RUNWAYS, is_impossible=True)]}]},
        {"title": "厂", "paragraphs": [{"context": LIBRARY, "qas": [qa("3", BOOKS, "5400册", "藏书5400册")]}]},
    ],
}  # fmt: skip
ORIGINAL = [
    {"context_id": "D0", "context_text": TOWN, "title": "镇",
     "qas": [{"query_id": "D0Q0", "query_text": MEMBERS, "answers": ["3260人", "现有会员3260人", "3260人"]}]},
    {"context_id": "D1", "context_text": LIBRARY, "title": "厂",
     "qas": [{"query_id": "D1Q0", "query_text": BOOKS, "answers": ["5400册"]}]},
]  # fmt: skip
FLAT = [
    {"id": "a", "context": TOWN, "question": MEMBERS, "answers": [{"text": "3260人", "start": 14}]},
    {"id": "b", "context": MINE, "question": HOMES, "answers": {"text": ["412户"], "answer_start": [12]}},
]


class TestFormats:
    def test_squad_nests_and_knows_questions_without_an_answer(self):
        assert list(parse(NESTED, "f")) == [
            Question("1", MEMBERS, TOWN, ("3260人",)),
            Question("2", RUNWAYS, TOWN, ()),
            Question("3", BOOKS, LIBRARY, ("5400册", "藏书5400册")),
        ]

    def test_an_impossible_question_has_no_answer_even_with_plausible_ones(self):
        value = {
            "data": [
                {"paragraphs": [{"context": TOWN, "qas": [qa("1", RUNWAYS, "18号", is_impossible=True)]}]}
            ]
        }
        assert [question.answers for question in parse(value, "f")] == [()]

    def test_cmrc_as_first_published(self):
        assert list(parse(ORIGINAL, "f")) == [
            Question("D0Q0", MEMBERS, TOWN, ("3260人", "现有会员3260人", "3260人")),
            Question("D1Q0", BOOKS, LIBRARY, ("5400册",)),
        ]

    def test_flat_rows(self):
        assert list(parse(FLAT, "f")) == [
            Question("a", MEMBERS, TOWN, ("3260人",)),
            Question("b", HOMES, MINE, ("412户",)),
        ]

    @pytest.mark.parametrize(
        ("value", "told"),
        [
            ({"data": [{"title": "x"}]}, "'paragraphs' should be a list"),
            ({"data": [{"paragraphs": [{"qas": []}]}]}, "f, paragraph 0: 'context' should be a text"),
            ([["a"]], "f, row 1: expected an object"),
            ([{"id": "1", "question": "?"}], "f, row 1: 'context' should be a text"),
            ([{"id": "1", "question": "?", "context": "x"}], "question 1: 'answers' should be a list"),
            (
                [{"id": "1", "question": "?", "context": "x", "answers": [3]}],
                "an answer should be a text, it is 3",
            ),
            ([{"context_text": "x", "qas": ["?"]}], "a question should be an object"),
        ],
    )
    def test_what_is_no_such_file_is_named(self, value, told):
        with pytest.raises(InputError) as error:
            list(parse(value, "f"))
        assert told in str(error.value)


class TestFiles:
    def test_json_lines_and_xz(self, tmp_path):
        plain = written(tmp_path / "a.jsonl", as_lines(FLAT))
        with lzma.open(tmp_path / "a.jsonl.xz", "wt", encoding="utf-8") as packed:
            packed.write(as_lines(FLAT))
        assert files.load(plain) == files.load(tmp_path / "a.jsonl.xz") == FLAT
        assert files.load(written(tmp_path / "a.json", json.dumps(ORIGINAL, indent=1))) == ORIGINAL

    def test_a_separator_inside_a_line_does_not_end_it(self, tmp_path):
        path = written(tmp_path / "a.jsonl", '{"id": "x\u2028y"}\n\n{"id": "z"}\n')
        assert [row["id"] for row in files.rows(path)] == ["x\u2028y", "z"]

    def test_errors_name_the_line(self, tmp_path):
        with pytest.raises(InputError, match="line 2: this is no JSON"):
            files.load(written(tmp_path / "a.jsonl", '{"id": 1}\n{"id"\n'))
        with pytest.raises(InputError, match="line 1: expected an object, found list"):
            list(files.rows(written(tmp_path / "b.jsonl", "[1]\n")))

    @pytest.mark.parametrize("damage", [b"\xfd7zXZ\x00 no", b"\xfd7zXZ\x00"])
    def test_a_damaged_file_can_not_be_read(self, tmp_path, damage):
        (tmp_path / "a.xz").write_bytes(damage)
        with pytest.raises(InputError, match="can't read"):
            files.load(tmp_path / "a.xz")
        (tmp_path / "a.json").write_bytes(b'"\xff"')
        with pytest.raises(InputError, match="can't read"):
            files.load(tmp_path / "a.json")

    def test_the_file_is_found_by_name_or_given(self, tmp_path):
        patterns = ("*cmrc*dev*.json*", "*dev*.json*")
        other = written(tmp_path / "dev.json", [])
        assert files.choose(tmp_path, patterns, "cmrc") == other
        wanted = written(tmp_path / "cmrc2018_dev.json", [])
        assert files.choose(tmp_path, patterns, "cmrc") == wanted
        assert files.choose(other, patterns, "cmrc") == other
        written(tmp_path / "cmrc2018_dev_squad.json", [])
        with pytest.raises(
            InputError, match=r"several files of cmrc: cmrc2018_dev\.json, cmrc2018_dev_squad\.json"
        ):
            files.choose(tmp_path, patterns, "cmrc")
        with pytest.raises(InputError, match="no file of drcd"):
            files.choose(tmp_path, ("*drcd*",), "drcd")

    @pytest.mark.parametrize(("value", "text"), [("x", "x"), (7, "7")])
    def test_texts(self, value, text):
        assert files.text_of({"k": value}, "k", "f") == text

    @pytest.mark.parametrize("value", [None, True, ["x"]])
    def test_what_is_no_text(self, value):
        with pytest.raises(InputError, match="f: 'k' should be a text"):
            files.text_of({"k": value}, "k", "f")
        with pytest.raises(InputError, match="f: 'k' should be a list of texts"):
            files.texts_of({"k": [value]}, "k", "f")


class TestSquadScorer:
    """By hand, from the definition in section 6.1 of Rajpurkar et al. 2016."""

    def test_articles_punctuation_and_case_do_not_count(self):
        assert span.exact("The Eiffel Tower.", ["eiffel tower"]) == 1.0
        assert span.exact("Eiffel", ["eiffel tower"]) == 0.0
        assert span.words("A theatre, an 'anthem'") == ["theatre", "anthem"]

    def test_f1_is_by_bags_of_words_and_the_best_reference_counts(self):
        # 2 of 3 words said, 2 of 4 words wanted: 2*2/(3+4)
        assert span.f1("in the year 1987", ["1987 was last year in", "year 1987 of union"]) == pytest.approx(
            max(2 * 3 / (3 + 5), 2 * 2 / (3 + 4))
        )
        assert span.f1("spring", ["autumn"]) == 0.0
        assert span.f1("", ["autumn"]) == 0.0
        assert span.f1("the", ["a"]) == 1.0
        assert span.f1("anything", []) == 0.0


class TestOverlap:
    def test_the_example_of_papineni(self):
        reference = ["the", "cat", "is", "on", "the", "mat"]
        assert overlap.precision(
            ["the", "the", "the", "the", "the", "the", "the"], reference, 1
        ) == pytest.approx(2 / 7)
        assert overlap.precision(["the", "cat", "sat"], reference, 2) == pytest.approx(1 / 2)
        assert overlap.precision(["the"], reference, 2) == 0.0
        assert overlap.precision([], reference, 1) == 0.0

    def test_bleu_by_hand(self, monkeypatch):
        monkeypatch.setattr(overlap, "words", str.split)
        # said: a b c d e; wanted: a b c d f: 4/5, 3/4, 2/3, 1/2
        average, one, two, three, four = overlap.bleu("a b c d e", "a b c d f")
        assert (one, two, three, four) == pytest.approx((4 / 5, 3 / 4, 2 / 3, 1 / 2))
        assert average == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
        # no brevity penalty, no smoothing
        assert overlap.bleu("a b c d", "a b c d e f g h i") == pytest.approx((1, 1, 1, 1, 1))
        assert overlap.bleu("a b c", "a b c") == pytest.approx((0, 1, 1, 1, 0))
        assert overlap.bleu("", "a") == (0, 0, 0, 0, 0)

    def test_rouge_by_hand(self):
        # Lin 2004: S2 keeps the order of three words of S1, S3 of two
        wanted = ["police", "killed", "the", "gunman"]
        assert overlap.f_measure(["police", "kill", "the", "gunman"], wanted) == pytest.approx(3 / 4)
        assert overlap.f_measure(["the", "gunman", "kill", "police"], wanted) == pytest.approx(2 / 4)
        assert overlap.f_measure(["police", "kill"], wanted) == pytest.approx(2 * 1 / (2 + 4))
        assert overlap.f_measure([], wanted) == overlap.f_measure([], []) == 0.0

    def test_subsequences_against_all_of_them(self):
        chance = random.Random(5)
        for _ in range(60):
            one = [chance.choice("abc") for _ in range(chance.randint(0, 7))]
            other = [chance.choice("abc") for _ in range(chance.randint(0, 7))]
            known = {tuple(one[i] for i in range(len(one)) if mask >> i & 1) for mask in range(2 ** len(one))}
            also = {
                tuple(other[i] for i in range(len(other)) if mask >> i & 1) for mask in range(2 ** len(other))
            }
            assert overlap.subsequence(one, other) == max(len(common) for common in known & also)

    def test_words_are_jieba_s_own(self):
        assert overlap.words("职工书屋 5400册。") == ["职工", "书屋", " ", "5400", "册", "。"]


class TestSaid:
    def test_the_short_answer_goes_first(self):
        spots = [("a.txt", TOWN, 0, 24)]
        assert said(answer("?", "现有会员3260人", spots, short="3260人")) == "3260人"
        assert said(answer("?", "甲[1]比乙多", spots)) == "甲比乙多"

    def test_a_citation_mark_is_no_figure(self):
        assert whole(answer("?", "现有会员3260人", [("a.txt", TOWN, 0, 24)])) == "现有会员3260人"

    def test_a_refusal_says_nothing(self):
        assert said(refusal("?")) == whole(refusal("?")) == quoted(refusal("?")) == ""

    def test_quotes_stand_once(self):
        spots = [("a.txt", TOWN, 0, 24), ("a.txt", TOWN, 0, 24), ("b.txt", LIBRARY, 0, 11)]
        assert quoted(answer("?", "x", spots)) == f"{TOWN[:24]}\n{LIBRARY[:11]}"

    def test_violations(self):
        snapshot = FakeSnapshot({"a.txt": TOWN})
        right = answer("?", "x", [("a.txt", TOWN, 0, 24)])
        assert violations(right, snapshot) == 0
        assert violations(right, FakeSnapshot({"a.txt": LIBRARY})) == 1
        assert violations(right, FakeSnapshot({"b.txt": TOWN})) == 1
        assert violations(answer("?", "x", [("a.txt", TOWN, 3, 3)]), snapshot) == 1
        elsewhere = replace(right.citations[0], start=1, end=25)  # the words are there, but not at that place
        assert violations(replace(right, citations=(elsewhere,)), snapshot) == 1


DOCUMENTS = {"a.txt": TOWN, "b.txt": LIBRARY, "c.txt": MINE, "d.txt": CONTEST, "empty.txt": " \n"}


@pytest.fixture(scope="module")
def bot():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            collection,
            "build",
            lambda home, paths, settings: build([Path(p) for p in paths], home=home, settings=settings),
        )
        with collection.collection(DOCUMENTS, Settings()) as made:
            yield made


class TestGiven:
    def test_only_what_is_given_answers(self, bot):
        assert bot.ask(BOOKS).short == "5400册"
        with bot.given(["a.txt", "c.txt"]):
            assert bot.ask(BOOKS).refused
            assert bot.ask(MEMBERS).short == "3260人"
            assert {passage.source for passage in bot.ask(MEMBERS).passages} <= {"a.txt", "c.txt"}
        assert bot.ask(BOOKS).short == "5400册"

    def test_searches_stay_inside(self, bot):
        vector = bot.embedder.encode_queries([BOOKS])[0]
        with bot.given(["c.txt", "a.txt"]) as given:
            found = given.snapshot.search_dense(vector, 10)
            assert {given.snapshot.chunk(hit.chunk).source for hit in found} == {"a.txt", "c.txt"}
            assert len(given.snapshot) == len(found) == 2
            assert given.snapshot.search_lexical(["藏书"], 10) == []
            assert given.snapshot.search_lexical(["困难"], 10)

    def test_counts_are_those_of_what_is_given(self, bot):
        assert (bot.snapshot.df("会员"), bot.snapshot.df("慰问金")) == (1, 1)
        with bot.given(["a.txt", "b.txt"]):
            assert (bot.snapshot.df("会员"), bot.snapshot.df("慰问金")) == (1, 0)

    def test_a_citation_counts_in_the_document(self, bot):
        with bot.given(["c.txt"]):
            found = bot.ask(HOMES)
            assert violations(found, bot.snapshot) == 0
            assert found.citations[0].source == "c.txt"

    @pytest.mark.parametrize("sources", [[], ["empty.txt"], ["nowhere.txt"]])
    def test_nothing_given_is_no_documents(self, bot, sources):
        with bot.given(sources):
            assert bot.ask(MEMBERS).reason == "no_documents"

    def test_the_whole_index_is_back_after_an_error(self, bot):
        size = len(bot.snapshot)
        with pytest.raises(KeyError), bot.given(["a.txt"]):
            raise KeyError
        assert len(bot.snapshot) == size == 4

    def test_the_order_of_what_is_given_does_not_matter(self, bot):
        answers = set()
        for order in (
            ["a.txt", "b.txt", "c.txt"],
            ["c.txt", "b.txt", "a.txt"],
            ["b.txt", "a.txt", "b.txt", "c.txt"],
        ):
            with bot.given(order):
                answers.add((len(bot.snapshot), bot.ask(HOMES).answer))
        assert len(answers) == 1


class TestCollection:
    def test_equal_texts_are_one_file(self):
        assert collection.named(iter(["x", "y", "x"])) == {"x": "00000.txt", "y": "00001.txt"}

    def test_it_goes_away(self):
        with collection.collection({"a.txt": TOWN}, Settings()) as made:
            assert made.home.is_dir()
        assert not made.home.parent.exists()

    def test_settings_reach_the_index(self):
        with collection.collection(
            {"a.txt": TOWN + LIBRARY + MINE}, Settings(chunk_tokens=16, chunk_overlap=0)
        ) as made:
            assert len(made.snapshot) > 2

    @pytest.mark.slow
    def test_a_process_of_its_own_builds_the_index(self, monkeypatch):
        from rag.eval import homes

        monkeypatch.setattr(collection, "build", homes.build)
        with collection.collection({"a.txt": TOWN, "empty.txt": ""}, Settings()) as made:
            assert made.ask(MEMBERS).short == "3260人"
        with pytest.raises(ZhiyinError), collection.collection({"empty.txt": ""}, Settings()):
            pass


class Scripted:
    """In place of a GivenBot: gives one answer, whatever is asked."""

    def __init__(self, answer, texts):
        self.snapshot = FakeSnapshot(texts)
        self._answer = answer

    @contextmanager
    def given(self, sources):
        yield self

    def ask(self, question, *, id=None):
        return self._answer

    def trace(self, question, *, id=None):
        return Trace(self._answer)


class TestExtractive:
    @pytest.mark.parametrize(("source", "cited"), [("a.txt", 1.0), ("b.txt", 0.0)])
    def test_only_a_citation_of_the_right_passage_counts(self, source, cited):
        bot = Scripted(answer("?", "3260人", [(source, TOWN, 0, len(TOWN))], short="3260人"), {source: TOWN})
        row = squad.CMRC._open(bot, Question("1", MEMBERS, TOWN, ("3260人",)), {TOWN: "a.txt"})
        assert (row["em"], row["cited"], row["violations"]) == (1.0, cited, 0)

    def test_an_answer_where_there_is_none_is_wrong(self):
        bot = Scripted(answer("?", "18号", [("a.txt", TOWN, 0, 5)], short="18号"), {"a.txt": LIBRARY})
        row = squad.SQUAD._extract(bot, Question("1", RUNWAYS, TOWN, ()), {TOWN: "a.txt"})
        assert (row["em"], row["f1"], row["refused"], row["violations"]) == (0.0, 0.0, False, 1)

    @pytest.fixture(scope="class")
    @classmethod
    def result(cls, tmp_path_factory):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                collection,
                "build",
                lambda home, paths, settings: build([Path(p) for p in paths], home=home, settings=settings),
            )
            path = written(tmp_path_factory.mktemp("squad") / "dev-v2.0.json", NESTED)
            return benchmarks.run("squad", path)

    def test_extraction(self, result):
        rows = {row["id"]: row for row in result.rows if row["task"] == "extraction"}
        assert [rows[i]["answer"] for i in "123"] == ["3260人", "", "5400册"]
        assert [rows[i]["em"] for i in "123"] == [1.0, 1.0, 1.0]
        assert rows["3"]["expected"] == ["5400册", "藏书5400册"]
        assert rows["2"]["refused"]
        assert [rows[i]["cited"] for i in "13"] == [1.0, 1.0]

    def test_figures_are_the_means_of_the_rows(self, result):
        for task in ("extraction", "open"):
            rows = [row for row in result.rows if row["task"] == task]
            figures = result.figures[task]
            assert figures["all"]["n"] == len(rows) == 3
            assert figures["all"]["f1"] == pytest.approx(sum(row["f1"] for row in rows) / 3)
            assert figures["all"]["answered"] == pytest.approx(2 / 3)
            assert figures["with an answer"]["n"] == figures["best span, never refused"]["n"] == 2
            assert figures["without an answer"] | {"median ms": 0} == {
                "n": 1, "em": 1.0, "f1": 1.0, "answered": 0.0, "cited": None, "violations": 0, "median ms": 0,
            }  # fmt: skip
            assert figures["all"]["median ms"] > 0

    def test_retrieval_is_of_questions_with_an_answer(self, result):
        section = result.figures["open, retrieval of the paragraph"]
        assert {row["n"] for row in section.values()} == {2}
        assert section["BM25"]["R@5"] == section["dense"]["R@5"] == section["fusion"]["R@5"] == 1.0

    def test_it_is_json(self, result):
        told = json.loads(json.dumps(result.to_dict()))
        assert told["benchmark"] == "squad"
        assert (told["file"], told["questions"], told["paragraphs"]) == ("dev-v2.0.json", 3, 2)
        assert told["settings"]["top_k"] == Settings().top_k
        assert len(told["rows"]) == 6

    def test_a_wrong_answer_scores_by_cmrc(self, tmp_path):
        """`3260人` against `会员3260人`: the tokens are `3260`, `人`: 2 common ones of 2 and 4."""
        rows = [
            {
                "id": "a",
                "context": TOWN,
                "question": MEMBERS,
                "answers": [{"text": "会员3260人", "start": 12}],
            }
        ]
        result = benchmarks.run("cmrc", written(tmp_path / "dev.json", as_lines(rows)))
        [row] = [row for row in result.rows if row["task"] == "extraction"]
        assert (row["answer"], row["em"], row["f1"]) == ("3260人", 0.0, pytest.approx(2 * 2 / (2 + 4)))

    def test_a_refused_answer_still_has_a_best_span(self, tmp_path):
        question = "青石镇工会登记在册的会员有多少人?"
        rows = [
            {"id": "a", "context": TOWN, "question": question, "answers": [{"text": "3260人", "start": 14}]}
        ]
        path = written(tmp_path / "dev.json", as_lines(rows))
        figures = benchmarks.run("cmrc", path, settings=Settings(min_probability=1.0)).figures["extraction"]
        assert (figures["all"]["answered"], figures["all"]["em"], figures["all"]["f1"]) == (0.0, 0.0, 0.0)
        assert figures["best span, never refused"] == {"n": 1, "em": 1.0, "f1": 1.0}
        assert figures["answered"] == {
            "n": 0, "em": None, "f1": None, "answered": None, "cited": None, "violations": 0, "median ms": None,
        }  # fmt: skip

    def test_limit_keeps_the_collection(self, tmp_path):
        result = benchmarks.run("cmrc", written(tmp_path / "cmrc_dev.json", ORIGINAL), limit=1)
        assert result.meta["questions"] == 1
        assert result.meta["paragraphs"] == 2
        assert {row["id"] for row in result.rows} == {"D0Q0"}

    def test_scorers(self):
        assert squad.DRCD.exact("3260人。", ["3260人"]) == squad.CMRC.exact("3260人。", ["3260人"]) == 1.0
        assert squad.SQUAD.f1("the union", ["union"]) == 1.0


class TestRgbPassages:
    ROW = Row("1", "?", "x", (("p0", "p1", "p2"),), tuple(f"n{i}" for i in range(6)))

    @pytest.mark.parametrize(
        ("rate", "kinds"),
        [(0.0, "pppnn"), (0.2, "pppnn"), (0.4, "pppnn"), (0.6, "ppnnn"), (0.8, "pnnnn"), (1.0, "nnnnn")],
    )
    def test_noise(self, rate, kinds):
        chosen = noisy(self.ROW, rate)
        assert "".join(sorted((text[0] for text in chosen), reverse=True)) == kinds
        assert chosen == noisy(self.ROW, rate)
        assert sorted(t for t in chosen if t[0] == "n") == [f"n{i}" for i in range(kinds.count("n"))]

    def test_true_passages_take_the_place_of_noise_that_is_not_there(self):
        row = Row("1", "?", "x", (tuple(f"p{i}" for i in range(9)),), ("n0",))
        assert Counter(text[0] for text in noisy(row, 0.8)) == {"p": 4, "n": 1}
        assert noisy(row, 1.0) == ["n0"]

    def test_each_part_has_a_passage_whatever_the_noise(self):
        row = Row("1", "?", ["x", "y"], (("a0", "a1"), ("b0", "b1", "b2")), tuple(f"n{i}" for i in range(5)))
        for rate, kinds in ((0.0, "aabbb"), (0.2, "aabbn"), (0.4, "aabnn"), (0.8, "abnnn")):
            assert "".join(sorted(text[0] for text in scattered(row, rate))) == kinds
        many = Row("1", "?", ["x"], tuple((f"{c}0",) for c in "abcdefg"), ("n0",))
        assert len(scattered(many, 0.4)) == 7

    def test_falsified_and_true_passages_are_never_of_the_same_number(self):
        row = Row("1", "?", "x", (tuple(f"p{i}" for i in range(6)),), (), tuple(f"w{i}" for i in range(6)))
        assert {text[0] for text in falsified(row, 0.0)} == {"w"}
        mixed = falsified(row, 0.4)
        assert Counter(text[0] for text in mixed) == {"w": 3, "p": 2}
        assert len({text[1] for text in mixed}) == 5
        few = Row("1", "?", "x", (("p0",),), (), ("w0",))
        assert falsified(few, 0.4) == ["w0"]


class TestRgb:
    @pytest.mark.parametrize(
        ("expected", "text", "right"),
        [
            ("北京", "在北京举行", [True]),
            (["北京", "2022"], "2022年在北京", [True, True]),
            (["北京", "2022"], "在北京", [True, False]),
            ([["1月2日", "一月二日"]], "一月二日", [True]),
            ([["1月2日", "一月二日"], "北京"], "北京", [False, True]),
            ("ChatGPT", "chatgpt", [True]),
        ],
    )
    def test_labels(self, expected, text, right):
        assert rgb.labels(text, expected) == right

    def test_rows(self, tmp_path):
        plain = written(
            tmp_path / "zh.json",
            as_lines([{"id": 0, "query": "?", "answer": "x", "positive": ["p"], "negative": []}]),
        )
        assert list(parse_rgb(plain)) == [Row("0", "?", "x", (("p",),), ())]
        nested = written(
            tmp_path / "zh_int.json",
            as_lines(
                [
                    {
                        "id": 0,
                        "query": "?",
                        "answer": [["x", "y"], "z"],
                        "positive": [["p"], ["q", "r"]],
                        "negative": ["n"],
                    }
                ]
            ),
        )
        assert list(parse_rgb(nested)) == [Row("0", "?", [["x", "y"], "z"], (("p",), ("q", "r")), ("n",))]
        false = {
            "id": 0,
            "query": "?",
            "answer": "x",
            "fakeanswer": "y",
            "positive": ["p"],
            "positive_wrong": ["w"],
            "negative": [],
        }
        fact = written(tmp_path / "en_fact.json", as_lines([false]))
        assert list(parse_rgb(fact)) == [Row("0", "?", "x", (("p",),), (), ("w",), "y")]
        assert set(next(parse_rgb(nested)).passages) == {"p", "q", "r", "n"}

    @pytest.mark.parametrize(
        ("name", "change", "told"),
        [
            ("zh.json", {"query": None}, "row 1: 'query' should be a text"),
            ("zh.json", {"answer": []}, "row 1: 'answer' is empty"),
            ("zh.json", {"answer": [["x"], [3]]}, "'answer' should be a text, texts, or lists of spellings"),
            ("zh.json", {"positive": "p"}, "'positive' should be a list of texts"),
            ("zh_int.json", {"positive": ["p"]}, "'positive' should be a list of lists"),
            ("zh_fact.json", {}, "'positive_wrong' should be a list of texts"),
        ],
    )
    def test_errors(self, tmp_path, name, change, told):
        row = {"id": 0, "query": "?", "answer": "x", "positive": ["p"], "negative": ["n"]} | change
        with pytest.raises(InputError) as error:
            list(parse_rgb(written(tmp_path / name, as_lines([row]))))
        assert told in str(error.value)

    def test_all_four_tasks(self, tmp_path):
        noise = [CONTEST, LIBRARY, *(f"第{n}号公告:食堂本周供应面条和米饭。" for n in "一二三四")]
        plain = {
            "id": 0,
            "query": MEMBERS,
            "answer": [["3260人", "三千二百六十人"]],
            "positive": [TOWN],
            "negative": noise,
        }
        facts = [
            f"{lead},青石镇工会现有会员3260人。"
            for lead in ("据镇报报道", "年报写道", "名册显示", "会上通报", "网站公布")
        ]
        false = {"id": 0, "query": MEMBERS, "answer": "3260人", "fakeanswer": "9999人", "negative": [],
                 "positive": facts, "positive_wrong": [text.replace("3260", "9999") for text in facts]}  # fmt: skip
        both = {"id": 0, "query": "青石镇工会和松岭矿工会的办公地点、慰问户数分别是什么?", "answer": ["镇东路18号", "412户"],
                "positive": [[TOWN], [MINE]], "negative": noise}  # fmt: skip
        written(tmp_path / "zh.json", as_lines([plain]))
        written(tmp_path / "zh_int.json", as_lines([both]))
        written(tmp_path / "zh_fact.json", as_lines([false]))
        result = benchmarks.run("rgb", tmp_path)
        robust = result.figures["zh: noise robustness"]
        assert list(robust) == [f"noise {n}" for n in (0.0, 0.2, 0.4, 0.6, 0.8)]
        assert {row["accuracy"] for row in robust.values()} == {1.0}
        assert {row["in its quotes"] for row in robust.values()} == {1.0}
        assert result.figures["zh: negative rejection"] == {"noise 1.0": {"n": 1, "rejected": 1.0}}
        wrong = result.figures["zh_fact: counterfactual robustness"]["true 0.0"]
        assert (wrong["accuracy"], wrong["false answer"], wrong["refused"]) == (0.0, 1.0, 0.0)
        assert {row["violations"] for row in (wrong, *robust.values())} == {0}
        assert list(result.figures["zh_int: information integration"]) == [
            "noise 0.0",
            "noise 0.2",
            "noise 0.4",
        ]
        assert result.meta["questions"] == {"zh": 1, "zh_int": 1, "zh_fact": 1}
        assert len(result.rows) == 5 + 1 + 3 + 2

    @pytest.mark.parametrize(
        ("given", "right", "in_quotes", "false"),
        [
            (answer("?", "3260人和镇东路18号", [("a.txt", TOWN, 0, len(TOWN))]), True, True, False),
            (answer("?", "3260 人,镇东路 18号", [("a.txt", TOWN, 0, TOWN.index("。"))]), True, False, False),
            (answer("?", "3260人", [("a.txt", TOWN, 0, len(TOWN))]), False, True, False),
            (answer("?", "9999人", [("a.txt", TOWN, 0, 5)]), False, False, True),
            # what a refusal looked for may be the expected answer itself
            (replace(refusal("?"), answer="查找的内容:3260人、镇东路18号、9999人。"), False, False, False),
        ],
    )
    def test_rows_are_right_by_all_parts(self, given, right, in_quotes, false):
        row = Row("1", "?", [["3260人", "三千人"], "镇东路18号"], ((TOWN,),), (), (), "9999人")
        done = rgb._row(Scripted(given, {"a.txt": TOWN}), "zh_fact", "t", "l", row, [TOWN], {TOWN: "a.txt"})
        assert (done["right"], done["quoted"], done["false"]) == (right, in_quotes, false)
        assert (done["refused"], done["violations"]) == (given.refused, 0)

    def test_blanks_count_in_english(self):
        row = Row("1", "?", "New York", (("x",),), ())
        bot = Scripted(answer("?", "in new york", []), {})
        assert rgb._row(bot, "en", "t", "l", row, ["x"], {"x": "x.txt"})["right"]
        assert not rgb._row(bot, "zh", "t", "l", row, ["x"], {"x": "x.txt"})["right"]

    def test_errors_detected_and_corrected(self):
        rows = [
            {
                "right": True,
                "quoted": True,
                "refused": False,
                "false": False,
                "detected": True,
                "violations": 0,
            },
            {
                "right": False,
                "quoted": False,
                "refused": False,
                "false": True,
                "detected": True,
                "violations": 1,
            },
            {
                "right": False,
                "quoted": False,
                "refused": False,
                "false": True,
                "detected": False,
                "violations": 0,
            },
            {
                "right": False,
                "quoted": False,
                "refused": True,
                "false": False,
                "detected": False,
                "violations": 0,
            },
        ]
        assert rgb._figures("counterfactual robustness", rows) == {
            "n": 4, "accuracy": 0.25, "in its quotes": 0.25, "refused": 0.25, "false answer": 0.5,
            "error detected": 0.5, "corrected, of these": 0.5, "violations": 1,
        }  # fmt: skip
        assert rgb._figures("counterfactual robustness", rows[2:])["corrected, of these"] is None

    def test_two_documents_side_by_side_are_a_contradiction_shown(self):
        one = answer("?", "甲", [("a.txt", TOWN, 0, 5)])
        two = answer("?", "甲乙", [("a.txt", TOWN, 0, 5), ("b.txt", LIBRARY, 0, 5)])
        assert not rgb._several(one)
        assert not rgb._several(two)  # one statement on two documents
        assert rgb._several(replace(two, statements=(Statement("甲", (1,)), Statement("乙", (2,)))))
        same = replace(one, statements=(Statement("甲", (1,)), Statement("乙", (1,))))
        assert not rgb._several(same)

    def test_files_of_other_names_are_refused(self, tmp_path):
        with pytest.raises(InputError, match=r"should be a folder with some of zh\.json"):
            benchmarks.run("rgb", tmp_path)
        with pytest.raises(InputError, match=r"should be a folder with some of zh\.json"):
            benchmarks.run("rgb", written(tmp_path / "other.json", ""))


class TestCrud:
    ROW = {
        "ID": "x",
        "event": "会员",
        "news1": TOWN,
        "questions": MEMBERS,
        "answers": "青石镇工会现有会员3260人。",
    }
    TWO = {
        "ID": "y",
        "event": "慰问",
        "news1": MINE,
        "news2": LIBRARY,
        "questions": HOMES,
        "answers": "412户。",
    }

    def test_the_whole_of_it(self, tmp_path):
        value = {
            "questanswer_1doc": [self.ROW],
            "questanswer_2docs": [self.TWO, self.TWO],
            "event_summary": [],
        }
        written(tmp_path / "crud_split" / "split_merged.json", value)
        written(tmp_path / "80000_docs" / "documents_part_1", CONTEST + "\n\n" + TOWN + "\n")
        result = benchmarks.run("crud", tmp_path, limit=1)
        assert result.meta["articles"] == 4
        assert [row["task"] for row in result.rows] == ["questanswer_1doc", "questanswer_2docs"]
        one, two = result.rows
        assert one["citation recall"] == one["citation precision"] == 1.0
        assert (two["citation recall"], two["citation precision"]) == (0.5, 1.0)
        assert result.figures["questanswer_2docs: citations"]["all"]["citation recall"] == 0.5
        figures = result.figures["questanswer_1doc"]
        assert figures["its quotes"]["length"] == len(one["quoted"])
        assert figures["answer"]["rouge-L"] == overlap.rouge_l(one["answer"], self.ROW["answers"]) > 0
        assert figures["its quotes"]["bleu-1"] == overlap.bleu(one["quoted"], self.ROW["answers"])[1]
        assert result.figures["questanswer_1doc: retrieval of its articles"]["fusion"]["R@5"] == 1.0
        assert any("bertScore" in note for note in result.notes)

    def test_a_refusal_scores_nothing(self):
        assert set(crud.scores("", "青石镇工会").values()) == {0.0}

    @pytest.mark.parametrize(
        ("value", "told"),
        [
            ({"event_summary": []}, "holds none of questanswer_1doc"),
            ([], "holds none of questanswer_1doc"),
            ({"questanswer_1doc": ["x"]}, "'questanswer_1doc' should be a list of objects"),
            ({"questanswer_1doc": [{"questions": "?", "answers": "x"}]}, "row 1: no 'news1'"),
            ({"questanswer_1doc": [{"questions": "?", "news1": "x"}]}, "row 1: 'answers' should be a text"),
        ],
    )
    def test_errors(self, tmp_path, value, told):
        with pytest.raises(InputError) as error:
            crud.parse(written(tmp_path / "split_merged.json", value))
        assert told in str(error.value)


def beir_folder(folder, corpus, queries, judged):
    written(folder / "corpus.jsonl", as_lines({"_id": i, "title": t, "text": x} for i, t, x in corpus))
    written(folder / "queries.jsonl", as_lines({"_id": i, "text": x} for i, x in queries))
    written(
        folder / "qrels" / "test.tsv",
        "query-id\tcorpus-id\tscore\n" + "".join(f"{q}\t{d}\t{g}\n" for q, d, g in judged),
    )
    return folder


class TestBeir:
    CORPUS = [
        ("d1", "青石镇", TOWN),
        ("d2", "", LIBRARY),
        ("d3", "松岭矿", MINE),
        ("d4", "比赛", CONTEST),
        ("d5", "", " "),
    ]
    QUERIES = [("q1", MEMBERS), ("q2", BOOKS), ("q3", HOMES)]

    def test_the_right_documents_come_first(self, tmp_path):
        folder = beir_folder(
            tmp_path, self.CORPUS, self.QUERIES, [("q1", "d1", 1), ("q2", "d2", 1), ("q2", "d4", 0)]
        )
        result = benchmarks.run("beir", folder)
        section = result.figures["retrieval"]
        assert list(section) == ["BM25", "dense", "fusion"]
        for row in section.values():
            assert (row["n"], row["nDCG@10"], row["R@100"], row["RR@10"]) == (2, 1.0, 1.0, 1.0)
        assert section["fusion"]["p, BM25"] == section["fusion"]["p, dense"] == 1.0
        assert result.meta["chunks"] == 4
        assert benchmarks.run("beir", folder, limit=1).figures["retrieval"]["BM25"]["n"] == 1

    def test_a_document_of_the_question_s_own_id_does_not_count(self, tmp_path):
        corpus = [*self.CORPUS, ("q1", "", MEMBERS)]
        result = benchmarks.run("beir", beir_folder(tmp_path, corpus, self.QUERIES, [("q1", "d1", 1)]))
        assert {row["RR@10"] for row in result.figures["retrieval"].values()} == {1.0}

    def test_qrels(self, tmp_path):
        text = "q1\td1\t2\n\nq1\td2\t0\nq0\td1\t1\n"
        for top in ("", "query-id\tcorpus-id\tscore\n", "\ufeffquery-id\tcorpus-id\tscore\n"):
            path = written(tmp_path / "test.tsv", top + text)
            assert list(beir.qrels(path).items()) == [("q1", {"d1": 2, "d2": 0}), ("q0", {"d1": 1})]

    @pytest.mark.parametrize(
        ("text", "told"), [("q1 d1 1\n", "line 1: expected"), ("q1\td1\tx\n", "line 1: expected"), ("query-id\tcorpus-id\tscore\n", "judges no document")]
    )  # fmt: skip
    def test_what_are_no_qrels(self, tmp_path, text, told):
        with pytest.raises(InputError, match=told):
            beir.qrels(written(tmp_path / "test.tsv", text))

    def test_what_does_not_fit_together(self, tmp_path):
        with pytest.raises(InputError, match=r"judges question 'q9', which is not in"):
            benchmarks.run("beir", beir_folder(tmp_path / "a", self.CORPUS, self.QUERIES, [("q9", "d1", 1)]))
        with pytest.raises(InputError, match="holds no text"):
            benchmarks.run(
                "beir", beir_folder(tmp_path / "b", [("d", "", " ")], self.QUERIES, [("q1", "d", 1)])
            )
        with pytest.raises(InputError, match="can't read"):
            benchmarks.run("beir", tmp_path)
        with pytest.raises(InputError, match="should be the folder"):
            benchmarks.run("beir", written(tmp_path / "x.json", "{}"))


class TestMemory:
    def test_search_is_exact_and_ties_go_by_number(self):
        embedder = HashEmbedder(dim=4)
        texts = [
            ("d0", "", "甲一。"),
            ("d1", "", "乙二。"),
            ("d2", "", "甲一。"),
            ("d3", "", "丙三。"),
            ("d4", "", "丁四。"),
        ]
        memory = Memory.build(texts, embedder, 100)
        vector = embedder.encode_passages(["甲一。"])[0]
        matrix = embedder.encode_passages([text for _, _, text in texts])
        order = sorted(range(5), key=lambda i: (-round(float(matrix[i] @ vector), 5), i))
        for k in (1, 2, 3, 5, 9):
            found = memory.search_dense(vector, k)
            assert [hit.chunk for hit in found] == order[:k]
            assert [hit.score for hit in found] == pytest.approx(
                [float(matrix[i] @ vector) for i in order[:k]], abs=1e-5
            )
        assert memory.search_dense(vector, 0) == []
        assert (memory.df("丙三"), memory.df("丙九")) == (1, 0)

    def test_batches_make_no_difference(self, monkeypatch, embedder):
        from rag.eval.benchmarks import memory as module

        texts = [(f"d{n}", "题", text) for n, text in enumerate((TOWN, LIBRARY, MINE, CONTEST, TOWN))]
        whole = Memory.build(texts, embedder, 160)
        monkeypatch.setattr(module, "BATCH", 2)
        parts = Memory.build(texts, embedder, 160)
        assert np.allclose(whole._vectors, parts._vectors, atol=1e-5)
        assert whole.search_lexical(["书屋"], 5) == parts.search_lexical(["书屋"], 5) != []

    def test_scores_of_chosen_chunks_are_those_of_a_search(self, embedder):
        memory = Memory.build([("d1", "", TOWN), ("d2", "", LIBRARY), ("d3", "", MINE)], embedder, 160)
        vector = embedder.encode_queries([BOOKS])[0]
        hits = {hit.chunk: hit.score for hit in memory.search_dense(vector, len(memory))}
        numbers = [2, 0]
        assert memory.likeness(vector, numbers).tolist() == [hits[n] for n in numbers]
        found = {hit.chunk: hit.score for hit in memory.search_lexical(["书屋", "职工"], len(memory))}
        ratios = {n: share / found[n] for n, share in zip(found, memory.coverage(["书屋", "职工"], list(found)), strict=True)}
        assert len(ratios) > 0
        assert max(ratios.values()) == pytest.approx(min(ratios.values()))

    def test_it_serves_the_retriever(self, embedder):
        memory = Memory.build([("d1", "", TOWN), ("d2", "", LIBRARY)], embedder, 160)
        found = retrieve(understand(BOOKS), memory, embedder, Settings())
        assert [r.chunk.source for r in found] == ["d2", "d1"]

    def test_long_texts_are_cut_at_sentences_and_nothing_is_lost(self):
        embedder = HashEmbedder()  # a token a character
        text = "一二三四五。六七八九。十。" + "百" * 30 + "。千万。"
        chunks = list(cut(("d", "题", text), embedder, 12))
        assert [chunk.text for chunk in chunks] == [
            "一二三四五。六七八九。",
            "十。",
            "百" * 30 + "。",
            "千万。",
        ]
        assert "".join(chunk.text for chunk in chunks) == text
        assert all(text[chunk.start : chunk.end] == chunk.text and chunk.context == "题" for chunk in chunks)
        assert [chunk.text for chunk in cut(("d", "", " 一。二。 "), embedder, 12)] == ["一。二。"]
        assert [c.text for c in cut(("d", "", "一二。三四。五六。"), embedder, 6)] == [
            "一二。三四。",
            "五六。",
        ]
        assert list(cut(("d", "题", " \n"), embedder, 12)) == []


class TestLegs:
    def test_measures_by_hand(self):
        found = legs.scored(
            {"q": ["c", "a", "b"], "r": []}, {"q": {"a": 1, "b": 2}, "r": {"a": 1}}, ["nDCG@10", "R@2", "RR"]
        )
        ideal = 2 / math.log2(2) + 1 / math.log2(3)
        assert found["nDCG@10"]["q"] == pytest.approx((1 / math.log2(3) + 2 / math.log2(4)) / ideal)
        assert found["R@2"] == {"q": 0.5, "r": 0.0}
        assert found["RR"] == {"q": 0.5, "r": 0.0}

    def test_the_order_given_is_the_order_scored(self):
        ranking = [f"d{n}" for n in random.Random(2).sample(range(40), 40)]
        for rank, name in enumerate(ranking, 1):
            assert legs.scored({"q": ranking}, {"q": {name: 1}}, ["RR"])["RR"]["q"] == pytest.approx(1 / rank)

    def test_nothing_found_and_nothing_asked(self):
        assert legs.scored({"q": []}, {"q": {"a": 1}}, ["R@5"]) == {"R@5": {"q": 0.0}}
        assert legs.scored({}, {}, ["R@5"]) == {"R@5": {}}

    def test_a_document_stands_where_its_first_chunk_does(self, bot):
        found = legs.rankings(bot.snapshot, bot.embedder, Settings(), BOOKS)
        assert found["BM25"][0] == found["dense"][0] == found["fusion"][0] == "b.txt"
        assert all(len(ranking) == len(set(ranking)) for ranking in found.values())

    def test_legs_are_not_the_same_thing(self, bot):
        found = legs.rankings(bot.snapshot, bot.embedder, Settings(), "藏书")
        assert found["BM25"] == ["b.txt"]
        assert len(found["dense"]) == 4

    def test_the_section(self, bot):
        asked, wanted = {"1": MEMBERS, "2": BOOKS}, {"1": {"a.txt": 1}, "2": {"b.txt": 1}}
        section = legs.evaluate(
            bot.snapshot, bot.embedder, Settings(), asked, wanted, ["R@5"], 10, lambda items, what: items
        )
        assert section == {
            "BM25": {"n": 2, "R@5": 1.0, "p, dense": 1.0},
            "dense": {"n": 2, "R@5": 1.0, "p, BM25": 1.0},
            "fusion": {"n": 2, "R@5": 1.0, "p, BM25": 1.0, "p, dense": 1.0},
        }

    def test_p_tells_a_difference(self):
        better = {str(n): 1.0 for n in range(20)}
        worse = dict.fromkeys(better, 0.0)
        assert legs._p(better, worse) < 0.001
        assert legs._p(better, better) == 1.0
        assert legs._p({}, {}) is None


class TestResult:
    def test_mean(self):
        assert mean([True, False, False, True]) == 0.5
        assert mean([]) is None

    @pytest.mark.parametrize(
        ("measure", "value", "text"),
        [("em", 0.1234, "12.3%"), ("n", 1200, "1200"), ("median ms", 7.26, "7.3"), ("length", 31.0, "31.0"), ("p, dense", 0.0004, "<0.001"), ("p, dense", 0.75, "0.750"), ("em", None, "")],
    )  # fmt: skip
    def test_figures_for_people(self, measure, value, text):
        assert shown(measure, value) == text

    def test_tables(self):
        from rich.console import Console

        result = Result(
            "x",
            {"one": {"a": {"n": 1, "em": 0.5}, "b": {"n": 2, "f1": 0.25}}},
            notes=["said"],
            meta={"seconds": 3.2},
        )
        console = Console(width=80, record=True)
        for table in tables(result):
            console.print(table)
        text = console.export_text()
        assert [word for word in text.split() if word in ("n", "em", "f1", "50.0%", "25.0%", "1", "2")] == [
            "n", "em", "f1", "1", "50.0%", "2", "25.0%",
        ]  # fmt: skip
        assert lines(result)[0] == "said"

    def test_unknown_names(self, tmp_path):
        with pytest.raises(InputError, match="did you mean 'cmrc'"):
            benchmarks.run("crmc", tmp_path)
        with pytest.raises(InputError, match="known: cmrc, drcd, squad, rgb, crud, beir"):
            benchmarks.run("zzz", tmp_path)
        with pytest.raises(InputError, match="no file or folder"):
            benchmarks.run("cmrc", tmp_path / "none")


@pytest.fixture
def command():
    app = typer.Typer()
    app.command("bench")(bench)
    return lambda *arguments: CliRunner().invoke(app, list(arguments), obj=Session(), catch_exceptions=False)


class TestCommand:
    def test_a_table_and_a_file(self, command, tmp_path, monkeypatch):
        monkeypatch.setenv("COLUMNS", "160")
        path = written(tmp_path / "cmrc_dev.json", ORIGINAL)
        done = command("cmrc", "--data", str(tmp_path), "--json", str(tmp_path / "out.json"))
        assert "extraction" in done.stdout
        assert "100.0%" in done.stdout
        told = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        assert (told["file"], told["figures"]["open"]["all"]["em"]) == (path.name, 1.0)

    def test_json_alone_on_standard_output(self, command, tmp_path):
        written(tmp_path / "cmrc_dev.json", ORIGINAL)
        done = command("cmrc", "--data", str(tmp_path), "--limit", "1", "--json", "-")
        assert json.loads(done.stdout)["limit"] == 1

    def test_settings_are_used(self, command, tmp_path):
        written(tmp_path / "cmrc_dev.json", ORIGINAL)
        config = written(tmp_path / "c.toml", "dense = false\n")
        done = command("cmrc", "--data", str(tmp_path), "--config", str(config), "--json", "-")
        assert json.loads(done.stdout)["settings"]["dense"] is False

    def test_what_is_missing_is_told(self, command, tmp_path):
        with pytest.raises(InputError, match="needs its data: zhiyin bench cmrc --data FOLDER"):
            command("cmrc")
        with pytest.raises(InputError, match="--data belongs to a published benchmark"):
            command("--data", str(tmp_path))
        with pytest.raises(InputError, match="--limit belongs to a published benchmark"):
            command("--limit", "3")
