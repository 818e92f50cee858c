"""The official `openai` client against a real server, and the mapping of its messages."""

from __future__ import annotations

import json
from collections.abc import Iterator

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import OpenAI

from rag.answer import to_dict
from rag.errors import InputError
from rag.types import Answer
from rag.ui.api.completions import Message, conversation, rest
from rag.ui.limits import MAX_HISTORY, MAX_QUESTION

from . import ui_doubles as world
from .api_kit import HELD, HeldBot, served, service, soon


@pytest.fixture(scope="module")
def bot() -> HeldBot:
    return HeldBot()


@pytest.fixture(scope="module")
def address(bot: HeldBot) -> Iterator[str]:
    with served(service(bot)) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=20) as client:
        yield client


def say(role: str, content: object) -> dict:
    return {"role": role, "content": content}


def as_json(answer: Answer, question: str) -> dict:
    return json.loads(json.dumps(to_dict(answer) | {"question": question}))


class TestClient:
    def test_the_models_are_listed(self, client):
        [model] = client.models.list()
        assert (model.id, model.object) == ("zhiyin", "model")
        assert client.models.retrieve("zhiyin") == model

    def test_an_answer_with_its_citations(self, client):
        done = client.chat.completions.create(model="zhiyin", messages=[say("user", world.QUESTION)])
        [choice] = done.choices
        assert (choice.message.role, choice.message.content, choice.finish_reason) == (
            "assistant", world.FACT_ANSWER.answer, "stop",
        )  # fmt: skip
        assert done.id.startswith("chatcmpl-") and done.object == "chat.completion" and done.model == "zhiyin"
        assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 0
        assert done.zhiyin == as_json(world.FACT_ANSWER, world.QUESTION)
        [cited] = done.zhiyin["citations"]
        assert world.RIVER_RAW[cited["start"] : cited["end"]] == cited["quote"]

    def test_a_stream_says_the_same(self, client, bot):
        bot.go.set()
        chunks = list(client.chat.completions.create(model="zhiyin", messages=[say("user", HELD)], stream=True))
        assert len({chunk.id for chunk in chunks}) == 1
        assert chunks[0].choices[0].delta.role == "assistant"
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert said == world.COMPARISON_ANSWER.answer
        assert [c.choices[0].finish_reason for c in chunks if c.choices[0].finish_reason] == ["stop"]
        assert chunks[-1].zhiyin["statements"] == as_json(world.COMPARISON_ANSWER, HELD)["statements"]
        assert all(chunk.usage is None for chunk in chunks)

    @pytest.mark.parametrize("refuses", [False, True])
    def test_what_a_model_writes_is_streamed_and_no_refusal_before_it(self, refuses):
        bot = world.WritingBot(refuses=refuses)
        bot.go.release(2)
        with served(service(bot)) as at, OpenAI(base_url=f"{at}/v1", api_key="none", max_retries=0, timeout=20) as client:
            chunks = list(client.chat.completions.create(model="zhiyin", messages=[say("user", world.WRITTEN)], stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == bot.steps[-1].answer
        assert chunks[-1].zhiyin["written"]["model"] == "qwen3-4b" and not chunks[-1].zhiyin["refused"]

    def test_a_stream_tells_its_length_when_asked(self, client):
        chunks = list(
            client.chat.completions.create(
                model="zhiyin", messages=[say("user", "q")], stream=True, stream_options={"include_usage": True}
            )
        )
        assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == len(world.REFUSAL.answer)

    def test_the_streaming_helper_of_the_client_takes_it(self, client):
        with client.chat.completions.stream(model="zhiyin", messages=[say("user", world.QUESTION)]) as stream:
            names = [event.type for event in stream]
            whole = stream.get_final_completion()
        assert "content.delta" in names and "content.done" in names
        assert whole.choices[0].message.content == world.FACT_ANSWER.answer

    def test_a_refusal_is_ordinary_content(self, client):
        done = client.chat.completions.create(model="zhiyin", messages=[say("user", world.UNKNOWN)])
        assert done.choices[0].message.content == world.REFUSAL.answer
        assert done.choices[0].finish_reason == "stop"
        assert (done.zhiyin["refused"], done.zhiyin["reason"]) == (True, "other_year")

    def test_the_conversation_reaches_the_bot(self, client, bot):
        client.chat.completions.create(
            model="zhiyin",
            messages=[
                say("system", "你是海盗"), say("user", "问一"), say("assistant", "答一"),
                say("user", [{"type": "text", "text": " 问二 "}]),
            ],
            temperature=0.2, max_tokens=5, user="x", tools=[{"type": "function", "function": {"name": "f"}}],
        )  # fmt: skip
        assert bot.calls[-1] == ("问二", (("问一", "答一"),))

    @pytest.mark.parametrize(
        ("change", "kind", "said"),
        [
            ({"model": "gpt-4"}, openai.NotFoundError, "GET /v1/models"),
            ({"messages": []}, openai.BadRequestError, "messages"),
            ({"messages": [say("assistant", "a")]}, openai.BadRequestError, "question"),
            ({"messages": [say("user", "  ")]}, openai.BadRequestError, "question"),
            ({"messages": [say("user", "问" * (MAX_QUESTION + 1))]}, openai.BadRequestError, str(MAX_QUESTION)),
            ({"messages": [say("pirate", "a")]}, openai.BadRequestError, "role"),
            ({"n": 2}, openai.BadRequestError, "n:"),
            ({"messages": [say("user", world.BROKEN)]}, openai.InternalServerError, "model file is damaged"),
            ({"messages": [say("user", world.SECRET)]}, openai.InternalServerError, "log of the service"),
            (
                {"messages": [say("user", [{"type": "image_url", "image_url": {"url": "http://evil.example"}}])]},
                openai.BadRequestError, "messages",
            ),
        ],
    )  # fmt: skip
    def test_errors_are_the_clients_own(self, client, change, kind, said):
        with pytest.raises(kind) as error:
            client.chat.completions.create(**{"model": "zhiyin", "messages": [say("user", "q")]} | change)
        assert said in error.value.body["message"]
        assert "secret" not in str(error.value)

    def test_what_fails_in_a_stream_is_raised_by_the_client(self, client):
        stream = client.chat.completions.create(model="zhiyin", messages=[say("user", world.BROKEN)], stream=True)
        with pytest.raises(openai.APIError, match="damaged"):
            list(stream)

    def test_what_is_not_there_is_told_in_its_form(self, client):
        with pytest.raises(openai.NotFoundError) as error:
            client.embeddings.create(model="zhiyin", input="a")
        assert error.value.body["type"] == "invalid_request_error"

    def test_a_client_that_leaves_its_stream_frees_the_worker(self, client, bot):
        bot.go.clear()
        stopped = bot.stopped
        stream = client.chat.completions.create(model="zhiyin", messages=[say("user", HELD)], stream=True)
        assert next(iter(stream)).choices[0].delta.role == "assistant"
        soon(lambda: bot.running == 1)
        stream.close()
        soon(lambda: bot.running == 0)
        assert bot.stopped == stopped + 1


def test_too_often_is_the_clients_rate_limit_error():
    with served(service(HeldBot(), ask_per_minute=1)) as address, OpenAI(base_url=f"{address}/v1", api_key="n", max_retries=0) as client:
        client.chat.completions.create(model="zhiyin", messages=[say("user", "q")])
        with pytest.raises(openai.RateLimitError) as error:
            client.chat.completions.create(model="zhiyin", messages=[say("user", "q")])
        assert int(error.value.response.headers["retry-after"]) >= 1
        assert error.value.code == "rate_limit_exceeded"


class TestConversation:
    @pytest.mark.parametrize(
        ("said", "turns"),
        [
            ("u", []), ("uau", [("0", "1")]), ("auau", [("1", "2")]), ("uu", [("0", "")]),
            ("uaau", [("0", "1\n2")]), ("uauu", [("0", "1"), ("2", "")]), ("susau", [("1", "3")]),
        ],
    )  # fmt: skip
    def test_turns(self, said, turns):
        roles = {"u": "user", "a": "assistant", "s": "system"}
        messages = [Message(role=roles[role], content=str(n)) for n, role in enumerate(said)]
        assert conversation(messages) == (str(len(said) - 1), turns)

    def test_the_latest_turns_are_kept(self):
        messages = [Message(role="user" if n % 2 == 0 else "assistant", content=str(n)) for n in range(301)]
        question, turns = conversation(messages)
        assert question == "300" and len(turns) == MAX_HISTORY and turns[-1] == ("298", "299")

    @given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), st.text(max_size=4)), max_size=12))
    def test_any_messages_give_a_question_or_say_why_not(self, said):
        messages = [Message(role=role, content=text) for role, text in said]
        try:
            question, turns = conversation(messages)
        except InputError:
            return
        asked = [text.strip() for role, text in said if role == "user"]
        assert question == asked[-1] and question
        assert [q for q, _ in turns] == [text for text in asked[:-1] if text]


class TestRest:
    @pytest.mark.parametrize(
        ("sent", "text", "more"),
        [("", "a", "a"), ("a", "a\nb", "\nb"), ("a\nb", "v\na\nb\nn", "\nv\nn"), ("a", "a", "")],
    )
    def test_what_is_left_to_say(self, sent, text, more):
        assert rest(sent, text) == more

    @given(st.lists(st.text("ab", min_size=1, max_size=3), unique=True), st.integers(0, 5))
    def test_every_line_is_said_once(self, lines, n):
        whole = "\n".join(lines)
        sent = "\n".join(lines[1 : 1 + n])
        assert sorted((sent + rest(sent, whole)).strip("\n").splitlines()) == sorted(lines)
