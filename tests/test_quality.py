"""How good the answers are: the gate over the sample documents, and a floor under questions nobody wrote rules for."""

from pathlib import Path

import pytest

from rag.config import Settings
from rag.eval.figures import figures
from rag.eval.gate import check
from rag.eval.measure import measured
from rag.eval.rows import bundled
from rag.eval.rules import load
from rag.eval.runs import load_run
from rag.session import Session

ROOT = Path(__file__).parent.parent
SETS = ROOT / "tests" / "sets"
WORSE = Settings(chunk_tokens=40, lexical=False, reader="extractive")


def run(gold, *folders, settings=None):
    return measured(Session(), gold, settings or Settings(), docs=[ROOT / "seeds", *folders])


@pytest.fixture(scope="module", autouse=True)
def _home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHIYIN_HOME", str(tmp_path_factory.mktemp("quality")))
        yield


@pytest.fixture(scope="module")
def baseline():
    return load_run(ROOT / "tests" / "baseline")


@pytest.fixture(scope="module")
def rules():
    return load(ROOT / "tests" / "gate.toml")


def test_the_baseline_is_of_the_gold_set_that_is_shipped(baseline):
    import hashlib

    assert baseline.meta["gold_sha256"] == hashlib.sha256(bundled().read_bytes()).hexdigest()
    assert baseline.metrics["overall"]["right"] == figures(baseline.rows)["overall"]["right"]


@pytest.mark.slow
def test_the_answers_pass_the_gate(baseline, rules):
    done = run(bundled())
    assert done.metrics["violations"] == 0
    assert [result.said for result in check(done, rules, baseline).broken] == []


@pytest.mark.slow
def test_a_worse_configuration_fails_the_gate_for_the_right_reason(baseline, rules):
    broken = check(run(bundled(), settings=WORSE), rules, baseline).broken
    assert "recall@20: loss" in [result.name for result in broken]
    assert "not_retrieved" in next(result.said for result in broken if result.name == "recall@20: loss")


@pytest.mark.slow
def test_questions_that_no_rule_was_written_for():
    done = run(SETS / "heldout" / "questions.jsonl", SETS / "heldout" / "docs")
    assert done.metrics["violations"] == 0
    assert done.metrics["answerable"]["share"] >= 0.48
    assert done.metrics["refusable"]["share"] >= 0.76
