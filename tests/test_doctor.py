"""Every finding of `zhiyin doctor`, healthy and broken."""

import json
import subprocess
import sys
from collections import namedtuple

import pytest

from rag.cli import doctor
from rag.cli.doctor import Check, broken, examine, examine_index, render
from rag.config import Settings
from rag.hub import pull
from rag.index.build import build
from rag.store.disk import current_generation, folder

from . import index_kit
from .openai_server import Script, serving
from .test_embed import save_static


def by_name(checks):
    return {check.name: check for check in checks}


@pytest.fixture
def indexed(isolated_home, tmp_path):
    embedder = index_kit.HashEmbedder()
    paths = [index_kit.write(tmp_path / "docs", one="第一句。\n第二句。", two="第三句。")]
    build(
        paths,
        home=isolated_home,
        settings=index_kit.SETTINGS,
        embedder=embedder,
        pipeline=index_kit.pipeline(),
    )
    return isolated_home, embedder


def test_a_broken_template_is_named(isolated_home):
    (isolated_home / "prompts").mkdir(parents=True)
    (isolated_home / "prompts" / "answer.zh.txt").write_text("$question", encoding="utf-8")
    [found] = [check for check in examine(isolated_home) if check.name.startswith("prompt ")]
    assert (found.name, found.state) == ("prompt answer.zh", "broken") and "reset answer.zh" in found.todo


def test_a_sound_index(indexed):
    found = by_name(examine_index(*indexed))
    assert {check.state for check in found.values()} == {"ok"}
    assert set(found) == {"index", "index model", "checksums"}
    assert "000001" in found["index"].detail
    assert "2 份文档" in found["index"].detail
    assert "hash" in found["index model"].detail


def test_no_index_says_how_to_make_one(isolated_home):
    [check] = examine_index(isolated_home, None)
    assert (check.name, check.state) == ("index", "broken")
    assert "zhiyin index" in check.todo


def test_another_model_is_broken_and_both_are_named(indexed):
    home, _ = indexed
    check = by_name(examine_index(home, index_kit.HashEmbedder("other")))["index model"]
    assert check.state == "broken"
    assert "'hash'" in check.detail
    assert "'other'" in check.detail
    assert "zhiyin index --again" in check.todo and "zhiyin index --again" in check.detail


def test_a_flipped_byte_is_found(indexed):
    home, embedder = indexed
    generation = folder(home, current_generation(home))
    victim = max(
        (path for path in generation.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size
    )
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.chmod(0o644)
    victim.write_bytes(data)
    assert broken(list(examine_index(home, embedder)))
    assert any(
        victim.name in check.detail for check in examine_index(home, embedder) if check.state == "broken"
    )


def test_a_lost_file_is_found(indexed):
    home, embedder = indexed
    generation = folder(home, current_generation(home))
    next(path for path in generation.rglob("*") if path.is_file() and path.name != "manifest.json").unlink()
    [check] = examine_index(home, embedder)
    assert (check.name, check.state) == ("index", "broken")
    assert "zhiyin index" in check.todo and "--again" not in check.todo  # nothing can be taken over from it


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_pulled_model_that_changed_is_broken(isolated_home, tmp_path, name):
    pull.pull("mine", str(save_static(tmp_path / "made")), isolated_home)
    build([index_kit.write(tmp_path / "docs", one="第一句。")], home=isolated_home, settings=Settings(embedder="mine"))
    (isolated_home / "config.toml").write_text('embedder = "mine"\nreranker = "mine"')
    assert by_name(examine(isolated_home))["embedder"].state == "ok"
    path = isolated_home / "models/mine" / name
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    found = by_name(examine(isolated_home))
    for kind in ("embedder", "reranker"):
        assert found[kind].state == "broken" and name in found[kind].detail
        assert f"models check mine; zhiyin models pull mine --from {tmp_path / 'made'}" in found[kind].todo
    if name == "model.safetensors":  # it can be loaded all the same
        assert found["index model"].state == "broken" and found["index model"].todo == "zhiyin models check mine"


def test_a_missing_library_is_broken(monkeypatch, isolated_home):
    monkeypatch.setattr(doctor, "LIBRARIES", ("numpy", "no-such-library"))
    found = by_name(examine(isolated_home))
    assert found["numpy"].state == "ok"
    assert found["no-such-library"].state == "broken"
    assert found["no-such-library"].todo == "pip install no-such-library"


def test_wrong_settings_are_broken_and_end_the_list(isolated_home, tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("top_q = 3", encoding="utf-8")
    last = examine(isolated_home, path)[-1]
    assert (last.name, last.state) == ("settings", "broken")
    assert "top_k" in last.detail


def test_settings_that_differ_are_shown(isolated_home, tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('top_k = 3\nembedder = "/no/such/model"\nreranker = "/no/such/ranker"', encoding="utf-8")
    found = by_name(examine(isolated_home, path))
    assert "top_k = 3" in found["settings"].detail
    assert "pool_k" not in found["settings"].detail
    assert found["embedder"].state == "broken"
    assert "/no/such/model" in found["embedder"].detail
    assert found["reranker"].state == "broken"


def test_a_model_server(isolated_home):
    def check(text):
        isolated_home.mkdir(exist_ok=True)
        (isolated_home / "config.toml").write_text(text, encoding="utf-8")
        return by_name(examine(isolated_home))["generator"]

    with serving(Script(models=[{"id": "m", "max_model_len": 4096}])) as server:
        url = f'generator_url = "{server.url}"\n'
        for named in ("", 'generator = "m"'):
            found = check(url + named)
            assert found.state == "ok" and "m, 4096 tokens" in found.detail
        found = check(url + 'generator = "n"')
        assert found.state == "warn" and "没有它" in found.todo and found.todo.endswith("m")
        assert check(url + 'generator_key_env = "NO_SUCH_KEY"').state == "broken"
    found = check(url)
    assert found.state == "broken" and server.url in found.detail and "generator_url" in found.todo


@pytest.mark.parametrize(("free", "state"), [(10**6, "warn"), (10**12, "ok")])
def test_little_room_is_a_warning(monkeypatch, isolated_home, free, state):
    usage = namedtuple("usage", "total used free")(10**13, 0, free)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    assert by_name(examine(isolated_home))["disk"].state == state


def test_a_warning_breaks_nothing():
    checks = [Check("a", "ok", "x"), Check("b", "warn", "y", "z")]
    assert not broken(checks)
    assert broken([*checks, Check("c", "broken", "w", "v")])
    shown = str(render(checks))
    assert "✓ a  x" in shown
    assert "→ z" in shown
    assert "一切正常" in shown


def test_a_name_can_not_command_the_terminal():
    assert "\x1b" not in str(render([Check("a", "ok", "\x1b[31mred")]))


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "rag", "doctor", *arguments], capture_output=True, check=False
    )


def test_the_command_fails_with_1_and_names_what_is_broken():
    done = run()
    assert done.returncode == 1
    assert "✗ index" in done.stdout.decode()
    assert done.stderr == b""


def test_the_command_gives_json():
    done = run("--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["ok"] is False
    index = next(check for check in told["checks"] if check["name"] == "index")
    assert index["state"] == "broken"
    assert "zhiyin index" in index["todo"]
    assert {"python", "torch", "gradio", "home", "disk", "settings", "embedder"} <= {
        c["name"] for c in told["checks"]
    }
