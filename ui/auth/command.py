"""`zhiyin users`: who may log in with a name and a password. `zhiyin audit`: who asked what."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rag import config
from rag.errors import InputError
from rag.messages import tr

if TYPE_CHECKING:
    from .users import Users


def register(app: typer.Typer) -> None:
    """Add `users` and `audit` to the command line."""
    users = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode=None,
        help=tr("管理可以登录的用户。", "Manage who may log in."),
    )
    app.add_typer(users, name="users")
    users.command("add", help=tr(
        "添加用户，或给已有的用户换密码和组。密码从终端或标准输入读取，不作为参数。",
        "Add a user, or give one another password and groups. The password is read from the terminal or standard input.",
    ))(add)  # fmt: skip
    users.command("remove", help=tr("删除用户，其会话随之结束。", "Remove a user, whose sessions end."))(remove)
    users.command("list", help=tr("列出用户。", "List the users."))(list_)
    app.command("audit", help=tr("查看审计记录：谁在何时问过什么。", "Show the audit log: who asked what and when."))(audit)


def _users() -> Users:
    from .users import FILE, Users

    return Users(config.home() / FILE)


def add(
    name: Annotated[str, typer.Argument(help=tr("用户名", "the user's name"))],
    group: Annotated[list[str] | None, typer.Option("--group", "-g", help=tr("所属的组（可重复）", "a group (repeatable)"))] = None,
    admin: Annotated[
        bool, typer.Option("--admin", help=tr("管理员：可读全部文档，管理文档", "an administrator: reads and manages all documents"))
    ] = False,
) -> None:
    """Add a user; `register` sets the help text."""
    password = _password(name)
    new = _users().add(name, password, frozenset(group or ()), admin=admin)
    typer.echo(tr(f"已{'添加' if new else '更新'}用户 {name}", f"user {name} {'added' if new else 'changed'}"))


def _password(name: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt(tr(f"{name} 的密码", f"password of {name}"), hide_input=True, confirmation_prompt=True))


def remove(name: Annotated[str, typer.Argument(help=tr("用户名", "the user's name"))]) -> None:
    """Remove a user; `register` sets the help text."""
    if not _users().remove(name):
        raise InputError(tr(f"没有用户 {name!r}", f"there is no user {name!r}"))
    typer.echo(tr(f"已删除用户 {name}", f"user {name} removed"))


def list_(as_json: Annotated[bool, typer.Option("--json", help=tr("以 JSON 输出", "print JSON"))] = False) -> None:
    """List the users; `register` sets the help text."""
    users = sorted(_users().all().values(), key=lambda user: user.name)
    if as_json:
        rows = [{"name": u.name, "groups": sorted(u.groups), "admin": u.admin} for u in users]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for user in users:
        mark = tr("（管理员）", " (administrator)") if user.admin else ""
        typer.echo(f"{user.name}{mark}  {', '.join(sorted(user.groups))}".rstrip())


def audit(
    person: Annotated[str | None, typer.Option(help=tr("只看此人，如 user:anna", "of this person alone, as in user:anna"))] = None,
    limit: Annotated[int, typer.Option(min=1, help=tr("最多多少行", "at most so many lines"))] = 1000,
) -> None:
    """Print the newest lines as JSON, newest first; `register` sets the help text."""
    from .audit import AuditLog

    for event in AuditLog(config.home()).events(person, limit=limit):
        typer.echo(json.dumps(event.to_dict(), ensure_ascii=False))
