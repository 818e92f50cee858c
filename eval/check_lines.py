"""A gold file, byte by byte and line by line: encoding, JSON, and the schema of a row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from rag.errors import InputError
from rag.messages import tr

from .check_schema import complaints
from .problem import Level, Problem
from .rows import Gold, parse_line, to_gold

_BOM = b"\xef\xbb\xbf"
_OTHER = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PK": "ZIP (XLSX, DOCX)", b"\x1f\x8b": "GZIP"}
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cn", "Zl", "Zp"})  # Unicode categories of what a reader doesn't see
_STRICT = ("id", "kind", "answers", "forbid", "evidence")  # a hidden character here makes a row fail for ever


def read(data: bytes) -> tuple[list[tuple[int, Gold]], list[Problem]]:
    """The rows of a file that can be used, with their line numbers, and what is wrong with the others."""
    rows: list[tuple[int, Gold]] = []
    problems: list[Problem] = []
    for line, item in _lines(data):
        if isinstance(item, Problem):
            problems.append(item)
            continue
        found = list(_row_problems(line, item))
        problems += found
        if not any(problem.level == "error" and problem.code == "schema" for problem in found):
            rows.append((line, to_gold(item)))
    if not rows and not problems:
        told = tr(
            "文件中没有题目;每行写一道题(JSON),格式见 gold.schema.json",
            "the file has no rows; write one question a line, as JSON (gold.schema.json)",
        )
        problems.append(Problem("error", "empty", 0, None, told))
    return rows, problems


def _lines(data: bytes) -> Iterator[tuple[int, Any | Problem]]:
    """(line number, JSON value or what is wrong with the line)."""
    for start, name in _OTHER.items():
        if data.startswith(start):
            yield (
                1,
                _told(
                    "error",
                    "not_utf8",
                    1,
                    f"文件是 {name} 格式;请另存为 UTF-8 的 JSONL 文本",
                    f"the file is {name}; save it as JSON Lines in UTF-8",
                ),
            )
            return
    if data.startswith(_BOM):
        data = data[len(_BOM) :]
        yield (
            1,
            _told(
                "warning",
                "bom",
                1,
                "文件以字节顺序标记 (BOM) 开头,有些程序读不了;请另存为不带 BOM 的 UTF-8",
                "the file begins with a byte order mark, which some programs stumble over; save it without",
            ),
        )
    if returns := data.count(b"\r\n"):
        yield (
            1,
            _told(
                "warning",
                "crlf",
                data[: data.find(b"\r\n")].count(b"\n") + 1,
                f"{returns} 行以 CRLF 结尾;请改用 LF,否则版本比较时每行都会变",
                f"{returns} lines end in CRLF; use LF, or every line changes in a comparison of versions",
            ),
        )
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, parse_line(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            yield (
                number,
                _told(
                    "error",
                    "not_utf8",
                    number,
                    f"第 {error.start + 1} 个字节起不是 UTF-8;请把文件另存为 UTF-8",
                    f"not UTF-8 from byte {error.start + 1} of the line on; save the file as UTF-8",
                ),
            )
        except InputError as error:
            yield number, _not_json(number, error)


def _not_json(line: int, error: InputError) -> Problem:
    text = str(error)
    if "Extra data" in text:
        found = re.search(r"char (\d+)", text)
        at = int(found[1]) + 1 if found else 1
        return _told(
            "error",
            "trailing",
            line,
            f"第 {at} 个字符起,题目之后还有别的内容;一行只写一个 JSON 对象",
            f"from character {at} on something follows the row; write one JSON object a line",
        )
    code = "key_twice" if "stands twice" in text else "not_json"
    return _told(
        "error", code, line, f"不能作为 JSON 读取:{text}", f"{text}; write one JSON object on the line"
    )


def _row_problems(line: int, value: Any) -> Iterator[Problem]:
    name = value.get("id") if isinstance(value, dict) else None
    name = name if isinstance(name, str) and name.strip() else None
    for told in complaints(value):
        yield Problem("error", "schema", line, name, told)
    if isinstance(value, dict):
        for key in value:
            yield from _characters(line, name, key, value[key])


def _characters(line: int, name: str | None, key: str, value: Any) -> Iterator[Problem]:
    texts = list(_strings(value))
    if key == "evidence" and isinstance(value, list):  # the words themselves are compared with the document
        texts = [spot[0] for spot in value if isinstance(spot, list) and spot and isinstance(spot[0], str)]
    hidden = sorted(
        {c for text in texts for c in text if unicodedata.category(c) in _HIDDEN and c not in "\t\n"}
    )
    if hidden:
        shown = ", ".join(f"U+{ord(c):04X}" for c in hidden[:3])
        level: Level = "error" if key in _STRICT else "warning"
        told = tr(
            f"{key} 中有看不见的字符({shown});请删去",
            f"{key} has characters that can't be seen ({shown}); take them out",
        )
        yield Problem(level, "invisible", line, name, told)
    if key in ("id", "kind", "question") and any(text != text.strip() for text in texts):
        told = tr(f"{key} 的首尾有空白;请删去", f"{key} has white space at an end; take it off")
        yield Problem("warning", "spaces", line, name, told)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _told(level: Level, code: str, line: int, zh: str, en: str) -> Problem:
    return Problem(level, code, line, None, tr(zh, en))
