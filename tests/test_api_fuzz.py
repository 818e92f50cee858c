"""A few hundred generated requests, the same at every run; `python -m tests.fuzz_api --cases 2000` sends more."""

from __future__ import annotations

import pytest

from rag.feedback import FeedbackStore
from rag.ui.server import create_app

from . import ui_doubles as world
from .api_kit import served, service
from .fuzz_api import OPEN, bot, fuzz

pytestmark = pytest.mark.filterwarnings("ignore")  # of the library's own


def test_no_generated_request_breaks_the_service(tmp_path):
    app = create_app(bot(), settings=OPEN, feedback=FeedbackStore(tmp_path / "feedback.sqlite"))
    with served(app) as address:
        found = fuzz(address, 300)
    assert found.complaints == []
    assert not any(status >= 500 for status in found.statuses), found
    assert found.cases >= 300 and {200, 400, 404, 422} <= set(found.statuses)
    assert {"POST /api/ask", "POST /v1/chat/completions", "POST /api/feedback"} <= set(found.by_route)


def test_a_service_that_breaks_is_found_out():
    broken = world.canned_bot()
    broken._otherwise = RuntimeError("broken")
    with served(service(broken, ask_per_minute=0)) as address:
        found = fuzz(address, 60)
    assert found.statuses[500] > 0
    assert any("POST /api/ask 500" in complaint for complaint in found.complaints)
