"""`zhiyin prompts`: what a language model is told; looking at it, changing it, trying it out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..messages import language as interface_language
from ..messages import tr
from .main import Config

if TYPE_CHECKING:
    from pathlib import Path

Name = Annotated[str, typer.Argument(metavar="NAME", help=tr("模板名，如 answer.zh", "the template's name: answer.zh"))]


def register(app: typer.Typer) -> None:
    """Add the command `prompts` to `app`."""
    said = ("大模型的提示词模板：查看、修改、还原、试用。", "Prompt templates for language models: show, change, reset, try.")
    group = typer.Typer(invoke_without_command=True, rich_markup_mode=None, help=tr(*said))
    group.callback()(prompts)
    group.command("show", help=tr("列出模板，或显示其中一个。", "List the templates, or show one."))(show)
    group.command(
        "edit",
        help=tr(
            "修改模板：先复制内置的，再用 $VISUAL 或 $EDITOR 打开，然后检查。",
            "Change a template: copy the built-in one, open it in $VISUAL or $EDITOR, check it.",
        ),
    )(edit)
    group.command("reset", help=tr("删除自定义的模板，恢复内置的。", "Remove one's own template; the built-in one counts again."))(reset)
    group.command(
        "test",
        help=tr(
            "检查所有模板，并显示模型会看到的内容。模板有误时退出码为 1。",
            "Check all templates, and show what a model would be told. Exit code 1 where a template is wrong.",
        ),
    )(test)
    app.add_typer(group, name="prompts")


def prompts(context: typer.Context) -> None:
    """`zhiyin prompts` alone is `zhiyin prompts show`."""
    if context.invoked_subcommand is None:
        show()


def show(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help=tr("模板名；不给则列出全部", "the template's name; none: list all"), show_default=False)
    ] = None,
) -> None:
    """Print the list or a template's text."""
    from ..generate.templates import TEMPLATES, named, names, own, strangers, text_of

    if name is not None:
        typer.echo(text_of(named(name)).rstrip("\n"))
        return
    for known in names():
        where = str(own(known)) if own(known).is_file() else tr("内置", "built in")
        variables = " ".join(f"${variable}" for variable in TEMPLATES[known.split(".")[0]].known)
        typer.echo(f"{known:12}{variables:38}{where}")
    for path in strangers():
        typer.echo(_unread(path), err=True)


def edit(name: Name) -> None:
    """Open a template of one's own; a copy that was not changed is not kept."""
    import os

    from ..generate.templates import adopt, built_in, drop, load, named, own

    name = named(name)
    path = own(name)
    copied = adopt(name)
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        typer.echo(path)
        typer.echo(tr(f"没有设置 VISUAL 或 EDITOR：请自行修改上面的文件，再运行 zhiyin prompts test；还原：zhiyin prompts reset {name}",
                      f"neither VISUAL nor EDITOR is set: change the file above, then run zhiyin prompts test; to undo: zhiyin prompts reset {name}"),
                   err=True)  # fmt: skip
        return
    try:
        _open(editor, path)
    finally:  # a copy that says the same would only miss what an update makes better
        unchanged = copied and path.is_file() and path.read_bytes() == built_in(name).encode() and drop(name)
    load(*name.split("."))
    if unchanged:
        typer.echo(tr(f"没有改动，{name} 仍用内置模板", f"nothing was changed; {name} stays the built-in one"))
    else:
        typer.echo(tr(f"{path}：没有问题", f"{path}: nothing wrong"))


def reset(name: Name, yes: Annotated[bool, typer.Option("--yes", help=tr("不再询问", "don't ask"))] = False) -> None:
    """Remove a template of one's own."""
    from ..generate.templates import drop, named, own

    name = named(name)
    if own(name).is_file() and not yes:
        typer.confirm(tr(f"删除 {own(name)}？", f"remove {own(name)}?"), abort=True)
    if drop(name):
        typer.echo(tr(f"已删除 {own(name)}，{name} 恢复为内置模板", f"removed {own(name)}; {name} is the built-in one again"))
    else:
        typer.echo(tr(f"{name} 用的就是内置模板", f"{name} is the built-in one already"))


def test(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help=tr("问题；不给则用例子", "a question; none: an example"), show_default=False)] = "",
    language: Annotated[str, typer.Option("--language", metavar="zh|en", help=tr("语言；不给则看问题", "language; none: the question's"))] = "",
    template: Annotated[str, typer.Option("--template", metavar="answer|repair|rewrite", help=tr("显示哪个模板", "which template to show"))] = "answer",
    as_json: Annotated[bool, typer.Option("--json", help=tr("以 JSON 输出", "print JSON"))] = False,
    config_file: Config = None,
) -> None:
    """Check everything, and render one template with passages of the index or of an example."""
    from ..config import load
    from ..errors import InputError
    from ..generate.prompt_trial import EXAMPLES, TRIED, estimate, passages_for, try_out
    from ..generate.templates import names, own, problem, strangers
    from ..hub.presets import hint

    if template not in TRIED:
        raise InputError(f"no template {template!r} to show; {hint(template, TRIED)}")
    if language and language not in EXAMPLES:
        raise InputError(f"--language {language!r}; give {' or '.join(EXAMPLES)}")
    language = language or _language_of(question.strip())
    rows: list[dict[str, Any]] = [{"name": name, "own": str(own(name)) if own(name).is_file() else None, "problem": problem(name)} for name in names()]
    rows += [{"name": path.name, "own": str(path), "problem": _unread(path)} for path in strangers()]
    ok = all(row["problem"] is None for row in rows)
    told: dict[str, Any] = {"ok": ok, "templates": rows, "template": f"{template}.{language}", "passages": None, "tokens": None, "messages": None}
    if problem(told["template"]) is None:
        found = passages_for(question, load(config_file), language) if question.strip() and template != "rewrite" else None
        prompt = try_out(template, language, question.strip(), found)
        told |= {"passages": prompt.used, "tokens": estimate(prompt.messages), "messages": prompt.messages}
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else _said(told))
    if not ok:
        raise typer.Exit(1)


def _language_of(question: str) -> str:
    if not question:
        return interface_language()
    from ..question.query import understand

    return understand(question).language


def _said(told: dict[str, Any]) -> str:
    """What `test` found, as a terminal shows it: the messages, their size, then the state of every template."""
    from .terminal import clean

    lines = [f"── {message['role']}\n{clean(message['content'])}\n" for message in told["messages"] or ()]
    if told["messages"]:
        lines.append(tr(f"── {told['template']}：约 {told['tokens']} 个词元（估算）\n", f"── {told['template']}: about {told['tokens']} tokens (estimated)\n"))
    for row in told["templates"]:
        state = clean(row["problem"]) if row["problem"] else tr("没有问题", "nothing wrong")
        where = "" if row["own"] is None or row["problem"] else f" ({row['own']})"
        lines.append(f"{'✗' if row['problem'] else '✓'} {row['name']}{where}: {state}")
    return "\n".join(lines)


def _unread(path: Path) -> str:
    from ..generate.templates import names
    from ..hub.presets import hint

    return tr(f"{path} 不会被使用：没有这个名称的模板；", f"{path} is never read: no template has that name; ") + hint(path.stem, names())


def _open(editor: str, path: Path) -> None:
    """Open `path` in `editor`, a command line, and wait. Raises ConfigError where that fails."""
    import os
    import shlex
    import subprocess

    from ..errors import ConfigError

    try:
        subprocess.run([*shlex.split(editor, posix=os.name != "nt"), path], check=True)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise ConfigError(f"the editor {editor!r} (VISUAL or EDITOR) failed: {error}; set another and try again") from error
