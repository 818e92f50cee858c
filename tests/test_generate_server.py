"""A model on a server: real HTTP on this machine, with a server that misbehaves as told."""

import socket
import threading
import time

import pytest

from rag import registry
from rag.config import Settings
from rag.errors import ConfigError, InputError, ModelError, OutOfTime
from rag.generate import load_generator
from rag.generate.server import load_openai

from .openai_server import Reply, Script, serving

MESSAGES = [
    {"role": "system", "content": "你回答问题。"},
    {"role": "user", "content": "全省新建职工书屋多少家？"},
]
HTML = "<html><body>Welcome to nginx!</body></html>"


def load(server, **settings):
    return load_generator(Settings(generator_url=getattr(server, "url", server), **settings))


def ask(server, *, max_tokens=50, stop=None, **settings):
    return "".join(load(server, **settings).stream(MESSAGES, max_tokens=max_tokens, stop=stop))


def until_broken(server, error=ModelError, **settings):
    """What came before the error, and the error's text."""
    pieces = []
    with pytest.raises(error) as raised:
        for piece in load(server, **settings).stream(MESSAGES, max_tokens=50):
            pieces.append(piece)
    return "".join(pieces), str(raised.value)


@pytest.fixture(autouse=True)
def none_is_left():
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "zhiyin-generate"]


@pytest.fixture
def at_once(monkeypatch):
    """Tries again without waiting."""
    import openai._base_client as client

    monkeypatch.setattr(client, "INITIAL_RETRY_DELAY", 0.0)


def test_the_entry_point_leads_here():
    assert registry.load("generators", "openai") is load_openai


def test_it_streams_what_the_server_writes():
    with serving() as server:
        generator = load(server, generator="模型")
        pieces = list(generator.stream(MESSAGES, max_tokens=50))
        assert pieces == ["全省新建", "职工书屋", "318家[1]。"]
        [asked] = server.asked
    sent = asked.body
    assert sent.pop("messages") == MESSAGES
    assert sent == {"model": "模型", "max_tokens": 50, "temperature": 0, "seed": 0, "stream": True}
    assert "authorization" not in asked.headers
    assert generator.name == "模型"


def test_without_a_name_it_is_the_first_model_of_the_server():
    with serving(Script(models=["一", "二"])) as server:
        generator = load(server)
        assert generator.name == server.url
        assert "".join(generator.stream(MESSAGES, max_tokens=50)) == "全省新建职工书屋318家[1]。"
        assert (generator.name, server.chats[0].body["model"]) == ("一", "一")
        assert generator.fingerprint == load(server, generator="一").fingerprint != load(server, generator="二").fingerprint
        assert generator.fingerprint.startswith("sha256:") and len(generator.fingerprint) == 71


def test_the_first_piece_does_not_wait_for_the_last():
    with serving(Script(Reply(["一", "二"], gap=0.3))) as server:
        answer = load(server, generator="m").stream(MESSAGES, max_tokens=9)
        assert next(answer) == "一"
        assert not server.gone.is_set()
        assert list(answer) == ["二"]


@pytest.mark.parametrize("reply", [Reply(delay=30), Reply(["一"], gap=30), Reply(["一"] * 1000, gap=0.02)], ids=["first", "between", "on"])
def test_stop_closes_the_connection(reply):
    with serving(Script(reply)) as server:
        generator = load(server, generator="m")
        late = []
        for turn in range(1, 4):  # the machine may be busy with something else
            server.gone.clear()
            told = []

            def stop(turn=turn, told=told):
                if len(server.chats) == turn and time.monotonic() > server.chats[-1].at + 0.1:
                    told.append(time.monotonic())
                return bool(told)

            for _ in generator.stream(MESSAGES, max_tokens=1000, stop=stop):
                pass
            late.append(time.monotonic() - told[0])
            assert server.gone.wait(2)
        assert min(late) < 0.2


def test_closing_the_iterator_closes_the_connection():
    with serving(Script(Reply(["一"] * 1000, gap=0.02))) as server:
        answer = load(server, generator="m").stream(MESSAGES, max_tokens=1000)
        assert next(answer) == "一"
        answer.close()
        assert server.gone.wait(1)


def test_out_of_time():
    with serving(Script(Reply(["一"], endless=True, gap=0.1))) as server:
        began = time.monotonic()
        came, said = until_broken(server, OutOfTime, generator="m", generator_seconds=1)
        assert set(came) == {"一"} and "1 seconds" in said
        assert time.monotonic() - began < 2
        assert server.gone.wait(1)


def test_endless_output_is_cut_off():
    with serving(Script(Reply(["一二三四五六七八"], endless=True))) as server:
        assert 40 <= len(ask(server, generator="m", max_tokens=5)) <= 48
        assert server.gone.wait(1)


@pytest.mark.parametrize("end", ["stop", "length", "eos"])
def test_ends(end):
    with serving(Script(Reply(["一"], end=end))) as server:
        assert ask(server, generator="m") == "一"


@pytest.mark.parametrize(
    ("pieces", "end", "said"),
    [
        (["一"], None, "broke off"),
        ([], None, "broke off"),
        (["一", b"data: {\"choices\": [{\n\n"], "stop", "broken event"),
        (["一", b"data: 7\n\n"], "stop", "broken event"),
        (["一", b'data: {"choices": [{"delta": {"content": "\xe4\xb8"}}]}\n\n'], "stop", "broken event"),
        (["一", b'data: {"error": {"message": "CUDA out of memory"}}\n\n'], "stop", "in the middle of its answer: CUDA out of memory"),
        (["一", b"data: [DONE]\n\n"], "stop", "broke off"),
    ],
    ids=["cut", "cut at once", "no json", "no object", "no utf-8", "error", "no reason"],
)
def test_an_answer_that_breaks(pieces, end, said):
    with serving(Script(Reply(pieces, end=end))) as server:
        came, error = until_broken(server, generator="m")
    assert came == "".join(p for p in pieces if isinstance(p, str))
    assert said in error and server.url in error


def test_half_a_surrogate_pair_is_no_text():
    with serving(Script(Reply([b'data: {"choices": [{"delta": {"content": "a\\ud83d"}}]}\n\n']))) as server:
        assert ask(server, generator="m") == "a?"


def test_events_without_text_and_thoughts_are_skipped():
    pieces = [b": ping\n\n", {"role": "assistant"}, {"reasoning_content": "让我想想"}, {"content": None}, "一", b'data: {"choices": []}\n\n']
    with serving(Script(Reply(pieces))) as server:
        assert ask(server, generator="m") == "一"


def test_nothing_but_thoughts():
    with serving(Script(Reply([{"reasoning_content": "让我想想"}], end="length"))) as server:
        assert "thinking off" in until_broken(server, generator="m")[1]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(status, at_once):
    with serving(Script(Reply(status=status), Reply(status=status), Reply(["一"]))) as server:
        assert ask(server, generator="m") == "一"
        assert len(server.chats) == 3


def test_it_waits_as_long_as_it_is_told(at_once):
    with serving(Script(Reply(status=429, headers={"Retry-After": "1"}), Reply(["一"]))) as server:
        assert ask(server, generator="m") == "一"
        first, second = (asked.at for asked in server.chats)
        assert second - first >= 1


def test_no_waiting_beyond_its_time():
    with serving(Script(Reply(status=429, headers={"Retry-After": "60"}))) as server:
        began = time.monotonic()
        until_broken(server, OutOfTime, generator="m", generator_seconds=1)
        assert time.monotonic() - began < 2


def test_nothing_is_asked_again_once_an_answer_began():
    with serving(Script(Reply(["一"], end=None), Reply(["二"]))) as server:
        assert until_broken(server, generator="m")[0] == "一"
        assert len(server.chats) == 1


def error(message):
    return {"error": {"message": message}}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=401, body=error("who are you")), ["(401)", "generator_key_env", "who are you"]),
        (Reply(status=403, body={}), ["(403)"]),
        (Reply(status=404, body=error("no such model")), ["'m' (404)", "it lists 一, 二"]),
        (Reply(status=400, body=error("This model's maximum context length is 4096 tokens")), ["so long a prompt", "generator_context", "4096"]),
        (Reply(status=400, body=error("seed is not supported")), ["(400)", "seed is not supported"]),
        (Reply(status=429, body={}), ["(429)", "later"]),
        (Reply(status=500, body=HTML), ["(500)", "log"]),
        (Reply(status=307, headers={"Location": "http://elsewhere.example/v1"}), ["elsewhere.example", "generator_url"]),
        (Reply(status=200, body=HTML), ["text/html", "/v1"]),
        (Reply(status=200, body=""), ["text/html", "/v1"]),
    ],
)
def test_refusals_say_what_to_do(reply, said, at_once):
    with serving(Script(reply, models=["一", "二"])) as server:
        came, text = until_broken(server, generator="m")
    assert came == "" and server.url in text and "<html>" not in text
    for part in said:
        assert part in text


def test_where_nothing_listens(at_once):
    with socket.socket() as taken:  # bound, not listening
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        assert f"nothing answers at {url}" in until_broken(url, generator="m")[1]
        generator = load(url)
        assert (generator.name, generator.context) == (url, 8192)
        with pytest.raises(ModelError, match="nothing answers"):
            _ = generator.fingerprint


def test_where_nothing_listens_nothing_is_tried_for_a_while(at_once, monkeypatch):
    with serving() as server:
        model = load(server, generator="模型")
    for _ in range(2):
        with pytest.raises(ModelError, match=r"nothing answers|tried again") as raised:
            list(model.stream(MESSAGES, max_tokens=5))
    assert "tried again" in str(raised.value)
    with serving() as other:
        monkeypatch.setattr(model, "_url", other.url)
        with pytest.raises(ModelError, match="tried again"):
            list(model.stream(MESSAGES, max_tokens=5))
        monkeypatch.setattr("rag.generate.server.DOWN", 0.0)
        assert list(model.stream(MESSAGES, max_tokens=5))
        monkeypatch.undo()
        monkeypatch.setattr(model, "_url", other.url)
        assert list(model.stream(MESSAGES, max_tokens=5))


def test_a_host_that_is_not_there(monkeypatch, at_once):
    def getaddrinfo(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert "no host of the name in http://models.example/v1" in until_broken("http://models.example/v1", generator="m")[1]


def test_the_key_goes_to_the_server_and_nowhere_else(monkeypatch, caplog):
    monkeypatch.setenv("MY_KEY", "sk-secret")
    monkeypatch.setenv("OPENAI_ORG_ID", "our-organisation")
    caplog.set_level("DEBUG")
    with serving(Script(Reply(), Reply(status=401, body=error("wrong key sk-secret")))) as server:
        ask(server, generator="m", generator_key_env="MY_KEY")
        _, text = until_broken(server, generator="m", generator_key_env="MY_KEY")
        sent = server.chats[0].headers
    assert sent["authorization"] == "Bearer sk-secret"
    assert "our-organisation" not in str(sent)
    assert "$MY_KEY" in text
    assert "sk-secret" not in text + caplog.text


def test_a_key_of_the_environment_is_not_taken_unasked(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with serving() as server:
        ask(server, generator="m")
        assert "sk-secret" not in str(server.chats[0].headers)


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_key_that_is_not_there(monkeypatch, value):
    monkeypatch.delenv("MY_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_KEY", value)
    with pytest.raises(ConfigError, match=r"'MY_KEY'.*empty"):
        load("http://127.0.0.1:1/v1", generator_key_env="MY_KEY")


@pytest.mark.parametrize("url", ["127.0.0.1:8000/v1", "ftp://host/v1", "http://", "http://host:port/v1", "http://host/v1?key=1", "http://[::1"])
def test_an_address_that_is_none(url):
    with pytest.raises(ConfigError, match=r"no address of a server.*http://127.0.0.1:8000/v1"):
        load(url)


def test_an_address_with_a_password():
    with pytest.raises(ConfigError, match="generator_key_env") as raised:
        load("http://me:secret@host/v1")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ({}, 8192), ({"max_model_len": 4096}, 4096), ({"context_length": 32768}, 32768),
        ({"meta": {"n_ctx": 2048, "n_ctx_train": 40960}}, 2048), ({"meta": None, "max_model_len": "many"}, 8192),
    ],
)  # fmt: skip
def test_context_as_the_server_says(card, expected):
    with serving(Script(models=[{"id": "m", **card}, {"id": "n"}])) as server:
        assert load(server).context == load(server, generator="m").context == expected
        assert load(server, generator="n").context == 8192
        assert load(server, generator="m", generator_context=512).context == 512


@pytest.mark.parametrize("listing", [Reply(status=404), Reply(status=200, body=HTML), Reply(status=200, body={"data": []}), Reply(status=200, body={"data": 1})])
def test_a_server_without_a_list(listing):
    with serving(Script(listing=listing)) as server:
        generator = load(server, generator="m")
        assert generator.context == 8192
        with pytest.raises(ModelError):
            generator.models()
        assert len(server.asked) == 1  # it is not asked again for a while
        with pytest.raises(ModelError):
            generator.models(again=True)
        assert len(server.asked) == 2
        assert "".join(generator.stream(MESSAGES, max_tokens=9))


def test_a_list_that_does_not_come(monkeypatch):
    monkeypatch.setattr("rag.generate.server.LIST", 0.2)
    with serving(Script(listing=Reply(status=200, delay=30))) as server, pytest.raises(ModelError, match=r"not list .* within 0.2 seconds"):
        load(server).models()


def test_count_is_careful():
    count = load("http://127.0.0.1:1/v1").count
    empty = count([{"role": "user", "content": ""}])
    texts = {"全省新建书屋318家。": 11, "The province has ": 6, "```": 3, "\U0001f600": 1}
    assert {text: count([{"role": "user", "content": text}]) - empty for text in texts} == texts
    assert count(MESSAGES) > count(MESSAGES[1:]) > empty > 0


def test_max_tokens():
    with pytest.raises(InputError, match="max_tokens = 0"):
        load("http://127.0.0.1:1/v1").stream(MESSAGES, max_tokens=0)


def test_two_at_once():
    with serving(Script(Reply(["一"] * 5, gap=0.02))) as server:
        generator = load(server, generator="m")
        streams = [generator.stream(MESSAGES, max_tokens=9) for _ in range(2)]
        assert list(zip(*streams, strict=True)) == [("一", "一")] * 5


def test_an_error_of_stop_is_the_callers_own():
    with serving(Script(Reply(delay=30))) as server, pytest.raises(ZeroDivisionError):
        ask(server, generator="m", stop=lambda: 1 // 0)
