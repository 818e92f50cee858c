"""Fusion of the two legs, and what time and place do to it."""

import math

import numpy as np
import pytest

from rag.config import Settings
from rag.question.query import understand
from rag.retrieve.relevance import period_match, region_match
from rag.retrieve.search import fuse, lexical_terms, retrieve
from rag.types import Period

from .index_kit import HashEmbedder
from .office import office


def floats(*values):
    return np.array(values, np.float32)


def test_what_is_covered_and_what_is_near_add_up():
    assert fuse(floats(0.5, 0.1), floats(0.2, 0.9), 0.5) == pytest.approx([0.6, 0.55])


def test_where_no_word_is_covered_meaning_decides():
    assert fuse(floats(0, 0, 0), floats(0.3, 0.6, 0.1), 0.2).argsort().tolist() == [2, 0, 1]


def test_unlike_is_no_worse_than_unrelated():
    assert fuse(floats(0.3, 0.3), floats(-0.8, 0), 0.2) == pytest.approx([0.3, 0.3])


def test_no_candidates_nothing():
    assert fuse(floats(), floats(), 0.2).shape == (0,)


def test_every_candidate_has_both_scores_whichever_leg_found_it(tmp_path):
    bot = office(tmp_path)
    snapshot, embedder, query = bot.snapshot, HashEmbedder(dim=256), understand("湖北2021年培训职工多少人次")
    terms, vector = lexical_terms(query), embedder.encode_queries([query.text])[0]
    settings = Settings(pool_k=1)  # a candidate of each leg
    candidates = {snapshot.search_lexical(terms, 1)[0].chunk, snapshot.search_dense(vector, 1)[0].chunk}
    found = {r.chunk_id: r for r in retrieve(query, snapshot, embedder, settings)}
    assert set(found) == candidates
    most = sum(math.log(1 + (len(snapshot) - snapshot.df(t) + 0.5) / (snapshot.df(t) + 0.5)) for t in terms)
    bm25 = {hit.chunk: hit.score for hit in snapshot.search_lexical(terms, len(snapshot))}
    for number, result in found.items():
        cosine = max(float(snapshot.vectors()[number] @ vector), 0.0)
        fits = period_match(query.period, result.chunk.period, loose=True) and region_match(query.regions, result.chunk.regions)
        plain = bm25.get(number, 0.0) / most + settings.dense_weight * cosine
        assert (result.score == pytest.approx(plain, rel=1e-4)) is bool(fits)


def test_one_leg_alone_keeps_its_own_order(tmp_path):
    bot, query, embedder = office(tmp_path), understand("举办招聘会多少场"), HashEmbedder(dim=256)
    snapshot = bot.snapshot
    by_words = retrieve(query, snapshot, embedder, Settings(dense=False, top_k=3))
    hits = snapshot.search_lexical(lexical_terms(query), 3)
    assert [r.chunk_id for r in by_words] == [hit.chunk for hit in hits]
    by_meaning = retrieve(query, snapshot, embedder, Settings(lexical=False, top_k=3))
    hits = [hit for hit in snapshot.search_dense(embedder.encode_queries([query.text])[0], 3) if hit.score > 0]
    assert hits
    assert [r.chunk_id for r in by_meaning][: len(hits)] == [hit.chunk for hit in hits]


@pytest.mark.parametrize(
    ("asked", "spoken", "fits"),
    [
        ((2022, 2022), (2022, 2022), True),
        ((2022, 2022), (2021, 2021), False),
        ((2022, 2022), (2018, 2023), False),
        ((2023, 2023), (2018, 2023), True),
        ((2018, 2023), (2018, 2023), True),
        ((2018, 2023), (2020, 2021), True),
    ],
)
def test_which_years_answer_which(asked, spoken, fits):
    assert period_match(Period(*asked), Period(*spoken)) is fits


def test_loosely_any_overlap_will_do():
    assert period_match(Period(2022, 2022), Period(2018, 2023), loose=True)
    assert not period_match(Period(2010, 2011), Period(2018, 2023), loose=True)


def test_a_province_covers_its_cities_and_no_other():
    assert region_match(["辽宁"], ["辽宁/大连"])
    assert not region_match(["辽宁/大连"], ["辽宁"])
    assert not region_match(["湖北"], ["陕西"])


def test_passages_of_the_year_and_place_come_first(tmp_path):
    bot = office(tmp_path)
    for question, source in (("湖北2021年培训职工", "hubei2021.txt"), ("湖北2022年培训职工", "hubei2022.txt"), ("陕西2022年培训职工", "shaanxi2022.txt")):
        found = retrieve(understand(question), bot.snapshot, None, Settings())
        assert found[0].chunk.source == source


def test_near_duplicates_are_left_out(tmp_path):
    text = "甘肃工会工作综述\n\n2022年,甘肃工会培训职工1.1万人次,投入资金90万元,覆盖企业77家,举办招聘会12场。\n"
    bot = office(tmp_path, one=text, two=text)
    found = retrieve(understand("甘肃2022年培训职工"), bot.snapshot, None, Settings())
    assert sum("1.1万人次" in r.chunk.text for r in found) == 1
