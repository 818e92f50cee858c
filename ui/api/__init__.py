"""The HTTP interface for programs: questions, OpenAI's chat completions, health and figures."""

from __future__ import annotations

from fastapi import FastAPI

from rag.config import Settings

from ..ports import Answerer
from . import ask, completions, health, metrics, schema
from .completions import Completion
from .front import Ask, Front
from .metrics import Metrics


def add(app: FastAPI, bot: Answerer, settings: Settings, figures: Metrics) -> Front:
    """Add all routes, with the limits of `settings`; what they do is counted in `figures`.

    Returns where questions are asked, so that those of the chat window are held to the same limits.
    """
    front = Front(bot, settings)
    figures.watch(bot, front.desk)
    ask.add(app, front)
    completions.add(app, front)
    health.add(app, bot, settings)
    metrics.add(app, figures)
    schema.describe(app, Ask, Completion)
    return front
