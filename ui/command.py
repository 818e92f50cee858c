"""`zhiyin serve`: the chat window on this machine."""

from __future__ import annotations

import ipaddress
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import NoIndex
from rag.messages import tr
from rag.web import LOCAL_HOSTS, listen, serve_app

if TYPE_CHECKING:
    import socket

    from rag.config import Settings
    from rag.session import Session

    from .auth.ways import Ways

HERE = "127.0.0.1"


def register(app: typer.Typer) -> None:
    """Add `serve` to the command line, and what belongs to logging in."""
    from .auth.command import register as register_users

    register_users(app)

    @app.command(help=tr("打开聊天窗口。", "Serve the chat window."))
    def serve(
        context: typer.Context,
        host: Annotated[str, typer.Option(help=tr("监听的地址。", "Address to listen on."))] = HERE,
        port: Annotated[
            int,
            typer.Option(min=0, max=65535, help=tr("端口；0 表示任选一个。", "Port; 0 picks a free one.")),
        ] = 7860,
        config: Annotated[
            Path | None,
            typer.Option(exists=True, dir_okay=False, help=tr("TOML 设置文件。", "TOML file of settings.")),
        ] = None,
    ) -> None:
        run(context.obj, host=host, port=port, config=config)


def run(session: Session | None, *, host: str, port: int, config: Path | None) -> None:
    """Serve until interrupted.

    Raises ConfigError for an address that needs logins or can't be had, NoIndex where nothing is indexed.
    """
    from rag.config import home, load

    from .auth.ways import require, ways

    local = is_local(host)
    settings = load(config)
    proofs = ways(settings, home())
    require(proofs, host, local=local)
    listener = listen(host, port)
    try:
        _serve(session, listener, host=host, settings=settings, proofs=proofs, local=local)
    finally:
        listener.close()


def _serve(
    session: Session | None, listener: socket.socket, *, host: str, settings: Settings, proofs: Ways, local: bool
) -> None:
    from rag.session import Session as New

    bot = (session or New()).make_bot(settings)
    count = _documents(bot)
    if warm := getattr(bot, "warm", None):
        threading.Thread(target=warm, name="zhiyin-warm", daemon=True).start()
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from .auth.single import reachable
    from .server import create_app

    app = create_app(bot, settings=settings, hosts=(*LOCAL_HOSTS, host) if local and not proofs else None, proofs=proofs)  # type: ignore[arg-type]
    port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    typer.echo(
        tr(
            f"知引 · 已载入 {count} 份文档 · http://{shown}:{port}（Ctrl+C 停止）",
            f"Zhiyin · {count} documents · http://{shown}:{port} (Ctrl+C stops)",
        )
    )
    if proofs.oidc is not None and not reachable(proofs.oidc):
        typer.echo(
            tr(
                f"警告：现在联系不上 {proofs.oidc.provider.issuer}，暂时不能用它登录；服务照常启动，会再试。",
                f"warning: {proofs.oidc.provider.issuer} can't be reached, so nobody can log in there now; the server starts and will try again",
            ),
            err=True,
        )
    serve_app(app, listener)


def _documents(bot: object) -> int:
    try:
        return len(bot.snapshot.sources())  # type: ignore[attr-defined]
    except NoIndex as error:
        raise NoIndex(
            tr(
                "还没有索引。先运行:zhiyin index 文件夹",
                "there is no index yet; first run: zhiyin index FOLDER",
            )
        ) from error


def is_local(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
