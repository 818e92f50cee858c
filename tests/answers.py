"""Stand-ins for the bot: answers without an index or a model."""

import hashlib

from rag.trace import Trace
from rag.types import Answer, Citation, Document, Part, RelatedPassage, Statement


def document(source, raw):
    return Document(source, raw, f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}")


class FakeSnapshot:
    generation = "000007"

    def __init__(self, texts):
        self.texts = dict(texts)

    def document(self, source):
        from rag.errors import InputError

        if source not in self.texts:
            raise InputError(f"no document {source!r}")
        return document(source, self.texts[source])

    def part(self, source, number):
        return self.parts(source)[number]

    def parts(self, source):
        return [Part(source, self.document(source).raw, ())]

    def sources(self):
        return list(self.texts)

    def __len__(self):
        return len(self.texts)


class FakeBot:
    """Answers `question` with the sentence of its texts that holds the question's last word, else refuses."""

    def __init__(self, texts, fail=None):
        self.snapshot = FakeSnapshot(texts)
        self.asked = []
        self.fail = fail or {}

    def ask(self, question, history=(), *, id=None):
        self.asked.append((question, list(history), id))
        if question in self.fail:
            raise self.fail[question]
        for source, raw in self.snapshot.texts.items():
            at = raw.find(question)
            if at >= 0:
                end = raw.find("。", at) + 1 or len(raw)
                return answer(question, raw[at:end], [(source, raw, at, end)], id=id)
        return refusal(question, id=id)

    def trace(self, question, history=(), *, id=None):
        found = self.ask(question, history, id=id)
        return Trace(found, (), None if found.refused else found)


def answer(question, text, spots, *, short=None, id=None):
    """An answer of one statement; `spots` are (source, raw, start, end)."""
    citations = tuple(
        Citation(n, source, "报告", raw[start:end], start, end, document(source, raw).version)
        for n, (source, raw, start, end) in enumerate(spots, 1)
    )
    passages = tuple(
        RelatedPassage(s, max(start - 5, 0), end + 5, raw[max(start - 5, 0) : end + 5], 0.9)
        for s, raw, start, end in spots
    )
    marks = "".join(f"[{c.n}]" for c in citations)
    return Answer(
        question,
        text + marks,
        short=short,
        statements=(Statement(text, tuple(c.n for c in citations)),),
        citations=citations,
        passages=passages,
        generation="000007",
        timing_ms={"total": 1.0},
        id=id,
    )


def refusal(question, *, id=None):
    return Answer(question, "资料中没有找到。", refused=True, reason="not_found", generation="000007", id=id)
