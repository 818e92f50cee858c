"""The rules of a gate, out of a TOML file.

```toml
violations = 0            # quotes that are not the source's text, at most

[[rule]]
metric = "right"          # any measure of a run
kinds = ["fact", "list"]  # of these kinds of question alone; left out: of all
rows = "answerable"       # or "refusable": of these questions alone; left out: of all
loss = 0.05               # broken by a loss with p (one-sided) below this, true for 0.05 …
margin = 0.02             # … that is at least so large
floor = 0.8               # broken by a mean below this
bound = "mean"            # or "lower", "upper": hold this end of the mean's interval against the floor

[[rule]]
metric = "ms"             # or "chars"
max_ratio = 1.5           # broken by so many times the baseline's
max = 500                 # broken by a median (chars: mean) above this

[[rule]]
stage = "not_retrieved"   # wrong answers that this stage lost
max = 20
```
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from rag.errors import ConfigError
from rag.messages import tr

from .change import LESS_IS_BETTER
from .compare import nearest
from .report.words import STAGES

Bound = Literal["mean", "lower", "upper"]

MOST_ALPHA = 0.2
"""A single question that got worse has p = 0.25, so that it can never break a rule about a loss."""

_WHERE = {"kinds", "rows"}
_METRIC = {"metric", "loss", "margin", "floor", "bound"} | _WHERE
_LESS = {"metric", "max_ratio", "max"} | _WHERE
_STAGE = {"stage", "max"} | _WHERE
_TOP = {"violations", "adjust", "rule"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[rule]]`: about a measure or a stage. What is None is not asked for."""

    metric: str = ""
    stage: str = ""
    kinds: tuple[str, ...] = ()
    rows: Literal["", "answerable", "refusable"] = ""
    loss: float | None = None
    margin: float = 0.0
    floor: float | None = None
    bound: Bound = "mean"
    max_ratio: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """A rules file. `adjust` is whether p values are adjusted for the number of rules about a loss (Holm)."""

    rules: tuple[Rule, ...]
    violations: int | None = None
    adjust: bool = True


def bundled() -> Path:
    """The rules that come with the package."""
    return Path(str(files("rag.eval").joinpath("gate.toml")))


def load(path: Path) -> Rules:
    """The rules of a file. Raises ConfigError for one that can't be read, or says what no rule can."""
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8-sig")), str(path))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"can't read the rules {path}: {error}") from error


def parse(values: Mapping[str, Any], where: str = "rules") -> Rules:
    """The rules that a TOML document states. Raises ConfigError, with the rule's number and the nearest name."""
    _known(values, _TOP, where)
    tables = values.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{where}: write each rule under a line [[rule]]")
    violations, adjust = values.get("violations"), values.get("adjust", True)
    if violations is not None and (not _whole(violations) or violations < 0):
        raise ConfigError(f"{where}: violations = {violations!r} should be a whole number, 0 or more")
    if not isinstance(adjust, bool):
        raise ConfigError(f"{where}: adjust = {adjust!r} should be true or false")
    if not tables and violations is None:
        raise ConfigError(f"{where}: there is no rule; write one under a line [[rule]]")
    rules = tuple(_rule(table, f"{where}, rule {number}") for number, table in enumerate(tables, 1))
    return Rules(rules, violations, adjust)


def _rule(table: Mapping[str, Any], where: str) -> Rule:
    if ("metric" in table) == ("stage" in table):
        _known(table, {f.name for f in fields(Rule)}, where)
        raise ConfigError(f"{where}: give either metric or stage")
    name = table.get("metric", table.get("stage"))
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{where}: {name!r} should be the name of a metric or stage")
    about = _STAGE if "stage" in table else _LESS if name in LESS_IS_BETTER else _METRIC
    _known(table, about, f"{where} ({name})")
    where = f"{where} ({name})"
    if "stage" in table and name not in STAGES:
        raise ConfigError(f"{where}: no stage {name!r}" + nearest(name, STAGES))
    if not table.keys() & {"loss", "floor", "max_ratio", "max"}:
        wanted = sorted(about & {"loss", "floor", "max_ratio", "max"})
        raise ConfigError(f"{where}: it asks for nothing; give {' or '.join(wanted)}")
    kinds, rows, bound = table.get("kinds", []), table.get("rows", ""), table.get("bound", "mean")
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        raise ConfigError(f'{where}: kinds = {kinds!r} should be a list: ["fact"]')
    if rows not in ("", "answerable", "refusable"):
        raise ConfigError(f"{where}: rows = {rows!r}; give answerable or refusable")
    if bound not in ("mean", "lower", "upper"):
        raise ConfigError(f"{where}: bound = {bound!r}; give mean, lower or upper")
    loss = table.get("loss")
    if isinstance(loss, bool):
        loss = 0.05 if loss else None
    return Rule(
        metric=table.get("metric", ""),
        stage=table.get("stage", ""),
        kinds=tuple(kinds),
        rows=rows,
        loss=_number(loss, "loss", where, 0.0, MOST_ALPHA, above=True),
        margin=_number(table.get("margin", 0.0), "margin", where, 0.0, 1.0) or 0.0,
        floor=_number(table.get("floor"), "floor", where, 0.0, 1.0),
        bound=bound,
        max_ratio=_number(table.get("max_ratio"), "max_ratio", where, 1.0, 1000.0),
        max=_number(table.get("max"), "max", where, 0.0, 1e9),
    )


def _known(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigError(
                f"{where}: " + tr(f"不认识 {key!r}", f"unknown key {key!r}") + nearest(key, sorted(known))
            )


def _number(
    value: Any, key: str, where: str, low: float, high: float, *, above: bool = False
) -> float | None:
    if value is None:
        return None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high or (above and value == low):
        hint = "; 0.02 is two points" if key == "margin" else "; 0.8 is 80 %" if key == "floor" else ""
        raise ConfigError(
            f"{where}: {key} = {value!r}; give a number {'above' if above else 'from'} {low:g} to {high:g}{hint}"
        )
    return float(value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
