"""How good the answers are, held by floors a little under what was measured (`docs/quality.md`)."""

from pathlib import Path

import pytest

from rag.bot import Bot
from rag.config import Settings
from rag.eval.rows import bundled, load
from rag.eval.run import evaluate
from rag.eval.judge import tally
from rag.index.build import build

ROOT = Path(__file__).parent.parent
SETS = ROOT / "tests" / "sets"


def measured(home, gold, *folders):
    settings = Settings()
    build([ROOT / "seeds", *folders], home=home, settings=settings)
    outcomes = list(evaluate(Bot(settings, home), load(gold)))
    assert [v for o in outcomes for v in o.violations] == []
    answerable = tally([o for o in outcomes if not o.gold.refuse])
    refusable = tally([o for o in outcomes if o.gold.refuse])
    return answerable.right / answerable.n, refusable.right / refusable.n


@pytest.mark.slow
def test_own_questions_over_the_sample_documents(tmp_path):
    right, refused = measured(tmp_path, bundled())
    assert right >= 0.88
    assert refused >= 0.88


@pytest.mark.slow
def test_questions_that_no_rule_was_written_for(tmp_path):
    right, refused = measured(tmp_path, SETS / "heldout" / "questions.jsonl", SETS / "heldout" / "docs")
    assert right >= 0.48
    assert refused >= 0.76
