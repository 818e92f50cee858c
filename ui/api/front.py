"""How a question gets to the bot: parsed, counted, given a place in the line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.requests import HTTPConnection, Request

from rag.config import Settings
from rag.errors import InputError
from rag.retrieve.filters import LONGEST, MOST, Filters
from rag.types import Answer

from ..limits import MAX_HISTORY, MAX_QUESTION
from ..ports import Answerer, History
from ..who import scope_of
from ..written import cut_short
from .desk import BusyError, Desk, Work
from .errors import busy, too_often
from .rates import Rates, asker

Sent = TypeVar("Sent", bound=BaseModel)
Value = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]
Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION)]


class TooOftenError(Exception):
    """Whoever asks has asked as often as may be; `wait` is the seconds until the next question."""

    def __init__(self, wait: float) -> None:
        super().__init__("too many questions in a minute")
        self.wait = wait


class Narrowing(BaseModel):
    """What a question is narrowed to: any of the values of a kind, and each kind that is given."""

    model_config = ConfigDict(extra="forbid")  # a misspelt filter must not come to nothing

    sources: list[Value] | None = Field(None, max_length=MOST, description="Names of documents.")
    regions: list[Value] | None = Field(None, max_length=MOST, description="Such as `浙江` or `浙江/杭州`.")
    years: list[int] | None = Field(None, max_length=MOST)

    def filters(self) -> Filters:
        """The same for the bot."""
        return Filters(frozenset(self.sources or ()), frozenset(self.regions or ()), frozenset(self.years or ()))


class Ask(BaseModel):
    """A question as `POST /api/ask` takes it."""

    model_config = ConfigDict(allow_inf_nan=False)

    question: Question = Field(description="In Chinese or English.")
    history: list[tuple[str, str]] | None = Field(
        None, max_length=MAX_HISTORY, description="What was said before, oldest first: [question, answer] pairs."
    )
    filters: Narrowing | None = Field(None, description="Answer from a part of the documents alone.")
    id: str | int | float | bool | None = Field(None, description="Comes back with the answer.")


class Front:
    """One bot and the limits on asking it."""

    def __init__(self, bot: Answerer, settings: Settings) -> None:
        self.bot = bot
        self.desk = Desk(
            at_once=settings.ask_at_once, waiting=settings.ask_waiting, seconds=settings.ask_seconds
        )
        self.rates = Rates(settings.ask_per_minute)

    def take(
        self, request: Request, question: str, history: History, filters: Filters | None = None
    ) -> Work[Answer]:
        """Line a question up. Raises HTTPException 429 or 503, each with Retry-After."""
        try:
            return self.line_up(request, question, history, filters)
        except TooOftenError as error:
            raise too_often(error.wait) from error
        except BusyError as error:
            raise busy(error) from error

    def line_up(
        self, request: HTTPConnection, question: str, history: History, filters: Filters | None = None
    ) -> Work[Answer]:
        """Line a question up, wherever it comes from; `request` may be Gradio's. Raises TooOftenError, BusyError."""
        wait = self.rates.take(asker(request))
        if wait:
            raise TooOftenError(wait)
        scope = scope_of(request)

        def steps() -> Iterator[Answer]:
            return self.bot.stream(question, history, scope=scope, filters=filters)

        return self.desk.take(steps, lambda answer: cut_short(answer, "model_late"))


def parse(model: type[Sent], body: bytes) -> Sent:
    """The body as `model`. Raises InputError that names the first field that is wrong."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "json_invalid":
            raise InputError(f"the request is not JSON: {first['msg']}") from error
        shape = ", ".join(
            f'"{name}"' if field.is_required() else f'"{name}"?' for name, field in model.model_fields.items()
        )
        raise InputError(f"{where}: {first['msg']}" if where else f"the request should be {{{shape}}}") from error
