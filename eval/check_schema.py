"""A row against `gold.schema.json`, and what the schema says in words."""

from __future__ import annotations

import json
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from rag.messages import tr

_SHOWN = 5  # complaints about one row


def complaints(value: Any) -> list[str]:
    """What is wrong with the JSON value of a row, each with its place; nothing where it is a row."""
    found = sorted(_validator().iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
    said = [_said(error) for error in found[:_SHOWN]]
    if more := len(found) - len(said):
        said.append(tr(f"另有 {more} 处不合格式", f"and {more} more"))
    return said


@cache
def schema() -> dict[str, Any]:
    """`gold.schema.json`."""
    loaded: dict[str, Any] = json.loads(
        files("rag.eval").joinpath("gold.schema.json").read_text(encoding="utf-8")
    )
    return loaded


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema())


def _said(error: Any) -> str:
    """What the schema says against a row, in words."""
    path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path).lstrip(".")
    where = path or tr("这一行", "the row")
    rule, limit = error.validator, error.validator_value
    if rule == "additionalProperties":
        known = list(schema()["properties"])
        unknown = next(key for key in error.instance if key not in known)
        near = get_close_matches(unknown, known, n=1)
        hint = (
            tr(f";是不是 {near[0]!r}?", f"; did you mean {near[0]!r}?") if near else f" ({', '.join(known)})"
        )
        return tr(f"没有名为 {unknown!r} 的项{hint}", f"there is no key {unknown!r}{hint}")
    if rule == "required":
        missing = next(key for key in limit if key not in error.instance)
        return tr(
            f"{where} 缺少 {missing!r};请补上(无答案的题写 refuse: true)",
            f"{where} has no {missing!r}; add it (a question without an answer has refuse: true)",
        )
    if rule == "pattern":
        return tr(f"{where} 是空的;请填写", f"{where} is empty; fill it in")
    if rule == "minItems":
        return tr(f"{where} 至少要有 {limit} 项", f"{where} should have {limit} or more")
    if rule == "maxItems" and limit == 0:
        return tr(
            f"refuse: true 的题不应有 {where};请删去其一",
            f"a row with refuse: true has no {where}; take one of the two out",
        )
    if rule == "maxItems":
        return tr(f"{where} 只能有 {limit} 项", f"{where} should have {limit} items, no more")
    if rule == "enum":
        return tr(f"{where} 应为 {', '.join(limit)} 之一", f"{where} should be one of {', '.join(limit)}")
    if rule == "type":
        wanted = limit if isinstance(limit, str) else limit[0]
        return tr(f"{where} 的类型应为 {wanted}", f"{where} should be of type {wanted}")
    return f"{where}: {error.message}"
