"""Writes what the docs say about the code from the code: `docs/cli.md`, `docs/settings.md`, the figures in both READMEs.

`python docs/generate.py` writes, `--check` only looks and fails where a page is out of step.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
from pathlib import Path

os.environ["ZHIYIN_LANG"] = "en"  # before any text of the interface is made
os.environ["COLUMNS"] = "80"

from typer.main import get_command

from rag import config
from rag.cli.main import build

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ("index", "ask", "serve", "users", "audit", "models", "prompts", "replay", "doctor", "eval", "bench")
BLOCK = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- /figures -->)", re.DOTALL)
BASELINE = ROOT / "tests" / "baseline" / "metrics.json"


def cli() -> str:
    """The page with the help of every command."""
    root = get_command(build())
    sections = [_section("zhiyin", root, None)]
    with root.make_context("zhiyin", ["index"], resilient_parsing=True) as parent:
        known = {name: root.get_command(parent, name) for name in root.list_commands(parent)}
        if set(known) != set(COMMANDS):
            raise SystemExit(
                f"docs/generate.py lists {sorted(COMMANDS)}, the command line has {sorted(known)}"
            )
        for name in COMMANDS:
            sections += _sections(f"zhiyin {name}", known[name], parent)
    head = (
        "# Command line\n\nMade by `make docs` from the commands themselves; Chinese with `ZHIYIN_LANG=zh`.\n"
    )
    codes = (
        "\n## Exit codes\n\n"
        "0 done · 1 it failed, the line on standard error says why · 2 wrong usage, setting or input · "
        "3 `index`: some files were skipped, each is named · 130 interrupted. "
        "`eval gate` and `eval check` end with 1 where a rule is broken or a row is wrong.\n"
    )
    return head + "".join(sections) + codes


def _sections(title: str, command: object, parent: object) -> list[str]:
    """The help of a command and, of a group, that of each command in it."""
    out = [_section(title, command, parent)]
    context = command.context_class(command, info_name=title.rpartition(" ")[2], parent=parent)  # type: ignore[attr-defined]
    for name, inner in getattr(command, "commands", {}).items():
        out.append(_section(f"{title} {name}", inner, context))
    return out


def _section(title: str, command: object, parent: object) -> str:
    context = command.context_class(command, info_name=title.rpartition(" ")[2], parent=parent)  # type: ignore[attr-defined]
    text = command.get_help(context)  # type: ignore[attr-defined]
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"\n## {title}\n\n```text\n{lines}\n```\n"


def settings() -> str:
    """The page of settings, from the comments beside their defaults."""
    source = (ROOT / "rag" / "config.py").read_text(encoding="utf-8")
    rows = [
        "# Settings\n\nMade by `make docs` from `rag/config.py`. They stand in `$ZHIYIN_HOME/config.toml` (`.zhiyin/config.toml` if",
        "`ZHIYIN_HOME` is not set), or in a file given with `--config`. Sizes are tokens of the embedder unless said otherwise.",
        "`ZHIYIN_LANG=en` or `zh` chooses the language of the interface.\n", "| setting | default | meaning |", "|---|---|---|",
    ]  # fmt: skip
    for field in dataclasses.fields(config.Settings):
        found = re.search(rf"^    {field.name}: .*?  # (.+)$", source, re.MULTILINE)
        if found is None:
            raise SystemExit(f"rag/config.py has no comment beside the setting {field.name}")
        default = (
            str(field.default).lower()
            if isinstance(field.default, bool)
            else repr(list(field.default) if isinstance(field.default, tuple) else field.default).replace("'", '"')
        )
        rows.append(f"| `{field.name}` | `{default}` | {found[1].replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def figures() -> str:
    """The table of the kept run over the sample documents, by kind."""
    told = json.loads(BASELINE.read_text(encoding="utf-8"))
    rows = ["| kind | rows | right |", "|---|---|---|"]
    for kind, counts in told["by_kind"].items():
        rows.append(f"| {kind} | {counts['n']} | {counts['right']} ({counts['share']:.0%}) |")
    for name, key in (("**with an answer**", "answerable"), ("**without, to be refused**", "refusable")):
        counts = told[key]
        rows.append(f"| {name} | {counts['n']} | {counts['right']} ({counts['share']:.0%}) |")
    return "\n".join(rows) + "\n"


def pages() -> dict[Path, str]:
    """What each generated page should hold."""
    made = {ROOT / "docs" / "cli.md": cli(), ROOT / "docs" / "settings.md": settings()}
    for name in ("README.md", "README.zh.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        if not BLOCK.search(text):
            raise SystemExit(f"{name} has no <!-- figures --> … <!-- /figures -->")
        made[ROOT / name] = BLOCK.sub(lambda _: figures(), text)
    return made


def main() -> None:
    """Write, or look with `--check`."""
    stale = [
        path
        for path, text in pages().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        if stale:
            sys.exit(f"out of step with the code: {', '.join(path.name for path in stale)}; run: make docs")
        return
    for path in stale:
        path.write_text(pages()[path], encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
