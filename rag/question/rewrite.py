"""A follow-up that no rule can put in a sentence, rewritten by a language model, as far as that may be believed."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import Stopped, ZhiyinError
from ..generate.prompt import render_rewrite
from ..generate.written import without_thoughts
from ..stopping import check as check_wanted
from ..stopping import condition
from ..text.fold import fold, half_width
from ..text.numbers import find_quantities, same
from ..text.places import find_places
from ..text.times import find_times
from ..text.tokens import WHOLE, cut
from ..types import Period
from ..verify.check import Cited, check, plainly
from .antecedents import plain
from .followup import LONGEST, SHIFT, TURNS, completed
from .query import TOPIC, understand
from .smalltalk import is_smalltalk
from .standing import ASKS, PERSON, THEN, THING, standing
from .terms import chinese_terms, stop_words

if TYPE_CHECKING:
    from ..generate import Generator, Messages

MAX_REWRITE = 200  # characters
SECONDS = 10.0  # longest that whoever asks waits for a rewrite
TOKENS = 256  # a reasoning model thinks first
MOST_WRITTEN = 4000  # characters
_LABEL = re.compile(r"^(?:改写后?的?(?:问题)?|独立的?问题|问题|追问|rewritten question|question)\s*[:\uff1a]\s*", re.IGNORECASE)
_ENDS = re.compile(r"[?!。\n](?=\s*\S)")
_NAMED = ("nr", "ns", "nt", "nz", "eng", "m")


_log = logging.getLogger("zhiyin.rewrite")


def rewritten(question: str, history: Sequence[tuple[str, str]], generator: Generator | None) -> str:
    """`question` as one that stands by itself: by rule, or where the rules have no more than a makeshift by `generator`.

    A rewrite that is not `accepted`, comes too late or does not come leaves the question as it is. Raises Stopped where
    nobody waits any more.
    """
    found = completed(question, history)
    if generator is None or not history or is_smalltalk(question) or not _makeshift(found.text, question, history):
        return found.text
    try:
        said = _asked(generator, question, history)
    except Stopped:
        raise
    except ZhiyinError as error:
        _log.warning("the language model %r could not rewrite a question: %s", generator.name, error)
        return found.text
    return said if accepted(said, question, history) else found.text


def _makeshift(text: str, question: str, history: Sequence[tuple[str, str]]) -> bool:
    """Whether the rules only put words of the conversation before the question, or could do nothing for one that needs it."""
    if TOPIC in text:
        return True
    return text == half_width(question) and not standing(understand(question), " ".join(history[-1])).alone


def _asked(generator: Generator, question: str, history: Sequence[tuple[str, str]]) -> str:
    """What the model makes of it: the first line that it writes."""
    wanted, until = condition(), time.monotonic() + SECONDS
    context = generator.context

    def fits(messages: Messages) -> bool:
        return context is None or generator.count(messages) + TOKENS <= context

    pieces: list[str] = []

    def stop() -> bool:
        return time.monotonic() > until or (wanted is not None and wanted()) or sum(map(len, pieces)) > MOST_WRITTEN

    messages = render_rewrite(question, history, understand(question).language, fits).messages
    for piece in generator.stream(messages, max_tokens=TOKENS, stop=stop):
        pieces.append(piece)
    check_wanted()
    if time.monotonic() > until:
        return ""
    lines = [line.strip().strip("“”\"「」`*") for line in without_thoughts("".join(pieces)).splitlines()]
    return _LABEL.sub("", next((line for line in lines if line), ""))


def accepted(rewrite: str, question: str, history: Sequence[tuple[str, str]]) -> bool:
    """Whether `rewrite` asks nothing that the conversation did not say.

    It must be a single question of at most 200 characters and no answer; every name, number, date, place, title and
    content word of it must stand in the question or in the last 6 turns, and it must keep those that the question
    itself names (but for the pronouns and times that point back).
    """
    asked, text = half_width(question).strip(), half_width(rewrite).strip()
    if not text or len(text) > MAX_REWRITE or _ENDS.search(text) or is_smalltalk(text):
        return False
    if not (ASKS.search(text) or text.endswith(("?", "呢"))) or any(fold(text) == fold(plain(a)) for _, a in history):
        return False
    said = "\n".join([asked, *(half_width(part[:LONGEST]) for turn in history[-TURNS:] for part in turn)])
    times = [m.period for m in find_times(said, None) if m.period is not None]
    years = Period(min(p.first for p in times) - 2, max(p.last for p in times) + 2) if times else None
    if any(f.kind not in ("negation", "date") for f in check(text, [Cited(said)])) or not _dates_known(text, said, years):
        return False
    return _words_known(text, said) and _keeps(text, asked)


def _dates_known(text: str, said: str, years: Period | None) -> bool:
    """Every year was named, or is at most two from one that was, where the wording counts from it (`前一年`)."""
    counted = bool(re.search(r"[前上后下次去明]一?年|第二年|year (?:before|after)|(?:previous|next|last|following) year", fold(said)))
    named = {y for m in find_times(said, None) if m.period is not None for y in (m.period.first, m.period.last)}
    for mention in find_times(text, None):
        if mention.period is None:
            continue
        for year in (mention.period.first, mention.period.last):
            near = counted and years is not None and years.first <= year <= years.last
            if year not in named and not near:
                return False
    return True


def _words_known(text: str, said: str) -> bool:
    """Names and rare words of `text` stand in `said`; function words and words of asking may be new."""
    source = fold(said)
    words = set(re.findall(r"[a-z][a-z'-]*", source))
    if any(w not in words and w not in stop_words("en") and not ASKS.fullmatch(w) for w in re.findall(r"[a-z][a-z'-]*", fold(text))):
        return False
    times = [(m.start, m.end) for m in find_times(text, None)]
    folded = fold(text)
    terms = chinese_terms("".join(" " if any(a <= i < b for a, b in times) else c for i, c in enumerate(folded)))
    return all(t.text in source or (set(t.text) <= set(source) and not t.flag.startswith(_NAMED)) for t in terms if WHOLE.fullmatch(t.text) is None)


def _keeps(text: str, asked: str) -> bool:
    """Every name, number, date, place and title of the question itself is still there."""
    masked = asked
    for pattern in (PERSON, THING, THEN, *(p for p, _ in SHIFT)):
        masked = pattern.sub(lambda m: " " * len(m[0]), masked)
    there, now = fold(text), find_quantities(text)
    numbers = all(any(same(q, other) for other in now) for q in find_quantities(masked))
    dates = all(m.period is None or any(o.period == m.period for o in find_times(text, None)) for m in find_times(masked, None))
    regions = {m.region for m in find_places(text)}
    places = all(m.kind == "deictic" or m.region in regions for m in find_places(masked))
    titles = all(plainly(t) in plainly(text) for t in re.findall(r"《[^》]+》|“[^”]+”", masked))
    names = all(t.text in there for t in cut(masked) if t.flag.startswith(("nr", "nz", "nt")) and len(t.text) > 1)
    return numbers and dates and places and titles and names
