"""The pages say what the code does: docstrings, generated pages, links, settings."""

import ast
import dataclasses
import json
import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote

import pytest

import rag
from rag.config import Settings

ROOT = Path(__file__).parents[1]
FOLDERS = ("rag", "index", "ui", "eval", "prompts", "seeds")
MODULES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "train").rglob("*.md")])


def undocumented(tree, where):
    """Public modules, classes, functions and methods that have no docstring."""
    missing = [] if ast.get_docstring(tree) else [where]
    for node in ast.iter_child_nodes(tree):
        named = isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        if named and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                missing += undocumented(node, f"{where}.{node.name}")
            elif not ast.get_docstring(node) and not _stands_for_another(node):
                missing.append(f"{where}.{node.name}")
    return missing


def _stands_for_another(node):
    return any(
        ast.unparse(mark).rpartition(".")[2] in ("overload", "setter", "override")
        for mark in node.decorator_list
    )


def test_the_test_finds_what_has_no_docstring():
    source = '"""m"""\ndef a(): pass\ndef _b(): pass\nclass C:\n    """c"""\n    def d(self): pass\n    def e(self):\n        "e"\n'
    assert undocumented(ast.parse(source), "m") == ["m.a", "m.C.d"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_everything_public_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert undocumented(tree, path.relative_to(ROOT).as_posix()) == []


def test_generated_pages_are_in_step():
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")


def headings(page):
    """Anchors that a page's headings make, as GitHub makes them."""
    lines = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL).splitlines()
    titles = [line.lstrip("#").strip().lower() for line in lines if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def broken_links(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        aimed = (page.parent / name).resolve() if name else page
        if not aimed.exists() or (anchor and anchor not in headings(aimed)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_resolve(page):
    assert list(broken_links(page)) == []


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "p.md"
    page.write_text("# A b\n[x](gone.md) [y](#a-b) [z](#c) `[code](nowhere)`\n", encoding="utf-8")
    assert list(broken_links(page)) == ["gone.md", "#c"]


def test_every_setting_is_documented():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for field in dataclasses.fields(Settings):
        assert f"| `{field.name}` |" in text


def test_every_command_is_documented():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for command in ("ask", "doctor", "index", "serve", "models", "eval", "bench"):
        assert f"## zhiyin {command}\n" in text


def test_the_example_in_the_readme_is_true():
    """The quote, its offsets and its marks are those of the sample document."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [example] = [
        block for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL) if '"citations"' in block
    ]
    given = json.loads(example)
    for cite in given["citations"]:
        raw = files("rag.seeds").joinpath(cite["source"]).read_bytes().decode("utf-8")
        assert raw[cite["start"] : cite["end"]] == cite["quote"]
        assert [raw[start:end] for start, end in cite["marks"]] == [given["short"]]


def test_versions_agree_and_everything_needed_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == rag.__version__
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.lower().split("==") for line in lines if not line.startswith("#"))
    assert pins["torch"] == "2.13.0"
    assert not [name for name, version in pins.items() if "+" in version or name.startswith("nvidia")]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    names = {re.split(r"[\[<>=!~; ]", line)[0].lower() for line in wanted}
    known = {re.sub(r"[-_.]+", "-", name) for name in pins}
    assert {re.sub(r"[-_.]+", "-", name) for name in names} <= known


def test_no_page_names_a_machine_or_a_place_to_install_from():
    pages = [
        *PAGES,
        ROOT / "Makefile",
        ROOT / ".ci" / "run",
        ROOT / "constraints.txt",
        ROOT / "pyproject.toml",
    ]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"index-url|find-links|file://|/root/|/work/|/opt/", text), page


def test_the_seeds_are_as_they_came():
    """Byte for byte: an editor that strips or converts them would break every offset."""
    import hashlib

    known = {
        "000_861f06d9b3184ccb.txt": "544e633cecf5a9218dca2f851a3374b7bba491af057f7a1b457f3ab6b4add0c8",
        "001_9f1730c6113c40ca.txt": "f729658dea0d0d8affb08e8c6dd08b741d8088458446cd67afaf3cb94c959d0a",
        "002_21340ad4f150d7d2.txt": "7cc9dba36727fe739d44bb8687fabae6715f9d133460a8eedfba51f36ec34eb3",
        "003_a60dfce8b03aedd7.txt": "737d17f602390010e85b905229a06b662f3ab06d1285f5209b4579e1da1a4b2e",
        "004_bb6a4649349203c9.txt": "ed28734216c83447e5ea79da6977056ec52300dbbf041ea53f4d66539bd7534f",
    }
    here = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (ROOT / "seeds").glob("*.txt")
    }
    assert here == known
