"""From paths to a generation: what is found, what is skipped, what is done again and what is not."""

import os

import pytest

from rag.errors import DocumentError, InputError, ModelError
from rag.index import build as build_module
from rag.index.build import build
from rag.index.files import find
from rag.index.pipeline import code_version, default_pipeline
from rag.store import Snapshot, generations

from .index_kit import SETTINGS, HashEmbedder, clean, describe, pipeline, read, write


class Run:
    """Builds into one home with one embedder, and remembers which documents the reader was called for."""

    def __init__(self, home):
        self.home, self.embedder, self.read, self.events = home, HashEmbedder(), [], []

    def __call__(self, *paths, settings=SETTINGS, steps=None, embedder=None, **options):
        self.read.clear()
        embedder = embedder or self.embedder
        embedder.passages.clear()
        return build(paths, home=self.home, settings=settings, embedder=embedder, pipeline=steps or self.pipeline(),
                     progress=lambda *event: self.events.append(event), **options)

    def pipeline(self, **changes):
        return pipeline(**({"readers": {".txt": lambda: self.reader}} | changes))

    def reader(self, path, *, source):
        self.read.append(source)
        return read(path, source=source)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "home")


@pytest.fixture
def docs(tmp_path):
    return write(tmp_path / "docs", a="甲一。\n甲二。", b="乙。", c="丙。")


def test_the_first_build(run, docs):
    result = run(docs)
    assert (result.generation, result.new, result.added) == ("000001", True, ("a.txt", "b.txt", "c.txt"))
    assert (result.chunks, result.embedded, result.reused) == (3, 3, 0)
    assert result.skipped == result.changed == result.removed == result.unchanged == ()
    assert result.seconds > 0


def test_what_is_embedded_has_the_context_and_what_is_quoted_has_not(run, docs):
    run(docs)
    assert run.embedder.passages[0] == "a.txt\n甲一。\n甲二。"
    chunk = Snapshot.open(run.home).chunk(0)
    assert (chunk.context, chunk.text) == ("a.txt", "甲一。\n甲二。")
    assert Snapshot.open(run.home).df("x") == 3  # the context is searched, too


def test_nothing_changed_no_generation(run, docs):
    run(docs)
    result = run(docs)
    assert (result.generation, result.new, result.embedded, result.reused) == ("000001", False, 0, 3)
    assert result.unchanged == ("a.txt", "b.txt", "c.txt")
    assert run.read == run.embedder.passages == []
    assert generations(run.home) == ["000001"]


def test_only_what_changed_is_read_and_embedded(run, docs):
    run(docs)
    write(docs, b="乙乙。", d="丁。")
    (docs / "c.txt").unlink()
    result = run(docs)
    assert (result.added, result.changed, result.removed, result.unchanged) == (
        ("d.txt",), ("b.txt",), ("c.txt",), ("a.txt",))
    assert run.read == ["b.txt", "d.txt"]
    assert run.embedder.passages == ["b.txt\n乙乙。", "d.txt\n丁。"]
    assert (result.chunks, result.embedded, result.reused) == (3, 2, 1)
    snapshot = Snapshot.open(run.home)
    for number in range(3):  # vectors taken over stand with their own chunks
        chunk = snapshot.chunk(number)
        [expected] = run.embedder.encode_passages([f"{chunk.context}\n{chunk.text}"])
        assert snapshot.vectors()[number].tolist() == expected.tolist()


def test_a_change_in_one_chunk_embeds_one_chunk(run, docs):
    lines = [f"第{n}句话说的是一件事情。" for n in range(10)]
    write(docs, a="\n".join(lines))
    run(docs)
    lines[4] = "这一句是新的。"
    write(docs, a="\n".join(lines))
    result = run(docs)
    assert (result.chunks, result.embedded) == (12, 1)


def test_a_build_from_scratch_and_one_step_by_step_agree(run, docs, tmp_path):
    run(docs / "c.txt")
    run(docs / "a.txt", add=True)
    run(docs / "b.txt", add=True)
    other = Run(tmp_path / "other")
    other(docs)
    ours, theirs = Snapshot.open(run.home), Snapshot.open(other.home)
    assert [ours.chunk(n) for n in range(3)] == [theirs.chunk(n) for n in range(3)]
    assert ours.vectors().tolist() == theirs.vectors().tolist()
    assert ours.manifest.documents == theirs.manifest.documents
    assert list(ours.manifest.documents) == list(theirs.manifest.documents)


def test_the_index_is_exactly_the_paths_unless_added(run, docs, tmp_path):
    more = write(tmp_path / "more", z="末。")
    run(docs)
    assert run(more, add=True).unchanged == ("a.txt", "b.txt", "c.txt")
    result = run(more)
    assert (result.removed, result.unchanged) == (("a.txt", "b.txt", "c.txt"), ("z.txt",))


def test_removing_by_name(run, docs):
    run(docs)
    result = run(remove=["b.txt"])
    assert (result.removed, result.unchanged, result.embedded) == (("b.txt",), ("a.txt", "c.txt"), 0)
    assert run.read == []
    result = run(remove=["a.txt", "c.txt"])
    assert result.chunks == len(Snapshot.open(run.home)) == 0


def test_removing_what_is_not_there_suggests_what_is(run, docs):
    run(docs)
    with pytest.raises(InputError, match=r"'aa\.txt'.*'a\.txt'"):
        run(remove=["aa.txt"])


def test_an_added_document_replaces_the_one_of_its_name(run, docs, tmp_path):
    run(docs)
    result = run(write(tmp_path / "more", a="新。"), add=True)
    assert (result.changed, result.unchanged) == (("a.txt",), ("b.txt", "c.txt"))


def test_another_model_embeds_all_and_reads_nothing_that_was_not_given(run, docs):
    run(docs)
    result = run(docs / "a.txt", add=True, embedder=HashEmbedder("other", dim=4))
    assert (result.new, result.embedded, result.chunks) == (True, 3, 3)
    assert run.read == ["a.txt"]
    snapshot = Snapshot.open(run.home)
    snapshot.require(HashEmbedder("other", dim=4))
    assert snapshot.vectors().shape == (3, 4)


def test_another_chunk_size_cuts_again_what_is_kept(run, docs):
    write(docs, a="一二三四五六七八九。\n一二三四五六七八九。")
    assert run(docs, settings=SETTINGS).chunks == 4
    result = run(settings=SETTINGS.replace(chunk_tokens=40))
    assert (result.new, result.chunks, run.read) == (True, 3, [])


def test_new_code_reads_everything_again_and_embeds_what_came_out_different(run, docs):
    run(docs)
    result = run(docs, steps=run.pipeline(version="2", describe=lambda d, p: describe(d, p) if d.source != "b.txt" else
                                          describe(d, type(p)("", p.clean + "\n", p.edits))))
    assert (result.new, run.read, result.embedded) == (True, ["a.txt", "b.txt", "c.txt"], 0)


def test_another_index_type_is_a_new_generation_of_the_same_vectors(run, docs):
    run(docs)
    result = run(docs, settings=SETTINGS.replace(index_type="hnsw"))
    assert (result.new, result.embedded, run.read) == (True, 0, [])
    assert Snapshot.open(run.home).manifest.index == "hnsw"


def test_the_same_text_twice_is_embedded_once(run, tmp_path):
    docs = write(tmp_path / "docs", a="同。", b="同。")
    result = run(docs, steps=run.pipeline(describe=lambda d, p: describe(type(d)("", d.raw, ""), p)))
    assert run.embedder.passages == ["同。"]
    assert (result.chunks, result.embedded) == (2, 2)


def test_what_can_not_be_used_is_named_and_the_rest_goes_on(run, docs, tmp_path):
    write(docs, empty="  ", broken="x", huge="x")
    (docs / "zero.txt").touch()
    (docs / "dangling.txt").symlink_to("nowhere")
    with (docs / "huge.txt").open("r+b") as file:
        file.truncate(300 * 1024 * 1024)

    def breaking(document):
        if document.source == "broken.txt":
            raise ZeroDivisionError("a parser's bug")
        return clean(document)

    result = run(docs, steps=run.pipeline(clean=breaking))
    reasons = dict(result.skipped)
    assert set(reasons) == {"empty.txt", "zero.txt", "dangling.txt", "broken.txt", "huge.txt"}
    assert result.added == ("a.txt", "b.txt", "c.txt")
    assert "ZeroDivisionError: a parser's bug" in reasons["broken.txt"]
    assert "0 bytes" in reasons["zero.txt"]
    assert "300" in reasons["huge.txt"]
    again = run(docs, steps=run.pipeline(clean=breaking))
    assert (again.new, len(again.skipped)) == (False, 5)


def test_a_document_that_went_bad_leaves_the_index(run, docs):
    run(docs)
    write(docs, b=" ")
    result = run(docs)
    assert (result.removed, [source for source, _ in result.skipped]) == (("b.txt",), ["b.txt"])


def test_where_nothing_can_be_used_the_index_stays(run, docs, tmp_path):
    run(docs)
    with pytest.raises(DocumentError, match=r"index is as it was.*bad\.txt"):
        run(write(tmp_path / "bad", bad=" "))
    assert len(Snapshot.open(run.home)) == 3


def test_a_folder_without_documents_says_what_is_read(run, tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "none/x.jpg").write_bytes(b"x")
    with pytest.raises(DocumentError, match=r"x\.jpg.*\.txt"):
        run(tmp_path / "none")


def test_a_file_that_no_reader_knows_is_named(run, docs):
    (docs / "x.jpg").write_bytes(b"x")
    for paths in ((docs,), (docs, docs / "x.jpg")):
        [(source, reason)] = run(*paths).skipped
        assert source == "x.jpg"
        assert "'.jpg'" in reason


def test_suffixes_in_capitals(run, docs):
    (docs / "D.TXT").write_text("丁。", encoding="utf-8")
    assert "D.TXT" in run(docs).added


@pytest.mark.parametrize("error", [ModelError("out of memory"), KeyboardInterrupt()])
def test_a_build_that_is_broken_off_leaves_the_old_index_and_nothing_else(run, docs, error):
    run(docs)
    write(docs, d="丁。")

    def fail(texts):
        raise error

    broken = HashEmbedder()
    broken.encode_passages = fail
    with pytest.raises(type(error)):
        run(docs, embedder=broken)
    assert len(Snapshot.open(run.home)) == 3
    assert [path.name for path in (run.home / "index/generations").iterdir()] == ["000001"]
    assert run(docs).added == ("d.txt",)


def test_a_short_model_gets_short_chunks(run, docs):
    run.embedder.max_tokens = 80
    run(docs, settings=SETTINGS.replace(chunk_tokens=500))
    assert Snapshot.open(run.home).manifest.recipe.chunk_tokens == 16


def test_progress_goes_from_nothing_to_all(run, docs):
    run(docs)
    for stage, total in (("read", 3), ("embed", 3), ("store", 1)):
        steps = [(done, of) for name, done, of in run.events if name == stage]
        assert steps[0][0] == 0
        assert steps[-1] == (total, total)
        assert steps == sorted(steps)


def test_files_are_found_in_one_order_whatever_the_disk_says(tmp_path):
    for name in ("乙/三.txt", "乙/一.txt", "甲.txt", "A.txt", ".hidden.txt", ".git/x.txt", "乙/.y.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found, failed = find([tmp_path])
    assert [item.source for item in found] == ["A.txt", "乙/一.txt", "乙/三.txt", "甲.txt"]
    assert failed == []


def test_symlinked_folders_are_followed_and_loops_are_not(tmp_path):
    docs = write(tmp_path / "docs", a="x")
    (docs / "self").symlink_to(docs)
    (docs / "up").symlink_to(tmp_path)
    (docs / "linked").symlink_to(write(tmp_path / "elsewhere", b="x"))
    (docs / "again.txt").symlink_to(docs / "a.txt")
    (docs / "round.txt").symlink_to(docs / "round.txt")
    found, _ = find([docs])
    assert [item.source for item in found] == ["a.txt", "linked/b.txt", "round.txt"]


def test_the_same_file_twice_is_one_document(tmp_path):
    docs = write(tmp_path / "docs", a="x")
    found, _ = find([docs, docs / "a.txt", docs / "../docs/a.txt"])
    assert [(item.source, item.named) for item in found] == [("a.txt", True)]


def test_files_of_one_name_get_their_folders_in_front(tmp_path):
    one, two = write(tmp_path / "x/docs", a="1", b="1"), write(tmp_path / "y/docs", a="2")
    found, _ = find([one, two])
    assert [item.source for item in found] == ["b.txt", "x/docs/a.txt", "y/docs/a.txt"]


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        find([tmp_path / "nowhere"])


def test_a_name_that_is_not_utf8(run, tmp_path):
    docs = write(tmp_path / "docs", a="甲。")
    try:
        (docs / os.fsdecode("旧.txt".encode("gb18030"))).write_text("旧。", encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert run(docs).added == ("\\xbe\\xc9.txt", "a.txt")


def test_what_may_not_be_opened_is_reported(run, docs, monkeypatch):
    (docs / "shut").mkdir()
    real = {"scandir": os.scandir, "sha256": build_module.sha256}

    def refuse(name):
        def call(path):
            if str(path).endswith(("shut", "a.txt")):
                raise PermissionError(13, "Permission denied", str(path))
            return real[name](path)

        return call

    monkeypatch.setattr(os, "scandir", refuse("scandir"))  # root may open everything, so the system is played
    monkeypatch.setattr(build_module, "sha256", refuse("sha256"))
    reasons = dict(run(docs).skipped)
    assert set(reasons) == {"a.txt", str(docs / "shut")}
    assert all("Permission denied" in reason for reason in reasons.values())


def test_pipes_are_not_waited_for(run, docs):
    os.mkfifo(docs / "pipe.txt")
    [(source, _)] = run(docs).skipped
    assert source == "pipe.txt"


def test_the_version_of_the_code_is_stable_and_the_parts_are_found():
    assert code_version() == code_version()
    assert {".txt", ".md", ".html", ".htm", ".pdf", ".docx", ".xlsx", ".xls", ".ods", ".pptx", ".odt", ".rtf", ".epub", ".eml", ".csv"} <= set(default_pipeline().readers)
