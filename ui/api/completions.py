"""`POST /v1/chat/completions` and `GET /v1/models` as OpenAI's clients know them.

Only what is asked comes from the messages: the answer comes from the documents, so system messages, tools and sampling
change nothing. The whole answer with its citations is in the field `zhiyin` beside OpenAI's own, of a stream in its
last chunk. A refusal is ordinary content.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from rag.answer import to_dict
from rag.errors import InputError
from rag.types import Answer

from ..limits import MAX_HISTORY, MAX_QUESTION
from ..written import growing
from . import schema
from .ask import waited_for
from .desk import Work
from .errors import body_of, told
from .events import HEARTBEAT, PING, Events, event
from .front import Front, parse

MODEL = "zhiyin"
_MESSAGES = 2000  # clients send whole conversations, of which the last turns count


class TextPart(BaseModel):
    """A piece of a message; only text can be asked about."""

    type: Literal["text", "refusal"]
    text: str = ""
    refusal: str = ""


class Message(BaseModel):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[TextPart] | None = None

    def text(self) -> str:
        """Its text, without what stands round it."""
        if isinstance(self.content, list):
            return "\n".join(part.text or part.refusal for part in self.content).strip()
        return (self.content or "").strip()


class StreamOptions(BaseModel):
    """How a stream ends."""

    include_usage: bool | None = None


class Completion(BaseModel):
    """What is read of a request; all else that OpenAI knows may be in it and changes nothing."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    model: str = Field(description="See `GET /v1/models`.", json_schema_extra={"enum": [MODEL]})
    messages: list[Message] = Field(
        min_length=1, max_length=_MESSAGES, description="The last one is the question."
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = Field(None, ge=1, le=1, description="There is one answer.")


def add(app: FastAPI, front: Front) -> None:
    """Add the routes below /v1."""
    started = int(time.time())
    about = {"id": MODEL, "object": "model", "created": started, "owned_by": "zhiyin"}

    @app.get("/v1/models", tags=["OpenAI"], summary="Models", **_models({"object": "list", "data": [about]}))
    async def models() -> dict[str, Any]:
        """The one model there is: the documents, with whatever reads them."""
        return {"object": "list", "data": [about]}

    @app.get("/v1/models/{name}", tags=["OpenAI"], summary="A model", **_models(about, 404))
    async def model(name: str) -> dict[str, Any]:
        """The same by name."""
        _known(name)
        return about

    @app.post("/v1/chat/completions", tags=["OpenAI"], summary="Ask as of a language model", **_documented())
    async def complete(request: Request) -> Response:
        """The answer as a chat completion, with `stream` in chunks as statements are verified."""
        try:
            sent = parse(Completion, await request.body())
            question, history = conversation(sent.messages)
        except InputError as error:
            raise HTTPException(400, str(error)) from error
        _known(sent.model)
        work = front.take(request, question, history)
        told_by = _Teller(question, history)
        if sent.stream:
            usage = bool(sent.stream_options and sent.stream_options.include_usage)
            return Events(_chunks(request, work, told_by, usage=usage))
        return JSONResponse(told_by.whole(await waited_for(work, request)))


def conversation(messages: Sequence[Message]) -> tuple[str, list[tuple[str, str]]]:
    """The question and the turns before it, oldest first, at most the last MAX_HISTORY.

    A question that got no answer stands with an empty one; what an assistant said before any question is left out.
    Raises InputError where the last message is no question, or one too long.
    """
    said = [(m.role, m.text()) for m in messages if m.role in ("user", "assistant")]
    if not said or said[-1][0] != "user" or not said[-1][1]:
        raise InputError("messages: the last one should be the user's question, as text")
    if len(said[-1][1]) > MAX_QUESTION:
        raise InputError(f"messages: the question has {len(said[-1][1])} characters; at most {MAX_QUESTION} are taken")
    turns: list[tuple[str, str]] = []
    for role, text in said[:-1]:
        if role == "user":
            turns.append((text, ""))
        elif turns:
            asked, before = turns[-1]
            turns[-1] = (asked, f"{before}\n{text}" if before else text)
    kept = [(asked, answer) for asked, answer in turns if asked]
    return said[-1][1], kept[-MAX_HISTORY:]


class _Teller:
    """The objects of one completion: the same id, time and model in all of them."""

    def __init__(self, question: str, history: Sequence[tuple[str, str]]) -> None:
        self._about = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": MODEL}
        self._asked = len(question) + sum(len(asked) + len(answer) for asked, answer in history)

    def whole(self, answer: Answer) -> dict[str, Any]:
        message = {"role": "assistant", "content": answer.answer, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        shown = {"choices": [choice], "usage": self.usage(answer), "zhiyin": to_dict(answer)}
        return {**self._about, "object": "chat.completion", **shown}

    def chunk(self, delta: dict[str, str], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event({**self._about, "object": "chat.completion.chunk", "choices": [choice], **more})

    def usage_chunk(self, answer: Answer) -> str:
        return event(
            {**self._about, "object": "chat.completion.chunk", "choices": [], "usage": self.usage(answer)}
        )

    def usage(self, answer: Answer) -> dict[str, int]:
        """Lengths in characters: no language model counts tokens here, and one of Chinese is about one of them."""
        said = len(answer.answer)
        return {"prompt_tokens": self._asked, "completion_tokens": said, "total_tokens": self._asked + said}


async def _chunks(request: Request, work: Work[Answer], tell: _Teller, *, usage: bool) -> AsyncIterator[str]:
    yield tell.chunk({"role": "assistant", "content": ""})
    sent, last = "", None
    try:
        async for answer in work.steps(HEARTBEAT):
            if answer is None:
                yield PING
                continue
            last = answer
            if answer.refused and growing(answer):
                continue  # what is sent can't be taken back, and this may still become an answer
            if more := rest(sent, answer.answer):
                sent += more
                yield tell.chunk({"content": more})
        if last is not None:
            yield tell.chunk({}, "stop", zhiyin=to_dict(last))
            if usage:
                yield tell.usage_chunk(last)
        yield "data: [DONE]\n\n"
    except Exception as error:
        yield event(body_of(request, *told(error)))
    finally:
        work.leave()


def rest(sent: str, text: str) -> str:
    r"""What is to be sent after `sent` so that all lines of `text` are there.

    The final answer of a comparison begins with the verdict, which is only known at the end: it then comes last.

    >>> rest("a", "a\nb"), rest("a", "c\na")
    ('\nb', '\nc')
    """
    if text.startswith(sent):
        return text[len(sent) :]
    known = sent.splitlines()
    return "".join(f"\n{line}" for line in text.splitlines() if line not in known)


def _known(name: str) -> None:
    if name != MODEL:
        raise HTTPException(404, f"the model {name[:80]!r} does not exist; GET /v1/models lists {MODEL!r}")


_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "oneOf": [
                {"type": "object", "required": ["message", "type", "param", "code"]},
                {"type": "string", "description": "Turned away before it was looked at."},
            ]
        }
    },
}


def _models(example: dict[str, Any], *codes: int) -> dict[str, Any]:
    content = {schema.JSON: {"schema": {"type": "object"}, "example": example | {}}}
    return {"responses": {200: {"content": content}, **schema.errors(*codes, schema=_ERROR)}}


def _documented() -> dict[str, Any]:
    asked = {"model": MODEL, "messages": [{"role": "user", "content": schema.QUESTION["question"]}]}
    answered = Answer(schema.ANSWERED["question"], schema.ANSWERED["answer"])
    whole = _Teller(answered.question, ()).whole(answered)
    whole |= {"id": "chatcmpl-1", "created": 1767225600, "zhiyin": schema.ANSWERED}
    good = {
        schema.JSON: {"schema": {"type": "object", "required": ["id", "choices", "zhiyin"]}, "example": whole},
        schema.STREAM: schema.stream("message") | {"example": "data: [DONE]\n\n"},
    }
    return {
        "openapi_extra": schema.body("Completion", ("at once", asked), ("as a stream", asked | {"stream": True})),
        "responses": {
            200: {"description": "A chat completion, or chunks of one.", "content": good},
            **schema.errors(400, 401, 403, 404, 408, 413, 429, 500, 503, 504, schema=_ERROR),
        },
    }
