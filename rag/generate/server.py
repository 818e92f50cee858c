"""A language model on a server that speaks OpenAI's protocol: vLLM, Ollama, llama.cpp, LM Studio, SGLang and others."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import ConfigError, InputError, ModelError, OutOfTime
from . import CHARACTERS
from .feed import Put, feed

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from ..config import Settings
    from . import Generator, Messages

CONTEXT = 8192  # tokens, where neither the settings nor the server tell
CONNECT = 5.0  # seconds until a connection has to be there
LIST = 3.0  # seconds for the list of models
AGAIN_AFTER = 30.0  # seconds until a server that gave no list is asked for one again
DOWN = 10.0  # seconds in which a server that could not be reached is not tried again, so that not every question waits for it
RETRIES = 2  # after 408, 409, 429, 5xx and connections that fail, before an answer has begun
PER_MESSAGE = 8  # tokens that a chat template may put round a message
_LIMITS = ("max_model_len", "context_length", "max_context_length", "context_window")


def load_openai(settings: Settings) -> Generator:
    """The model `settings.generator` on the server `settings.generator_url`; without a name the first that it lists.

    The server is not asked yet. Raises ConfigError for an address that is none and a key that is not there.
    """
    import openai  # noqa: F401  # now, as it takes a second, and not at the first question

    return ServerGenerator(settings)


class ServerGenerator:
    """A chat model behind `/chat/completions`, asked with temperature 0 and a fixed seed.

    Each stream has a thread, an event loop and a connection of its own: to cancel it closes the connection, from which a
    server learns to stop. Redirects are not followed: the documents go to the address in the settings alone.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError."""
        import httpx2

        self._url = _address(settings.generator_url)
        self._key_env = settings.generator_key_env
        self._key = _key(self._key_env)
        self._asked_for = settings.generator
        self._seconds = settings.generator_seconds
        self._told = settings.generator_context
        self._certificates = httpx2.create_ssl_context()  # once: it takes as long as a short answer
        self._lock = threading.Lock()
        self._limits: dict[str, int | None] = {}  # tokens that each model of the server can hold, as it says
        self._failed: tuple[float, str] | None = None  # when it gave no list, and why
        self._down: tuple[float, str] | None = None  # when it could not be reached, and why

    @property
    def name(self) -> str:
        """The model's name; where none is set and the server was not asked yet, its address."""
        return self._asked_for or next(iter(self._limits), self._url)

    @property
    def fingerprint(self) -> str:
        """`sha256:…` over the address and the model's name: what a server really runs can't be seen from here.

        Raises ModelError where no name is set and the server does not tell one.
        """
        model = self._asked_for or self.models()[0]
        return f"sha256:{hashlib.sha256(f'{self._url} {model}'.encode()).hexdigest()}"

    @property
    def context(self) -> int:
        """`generator_context`, else what the server says of its model; 8192 where it says nothing or does not answer."""
        if not self._told:
            with suppress(ModelError):
                self.models()
        return self._told or self._limits.get(self.name) or CONTEXT

    def count(self, messages: Messages) -> int:
        """About how many tokens `messages` are at most: a character is one, but of ASCII's letters and blanks three are.

        Current tokenizers need fewer: of Chinese about two for three characters, and one for a frequent English word.
        """
        texts = [message["content"] for message in messages]
        letters = sum(c.isascii() and (c.isalpha() or c == " ") for text in texts for c in text)
        return sum(map(len, texts)) - letters + -(-letters // 3) + PER_MESSAGE * (len(messages) + 1)

    def models(self, *, again: bool = False) -> list[str]:
        """Names of the models that the server lists, at least one; asked once, or `again`.

        Raises ModelError where it gives none within three seconds; then for half a minute without asking again.
        """
        with self._lock:
            if again or not self._limits:
                if not again and self._failed and time.monotonic() < self._failed[0] + AGAIN_AFTER:
                    raise ModelError(self._failed[1])
                try:
                    for _ in self._run(lambda put: self._look(), None, LIST):
                        pass
                except ModelError as error:
                    late = f"the model server {self._url} did not list its models within {LIST:g} seconds; is it still loading?"
                    self._failed = (time.monotonic(), late if isinstance(error, OutOfTime) else str(error))
                    raise ModelError(self._failed[1]) from None
            return list(self._limits)

    def stream(self, messages: Messages, *, max_tokens: int, stop: Callable[[], bool] | None = None) -> Iterator[str]:
        """See Generator.

        A server that breaks off, or sends what can't be read (a broken event, bytes that are no UTF-8), ends the stream
        with ModelError after what came before. What a model thinks (`reasoning_content`) is left out.
        """
        if max_tokens < 1:
            raise InputError(f"max_tokens = {max_tokens}; give at least 1")
        if self._down and time.monotonic() < self._down[0] + DOWN:
            raise ModelError(f"{self._down[1]}; it is tried again every {DOWN:g} seconds")
        return self._run(lambda put: self._ask(messages, max_tokens, put), stop, self._seconds)

    def _run(self, begin: Callable[[Put], Coroutine[Any, Any, None]], stop: Callable[[], bool] | None, seconds: float) -> Iterator[str]:
        """What the coroutine that `begin` makes puts, run in a thread; ended early, it is cancelled."""
        loop = asyncio.new_event_loop()
        tasks: list[asyncio.Task[None]] = []

        def work(put: Put) -> None:
            try:
                tasks.append(loop.create_task(begin(put)))
                with suppress(asyncio.CancelledError):
                    loop.run_until_complete(tasks[0])
                loop.run_until_complete(loop.shutdown_asyncgens())
            except ModelError:
                raise
            except Exception as error:
                raise ModelError(f"the model server {self._url} can't be asked: {error}") from error
            finally:
                loop.close()

        def cancel() -> None:
            with suppress(RuntimeError):  # closed: it has ended by itself
                loop.call_soon_threadsafe(lambda: tasks[0].cancel())  # noqa: PLW0108  # it may not have begun yet

        yield from feed(work, cancel, stop=stop, seconds=seconds, name=self.name)

    def _client(self, seconds: float, retries: int) -> AsyncOpenAI:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

        return AsyncOpenAI(
            base_url=self._url,
            api_key=self._key or "none",  # or that of the environment would be taken
            max_retries=retries,
            timeout=Timeout(seconds, connect=min(CONNECT, seconds)),
            http_client=DefaultAsyncHttpxClient(follow_redirects=False, verify=self._certificates),
        )

    def _headers(self) -> dict[str, Any]:
        """What is left out of a request, though the environment may hold it, for OpenAI itself; without a key that, too."""
        from openai import Omit

        return dict.fromkeys(["OpenAI-Organization", "OpenAI-Project", *([] if self._key else ["Authorization"])], Omit())

    async def _look(self) -> None:
        """Ask for the list of models and keep it. Raises ModelError."""
        import openai

        from .complaints import Asked, explain, stranger

        async with self._client(LIST, 0) as client:
            try:
                page = await client.models.list(extra_headers=self._headers())
            except openai.OpenAIError as error:
                raise explain(error, Asked(self._url, "", self._key_env, self._key)) from None  # its own text may hold the key
        try:
            self._limits = {card.id: _limit(card.model_extra or {}) for card in page.data}
        except (TypeError, AttributeError) as error:
            raise stranger(self._url, "something else than a list of models") from error
        if not self._limits:
            raise ModelError(f"the model server {self._url} lists no model; load one there")

    async def _ask(self, messages: Any, max_tokens: int, put: Put) -> None:
        import openai

        from .complaints import Asked, explain

        if not self._asked_for and not self._limits:
            await self._look()
        model, begun = self.name, False
        async with self._client(self._seconds, RETRIES) as client:
            try:
                stream = await client.chat.completions.create(
                    model=model, messages=messages, max_tokens=max_tokens, temperature=0, seed=0, stream=True,
                    extra_headers=self._headers(),
                )
                async with stream:
                    begun = True
                    await self._read(stream, max_tokens * CHARACTERS, put)
            except openai.OpenAIError as error:
                if isinstance(error, openai.NotFoundError):
                    with suppress(ModelError):
                        await self._look()
                asked = Asked(self._url, model, self._key_env, self._key)
                found = explain(error, asked, begun=begun, there=list(self._limits))
                self._down = (time.monotonic(), str(found)) if isinstance(error, openai.APIConnectionError) and not begun else None
                raise found from None
        self._down = None

    async def _read(self, stream: Any, longest: int, put: Put) -> None:
        """Put the text of the events. Raises ModelError for a broken one, and where the last is missing."""
        from .complaints import stranger

        seen, said, thought = False, 0, 0
        events = aiter(stream)
        while said + thought <= longest:
            try:
                event = await anext(events, None)
                if event is None:
                    break
                seen = True
                if not event.choices:
                    continue  # it has counts alone
                delta, ended = event.choices[0].delta, event.choices[0].finish_reason is not None
                piece = (delta.content if delta else None) or ""
                thought += len(getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None) or "")
                said += len(piece)
            except (ValueError, TypeError, AttributeError) as error:  # no JSON and no UTF-8 are ValueErrors
                raise ModelError(f"the model server {self._url} sent a broken event in the middle of its answer: {error}") from error
            if piece:
                put(piece.encode("utf-8", "replace").decode())  # half a surrogate pair is no text
            if ended:
                if thought and not said:
                    raise ModelError(f"{self.name!r} on {self._url} thought and wrote no answer; switch its thinking off there, or raise generator_tokens")
                return
        else:
            return
        if not seen:
            raise stranger(self._url, stream.response.headers.get("content-type", ""))
        raise ModelError(f"the model server {self._url} broke off in the middle of its answer")


def _address(url: str) -> str:
    """`url` without a slash at its end. Raises ConfigError for one that is none, or would be sent with a password."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
        secret = parts.username or parts.password
        _ = parts.port
    except ValueError:
        good, secret = False, None
    if secret:
        raise ConfigError("generator_url holds a name or password; leave it out, and name the variable with the key in generator_key_env")
    if not good:
        raise ConfigError(f"generator_url = {url!r} is no address of a server; give one such as http://127.0.0.1:8000/v1")
    return url.rstrip("/")


def _key(variable: str) -> str:
    key = os.environ.get(variable, "").strip() if variable else ""
    if variable and not key:
        raise ConfigError(f"generator_key_env = {variable!r}, and that environment variable is empty; set it to the key of the model server")
    if not key.isascii() or not key.isprintable():
        raise ConfigError(f"the environment variable {variable} (generator_key_env) holds signs that can't be in a key")
    return key


def _limit(card: dict[str, Any]) -> int | None:
    """The most tokens that a model can hold, by its entry in the list."""
    meta = card.get("meta")
    told = [*(card.get(name) for name in _LIMITS), meta.get("n_ctx") if isinstance(meta, dict) else None]
    return next((value for value in told if isinstance(value, int) and value > 0), None)
