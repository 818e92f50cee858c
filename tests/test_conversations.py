"""Conversations kept person by person, and the routes over them."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from rag.answer import from_dict, to_dict
from rag.errors import InputError, ZhiyinError
from rag.retrieve.filters import Filters
from rag.types import Answer
from rag.ui import conversations, talks
from rag.ui.api.errors import problem, status_of
from rag.ui.conversations import MAX_TITLE, Conversation, ConversationStore, titled
from rag.ui.export import docx, markdown
from rag.ui.reading import MissingError
from rag.ui.render import Turn
from rag.ui.who import Person

from . import ui_doubles as world

FACT = Turn(1, world.QUESTION, world.FACT_ANSWER, done=True, filters=Filters(years=frozenset({2023})))
COMPARED = Turn(2, world.COMPARISON, world.COMPARISON_ANSWER, done=True, history=((world.QUESTION, "118.4万人次"),))
FAILED = Turn(3, "问", error=("坏了", "broken"), done=True)
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture
def store(tmp_path: Path) -> ConversationStore:
    return ConversationStore(tmp_path / "conversations.sqlite")


def kept(store: ConversationStore, person: str, *turns: Turn) -> str:
    name = None
    for turn in turns:
        name = store.keep(person, name, turn)
    assert name is not None
    return name


@pytest.mark.parametrize("answer", [world.FACT_ANSWER, world.COMPARISON_ANSWER, world.REFUSAL, world.HOSTILE_ANSWER])
def test_an_answer_comes_back_from_its_json(answer: Answer) -> None:
    assert from_dict(json.loads(json.dumps(to_dict(answer)))) == answer


def test_a_conversation_comes_back_as_it_was(store: ConversationStore) -> None:
    name = kept(store, "anna", FACT, COMPARED, FAILED)
    [row] = store.all("anna")
    assert row.changed > 0
    assert store.get("anna", name) == Conversation(name, world.QUESTION, (FACT, COMPARED, FAILED), row.changed)
    assert [row.id for row in store.all("anna")] == [name]


def test_ids_are_long_and_random(store: ConversationStore) -> None:
    names = {kept(store, "anna", FACT) for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in names)


def test_a_turn_takes_the_place_of_its_number_and_of_all_after_it(store: ConversationStore) -> None:
    name = kept(store, "anna", FACT, COMPARED, FAILED)
    store.keep("anna", name, replace(COMPARED, question="改过的"))
    assert [t.question for t in store.get("anna", name).turns] == [world.QUESTION, "改过的"]


def test_another_persons_conversation_is_as_unknown_as_one_that_never_was(store: ConversationStore) -> None:
    name = kept(store, "anna", FACT)
    for attempt in (
        lambda: store.get("bert", name),
        lambda: store.rename("bert", name, "mine"),
        lambda: store.delete("bert", name),
        lambda: store.restore("bert", name),
        lambda: store.get("anna", "0" * 32),
    ):
        with pytest.raises(MissingError, match="no such conversation"):
            attempt()
    assert store.all("bert") == []
    other = store.keep("bert", name, COMPARED)  # the name is taken, and not theirs: a new one begins
    assert other != name
    assert store.get("anna", name).turns == (FACT,)


def test_deleting_can_be_undone_for_a_while(store: ConversationStore, monkeypatch: pytest.MonkeyPatch) -> None:
    name = kept(store, "anna", FACT)
    store.delete("anna", name)
    assert store.all("anna") == []
    with pytest.raises(MissingError):
        store.get("anna", name)
    store.restore("anna", name)
    assert store.get("anna", name).turns == (FACT,)
    store.delete("anna", name)
    monkeypatch.setattr(conversations, "UNDO", -1.0)
    with pytest.raises(MissingError):
        store.restore("anna", name)
    assert world.QUESTION.encode() not in store.path.read_bytes() or store.all("anna") == []


def test_the_one_not_used_for_longest_goes_first(store: ConversationStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MOST", 3)
    names = [kept(store, "anna", FACT) for _ in range(3)]
    store.keep("anna", names[0], COMPARED)
    other = kept(store, "bert", FACT)
    fourth = kept(store, "anna", FACT)
    assert {row.id for row in store.all("anna")} == {names[0], names[2], fourth}
    assert [row.id for row in store.all("bert")] == [other]


def test_titles(store: ConversationStore) -> None:
    name = kept(store, "anna", replace(FACT, question="第一行\n第二行\x00" + "长" * 200))
    title = store.all("anna")[0].title
    assert title.startswith("第一行 第二行") and len(title) == MAX_TITLE and title.endswith("…")
    assert store.rename("anna", name, "  新的  名字 ") == "新的 名字"
    with pytest.raises(InputError):
        store.rename("anna", name, " \n ")


@given(st.text(max_size=300))
def test_a_title_is_one_printable_line(text: str) -> None:
    title = titled(text)
    assert len(title) <= MAX_TITLE
    assert title == "" or title.isprintable()


# ---- over HTTP ---------------------------------------------------------------


@pytest.fixture
def app(store: ConversationStore) -> FastAPI:
    """The routes behind an authentication that believes a header."""
    app = FastAPI()

    @app.middleware("http")
    async def believe(request: Request, follow):  # type: ignore[no-untyped-def]
        request.state.person = Person(request.headers["x-person"])
        return await follow(request)

    @app.exception_handler(ZhiyinError)
    async def known(request: Request, error: ZhiyinError):  # type: ignore[no-untyped-def]
        return problem(request, status_of(error), str(error))

    talks.add(app, world.canned_bot(), store)
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


def test_nobody_gets_at_anothers_conversation(client: TestClient, store: ConversationStore) -> None:
    name = kept(store, "anna", FACT)
    before = store.get("anna", name)
    bert = {"x-person": "bert"}
    requests = [
        ("PATCH", f"/api/conversations/{name}", {"json": {"title": "x"}}),
        ("DELETE", f"/api/conversations/{name}", {}),
        ("POST", f"/api/conversations/{name}/restore", {}),
        ("GET", f"/api/conversations/{name}/export", {}),
        ("GET", f"/api/conversations/{name}/export?format=docx", {}),
    ]
    for method, path, options in requests:
        theirs = client.request(method, path, headers=bert, **options)  # type: ignore[arg-type]
        never = client.request(method, path.replace(name, "f" * 32), headers=bert, **options)  # type: ignore[arg-type]
        assert theirs.status_code == never.status_code == 404
        assert theirs.content == never.content  # not even that it exists
    assert client.get("/api/conversations", headers=bert).json() == {"conversations": []}
    assert store.get("anna", name) == before


def test_rename_delete_and_undo(client: TestClient, store: ConversationStore) -> None:
    name = kept(store, "anna", FACT)
    anna = {"x-person": "anna"}
    assert client.patch(f"/api/conversations/{name}", json={"title": "读者"}, headers=anna).json() == {"title": "读者"}
    for body in (b"", b"[]", b"{}", b'{"title": 3}', b'{"title": "\\ud800"}', b'{"title": ""}'):
        assert client.patch(f"/api/conversations/{name}", content=body, headers=anna).status_code == 422
    [row] = client.get("/api/conversations", headers=anna).json()["conversations"]
    assert (row["id"], row["title"]) == (name, "读者")
    client.delete(f"/api/conversations/{name}", headers=anna)
    assert client.get("/api/conversations", headers=anna).json()["conversations"] == []
    client.post(f"/api/conversations/{name}/restore", headers=anna)
    assert len(client.get("/api/conversations", headers=anna).json()["conversations"]) == 1


def test_an_export_is_a_file_called_after_the_title(client: TestClient, store: ConversationStore) -> None:
    name = kept(store, "anna", FACT)
    store.rename("anna", name, 'a/b"\r\n读者')
    found = client.get(f"/api/conversations/{name}/export", headers={"x-person": "anna"})
    assert found.headers["content-type"] == "text/markdown; charset=utf-8"
    assert found.headers["content-disposition"].endswith("filename*=UTF-8''a_b_%20%E8%AF%BB%E8%80%85.md")
    assert client.get(f"/api/conversations/{name}/export?format=exe", headers={"x-person": "anna"}).status_code == 422


def test_what_may_no_longer_be_read_is_not_exported(client: TestClient, store: ConversationStore) -> None:
    gone = replace(world.VISITS, source="secret.txt")
    name = kept(store, "anna", replace(FACT, answer=replace(world.FACT_ANSWER, citations=(gone,))))
    text = client.get(f"/api/conversations/{name}/export", headers={"x-person": "anna"}).text
    assert "118.4" not in text and "secret" not in text
    assert "不再显示" in text


# ---- the files ----------------------------------------------------------------

TALK = Conversation("0" * 32, "读者与读书会", (FACT, COMPARED, FAILED))
HOSTILE = Conversation("0" * 32, world.HOSTILE, (Turn(1, world.HOSTILE, world.HOSTILE_ANSWER, done=True),))


def test_markdown_has_a_footnote_for_each_citation() -> None:
    text = markdown(TALK, "zh")
    assert text.startswith("# 读者与读书会\n\n导出于 ")
    assert "\n\n## 2023年浙江省河岸图书馆接待了多少读者?\n\n118.4" in text  # nothing between: it is understood as it was typed
    assert "118.4万人次[^1]。" in text
    assert "重庆更多[^2][^3]。" in text
    assert [line[:5] for line in text.splitlines() if line.startswith("[^")] == ["[^1]:", "[^2]:", "[^3]:"]
    assert "第 1 页" in text and "坏了" in text
    assert "broken" in markdown(TALK, "en")


def test_nothing_in_markdown_comes_to_life() -> None:
    text = markdown(HOSTILE, "zh")
    assert [p for p in ("<", "![", "](", "**粗体**", "http://") if p in text] == []
    assert "&lt;script&gt;" in text and "http\\://evil.example" in text
    lines = markdown(Conversation("0", "t", (replace(FAILED, error=("1. 甲\n- 乙\n# 丙", "")),)), "zh").splitlines()
    assert lines[6:9] == ["1\\. 甲", "\\- 乙", "\\# 丙"]


def footnotes(document: bytes) -> dict[int, str]:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        root = etree.fromstring(archive.read("word/footnotes.xml"))
    return {int(n.get(f"{W}id")): "".join(n.itertext()).strip() for n in root.iter(f"{W}footnote")}


def test_a_word_document_has_real_footnotes() -> None:
    import docx as word

    content = docx(TALK, "zh")
    document = word.Document(io.BytesIO(content))  # it opens
    assert [p.text for p in document.paragraphs if p.style.name == "Heading 1"] == [t.question for t in TALK.turns]
    notes = footnotes(content)
    marks = [int(m.get(f"{W}id")) for m in document.element.iter(f"{W}footnoteReference")]
    assert marks == [n for n in notes if n > 0] and len(marks) == 5  # Word wants a note for each mark
    assert notes[2] == notes[4] and notes[3] == notes[5]
    assert " ".join(world.VISITS.quote.split()) in notes[1]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"footnotes+xml" in archive.read("[Content_Types].xml")
        assert b"footnotes.xml" in archive.read("word/_rels/document.xml.rels")


FOLLOWED = Conversation(
    "0" * 32, "读者", (FACT, Turn(2, "那重庆呢", replace(
        world.FACT_ANSWER, question="那重庆呢", generation="000007", understood={"rewritten": "2023年接待了多少读者\u3000那重庆呢"}
    ), done=True)), 86400.0 * 365,
)  # fmt: skip


def test_an_export_says_when_it_was_made_what_was_understood_and_from_which_index() -> None:
    import docx as word

    at = 86400.0 * 400
    text = markdown(FOLLOWED, "zh", exported=at)
    written = [p.text for p in word.Document(io.BytesIO(docx(FOLLOWED, "zh", exported=at))).paragraphs]
    dates = f"导出于 {told(at)} · 对话最后更新于 {told(FOLLOWED.changed)}"
    assert written[1] == dates and text.splitlines()[2] == dates
    after = written[written.index("那重庆呢") :]
    assert after[1] == "理解为 “2023年接待了多少读者那重庆呢”" and after[-1] == "索引 000007"
    assert "## 那重庆呢\n\n理解为 “2023年接待了多少读者那重庆呢”\n\n118.4" in text
    assert text.count("理解为") == 1 and written.count("索引 000001") == 1
    assert text.index("索引 000001") < text.index("## 那重庆呢") < text.index("索引 000007") < text.index("[^1]:")
    english = markdown(FOLLOWED, "en", exported=at)
    assert "Exported 1971-02-0" in english and "Understood as" in english and "index 000007" in english


def told(seconds: float) -> str:
    written = time.strftime("%Y-%m-%d %H:%M%z", time.localtime(seconds))
    return f"{written[:-2]}:{written[-2:]}"


def test_a_word_document_of_hostile_text_holds_it_as_text() -> None:
    import docx as word

    turn = Turn(1, "a\x00b\x1b\ufffe\x0b", replace(world.HOSTILE_ANSWER, answer="=cmd|'/c calc'!A1\x00[1]"), done=True)
    document = word.Document(io.BytesIO(docx(Conversation("0", "t\x08", (turn,)), "zh")))
    assert "=cmd|'/c calc'!A1" in "".join(p.text for p in document.paragraphs)
    assert not list(document.element.iter(f"{W}hyperlink", f"{W}instrText", f"{W}fldSimple"))
