"""Count words and build the Unigram tokenizer: Chinese words, single characters, numbers, English words and pieces."""

from __future__ import annotations

import itertools
import logging
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from charmap import compile_charsmap
from packs import fold, fold_table, read_pack, simplify
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

logger = logging.getLogger(__name__)

UNK = "[UNK]"
RUNS = r"\p{Han}+|[a-z]+|[0-9]+|\p{L}"
"""What the tokenizer keeps, after folding; punctuation and spaces carry no vector."""
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_LATIN = re.compile(r"[a-z]+")
_NUMBER = re.compile(r"[0-9]+")
_TRADITIONAL = {"drcd_dev", "drcd_train", "taipei_faq", "tw_gazette", "tw_gazette_titles", "roc_laws",
                "roc_laws_title"}  # fmt: skip

Counts = tuple[Counter[str], Counter[str], Counter[str]]


def training_texts(data: Path, every: int) -> Iterator[str]:
    """Simplified texts of the training packs for counting words; one in `every` of the long unlabelled packs."""
    for name, fields, step in (
        ("pairs_train", ("query", "passage"), 1),
        ("pairs_train_news", ("passage",), every),
        ("news_text", ("text",), 2 * every),
        ("law_text", ("text",), every),
        ("reader_train", ("question", "context"), 2),
        ("en_zh_pairs", ("en", "zh"), 2),
        ("en_zh_pairs_lctt", ("en", "zh"), 2),
    ):
        for row in itertools.islice(read_pack(data, name), 0, None, step):
            text = "\n".join(row[field] for field in fields)
            yield simplify(text) if row.get("source") in _TRADITIONAL | {"tatoeba"} else text


def _count(texts: list[str]) -> Counts:
    """Chinese words (jieba, no new-word guessing), English words and numbers of some texts."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    chinese: Counter[str] = Counter()
    english: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for text in texts:
        english.update(_LATIN.findall(fold(text)))
        numbers.update(_NUMBER.findall(fold(text)))
        for run in _HAN.findall(text):
            chinese.update(jieba.cut(run, HMM=False))
    folded: Counter[str] = Counter()
    for word, count in chinese.items():
        folded[fold(word)] += count
    return folded, english, numbers


def count_words(texts: Iterable[str], processes: int) -> Counts:
    """Word counts over all `texts` (Chinese, English, numbers), in folded form."""
    totals: Counts = (Counter(), Counter(), Counter())
    with ProcessPoolExecutor(processes) as pool:
        for counts in pool.map(_count, (list(block) for block in _batches(texts, 8000))):
            for total, part in zip(totals, counts, strict=True):
                total.update(part)
    return totals


def _batches(texts: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    iterator = iter(texts)
    while block := tuple(itertools.islice(iterator, size)):
        yield block


def _english_pieces(words: Counter[str], size: int) -> list[tuple[str, float]]:
    """Unigram pieces for English words outside the vocabulary (Kudo 2018, arXiv:1804.10959)."""
    tokenizer = Tokenizer(models.Unigram())
    trainer = trainers.UnigramTrainer(vocab_size=size, show_progress=False, unk_token=UNK, special_tokens=[UNK],
                                      max_piece_length=8)  # fmt: skip
    lines = (
        word for word, count in words.items() if count > 1 and len(word) < 25 for _ in range(min(count, 8))
    )
    tokenizer.train_from_iterator(lines, trainer)
    vocabulary = tokenizer.get_vocab()
    return [(piece, 0.0) for piece in vocabulary if piece != UNK and _LATIN.fullmatch(piece)]


def build_tokenizer(
    counts: Counts, chinese: int, english: int, pieces: int, numbers: int
) -> tuple[Tokenizer, list[float]]:
    """A tokenizer and its pieces' relative frequencies, piece id as index.

    `chinese`, `english`, `pieces` and `numbers` are how many words, word pieces and numbers to keep; every single
    character that was counted is kept too. Scores are log frequencies, so the Viterbi path is jieba's own criterion
    (the most probable cut), and text needs no segmentation from outside.
    """
    zh_words, en_words, number_words = counts
    total = sum(zh_words.values()) + sum(en_words.values())
    characters: Counter[str] = Counter()
    for word, count in zh_words.items():
        for char in word:
            characters[char] += count
    frequency: dict[str, float] = {char: max(zh_words[char], 1) / total for char in characters}
    kept = [(w, c) for w, c in zh_words.most_common() if 2 <= len(w) <= 4 and c >= 3][:chinese]
    kept += [(w, c) for w, c in en_words.most_common() if 2 <= len(w) <= 24 and c >= 3][:english]
    kept += [(w, c) for w, c in number_words.most_common() if len(w) <= 4][:numbers]
    frequency.update((word, count / total) for word, count in kept)
    scores = {piece: math.log(value) for piece, value in frequency.items()}
    for word, _ in _english_pieces(en_words, pieces):
        if word not in scores:
            frequency[word], scores[word] = 1e-5, -14.0
    for piece in "abcdefghijklmnopqrstuvwxyz0123456789":
        frequency.setdefault(piece, 1e-5)
        scores.setdefault(piece, -14.0)
        if not piece.isdigit():
            scores[piece] = -14.0
    vocabulary = [
        (UNK, -20.0),
        *sorted(((p, round(s, 2)) for p, s in scores.items()), key=lambda x: (-x[1], x[0])),
    ]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.Precompiled(compile_charsmap(fold_table()))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(RUNS), behavior="removed", invert=True)
    return tokenizer, [0.0, *(frequency[piece] for piece, _ in vocabulary[1:])]
