"""Make reading exercises out of plain text: a sentence becomes a question about one of its parts.

Chinese asks in place, so putting the question word where the answer stood makes a question (`覆盖企业9885家` →
`覆盖企业多少家`). Words are then dropped, exchanged for synonyms and moved, so that copying the sentence does not suffice, and
some rows lose their answer: its sentence is taken out of the passage, or a name, year or figure of the question is swapped.

Run: python train/synthesise.py --data ../shared/data --out build/reader/synthetic.pickle --rows 60000 --seed 0
"""

from __future__ import annotations

import argparse
import logging
import pickle
import random
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from packs import read_pack

from rag.text.fold import fold

logger = logging.getLogger("synthesise")


class Row(NamedTuple):
    """A question, a passage and the answer's span in it; `start` is -1 where the passage does not answer."""

    question: str
    passage: str
    start: int
    end: int


class Candidate(NamedTuple):
    """A part `[start, end)` of a sentence that can be asked for, with the words that ask for it."""

    start: int
    end: int
    asks: tuple[str, ...]
    kind: str


SENTENCE = re.compile(r"[^。!?;\n]+[。!?;\n]?”?")
_UNITS = "个|名|位|家|人|人次|项|件|场|次|条|万元|亿元|元|美元|公里|米|吨|平方米|平方公里|岁|年|天|小时|分钟|届|部|集|所|座|只|种|户|辆|台|套|亩|公斤|千米|厘米|英里|票|分|张|首|艘|架"
_DATE = re.compile(r"\d{4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{1,2}月\d{1,2}日|\d{2,4}世纪|公元前?\d+年")
_COUNT = re.compile(rf"(?:约|近|超过)?\d[\d,.]*[十百千万亿]*(?:多|余)?(?:{_UNITS})")
_PERCENT = re.compile(r"\d[\d.]*%|百分之[一二三四五六七八九十百]+")
_TITLE = re.compile(r"《([^《》]{2,20})》|“([^“”]{2,16})”")
_ORG = re.compile(r"[\u4e00-\u9fffa-z0-9]{2,12}(?:公司|集团|大学|学院|委员会|研究所|研究院|医院|银行|协会|部门|政府|法院|总局)")
_IS = re.compile(r"(?:^|,)([^,是为]{2,16}?(?:是|为|称为|叫做|位于|属于))([^,。!?;]{3,36})(?=[,。;!?]|$)")
_WHY = re.compile(r"(?:由于|因为|因|鉴于)([^,。]{4,30}),")
_LIST = re.compile(r"(?:包括|包含|有|分为|设有|例如|如)([^,。;]{1,10}(?:、[^,。;、]{1,10}){1,5}(?:[和及与][^,。;、]{1,10})?)(?:等|[,。;])")
_CLAUSE = re.compile(r"(?:,|^)([^,。;!?]{5,30})(?=[,。;]|$)")


def _asks_date(text: str) -> tuple[str, ...]:
    if re.fullmatch(r"\d{4}年", text):
        return ("哪一年", "哪年", "什么时候", "何时", "何年")
    return ("什么时候", "何时", "什么时间", "哪一天", "哪天", "几月几日")


def candidates(sentence: str) -> list[Candidate]:
    """What can be asked of a folded sentence: times, counts, titles, people, places, organisations, reasons, lists, clauses."""
    found = [Candidate(m.start(), m.end(), _asks_date(m[0]), "date") for m in _DATE.finditer(sentence)]
    for m in _COUNT.finditer(sentence):
        unit = re.sub(r"^(?:约|近|超过)?\d[\d,.]*[十百千万亿]*(?:多|余)?", "", m[0])
        if unit == "年" and re.search(r"\d{4}年", m[0]):
            continue
        found.append(Candidate(m.start(), m.end(), (f"多少{unit}", f"几{unit}", "多少"), "count"))
    found += [Candidate(m.start(), m.end(), ("多少", "百分之几", "百分之多少"), "count") for m in _PERCENT.finditer(sentence)]
    for m in _TITLE.finditer(sentence):
        inner = m.start() + 1, m.end() - 1
        found.append(Candidate(*(inner if m[0][0] == "“" else m.span()), ("什么", "哪部作品" if m[0][0] == "《" else "什么名字", "哪个"), "title"))
    for m in _ORG.finditer(sentence):
        kind = next((k for k in ("公司", "大学", "学院", "医院", "银行", "法院") if m[0].endswith(k)), "机构")
        found.append(Candidate(m.start(), m.end(), (f"哪个{kind}", f"哪家{kind}", f"什么{kind}", "谁"), "org"))
    for m in _IS.finditer(sentence):
        what = ("哪里", "什么地方", "哪") if m[1].endswith("位于") else ("什么", "什么样的", "谁")[: 2 if len(m[2]) > 6 else 3]
        found.append(Candidate(m.start(2), m.end(2), what, "is"))
    found += [Candidate(m.start(1), m.end(1), ("为什么", "什么原因", "为何"), "why") for m in _WHY.finditer(sentence)]
    found += [Candidate(m.start(1), m.end(1), ("哪些", "什么", "哪几种"), "list") for m in _LIST.finditer(sentence)]
    at = 0
    from rag.text.tokens import _segmenter

    for pair in _segmenter().posseg.dt.cut(sentence):
        end = at + len(pair.word)
        if pair.flag in ("nr", "nrt", "nrfg") and end - at >= 2:
            stop = end + len(re.match(r"(?:[·.][\u4e00-\u9fff]{1,6})*", sentence[end:])[0])  # type: ignore[index]
            found.append(Candidate(at, stop, ("谁", "哪位", "什么人", "谁"), "person"))
        elif pair.flag == "ns" and end - at >= 2:
            found.append(Candidate(at, end, ("哪里", "什么地方", "哪个地方", "何地", "哪个城市", "哪个国家"), "place"))
        elif pair.flag in ("n", "nz", "vn") and end - at >= 3:
            found.append(Candidate(at, end, ("什么", f"什么{pair.word[-2:]}", f"哪种{pair.word[-2:]}"), "noun"))
        at = end
    return found


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    text = (Path(__file__).parents[1] / "rag/data/synonyms.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        group = [] if line.startswith("#") else line.split()
        for word in group:
            table.setdefault(word, []).extend(w for w in group if w != word)
    return table


_FILLERS = re.compile(r"^(?:据悉|据介绍|目前|此外|同时|其中|另外|因此|而且|但是|而|并且|于是|后来|据了解|其|此|该|他|她|它)")
_HOLE = "\x00"


def _clauses(text: str, rng: random.Random) -> list[str]:
    """The clause with the hole and, by chance or where it says little, some of its neighbours."""
    clauses = [c for c in re.split(r"[,。;!?:]", text) if c.strip(" “”")]
    at = next((i for i, c in enumerate(clauses) if _HOLE in c), 0)
    kept = [clauses[at]]
    bare = len(re.sub(r"\W", "", clauses[at])) < 6
    if at and (bare or rng.random() < 0.45):
        kept.insert(0, clauses[at - 1])
        if at > 1 and (len(clauses[at - 1]) < 5 or rng.random() < 0.25):
            kept.insert(0, clauses[0])
    if at + 1 < len(clauses) and ((bare and not at) or rng.random() < 0.2):
        kept.append(clauses[at + 1])
    if len(kept) > 1 and rng.random() < 0.3:
        rng.shuffle(kept)
    return kept


def ask(sentence: str, hole: Candidate, rng: random.Random) -> str:
    """A question for the part `hole` of `sentence`, harder than the sentence with a question word in it."""
    from rag.text.tokens import _segmenter

    word = rng.choice(hole.asks)
    kept = _clauses(sentence[: hole.start] + _HOLE + sentence[hole.end :], rng)
    drop = rng.choice((0.0, 0.1, 0.2, 0.35))
    out: list[str] = []
    for clause in kept:
        before, hole_at, after = _FILLERS.sub("", clause).partition(_HOLE)
        words: list[str] = []
        for k, part in enumerate((before, after)):
            for token in _segmenter().cut(part):
                if token.isspace() or (rng.random() < drop and len(token) < 5):
                    continue
                swaps = _synonyms().get(token)
                words.append(rng.choice(swaps) if swaps and rng.random() < 0.35 else token)
            if k == 0 and hole_at:
                words.append(_HOLE)
        if len(words) > 3 and rng.random() < 0.15:
            i = rng.randrange(len(words) - 1)
            words[i], words[i + 1] = words[i + 1], words[i]
        out.append("".join(words))
    question = rng.choice((",", "", "")).join(out) if len(out) > 1 else "".join(out)
    if rng.random() < 0.3:  # the question word at the head or at the end
        rest = question.replace(_HOLE, "")
        if hole.kind in ("person", "org"):
            question = f"{_HOLE}{rest}"
        elif hole.kind in ("date", "place"):
            question = rng.choice((f"{_HOLE}{rest}", f"{rest}是{_HOLE}", f"{rest}是在{_HOLE}"))
        elif hole.kind != "count":
            question = f"{rest}{rng.choice(('是', '的是', ''))}{_HOLE}"
    return question.replace(_HOLE, word).strip(",、 ”“") + rng.choice(("?", "?", "", "呢?"))


def swapped(question: str, pool: dict[str, list[str]], rng: random.Random) -> str | None:
    """The question with a year, figure, place or name in it exchanged for another one; None where it has none."""
    spots = [c for c in candidates(question) if c.kind in ("date", "count", "person", "place", "org", "title") and not re.search("什么|哪|谁|多少|几|何", question[c.start : c.end])]
    spots += [Candidate(m.start(), m.end(), (), "year") for m in re.finditer(r"(?<!\d)(?:19|20)\d\d(?!\d)", question)]
    rng.shuffle(spots)
    for spot in spots:
        old = question[spot.start : spot.end]
        if spot.kind == "year":
            new = str(int(old) + rng.choice((-3, -2, -1, 1, 2, 5, 10)))
        else:
            new = rng.choice(pool[spot.kind]) if pool.get(spot.kind) else old
        if new not in old and old not in new:
            return question[: spot.start] + new + question[spot.end :]
    return None


def texts(data: Path) -> Iterator[tuple[str, bool]]:
    """Documents and whether they are encyclopaedic: contexts of the training questions (twice as useful), and news."""
    seen = set()
    for row in read_pack(data, "reader_train"):
        if row["source"] != "cmrc2018_trial" and row["context"] not in seen:
            seen.add(row["context"])
            yield row["context"], True
    for row in read_pack(data, "news_text"):
        yield row["text"], False


def _remember(sentence: str, found: list[Candidate], pool: dict[str, list[str]], rng: random.Random) -> None:
    """Keep the names and figures of a sentence to swap for others, 4,000 of a kind."""
    for c in found:
        if c.kind in ("date", "count", "person", "place", "org", "title"):
            names = pool.setdefault(c.kind, [])
            if len(names) < 4000:
                names.append(sentence[c.start : c.end])
            else:
                names[rng.randrange(4000)] = sentence[c.start : c.end]


def exercises(text: str, count: int, rng: random.Random, pool: dict[str, list[str]]) -> Iterator[Row]:
    """Up to `count` rows of one document."""
    spans = [m.span() for m in SENTENCE.finditer(text)]
    usable = [i for i, (a, b) in enumerate(spans) if 12 <= b - a <= 110]
    rng.shuffle(usable)
    for i in usable[:count]:
        a, b = spans[i]
        sentence = text[a:b]
        found = candidates(sentence)
        if not found:
            continue
        _remember(sentence, found, pool, rng)
        kinds = sorted({c.kind for c in found})
        kind = rng.choices(kinds, [{"noun": 0.5, "place": 0.8}.get(k, 1.0) for k in kinds])[0]
        hole = rng.choice([c for c in found if c.kind == kind])
        question = ask(sentence, hole, rng)
        if len(question) < 6:
            continue
        wanted = rng.choice((90, 150, 220, 300))
        first = last = i
        while spans[last][1] - spans[first][0] < wanted and (first > 0 or last + 1 < len(spans)):
            if first > 0 and (rng.random() < 0.5 or last + 1 == len(spans)):
                first -= 1
            elif last + 1 < len(spans):
                last += 1
        left, right = spans[first][0], spans[last][1]
        lot = rng.random()
        if lot < 0.1 and last > first:
            passage = text[left:a] + text[b:right]
            yield Row(question, passage, -1, -1)
        elif lot < 0.2 and (other := swapped(question, pool, rng)):
            yield Row(other, text[left:right], -1, -1)
        else:
            yield Row(question, text[left:right], a - left + hole.start, a - left + hole.end)


def synthesise(data: Path, rows: int, seed: int) -> list[Row]:
    """About `rows` exercises, a third of them encyclopaedic."""
    rng = random.Random(seed)
    pool: dict[str, list[str]] = {}
    wiki, news = [], []
    for text, encyclopaedic in texts(data):
        (wiki if encyclopaedic else news).append(text)
    rng.shuffle(wiki)
    rng.shuffle(news)
    made: list[Row] = []
    for documents, share in ((wiki, rows * 2 // 5), (news, rows - rows * 2 // 5)):
        part: list[Row] = []
        each = max(2, -(-share // max(1, len(documents))) + 2) if documents is wiki else 2
        for text in documents:
            part += exercises(fold(text), each, rng, pool)
            if len(part) >= share:
                break
        made += part
        logger.info("%d rows", len(made))
    rng.shuffle(made)
    return made


def main() -> None:
    """Write the rows as a pickle."""
    parser = argparse.ArgumentParser(description="Make reading exercises out of plain text.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("build/reader/synthetic.pickle"))
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    made = synthesise(options.data, options.rows, options.seed)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(pickle.dumps([tuple(row) for row in made], protocol=5))


if __name__ == "__main__":
    main()
