"""Who sends a request: put on it by the authentication in front, read by whatever answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rag.access import Scope

TICKET = "jwt:"  # how the id of a person begins for whom the server of an embedding page spoke


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever asks. `id` never changes and keys what is stored; `groups` say which documents may be read."""

    id: str
    name: str = ""
    groups: frozenset[str] = frozenset()
    admin: bool = False


LOCAL = Person("local", "", frozenset(), True)
"""The one at this machine, where authentication is off: reads and changes everything."""


def who(request: Any) -> Person:
    """The person of a request (Starlette's, a WebSocket, or Gradio's round one); LOCAL where authentication is off.

    The authentication in front turns away whoever it does not know, so that what gets here without a person got here
    without authentication.
    """
    connection = getattr(request, "request", None) or request  # Gradio's answers for every attribute of its own
    person = connection.scope.get("state", {}).get("person", LOCAL)
    if not isinstance(person, Person):
        raise TypeError(f"request.state.person is {type(person).__name__}, not a Person")
    return person


def has_session(request: Any) -> bool:
    """Whether the person of a request is known by a session, which can be ended; not by a proxy or a token in each request."""
    connection = getattr(request, "request", None) or request
    return bool(connection.scope.get("state", {}).get("session"))


def scope_of(request: Any) -> Scope:
    """What the person of a request may read, for `Bot.ask(…, scope=…)` and `Bot.library(scope)`."""
    return scope_for(who(request))


def scope_for(person: Person) -> Scope:
    """What `person` may read: administrators everything, others what is open to everyone or to their groups."""
    return Scope(person.groups, everything=person.admin, asker=person.id)
