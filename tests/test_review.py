"""Candidates, decisions and the gold file behind the review page, and what the page's service refuses."""

import json
import multiprocessing
import re
import stat
import string
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

import rag.eval
from rag.cli.main import build
from rag.errors import InputError, StoreError
from rag.eval.commands.review import HELP
from rag.eval.review import goldfile, reading
from rag.eval.review.candidates import from_feedback, from_file
from rag.eval.review.ledger import Conflict, Ledger
from rag.eval.review.server import STATIC, create_app
from rag.eval.review.texts import _TEXTS, texts
from rag.eval.rows import bundled, load, to_gold
from rag.feedback import FILE, Cited, Feedback, FeedbackStore
from rag.session import Session
from rag.types import Document
from rag.web import MAX_BODY

from . import review_kit as kit
from . import ui_doubles as world

BASE = "http://127.0.0.1:7861"


def keys(desk):
    return [item["key"] for item in desk.queue()["items"]]


def accept(desk, key, evidence=None, confirmed=False, **changes):
    """Accept the candidate as it is drawn, with some fields changed."""
    found = desk.candidate(key)
    spots = [
        {k: e[k] for k in ("source", "start", "end", "text", "version")}
        for e in found["evidence"]
        if e["times"]
    ]
    return desk.accept(
        key, found["row"] | changes, spots if evidence is None else evidence, confirmed=confirmed
    )


def lines(desk):
    return desk.ledger.out.read_text(encoding="utf-8").splitlines()


class TestCandidates:
    def test_a_row_may_lack_what_a_person_fills_in(self, tmp_path):
        rows = [
            {"question": "几层?"},
            {"id": "x", "kind": "list", "question": "哪些?", "answers": [["甲"]], "note": "n"},
        ]
        first, second = from_file(kit.write_rows(tmp_path / "c.jsonl", rows))
        assert first.row == {
            "id": "candidate-1", "kind": "fact", "question": "几层?", "answers": [], "evidence": [], "refuse": False,
        }  # fmt: skip
        assert (second.row["answers"], second.row["evidence"], second.row["note"]) == ([["甲"]], [], "n")

    def test_whole_rows_stay_as_they_are(self):
        found = from_file(bundled())
        assert [to_gold(c.row) for c in found] == load(bundled())

    @pytest.mark.parametrize(
        ("line", "word"),
        [
            ("nonsense", "line 2.*JSON"), ("[1]", "line 2.*object"), ("{}", "line 2.*question"),
            ('{"question": "q", "kinds": "fact"}', "line 2.*kinds"), ('{"question": "q", "answers": "a"}', "line 2.*answers"),
            ('{"question": "q", "evidence": [["a"]]}', "line 2.*evidence"),
            ('{"question": "q", "refuse": true, "answers": [["a"]]}', "line 2.*refuse"),
        ],
    )  # fmt: skip
    def test_a_line_that_cannot_be_one_is_named(self, tmp_path, line, word):
        path = tmp_path / "c.jsonl"
        path.write_text('{"question": "q"}\n' + line + "\n", encoding="utf-8")
        with pytest.raises(InputError, match=word):
            from_file(path)

    def test_the_same_row_twice_is_one_and_another_of_its_id_is_two(self, tmp_path):
        other = kit.FACT | {"question": "另一个问题?"}
        found = from_file(kit.write_rows(tmp_path / "c.jsonl", [kit.FACT, kit.FACT | {"id": "again"}, other]))
        assert [c.row["question"] for c in found] == [kit.FACT["question"], "另一个问题?"]
        assert len({c.key for c in found}) == 2

    def test_a_thumb_down_becomes_a_candidate(self):
        cited = (Cited("a.txt", 1, 3, "v"),)
        given = kit.down(
            "他们呢?",
            "三个\n[1]。",
            history=(("甲几个?", "两个"),),
            reason="wrong",
            comment="是 四个",
            citations=cited,
        )
        [candidate] = from_feedback([Feedback("q", "up", "a"), given])
        assert candidate.row == {
            "id": f"feedback-{candidate.key[:8]}", "kind": "followup", "question": "他们呢?", "answers": [], "evidence": [],
            "refuse": False, "origin": "feedback", "note": "当时的回答：三个 [1]；答案不对；读者说：是 四个",
            "history": [["甲几个?", "两个"]],
        }  # fmt: skip
        assert candidate.feedback == (given,)

    def test_readers_who_ask_the_same_make_one_candidate_with_the_last_answer(self):
        rows = [
            kit.down("几个?", "一个"),
            kit.down("多少?"),
            kit.down("几个?", "两个"),
            kit.down("几个?", history=(("a", "b"),)),
        ]
        found = from_feedback(rows)
        assert [(c.row["question"], len(c.feedback)) for c in found] == [
            ("几个?", 2),
            ("多少?", 1),
            ("几个?", 1),
        ]
        assert "两个" in found[0].row["note"]
        assert [c.key for c in from_feedback(rows[:1])] == [found[0].key]  # a later verdict changes no key


class TestReading:
    library = kit.bot().snapshot

    def test_a_stretch_is_the_raw_text(self):
        whole = reading.stretch(self.library, kit.ODD.source)
        assert (whole["start"], whole["end"], whole["text"]) == (0, len(kit.ODD_RAW), kit.ODD_RAW)
        middle = len(kit.LONG_RAW) // 2
        part = reading.stretch(self.library, kit.LONG.source, middle)
        assert part["start"] < middle < part["end"] and part["total"] == len(kit.LONG_RAW)
        assert part["text"] == kit.LONG_RAW[part["start"] : part["end"]]
        assert len(part["text"]) == 2 * reading.STRETCH

    @pytest.mark.parametrize("at", [-5, 10**12])
    def test_a_place_outside_is_the_nearest_inside(self, at):
        found = reading.stretch(self.library, kit.LONG.source, at)
        assert found["text"] and kit.LONG_RAW[found["start"] : found["end"]] == found["text"]

    @pytest.mark.parametrize("name", ["nope.txt", "../odd/𠮷 表.txt", ""])
    def test_only_listed_names_can_be_read(self, name):
        with pytest.raises(InputError, match="no document"):
            reading.stretch(self.library, name)

    def test_evidence_is_found_as_it_stands(self):
        found = reading.located(self.library, kit.ODD.source, "乙店3家")
        assert kit.ODD_RAW[found["start"] : found["end"]] == found["text"] == "乙店 3 家"
        assert reading.located(self.library, kit.ODD.source, "丙店\u300045家")["times"] == 2
        assert reading.located(self.library, kit.ODD.source, "丁店")["times"] == 0
        assert reading.located(self.library, "gone.txt", "x") == {
            "source": "gone.txt", "title": "gone.txt", "text": "x", "times": 0,
        }  # fmt: skip

    @pytest.mark.parametrize(
        "text", ["𠮷字是\U0001f468\u200d\U0001f469土", "甲店\t12家,\r乙店", "\r\n\r\n甲"]
    )
    def test_a_picked_span_is_exact(self, text):
        assert reading.exact(self.library, kit.spot(kit.ODD, text)) == (kit.ODD.source, text)

    @pytest.mark.parametrize(
        ("change", "kind"),
        [
            ({"start": 3}, InputError), ({"end": 10**6}, InputError), ({"start": -1}, InputError), ({"start": None}, InputError),
            ({"start": True}, InputError), ({"text": "乙店3家"}, InputError), ({"source": "gone.txt"}, InputError),
            ({"version": "sha256:older"}, Conflict), ({"version": None}, InputError), ({"text": 5}, InputError),
        ],
    )  # fmt: skip
    def test_any_other_span_is_refused(self, change, kind):
        with pytest.raises(kind):
            reading.exact(self.library, kit.spot(kit.ODD, "乙店 3 家") | change)

    def test_a_span_of_white_space_is_no_evidence(self):
        with pytest.raises(InputError):
            reading.exact(self.library, kit.spot(kit.ODD, "\r\n\r\n"))

    def test_documents_are_found_by_name_and_title(self):
        assert [d["source"] for d in reading.documents(self.library, "HILL")] == ["hill.pdf"]
        assert [d["source"] for d in reading.documents(self.library, "河岸")] == [world.RIVER.source]
        assert len(reading.documents(self.library)) == 5

    def test_words_are_found_across_white_space_and_the_open_document_comes_first(self):
        found = reading.passages(self.library, "读书会", first="hill.pdf")
        assert [h["source"] for h in found["hits"]] == ["hill.pdf", world.RIVER.source]
        for hit in found["hits"]:
            raw = self.library.document(hit["source"]).raw
            assert raw[hit["start"] : hit["end"]] == hit["match"] == "读书会"
        [spaced] = reading.passages(self.library, "1240个")["hits"]
        assert world.RIVER_RAW[spaced["start"] : spaced["end"]] == "1 240 个"
        assert reading.passages(self.library, " ")["hits"] == []

    def test_a_search_has_its_limits(self, monkeypatch):
        assert len(reading.passages(self.library, "档案")["hits"]) == reading.A_SOURCE
        monkeypatch.setattr(reading, "SECONDS", -1.0)
        assert reading.passages(self.library, "档案") == {"hits": [], "complete": False}


class TestGoldFile:
    row = {
        "id": "a",
        "kind": "fact",
        "question": "q",
        "answers": [["x"]],
        "evidence": [["s", "x"]],
        "refuse": False,
    }

    def test_rows_are_added_at_the_end_and_nothing_else_changes(self, tmp_path):
        path = tmp_path / "new" / "gold.jsonl"
        goldfile.append(path, self.row)
        path.write_bytes(
            path.read_bytes().rstrip(b"\n") + b"\r\n\r\n  " + json.dumps(self.row | {"id": "b"}).encode()
        )
        before = path.read_bytes()
        goldfile.append(path, self.row | {"id": "c"})
        assert path.read_bytes().startswith(before + b"\n")
        assert [row.id for row in load(path)] == ["a", "b", "c"]
        assert list(path.parent.iterdir()) == [path]

    def test_an_id_that_is_taken_gets_a_number_and_a_repeated_row_none(self, tmp_path):
        path = tmp_path / "gold.jsonl"
        assert goldfile.append(path, self.row)["id"] == "a"
        assert goldfile.append(path, self.row)["id"] == "a"
        for number in ("a-2", "a-3"):
            assert goldfile.append(path, self.row | {"question": number})["id"] == number
        assert goldfile.append(path, self.row | {"question": "a-2"})["id"] == "a-2"
        assert [row.id for row in load(path)] == ["a", "a-2", "a-3"]

    def test_a_row_is_taken_out_unless_it_was_changed(self, tmp_path):
        path = tmp_path / "gold.jsonl"
        for name in "abc":
            goldfile.append(path, self.row | {"id": name})
        assert goldfile.remove(path, self.row | {"id": "b"}) is True
        assert [row.id for row in load(path)] == ["a", "c"]
        assert goldfile.remove(path, self.row | {"id": "b"}) is True  # gone is gone
        assert goldfile.remove(path, self.row | {"id": "c", "question": "as it was"}) is False
        assert [row.id for row in load(path)] == ["a", "c"]

    def test_a_file_that_is_no_gold_set_is_not_touched(self, tmp_path):
        path = tmp_path / "gold.jsonl"
        path.write_text("shopping list\n", encoding="utf-8")
        with pytest.raises(InputError, match="line 1"):
            goldfile.append(path, self.row)
        assert path.read_text(encoding="utf-8") == "shopping list\n"

    def test_mode_and_link_stay(self, tmp_path):
        real = kit.write_rows(tmp_path / "real.jsonl", [self.row])
        real.chmod(0o640)
        link = tmp_path / "link.jsonl"
        link.symlink_to(real)
        goldfile.append(link, self.row | {"id": "b"})
        assert link.is_symlink() and stat.S_IMODE(real.stat().st_mode) == 0o640
        assert [row.id for row in load(real)] == ["a", "b"]

    def test_a_full_disk_leaves_the_file_as_it_was(self, tmp_path, monkeypatch):
        path = kit.write_rows(tmp_path / "gold.jsonl", [self.row])
        before = path.read_bytes()

        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(goldfile.os, "fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            goldfile.append(path, self.row | {"id": "b"})
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]


class TestDesk:
    def test_an_accepted_row_is_checked_and_written(self, tmp_path):
        desk = kit.desk(tmp_path)
        done = accept(desk, keys(desk)[0], note="看过")
        assert done["warnings"] == [] and done["verdict"] == "accept"
        [row] = load(desk.ledger.out)
        assert (row.id, row.origin, row.note) == (
            "gen-1",
            "written",
            "看过",
        )  # read by a person: no longer "generated"
        assert row.evidence == ((world.RIVER.source, "全年举办读书会462场"),)
        assert json.loads(lines(desk)[0]) == done["row"]

    def test_everything_can_be_corrected(self, tmp_path):
        desk = kit.desk(tmp_path)
        picked = [kit.spot(world.HILL, "新开社区书店37家"), kit.spot(world.HILL, "为37家新店发放")]
        accept(
            desk, keys(desk)[1], picked, question=" 开了几家? ", kind="list", history=[["问", "答"]],
            answers=[["37家", " "], [""], [" 37 ", "185万元"]], confirmed=True,
        )  # fmt: skip
        [row] = load(desk.ledger.out)
        assert (row.question, row.kind, row.history) == ("开了几家?", "list", (("问", "答"),))
        assert row.answers == (("37家",), ("37", "185万元"))
        assert row.evidence == (
            (world.HILL.source, "新开社区书店37家"),
            (world.HILL.source, "为37家新店发放"),
        )

    def test_not_answerable_clears_answers_and_evidence(self, tmp_path):
        desk = kit.desk(tmp_path)
        accept(desk, keys(desk)[0], refuse=True, kind="absent", derived=True)
        accept(desk, keys(desk)[2])
        first, second = load(desk.ledger.out)
        assert (first.refuse, first.answers, first.evidence, first.derived) == (True, (), (), False)
        assert (second.id, second.origin) == ("mut-1", "mutated")

    @pytest.mark.parametrize(
        ("changes", "evidence", "word"),
        [
            ({"question": " "}, None, "问题"), ({"question": "问" * 2001}, None, "2001"), ({"question": 5}, None, "问题"),
            ({"question": "\ud800?"}, None, "UTF-8"), ({"answers": [[" "]]}, None, "答案"), ({"answers": "x"}, None, "answers"),
            ({}, [], "证据"), ({}, ["x"], "evidence"), ({}, "x", "evidence"), ({"kind": ""}, None, "kind"),
            ({"history": "h"}, None, "history"), ({"note": 4}, None, "note"), ({"answers": [["999场"]]}, None, "勾选"),
            ({}, [kit.spot(world.RIVER, "全年举办读书会462场") | {"start": 1}], "重新选取"),
        ],
    )  # fmt: skip
    def test_what_the_check_would_not_pass_is_not_written(self, tmp_path, changes, evidence, word):
        desk = kit.desk(tmp_path)
        with pytest.raises(InputError, match=word):
            accept(desk, keys(desk)[0], evidence, confirmed=True, **changes)
        assert not desk.ledger.out.exists() and desk.queue()["counts"]["open"] == 3

    def test_what_is_odd_is_asked_once_more(self, tmp_path):
        desk = kit.desk(tmp_path)
        answers = [["462场"], ["五百场"]]  # the second has a figure that the evidence has not
        told = accept(desk, keys(desk)[0], answers=answers)
        assert len(told["warnings"]) == 1 and not desk.ledger.out.exists()
        assert accept(desk, keys(desk)[0], answers=answers, confirmed=True)["warnings"] == []
        assert len(lines(desk)) == 1

    def test_a_computed_answer_need_not_stand_in_the_evidence(self, tmp_path):
        desk = kit.desk(tmp_path)
        accept(desk, keys(desk)[0], answers=[["四成"]], derived=True)
        assert load(desk.ledger.out)[0].derived is True

    def test_the_same_question_is_not_written_twice(self, tmp_path):
        desk = kit.desk(
            tmp_path,
            [
                kit.FACT,
                kit.FACT | {"id": "b", "question": "河岸图书馆全年举办多少场读书会\uff1f", "kind": "list"},
            ],
        )
        accept(desk, keys(desk)[0])
        with pytest.raises(InputError, match="gen-1"):
            accept(desk, keys(desk)[1], confirmed=True)
        assert len(lines(desk)) == 1

    def test_a_decided_candidate_cannot_be_decided_again(self, tmp_path):
        desk = kit.desk(tmp_path)
        first, second, _ = keys(desk)
        accept(desk, first)
        desk.decide(second, "drop")
        for attempt in (
            lambda: accept(desk, first, question="换个问法?"), lambda: desk.decide(first, "drop"), lambda: desk.decide(second, "skip"),
        ):  # fmt: skip
            with pytest.raises(Conflict):
                attempt()
        assert len(lines(desk)) == 1
        assert desk.queue()["counts"] == {"accept": 1, "drop": 1, "skip": 0, "open": 1}

    def test_a_skipped_one_can_be_decided_later(self, tmp_path):
        desk = kit.desk(tmp_path)
        desk.decide(keys(desk)[0], "skip")
        desk.decide(keys(desk)[0], "skip")
        assert desk.queue()["counts"]["skip"] == 1
        accept(desk, keys(desk)[0])
        assert desk.queue()["counts"] == {"accept": 1, "drop": 0, "skip": 0, "open": 2}

    def test_another_day_goes_on_where_this_one_ended(self, tmp_path):
        desk = kit.desk(tmp_path)
        accept(desk, keys(desk)[0])
        desk.decide(keys(desk)[2], "drop")
        again = kit.desk(tmp_path)
        assert [item["verdict"] for item in again.queue()["items"]] == ["accept", None, "drop"]
        assert again.candidate(keys(again)[0])["verdict"] == "accept"

    def test_decisions_belong_to_their_gold_file(self, tmp_path):
        desk = kit.desk(tmp_path)
        desk.decide(keys(desk)[0], "drop")
        desk.ledger = Ledger(tmp_path / "other.jsonl", tmp_path / "review.sqlite")
        assert desk.queue()["counts"]["open"] == 3

    def test_undo_takes_back_the_last_and_tells_the_row_as_accepted(self, tmp_path):
        desk = kit.desk(tmp_path)
        first, second, third = keys(desk)
        desk.decide(third, "drop")
        accept(desk, first, note="改过")
        desk.decide(second, "skip")
        assert desk.undo()["key"] == second
        undone = desk.undo()
        assert (undone["key"], undone["row"]["note"]) == (first, "改过")
        assert undone["evidence"][0]["times"] == 1
        assert lines(desk) == []
        assert desk.undo(third)["verdict"] == "drop"
        with pytest.raises(Conflict):
            desk.undo()
        assert desk.queue()["counts"]["open"] == 3

    def test_undo_leaves_alone_what_is_not_on_this_desk(self, tmp_path):
        desk = kit.desk(tmp_path)
        accept(desk, keys(desk)[0])
        other = kit.desk(tmp_path)
        other._candidates = lambda: from_feedback([kit.down("几个?")])
        with pytest.raises(Conflict):
            other.undo()
        assert len(lines(desk)) == 1

    def test_undo_leaves_a_row_that_was_edited_by_hand(self, tmp_path):
        desk = kit.desk(tmp_path)
        accept(desk, keys(desk)[0])
        edited = desk.ledger.out.read_text(encoding="utf-8").replace("多少场", "几场")
        desk.ledger.out.write_text(edited, encoding="utf-8")
        with pytest.raises(Conflict, match="gen-1"):
            desk.undo()
        assert desk.ledger.out.read_text(encoding="utf-8") == edited
        desk.ledger.out.write_text(
            "", encoding="utf-8"
        )  # deleted by hand: then there is nothing left to take out
        assert desk.undo()["key"] == keys(desk)[0]

    def test_a_gold_file_that_cannot_be_written_leaves_the_candidate_open(self, tmp_path):
        desk = kit.desk(tmp_path)
        desk.ledger.out.mkdir()
        with pytest.raises((InputError, StoreError)):
            accept(desk, keys(desk)[0])
        assert desk.queue()["counts"]["open"] == 3

    def test_an_accept_that_was_cut_short_can_be_repeated(self, tmp_path):
        desk = kit.desk(tmp_path)
        done = accept(desk, keys(desk)[0])
        desk.ledger._path.unlink()  # as if the machine had stopped between file and decision
        assert desk.queue()["counts"]["open"] == 3
        assert desk.ledger.decide(keys(desk)[0], "accept", done["row"]).row == done["row"]
        assert len(lines(desk)) == 1

    def test_feedback_appears_while_the_page_is_open(self, tmp_path):
        store = FeedbackStore(tmp_path / FILE)
        desk = kit.desk(tmp_path, [kit.FACT], store)
        assert len(keys(desk)) == 1
        store.add(
            kit.down(
                "山城开了几家书店?", "26家[1]。", citations=(Cited("hill.pdf", 3, 9, "v"),), comment="不止"
            )
        )
        key = keys(desk)[1]
        found = desk.candidate(key)
        assert (
            found["feedback"]["answer"] == "26家[1]。" and found["feedback"]["said"][0]["comment"] == "不止"
        )
        assert found["feedback"]["citations"] == [{"source": "hill.pdf", "start": 3, "end": 9}]
        accept(desk, key, [kit.spot(world.HILL, "新开社区书店37家")], answers=[["37家"]])
        [row] = load(desk.ledger.out)
        assert (row.origin, row.question) == ("feedback", "山城开了几家书店?")
        assert "26家" in row.note

    def test_kinds_are_those_of_the_bundled_set_and_of_the_candidates(self, tmp_path):
        desk = kit.desk(tmp_path, [kit.FACT | {"kind": "own"}, kit.ABSENT | {"kind": "gone"}])
        kinds = {k["kind"]: k["refuse"] for k in desk.kinds()}
        assert (kinds["fact"], kinds["absent"], kinds["own"], kinds["gone"]) == (False, True, False, True)

    def test_the_bot_is_asked_with_the_history(self, tmp_path):
        desk = kit.desk(tmp_path)
        answer = desk.ask(f" {world.COMPARISON}", [["问", "答"]])
        assert desk.bot.calls[-1] == (world.COMPARISON, (("问", "答"),))
        assert answer["citations"][0]["quote"] == world.CLUBS.quote
        with pytest.raises(InputError):
            desk.ask("", [])


def _decide(folder, key, verdicts):
    desk = kit.desk(Path(folder))
    try:
        verdicts.put(accept(desk, key)["verdict"])
    except Conflict:
        verdicts.put("conflict")


def test_two_windows_and_two_processes_write_a_row_once(tmp_path):
    desk = kit.desk(tmp_path)
    context = multiprocessing.get_context("spawn")
    verdicts = context.Queue()
    workers = [
        context.Process(target=_decide, args=(str(tmp_path), keys(desk)[0], verdicts)) for _ in range(2)
    ]
    workers += [
        threading.Thread(target=_decide, args=(str(tmp_path), keys(desk)[0], verdicts)) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    told = sorted(verdicts.get(timeout=30) for _ in workers)
    for worker in workers:
        worker.join()
    assert told == ["accept"] + ["conflict"] * 5
    assert len(lines(desk)) == 1


def test_windows_that_decide_about_different_rows_lose_none(tmp_path):
    desk = kit.desk(tmp_path)
    rows = [to_gold(kit.ABSENT | {"id": f"r{n}", "question": f"第{n}问?"}) for n in range(12)]
    threads = [
        threading.Thread(target=desk.ledger.decide, args=(row.id, "accept", {"id": row.id, "kind": "absent", "question": row.question, "refuse": True}))
        for row in rows
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {row.id for row in load(desk.ledger.out)} == {row.id for row in rows}


class TestService:
    @pytest.fixture
    def client(self, tmp_path):
        self.desk = kit.desk(tmp_path)
        with TestClient(create_app(self.desk), base_url=BASE, raise_server_exceptions=False) as client:
            yield client

    def test_the_page_and_its_files(self, client):
        page = client.get("/")
        assert "候选题审阅" in page.text and "$" not in page.text
        for path in re.findall(r'(?:src|href)="\./([^"]+)"', page.text):
            assert client.get(f"/{path}").status_code == 200
        words = json.loads(client.get("/texts.js").text.removeprefix("window.reviewTexts = ").rstrip(";"))
        assert words["accept"] == "采纳"

    def test_it_speaks_english(self, client, monkeypatch):
        monkeypatch.setenv("ZHIYIN_LANG", "en")
        page = client.get("/").text
        assert 'lang="en"' in page and not re.search(r"[\u4e00-\u9fff]", page)

    @pytest.mark.parametrize(
        "path", ["/", "/texts.js", "/static/review.js", "/api/queue", "/api/nowhere", "/nowhere"]
    )
    def test_every_response_has_the_security_headers(self, client, path):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert (
            "default-src 'none'" in policy
            and "frame-ancestors 'none'" in policy
            and "script-src 'self';" in policy
        )
        assert "unsafe" not in policy and "http" not in policy and "*" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert "server" not in headers and "access-control-allow-origin" not in headers

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:7861", "10.0.0.7:7861", ""])
    def test_other_names_for_this_machine_are_not_answered(self, client, host):
        for path in ("/", "/api/queue", "/api/document?source=hill.pdf"):
            assert client.get(path, headers={"host": host}).status_code == 421

    @pytest.mark.parametrize(("origin", "status"), [("http://evil.example", 403), ("null", 403), (BASE, 200)])
    def test_other_sites_cannot_decide(self, client, origin, status):
        body = {"key": keys(self.desk)[0]}
        assert client.post("/api/drop", json=body, headers={"origin": origin}).status_code == status
        assert self.desk.queue()["counts"]["drop"] == (status == 200)

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("accept", b"nonsense", 422), ("accept", b"[]", 422), ("accept", b"{}", 422), ("accept", b'{"key": "x"}', 422),
            ("drop", b'{"key": 5}', 422), ("skip", b'{"key": "none"}', 422), ("undo", b"{}", 409), ("undo", b'{"key": null}', 422),
            ("ask", b'{"question": 4}', 422), ("ask", b'{"question": "q", "history": 1}', 422), ("accept", b"x" * (MAX_BODY + 1), 413),
            ("ask", json.dumps({"question": world.BROKEN}).encode(), 500), ("ask", json.dumps({"question": world.SECRET}).encode(), 500),
        ],
    )  # fmt: skip
    def test_what_cannot_be_done_is_said(self, client, path, body, status):
        response = client.post(f"/api/{path}", content=body)
        assert (response.status_code, list(response.json())) == (status, ["error"])
        assert "secret" not in response.text

    def test_a_candidate_goes_its_way(self, client):
        key = client.get("/api/queue").json()["items"][0]["key"]
        found = client.get(f"/api/candidates/{key}").json()
        [evidence] = found["evidence"]
        body = {
            "key": key,
            "row": found["row"] | {"answers": [["462场"], ["五百场"]]},
            "evidence": [evidence],
        }
        assert client.post("/api/accept", json=body).json()["warnings"]
        assert client.post("/api/accept", json=body | {"confirmed": True}).json()["row"]["id"] == "gen-1"
        assert client.post("/api/accept", json=body).status_code == 409
        assert client.post("/api/drop", json={"key": key}).status_code == 409
        assert client.post("/api/undo", json={"key": key}).json()["row"]["id"] == "gen-1"
        assert client.get("/api/candidates/nothing").status_code == 422

    def test_documents_come_by_name_alone(self, client):
        raw = client.get("/api/document", params={"source": kit.ODD.source}).json()
        assert raw["text"] == kit.ODD_RAW
        assert client.get("/api/document", params={"source": "/etc/passwd"}).status_code == 422
        assert client.get("/api/document", params={"source": "hill.pdf", "at": "x"}).status_code == 422
        assert client.get("/api/documents", params={"q": "hill"}).json()[0]["characters"] == len(
            world.HILL_RAW
        )
        assert client.get("/api/passages", params={"q": "社区书店"}).json()["hits"][0]["source"] == "hill.pdf"
        assert client.get("/static/..%2fserver.py").status_code == 404

    def test_evidence_of_a_document_indexed_anew_is_a_conflict(self, client):
        key = keys(self.desk)[0]
        found = client.get(f"/api/candidates/{key}").json()
        newer = Document(world.RIVER.source, world.RIVER.raw, "sha256:newer")
        self.desk.bot._library = kit.Library([(newer, [world.RIVER_PART])])
        body = {"key": key, "row": found["row"], "evidence": found["evidence"]}
        assert client.post("/api/accept", json=body).status_code == 409


class TestPage:
    script = "".join(path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.js")))
    style = (STATIC / "review.css").read_text(encoding="utf-8")
    page = (STATIC / "review.html").read_text(encoding="utf-8")

    @pytest.mark.parametrize("name", [n for n in _TEXTS if n != "lang"])
    def test_every_text_is_there_in_both_languages_with_the_same_values(self, name):
        zh, en = _TEXTS[name]
        assert re.search(r"[\u4e00-\u9fff]", zh) and en.strip() and not re.search(r"[\u4e00-\u9fff]", en)
        fields = [{f for _, f, _, _ in string.Formatter().parse(text) if f} for text in (zh, en)]
        assert fields[0] == fields[1]

    def test_page_and_script_ask_only_for_texts_that_exist(self):
        asked = set(re.findall(r"say\('(\w+)'", self.script)) | set(re.findall(r"\$(\w+)", self.page)) - {
            "stamp"
        }
        assert len(asked) > 40 and {a for a in asked if not a.endswith("_")} <= set(texts())
        assert {f"kind_{row.kind}" for row in load(bundled())} <= set(texts())

    def test_neither_names_another_host_nor_builds_html(self):
        assert not re.search(r"https?://|//[a-z]+\.|@import|url\(", self.script + self.style + self.page)
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", self.script
        )
        assert "<script>" not in self.page and "style=" not in self.page and " onclick" not in self.page

    def test_its_files_are_in_the_package(self):
        folder = Path(rag.eval.__file__).parent / "review" / "static"
        assert {p.name for p in folder.iterdir()} == {
            "review.html",
            "review.css",
            "review.js",
            "reader.js",
            "base.js",
        }


class TestCommand:
    def run(self, *arguments, bot=kit.bot):
        return CliRunner().invoke(
            build(), ["eval", "review", *arguments], obj=Session(make_bot=lambda settings: bot())
        )

    @pytest.fixture
    def served(self, monkeypatch):
        """What would be served: the app and the address, instead of serving it."""
        seen = {}

        def serve(app, listener):
            seen.update(app=app, address=listener.getsockname())

        monkeypatch.setattr("rag.web.serve_app", serve)
        monkeypatch.setattr("webbrowser.open", lambda address: seen.setdefault("opened", address))
        return seen

    def test_it_serves_the_file_and_the_feedback_on_this_machine(self, tmp_path, isolated_home, served):
        FeedbackStore(isolated_home / FILE).add(kit.down("几个?"))
        path = kit.write_rows(tmp_path / "c.jsonl", kit.ROWS)
        done = self.run(str(path), "--port", "0", "--no-browser")
        assert done.exit_code == 0, done.output
        host, port = served["address"]
        assert (
            host == "127.0.0.1" and f"http://127.0.0.1:{port}" in done.output and "4 条候选题" in done.output
        )
        assert "opened" not in served
        client = TestClient(served["app"], base_url=BASE)
        assert client.get("/api/queue").json()["counts"]["open"] == 4
        key = client.get("/api/queue").json()["items"][2]["key"]
        row = client.get(f"/api/candidates/{key}").json()["row"]
        assert (
            client.post("/api/accept", json={"key": key, "row": row, "evidence": []}).json()["row"]["id"]
            == "mut-1"
        )
        assert [r.id for r in load(isolated_home / "gold.jsonl")] == ["mut-1"]

    def test_the_browser_is_opened_and_feedback_can_be_left_out(self, tmp_path, isolated_home, served):
        FeedbackStore(isolated_home / FILE).add(kit.down("几个?"))
        path = kit.write_rows(tmp_path / "c.jsonl", kit.ROWS)
        done = self.run(str(path), "--port", "0", "--no-feedback", "--out", str(tmp_path / "out.jsonl"))
        assert done.exit_code == 0 and "3 条候选题" in done.output
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and thread.daemon and "open" in repr(thread._target):
                thread.join(5)
        assert served["opened"] == f"http://127.0.0.1:{served['address'][1]}"

    def test_nothing_to_review_says_where_candidates_come_from(self, served):
        done = self.run("--port", "0")
        assert isinstance(done.exception, InputError) and "zhiyin eval generate" in str(done.exception)
        assert not served

    def test_an_output_that_is_no_gold_set_is_told_at_once(self, tmp_path, served):
        path = kit.write_rows(tmp_path / "c.jsonl", kit.ROWS)
        wrong = tmp_path / "notes.txt"
        wrong.write_text("milk, bread\n", encoding="utf-8")
        done = self.run(str(path), "--out", str(wrong))
        assert isinstance(done.exception, InputError) and "notes.txt" in str(done.exception)
        assert not served and wrong.read_text(encoding="utf-8") == "milk, bread\n"

    def test_its_help_is_there_in_both_languages(self):
        assert len(HELP) == 2 and "候选" in HELP[0]
        shown = CliRunner(env={"COLUMNS": "160"}).invoke(build(), ["eval", "review", "--help"]).output
        for option in ("--out", "--port", "--no-browser", "--no-feedback", "--config"):
            assert option in shown
