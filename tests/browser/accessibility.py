"""What axe-core has to say of a page or of a frame."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_axe = Axe()


def check(place: Any) -> None:
    """Fail where axe-core finds something serious or critical in `place`, a page or a frame of Playwright's."""
    place.wait_for_timeout(400)  # colours are judged when nothing is fading in any more
    found = _axe.run(place, options=RULES).response["violations"]
    told = [
        (one["id"], one["impact"], [f"{node['html'][:160]} | {node['failureSummary']}" for node in one["nodes"][:4]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert not told, told
