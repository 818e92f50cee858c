"""Puts the gate in front of the service."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from rag.config import Settings

from ..ports import Answerer
from . import pages
from .audit import Audited, AuditLog
from .gate import Gate
from .sessions import FILE, SessionStore
from .throttle import Throttle
from .ways import Ways


def log_in(app: FastAPI, bot: Answerer, settings: Settings, proofs: Ways, home: Path) -> Answerer:
    """Put the gate in front of `app`, add the routes of logging in; returns `bot` with its answers written down.

    Before any other middleware is added: the gate is the innermost.
    """
    store, throttle = SessionStore(home / FILE), Throttle()
    log = AuditLog(home, settings.audit, days=settings.audit_days)
    pages.add(app, proofs, store, throttle, log)
    app.add_middleware(Gate, ways=proofs, store=store, throttle=throttle)
    return Audited(bot, log)
