"""Tokenizer and word vectors of the reader: jieba's words up to three characters, counted and placed by their company."""

from __future__ import annotations

import itertools
import logging
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from charmap import compile_charsmap
from packs import read_pack
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from rag.text.fold import _data, fold

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
RUNS = r"\p{Han}+|[a-z]+|[^\s]"
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0002ebef]+")
_LATIN = re.compile(r"[a-z]+")


def corpus(data: Path, every: int) -> Iterator[str]:
    """Folded texts: contexts and questions of the reader's training rows, one in `every` news articles, some law."""
    seen = set()
    for row in read_pack(data, "reader_train"):
        if row["source"] == "cmrc2018_trial":
            continue
        yield fold(row["question"])
        if row["context"] not in seen:
            seen.add(row["context"])
            yield fold(row["context"])
    for row in itertools.islice(read_pack(data, "news_text"), 0, None, every):
        yield fold(row["text"])
    for row in itertools.islice(read_pack(data, "law_text"), 0, None, 10 * every):
        yield fold(row["text"])


def build_tokenizer(texts: list[str], words: int, latin: int) -> Tokenizer:
    """A Unigram tokenizer whose Viterbi path is jieba's criterion: words of 2 or 3 characters, every character seen."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    chinese: Counter[str] = Counter()
    english: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for text in texts:
        english.update(_LATIN.findall(text))
        for run in _HAN.findall(text):
            chinese.update(jieba.cut(run, HMM=False))
        others.update(c for c in text if not c.isspace() and not _HAN.match(c) and not "a" <= c <= "z")
    characters: Counter[str] = Counter()
    for word, count in chinese.items():
        for c in word:
            characters[c] += count
    total = sum(chinese.values())
    kept = {c: max(chinese[c], 1) for c, n in characters.items() if n >= 2}
    kept |= dict([(w, n) for w, n in chinese.most_common() if 2 <= len(w) <= 3 and n >= 4][:words])
    kept |= {c: n for c, n in others.items() if n >= 3}
    scores = {w: math.log(n / total) for w, n in kept.items()}
    scores |= {w: -9.0 for w, _ in [(w, n) for w, n in english.most_common() if 2 <= len(w) <= 14][:latin]}
    scores |= dict.fromkeys("abcdefghijklmnopqrstuvwxyz", -12.0)
    vocabulary = [*((s, -30.0) for s in SPECIAL), *sorted(((w, round(s, 2)) for w, s in scores.items()), key=lambda x: (-x[1], x[0]))]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    before, after, _ = _data()
    table = {ord(a): b for a, b in zip(before, after, strict=True) if ord(a) > 0x2E7F or a.isascii()}
    table |= {ord(c): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    tokenizer.normalizer = normalizers.Precompiled(compile_charsmap(table))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(RUNS), behavior="removed", invert=True)
    return tokenizer


def word_vectors(tokenizer: Tokenizer, texts: list[str], dim: int, seed: int) -> Floats:
    """`(vocabulary, dim)` float32 with unit root mean square a row: truncated SVD of shifted positive PMI.

    Contexts are the 3,000 commonest tokens at each of the positions -2, -1, 1, 2 (what kind of word it is) and the
    10,000 commonest within five (what it is about). Levy and Goldberg 2014, "Neural Word Embedding as Implicit
    Matrix Factorization"; Levy, Goldberg and Dagan 2015, sections 3 and 5.
    """
    from scipy import sparse
    from sklearn.utils.extmath import randomized_svd

    size = tokenizer.get_vocab_size()
    joined = [np.array(e.ids, np.int32) for block in _blocks(texts, 2000) for e in tokenizer.encode_batch(block, add_special_tokens=False)]
    gap = np.full(5, -1, np.int32)
    ids = np.concatenate([part for text in joined for part in (text, gap)])
    logger.info("%d tokens, %d unknown", len(ids), int((ids == 3).sum()))
    counts = np.bincount(ids[ids >= 0], minlength=size)
    order = np.argsort(-counts)
    near, wide = np.full(size + 1, -1), np.full(size + 1, -1)
    near[order[:3000]] = np.arange(3000)
    wide[order[:10_000]] = np.arange(10_000)
    blocks = []
    for shift in (-2, -1, 1, 2):
        blocks.append(_ppmi(_cooc(ids, near, (shift,), size, 3000)))
    blocks.append(_ppmi(_cooc(ids, wide, (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5), size, 10_000)))
    matrix = sparse.hstack(blocks).tocsr()
    logger.info("matrix %s, %d entries", matrix.shape, matrix.nnz)
    u, s, _ = randomized_svd(matrix, dim, n_iter=2, random_state=seed)
    vectors = (u * np.sqrt(s)).astype(np.float32)
    rng = np.random.default_rng(seed)
    scale = np.sqrt((vectors**2).mean(1, keepdims=True))
    vectors = vectors / np.maximum(scale, 1e-6) + 0.15 * rng.standard_normal(vectors.shape)
    vectors[counts < 3] = rng.standard_normal((int((counts < 3).sum()), dim))
    result: Floats = (vectors / np.sqrt((vectors**2).mean(1, keepdims=True))).astype(np.float32)
    return result


def _blocks(texts: list[str], size: int) -> Iterator[list[str]]:
    for i in range(0, len(texts), size):
        yield texts[i : i + size]


def _cooc(ids: Any, columns: Any, shifts: tuple[int, ...], size: int, width: int) -> Any:
    from scipy import sparse

    total = None
    for shift in shifts:
        a, b = (ids[:-shift], ids[shift:]) if shift > 0 else (ids[-shift:], ids[:shift])
        c = columns[b]
        good = (a >= 0) & (b >= 0) & (c >= 0)
        part = sparse.coo_matrix((np.full(int(good.sum()), 1.0 / abs(shift), np.float32), (a[good], c[good])), (size, width)).tocsr()
        total = part if total is None else total + part
    return total


def _ppmi(matrix: Any) -> Any:
    from scipy import sparse

    rows, cols = np.asarray(matrix.sum(1)).ravel(), np.asarray(matrix.sum(0)).ravel() ** 0.75
    cols = cols / cols.sum()
    coo = matrix.tocoo()
    values = np.log(coo.data / (rows[coo.row] * cols[coo.col])) - 0.7
    keep = values > 0
    return sparse.csr_matrix((values[keep].astype(np.float32), (coo.row[keep], coo.col[keep])), matrix.shape)
