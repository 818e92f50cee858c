"""Who may read what: the rules beside documents, and indexes that hold nothing else for whoever may not."""

import json
import os
import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from rag.access import Scope, groups_of
from rag.config import Settings
from rag.errors import InputError, UnreadableDocument
from rag.index.build import build
from rag.retrieve.filters import Filters
from rag.store import Snapshot
from rag.store import vectors as dense
from rag.store.lexical import Lexical
from rag.ui.chat import _Head
from rag.ui.suggestions import Examples
from rag.ui.who import Person

from . import access_kit as kit
from .access_kit import EMBEDDER, document


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "hr" / "pay").mkdir(parents=True)
    for name in ("a.txt", "hr/b.txt", "hr/pay/c.txt", "hr/pay/d.md"):
        (tmp_path / name).write_text("文", encoding="utf-8")
    return tmp_path


def rule(file, text):
    file.write_text(text, encoding="utf-8")


def test_where_nothing_is_said_everyone_may_read(tree):
    assert groups_of(tree / "a.txt") is None
    assert Scope().allows(groups_of(tree / "a.txt"))


def test_the_nearest_word_counts(tree):
    rule(tree / "acl.toml", 'groups = ["staff"]')
    rule(tree / "hr" / "acl.toml", 'groups = ["hr"]\n[[rules]]\nmatch = "pay/**"\ngroups = ["pay", "board"]')
    rule(tree / "hr" / "pay" / "d.md.acl.toml", "groups = []")
    assert groups_of(tree / "a.txt") == {"staff"}
    assert groups_of(tree / "hr" / "b.txt") == {"hr"}
    assert groups_of(tree / "hr" / "pay" / "c.txt") == {"pay", "board"}
    assert groups_of(tree / "hr" / "pay" / "d.md") == frozenset()
    rule(tree / "hr" / "pay" / "acl.toml", 'groups = ["*"]')
    assert groups_of(tree / "hr" / "pay" / "c.txt") is None


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ("c.txt", True), ("*.txt", True), ("hr/**", True), ("hr/*", False), ("hr/*/c.txt", True), ("**/pay/*", True), ("**", True),
        ("hr/pay/?.txt", True), ("hr/pay/c.tx", False), ("pay/c.txt", False), ("hr/**/c.txt", True), ("c?txt", True), ("[c].txt", False),
        ("HR/**", False), ("", False),
    ],
)  # fmt: skip
def test_globs(tree, match, hit):
    rule(tree / "acl.toml", f'[[rules]]\nmatch = "{match}"\ngroups = ["g"]')
    assert groups_of(tree / "hr" / "pay" / "c.txt") == (frozenset({"g"}) if hit else None)


def test_the_first_rule_that_matches_counts(tree):
    rule(tree / "acl.toml", '[[rules]]\nmatch = "a.txt"\ngroups = ["one"]\n[[rules]]\nmatch = "**"\ngroups = ["two"]')
    assert groups_of(tree / "a.txt") == {"one"}
    assert groups_of(tree / "hr" / "b.txt") == {"two"}


def test_a_name_is_the_same_however_its_accents_are_stored(tree):
    (tree / "re\u0301sume\u0301.txt").write_text("x", encoding="utf-8")
    rule(tree / "acl.toml", '[[rules]]\nmatch = "r\u00e9sum\u00e9.txt"\ngroups = ["g"]')
    assert groups_of(tree / "re\u0301sume\u0301.txt") == {"g"}


def test_rules_above_the_folder_that_is_indexed_count(tree):
    rule(tree / "acl.toml", 'groups = ["staff"]')
    build([tree / "hr"], home=tree / "home", settings=Settings(), embedder=EMBEDDER)
    assert {e.groups for e in Snapshot.open(tree / "home").manifest.documents.values()} == {("staff",)}


def test_a_link_opens_nothing(tree):
    rule(tree / "hr" / "acl.toml", 'groups = ["hr", "board"]')
    (tree / "open").mkdir()
    (tree / "open" / "link.txt").symlink_to(tree / "hr" / "b.txt")
    assert groups_of(tree / "open" / "link.txt") == {"hr", "board"}
    rule(tree / "open" / "acl.toml", 'groups = ["board", "staff"]')
    assert groups_of(tree / "open" / "link.txt") == {"board"}
    rule(tree / "hr" / "acl.toml", 'groups = ["*"]')
    assert groups_of(tree / "open" / "link.txt") == {"board", "staff"}


@pytest.mark.parametrize(
    "text",
    ["groups = 3", 'groups = "hr"', "groups = [3]", 'groups = [""]', "x = ", "group = ['hr']", "rules = 1", "[[rules]]\nmatch = 'a.txt'",
     "[[rules]]\nmatch = 'a.txt'\ngroups = ['a']\nadmin = true", "[[rules]]\nmatch = 1\ngroups = []", "\xff"],
)  # fmt: skip
def test_rules_that_can_not_be_understood_show_nothing(tree, text):
    (tree / "acl.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(UnreadableDocument, match=re.escape(str(tree / "acl.toml"))):
        groups_of(tree / "a.txt")
    rule(tree / "hr" / "acl.toml", "groups = ['hr']")
    result = build([tree], home=tree / "home", settings=Settings(), embedder=EMBEDDER)
    assert "a.txt" in [source for source, _ in result.skipped]
    assert "a.txt" not in Snapshot.open(tree / "home").manifest.documents


def test_an_unreadable_rule_is_no_missing_one(tree):
    (tree / "acl.toml").symlink_to(tree / "nowhere.toml")
    with pytest.raises(UnreadableDocument):
        groups_of(tree / "a.txt")
    (tree / "a.txt.acl.toml").mkdir()
    with pytest.raises(UnreadableDocument):
        groups_of(tree / "a.txt")


def test_the_file_of_one_document_has_no_rules_for_others(tree):
    rule(tree / "a.txt.acl.toml", 'groups = ["g"]\n[[rules]]\nmatch = "*"\ngroups = []')
    with pytest.raises(UnreadableDocument, match="one document"):
        groups_of(tree / "a.txt")


@given(st.frozensets(st.sampled_from("abc")), st.none() | st.frozensets(st.sampled_from("abc")))
def test_a_scope_allows_what_shares_a_group(mine, wanted):
    assert Scope(mine).allows(wanted) == (wanted is None or bool(mine & wanted))
    assert Scope(mine, everything=True).allows(wanted)


DOCUMENTS = {"hubei.txt": document("湖北", 2022, 4700, 120, "李建军"), "shaanxi.txt": document("陕西", 2022, 2900, 75, "王大锤")}


def test_other_rules_alone_make_a_generation_without_embedding(tmp_path):
    bot = kit.indexed(tmp_path, DOCUMENTS, {})
    before = bot.snapshot.generation
    seen = len(EMBEDDER.passages)
    rule(tmp_path / "docs" / "hubei.txt.acl.toml", 'groups = ["hr"]')
    result = build([tmp_path / "docs"], home=tmp_path, settings=Settings(), embedder=EMBEDDER)
    assert result.new and result.embedded == 0 and len(EMBEDDER.passages) == seen
    assert set(result.unchanged) == set(DOCUMENTS)
    assert bot.snapshot.generation != before
    assert [s.source for s in bot.library(Scope()).sources()] == ["shaanxi.txt"]
    again = build([tmp_path / "docs"], home=tmp_path, settings=Settings(), embedder=EMBEDDER)
    assert not again.new
    (tmp_path / "docs" / "hubei.txt.acl.toml").unlink()
    build([tmp_path / "docs"], home=tmp_path, settings=Settings(), embedder=EMBEDDER)
    assert len(bot.library(Scope()).sources()) == 2


def test_what_is_taken_over_keeps_its_groups(tmp_path):
    bot = kit.indexed(tmp_path, DOCUMENTS, {"hubei.txt": ["hr"]})
    more = kit.write(tmp_path / "more", {"x.txt": "新文件。\n"}, {})
    build([more], home=tmp_path, settings=Settings(), embedder=EMBEDDER, add=True)
    assert [s.source for s in bot.library(Scope()).sources()] == ["shaanxi.txt", "x.txt"]
    build([], home=tmp_path, settings=Settings(), embedder=EMBEDDER, remove=["x.txt"])
    assert [s.source for s in bot.library(Scope()).sources()] == ["shaanxi.txt"]


def test_the_parts_of_a_restricted_library_hold_nothing_else(tmp_path):
    bot = kit.indexed(tmp_path, DOCUMENTS, {"hubei.txt": ["hr"]})
    some = bot.library(Scope())
    assert some.manifest.documents.keys() == {"shaanxi.txt"}
    assert some.manifest.counts["documents"] == len(some.sources()) == 1
    assert len(some) == some.manifest.counts["chunks"] == len(some.vectors())
    for what in (lambda: some.document("hubei.txt"), lambda: some.part("hubei.txt", 0), lambda: some.chunks("hubei.txt"),
                 lambda: some.parts("hubei.txt"), lambda: some.chunk(len(some)), lambda: some.chunk(-1)):
        with pytest.raises(InputError):
            what()
    with pytest.raises(ValueError, match="whole"):
        some.keys()
    some.close()  # the file is shared
    assert bot.snapshot.document("hubei.txt").raw == DOCUMENTS["hubei.txt"]


def test_who_shares_a_view_shares_it_and_everything_is_the_index_itself(tmp_path):
    bot = kit.indexed(tmp_path, DOCUMENTS, {"hubei.txt": ["hr"]})
    assert bot.library(Scope(frozenset({"x"}), asker="a")) is bot.library(Scope(frozenset({"y"}), asker="b"))
    assert bot.library(Scope(frozenset({"hr"}))) is bot.snapshot
    assert bot.library(Scope(everything=True)) is bot.snapshot is bot.library()
    for n in range(100):
        bot.library(Scope(frozenset({str(n)})))
    assert len(bot._scoped) <= 2


words = st.lists(st.sampled_from("甲乙丙丁戊己"), max_size=7)


@settings(max_examples=300)
@given(st.lists(words, min_size=1, max_size=9), st.data())
def test_a_restricted_lexical_index_is_the_one_of_those_chunks_alone(chunks, data):
    kept = sorted(data.draw(st.sets(st.integers(0, len(chunks) - 1))))
    asked = data.draw(st.lists(st.sampled_from("甲乙丙丁戊己庚"), max_size=5))
    some = Lexical.build(chunks).restricted(np.array(kept, np.int64))
    alone = Lexical.build([chunks[n] for n in kept])
    assert some.scores(asked).tolist() == alone.scores(asked).tolist()  # bit by bit
    assert [some.df(w) for w in "甲乙庚"] == [alone.df(w) for w in "甲乙庚"]
    for k in (0, 1, 3, 20):
        assert some.search(asked, k) == alone.search(asked, k)


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf"])
@pytest.mark.parametrize("block", [7, 10_000])
def test_restricted_vectors_are_searched_exactly_whatever_the_index(kind, block, tmp_path, monkeypatch):
    monkeypatch.setattr(dense, "BLOCK", block)
    random = np.random.default_rng(3)
    points = random.normal(size=(900, 12)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points[500:520] = points[3]  # ties
    rows = np.flatnonzero(random.random(900) < 0.4)
    folders = [tmp_path / "all", tmp_path / "some"]
    for folder, held, wish in zip(folders, (points, points[rows]), (kind, "flat"), strict=True):
        folder.mkdir()
        dense.build(held, wish, folder)
    some = dense.Vectors(folders[0], kind).restricted(rows)
    alone = dense.Vectors(folders[1], "flat")
    mask = random.random(len(rows)) < 0.5
    for query in [*points[::90], points[3]]:
        for k in (0, 1, 10, 2000):
            assert some.search(query, k) == alone.search(query, k)
            assert some.search(query, k, mask) == alone.search(query, k, mask)
    assert (some.matrix == alone.matrix).all()
    assert some.restricted(np.arange(5)).search(points[3], 3) == dense.SomeVectors(points[rows], np.arange(5)).search(points[3], 3)


def test_filters_and_scope_are_one_allowed_set(tmp_path):
    bot = kit.indexed(tmp_path, {**DOCUMENTS, "old.txt": document("湖北", 2019, 800, 9, "赵六")}, {"old.txt": ["hr"]})
    question = "湖北举办了多少场招聘会?"
    seen = {p.source for p in bot.ask(question, scope=Scope(), filters=Filters(years=frozenset({2019}))).passages}
    assert seen == set()
    staff = Scope(frozenset({"hr"}))
    answer = bot.ask(question, scope=staff, filters=Filters(years=frozenset({2019})))
    assert {p.source for p in answer.passages} == {"old.txt"} and "9场" in answer.answer
    assert {p.source for p in bot.ask(question, filters=Filters(sources=frozenset({"shaanxi.txt"}))).passages} == {"shaanxi.txt"}
    library = bot.snapshot
    mask = library.select(lambda source, period, regions: source == "hubei.txt" and period is not None)
    assert {library.chunk(int(n)).source for n in np.flatnonzero(mask)} == {"hubei.txt"}
    assert not library.select(lambda *_: False).any() and library.select(lambda *_: True).all()


# ---- every endpoint --------------------------------------------------------------------------------------------------

reports = st.builds(
    document, st.sampled_from(kit.PLACES), st.sampled_from([2020, 2021, 2022]), st.integers(100, 99_999), st.integers(2, 999),
    st.sampled_from(["李建军", "王大锤", "赵六", "钱多多"]),
)  # fmt: skip
libraries = st.lists(st.tuples(reports, st.none() | st.lists(st.sampled_from(["a", "b", "c"]), max_size=2, unique=True)), min_size=1, max_size=8)
questions = st.builds(
    lambda place, year, what: f"{year}{place}{what}",
    st.sampled_from(["", *kit.PLACES, "湖北和陕西"]), st.sampled_from(["", "2021年", "2022年", "2021年和2022年"]),
    st.sampled_from(["举办了多少场招聘会?", "培训职工多少人次?", "的焊接机器人是谁研制的?", "李建军是谁?", "节约成本多少?", "哪个省办的招聘会更多?"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """Two services that are the same but for their bots."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHIYIN_HOME", str(tmp_path_factory.mktemp("home")))
        bots = kit.Exchangeable(), kit.Exchangeable()
        for bot in bots:
            bot.bot = kit.indexed(tmp_path_factory.mktemp("first"), DOCUMENTS, {})
        home = tmp_path_factory.mktemp("state")
        with kit.service(bots[0], home) as whole, kit.service(bots[1], home) as alone:
            yield bots, (whole, alone)


EXAMPLES = int(os.environ.get("ZHIYIN_EXAMPLES", "25"))
CHANGING = ("timing_ms", "created", "generation")


def plain(value):
    """JSON without what differs between two runs of the same."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in CHANGING and not (k == "id" and str(v).startswith("chatcmpl"))}
    return [plain(v) for v in value] if isinstance(value, list) else value


def said(response):
    """Status, headers that tell something, and body of a response, JSON or events."""
    kind = response.headers.get("content-type", "").partition(";")[0]
    if kind == "application/json":
        body = plain(response.json())
    elif kind == "text/event-stream":
        lines = [line for line in response.text.splitlines() if line.startswith(("data:", "event:"))]
        body = [plain(json.loads(line[5:])) if line.startswith("data: {") else line for line in lines]
    else:
        body = re.sub(r"nonce=\"[^\"]*\"", "", response.text)
    return response.status_code, kind, body


def everything(client, headers, asked, sources, filters):
    """What someone can get out of a service."""
    chat = {"model": "zhiyin", "messages": [{"role": "user", "content": asked}]}
    history = [["2022年湖北举办了多少场招聘会?", "120场。"]]
    yield "ask", client.post("/api/ask", json={"question": asked}, headers=headers)
    yield "follow-up", client.post("/api/ask", json={"question": "那2021年呢?", "history": history}, headers=headers)
    yield "filtered", client.post("/api/ask", json={"question": asked, "filters": filters}, headers=headers)
    yield "events", client.post("/api/ask", json={"question": asked}, headers=headers | {"accept": "text/event-stream"})
    yield "chat", client.post("/v1/chat/completions", json=chat, headers=headers)
    yield "chat stream", client.post("/v1/chat/completions", json=chat | {"stream": True}, headers=headers)
    for path in ("/api/documents", "/readyz", "/healthz", "/metrics", "/v1/models", "/api/openapi.json", "/api/conversations", "/api/library"):
        yield path, client.get(path, headers=headers)
    yield "suggestions", client.post("/api/suggestions", json={"question": asked, "cited": [{"source": s} for s in sources]}, headers=headers)
    for source in sources:
        yield source, client.get(f"/api/sources/{source}", headers=headers)
        yield f"excerpt of {source}", client.get("/api/excerpt", params={"source": source, "start": 1, "end": 5}, headers=headers)
        yield f"bad excerpt of {source}", client.get("/api/excerpt", params={"source": source, "part": 7}, headers=headers)


@settings(max_examples=EXAMPLES, phases=[Phase.explicit, Phase.generate])  # a failure is readable as it is; shrinking takes minutes
@given(libraries, st.frozensets(st.sampled_from("abc")), questions, st.sampled_from(["flat", "hnsw", "ivf"]))
def test_every_response_is_that_of_an_index_that_never_held_the_rest(services, tmp_path_factory, library, groups, asked, kind):
    bots, clients = services
    documents = {f"{n}.txt": text for n, (text, _) in enumerate(library)}
    rules = {f"{n}.txt": wanted for n, (_, wanted) in enumerate(library)}
    allowed = {name: text for name, text in documents.items() if Scope(groups).allows(rules[name])}
    home = tmp_path_factory.mktemp("property")
    bots[0].bot = kit.indexed(home / "whole", documents, rules, index_type=kind)
    bots[1].bot = kit.indexed(home / "alone", allowed, {}, index_type=kind)
    headers = {"x-user": "anna", "x-groups": ",".join(sorted(groups))}
    filters = {"sources": ["0.txt", "1.txt"], "years": [2021, 2022]}
    seen = [dict(everything(client, headers, asked, documents, filters)) for client in clients]
    anna = SimpleNamespace(scope={"state": {"person": Person("proxy:anna", "anna", groups)}})
    # how many documents of which regions, and questions to begin with
    first = [(_Head(bot).header(anna), Examples(bot).of(Scope(groups))) for bot in bots]
    assert first[0] == first[1]
    for name in seen[0]:
        assert said(seen[0][name]) == said(seen[1][name]), name
    assert {seen[0][name].status_code for name in ("ask", "filtered", "events", "chat", "chat stream", "suggestions", "/api/documents")} == {200}
    assert seen[0]["/metrics"].status_code == 403  # counts of everything: administrators' alone
    forbidden = documents.keys() - allowed.keys()
    for name in forbidden:
        assert seen[0][name].status_code == 404
        assert f'"{name}"' not in seen[0]["/api/documents"].text + seen[0]["ask"].text + seen[0]["chat"].text


def test_the_page_itself_holds_nothing_of_the_documents(services, tmp_path):
    bots, (client, _) = services
    bots[0].bot = kit.indexed(tmp_path, DOCUMENTS, {})
    for path in ("/", "/config"):
        page = client.get(path, headers={"x-user": "anna"})
        assert page.status_code == 200
        assert not re.search("hubei|湖北|李建军|2 份文档", page.text)


def test_the_property_can_fail(services, tmp_path):
    """An index that leaves hits out but counts all chunks gives other scores."""
    bots, (client, _) = services
    documents = {f"{n}.txt": document("湖北", 2020 + n % 3, 100 * n + 7, n + 2, "李建军") for n in range(6)}
    bots[0].bot = kit.indexed(tmp_path, documents, {"5.txt": ["a"]})
    asked = {"question": "湖北2021年培训职工多少人次?"}
    one, two = (client.post("/api/ask", json=asked, headers={"x-user": "anna", "x-groups": g}).json() for g in ("", "a"))
    assert plain(one) != plain(two)
    assert "5.txt" in json.dumps(two["passages"]) and "5.txt" not in json.dumps(one)


def test_administrators_read_everything(services, tmp_path):
    bots, (client, _) = services
    bots[0].bot = kit.indexed(tmp_path, DOCUMENTS, {"hubei.txt": []})
    listed = {
        groups: [d["source"] for d in client.get("/api/documents", headers={"x-user": "anna", "x-groups": groups}).json()["documents"]]
        for groups in ("", "root")
    }
    assert listed == {"": ["shaanxi.txt"], "root": ["hubei.txt", "shaanxi.txt"]}
