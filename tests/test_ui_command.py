from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from rag.errors import ConfigError, NoIndex
from rag.session import Session
from rag.ui import command
from rag.web import listen

from . import ui_doubles as world


def session(*, empty: bool = False) -> Session:
    return Session(make_bot=lambda settings: world.canned_bot(empty=empty))


def options(**changes: object) -> dict:
    return {"host": "127.0.0.1", "port": 0, "config": None} | changes


def test_serve_is_a_command_with_its_options() -> None:
    app = typer.Typer()
    command.register(app)
    app.callback()(lambda: None)
    shown = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, ["serve", "--help"])
    assert shown.exit_code == 0
    for option in ("--host", "--port", "--config"):
        assert option in shown.output


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "intranet.example"])
def test_other_machines_are_let_in_only_with_logins(host: str) -> None:
    with pytest.raises(ConfigError, match="auth_users = true"):
        command.run(session(), **options(host=host))


@pytest.mark.parametrize(
    ("host", "local"), [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.8.0.1", True)]
)
def test_this_machine_needs_no_logins(host: str, local: bool) -> None:
    assert command.is_local(host) is local


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"{port}.*--port") as error:
            command.run(session(), **options(port=port))
    assert "\n" not in str(error.value)


def test_no_index_says_what_to_run_and_frees_the_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NoIndex, match="zhiyin index"):
        command.run(session(empty=True), **options(port=port))
    listen("127.0.0.1", port).close()


def test_wrong_settings_stop_it(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("chunk_token = 5\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="chunk_tokens"):
        command.run(session(), **options(config=file))


SERVE = """
import sys
sys.path.insert(0, {tests!r})
import ui_doubles as world
from rag.session import Session
from rag.ui import command
from rag.web import listen
command.run(Session(make_bot=lambda s: world.canned_bot()), host="127.0.0.1", port=0, config=None)
"""


def test_it_serves_from_any_folder_and_leaves_nothing_there(tmp_path: Path) -> None:
    code = SERVE.format(tests=str(Path(__file__).parent))
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    watchdog = threading.Timer(90, process.kill)
    watchdog.start()
    try:
        line = process.stdout.readline()
        assert "3 份文档" in line
        address = line.split("http://")[1].split("\uff08")[0]
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"http://{address}/readyz", timeout=5) as response:
                    assert json.load(response)["documents"] == 3
                break
            except OSError:
                threading.Event().wait(0.2)
        else:
            pytest.fail("never ready")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in (0, -signal.SIGINT, 130)
    finally:
        watchdog.cancel()
        process.kill()
        process.stdout.close()
        process.wait()
    assert list(tmp_path.iterdir()) == []


def test_a_provider_that_is_down_is_said_at_the_start_and_the_server_starts(monkeypatch, tmp_path: Path, capsys) -> None:
    monkeypatch.setenv("OIDC", "the-client-secret")
    served: list[object] = []
    monkeypatch.setattr(command, "serve_app", lambda app, listener: served.append(app))
    config = tmp_path / "x.toml"
    config.write_text(
        'auth_oidc_issuer = "http://127.0.0.1:9"\nauth_oidc_client = "c"\nauth_oidc_secret_env = "OIDC"\nauth_oidc_address = "http://localhost:7860"\n'
    )
    command.run(session(), **options(host="0.0.0.0", config=config))
    told = capsys.readouterr()
    assert len(served) == 1
    assert "现在联系不上 http://127.0.0.1:9" in told.err and "the-client-secret" not in told.out + told.err
