"""The liar test: what it makes is what it says, and the proof holds against it."""

import pytest

from rag.encoder.embed import load_embedder
from rag.eval.liar.measure import ALTERED, FACTS, TRUE, Outcome, measure, run
from rag.eval.liar.stand_ins import asked
from rag.eval.rows import Gold
from rag.index.build import build
from rag.index.command import seeds
from rag.question.terms import Matcher
from rag.store import Snapshot

from .office import office
from .rules_kit import Settings


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> list[Outcome]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings()
    build([seeds()], home=home, settings=settings)
    return run(Snapshot.open(home), Matcher(load_embedder(settings.replace(embedder="bundled-fast")).encode_passages), 1000)


def test_half_is_true_and_every_kind_of_lie_is_told(outcomes):
    assert len(outcomes) >= 900
    assert abs(sum(o.case.true for o in outcomes) / len(outcomes) - 0.5) < 0.06
    assert len({o.case.kind for o in outcomes if not o.case.true}) >= 18
    assert {"joined", "crossed"} <= {o.case.form for o in outcomes}


def test_an_alteration_alters_and_a_truth_is_of_its_passage(outcomes):
    for o in outcomes:
        passage = o.case.passages[o.case.right]
        assert o.case.original in "".join(v.text for v in passage)
        if not o.case.true and o.case.kind not in ("miscited", "invented_source"):
            assert o.case.text not in "".join(v.text for v in passage)


def share(outcomes, chosen):
    picked = [o.well for o in outcomes if chosen(o.case)]
    return sum(picked) / len(picked)


def test_what_is_caught_and_what_is_kept(outcomes):
    assert share(outcomes, lambda case: not case.true) >= 0.95
    assert share(outcomes, lambda case: case.true) >= 0.97


def test_a_verifier_that_passes_everything_fails_here(outcomes):
    lax = [Outcome(o.case, o.case.original) for o in outcomes]
    assert share(lax, lambda case: not case.true) < 0.2
    assert share(lax, lambda case: case.true) == 1.0


def test_the_command_measures_the_samples_with_a_folder(tmp_path):
    (tmp_path / "a.txt").write_text("2024年,星海市图书馆接待读者186.4万人次,比上年增长12.3%。馆长赵启明介绍,全年外借图书92.7万册次。\n", encoding="utf-8")
    told = measure(tmp_path, 60, Settings())
    assert told["statements"] >= 50
    assert {TRUE, ALTERED, FACTS} <= set(told["figures"])
    assert all(well <= total for well, total in told["figures"].values())


class TestStandIns:
    """Models that say nothing untrue, over questions of the office's documents."""

    @pytest.fixture(scope="class")
    def figures(self, tmp_path_factory):
        home = tmp_path_factory.mktemp("office")
        office(home, load_embedder(Settings()))
        evidence = (("hubei2022.txt", "职工对食堂伙食的好评率为97.5%"),)
        rows = [
            Gold("a", "fact", "湖北2022年举办了多少场招聘会?", (("120场",),), (("hubei2022.txt", "举办招聘会120场"),)),
            Gold("b", "fact", "湖北的职工怎么看待帮扶工作,满不满意?", (("97.5%",),), evidence),
            Gold("c", "absent", "湖北2022年有多少名快递员?", refuse=True),
            Gold("d", "wrong_year", "湖北2019年举办了多少场招聘会?", refuse=True),
        ]
        return asked(rows, home, Settings())

    def test_reciting_what_was_found_answers_nothing_more(self, figures):
        assert figures["reciter"]["refused"] == figures["reader"]["refused"] == (2, 2)

    def test_what_answers_is_shown(self, figures):
        assert figures["teller"]["answered"] == (2, 2)
