"""The layers of the design, checked in the source itself: who may import whom, and when."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APPS = ("index", "ui", "eval")  # folders, each mapped to rag.<name>
# What takes a noticeable time to import is imported in the function that needs it.
HEAVY = {
    *("torch", "faiss", "jieba", "gradio", "opencc", "bm25s", "transformers", "sentence_transformers"),
    *("trafilatura", "docx", "pypdfium2", "scipy"),
}
SERVING = {"gradio", "fastapi", "pydantic", "uvicorn", "starlette"}  # a chat page needs them at the top


def module_name(path: Path) -> str:
    """`rag/text/fold.py` is rag.text.fold, `index/build.py` is rag.index.build."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] != "rag":
        parts.insert(0, "rag")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {
    module_name(path): path
    for folder in ("rag", *APPS, "prompts", "seeds")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
every_module = pytest.mark.parametrize("module", SOURCES)


def is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def statements(body: list[ast.stmt], *, deep: bool) -> Iterator[ast.stmt]:
    """Yield statements that run at import; with `deep`, those in functions, too; never TYPE_CHECKING's."""
    for node in body:
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not deep:
            continue
        for field in ("body", "orelse", "finalbody"):
            if field == "body" and is_type_checking(node):
                continue
            yield from statements(
                getattr(node, field, []) if not isinstance(node, ast.expr) else [], deep=deep
            )
        for handler in getattr(node, "handlers", []):
            yield from statements(handler.body, deep=deep)
        for case in getattr(node, "cases", []):
            yield from statements(case.body, deep=deep)


def imports_of(tree: ast.Module, module: str, *, is_package: bool, deep: bool) -> set[tuple[str, str]]:
    """Absolute names that `module` imports, each as (module, name in it or "")."""
    found: set[tuple[str, str]] = set()
    package = module if is_package else module.rpartition(".")[0]
    for node in statements(tree.body, deep=deep):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            target = ".".join(filter(None, (base, node.module)))
            found |= {(target, alias.name) for alias in node.names}
    return found


def imports(module: str, *, deep: bool) -> set[tuple[str, str]]:
    path = SOURCES[module]
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return imports_of(tree, module, is_package=path.name == "__init__.py", deep=deep)


def belongs_to(module: str) -> str:
    """Return the app that a module is part of, "rag" for the library."""
    parts = module.split(".")
    return parts[1] if parts[0] == "rag" and len(parts) > 1 and parts[1] in APPS else "rag"


def full_names(found: set[tuple[str, str]]) -> set[str]:
    return {f"{target}.{name}" if name else target for target, name in found}


@every_module
def test_docstring(module):
    docstring = ast.get_docstring(ast.parse(SOURCES[module].read_text(encoding="utf-8")))
    assert docstring and len(docstring) > 10, f"{SOURCES[module]} does not say what it is for"


@every_module
def test_imports_point_down(module):
    """The library imports no app, an app no other app; by their folder names nobody imports them at all."""
    own = belongs_to(module)
    for name in full_names(imports(module, deep=True)):
        assert name.split(".")[0] not in APPS, (
            f"{module} imports {name}, a folder name that does not exist when installed"
        )
        if name.split(".")[0] == "rag":
            assert belongs_to(name) in ("rag", own), f"{module} imports {name}, which is another app"


@every_module
def test_nothing_outside_tests_imports_them(module):
    roots = {name.split(".")[0] for name in full_names(imports(module, deep=True))}
    assert not roots & {"tests", "train", "pytest", "hypothesis"}


@every_module
def test_apps_import_their_own_siblings_relatively(module):
    own = belongs_to(module)
    if own == "rag":
        return
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    for node in statements(tree.body, deep=True):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        assert not any(name.startswith(f"rag.{own}") for name in names), (
            f"{module}, line {node.lineno}: import it relatively"
        )


@every_module
def test_heavy_libraries_are_imported_where_they_are_used(module):
    forbidden = HEAVY - SERVING if belongs_to(module) == "ui" else HEAVY
    roots = {name.split(".")[0] for name in full_names(imports(module, deep=False))}
    assert not roots & forbidden, f"{module} imports {roots & forbidden} at its top"


def test_the_command_line_starts_without_any_of_them():
    """Nothing that `zhiyin --help` imports, itself or through others, imports a heavy library."""
    edges = graph()
    reached: set[str] = set()
    waiting = ["rag.cli.main", *(module for module in SOURCES if module.endswith(".command"))]
    assert len(waiting) > 1
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += edges[module]
            waiting += [module.rpartition(".")[0]] if module.rpartition(".")[0] in SOURCES else []
    for module in sorted(reached):
        roots = {name.split(".")[0] for name in full_names(imports(module, deep=False))}
        assert not roots & (HEAVY | SERVING), f"{module} imports {roots & (HEAVY | SERVING)}"


def graph() -> dict[str, set[str]]:
    """Which module of the project imports which when it is imported."""
    edges: dict[str, set[str]] = {}
    for module in SOURCES:
        edges[module] = set()
        for target, name in imports(module, deep=False):
            # `from .text import fold` means the module rag.text.fold where there is one, else rag.text
            for candidate in (f"{target}.{name}", target):
                if candidate in SOURCES and candidate != module:
                    edges[module].add(candidate)
                    break
    return edges


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Return a circle of imports, empty if there is none (depth-first search)."""
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for target in sorted(edges.get(node, ())):
            if found := visit(target, [*path, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(edges) if (found := visit(node, []))), [])


def test_no_import_circles():
    edges = graph()
    assert edges["rag.offsets"] == {"rag.types"}, "the graph is not what it should be"
    assert not (found := circle(edges)), " -> ".join(found)


def test_the_lowest_layers_import_only_each_other():
    edges = graph()
    assert edges["rag.errors"] == set()
    assert edges["rag.types"] == {"rag.errors"}
    assert edges["rag.config"] <= {"rag.errors", "rag.types"}


class TestTheseChecks:
    """What is looked for would be found."""

    def test_imports_at_the_top_and_within(self):
        source = """
from __future__ import annotations
import json, faiss.contrib as f
from . import fold
from ..store import manifest
if TYPE_CHECKING:
    import torch
else:
    import a
try:
    import b
except ImportError:
    import c
class C:
    import d
    def method(self):
        import e
def function():
    with open() as x:
        from .deep import g
"""
        tree = ast.parse(source)
        top = full_names(imports_of(tree, "rag.text.x", is_package=False, deep=False))
        expected = {
            "__future__.annotations",
            "json",
            "faiss.contrib",
            "rag.text.fold",
            "rag.store.manifest",
            *"abcd",
        }
        assert top == expected
        deep = full_names(imports_of(tree, "rag.text.x", is_package=False, deep=True))
        assert deep == expected | {"e", "rag.text.deep.g"}
        package = full_names(
            imports_of(ast.parse("from .x import y"), "rag.text", is_package=True, deep=False)
        )
        assert package == {"rag.text.x.y"}

    def test_circles(self):
        assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
        assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]

    def test_owners(self):
        assert belongs_to("rag.index.build") == "index"
        assert belongs_to("rag.indexing") == belongs_to("rag.text.fold") == "rag"

    def test_all_folders_are_looked_at(self):
        assert {belongs_to(module) for module in SOURCES} == {"rag", *APPS}
        assert len(SOURCES) > 30
