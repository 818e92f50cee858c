"""Why there is no answer, in a fixed list of reasons, and how that is said."""

from __future__ import annotations

from enum import StrEnum

from .question.query import Query
from .text.places import display


class Reason(StrEnum):
    """Reasons of a refusal; the values are part of the public contract."""

    EMPTY_QUESTION = "empty_question"
    NO_QUESTION = "no_question"  # thanks, a greeting and the like
    NO_DOCUMENTS = "no_documents"
    NOT_FOUND = "not_found"  # nothing in the documents speaks of it
    NOT_SUPPORTED = "terms_not_supported"  # passages are near, but words that matter are not there
    OTHER_YEAR = "other_year"
    OTHER_PLACE = "other_place"
    NOT_VERIFIED = "not_verified"  # an answer was found, and did not pass the verifier


_SAY = {
    Reason.EMPTY_QUESTION: ("请输入一个问题。", "Please ask a question."),
    Reason.NO_QUESTION: ("这不是一个问题\uff0c没有什么要查。请问您想查什么\uff1f", "That asks nothing, so nothing was looked up. What would you like to know?"),
    Reason.NO_DOCUMENTS: ("还没有可以检索的资料。", "There are no documents to search yet."),
    Reason.NOT_FOUND: ("现有资料中没有找到答案。", "The documents do not say."),
    Reason.NOT_SUPPORTED: ("现有资料中没有能证实的答案。", "The documents hold no answer that can be proved."),
    Reason.OTHER_YEAR: ("现有资料中没有所问年份的答案。", "The documents do not cover the year asked about."),
    Reason.OTHER_PLACE: ("现有资料中没有所问地区的答案。", "The documents do not cover the place asked about."),
    Reason.NOT_VERIFIED: ("找到了相近的内容\uff0c但未能通过核对\uff0c因此不作回答。", "Something close was found, but it could not be verified."),
}


_NOTES = {
    "declined": ("语言模型认为资料中没有答案。", "The language model finds no answer in the sources."),
    "unproved": ("语言模型写的内容没有通过核对\uff0c未予显示。", "Nothing that the language model wrote could be verified; it is not shown."),
    "failed": ("语言模型未能答完\uff0c只显示已核对的内容。", "The language model failed; only what was verified is shown."),
    "late": ("语言模型超时\uff0c只显示已核对的内容。", "The language model ran out of time; only what was verified is shown."),
}


def note(state: str, language: str) -> str | None:
    """What is told of a language model's work (`Written.state`); None where it needs no word."""
    return _NOTES[state][0 if language == "zh" else 1] if state in _NOTES else None


def message(reason: Reason, query: Query | None, missing: tuple[str, ...] = ()) -> str:
    """The refusal in the question's language: what was not found and what was looked for."""
    zh = query is None or query.language == "zh"
    text = _SAY[reason][0 if zh else 1]
    if query is None or reason in (Reason.EMPTY_QUESTION, Reason.NO_QUESTION, Reason.NO_DOCUMENTS):
        return text
    looked = []
    if query.period:
        looked.append(f"{query.period}年" if zh else str(query.period))
    looked += [display(r) for r in query.regions]
    looked += [t.text for t in sorted(query.terms, key=lambda t: -t.weight)[:6]]
    if looked:
        text += ("查找的内容\uff1a" + "、".join(looked) + "。") if zh else (" Looked for: " + ", ".join(looked) + ".")
    if missing:
        text += ("资料中未见\uff1a" + "、".join(missing) + "。") if zh else (" Not found: " + ", ".join(missing) + ".")
    return text
