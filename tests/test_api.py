"""`/api/ask` at once and as events, the limits on it, figures, health and the OpenAPI page."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families as metric_families

from rag.access import Scope
from rag.answer import to_dict
from rag.retrieve.filters import Filters
from rag.ui.api import ask as ask_route
from rag.ui.api import schema as described
from rag.ui.api.ask import wants_events
from rag.ui.demo import CannedBot
from rag.ui.who import Person

from . import ui_doubles as world
from .api_kit import HELD, HeldBot, metric, service, soon

BASE = "http://127.0.0.1:7860"
EVENTS = {"accept": "text/event-stream"}
CONTRACT = json.loads(files("rag").joinpath("answer.schema.json").read_text(encoding="utf-8"))
READER = Person("wang", groups=frozenset({"hr"}))


def client_of(app: object) -> TestClient:
    return TestClient(app, base_url=BASE, raise_server_exceptions=False)  # type: ignore[arg-type]


@pytest.fixture
def bot() -> CannedBot:
    return world.canned_bot()


@pytest.fixture
def client(bot: CannedBot) -> Iterator[TestClient]:
    with client_of(service(bot)) as client:
        yield client


def events(text: str) -> list[tuple[str, dict]]:
    """The (name, data) of a stream, comments and retry left out, as the standard reads them."""
    found = []
    for block in text.split("\n\n"):
        fields = [line.partition(":")[::2] for line in block.splitlines() if not line.startswith(":")]
        told = {name: value.removeprefix(" ") for name, value in fields}
        if "data" in told:
            found.append((told.get("event", "message"), json.loads(told["data"])))
    return found


class TestEvents:
    def test_statements_and_their_citations_come_before_the_whole(self, client):
        response = client.post("/api/ask", json={"question": world.COMPARISON, "id": 7}, headers=EVENTS)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        assert response.text.startswith("retry: 5000\n\n")
        told = events(response.text)
        whole = to_dict(world.COMPARISON_ANSWER) | {"id": 7}
        assert told[-1] == ("answer", json.loads(json.dumps(whole)))
        assert [data for name, data in told if name == "statement"] == whole["statements"]
        assert sorted(data["n"] for name, data in told if name == "citation") == [c["n"] for c in whole["citations"]]

    def test_a_citation_is_there_before_what_it_proves(self):
        bot = HeldBot()
        bot.go.set()
        with client_of(service(bot)) as client:
            told = events(client.post("/api/ask", json={"question": HELD}, headers=EVENTS).text)
        known: set[int] = set()
        for name, data in told:
            if name == "citation":
                known.add(data["n"])
            if name == "statement":
                assert set(data["citations"]) <= known
        assert len([name for name, _ in told if name == "statement"]) == len(world.COMPARISON_ANSWER.statements) > 1

    def test_what_a_model_writes_comes_after_what_the_reader_found_and_says_so(self):
        bot = world.WritingBot()
        bot.go.release(2)
        with client_of(service(bot)) as client:
            told = events(client.post("/api/ask", json={"question": world.WRITTEN}, headers=EVENTS).text)
        statements = [data for name, data in told if name == "statement"]
        assert [data.get("generated") for data in statements] == [None, True, True]
        assert [name for name, _ in told] == ["citation", "statement", "statement", "citation", "statement", "answer"]
        assert told[-1][1]["written"]["state"] == "done" and told[-1][1]["statements"] == statements

    def test_a_citation_that_changes_is_told_again(self):
        class Marking(CannedBot):
            def stream(self, question, history=(), **more):
                yield replace(world.FACT_ANSWER, citations=(replace(world.VISITS, marks=()),))
                yield world.FACT_ANSWER

        with client_of(service(Marking(world.library(), {}, world.REFUSAL))) as client:
            told = events(client.post("/api/ask", json={"question": "q"}, headers=EVENTS).text)
        assert [len(data["marks"]) for name, data in told if name == "citation"] == [0, 1]

    def test_a_model_that_is_too_slow_takes_nothing_from_the_reader(self):
        with client_of(service(world.WritingBot(), ask_seconds=1)) as client:
            streamed = events(client.post("/api/ask", json={"question": world.WRITTEN}, headers=EVENTS).text)[-1]
            whole = client.post("/api/ask", json={"question": world.WRITTEN})
        assert streamed[0] == "answer" and whole.status_code == 200
        for body in (streamed[1], whole.json()):
            assert (body["short"], body["written"]["state"]) == (world.FACT_ANSWER.short, "late")
            assert "没有写完" in body["written"]["note"]

    def test_a_refusal_is_an_answer(self, client):
        [(name, data)] = events(client.post("/api/ask", json={"question": world.UNKNOWN}, headers=EVENTS).text)
        assert (name, data["refused"], data["reason"]) == ("answer", True, "other_year")

    @pytest.mark.parametrize(("question", "said"), [(world.BROKEN, "the model file is damaged"), (world.SECRET, "the log")])
    def test_what_fails_ends_in_an_error_event(self, client, question, said):
        [(name, data)] = events(client.post("/api/ask", json={"question": question}, headers=EVENTS).text)
        assert (name, data["status"]) == ("error", 500)
        assert said in data["error"] and "secret" not in data["error"]

    def test_what_can_not_be_asked_is_an_ordinary_error(self, client):
        response = client.post("/api/ask", json={}, headers=EVENTS)
        assert (response.status_code, list(response.json())) == (422, ["error"])

    def test_silence_is_filled_and_means_nothing(self, monkeypatch):
        monkeypatch.setattr(ask_route, "HEARTBEAT", 0.02)
        bot = HeldBot()
        timer = threading.Timer(0.3, bot.go.set)
        timer.start()
        with client_of(service(bot)) as client:
            text = client.post("/api/ask", json={"question": HELD}, headers=EVENTS).text
        assert text.count(": still looking\n\n") >= 3
        assert events(text)[-1][0] == "answer"

    def test_a_line_break_in_an_answer_is_none_in_the_stream(self, client):
        told = events(client.post("/api/ask", json={"question": world.HOSTILE}, headers=EVENTS).text)
        assert told[-1][1]["statements"][0]["text"] == world.HOSTILE_RAW

    @pytest.mark.parametrize(
        ("accept", "wanted"),
        [
            ("text/event-stream", True), ("application/json, Text/Event-Stream;q=0.5", True), ("*/*", False),
            ("application/json", False), ("text/event-streams", False), ("", False),
        ],
    )  # fmt: skip
    def test_only_who_asks_for_events_gets_them(self, accept, wanted):
        from starlette.requests import Request

        scope = {"type": "http", "headers": [(b"accept", accept.encode())]}
        assert wants_events(Request(scope)) is wanted


class TestWhatIsAsked:
    def test_filters_and_scope_reach_the_bot(self, bot):
        narrowed = {"sources": ["a.txt"], "regions": ["浙江"], "years": [2022, 2023]}
        with client_of(service(bot, person=READER)) as client:
            assert client.post("/api/ask", json={"question": "q", "filters": narrowed}).status_code == 200
        filters = Filters(frozenset({"a.txt"}), frozenset({"浙江"}), frozenset({2022, 2023}))
        assert bot.narrowed == [(Scope(frozenset({"hr"})), filters)]

    @pytest.mark.parametrize(
        "filters",
        [{"year": [2022]}, {"years": ["next"]}, {"sources": [""]}, {"regions": "浙江"}, {"years": [1] * 201}, []],
    )
    def test_a_filter_that_is_none_is_refused_and_not_passed_over(self, client, bot, filters):
        response = client.post("/api/ask", json={"question": "q", "filters": filters})
        assert response.status_code == 422 and "filters" in response.json()["error"]
        assert bot.calls == []

    @pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999", b"9" * 5000])
    def test_a_number_that_json_does_not_have_is_refused(self, client, number):
        response = client.post("/api/ask", content=b'{"question": "q", "id": ' + number + b"}")
        assert response.status_code == 422

    @pytest.mark.parametrize("name", ["x", 3, 2.5, True, None])
    def test_the_id_comes_back_as_it_was(self, client, name):
        found = client.post("/api/ask", json={"question": "q", "id": name}).json()["id"]
        assert (found, type(found)) == (name, type(name))


class TestLimits:
    def test_too_often(self, bot):
        with client_of(service(bot, ask_per_minute=2)) as client:
            statuses = [client.post("/api/ask", json={"question": "q"}).status_code for _ in range(3)]
            refused = client.post("/api/ask", json={"question": "q"})
        assert statuses == [200, 200, 429]
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert list(refused.json()) == ["error"] and len(bot.calls) == 2

    def test_a_request_that_is_wrong_costs_nothing(self, bot):
        with client_of(service(bot, ask_per_minute=1)) as client:
            assert client.post("/api/ask", json={}).status_code == 422
            assert client.post("/api/ask", json={"question": "q"}).status_code == 200

    def test_the_limit_holds_for_both_ways_of_asking_together(self, bot):
        completion = {"model": "zhiyin", "messages": [{"role": "user", "content": "q"}]}
        with client_of(service(bot, ask_per_minute=1)) as client:
            assert client.post("/v1/chat/completions", json=completion).status_code == 200
            assert client.post("/api/ask", json={"question": "q"}).status_code == 429

    def test_no_room(self):
        bot = HeldBot()
        with client_of(service(bot, ask_at_once=2, ask_waiting=1)) as client:
            replies: list[int] = []

            def ask() -> None:
                replies.append(client.post("/api/ask", json={"question": HELD}).status_code)

            threads = [threading.Thread(target=ask) for _ in range(3)]
            for thread in threads:
                thread.start()
            soon(lambda: bot.running == 2 and metric(client.get("/metrics").text, "zhiyin_questions_waiting") == 1)
            refused = client.post("/api/ask", json={"question": HELD})
            streamed = client.post("/api/ask", json={"question": HELD}, headers=EVENTS)
            assert metric(client.get("/metrics").text, "zhiyin_questions_answering") == 2
            bot.go.set()
            for thread in threads:
                thread.join()
        assert replies == [200] * 3 and bot.most == 2
        assert refused.status_code == streamed.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1

    def test_time_is_up(self):
        bot = HeldBot()
        with client_of(service(bot, ask_seconds=1)) as client:
            late = client.post("/api/ask", json={"question": HELD})
            [(name, data)] = events(client.post("/api/ask", json={"question": HELD}, headers=EVENTS).text)
        assert late.status_code == 504 and "ask_seconds" in late.json()["error"]
        assert (name, data["status"]) == ("error", 504)
        soon(lambda: bot.running == 0)
        assert bot.stopped == 2

    @pytest.mark.parametrize("path", ["/api/ask", "/v1/chat/completions"])
    def test_too_large(self, bot, path):
        with client_of(service(bot, body_kb=16)) as client:
            refused = client.post(path, content=b" " * 17_000)
            assert refused.status_code == 413 and "16 KiB" in refused.json()["error"]
            assert metric(client.get("/metrics").text, 'zhiyin_requests_total{method="POST",path="other",status="413"}') == 1
        assert bot.calls == []


class TestFigures:
    def test_requests_answers_and_refusals_are_counted(self, client):
        for question in (world.QUESTION, world.QUESTION, world.UNKNOWN, world.BROKEN):
            client.post("/api/ask", json={"question": question})
        client.get("/api/nowhere-at-all")
        response = client.get("/metrics")
        text = response.text
        assert response.headers["content-type"].startswith("text/plain; version=")
        assert list(metric_families(text))
        assert metric(text, "zhiyin_answers_total") == 2
        assert metric(text, 'zhiyin_refusals_total{reason="other_year"}') == 1
        assert metric(text, "zhiyin_failures_total") == 1
        assert metric(text, 'zhiyin_requests_total{method="POST",path="/api/ask",status="200"}') == 3
        assert metric(text, 'zhiyin_requests_total{method="POST",path="/api/ask",status="500"}') == 1
        assert metric(text, "zhiyin_answer_seconds_count") == 3
        assert metric(text, 'zhiyin_request_seconds_count{path="/api/ask"}') == 4
        assert metric(text, "zhiyin_index_generation") == 1
        assert metric(text, "zhiyin_requests_in_flight") == 1  # this one

    def test_paths_that_do_not_exist_make_no_new_labels(self, client):
        for n in range(5):
            client.get(f"/api/nowhere/{n}")
            client.get(f"/v1/models/{n}")
            client.request(f"WORD{n}", "/api/ask")
        lines = [x for x in client.get("/metrics").text.splitlines() if x.startswith("zhiyin_requests_total")]
        assert not any("nowhere" in line or "WORD" in line for line in lines)
        assert sum('path="/v1/models/{name}"' in line for line in lines) == 1

    def test_without_an_index_the_generation_is_none(self):
        with client_of(service(world.canned_bot(empty=True))) as client:
            assert "zhiyin_index_generation NaN" in client.get("/metrics").text

    def test_the_page_about_them_names_those_that_there_are(self, client):
        page = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
        named = set(re.findall(r"`((?:zhiyin|process)_\w+)`", page))
        client.post("/api/ask", json={"question": world.UNKNOWN})
        told = set(re.findall(r"^# TYPE (\w+)", client.get("/metrics").text, re.MULTILINE))
        assert len(named) > 8 and named <= told
        assert {name for name in told if name.startswith("zhiyin_") and not name.endswith("_created")} <= named

    def test_they_are_for_administrators(self, bot):
        with client_of(service(bot, person=READER)) as client:
            assert client.get("/metrics").status_code == 403
        with client_of(service(bot, person=Person("root", admin=True))) as client:
            assert client.get("/metrics").status_code == 200


def test_only_administrators_learn_how_many_documents_there_are(bot):
    with client_of(service(bot)) as client:
        assert client.get("/readyz").json()["documents"] == 3
    with client_of(service(bot, person=READER)) as client:
        told = client.get("/readyz")
    assert told.status_code == 200 and "documents" not in told.json()


class TestOpenApi:
    @pytest.fixture(scope="class")
    def page(self) -> dict:
        with client_of(service(world.canned_bot())) as client:
            return client.get("/api/openapi.json").json()

    def test_every_route_says_what_it_is(self, page):
        for path, methods in page["paths"].items():
            for method, about in methods.items():
                assert about.get("summary"), f"{method} {path}"

    def test_references_resolve(self, page):
        def references(value) -> Iterator[str]:
            if isinstance(value, dict):
                yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
                value = list(value.values())
            if isinstance(value, list):
                for item in value:
                    yield from references(item)

        found = set(references(page))
        assert "#/components/schemas/Answer" in found
        assert {name.rpartition("/")[2] for name in found} <= set(page["components"]["schemas"])

    def test_examples_are_taken_and_are_what_comes_back(self, page, client):
        for path in ("/api/ask", "/v1/chat/completions"):
            examples = page["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
            assert len(examples) == 2
            for example in examples.values():
                assert client.post(path, json=example["value"]).status_code == 200

    def test_the_examples_are_answers(self):
        for example in (described.ANSWERED, described.REFUSED):
            jsonschema.validate(example, CONTRACT)

    def test_the_quote_of_the_example_is_true(self):
        [cited] = described.ANSWERED["citations"]
        raw = files("rag.seeds").joinpath(cited["source"]).read_bytes().decode("utf-8")
        assert raw[cited["start"] : cited["end"]] == cited["quote"]
        assert [raw[a:b] for a, b in cited["marks"]] == [described.ANSWERED["short"]]
