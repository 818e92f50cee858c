"""Build the English-Chinese word lexicon: CC-CEDICT read backwards, joined with IBM Model 1 over parallel sentences.

Run: python train/lexicon.py --data ../shared/data --out rag/models/lexicon
"""

from __future__ import annotations

import argparse
import itertools
import logging
import lzma
import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from glosses import HAND, IRREGULAR, STOP, english_words, gerunds, keys, lemma, place
from ibm1 import align
from packs import Row, read_pack, simplify

logger = logging.getLogger("lexicon")

_HAN = re.compile(r"[\u3400-\u9fff]+")
_STOP_ZH = frozenset(
    [
        *"的了在是和与及或之其为于以有者等对将由至应得不这那我你他她它们也都就而但被把从到中上下一个您所并则很会要时该各前后内第条",
        *"项款吗呢吧着过给让使向又再还更最每某此如若且因即何能可需地",
        *(
            "我们",
            "你们",
            "他们",
            "一个",
            "一些",
            "这个",
            "那个",
            "这些",
            "那些",
            "所有",
            "可以",
            "如果",
            "因为",
            "所以",
        ),
        *("及其", "什么", "没有", "不是", "你的", "我的", "他的"),
    ]
)
Table = dict[str, dict[str, float]]


def _cut(texts: list[str]) -> list[list[str]]:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    cut = (jieba.cut(" ".join(_HAN.findall(simplify(text))), HMM=False) for text in texts)
    return [[word for word in dict.fromkeys(words) if word.strip() and word not in _STOP_ZH] for words in cut]


def sentences(data: Path, laws_step: int) -> tuple[list[str], list[str]]:
    """English and Chinese sides of the sentence pairs, one in `laws_step` of the Taiwan laws; no long ones."""
    taken: list[Row] = []
    laws = 0
    for row in itertools.chain(read_pack(data, "en_zh_pairs"), read_pack(data, "en_zh_pairs_lctt")):
        laws += row["source"] == "roc_laws"
        if row["source"] == "cc_cedict" or (row["source"] == "roc_laws" and laws % laws_step):
            continue
        if len(row["en"]) <= 280 and len(row["zh"]) <= 90:
            taken.append(row)
    return [row["en"] for row in taken], [row["zh"] for row in taken]


def model1(english: list[list[str]], chinese: list[list[str]], least: float) -> Table:
    """Words that translate each other in both directions: sqrt(t(z|e) t(e|z)) for pairs linked `least` times."""
    seen_en = Counter(itertools.chain.from_iterable(english))
    seen_zh = Counter(itertools.chain.from_iterable(chinese))
    known_en = {w: i for i, w in enumerate(w for w, c in seen_en.items() if c >= 3)}
    known_zh = {w: i for i, w in enumerate(w for w, c in seen_zh.items() if c >= 3)}
    left = [np.array([known_en[w] for w in words if w in known_en], np.int32) for words in english]
    right = [np.array([known_zh[w] for w in words if w in known_zh], np.int32) for words in chinese]
    names_en, names_zh = list(known_en), list(known_zh)
    forward = align(left, right)
    logger.info("model 1, English to Chinese: %d pairs of words", len(forward.source))
    backward = align(right, left)
    reverse = zip(backward.target.tolist(), backward.source.tolist(), strict=True)
    back = dict(zip(reverse, backward.probability.tolist(), strict=True))
    table: Table = defaultdict(dict)
    kept = (forward.count >= least) & (forward.probability >= 0.02)
    columns = (
        forward.source[kept].tolist(),
        forward.target[kept].tolist(),
        forward.probability[kept].tolist(),
    )
    for e, z, p in zip(*columns, strict=True):
        score = math.sqrt(p * back.get((e, z), 0.0))
        if score >= 0.02:
            table[names_en[e]][names_zh[z]] = score
    return table


def _singular(key: str, known: frozenset[str]) -> str:
    head, _, last = key.rpartition(" ")
    return f"{head} {lemma(last, known)}".strip()


def dictionary(data: Path, frequency: Mapping[str, int], known: frozenset[str]) -> Table:
    """CC-CEDICT by English sense; commoner Chinese words and earlier senses weigh more."""
    table: Table = defaultdict(dict)
    order: Counter[str] = Counter()
    for row in read_pack(data, "en_zh_pairs"):
        word = row["zh"]
        if row["source"] != "cc_cedict" or not _HAN.fullmatch(word) or len(word) > 8:
            continue
        order[word] += 1
        for key in (_singular(key, known) for key in keys(row["en"])):
            exact = 1.0 if key == row["en"].lower().removeprefix("to ") else 0.4
            weight = exact * (1 + frequency.get(word, 0)) ** 0.7 / order[word] ** 0.5
            table[key][word] = max(table[key].get(word, 0.0), weight)
            if row["en"] == f"to {key}":
                for form in known.intersection(gerunds(key)):
                    table[form].setdefault(word, weight / 3)
        if named := place(row["en"], word):
            table[named[0]].setdefault(named[1], (1 + frequency.get(named[1], 0)) ** 0.7)
    return table


def _shares(scores: Mapping[str, float]) -> dict[str, float]:
    total = sum(scores.values())
    return {word: score / total for word, score in scores.items()}


def join(statistical: Table, cedict: Table, frequency: Mapping[str, int], most: int = 6) -> Table:
    """Mean of the two sources' shares, half as much again for words that both give; best `most`, shares of one.

    The sentence pairs are largely Taiwan law, so their words are weighed by how common each is in Mainland news
    (`frequency`): 合同 before 契约, 工资 before 薪资.
    """
    joined: Table = {}
    for key in {*statistical, *cedict}:
        if key in STOP:
            continue
        book = _shares(cedict.get(key, {}))
        trusted = {w: score for w, score in statistical.get(key, {}).items() if w in book or score >= 0.08}
        linked = {w: score * (1 + frequency.get(w, 0)) ** 0.5 for w, score in trusted.items()}
        model = _shares(linked)
        scores = {
            word: (model.get(word, 0.0) + book.get(word, 0.0))
            * (1.5 if word in model and word in book else 1.0)
            for word in {*model, *book}
        }
        best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:most]
        if best:
            joined[key] = _shares({word: score for word, score in best if score >= 0.12 * best[0][1]})
    return joined


def write(table: Table, path: Path) -> None:
    """Rows `english TAB chinese:probability …`, best first, sorted by key; xz."""
    lines = []
    for key, scores in sorted(table.items()):
        columns = (f"{word}:{score:.2f}" for word, score in scores.items() if score >= 0.015)
        lines.append("\t".join([key, *columns]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        lzma.compress("".join(line + "\n" for line in lines).encode(), preset=9 | lzma.PRESET_EXTREME)
    )


def main() -> None:
    """Build, write and show a few rows."""
    parser = argparse.ArgumentParser(description="Build the English-Chinese lexicon.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of data packs")
    parser.add_argument("--out", type=Path, default=Path("rag/models/lexicon"))
    parser.add_argument("--laws-step", type=int, default=8, help="use one in N of the Taiwan law sentences")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)d ms %(message)s")
    began = time.monotonic()
    english, chinese = sentences(options.data, options.laws_step)
    blocks = [chinese[start : start + 5000] for start in range(0, len(chinese), 5000)]
    with ProcessPoolExecutor(options.processes) as pool:
        words_zh = list(itertools.chain.from_iterable(pool.map(_cut, blocks)))
        news = itertools.islice(read_pack(options.data, "news_text"), 0, None, 16)
        frequency: Counter[str] = Counter()
        for words in pool.map(_cut, [[row["text"]] for row in news], chunksize=200):
            frequency.update(words[0])
    logger.info("%d sentence pairs cut", len(words_zh))
    words_en = [english_words(text) for text in english]
    known = frozenset(itertools.chain.from_iterable(words_en))
    words_en = [list(dict.fromkeys(lemma(word, known) for word in words)) for words in words_en]
    table = join(model1(words_en, words_zh, least=2.5), dictionary(options.data, frequency, known), frequency)
    table.update(HAND)
    table.update({form: table[base] for form, base in IRREGULAR.items() if base in table})
    path = options.out / "en_zh.tsv.xz"
    write(table, path)
    logger.info("%d keys, %d bytes, %.0f s", len(table), path.stat().st_size, time.monotonic() - began)


if __name__ == "__main__":
    main()
