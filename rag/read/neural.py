"""The bundled reader model: finds the answer span in passages, or says that there is none.

A small transformer over words (`rag/models/reader`), trained from nothing by `train/reader.py`. What a reader learns
last by itself, exact match, it is told: every token carries a mark that says how long a run of the question's characters it
is part of, how much of the question its sentence and its surroundings hold, and what kind of thing is asked for (the
aligned and exact-match features of DrQA: Chen et al. 2017, section 3.2). The marks stand in the model's position table; the order
of the tokens is in its relative attention bias.

torch and transformers are imported when a model is loaded, not before.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..text.fold import fold

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

KINDS = (
    r"什么(时候|时间|时期|年代|日子)|何时|哪(一)?(年|天|日|月|个?时)|几(年|月|日|号|点|时)|何年|哪个?(世纪|年代|朝代)|多久|多长时间|when",
    r"哪里|哪儿|何(处|地)|什么(地方|地区|位置|城市|国家)|哪(一)?(个|座|些)?(地方|地区|国|省|市|县|区|城|州|岛|洲)|where|位于",
    r"谁|哪(一)?位|什么人|何人|哪(一)?(个|些)人|who",
    r"百分之(几|多少)|多少|几(?!乎)|多(大|高|长|重|远|宽|深|快)|how (many|much)",
    r"为什么|为何|什么原因|原因|何故|缘故|why|因何|目的|怎么会",
    r"怎(么|样)|如何|how|什么(样|方式|方法)",
    r"哪些|哪(两|二|三|四|五|六|七|八|九|十|几)|有什么|分别",
    r"哪(一)?(个|家|所|种|部|本|项|支|届|队|座|首|间|场|次|条|款|类|场)?|which|何种",
    r"什么|何|啥|what",
)
"""Question kinds, first match counts: when, where, who, how many, why, how, list, which, what; then all the rest."""
_KIND_OF = [re.compile(kind) for kind in KINDS]
_ASKING = re.compile(
    "百分之几|为什么|为何|什么|多少|哪[里儿些个年位家种]?|何时|何处|何地|何人|谁|怎么样|怎样|怎么|如何|请问|呢|吗|几[个名位家年月日]?"
)
_STOP = frozenset("的是在了和与有为于由被从到以及其该这那之等上下中个也都而或对把将所")
_FIGURE = re.compile(r"\d+|[a-z]+")
_SENTENCE = re.compile(r"[^。!?;\n]*[。!?;\n]?")

MATCH, RANK, NEAR, COVER, KIND = 5, 5, 4, 4, len(KINDS) + 1
CLS, PAD, SEP, UNK = 0, 1, 2, 3
_QUESTION = 2  # first row of the question's marks; rows 0 and 1 stay free and for padding
_CLS_ROW = _QUESTION + MATCH * KIND
_SEP_ROW = _CLS_ROW + COVER * KIND
_PASSAGE = _SEP_ROW + 1
MARKS = _PASSAGE + MATCH * RANK * NEAR * COVER * KIND
"""Rows of the position table."""


class SpanAnswer(NamedTuple):
    """The best span of a passage: `passage[start:end] == text`.

    `score` is the log-odds that the passage answers, with the answer as likely to be there as not beforehand (higher is
    better, comparable between passages); `no_answer` is the probability that goes with it.
    """

    start: int
    end: int
    text: str
    score: float
    no_answer: float


class Encoded(NamedTuple):
    """A question with a passage as the model sees it: `ids`, `marks`, and the passage's token offsets from token `first` on."""

    ids: list[int]
    marks: list[int]
    offsets: list[tuple[int, int]]
    first: int


def kind_of(question: str) -> int:
    """Number of the question's kind (see KINDS) in folded text.

    >>> kind_of("范廷颂是什么时候被任为主教的?"), kind_of("多少家企业")
    (0, 3)
    """
    return next((i for i, kind in enumerate(_KIND_OF) if kind.search(question)), len(KINDS))


def _plain(asked: str) -> str:
    """A folded question with blanks for its question words."""
    return _ASKING.sub(lambda m: " " * len(m[0]), asked)


def _runs(source: str, text: str) -> list[int]:
    """For each character of `text` the length, up to 4, of the longest run of `source` that it is part of."""
    levels = [0] * len(text)
    for n in (1, 2, 3, 4):
        grams = {source[i : i + n] for i in range(len(source) - n + 1)}
        grams = {g for g in grams if (g not in _STOP if n == 1 else True) and all(c == "_" or c.isalnum() for c in g)}
        if not grams:
            break
        for i in range(len(text) - n + 1):
            if text[i : i + n] in grams:
                levels[i : i + n] = [n] * n
    return levels


def _sentences(text: str) -> list[tuple[int, int]]:
    return [m.span() for m in _SENTENCE.finditer(text) if m.end() > m.start()] or [(0, len(text))]


class _Passage(NamedTuple):
    levels: list[int]
    rows: list[int]  # per character: rank, nearness and coverage as one number
    cover: int


def _look(asked: str, text: str) -> _Passage:
    """Marks of every character of a folded passage against a question without its question words."""
    levels = _runs(asked, text)
    spans = _sentences(text)
    sentences = [text[a:b] for a, b in spans]
    grams = {asked[i : i + 2]: 1.0 for i in range(len(asked) - 1) if asked[i : i + 2].isalnum()}
    grams |= {c: 0.5 for c in asked if c.isalnum() and c not in _STOP}
    held = [[g in s for s in sentences] for g in grams]
    weights = [worth * math.log(1 + len(sentences) / (sum(h) or 0.5)) for worth, h in zip(grams.values(), held, strict=True)]
    total = sum(weights) or 1.0
    cover = [sum(w for w, h in zip(weights, held, strict=True) if h[j]) / total for j in range(len(sentences))]
    order = sorted(range(len(cover)), key=lambda j: -cover[j])
    rank = [4] * len(cover)
    for place, j in enumerate(order):
        rank[j] = 4 if cover[j] <= 0 else min(place, 3)
    strong = np.cumsum([0, *(level >= 2 for level in levels)])
    at = np.arange(len(text))
    near = strong[np.minimum(at + 16, len(text))] - strong[np.maximum(at - 15, 0)]
    near = np.digitize(near / max(4, sum(c.isalnum() for c in asked)), (1e-6, 0.3, 0.6))
    rows: list[int] = []
    for (a, b), r, c in zip(spans, rank, cover, strict=True):
        level = _cover_bin(c)
        rows += [(r * NEAR + int(n)) * COVER + level for n in near[a:b]]
    return _Passage(levels, rows, _cover_bin(max(cover)))


def _cover_bin(share: float) -> int:
    return (share >= 0.2) + (share >= 0.35) + (share >= 0.5)


class Encoder:
    """Turns questions and passages into ids and marks with the model's `tokenizers.Tokenizer`."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def encode(self, question: str, passages: Sequence[str], longest_question: int = 48) -> list[Encoded]:
        """One `Encoded` a passage; nothing is cut off but a question of more than `longest_question` tokens."""
        asked = fold(question)
        kind = kind_of(asked)
        plain = _plain(asked)
        texts = [fold(p) for p in passages]
        first, *others = self._tokenizer.encode_batch([asked, *texts], add_special_tokens=False)
        q_ids = first.ids[:longest_question]
        q_offsets = first.offsets[:longest_question]
        out = []
        for text, encoding in zip(texts, others, strict=True):
            look = _look(plain, text)
            back = _runs(text, plain)
            ids = [CLS, *q_ids, SEP, *encoding.ids, SEP]
            marks = [_CLS_ROW + look.cover * KIND + kind]
            marks += [_QUESTION + max(back[a:b], default=0) * KIND + kind for a, b in q_offsets]
            marks.append(_SEP_ROW)
            for a, b in encoding.offsets:
                level = max(look.levels[a:b], default=0)
                marks.append(_PASSAGE + (level * RANK * NEAR * COVER + look.rows[a]) * KIND + kind)
            marks.append(_SEP_ROW)
            out.append(Encoded(ids, marks, encoding.offsets, len(q_ids) + 2))
        return out


LONGEST = 40  # tokens of an answer
_EDGES = " ,。;:、!?\n\u3000，；：！？"


def best_spans(starts: Floats, ends: Floats, enc: Encoded) -> tuple[int, int, float]:
    """The best span of the passage in characters, and its log-odds against no answer.

    Start and end are chosen together, at most `LONGEST` tokens apart; `starts` and `ends` are the model's scores.
    """
    n = len(enc.offsets)
    if not n:
        return 0, 0, -math.inf
    s, e = starts[enc.first : enc.first + n], ends[enc.first : enc.first + n]
    sums = s[:, None] + e[None, :]
    sums[np.tril_indices(n, -1)] = -np.inf
    sums[np.triu_indices(n, LONGEST)] = -np.inf
    first, last = divmod(int(np.argmax(sums)), n)
    score = float(sums[first, last] - starts[0] - ends[0])
    return enc.offsets[first][0], enc.offsets[last][1], score


class Weights(NamedTuple):
    """Logistic regression from the span's log-odds and the doubts of `doubts` to whether the passage answers.

    Fitted on CMRC's trial set by `train/reader_evaluate.py`; as it stands, the network's own log-odds.
    """

    span: float = 1.0
    strange: float = 0.0
    loose: float = 0.0
    loose_here: float = 0.0
    figure: float = 0.0
    offset: float = 0.0


def doubts(question: str, passage: str, start: int, end: int) -> tuple[float, float, float, float]:
    """What of a question the passage lacks, whatever the network says of it, for an answer at `[start, end)`.

    Four shares between 0 and 1: of the question's characters that do not occur in the passage; that occur in it only
    singly; that occur only singly near the answer's sentence; and 1.0 where one of its figures or Latin words is missing.

    >>> doubts("2021年工会有多少会员?", "2022年工会有会员9人。", 10, 12)[3]
    1.0
    """
    asked, text = _plain(fold(question)), fold(passage)
    first = max(text.rfind(mark, 0, start) for mark in "。!?;\n") + 1
    last = min((at for mark in "。!?;\n" if (at := text.find(mark, end)) >= 0), default=len(text))
    whole = [n for c, n in zip(asked, _runs(text, asked), strict=True) if c.isalnum() and c not in _STOP]
    near = _runs(text[max(0, first - 40) : last + 10], asked)
    here = [n for c, n in zip(asked, near, strict=True) if c.isalnum() and c not in _STOP]
    count = len(whole) or 1
    missing = any(figure not in text for figure in _FIGURE.findall(asked))
    return sum(n == 0 for n in whole) / count, sum(n <= 1 for n in whole) / count, sum(n <= 1 for n in here) / count, float(missing)


BATCH = 4096  # tokens that go through the network together
_WINDOW, _OVERLAP = 700, 120  # characters of a passage looked at in one piece, and how much two pieces share


def windows(text: str) -> list[tuple[int, int]]:
    """Pieces of a long passage, cut where sentences end if they do; the passage itself where it is short enough.

    >>> windows("短。")
    [(0, 2)]
    """
    if len(text) <= _WINDOW + _OVERLAP:
        return [(0, len(text))]
    pieces = []
    start = 0
    while True:
        stop = min(len(text), start + _WINDOW)
        if stop < len(text):
            cut = max(text.rfind(mark, start + _WINDOW // 2, stop) for mark in "。!?;！？；\n")
            stop = cut + 1 if cut > 0 else stop
        pieces.append((start, stop))
        if stop == len(text):
            return pieces
        start = max(start + 1, stop - _OVERLAP)


class SpanReader:
    """The bundled reader model. Loading is lazy; `score` may be called from several threads.

    >>> reader = SpanReader()  # doctest: +SKIP
    >>> reader.score("覆盖企业多少家?", ["截至目前,覆盖企业9885家。"])[0].text  # doctest: +SKIP
    '9885家'
    """

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` holds a model made by `train/reader.py`; without it the one in the package is used."""
        self.folder = folder or bundled()
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Encoder, Weights] | None = None

    def _load(self) -> tuple[Any, Encoder, Weights]:
        with self._lock:
            if self._loaded is None:
                import torch
                from tokenizers import Tokenizer
                from transformers import AutoModelForQuestionAnswering
                from transformers.utils import logging

                logging.disable_progress_bar()
                model = AutoModelForQuestionAnswering.from_pretrained(self.folder, local_files_only=True, dtype=torch.float32)
                path = self.folder / "calibration.json"
                weights = Weights(**json.loads(path.read_text(encoding="utf-8"))["weights"]) if path.is_file() else Weights()
                self._loaded = model.eval(), Encoder(Tokenizer.from_file(str(self.folder / "tokenizer.json"))), weights
            return self._loaded

    def score(self, question: str, passages: Sequence[str]) -> list[SpanAnswer]:
        """The best span of each passage, in the order given; `passages` may hold texts of any length.

        An empty passage gets an empty span, a score of minus infinity and a `no_answer` of 1.
        """
        model, encoder, weights = self._load()
        pieces = [(i, a, b) for i, passage in enumerate(passages) for a, b in windows(passage)]
        encoded = encoder.encode(question, [passages[i][a:b] for i, a, b in pieces])
        best: list[tuple[float, int, int]] = [(-math.inf, 0, 0)] * len(passages)
        for group in _groups([len(enc.ids) for enc in encoded]):
            starts, ends = _run(model, [encoded[k] for k in group])
            for row, k in enumerate(group):
                i, at, _ = pieces[k]
                first, last, score = best_spans(starts[row], ends[row], encoded[k])
                best[i] = max(best[i], (score, at + first, at + last))
        out = []
        for passage, (odds, start, end) in zip(passages, best, strict=True):
            first, last = _trimmed(passage, start, end)
            if odds > -math.inf:
                values = (odds, *doubts(question, passage, first, last), 1.0)
                score = sum(weight * value for weight, value in zip(weights, values, strict=True))
            else:
                score = odds
            out.append(SpanAnswer(first, last, passage[first:last], score, _chance(-score)))
        return out


def _chance(odds: float) -> float:
    """The probability of log-odds, without overflow."""
    return 1 / (1 + math.exp(-odds)) if odds > -500 else 0.0


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[end - 1] in _EDGES:
        end -= 1
    while start < end and text[start] in _EDGES:
        start += 1
    return start, end


@lru_cache(maxsize=1)
def bundled() -> Path:
    """The folder of the model in the package."""
    return Path(__file__).parents[1] / "models" / "reader"


def _groups(lengths: Sequence[int]) -> list[list[int]]:
    """Numbers of the rows that are run together: alike in length, at most `BATCH` padded tokens."""
    groups: list[list[int]] = []
    for k in sorted(range(len(lengths)), key=lambda k: -lengths[k]):
        width = _padded(lengths[groups[-1][0]]) if groups else 0
        if not groups or (len(groups[-1]) + 1) * width > BATCH or _padded(lengths[k]) < width:
            groups.append([])
        groups[-1].append(k)
    return groups


def _padded(length: int, to: int = 64) -> int:
    return -(-length // to) * to


def stacked(rows: Sequence[Encoded], to: int = 64) -> tuple[Ints, Ints]:
    """Ids and marks, each `(rows, width)`; the width is a multiple of `to`, since every new one costs a kernel."""
    width = _padded(max(len(row.ids) for row in rows), to)
    ids = np.full((len(rows), width), PAD, np.int64)
    marks = np.full((len(rows), width), PAD, np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = row.ids
        marks[i, : len(row.marks)] = row.marks
    return ids, marks


def _run(model: Any, rows: Sequence[Encoded]) -> tuple[Floats, Floats]:
    import torch

    ids, marks = stacked(rows)
    with torch.inference_mode():
        starts, ends = fused(model, torch.from_numpy(ids), torch.from_numpy(marks))
    return starts.numpy(), ends.numpy()


def fused(model: Any, ids: Any, marks: Any) -> tuple[Any, Any]:
    """Start and end scores `(batch, length)` of an `MPNetForQuestionAnswering`, as its own forward pass gives them.

    Attention goes through PyTorch's fused kernel, which MPNet's class does not use: half the time.
    """
    from torch.nn.functional import scaled_dot_product_attention

    base = model.mpnet
    x = base.embeddings(input_ids=ids, position_ids=marks)
    mask = base.encoder.compute_position_bias(x[:1]) + (ids == PAD).to(x.dtype)[:, None, None] * -1e4
    rows, length, dim = x.shape
    for layer in base.encoder.layer:
        attention = layer.attention.attn
        q, k, v = (f(x).view(rows, length, mask.shape[1], -1).transpose(1, 2) for f in (attention.q, attention.k, attention.v))
        mixed = scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(rows, length, dim)
        x = layer.attention.LayerNorm(x + attention.o(mixed))
        x = layer.output(layer.intermediate(x), x)
    starts, ends = model.qa_outputs(x).unbind(-1)
    return starts, ends
