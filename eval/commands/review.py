"""`zhiyin eval review [FILE]`: a page to accept, correct or drop candidates one by one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rag.messages import tr

from .options import Config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.session import Session

    from ..review.candidates import Candidate
    from ..review.reading import Answerer

HELP = (
    "打开一个网页，逐条采纳、修改或丢弃候选题：来自文件（如 generate 的结果），以及聊天窗口里的差评。",
    "Open a page to accept, correct or drop candidate rows: of a file (such as `generate` writes), and of thumbs-down in the chat.",
)

HOST = "127.0.0.1"


def review(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help=tr("候选题（JSONL）；不给则只看差评", "candidates (JSONL); none: those of feedback alone"),
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="GOLD",
            help=tr(
                "采纳的题加到该文件；不给则为 $ZHIYIN_HOME/gold.jsonl",
                "the gold set that accepted rows are added to; none: $ZHIYIN_HOME/gold.jsonl",
            ),
        ),
    ] = None,
    feedback: Annotated[
        bool,
        typer.Option(
            "--feedback/--no-feedback", help=tr("也审阅聊天窗口里的差评", "thumbs-down in the chat, too")
        ),
    ] = True,
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65535, help=tr("端口；0 表示任选一个", "port; 0 picks a free one")),
    ] = 7861,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help=tr("打开浏览器", "open the browser"))
    ] = True,
    config_file: Config = None,
) -> None:
    """Serve the review page until interrupted; `HELP` is the help text."""
    from rag.config import home
    from rag.config import load as settings_of
    from rag.errors import InputError
    from rag.feedback import FILE, FeedbackStore
    from rag.web import listen, serve_app

    from ..review import goldfile, ledger
    from ..review.candidates import from_feedback, from_file
    from ..review.desk import Desk

    session: Session = context.obj
    given = from_file(file) if file else []
    store = FeedbackStore(home() / FILE)

    def candidates() -> Sequence[Candidate]:
        return [*given, *(from_feedback(store.rows("down")) if feedback else ())]

    count = len(candidates())
    if not count:
        raise InputError(
            tr(
                "没有候选题。先运行 zhiyin eval generate，或在聊天窗口里给回答一个差评。",
                "there are no candidates; run zhiyin eval generate, or give an answer in the chat a thumb down",
            )
        )
    target = out or home() / "gold.jsonl"
    goldfile.rows(target)  # a file that is no gold set is told before the page opens
    listener = listen(HOST, port)
    try:
        bot = cast("Answerer", session.make_bot(settings_of(config_file)))
        bot.snapshot.sources()  # and so is a missing index
        from ..review.server import create_app

        app = create_app(Desk(bot, candidates, ledger.Ledger(target, home() / ledger.FILE)))
        address = f"http://{HOST}:{listener.getsockname()[1]}"
        typer.echo(
            tr(
                f"知引审阅 · {count} 条候选题 · {address}（Ctrl+C 停止）",
                f"Zhiyin review · {count} candidates · {address} (Ctrl+C stops)",
            )
        )
        if browser:
            _open(address)
        serve_app(app, listener)
    finally:
        listener.close()


def _open(address: str) -> None:
    """Open the browser; the socket listens already, so that a quick one waits for the server."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
