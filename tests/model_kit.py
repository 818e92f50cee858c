"""A stand-in for a language model, which says what it is told to and fails in the ways that real ones do."""

import time

from rag.errors import ModelError


class Says:
    """Writes the next of `texts` each time it is asked (then the last again), a character a piece.

    An exception among the pieces of a text is raised there; a number is so many seconds of silence, in which it looks
    whether it should stop.
    """

    name = "says"
    fingerprint = "sha256:says"
    context = None

    def __init__(self, *texts):
        self.texts = texts
        self.asked = []
        self.closed = 0

    def count(self, messages):
        return sum(len(m["content"]) for m in messages)

    def stream(self, messages, *, max_tokens, stop=None):
        text = self.texts[min(len(self.asked), len(self.texts) - 1)]
        self.asked.append(messages)
        try:
            for piece in text() if callable(text) else text:
                if stop is not None and stop():
                    return
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, float):
                    until = time.monotonic() + piece
                    while time.monotonic() < until:
                        if stop is not None and stop():
                            return
                        time.sleep(0.005)
                else:
                    yield piece
        finally:
            self.closed += 1


def generated(answer):
    """What of an answer a language model wrote."""
    return [s.text for s in answer.statements if s.generated]


def dead():
    return ModelError("the model server at http://127.0.0.1:9 does not answer")
