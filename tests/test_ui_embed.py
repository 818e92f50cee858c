"""Who may frame the chat, who may call it from another site, and what is served for other pages."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from starlette.middleware.base import BaseHTTPMiddleware

from rag import config
from rag.config import Settings
from rag.errors import ConfigError
from rag.ui.embed.origins import is_this_machine, parse_origins
from rag.ui.embed.pages import STATIC
from rag.ui.embed.words import WORDS
from rag.ui.server import create_app
from rag.ui.who import Person

from . import ui_doubles as world

BASE = "http://127.0.0.1:7860"
FRAMER, CALLER = "https://intranet.example", "https://tools.example:8443"
SCRIPTS = {name: (STATIC / name).read_text(encoding="utf-8") for name in ("embed.js", "frame.js", "setup.js", "preview.js")}
PAGES = ("/embed", "/embed.js", "/embed/setup", "/embed/preview", "/embed/static/frame.js")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    settings = Settings(embed_origins=(FRAMER,), cors_origins=(CALLER,))
    with TestClient(create_app(world.canned_bot(), settings=settings), base_url=BASE) as client:
        yield client


@pytest.fixture(scope="module")
def closed() -> Iterator[TestClient]:
    with TestClient(create_app(world.canned_bot(), settings=Settings()), base_url=BASE) as client:
        yield client


def ancestors(client: TestClient, path: str) -> str:
    return re.search(r"frame-ancestors ([^;]*)", client.get(path).headers["content-security-policy"])[1]


# ---- the two lists ----------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://intranet.example", "https://intranet.example"),
        ("https://Intranet.EXAMPLE:443", "https://intranet.example"),
        ("https://intranet.example:8443", "https://intranet.example:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://portal.localhost", "http://portal.localhost"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("https://10.2.3.4", "https://10.2.3.4"),
        ("https://xn--fiqs8s.example", "https://xn--fiqs8s.example"),
    ],
)
def test_origins_are_kept_as_browsers_write_them(given: str, kept: str) -> None:
    assert parse_origins("embed_origins", [given, given]) == (kept,)


@pytest.mark.parametrize(
    "given",
    [
        "*", "https://*", "https://*.example", "https://*.intranet.example", "null", "", "'self'", "https:", "https://",
        "intranet.example", "//intranet.example", "https://intranet.example/", "https://intranet.example/path",
        "https://intranet.example?q", "https://intranet.example#x", "https://user@intranet.example", "https://u:p@intranet.example",
        "http://intranet.example", "http://10.2.3.4", "http://localhost.example", "http://127.0.0.1.example", "ftp://intranet.example",
        "javascript:alert(1)", "data:text/html,x", "https://a.example https://b.example", "https://a.example;script-src *",
        "https://a.example,https://b.example", "https://intranet.example:99999", "https://intranet.example:x", "https://内网.example",
        "https://[::1", "https://a..example", "https://-a.example", " https://intranet.example", "https://intranet.example\n",
        "https://a.example\\@b.example", "https://a.example'", "https:///intranet.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("setting", ["embed_origins", "cors_origins"])
def test_anything_else_is_refused_by_name(setting: str, given: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_origins(setting, [FRAMER, given])
    assert setting in str(refused.value) and repr(given) in str(refused.value)
    assert "https://intranet.example" in str(refused.value)  # how it should look


@pytest.mark.parametrize("setting", ["embed_origins", "cors_origins"])
def test_the_service_does_not_start_with_a_wrong_list(setting: str) -> None:
    with pytest.raises(ConfigError, match=setting):
        create_app(world.canned_bot(), settings=Settings(**{setting: (FRAMER, "https://*.example")}))


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["localhost.example", "notlocalhost", "0.0.0.0", "10.0.0.1", "", "::2"])
def test_other_machines(host: str) -> None:
    assert not is_this_machine(host)


def test_the_lists_come_from_the_settings_file(tmp_path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'embed_origins = ["{FRAMER}"]\ncors_origins = []\n', encoding="utf-8")
    assert config.load(file).embed_origins == (FRAMER,)
    for wrong in (f'embed_origins = "{FRAMER}"', "cors_origins = [1]", "embed_origins = true"):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(ConfigError, match="list"):
            config.load(file)


# ---- frames -----------------------------------------------------------------
def test_only_the_embed_page_may_be_framed_and_only_by_the_list(client: TestClient) -> None:
    assert ancestors(client, "/embed") == f"'self' {FRAMER}"
    assert "x-frame-options" not in client.get("/embed").headers
    assert ancestors(client, "/embed/preview") == "'self'"
    for path in ("/", "/embed.js", "/embed/setup", "/api/documents", "/healthz", "/embed/nothing", "/embedded"):
        assert ancestors(client, path) == "'none'", path
        assert client.get(path).headers["x-frame-options"] == "DENY"
    assert CALLER not in client.get("/embed").text + client.get("/embed").headers["content-security-policy"]


def test_by_default_nobody_else_may_frame_it(closed: TestClient) -> None:
    assert ancestors(closed, "/embed") == "'self'"
    assert 'data-origins=""' in closed.get("/embed").text


def test_the_framed_page_is_the_chat_with_two_more_files(client: TestClient) -> None:
    framed, plain = client.get("/embed"), client.get("/")
    assert framed.status_code == 200 and "frame.js" not in plain.text
    nonce = re.search(r"'nonce-([^']+)'", framed.headers["content-security-policy"])[1]
    tags = re.findall(r"<script[^>]*>", framed.text)
    assert len(tags) > 4 and all(f'nonce="{nonce}"' in tag for tag in tags)
    own = [tag for tag in tags if "frame.js" in tag or "app.js" in tag]
    assert "frame.js" in own[0] and "app.js" in own[1]  # what the chat reads is there before it
    assert f'data-origins="{FRAMER}"' in own[0]
    assert client.post("/embed").status_code in (404, 405)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_a_strict_policy(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    script = re.search(r"script-src ([^;]*)", policy)[1]
    assert "unsafe-inline" not in script and "*" not in policy and "object-src 'none'" in policy
    if path != "/embed":  # Gradio's page alone needs more
        assert "default-src 'none'" in policy and "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", response.text)


def test_other_sites_may_load_the_script_and_nothing_else(client: TestClient) -> None:
    script = client.get("/embed.js")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert script.headers["content-type"].startswith("text/javascript")
    assert "max-age=300" in script.headers["cache-control"]
    for path in ("/", "/embed/static/frame.js", "/ui/static/app.js", "/api/documents"):
        assert client.get(path).headers["cross-origin-resource-policy"] == "same-origin"


# ---- calls from other sites -------------------------------------------------
def asked(client: TestClient, origin: str, path: str = "/api/ask") -> object:
    return client.post(path, json={"question": world.QUESTION}, headers={"origin": origin})


def test_a_listed_origin_may_call(client: TestClient) -> None:
    response = asked(client, CALLER)
    assert response.status_code == 200 and response.json()["short"] == "118.4万人次"
    assert response.headers["access-control-allow-origin"] == CALLER
    assert "origin" in response.headers["vary"].lower()
    assert "access-control-allow-credentials" not in response.headers  # never with cookies


def test_its_browser_is_told_so_beforehand(client: TestClient) -> None:
    wish = {"origin": CALLER, "access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type"}
    response = client.options("/api/ask", headers=wish)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == CALLER
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "authorization" in response.headers["access-control-allow-headers"].lower()


@pytest.mark.parametrize("origin", [FRAMER, "https://evil.example", "null", CALLER + ".evil.example", "http://tools.example:8443"])
def test_no_other_origin_may_call_not_even_one_that_may_frame(client: TestClient, origin: str) -> None:
    response = asked(client, origin)
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers
    assert "access-control-allow-origin" not in client.get("/api/documents", headers={"origin": origin}).headers
    wish = {"origin": origin, "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in client.options("/api/ask", headers=wish).headers


@pytest.mark.parametrize("path", ["/", "/embed", "/healthz", "/gradio_api/queue/join", "/config"])
def test_the_list_opens_the_interface_alone(client: TestClient, path: str) -> None:
    assert "access-control-allow-origin" not in client.get(path, headers={"origin": CALLER}).headers
    assert asked(client, CALLER, path).status_code in (403, 404)


def test_by_default_no_other_site_may_call(closed: TestClient) -> None:
    assert asked(closed, CALLER).status_code == 403
    assert "access-control-allow-origin" not in closed.get("/api/documents", headers={"origin": CALLER}).headers


# ---- the page that writes the snippet ---------------------------------------
def test_the_setup_page_shows_the_list(client: TestClient, closed: TestClient) -> None:
    page = client.get("/embed/setup").text
    assert f"<li><code>{FRAMER}</code></li>" in page and "$" not in re.sub(r"data-known=\"[^\"]*\"", "", page)
    assert WORDS["none_allowed"][0] in closed.get("/embed/setup").text


def test_only_an_administrator_opens_it() -> None:
    app = create_app(world.canned_bot(), settings=Settings())

    async def as_reader(request: Request, call_next):
        request.state.person = Person("reader", admin=False)
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=as_reader)
    with TestClient(app, base_url=BASE) as client:
        assert client.get("/embed/setup").status_code == 403
        assert client.get("/embed.js").status_code == 200


@pytest.mark.parametrize("key", WORDS)
def test_every_word_is_there_in_both_languages(key: str) -> None:
    zh, en = WORDS[key]
    assert re.search(r"[\u4e00-\u9fff]", zh) and en.strip()
    assert not re.search(r"[\u4e00-\u9fff]", en.replace("浙江", ""))


# ---- the files --------------------------------------------------------------
@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_builds_html_or_code_or_names_another_host(name: str) -> None:
    script = SCRIPTS[name]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|\.style\.(?!setProperty)", script)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg|intranet\.example)", script)
    assert "'*'" not in script  # no message to whoever listens


def test_the_script_is_small() -> None:
    assert len(gzip.compress(SCRIPTS["embed.js"].encode(), 9, mtime=0)) < 10_000
