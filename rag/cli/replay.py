"""Asks again what a stored answer was asked, of the generation that gave it, and tells what is different."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..answer import from_dict, to_dict
from ..errors import InputError, ZhiyinError
from ..messages import tr
from ..session import Asks
from ..types import Answer

if TYPE_CHECKING:
    from ..config import Settings

COMPARED = ("answer", "short", "refused", "reason", "statements", "citations")


@dataclass(frozen=True, slots=True)
class Replayed:
    """A stored answer and the one to the same question now; `differs` names the fields in which they are not the same."""

    stored: Answer
    again: Answer

    @property
    def differs(self) -> tuple[str, ...]:
        """Of COMPARED, in this order."""
        one, other = to_dict(self.stored), to_dict(self.again)
        return tuple(name for name in COMPARED if one[name] != other[name])


def replay(stored: Answer, bot: Asks) -> Replayed:
    """Ask `bot` the question of `stored` again, as the conversation had completed it."""
    rewritten = stored.understood.get("rewritten")
    again = bot.ask(rewritten if isinstance(rewritten, str) else stored.question, id=stored.id)
    return Replayed(stored, again)


def answers(lines: Iterable[str], source: str) -> Iterator[Answer]:
    """The answers of a JSON file, one alone or one a line; rows of a batch that hold an error are left out.

    Raises InputError, with the line's number.
    """
    text = "".join(lines)
    rows = [(1, text)] if _whole(text) else list(enumerate(text.split("\n"), 1))
    for number, row in rows:
        if not row.strip():
            continue
        try:
            body: dict[str, Any] = json.loads(row)
            if "error" in body:
                continue
            yield from_dict(body)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{source}, line {number}: no answer as `zhiyin ask --json` writes it ({type(error).__name__}: {error})") from error


def _whole(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def bots(settings: Settings, home: Path) -> Callable[[str | None], Asks]:
    """Gives the bot of a generation (None: the current one), kept until another is wanted."""
    from ..bot import Bot

    held: dict[str | None, Bot] = {}

    def of(generation: str | None) -> Asks:
        if generation not in held:
            held.clear()
            held[generation] = Bot(settings, home, generation=generation)
        return held[generation]

    return of


def register(app: typer.Typer) -> None:
    """Put `replay` on the command line."""
    app.command("replay", help=tr("按当时的索引重问已保存的回答,并指出不同。", "Ask stored answers again of the index that gave them, and tell what is different."))(command)


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help=tr("zhiyin ask --json 或 --batch 的结果;- 为标准输入", "what zhiyin ask --json or --batch wrote; - is standard input"))],
    current: Annotated[bool, typer.Option("--current", help=tr("改用当前索引", "ask the current index instead"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=tr("以 JSON 输出", "print JSON"))] = False,
    config_file: Annotated[Path | None, typer.Option("--config", metavar="FILE", help=tr("设置文件 (TOML)", "settings (TOML)"))] = None,
) -> None:
    """Exit code 1 where an answer is not the same, or can't be asked again."""
    from ..config import home, load

    try:
        lines = sys.stdin.readlines() if file == "-" else Path(file).read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't read the answers {file}: {error}") from error
    bot_of = bots(load(config_file), home())
    rows = [_row(stored, bot_of, current=current) for stored in answers(lines, file)]
    if not rows:
        raise InputError(f"{file} holds no answer")
    for row in rows:
        typer.echo(json.dumps(row, ensure_ascii=False) if as_json else _told(row))
    if any(row["differs"] or row["error"] for row in rows):
        raise typer.Exit(1)


def _row(stored: Answer, bot_of: Callable[[str | None], Asks], *, current: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"id": stored.id, "question": stored.question, "generation": stored.generation, "differs": [], "before": {}, "now": {}, "error": None}
    if stored.generation is None and not current:
        return row | {"error": "it names no generation of an index; compare it with the current one: --current"}
    try:
        found = replay(stored, bot_of(None if current else stored.generation))
    except ZhiyinError as error:
        return row | {"error": str(error)}
    before, now = to_dict(found.stored), to_dict(found.again)
    return row | {
        "generation": found.again.generation, "differs": list(found.differs),
        "before": {name: before[name] for name in found.differs}, "now": {name: now[name] for name in found.differs},
    }  # fmt: skip


def _told(row: dict[str, Any]) -> str:
    lead = f"{row['generation'] or '-'}  {row['question']}"
    if row["error"]:
        return f"{lead}\n  {tr('无法重问', 'could not be asked')}: {row['error']}"
    if not row["differs"]:
        return f"{lead}\n  {tr('相同', 'the same')}"
    lines = (f"  {name}: {_short(row['before'][name])} -> {_short(row['now'][name])}" for name in row["differs"])
    return "\n".join((lead, *lines))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}..."
