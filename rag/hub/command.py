"""`zhiyin models`: which models there are, what they cost, fetching one and choosing it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.messages import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.errors import InputError

_HELP = (
    "可用的模型：列出、下载或复制、选用、核对、删除。下载之后不再访问网络。",
    "Models: list, fetch or copy, choose, check, remove. Once one is fetched, nothing asks the network again.",
)


def register(app: typer.Typer) -> None:
    """Add the command `models` to `app`."""
    group = typer.Typer(invoke_without_command=True, rich_markup_mode=None, help=tr(*_HELP))
    group.callback()(models)
    group.command("list", help=tr("列出模型及其开销。", "List models and what they cost."))(list_)
    group.command(
        "pull",
        help=tr(
            "从 huggingface、modelscope 或一个文件夹取一个模型。中断后再运行即续传。",
            "Bring a model from huggingface, modelscope or a folder. Run it again to go on after a break.",
        ),
    )(pull)
    group.command(
        "use", help=tr("在 config.toml 中选用一个模型。", "Choose a model in config.toml.")
    )(use)
    group.command(
        "check", help=tr("核对已取模型的每个字节。", "Check every byte of the pulled models.")
    )(check)
    group.command("remove", help=tr("删除一个已取的模型。", "Remove a pulled model."))(remove)
    app.add_typer(group, name="models")


Name = Annotated[str, typer.Argument(metavar="NAME", help=tr("模型名", "the model's name"))]
Json = Annotated[bool, typer.Option("--json", help=tr("以 JSON 输出", "print JSON"))]


def models(context: typer.Context, as_json: Json = False) -> None:
    """`zhiyin models` alone is `zhiyin models list`."""
    if context.invoked_subcommand is None:
        list_(as_json)


def list_(as_json: Json = False) -> None:
    """Print the presets and what else was pulled."""
    from rag.config import home, load

    from .overview import generators_said, overview, prompts_said, table, unfinished_said

    rows = overview(home(), load())
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    from rich.console import Console

    console = Console()
    console.print(table(rows))
    for line in [*prompts_said(rows), generators_said(), *unfinished_said(home())]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(
        tr(
            "大小为约数。取模型：zhiyin models pull 模型名 --from huggingface|modelscope|文件夹；选用：zhiyin models use 模型名",
            "Sizes are about. Fetch: zhiyin models pull NAME --from huggingface|modelscope|FOLDER; choose: zhiyin models use NAME",
        ),
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def pull(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help=tr("模型名，或模型站上的 所有者/名称", "the model's name, or OWNER/NAME as on the hub"),
        ),
    ],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help=tr("huggingface、modelscope，或一个文件夹", "huggingface, modelscope, or a folder"),
        ),
    ] = "huggingface",
    revision: Annotated[
        str | None,
        typer.Option(
            "--revision", metavar="REV", help=tr("分支、标签或提交", "a branch, tag or commit of the hub")
        ),
    ] = None,
) -> None:
    """Fetch or copy a model."""
    from rag.config import home

    from .pull import pull as fetch

    with _bar(name) as (planned, told):
        model = fetch(name, source, home(), revision=revision, planned=planned, told=told)
    typer.echo(
        tr(
            f"{model.name} 已就绪（{model.bytes / 1e6:,.0f} MB，版本 {model.revision[:19]}）；选用：zhiyin models use {model.name}",
            f"{model.name} is here ({model.bytes / 1e6:,.0f} MB, revision {model.revision[:19]}); choose it: zhiyin models use {model.name}",
        )
    )


def use(name: Name) -> None:
    """Write the choice into the settings of this home."""
    from rag.config import BUNDLED, home, load
    from rag.errors import InputError

    from .choose import choose
    from .installed import folder, read
    from .presets import BUNDLED_READER, find

    preset = find(name)
    setting: str
    if preset is not None and not preset.repo:
        setting, value = preset.kind, BUNDLED if preset.name == BUNDLED_READER else preset.name
    else:
        value = preset.name if preset else name
        where = folder(home(), value)
        if where is None:
            raise _not_here(value, known=preset is not None)
        setting = read(where).kind
    if setting == "generator" and load().generator_url:
        raise InputError(f'generator_url is set, and generator is a name on that server; first set generator_url = "" in {home() / "config.toml"}')
    path = choose(home(), setting, value)
    typer.echo(f'{path}: {setting} = "{value}"')
    if setting == "embedder":
        typer.echo(
            tr(
                "请重建索引：zhiyin index --again。建好之前，原索引用原模型继续回答；运行中的服务无需重启。",
                "Build the index again: zhiyin index --again. Until it is ready the old one goes on answering with its model; a running server needs no restart.",
            )
        )
    else:
        typer.echo(
            tr(f'重启服务后生效;不再使用:{setting} = ""', f'A server takes it at its next start; to do without: {setting} = ""')
        )


def _not_here(name: str, *, known: bool) -> InputError:
    from pathlib import Path

    from rag.config import home
    from rag.errors import InputError

    from .installed import every
    from .presets import PRESETS, hint

    if not known and Path(name).expanduser().is_dir():
        return InputError(f"{name} is a folder, which goes as: zhiyin models pull NAME --from {name}; then zhiyin models use NAME")
    near = hint(name, [*every(home()), *(preset.name for preset in PRESETS)])
    if known or ("/" in name and near.startswith("known")):
        return InputError(f"{name} is not here yet; fetch it first: zhiyin models pull {name}")
    return InputError(f"no model {name!r} here; {near}")


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help=tr("模型名（不给则全部）", "names (none: all)"), show_default=False),
    ] = None,
) -> None:
    """Compare every file with the checksum it had; exit code 1 where one differs."""
    from rag.config import home

    from .installed import every
    from .pull import again
    from .pull import check as compare

    wrong = []
    for name in names or every(home()):
        found = compare(home(), name)
        if found:
            wrong += [*found, tr(f"重新取得：{again(home(), name)}", f"fetch it again: {again(home(), name)}")]
        typer.echo(f"{name}: {tr('完好', 'sound') if not found else tr('有误', 'damaged')}")
    for line in wrong:
        typer.echo(line, err=True)
    if wrong:
        raise typer.Exit(1)
    if not (names or every(home())):
        typer.echo(tr("还没有取过模型", "no model was pulled yet"))


def remove(name: Name) -> None:
    """Remove a model that neither a setting names nor the index was built with, or what an unfinished pull left."""
    from rag.config import home, load
    from rag.errors import InputError

    from .installed import unfinished
    from .overview import built_with, used
    from .presets import find, own_name
    from .pull import remove as drop

    own = own_name(name)
    if (preset := find(name)) and not preset.repo:
        raise InputError(f"{own} comes with the package, there is nothing to remove")
    if own not in unfinished(home()):
        setting = used(load()).get(own)
        if setting == "embedder":
            raise InputError(f"{name} is in use; choose another first: zhiyin models use bundled, then zhiyin index --again")
        if setting is not None:
            raise InputError(f'{name} is in use; first set {setting} = "" in {home() / "config.toml"}')
        if own == built_with(home()):
            raise InputError(f"{name} is needed: the index was built with it; first: zhiyin index --again")
    freed = drop(home(), name)
    typer.echo(tr(f"已删除 {name}，释放 {freed / 1e6:,.0f} MB", f"removed {name}, {freed / 1e6:,.0f} MB are free again"))


@contextmanager
def _bar(name: str) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """A bar on standard error with rate and time left; none where it is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(stderr=True)
    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task(name, total=None)
        yield lambda total: bars.update(task, total=total), lambda count: bars.update(task, advance=count)
