"""Parts found by name."""

import pytest

from rag import registry
from rag.errors import UnknownPlugin


def test_built_in_parts_are_registered():
    assert {".txt", ".md", ".html", ".pdf", ".docx"} <= set(registry.names("file_readers"))
    assert "extractive" in registry.names("readers")


def test_a_part_is_loaded():
    from rag.read import load_extractive

    assert registry.load("readers", "extractive") is load_extractive


def test_an_unknown_part_names_the_nearest():
    with pytest.raises(UnknownPlugin, match="did you mean 'extractive'"):
        registry.load("readers", "extractiv")
