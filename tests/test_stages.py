"""Blame: a fault planted at one stage is blamed on that stage, and the stages add up to all failures."""

from dataclasses import replace

import pytest

from rag.bot import Bot
from rag.errors import InputError
from rag.eval.figures import figures
from rag.eval.rows import Gold
from rag.eval.run import evaluate
from rag.eval.stages import Stage
from rag.index.build import build
from rag.read import ExtractiveReader

from .index_kit import HashEmbedder
from .office import HUBEI_2021, HUBEI_2022, office
from .rules_kit import Settings

H21, H22, S22 = "hubei2021.txt", "hubei2022.txt", "shaanxi2022.txt"
GOLD = [
    Gold("a", "fact", "2021年湖北工会培训职工多少人次?", (("3.2万",),), ((H21, "培训职工3.2万人次"),)),
    Gold("b", "fact", "2022年湖北工会举办招聘会多少场?", (("120场",),), ((H22, "举办招聘会120场"),)),
    Gold("c", "fact", "2022年湖北的专项资金是多少?", (("1200万",),), ((H22, "投入专项资金1200万元"),)),
    Gold("d", "fact", "2021年底湖北网约车司机会员有多少?", (("6.1万",),), ((H21, "其中网约车司机会员6.1万人"),)),
    Gold(
        "e",
        "years",
        "2021年和2022年湖北工会培训职工各多少人次?",
        (("3.2万", "4.7万"),),
        ((H21, "培训职工3.2万人次"), (H22, "培训职工4.7万人次")),
    ),
    Gold("f", "trad", "2022年陕西工会举办招聘会多少场?", (("75场",),), ((S22, "舉辦招聘會75場"),)),
    Gold("g", "wrong_place", "2022年海南工会举办招聘会多少场?", refuse=True),
]


@pytest.fixture(scope="module")
def bot(tmp_path_factory):
    return office(tmp_path_factory.mktemp("stages"))


def blamed(bot, golds=GOLD):
    rows = evaluate(bot, golds)
    stages = figures(rows)["stages"]
    assert sum(stages.values()) == sum(not row.right for row in rows)
    assert all((row.stage is None) == row.right for row in rows)
    return {row.id: row.stage for row in rows}


def test_nothing_is_blamed_where_all_is_right(bot):
    assert blamed(bot) == dict.fromkeys("abcdefg")


def test_a_document_that_was_not_indexed_is_blamed_on_reading(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / H21).write_text(HUBEI_2021, encoding="utf-8")
    embedder = HashEmbedder(dim=256)
    build([tmp_path / "docs"], home=tmp_path, settings=Settings(), embedder=embedder)
    found = blamed(Bot(Settings(), tmp_path, embedder=embedder))
    assert [found[i] for i in "bcef"] == [Stage.NOT_CLEANED] * 4
    assert found["a"] is found["d"] is found["g"] is None


def test_evidence_that_cleaning_took_is_blamed_on_cleaning(tmp_path, monkeypatch):
    from rag.index import pipeline
    from rag.offsets import apply
    from rag.types import Edit

    def greedy(document):
        parts = real(document)
        at = document.raw.find("举办招聘会120场")
        if at < 0:
            return parts
        lost = Edit(at, at + len("举办招聘会120场"), "", "greedy")
        edits = tuple(sorted((*parts[0].edits, lost), key=lambda e: e.start))
        return [replace(parts[0], edits=edits, clean=apply(document.raw, edits))]

    real = pipeline.default_pipeline().clean
    embedder = HashEmbedder(dim=256)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / H22).write_text(HUBEI_2022, encoding="utf-8")
    planted = replace(pipeline.default_pipeline(), clean=greedy, version="greedy")
    build([tmp_path / "docs"], home=tmp_path, settings=Settings(), embedder=embedder, pipeline=planted)
    found = blamed(Bot(Settings(), tmp_path, embedder=embedder), GOLD[1:3])
    assert found == {"b": Stage.NOT_CLEANED, "c": None}


def test_a_passage_that_was_not_retrieved(bot, monkeypatch):
    from rag import asking

    real = asking.retrieve
    monkeypatch.setattr(
        asking, "retrieve", lambda *a, **more: [r for r in real(*a, **more) if "招聘会120" not in r.chunk.text]
    )
    found = blamed(bot)
    assert found["b"] is found["c"] is Stage.NOT_RETRIEVED  # both stand in the passage that is gone
    assert found["e"] is Stage.NOT_RETRIEVED  # one of its two pieces
    assert found["a"] is found["d"] is found["f"] is found["g"] is None


def test_a_reader_that_does_not_see_the_answer(bot, monkeypatch):
    real = ExtractiveReader.read
    monkeypatch.setattr(
        ExtractiveReader,
        "read",
        lambda self, *a, **more: [f for f in real(self, *a, **more) if "网约车司机会员" not in f.view.text],
    )
    assert blamed(bot) == dict.fromkeys("abcefg") | {"d": Stage.NOT_READ}


def test_an_answer_that_is_not_trusted(bot):
    strict = Bot(Settings(min_support=1.0), bot.home, embedder=HashEmbedder(dim=256))
    found = blamed(strict)
    lost = {id_: stage for id_, stage in found.items() if stage}
    assert lost
    assert set(lost.values()) == {Stage.REFUSED}
    assert found["g"] is None


def test_another_finding_that_wins(bot, monkeypatch):
    real = ExtractiveReader.read

    def perverse(self, *a, **more):
        found = real(self, *a, **more)
        top = found[0] if found else None
        if top is None or "3.2万" not in top.text:
            return found
        other = replace(top, span=top.span._replace(start=0, end=2, text=""))
        return [other, *found]

    monkeypatch.setattr(ExtractiveReader, "read", perverse)
    assert blamed(bot, GOLD[:1]) == {"a": Stage.WRONG}


def test_an_answer_where_a_refusal_was_due(bot):
    wrong = Gold("x", "wrong_year", "2022年湖北工会举办招聘会多少场?", refuse=True)
    assert blamed(bot, [wrong]) == {"x": Stage.WRONG}


def test_a_row_keeps_where_its_evidence_stands_and_how_it_was_ranked(bot):
    [row] = evaluate(bot, GOLD[4:5])
    raw = {source: bot.snapshot.document(source).raw for source in (H21, H22)}
    assert [raw[p.source][p.start : p.end] for p in row.evidence_at] == [text for _, text in row.evidence]
    covering = {i for passage in row.retrieved for i in passage.evidence}
    assert covering == {0, 1}
    assert row.metrics["recall@20"] == 1.0
    assert row.metrics["right"] == 1.0


def test_a_source_that_is_not_there_raises_nothing(bot):
    with pytest.raises(InputError):
        bot.snapshot.document("nowhere.txt")
    lost = Gold("x", "fact", "2022年湖北工会举办招聘会多少场?", (("120场",),), (("nowhere.txt", "x"),))
    assert blamed(bot, [lost]) == {"x": Stage.NOT_CLEANED}
