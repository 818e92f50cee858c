"""`zhiyin eval` with its subcommands, and `zhiyin bench`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from rag.messages import tr

SUBCOMMANDS = ("run", "compare", "gate", "sweep", "report", "check", "generate", "mutate", "review")


class RunByDefault(TyperGroup):
    """`zhiyin eval GOLD` means `zhiyin eval run GOLD`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before whatever is neither a subcommand nor a call for help."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands `eval` and `bench` to `app`."""
    group = typer.Typer(
        cls=RunByDefault,
        rich_markup_mode=None,
        help=tr(
            "用标准题集检验回答,比较两次运行,把关发布。`zhiyin eval 文件` 即 `zhiyin eval run 文件`。",
            "Score answers against a gold set, compare runs, gate a release. `zhiyin eval FILE` means `zhiyin eval run FILE`.",
        ),
    )
    for name in SUBCOMMANDS:
        module = import_module(f".commands.{name}", __package__)
        group.command(name, help=tr(*module.HELP))(getattr(module, name))
    app.add_typer(group, name="eval")
    module = import_module(".commands.bench", __package__)
    app.command("bench", help=tr(*module.HELP))(module.bench)
