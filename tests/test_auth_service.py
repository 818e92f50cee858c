"""The gate in front of the whole service: Gradio's routes, the fence's headers, the frame, the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import typer
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from rag.config import Settings
from rag.ui import command
from rag.ui.auth.audit import AuditLog
from rag.ui.auth.users import FILE, Users
from rag.ui.auth.ways import ways
from rag.ui.server import create_app

from . import ui_doubles as world
from .test_auth import AUDIENCE, HOST, PASSWORD, SECRET, TOKEN, bearer

ORIGIN = {"origin": "http://chat.example"}


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHIYIN_HOME", str(home))
        patch.setenv("T", TOKEN)
        patch.setenv("K", SECRET)
        for name in ("anna", "bert"):
            Users(home / FILE, cost=16).add(name, PASSWORD)
        settings = Settings(
            auth_token_env="T", auth_users=True, auth_jwt_key_env="K", auth_jwt_algorithm="HS256", auth_jwt_audience=AUDIENCE,
            embed_origins=(HOST,), cors_origins=("https://tool.example",),
        )  # fmt: skip
        app = create_app(world.canned_bot(), settings=settings, hosts=None, proofs=ways(settings, home))
        app.state.home = home
        with TestClient(app, base_url="http://chat.example", follow_redirects=False) as client:
            yield client


@pytest.fixture
def browser(service):
    """Browsers of their own on the one service."""
    return lambda: TestClient(service.app, base_url="http://chat.example", follow_redirects=False)


def login(client, user):
    assert client.post("/login", data={"user": user, "secret": PASSWORD}, headers=ORIGIN).status_code == 303
    return client


def asking(client, session_hash, question=world.QUESTION, index=0):
    body = {"data": [question, None], "fn_index": index, "session_hash": session_hash, "trigger_id": 1, "event_data": None}
    return client.post("/gradio_api/queue/join", json=body, headers=ORIGIN)


CLOSED = [
    ("GET", "/"), ("GET", "/config"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/api/documents"), ("POST", "/api/ask"), ("GET", "/api/excerpt"),
    ("GET", f"/api/sources/{world.HILL.source}"), ("POST", "/v1/chat/completions"), ("GET", "/v1/models"), ("POST", "/api/feedback"),
    ("GET", "/api/openapi.json"), ("GET", "/api/conversations"), ("GET", "/embed/setup"), ("POST", "/gradio_api/queue/join"),
    ("GET", "/gradio_api/queue/data?session_hash=x"), ("GET", "/gradio_api/heartbeat/x"), ("GET", "/gradio_api/info"), ("GET", "/api/nowhere"),
    ("DELETE", "/api/session"), ("POST", "/gradio_api/cancel"), ("GET", "/gradio_api/startup-events"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_every_route_wants_a_person(service, browser, method, path):
    reply = browser().request(method, path)
    assert (reply.status_code, list(reply.json())) == (401, ["error"])
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert browser().request(method, path, headers=bearer(TOKEN + "x")).status_code == 401
    assert browser().request(method, path, headers={"cookie": "zhiyin_session=x"}).status_code == 401


def test_no_route_was_forgotten(service):
    """Each route of the app is either on the list of open ones or wants a person."""
    from rag.ui.auth.gate import _OPEN

    open_ = {"/healthz", "/login", "/embed.js", "/ui/texts.js"}
    for route in service.app.routes:
        path = getattr(route, "path", "")
        if _OPEN.fullmatch(path):
            assert path in open_, path


@pytest.mark.parametrize("path", ["/healthz", "/login", "/embed.js", "/ui/static/app.js", "/ui/static/login.css", "/ui/texts.js", "/theme.css", "/embed"])
def test_what_is_open_tells_nothing_of_the_documents(service, browser, path):
    reply = browser().get(path)
    assert reply.status_code == 200
    assert not re.search("河岸图书馆|hill.pdf|重庆|118", reply.text)


def test_a_browser_is_sent_to_the_login_page_and_back(service, browser):
    client = browser()
    sent = client.get("/", headers={"accept": "text/html"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/login")
    page = client.get("/login")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy and "form-action 'self'" in policy
    assert page.headers["referrer-policy"] == "same-origin"  # else a browser says `Origin: null` with the form
    login(client, "anna")
    assert client.get("/").status_code == 200
    assert client.post("/logout", headers=ORIGIN).status_code == 303
    assert client.get("/").status_code == 401


def test_other_sites_can_not_log_anybody_in_or_out(service, browser):
    for origin in ("https://evil.example", "null", "https://tool.example"):
        reply = browser().post("/login", data={"user": "anna", "secret": PASSWORD}, headers={"origin": origin})
        assert reply.status_code == 403 and "set-cookie" not in reply.headers
        client = login(browser(), "anna")
        assert client.post("/logout", headers={"origin": origin}).status_code == 403
        assert client.get("/readyz").status_code == 200


def test_a_preflight_needs_no_person_and_the_call_does(service, browser):
    origin = {"origin": "https://tool.example"}
    asked = browser().options("/api/ask", headers=origin | {"access-control-request-method": "POST", "access-control-request-headers": "authorization"})
    assert asked.status_code == 200 and asked.headers["access-control-allow-origin"] == "https://tool.example"
    assert "access-control-allow-credentials" not in asked.headers
    assert browser().post("/api/ask", json={"question": world.QUESTION}, headers=origin).status_code == 401
    assert browser().post("/api/ask", json={"question": world.QUESTION}, headers=origin | bearer(TOKEN)).status_code == 200


def test_gradio_s_sessions_belong_to_who_began_them(service, browser):
    anna, bert = login(browser(), "anna"), login(browser(), "bert")
    assert asking(anna, "abc").status_code == 200
    for reply in (
        asking(bert, "abc"),
        bert.get("/gradio_api/queue/data", params={"session_hash": "abc"}),
        bert.get("/gradio_api/queue/data?session_hash=mine&session_hash=abc"),
        bert.get("/gradio_api/heartbeat/abc"),
        bert.post("/gradio_api/cancel", json={"session_hash": "abc", "fn_index": 0, "event_id": "x"}, headers=ORIGIN),
        bert.post("/gradio_api/reset", json={"session_hash": "abc", "event_id": "x"}, headers=ORIGIN),
    ):
        assert (reply.status_code, list(reply.json())) == (403, ["error"])
    with anna.stream("GET", "/gradio_api/queue/data", params={"session_hash": "abc"}) as events:
        assert events.status_code == 200
        seen = "".join(events.iter_text())
    assert "process_completed" in seen and "118.4" in seen
    assert asking(bert, "def").status_code == 200


def test_the_queue_knows_who_asks(service, browser):
    anna = login(browser(), "anna")
    asking(anna, "known")
    with anna.stream("GET", "/gradio_api/queue/data", params={"session_hash": "known"}) as events:
        "".join(events.iter_text())
    newest = AuditLog(service.app.state.home).events(limit=1)[0]
    assert (newest.person, newest.action, newest.sources) == ("user:anna", "ask", (world.RIVER.source,))


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/ask", {"question": world.QUESTION}), ("/v1/chat/completions", {"model": "zhiyin", "messages": [{"role": "user", "content": world.QUESTION}]})],
)
def test_every_way_of_asking_is_written_down_with_its_person(service, browser, path, body):
    log = AuditLog(service.app.state.home)
    before = len(log.events())
    assert browser().post(path, json=body, headers=bearer(TOKEN)).status_code == 200
    assert browser().post(path, json=body | {"stream": True}, headers=bearer(TOKEN) | {"accept": "text/event-stream"}).status_code == 200
    new = log.events()[: len(log.events()) - before]
    assert [(e.person, e.action, e.status, e.sources) for e in new] == [("token", "ask", 200, (world.RIVER.source,))] * 2


def test_what_only_administrators_may_see(service, browser):
    assert browser().get("/metrics", headers=bearer(TOKEN)).status_code == 403
    assert browser().get("/embed/setup", headers=bearer(TOKEN)).status_code == 403
    assert "documents" not in browser().get("/readyz", headers=bearer(TOKEN)).json()


def test_users_on_the_command_line(isolated_home, monkeypatch):
    monkeypatch.setattr("rag.ui.auth.users.COST", 16)
    app = typer.Typer()
    command.register(app)
    run = CliRunner().invoke
    added = run(app, ["users", "add", "anna", "-g", "hr", "-g", "board"], input=f"{PASSWORD}\n")
    assert added.exit_code == 0, added.output
    assert run(app, ["users", "add", "root", "--admin"], input=f"{PASSWORD}\n").exit_code == 0
    listed = json.loads(run(app, ["users", "list", "--json"]).output)
    assert listed == [{"name": "anna", "groups": ["board", "hr"], "admin": False}, {"name": "root", "groups": [], "admin": True}]
    assert "anna  board, hr" in run(app, ["users", "list"]).output
    assert Users(isolated_home / FILE).check("anna", PASSWORD).groups == {"hr", "board"}
    assert run(app, ["users", "remove", "anna"]).exit_code == 0
    assert run(app, ["users", "remove", "anna"]).exit_code != 0
    assert run(app, ["users", "add", "x"], input="short\n").exit_code != 0
    AuditLog(isolated_home, "text").note("user:root", "ask", "问")
    assert json.loads(run(app, ["audit"]).output)["question"] == "问"
    assert run(app, ["audit", "--person", "user:x"]).output == ""
