"""Formats that LibreOffice converts: by a program of that name that copies what it is told to."""

import stat

import docx
import pytest

from rag.errors import UnreadableDocument
from rag.index.readers import converted


@pytest.fixture
def office(tmp_path, monkeypatch):
    """Puts a `soffice` that runs `body` on the path; `$out` and `$file` are what it was given."""

    def put(body):
        program = tmp_path / "bin" / "soffice"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nwhile [ $# -gt 1 ]; do case "$1" in --outdir) out=$2;; esac; shift; done\nfile=$1\n{body}\n', encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    return put


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "旧.doc"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    return path


def test_a_document_is_converted_and_read(tmp_path, office, old):
    made = docx.Document()
    made.add_paragraph("档案保存三十年。")
    made.save(str(tmp_path / "made.docx"))
    office(f'cp "{tmp_path}/made.docx" "$out/file.docx"')
    document = converted.read(old, source="旧.doc")
    assert (document.raw, document.source, document.media_type) == ("档案保存三十年。", "旧.doc", "application/x-doc")


def test_a_program_that_makes_nothing(office, old):
    office("exit 1")
    with pytest.raises(UnreadableDocument, match=r"LibreOffice.*旧\.doc"):
        converted.read(old, source="x")


def test_a_program_that_never_ends(monkeypatch, office, old):
    office("sleep 60")
    monkeypatch.setattr(converted, "_SECONDS", 0.2)
    with pytest.raises(UnreadableDocument, match=r"0\.2"):
        converted.read(old, source="x")


def test_without_libreoffice(tmp_path, monkeypatch, old):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreadableDocument, match=r"旧\.doc.*LibreOffice.*\.docx"):
        converted.read(old, source="x")
