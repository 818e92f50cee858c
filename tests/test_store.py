"""Vectors against an exact oracle, the corpus file, the manifest, and what a snapshot says when something is wrong."""

import json
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.config import Settings
from rag.errors import ConfigError, IndexCorrupt, InputError, ModelMismatch, NoIndex
from rag.index.build import build
from rag.store import Snapshot, kinds
from rag.store import vectors as dense
from rag.store.corpus import Corpus, CorpusWriter
from rag.store.kinds import KINDS
from rag.store.manifest import Manifest
from rag.types import Chunk, Document, Edit, Part, Period, Sentence

from .index_kit import SETTINGS, HashEmbedder, pipeline, write


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def clustered(n, dim=24, seed=0):
    """Points round 20 centres, as text embeddings lie, and queries near some of them."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(20, dim))
    points = unit(centres[random.integers(20, size=n)] + 0.4 * random.normal(size=(n, dim)))
    queries = unit(points[random.integers(n, size=25)] + 0.1 * random.normal(size=(25, dim)))
    return points, queries


def oracle(points, query, k, allowed=None):
    """Exact, in float64; (number, score) by score, equal vectors by number."""
    scores = (points.astype(np.float64) @ query.astype(np.float64)).round(7)
    numbers = np.arange(len(points)) if allowed is None else np.flatnonzero(allowed)
    best = sorted(numbers.tolist(), key=lambda n: (-scores[n], n))[:k]
    return best, [scores[n] for n in best]


def opened(points, kind, folder):
    dense.build(points, kind, folder)
    return dense.Vectors(folder, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("masked", [False, True])
def test_ids_and_scores_are_those_of_the_oracle(kind, masked, tmp_path):
    points, queries = clustered(2000)
    allowed = np.random.default_rng(1).random(2000) < 0.3 if masked else None
    vectors = opened(points, kind, tmp_path)
    same = 0
    for query in queries:
        hits = vectors.search(query, 10, allowed)
        numbers, scores = oracle(points, query, 10, allowed)
        assert [hit.score for hit in hits] == pytest.approx([float(points[hit.chunk] @ query) for hit in hits], abs=1e-6)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert len({hit.chunk for hit in hits}) == 10
        same += len({hit.chunk for hit in hits} & set(numbers))
        if kind == "flat" or masked:  # exact ones
            assert [hit.chunk for hit in hits] == numbers
            assert [hit.score for hit in hits] == pytest.approx(scores, abs=1e-6)
    assert same / (10 * len(queries)) >= (1.0 if kind == "flat" or masked else 0.97)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wide_mask_is_handed_to_the_index(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(dense, "FLAT_MAX", 100)  # so that 600 allowed rows are too many for a scan
    points, queries = clustered(1200)
    allowed = np.arange(1200) % 2 == 0
    vectors = opened(points, kind, tmp_path)
    monkeypatch.setattr(dense, "_nearest", None)  # would be called by a scan
    same = 0
    for query in queries:
        hits = vectors.search(query, 10, allowed)
        assert all(allowed[hit.chunk] for hit in hits)
        assert [hit.score for hit in hits] == pytest.approx([float(points[hit.chunk] @ query) for hit in hits], abs=1e-6)
        same += len({hit.chunk for hit in hits} & set(oracle(points, query, 10, allowed)[0]))
    assert same / (10 * len(queries)) >= 0.97


@pytest.mark.parametrize("kind", KINDS)
def test_equal_vectors_tie_by_number(kind, tmp_path):
    points = np.repeat(unit(np.random.default_rng(0).normal(size=(3, 8))), 40, axis=0)
    hits = opened(points, kind, tmp_path).search(points[50], 7)
    assert [hit.chunk for hit in hits] == list(range(40, 47))
    assert len({hit.score for hit in hits}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_more_asked_for_than_there_is(kind, tmp_path):
    points, queries = clustered(5)
    hits = opened(points, kind, tmp_path).search(queries[0], 50)
    assert [hit.chunk for hit in hits] == oracle(points, queries[0], 50)[0]
    assert len(hits) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_no_vectors_at_all(kind, tmp_path):
    vectors = opened(np.zeros((0, 8), np.float32), kind, tmp_path)
    assert vectors.search(np.ones(8, np.float32), 3) == []
    assert vectors.matrix.shape == (0, 8)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_allowed_and_nothing_asked(kind, tmp_path):
    points, queries = clustered(50)
    vectors = opened(points, kind, tmp_path)
    assert vectors.search(queries[0], 5, np.zeros(50, np.bool_)) == []
    assert vectors.search(queries[0], 0) == []


def test_a_vector_of_another_length_names_both(tmp_path):
    points, _ = clustered(10)
    with pytest.raises(ModelMismatch, match=r"24 .* 8"):
        opened(points, "flat", tmp_path).search(np.ones(8, np.float32), 3)


def test_the_index_type_follows_the_size_unless_set():
    assert [kinds.choose("auto", n) for n in (0, kinds.FLAT_MAX, kinds.FLAT_MAX + 1, 10_000_000)] == [
        "flat", "flat", "rabitq", "rabitq"]
    assert [kinds.choose(kind, 3) for kind in KINDS] == list(KINDS)


def test_every_kind_can_be_set_and_no_other():
    assert [Settings(index_type=kind).index_type for kind in ("auto", *KINDS)] == ["auto", *KINDS]
    with pytest.raises(ConfigError, match="ivfpq or rabitq"):
        Settings(index_type="annoy")


@pytest.mark.parametrize("kind", KINDS)
def test_a_filter_that_lies_away_from_the_query_still_finds_all_it_asks_for(kind, tmp_path, monkeypatch):
    """The lists and links near the query hold none of the allowed rows, so more of the index has to be looked at."""
    monkeypatch.setattr(dense, "FLAT_MAX", 20)
    points, _ = clustered(3000)
    query = points[7]
    allowed = np.zeros(3000, np.bool_)
    allowed[np.argsort(points @ query)[:150]] = True  # the farthest ones
    hits = opened(points, kind, tmp_path).search(query, 10, allowed)
    assert len(hits) == 10
    assert all(allowed[hit.chunk] for hit in hits)
    best, least = oracle(points, query, 10, allowed)[0], {"flat": 10, "hnsw": 0}.get(kind, 5)
    assert len({hit.chunk for hit in hits} & set(best)) >= least


def test_codes_are_small_and_the_vectors_stay_beside_them(tmp_path):
    points, _ = clustered(kinds.PQ_TRAIN_MIN, dim=128)
    sizes = {}
    for kind in KINDS:
        (tmp_path / kind).mkdir()
        dense.build(points, kind, tmp_path / kind)
        sizes[kind] = (tmp_path / kind / dense.DENSE).stat().st_size
        assert np.array_equal(np.load(tmp_path / kind / dense.VECTORS), points)
    assert sizes["rabitq"] < sizes["ivfpq"] < sizes["flat"] / 3 < sizes["ivf"] < sizes["hnsw"]


def test_a_build_takes_as_many_threads_as_it_may(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert dense._threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "0")
    assert dense._threads() >= 1


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
periods = st.none() | st.builds(lambda a, b: Period(min(a, b), max(a, b)), st.integers(1900, 2100), st.integers(1900, 2100))
documents = st.builds(Document, st.just("名 1.txt"), texts, texts, texts, st.none() | texts, st.tuples(st.integers(0, 9)),
                      st.none() | texts)
parts = st.lists(st.builds(
    Part, texts, texts, st.tuples(st.builds(Edit, st.integers(0, 9), st.integers(0, 9), texts, texts)),
    st.lists(st.builds(Sentence, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.tuples(texts, texts), periods,
                       st.booleans(), st.tuples(texts)), max_size=3).map(tuple),
    st.none() | texts, periods, st.none() | texts, st.none() | texts, st.none() | texts), max_size=3)
chunks = st.lists(st.builds(Chunk, st.just("名 1.txt"), st.just(0), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9),
                            st.integers(0, 9), texts, texts, periods, st.tuples(texts)), max_size=3)


@settings(max_examples=50, deadline=None)
@given(documents, parts, chunks)
def test_the_corpus_gives_back_what_was_put_in(tmp_path_factory, document, given_parts, given_chunks):
    folder = tmp_path_factory.mktemp("corpus#1? %")  # characters that an URL would stumble over
    writer = CorpusWriter(folder)
    writer.add(document, given_parts, given_chunks, [b"k%d" % n for n in range(len(given_chunks))])
    writer.close(commit=True)
    corpus = Corpus(folder)
    assert corpus.document("名 1.txt") == document
    assert corpus.parts("名 1.txt") == given_parts
    assert corpus.chunks("名 1.txt") == given_chunks == [corpus.chunk(n) for n in range(len(given_chunks))]
    assert corpus.keys() == {b"k%d" % n: n for n in range(len(given_chunks))}
    corpus.close()


@pytest.fixture
def home(tmp_path):
    docs = write(tmp_path / "docs", 甲="甲一。\n甲二。\n", 乙="乙一。\n")
    build([docs], home=tmp_path, settings=SETTINGS, embedder=HashEmbedder(), pipeline=pipeline())
    return tmp_path


def test_a_snapshot_answers_by_name_and_number(home):
    snapshot = Snapshot.open(home)
    assert snapshot.generation == "000001"
    assert len(snapshot) == 2
    assert [info.source for info in snapshot.sources()] == ["乙.txt", "甲.txt"]
    assert snapshot.document("甲.txt").raw == "甲一。\n甲二。\n"
    assert snapshot.part("甲.txt", 0).sentences[1].start == 4
    assert snapshot.chunk(1).text == "甲一。\n甲二。"
    assert snapshot.df("甲") == 1
    assert snapshot.df("。") == 2
    assert snapshot.df("无") == 0


def test_searches_take_a_mask_or_numbers(home):
    snapshot, vector = Snapshot.open(home), HashEmbedder().encode_queries(["x"])[0]
    assert {hit.chunk for hit in snapshot.search_dense(vector, 5)} == {0, 1}
    for allowed in ([1], {1}, np.array([False, True]), np.array([1])):
        assert [hit.chunk for hit in snapshot.search_dense(vector, 5, allowed)] == [1]
        assert [hit.chunk for hit in snapshot.search_lexical(["。"], 5, allowed)] == [1]
    assert snapshot.search_dense(vector, 5, []) == snapshot.search_lexical(["。"], 5, []) == []


@pytest.mark.parametrize("ask", [
    lambda s: s.document("丙.txt"), lambda s: s.part("甲.txt", 7), lambda s: s.part("丙.txt", 0), lambda s: s.chunk(99)])
def test_what_is_not_there_is_an_input_error(home, ask):
    with pytest.raises(InputError):
        ask(Snapshot.open(home))


def test_many_threads_share_a_snapshot(home):
    snapshot, failures = Snapshot.open(home), []
    vector = HashEmbedder().encode_queries(["x"])[0]

    def work():
        try:
            for _ in range(50):
                snapshot._chunk.cache_clear()
                assert snapshot.chunk(1).source == "甲.txt"
                assert len(snapshot.search_dense(vector, 2)) == len(snapshot.search_lexical(["。"], 2)) == 2
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_no_index_says_what_to_run(tmp_path):
    with pytest.raises(NoIndex, match="zhiyin index"):
        Snapshot.open(tmp_path)


def test_a_generation_that_is_not_there_is_named(home):
    with pytest.raises(NoIndex, match=r"000009.*000001"):
        Snapshot.open(home, "000009")


def test_another_model_is_named_with_the_one_of_the_index(home):
    snapshot = Snapshot.open(home)
    snapshot.require(HashEmbedder())
    with pytest.raises(ModelMismatch, match=r"'hash'.*'other'"):
        snapshot.require(HashEmbedder("other"))


def test_another_format_names_both(home):
    path = home / "index/generations/000001/manifest.json"
    body = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(body | {"format": 77}), "utf-8")
    with pytest.raises(ModelMismatch, match=r"format 77.*format 3"):
        Snapshot.open(home)


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"format": 3}', None])
def test_a_damaged_manifest_is_corrupt(home, damage):
    path = home / "index/generations/000001/manifest.json"
    path.write_text(path.read_text("utf-8").replace("甲", "丁") if damage is None else damage, "utf-8")
    with pytest.raises(IndexCorrupt):
        Snapshot.open(home)


@pytest.mark.parametrize("name", ["vectors.npy", "dense.faiss", "corpus.sqlite", "lexical/vocab.index.json", "manifest.json"])
def test_a_missing_or_short_file_is_corrupt(home, name):
    path = home / "index/generations/000001" / name
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(IndexCorrupt):
        Snapshot.open(home)
    path.unlink()
    with pytest.raises(IndexCorrupt):
        Snapshot.open(home)


def test_the_manifest_tells_what_the_index_is_made_of(home):
    folder = home / "index/generations/000001"
    manifest = Manifest.read(folder)
    assert manifest.counts == {"documents": 2, "parts": 2, "sentences": 3, "chunks": 2}
    assert manifest.model.name == "hash"
    assert manifest.model.dim == 8
    assert (manifest.metric, manifest.index, manifest.format) == ("inner-product", "flat", 3)
    assert list(manifest.documents) == ["乙.txt", "甲.txt"]
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert on_disk == {*manifest.files, "manifest.json"}
