from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from rag.answer import to_dict
from rag.config import Settings
from rag.feedback import Cited, FeedbackStore
from rag.offsets import apply
from rag.types import Edit
from rag.ui.demo import CannedBot
from rag.ui.limits import MAX_HISTORY, MAX_QUESTION
from rag.ui.server import create_app
from rag.web import MAX_BODY

from . import ui_doubles as world

BASE = "http://127.0.0.1:7860"


@pytest.fixture(scope="module")
def bot() -> CannedBot:
    return world.canned_bot()


@pytest.fixture(scope="module")
def client(bot: CannedBot) -> Iterator[TestClient]:
    with TestClient(
        create_app(bot, settings=Settings()), base_url=BASE, raise_server_exceptions=False
    ) as client:
        yield client


def test_an_answer_is_the_contract(client: TestClient) -> None:
    response = client.post("/api/ask", json={"question": world.QUESTION, "id": "q-1"})
    assert response.status_code == 200
    body = response.json()
    assert body == json.loads(json.dumps(to_dict(world.FACT_ANSWER) | {"id": "q-1"}))
    (cited,) = body["citations"]
    raw = client.get(f"/api/sources/{cited['source']}").json()["raw"]
    assert raw[cited["start"] : cited["end"]] == cited["quote"]


def test_history_and_blanks_reach_the_bot(client: TestClient, bot: CannedBot) -> None:
    client.post("/api/ask", json={"question": f"  {world.COMPARISON}\n", "history": [["问", "答"]]})
    assert bot.calls[-1] == (world.COMPARISON, (("问", "答"),))


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"not json", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[1]", "question"),
        (b"{}", "question"),
        (b'{"question": 3}', "question"),
        (b'{"question": "  "}', "question"),
        (json.dumps({"question": "问" * (MAX_QUESTION + 1)}).encode(), str(MAX_QUESTION)),
        (b'{"question": "q", "id": {}}', "id"),
        (b'{"question": "q", "history": "h"}', "history"),
        (b'{"question": "q", "history": [["a"]]}', "history"),
        (
            json.dumps({"question": "q", "history": [["a", "b"]] * (MAX_HISTORY + 1)}).encode(),
            str(MAX_HISTORY),
        ),
        (b'{"question": "\\ud800"}', "hex escape"),
    ],
)
def test_what_cannot_be_asked_is_said(client: TestClient, body: bytes, word: str) -> None:
    response = client.post("/api/ask", content=body)
    assert response.status_code == 422
    assert list(response.json()) == ["error"]
    assert word in response.json()["error"]


def test_a_question_of_just_the_limit_is_taken(client: TestClient) -> None:
    assert client.post("/api/ask", json={"question": "问" * MAX_QUESTION}).status_code == 200


@pytest.mark.parametrize("path", ["/api/ask", "/gradio_api/queue/join"])
def test_a_huge_body_is_refused_before_it_is_read_to_the_end(client: TestClient, path: str) -> None:
    given = 0

    def endless() -> Iterator[bytes]:
        nonlocal given
        for _ in range(64):
            given += 1
            yield b"x" * (MAX_BODY // 8)

    response = client.post(path, content=endless())
    assert response.status_code == 413
    assert "KiB" in response.json()["error"]


def test_errors_on_purpose_are_told_and_others_are_not(client: TestClient) -> None:
    known = client.post("/api/ask", json={"question": world.BROKEN})
    assert (known.status_code, known.json()) == (500, {"error": "the model file is damaged"})
    unknown = client.post("/api/ask", json={"question": world.SECRET})
    assert unknown.status_code == 500
    assert "secret" not in unknown.text and list(unknown.json()) == ["error"]
    assert unknown.headers["x-content-type-options"] == "nosniff"


def test_documents_are_listed(client: TestClient) -> None:
    body = client.get("/api/documents").json()
    assert body["generation"] == "000001"
    assert [d["source"] for d in body["documents"]] == [
        world.RIVER.source,
        world.HILL.source,
        world.NASTY.source,
    ]
    assert body["documents"][0] | {"version": ""} == {
        "source": world.RIVER.source, "title": "河岸图书馆2023年服务年报", "version": "", "media_type": "text/plain",
        "characters": len(world.RIVER_RAW), "parts": 1, "periods": ["2023"], "regions": ["浙江/杭州"], "published": "2024-01-15",
    }  # fmt: skip


def test_a_source_comes_raw_and_clean_with_the_edits_between(client: TestClient) -> None:
    body = client.get(f"/api/sources/{world.RIVER.source}").json()
    (part,) = body["parts"]
    assert apply(body["raw"], [Edit(*e) for e in part["edits"]]) == part["clean"]
    assert "(zhèng)" in body["raw"] and "(zhèng)" not in part["clean"]
    nasty = client.get("/api/sources/%3Cb%3Ex%3C%2Fb%3E%20%26%20'y'.md")
    assert nasty.json()["raw"] == world.HOSTILE_RAW
    assert nasty.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(
    "name",
    [
        "nope.txt",
        "..%2f..%2fetc%2fpasswd",
        "%2Fetc%2Fpasswd",
        "hill.pdf%00",
        "HILL.PDF",
        "%E5%B9%B4%E6%8A%A5",
        "",
    ],
)
def test_only_listed_names_can_be_read(client: TestClient, name: str) -> None:
    response = client.get(f"/api/sources/{name}")
    assert response.status_code == 404
    assert list(response.json()) == ["error"]


def quoted(view: dict, kind: str = "quote") -> str:
    return "".join(p["text"] for p in view["pieces"] if p[kind])


def test_an_excerpt_shows_the_quote_in_both_views(client: TestClient) -> None:
    c = world.VISITS
    marks = ",".join(f"{a}-{b}" for a, b in c.marks)
    asked = {"source": c.source, "start": c.start, "end": c.end, "version": c.version, "marks": marks}
    body = client.get("/api/excerpt", params=asked).json()
    assert quoted(body["raw"]) == c.quote
    assert "(zhèng)" not in quoted(body["clean"]) and "118.4万人次" in quoted(body["clean"])
    assert quoted(body["clean"], "mark") == quoted(body["raw"], "mark") == "118.4万人次"
    assert body["part"] == 0


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"source": "nope"}, 404), ({"part": 5}, 404), ({"part": -1}, 404), ({"version": "sha256:old"}, 409),
        ({"start": 9, "end": 3}, 422), ({"end": 10**9}, 422), ({"start": -1}, 422), ({"end": None}, 422),
        ({"start": "x"}, 422), ({"marks": "1-"}, 422), ({"marks": "1-2," * 900 + "1-2"}, 422),
    ],
)  # fmt: skip
def test_an_excerpt_that_cannot_be_is_an_error(client: TestClient, change: dict, status: int) -> None:
    asked = {"source": world.HILL.source, "start": 3, "end": 9} | change
    response = client.get("/api/excerpt", params={k: v for k, v in asked.items() if v is not None})
    assert response.status_code == status
    assert list(response.json()) == ["error"]


def test_health_and_readiness(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["documents"]) == (200, 3)


def test_without_an_index_it_lives_but_is_not_ready() -> None:
    app = create_app(world.canned_bot(empty=True), settings=Settings())
    with TestClient(app, base_url=BASE) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        assert "zhiyin index" in client.get("/readyz").json()["error"]
        assert client.get("/api/documents").status_code == 503
        assert client.get("/").status_code == 200


PATHS = [
    "/", "/healthz", "/readyz", "/api/documents", "/api/sources/x", "/ui/static/app.js", "/ui/static/app.css", "/ui/texts.js",
    "/theme.css", "/config", "/nowhere", "/api/nowhere", "/api/openapi.json", "/favicon.ico",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_response_has_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert (
        "default-src 'self'" in policy
        and "frame-ancestors 'none'" in policy
        and "object-src 'none'" in policy
    )
    script = re.search(r"script-src ([^;]*)", policy)[1]
    assert "unsafe-inline" not in script and "*" not in policy and "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers


def test_the_page_names_no_other_host_and_runs_only_its_own_scripts(client: TestClient) -> None:
    response = client.get("/")
    nonce = re.search(r"'nonce-([^']+)'", response.headers["content-security-policy"])[1]
    tags = re.findall(r"<script[^>]*>", response.text)
    assert len(tags) > 4 and all(f'nonce="{nonce}"' in tag for tag in tags)
    assert client.get("/").headers["content-security-policy"] != response.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href|content)="(https?:)?//', response.text)
    assert not loaded
    assert "app.js" in response.text and "app.css" in response.text
    assert int(response.headers["content-length"]) == len(response.content)
    style = client.get("/theme.css").text
    assert not re.search(
        r"@import|https?://", style.replace("http://www.w3.org/2000/svg", "")
    )  # a name, no address
    assert "PingFang SC" in style


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"), ("GET", "/gradio_api/file=/etc/passwd"), ("GET", "/gradio_api/proxy=http://evil.example/"),
        ("GET", "/gradio_api/runs"), ("POST", "/gradio_api/vibe-edit"), ("GET", "/monitoring"), ("POST", "/login"),
        ("GET", "/gradio_api/vibe-code"), ("POST", "/gradio_api/call/ask"), ("GET", "/docs"), ("GET", "/.env"),
        ("POST", "/gradio_api/run/ask"), ("POST", "/gradio_api/component_server"),
    ],
)  # fmt: skip
def test_gradios_other_doors_are_shut(client: TestClient, method: str, path: str) -> None:
    response = client.request(method, path)
    assert response.status_code == 404
    assert response.json() == {"error": "there is nothing at this address"}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:7860", "", "[::1", "10.0.0.7:7860"])
def test_other_names_for_this_machine_are_not_answered(client: TestClient, host: str) -> None:
    assert client.get("/api/documents", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:9", "localhost:7860", "[::1]:7860", "LOCALHOST"])
def test_its_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/api/documents", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(("origin", "status"), [("http://evil.example", 403), ("null", 403), (BASE, 200)])
def test_other_sites_cannot_ask(client: TestClient, origin: str, status: int) -> None:
    asked = client.post("/api/ask", json={"question": world.QUESTION}, headers={"origin": origin})
    assert asked.status_code == status


def test_hosts_can_be_opened() -> None:
    with TestClient(
        create_app(world.canned_bot(), settings=Settings(), hosts=None), base_url="http://10.1.2.3"
    ) as client:
        assert client.get("/healthz").status_code == 200


def test_a_quote_that_spans_two_parts_is_shown_in_the_one_with_most_of_it() -> None:
    from rag.types import Document, Part
    from rag.ui.demo import MemoryLibrary

    raw = "甲文一二三四。乙文五。"
    parts = [
        Part("甲", raw[:7], (Edit(7, 11, "", "other_part"),)),
        Part("乙", raw[7:], (Edit(0, 7, "", "other_part"),)),
    ]
    bot = CannedBot(MemoryLibrary([(Document("two.txt", raw, "sha256:0"), parts)]), {}, world.REFUSAL)
    with TestClient(create_app(bot, settings=Settings()), base_url=BASE) as client:
        assert (
            client.get("/api/excerpt", params={"source": "two.txt", "start": 7, "end": 11}).json()["title"]
            == "乙"
        )
        assert (
            client.get("/api/excerpt", params={"source": "two.txt", "start": 2, "end": 9}).json()["title"]
            == "甲"
        )


JUDGED = {
    "question": world.QUESTION,
    "history": [["问", "答"]],
    "verdict": "down",
    "reason": "citation",
    "comment": "引的是别的年份",
    "generation": "000001",
    "answer": {
        "answer": "118.4万人次[1]。",
        "short": "118.4万人次",
        "refused": False,
        "citations": [{"source": "a.txt", "start": 1, "end": 4, "version": "sha256:0"}],
    },
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, FeedbackStore]]:
    store = FeedbackStore(tmp_path_factory.mktemp("judged") / "feedback.sqlite", max_mb=1)
    app = create_app(world.canned_bot(), settings=Settings(), feedback=store)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        yield client, store


@pytest.fixture
def judging(judged: tuple[TestClient, FeedbackStore]) -> tuple[TestClient, FeedbackStore]:
    """A service whose store is empty."""
    for file in judged[1].path.parent.iterdir():
        file.unlink()
    return judged


def test_a_verdict_is_kept_changed_and_taken_back(judging: tuple[TestClient, FeedbackStore]) -> None:
    client, store = judging
    name = client.post("/api/feedback", json=JUDGED).json()["id"]
    [kept] = store.rows("down")
    assert (kept.question, kept.history, kept.reason) == (world.QUESTION, (("问", "答"),), "citation")
    assert (kept.citations, kept.generation) == ((Cited("a.txt", 1, 4, "sha256:0"),), "000001")
    changed = JUDGED | {"verdict": "up", "reason": None, "comment": None, "id": name}
    assert client.post("/api/feedback", json=changed).json() == {"id": name}
    assert [row.verdict for row in store.rows()] == ["up"]
    assert client.delete(f"/api/feedback/{name}").json() == {"removed": True}
    assert client.delete(f"/api/feedback/{name}").json() == {"removed": False}
    assert store.rows() == []


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"not json", 422, "JSON"), (b"[]", 422, "feedback"), (b"[" * 100_000, 422, "JSON"),
        (json.dumps(JUDGED | {"verdict": "maybe"}).encode(), 422, "verdict"),
        (json.dumps(JUDGED | {"comment": "x" * 501}).encode(), 422, "501"),
        (json.dumps(JUDGED | {"question": "\ud800"}).encode(), 422, "UTF-8"),
        (b" " * (MAX_BODY + 1), 413, "KiB"),
    ],
)  # fmt: skip
def test_what_is_no_verdict_is_said_and_not_kept(
    judging: tuple[TestClient, FeedbackStore], body: bytes, status: int, word: str
) -> None:
    client, store = judging
    response = client.post("/api/feedback", content=body)
    assert (response.status_code, list(response.json())) == (status, ["error"])
    assert word in response.json()["error"]
    assert not store.path.exists()


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_other_sites_cannot_judge(judging: tuple[TestClient, FeedbackStore], origin: str) -> None:
    client, store = judging
    name = client.post("/api/feedback", json=JUDGED, headers={"origin": BASE}).json()["id"]
    assert client.post("/api/feedback", json=JUDGED, headers={"origin": origin}).status_code == 403
    assert client.delete(f"/api/feedback/{name}", headers={"origin": origin}).status_code == 403
    assert client.post("/api/feedback", json=JUDGED, headers={"host": "evil.example"}).status_code == 421
    assert len(store.rows()) == 1


def test_a_full_disk_is_told(judging: tuple[TestClient, FeedbackStore]) -> None:
    client, _ = judging
    big = JUDGED | {"answer": {"answer": "a" * 20_000}}
    replies = [client.post("/api/feedback", json=big) for _ in range(80)]
    assert replies[0].status_code == 200
    assert replies[-1].status_code == 503
    assert "feedback.sqlite" in replies[-1].json()["error"]
