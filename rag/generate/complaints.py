"""What went wrong between us and a model server, in words that say what to do."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import openai

from ..errors import ModelError

_TOO_LONG = re.compile(r"context|too long|n_ctx|maximum.{0,40}(?:token|length)|(?:token|length).{0,40}(?:maximum|exceed)", re.IGNORECASE)
_QUOTED = 300  # characters of what a server says that are repeated


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of which server. The key is here to be kept out of what is said."""

    url: str
    model: str
    key_env: str
    key: str


def explain(error: openai.OpenAIError, asked: Asked, *, begun: bool = False, there: Sequence[str] = ()) -> ModelError:
    """`error` as a ModelError. `begun`: part of the answer had come. `there`: the models that the server lists."""
    server, said = f"the model server {asked.url}", _said(error, asked.key)
    if isinstance(error, openai.APITimeoutError):
        return ModelError(f"{server} does not answer; is it running there, and is a firewall between?")
    if isinstance(error, openai.APIConnectionError):
        return ModelError(f"{server} broke off in the middle of its answer" if begun else _unreachable(error, asked))
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        todo = f"look at the key in ${asked.key_env}" if asked.key_env else "put its key into an environment variable and name that in generator_key_env"
        return ModelError(f"{server} does not let us in ({error.status_code}); {todo}{said}")
    if isinstance(error, openai.NotFoundError):
        known = f"it lists {', '.join(there[:20])}" if there else "it lists none: is generator_url right? It often ends in /v1"
        return ModelError(f"{server} has no model {asked.model!r} (404); {known}{said}")
    if isinstance(error, openai.RateLimitError):
        return ModelError(f"{server} has too much to do (429), after several tries; ask again later{said}")
    if isinstance(error, openai.APIStatusError):
        if error.status_code in (400, 413, 422) and _TOO_LONG.search(said):
            return ModelError(f"{server} can't hold so long a prompt; set generator_context to the tokens that it was started with{said}")
        if 300 <= error.status_code < 400:
            where = error.response.headers.get("location", "?")
            return ModelError(f"{server} sends us elsewhere ({error.status_code}, to {where}), where we don't go by ourselves; if that is right, set generator_url to it")
        if error.status_code >= 500:
            return ModelError(f"{server} failed ({error.status_code}), after several tries; look at its log{said}")
        return ModelError(f"{server} refused the request ({error.status_code}){said}")
    return ModelError(f"{server} failed{' in the middle of its answer' if begun else ''}{said}")


def stranger(url: str, kind: str) -> ModelError:
    """The error for an answer that is none of the protocol; `kind` is its content type."""
    return ModelError(f"{url} answered with {kind or 'nothing'} and not as an OpenAI-compatible server; is generator_url right? It often ends in /v1")


def _unreachable(error: openai.APIConnectionError, asked: Asked) -> str:
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return f"no host of the name in {asked.url}; correct generator_url"
        if isinstance(cause, ssl.SSLError):
            return f"no safe connection to {asked.url}: {cause}; for an authority of your own set SSL_CERT_FILE to its certificate"
    last = next((str(cause) for cause in list(_causes(error))[::-1] if str(cause)), "")
    return f"nothing answers at {asked.url} ({last}); start the model server, or correct generator_url"


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _said(error: openai.OpenAIError, key: str) -> str:
    """What the server says, for the end of a sentence."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    text = inner.get("message") if isinstance(inner, dict) else inner if isinstance(inner, str) else None
    if text is None and not isinstance(error, openai.APIStatusError):
        text = str(error)
    plain = " ".join(str(text or "").split())[:_QUOTED]
    return f": {plain.replace(key, '…') if key else plain}" if plain else ""
