"""What a language model is told, and what its text says: templates in, statements with cited numbers out.

Templates are `string.Template` files, one a language: `answer.zh.txt` in the package `rag.prompts`, or a file
of that name in `$ZHIYIN_HOME/prompts/`, which goes before. What stands above a line of `---` is the system
message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from string import Template

from .config import home
from .errors import ConfigError
from .text.sentences import split

NOT_FOUND = {"zh": "资料中没有找到答案。", "en": "The sources do not hold the answer."}

_NEEDED = ("question", "sources")
_RULE = re.compile(r"^-{3,}[ \t]*$", re.MULTILINE)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_LEAD = re.compile(r"[ \t]*(?:#{1,6}|[-*+•·]|>)[ \t]+")  # Markdown's headings, list items and quotations
_MARK = re.compile(
    r"[ \t]*[\[［【〔][ \t]*(?:资料|来源|資料|來源|sources?)?[ \t]*"
    r"(\d{1,2}(?:[ \t]*[,，、;；~～–-][ \t]*\d{1,2})*)[ \t]*[\]］】〕](?:[ \t]+(?=[。，；：！？、]))?",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d+)[ \t]*[~～–-][ \t]*(\d+)|(\d+)")


def render(question: str, passages: Sequence[str], language: str) -> list[dict[str, str]]:
    """Return the messages, `{"role", "content"}`, that ask a chat model to answer out of `passages`.

    Passage i stands as source [i + 1] within a fence that it can't close. `language` is "zh" or "en".
    Raises ConfigError for a template that can't be read, leaves out what is needed or asks for what there is
    not.
    """
    if language not in NOT_FOUND:
        raise ConfigError(f"no prompts in language {language!r}; give {' or '.join(NOT_FOUND)}")
    name = f"answer.{language}.txt"
    text, where = _load(name)
    values = {
        "question": " ".join(question.split()),
        "sources": "\n\n".join(_fence(number, passage) for number, passage in enumerate(passages, 1)),
        "not_found": NOT_FOUND[language],
    }
    system, *user = _RULE.split(text, maxsplit=1)
    if not user:
        system, user = "", [text]
    missing = [name for name in _NEEDED if name not in Template(text).get_identifiers()]
    if missing:
        raise ConfigError(
            f"the prompt {where} leaves out ${missing[0]}; put it where the {missing[0]} should stand"
        )
    messages = [{"role": "user", "content": _fill(user[0], values, where)}]
    if system.strip():
        messages.insert(0, {"role": "system", "content": _fill(system, values, where)})
    return messages


def statements(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """Split what a model wrote into statements, each with the numbers that it cites, in order, none twice.

    A mark (`[1]`, `[1][2]`, `[1,2]`, `[1-3]`, `【1】`) belongs to the sentence that it ends or follows, at
    the start of a line to the one that it precedes. Markdown and a reasoning model's thoughts are taken off.

    >>> statements("新建书屋318家[1]。服务12万人次。[1][2]")
    [('新建书屋318家。', (1,)), ('服务12万人次。', (1, 2))]
    """
    found: list[tuple[str, tuple[int, ...]]] = []
    for line in _THOUGHT.sub("", text).splitlines():
        plain, marks = _unmark(re.sub(r"\*\*|__|`", "", _LEAD.sub("", line, count=1)))
        spans = split(plain)
        begin = 0
        for i, (start, end) in enumerate(spans):
            last = len(plain) if i == len(spans) - 1 else spans[i + 1][0]
            cited = dict.fromkeys(n for at, n in marks if begin < at < last or at == begin == 0 or at == last)
            found.append((plain[start:end], tuple(cited)))
            begin = last
        if not spans and marks and found:  # a line of marks alone goes with the line before
            found[-1] = (found[-1][0], tuple(dict.fromkeys((*found[-1][1], *(n for _, n in marks)))))
    return found


def declines(text: str) -> bool:
    """Tell whether a model's text says, as it was told to, that the sources hold no answer."""
    plain = re.sub(r"[\W_]+", "", _MARK.sub("", _THOUGHT.sub("", text))).lower()
    return not plain or any(re.sub(r"[\W_]+", "", said).lower() in plain for said in NOT_FOUND.values())


def _load(name: str) -> tuple[str, str]:
    """Return a template and where it was found."""
    own = home() / "prompts" / name
    try:
        if own.is_file():
            return own.read_text(encoding="utf-8-sig"), str(own)
        return resources.files("rag.prompts").joinpath(name).read_text(encoding="utf-8"), name
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't read the prompt {own if own.is_file() else name}: {error}") from error


def _fill(text: str, values: dict[str, str], where: str) -> str:
    try:
        return Template(text).substitute(values).strip()
    except KeyError as error:
        known = ", ".join(f"${name}" for name in values)
        raise ConfigError(
            f"the prompt {where} asks for ${error.args[0]}, which there is not; known: {known}"
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"the prompt {where} holds a $ that begins no name ({error}); write $$ for the sign"
        ) from error


def _fence(number: int, passage: str) -> str:
    """Set `passage` between lines of backticks, more of them than it holds anywhere in a row."""
    longest = max((len(run) for run in re.findall("`+", passage)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"[{number}]\n{fence}\n{passage.strip()}\n{fence}"


def _unmark(line: str) -> tuple[str, list[tuple[int, int]]]:
    """Take the marks out of `line`: the rest, and for each cited number where in the rest its mark stood."""
    rest: list[str] = []
    marks: list[tuple[int, int]] = []
    at = size = 0
    for mark in _MARK.finditer(line):
        rest.append(line[at : mark.start()])
        size += mark.start() - at
        at = mark.end()
        for first, last, single in _RANGE.findall(mark[1]):
            numbers = range(int(first), int(last) + 1) if first else [int(single)]
            marks += ((size, number) for number in numbers if number)
    return "".join([*rest, line[at:]]), marks
