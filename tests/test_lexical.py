"""BM25 against the formula worked out by hand, and the edges."""

import math
import random

import numpy as np
import pytest

from rag.store.lexical import K1, B, Lexical


def oracle(terms, query):
    """BM25, Lucene variant (Kamphuis et al. 2020, table 1): log(1 + (N-df+.5)/(df+.5)) * tf / (tf + k1(1-b+b*l/avg))."""
    average = sum(map(len, terms)) / len(terms)
    scores = []
    for chunk in terms:
        score = 0.0
        for term in query:
            df, tf = sum(term in other for other in terms), chunk.count(term)
            idf = math.log(1 + (len(terms) - df + 0.5) / (df + 0.5))
            score += idf * tf / (tf + K1 * (1 - B + B * len(chunk) / average))
        scores.append(score)
    return scores


@pytest.fixture
def corpus():
    source = random.Random(7)
    return [source.choices("工会职省帮扶困难6.58万个", k=source.randrange(0, 12)) for _ in range(60)]


@pytest.fixture(params=["built", "loaded"])
def index(corpus, request, tmp_path):
    built = Lexical.build(corpus)
    if request.param == "built":
        return built
    built.save(tmp_path / "lexical")
    return Lexical.load(tmp_path / "lexical", len(corpus))


@pytest.mark.parametrize("query", [["工"], ["工", "会", "无"], ["扶", "扶"], list("困难职工6.58")])
def test_scores_are_those_of_the_formula(index, corpus, query):
    expected = oracle(corpus, query)
    assert index.scores(query).tolist() == pytest.approx(expected, rel=1e-4)
    best = sorted((n for n, score in enumerate(expected) if score), key=lambda n: (-round(expected[n], 5), n))[:9]
    hits = index.search(query, 9)
    assert [hit.score for hit in hits] == pytest.approx([expected[n] for n in best], rel=1e-4)
    assert len(hits) == 9


def test_document_frequency_counts_chunks(index, corpus):
    for term in {*"工会职省帮扶困难6.58万个", "无", ""}:
        assert index.df(term) == sum(term in chunk for chunk in corpus)


def test_only_chunks_that_share_a_term_are_found(index, corpus):
    found = {hit.chunk for hit in index.search(["万"], 1000)}
    assert found == {n for n, chunk in enumerate(corpus) if "万" in chunk}
    assert 0 < len(found) < len(corpus)


def test_a_mask_limits_the_search(index, corpus):
    allowed = np.arange(len(corpus)) % 3 == 0
    found = {hit.chunk for hit in index.search(["万"], 1000, allowed)}
    assert found == {n for n, chunk in enumerate(corpus) if "万" in chunk and n % 3 == 0}
    assert found


@pytest.mark.parametrize("query", [[], ["不在"], [""]])
def test_a_query_without_known_terms_finds_nothing(index, corpus, query):
    assert index.search(query, 5) == []
    assert index.scores(query).tolist() == [0.0] * len(corpus)


def test_equal_scores_are_in_the_order_of_the_chunks():
    hits = Lexical.build([["甲"]] * 30 + [["乙"]] * 5).search(["甲"], 4)
    assert [hit.chunk for hit in hits] == [0, 1, 2, 3]


@pytest.mark.parametrize("terms", [[], [[]], [[], []]])
def test_an_index_without_terms(terms, tmp_path):
    Lexical.build(terms).save(tmp_path / "lexical")
    index = Lexical.load(tmp_path / "lexical", len(terms))
    assert len(index) == len(terms)
    assert index.search(["甲"], 3) == []
    assert index.df("甲") == 0
    assert index.scores(["甲"]).shape == (len(terms),)


def test_the_last_term_of_the_vocabulary_can_be_asked_for():
    index = Lexical.build([["a", "b"], ["z"]])
    assert [hit.chunk for hit in index.search(["z"], 3)] == [1]


def test_equal_input_gives_equal_bytes(corpus, tmp_path):
    for name in ("one", "two"):
        Lexical.build(corpus).save(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) >= 4
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_coverage_is_the_share_of_what_bm25_could_give(index, corpus):
    query, chunks = ["工", "会", "工", "没有"], [59, 3, 3, 0]
    size = len(corpus)
    held = [sum(term in chunk for chunk in corpus) for term in query]
    most = sum(math.log(1 + (size - df + 0.5) / (df + 0.5)) for df in held)
    expected = np.array(oracle(corpus, query))[chunks] / most
    found = index.coverage(query, chunks)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, rel=1e-5)
    assert (found >= 0).all() and (found < 1).all()


def test_coverage_of_nothing(index):
    assert index.coverage(["没有"], [0, 1]).tolist() == [0, 0]
    assert index.coverage([], [0, 1]).tolist() == [0, 0]
    assert index.coverage(["工"], []).shape == (0,)
    assert Lexical.build([[], []]).coverage(["工"], [0, 1]).tolist() == [0, 0]
