"""`POST /api/ask`: a question in, the proved answer out, at once or statement by statement."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from rag.answer import to_dict
from rag.types import Answer, Statement

from . import schema
from .desk import Work
from .errors import told
from .events import HEARTBEAT, PING, RETRY, Events, GoneError, event, unless_gone
from .front import Ask, Front, parse


def add(app: FastAPI, front: Front) -> None:
    """Add the route."""

    @app.post("/api/ask", tags=["questions"], summary="Ask a question", **schema.ask())
    async def ask(request: Request) -> Response:
        """An answer of which every statement is proved by spans of the documents, or a refusal that says why.

        With `Accept: text/event-stream` it comes as events: `citation` and `statement` as they are verified, then the
        whole as `answer`; or `error`. Lines that begin with a colon keep the connection and mean nothing.
        """
        sent = parse(Ask, await request.body())
        work = front.take(request, sent.question, sent.history or [], sent.filters.filters() if sent.filters else None)
        if wants_events(request):
            return Events(_events(work, sent.id))
        answer = await waited_for(work, request)
        return JSONResponse(to_dict(answer) | {"id": sent.id})


def wants_events(request: Request) -> bool:
    """Whether the client asks for server-sent events."""
    kinds = (part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(","))
    return "text/event-stream" in kinds


async def waited_for(work: Work[Answer], request: Request) -> Answer:
    """The whole answer. Raises HTTPException 504 where it takes too long, and stops the work of a client that went."""
    try:
        return await unless_gone(work.last(), request.receive)
    except GoneError as error:
        raise HTTPException(499, "the client has gone") from error
    except HTTPException:
        raise
    except Exception as error:
        raise HTTPException(*told(error)) from error
    finally:
        work.leave()


async def _events(work: Work[Answer], name: Any) -> AsyncIterator[str]:
    yield RETRY
    shown: list[Statement] = []
    cited: dict[int, Any] = {}
    last: Answer | None = None
    try:
        async for answer in work.steps(HEARTBEAT):
            if answer is None:
                yield PING
                continue
            last = answer
            body = to_dict(answer)
            for statement, told_as in zip(answer.statements, body["statements"], strict=True):
                if statement in shown:
                    continue
                for citation in body["citations"]:
                    if citation["n"] in statement.citations and cited.get(citation["n"]) != citation:
                        cited[citation["n"]] = citation
                        yield event(citation, "citation")
                shown.append(statement)
                yield event(told_as, "statement")
        if last is not None:
            for citation in to_dict(last)["citations"]:
                if cited.get(citation["n"]) != citation:
                    yield event(citation, "citation")
            yield event(to_dict(last) | {"id": name}, "answer")
    except Exception as error:
        status, message = told(error)
        yield event({"error": message, "status": status}, "error")
    finally:
        work.leave()
