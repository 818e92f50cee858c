"""Errors of the interface as responses: a status, one line, and when to come back."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from rag.errors import DocumentError, DocumentTooLarge, InputError, StoreError, ZhiyinError

from ..reading import MissingError, OutdatedError
from .desk import BusyError, OutOfTimeError

_log = logging.getLogger("zhiyin.api")
_CODES = (
    (MissingError, 404), (OutdatedError, 409), (InputError, 422), (DocumentTooLarge, 413), (DocumentError, 422),
    (StoreError, 503),
)  # fmt: skip
_OPENAI = {404: "not_found", 429: "rate_limit_exceeded", 503: "overloaded", 504: "timeout"}
UNKNOWN = "something went wrong; the log of the service says what"


def status_of(error: ZhiyinError) -> int:
    """The HTTP status of an error raised on purpose."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), 500)


def problem(
    request: HTTPConnection, status: int, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The response of an error: `{"error": message}`, below /v1 the object that OpenAI's clients read."""
    return JSONResponse(body_of(request, status, message), status, dict(headers or {}))


def body_of(request: HTTPConnection, status: int, message: str) -> dict[str, Any]:
    """The JSON of `problem`."""
    if not request.url.path.startswith("/v1/"):
        return {"error": message}
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": _OPENAI.get(status)}}


def told(error: BaseException) -> tuple[int, str]:
    """Status and message of whatever ended a question; what was not raised on purpose is logged and not told."""
    if isinstance(error, OutOfTimeError):
        return 504, "the answer took longer than ask_seconds allows; ask something simpler, or try again later"
    if isinstance(error, ZhiyinError):
        return status_of(error), str(error)
    _log.error("a question could not be answered", exc_info=error)
    return 500, UNKNOWN


def busy(error: BusyError) -> HTTPException:
    """The refusal of a question for which there is no room."""
    return HTTPException(503, "too many questions are waiting; try again later", {"Retry-After": str(error.after)})


def too_often(seconds: float) -> HTTPException:
    """The refusal of a question that comes too soon by `seconds`."""
    after = max(1, math.ceil(seconds))
    return HTTPException(429, f"too many questions in a minute; try again in {after} s", {"Retry-After": str(after)})


def handle_errors(app: FastAPI) -> None:
    """Have `app` answer every error on purpose with `problem`."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(x) for x in first["loc"][1:])
        return problem(request, 422, f"{where or 'request'}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def failed(request: Request, error: HTTPException) -> JSONResponse:
        return problem(request, error.status_code, str(error.detail), error.headers)

    @app.exception_handler(ZhiyinError)
    async def known(request: Request, error: ZhiyinError) -> JSONResponse:
        return problem(request, status_of(error), str(error))
