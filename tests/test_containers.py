"""Documents within archives and mails: each by a name of its own, none lost silently, none able to do harm."""

import io
import zipfile
from contextlib import closing
from email.message import EmailMessage

import pytest

from rag.errors import UnreadableDocument
from rag.index import containers
from rag.index.build import build
from rag.store import Snapshot

from .index_kit import SETTINGS, HashEmbedder


def run_in(home, *paths, **options):
    return build(paths, home=home / "home", settings=options.pop("settings", SETTINGS), embedder=HashEmbedder(), **options)


def zipped(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def names(path):
    return [name for name, _ in containers.members(path)]


def test_archives_within_archives_and_nothing_outside(tmp_path):
    inner = zipped({"丙.txt": "丙", "../../逃.txt": "逃"})
    (tmp_path / "包.zip").write_bytes(zipped({"a/甲.txt": "甲", "/etc/乙.txt": "乙", "里.zip": inner, "__MACOSX/x": "x", ".hidden": "x"}))
    assert names(tmp_path / "包.zip") == ["a/甲.txt", "etc/乙.txt", "里.zip/丙.txt", "里.zip/逃.txt"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("name", ["通知.txt", "2023年度工作总结（定稿）.docx", "a.txt"])
def test_names_of_systems_that_do_not_say_their_encoding(name, encoding):
    assert containers._name(zipfile.ZipInfo(name.encode(encoding).decode("cp437"))) == name


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 nothing", zipped({"a.txt": b"0" * 50_000_000}), zipped({f"{n}.txt": "x" for n in range(5001)})], ids=["damaged", "bomb", "many"]
)
def test_archives_that_are_not_opened(tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(UnreadableDocument):
        names(tmp_path / "a.zip")


def mail(attached):
    message = EmailMessage()
    message["Subject"], message["From"] = "会议材料", "a@example.org"
    message.set_content("材料见附件。")
    for name, content in attached.items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def test_attachments_and_forwarded_mails(tmp_path):
    message = mail({"议程.txt": "会议在三楼。".encode()})
    message.add_attachment(mail({}))
    (tmp_path / "信.eml").write_bytes(message.as_bytes())
    assert names(tmp_path / "信.eml") == ["议程.txt", "2.eml"]


def test_all_of_them_are_indexed_and_named(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "包.zip").write_bytes(zipped({"甲.txt": "门禁卡由保卫处办理。", "图.xyz": "?", "坏.docx": b"PK\x03\x04"}))
    (folder / "信.eml").write_bytes(mail({"议程.txt": "会议在三楼举行。".encode(), "logo.xyz": b"?"}).as_bytes())
    (folder / "坏.zip").write_bytes(b"no zip")
    result = run_in(tmp_path, folder)
    assert set(result.added) == {"包.zip/甲.txt", "信.eml", "信.eml/议程.txt"}
    assert {source for source, _ in result.skipped} == {"包.zip/图.xyz", "包.zip/坏.docx", "坏.zip"}
    assert [source for source, _ in result.notes] == ["信.eml/logo.xyz"]
    assert not any(str(tmp_path.parent) in why and "zhiyin-" in why for _, why in result.skipped)
    again = run_in(tmp_path, folder)
    assert (again.new, len(again.unchanged)) == (False, 3)


def test_what_is_struck_stays_out_when_the_index_is_made_again(tmp_path):
    (tmp_path / "a.md").write_text("餐费每份~~15元~~18元。", encoding="utf-8")
    run_in(tmp_path, tmp_path / "a.md")
    for settings in (SETTINGS, SETTINGS.replace(chunk_tokens=32), SETTINGS.replace(clean="gentle")):
        run_in(tmp_path, settings=settings)
        with closing(Snapshot.open(tmp_path / "home")) as snapshot:
            assert snapshot.part("a.md", 0).clean == "餐费每份18元。"
            assert snapshot.document("a.md").raw == "餐费每份~~15元~~18元。"
