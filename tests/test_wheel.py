"""The wheel by itself: in an empty environment, outside the checkout, with no way to another host.

The environment gets the wheel from pip and, as links, the files of exactly those distributions that the wheel declares
(and what they declare): a dependency that only the developer's environment has is missing there, and so is the checkout.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

import jsonschema
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PACKED = ("rag", "index", "ui", "eval", "prompts", "seeds", "pyproject.toml", "README.md", "LICENSE")

# Runs at the start of every Python of that environment, below all HTTP clients; what it catches fails the tests
# even where a library swallows the error.
GUARD = """
import os, socket

def _here(host):
    host = host.decode() if isinstance(host, bytes) else host
    return host in (None, "", "localhost", "0.0.0.0", "::", "::1") or str(host).startswith("127.")

def _guard(real, pick):
    def method(*args, **kwargs):
        host = pick(args)
        if not _here(host):
            with open(os.environ["ATTEMPTS"], "a") as log:
                print(host, file=log)
            raise OSError(f"blocked: {host}")
        return real(*args, **kwargs)
    return method

def _address(args):
    return args[-1][0] if isinstance(args[-1], tuple) else None

for _name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, _name, _guard(getattr(socket.socket, _name), _address))
socket.getaddrinfo = _guard(socket.getaddrinfo, lambda args: args[0])
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel that CI built, else one built here from a copy, so that no build folder is left behind."""
    if given := os.environ.get("ZHIYIN_WHEEL"):
        return Path(given)
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in PACKED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    [built] = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


class Installed:
    """An environment of its own with the wheel in it."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        venv.create(folder / "env", symlinks=True)
        self.bin = folder / "env" / "bin"
        self.work = folder / "elsewhere"
        self.work.mkdir()
        self.attempts = folder / "attempts"
        [self.site] = (folder / "env" / "lib").glob("python*/site-packages")
        command = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(self.bin / "python"),
            "install",
            "--no-deps",
            "--no-index",
            str(wheel),
        ]
        subprocess.run(command, check=True, capture_output=True)
        (self.site / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
        [info] = self.site.glob("zhiyin-*.dist-info")
        self.linked = _link_declared(PathDistribution(info), self.site)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.work), "ATTEMPTS": str(self.attempts), "ZHIYIN_LANG": "en",
            "TMPDIR": str(self.work),
        }  # fmt: skip
        return subprocess.run(
            command, cwd=self.work, env=environment, capture_output=True, encoding="utf-8", check=False
        )

    def zhiyin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.bin / "zhiyin"), *arguments)


def _link_declared(wheel: Distribution, site: Path) -> set[str]:
    """Link what `wheel` requires, and what that requires, from this environment into `site`; returns the names."""
    done: dict[str, frozenset[str]] = {}
    waiting = [(requirement, frozenset[str]()) for requirement in wheel.requires or []]
    while waiting:
        text, extras = waiting.pop()
        need = Requirement(text)
        name = need.name.lower().replace("_", "-")
        if need.marker is not None and not any(
            need.marker.evaluate({"extra": extra}) for extra in extras | {""}
        ):
            continue
        have = done.get(name, frozenset())
        if name in done and need.extras <= have:
            continue
        found = distribution(need.name)
        done[name] = have | need.extras
        waiting += [(requirement, done[name]) for requirement in found.requires or []]
        for top in {file.parts[0] for file in found.files or []} - {"..", "__pycache__"}:
            source, link = Path(str(found.locate_file(top))), site / top
            if source.exists() and not link.exists() and source.suffix != ".pth":
                link.symlink_to(source)
    return set(done)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("wheel"), wheel)


@pytest.fixture(scope="module")
def indexed(installed):
    done = installed.zhiyin("index", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_of_ours_lands_beside_the_package(names):
    tops = {name.split("/")[0] for name in names}
    assert tops - {"rag"} == {top for top in tops if top.startswith("zhiyin-") and top.endswith(".dist-info")}
    assert len(tops) == 2


def test_the_wheel_holds_what_runs_and_not_what_made_it(names):
    held = set(names)
    for file in (
        "rag/py.typed",
        "rag/answer.schema.json",
        "rag/eval/gold/seeds.jsonl",
        "rag/index/command.py",
        "rag/ui/command.py",
    ):
        assert file in held
    for folder, wanted in (("seeds", "*.txt"), ("prompts", "*.txt"), ("ui/static", "*")):
        here = {path.name for path in (ROOT / folder).glob(wanted)}
        assert here
        assert here == {
            Path(name).name for name in held if name.startswith(f"rag/{folder}/") and not name.endswith(".py")
        }
    for model in ("embedder", "reader"):
        assert f"rag/models/{model}/model.safetensors" in held
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in held)
    assert not [name for name in held if "/tests/" in name or "/train/" in name or name.endswith(".pyc")]


def test_every_module_of_the_checkout_is_in_the_wheel(names):
    for folder in ("rag", "index", "ui", "eval", "prompts", "seeds"):
        where = "rag" if folder == "rag" else f"rag/{folder}"
        for path in (ROOT / folder).rglob("*.py"):
            assert f"{where}/{path.relative_to(ROOT / folder).as_posix()}" in names


def test_the_code_that_runs_is_the_wheel_s(installed):
    code = "import rag, rag.index.command, rag.ui.command, sys; print(rag.__file__, rag.index.command.__file__); print(sys.path)"
    done = installed.run(str(installed.bin / "python"), "-c", code)
    assert done.returncode == 0, done.stderr
    files, path = done.stdout.splitlines()
    assert all(file.startswith(str(installed.site)) for file in files.split())
    assert str(ROOT) not in path
    assert "pytest" not in installed.linked


def test_the_guard_holds(installed):
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    done = installed.run(str(installed.bin / "python"), "-c", code)
    assert "blocked: 192.0.2.1" in done.stderr
    assert installed.attempts.read_text(encoding="utf-8").strip() == "192.0.2.1"
    installed.attempts.unlink()


def test_the_command_answers_at_all(installed):
    done = installed.zhiyin("--help")
    assert done.returncode == 0, done.stderr
    assert "can't be loaded" not in done.stdout
    assert "index" in done.stdout


def test_index_of_the_bundled_documents(installed, indexed):
    assert len(indexed["added"]) == len(list((ROOT / "seeds").glob("*.txt")))
    assert indexed["skipped"] == []
    assert (installed.work / ".zhiyin").is_dir()


def test_an_answer_holds_its_contract_and_its_proof(installed, indexed):
    gold = [
        json.loads(line)
        for line in (ROOT / "eval" / "gold" / "seeds.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rows = [{"id": row["id"], "question": row["question"]} for row in gold if row["kind"] == "fact"][:5]
    (installed.work / "in.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = installed.zhiyin("ask", "--batch", "in.jsonl", "--out", "out.jsonl")
    assert done.returncode == 0, done.stderr
    given = [
        json.loads(line) for line in (installed.work / "out.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [row["id"] for row in given] == [row["id"] for row in rows]
    assert any(row["citations"] for row in given)
    schema = json.loads((installed.site / "rag" / "answer.schema.json").read_text(encoding="utf-8"))
    for row in given:
        jsonschema.validate(row, schema)
        assert row["generation"] == indexed["generation"]
        for cite in row["citations"]:
            raw = (ROOT / "seeds" / cite["source"]).read_bytes().decode("utf-8")
            assert raw[cite["start"] : cite["end"]] == cite["quote"]


def test_one_question_as_json(installed, indexed):
    done = installed.zhiyin("ask", "--json", "火星上有几个工会?")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["refused"] is True


def test_the_reader_model_loads_and_answers(installed):
    code = """
from transformers import AutoModelForTokenClassification, AutoTokenizer
from rag.encoder.reader import EncoderReader, bundled
model, tokenizer = AutoModelForTokenClassification.from_pretrained(bundled()), AutoTokenizer.from_pretrained(bundled())
assert model.num_parameters() > 1_000_000 and len(tokenizer) == model.config.vocab_size, (model.num_parameters(), len(tokenizer))
passages = ["这种印刷机由古登堡在十五世纪发明。", "今天下雨,比赛改到周六举行。"]
here, elsewhere = EncoderReader().read("谁发明了这种印刷机?", [("", passage) for passage in passages])
assert passages[0][here.start : here.end] == "古登堡" and here.answers > elsewhere.answers, (here, elsewhere)
"""
    done = installed.run(str(installed.bin / "python"), "-c", code)
    assert done.returncode == 0, done.stderr


def test_doctor_finds_nothing_wrong(installed, indexed):
    done = installed.zhiyin("doctor", "--json")
    told = json.loads(done.stdout)
    assert [check for check in told["checks"] if check["state"] == "broken"] == []
    assert done.returncode == 0


def test_nothing_tried_to_leave_this_machine(installed, indexed):
    assert not installed.attempts.exists()
