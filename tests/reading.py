"""One-part documents from plain sentences, for tests of the reader alone."""

import dataclasses

from rag.index.clean import clean
from rag.index.metadata import describe
from rag.question.terms import Matcher
from rag.read import ExtractiveReader, View
from rag.types import Document


def views(text, source="doc.txt"):
    """A view of every sentence of `text`, cleaned and described as when indexing."""
    document = Document(source, text, "sha256:0")
    return [
        View(source, document.version, n, part, i)
        for n, part in enumerate(describe(document, p) for p in clean(document))
        for i in range(len(part.sentences))
    ]


def reader():
    """A reader without a vector space, for which every word is known and tells as much as any other."""
    return ExtractiveReader(Matcher(None), lambda term: 1.0, lambda term: True)


def with_period(view, period):
    """The same view in a part of another period."""
    return dataclasses.replace(view, part=dataclasses.replace(view.part, period=period))
