"""`zhiyin models`: what it lists, writes and says."""

import json
import tomllib

import pytest
from typer.testing import CliRunner

from rag.cli.main import build
from rag.config import home, load
from rag.errors import ConfigError, InputError, ModelError
from rag.generate import load_generator
from rag.hub import installed
from rag.hub.choose import choose
from rag.hub.presets import PRESETS

from .test_embed import save_static
from .test_generate import save_model as save_chat_model
from .test_rerank import save_model


def zhiyin(*arguments):
    return CliRunner().invoke(build(), [str(a) for a in arguments], catch_exceptions=False)


def rows():
    return {row["name"]: row for row in json.loads(zhiyin("models", "--json").stdout)}


def test_every_preset_is_listed_with_its_cost():
    listed = rows()
    assert list(listed) == [preset.name for preset in PRESETS]
    assert {name for name, row in listed.items() if row["here"]} == {"bundled", "bundled-fast", "reader"}
    assert {name for name, row in listed.items() if row["used"]} == {"bundled"}
    for language in ("zh", "en"):
        shown = CliRunner().invoke(build(), ["models", "list"], env={"COLUMNS": "80", "ZHIYIN_LANG": language}).stdout
        for preset in PRESETS:  # nothing of it cut off, in the narrowest of terminals
            assert all(said in shown for said in (preset.name, f"{preset.disk_mb:,}", f"{preset.memory_mb:,}", preset.licence))
        assert "'query: '" in shown
        assert "\u2026" not in shown


def test_from_a_folder_into_use_and_out_again(tmp_path):
    folder = save_static(tmp_path / "made", prompts={"query": "问:"})
    assert "models use mine" in zhiyin("models", "pull", "mine", "--from", folder).stdout
    row = rows()["mine"]
    assert (row["kind"], row["here"], row["used"], row["prompts"]) == ("embedder", True, False, ["问:", ""])
    assert "index --again" in zhiyin("models", "use", "mine").stdout
    assert load().embedder == "mine"
    assert rows()["mine"]["used"] and not rows()["bundled"]["used"]
    with pytest.raises(InputError, match="in use"):
        zhiyin("models", "remove", "mine")
    zhiyin("models", "use", "bundled")
    assert load().embedder == "bundled"
    assert "mine" in zhiyin("models", "remove", "mine").stdout
    assert "mine" not in rows()


def test_a_reranker_is_chosen_as_one(tmp_path):
    save_model(tmp_path / "cross")
    zhiyin("models", "pull", "bge-reranker-v2-m3", "--from", tmp_path / "cross")
    said = zhiyin("models", "use", "BAAI/bge-reranker-v2-m3").stdout
    assert 'reranker = "bge-reranker-v2-m3"' in said and "index" not in said
    assert load().reranker == "bge-reranker-v2-m3"
    zhiyin("models", "use", "reader")
    assert (load().reranker, load().embedder) == ("bundled", "bundled")
    assert rows()["reader"]["used"]


def test_a_generator_is_chosen_as_one(tmp_path):
    zhiyin("models", "pull", "Qwen3-0.6B", "--from", save_chat_model(tmp_path / "chat"))
    assert zhiyin("models", "check").exit_code == 0
    assert 'generator = "Qwen3-0.6B"' in zhiyin("models", "use", "qwen/qwen3-0.6b").stdout
    assert rows()["Qwen3-0.6B"]["used"]
    assert "".join(load_generator(load()).stream([{"role": "user", "content": "问"}], max_tokens=3))
    choose(home(), "generator_url", "http://127.0.0.1:1/v1")
    assert not rows()["Qwen3-0.6B"]["used"]  # it is a name on the server now
    with pytest.raises(InputError, match='generator_url = ""'):
        zhiyin("models", "use", "Qwen3-0.6B")
    zhiyin("models", "remove", "Qwen3-0.6B")
    with pytest.raises(ModelError, match=r"kind embedder .*not generator"):
        zhiyin("models", "pull", "Qwen3-0.6B", "--from", save_static(tmp_path / "made"))


def test_what_the_index_was_built_with_stays(tmp_path):
    (tmp_path / "a.txt").write_text("省总工会帮扶困难职工3182人。", encoding="utf-8")
    zhiyin("models", "pull", "mine", "--from", save_static(tmp_path / "made"))
    zhiyin("models", "use", "mine")
    zhiyin("index", tmp_path / "a.txt")
    zhiyin("models", "use", "bundled")
    with pytest.raises(InputError, match="index was built with it; first: zhiyin index --again"):
        zhiyin("models", "remove", "mine")
    zhiyin("index", "--again")
    zhiyin("models", "remove", "mine")
    assert "mine" not in rows()


@pytest.mark.parametrize("setting", ["reranker", "generator"])
def test_a_setting_other_than_the_embedder_is_emptied(tmp_path, setting):
    save_static(tmp_path / "made")
    zhiyin("models", "pull", "rr", "--from", tmp_path / "made")
    choose(home(), setting, "rr")
    with pytest.raises(InputError, match=f'set {setting} = ""') as raised:
        zhiyin("models", "remove", "rr")
    assert "models use" not in str(raised.value)
    with pytest.raises(InputError, match="comes with the package"):
        zhiyin("models", "remove", "bundled")


@pytest.mark.parametrize(("name", "said"), [
    ("tinny", "did you mean 'tiny'"), ("TINY", "did you mean 'tiny'"), ("bge-m33", "did you mean 'bge-m3'"),
    ("zzz", "known: tiny, bundled"), ("some/thing-else", "models pull some/thing-else")])
def test_a_name_nearly_right_is_answered_with_the_right_one(tmp_path, name, said):
    zhiyin("models", "pull", "tiny", "--from", save_static(tmp_path / "made"))
    with pytest.raises(InputError, match=said):
        zhiyin("models", "use", name)


def test_a_folder_is_pulled_and_not_chosen(tmp_path):
    made = save_static(tmp_path / "made")
    with pytest.raises(InputError, match=f"models pull NAME --from {made}"):
        zhiyin("models", "use", made)


def test_what_is_listed_of_a_pulled_model_was_measured(tmp_path):
    zhiyin("models", "pull", "mine", "--from", save_static(tmp_path / "made", dim=24))
    zhiyin("models", "pull", "multilingual-e5-small", "--from", save_static(tmp_path / "e5", dim=384))
    listed = rows()
    assert (listed["mine"]["dim"], listed["mine"]["memory_mb"], listed["mine"]["disk_mb"]) == (24, None, 0)
    small = listed["multilingual-e5-small"]
    assert (small["dim"], small["memory_mb"], small["disk_mb"]) == (384, None, 0)  # not what the preset tells of
    assert listed["multilingual-e5-base"]["memory_mb"] == 1700


def test_an_unfinished_pull_is_shown(tmp_path):
    for name in ("bge-m3", "mine"):
        (installed.root(home()) / f".pulling-{name}").mkdir(parents=True)
        (installed.root(home()) / f".pulling-{name}" / "x.part").write_bytes(b"x" * 3_000_000)
    shown = zhiyin("models").stdout
    assert "bge-m3：未取完（已有 3.0 MB）；续传：zhiyin models pull bge-m3；放弃：zhiyin models remove bge-m3" in shown
    assert "mine：未取完（已有 3.0 MB）；续传：再运行同一条 pull 命令" in shown
    choose(home(), "embedder", "bge-m3")  # what is left goes, chosen or not
    assert "3 MB" in zhiyin("models", "remove", "bge-m3").stdout
    assert "bge-m3：" not in zhiyin("models").stdout


def test_a_model_that_is_not_here_is_not_chosen():
    with pytest.raises(InputError, match="models pull bge-m3"):
        zhiyin("models", "use", "bge-m3")
    assert not (home() / "config.toml").exists()


def test_a_damaged_model_is_pulled_again_in_its_place(tmp_path):
    made = save_static(tmp_path / "made")
    zhiyin("models", "pull", "mine", "--from", made)
    zhiyin("models", "use", "mine")
    (installed.root(home()) / "mine/tokenizer.json").write_text("{}")
    (installed.root(home()) / "mine/extra.json").write_text("{}")
    zhiyin("models", "pull", "mine", "--from", made)
    assert zhiyin("models", "check").exit_code == 0
    assert [path.name for path in installed.root(home()).iterdir()] == ["mine"]
    with pytest.raises(InputError, match="here already"):
        zhiyin("models", "pull", "mine", "--from", made)


def test_check_names_what_is_damaged(tmp_path):
    assert "还没有" in zhiyin("models", "check").stdout
    zhiyin("models", "pull", "mine", "--from", save_static(tmp_path / "made"))
    assert zhiyin("models", "check").exit_code == 0
    (installed.root(home()) / "mine/tokenizer.json").write_text("{}")
    result = zhiyin("models", "check", "mine")
    assert result.exit_code == 1
    assert "tokenizer.json was changed" in result.stderr
    assert f"models pull mine --from {tmp_path / 'made'}" in result.stderr
    (installed.root(home()) / "mine/.zhiyin.json").write_text("{")
    assert "damaged" in rows()["mine"]["damaged"]


def test_a_revision_belongs_to_a_hub(tmp_path):
    with pytest.raises(InputError, match="--revision"):
        zhiyin("models", "pull", "mine", "--from", tmp_path, "--revision", "main")


@pytest.mark.parametrize("before", [
    "", "top_k = 5\n", "embedder = 'a#\"' # b\n", 'embedder = "a\\"#" # b\ntop_k = 5', '# mine\nembedder = "old"  # why\ntop_k = 5\n', 'embedder="old"', 'top_k = 5\nembedder = "old"'])
def test_one_line_of_the_settings_changes_and_no_other(tmp_path, before):
    path = tmp_path / "config.toml"
    if before:
        path.write_text(before, encoding="utf-8")
    assert choose(tmp_path, "embedder", '名"字') == path
    after = tomllib.loads(path.read_text("utf-8"))
    assert after == {**tomllib.loads(before), "embedder": '名"字'}
    for comment in ("# mine", "  # why", " # b"):
        assert (comment in before) == (comment in path.read_text("utf-8"))
    assert [p.name for p in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("text", ["embedder = ", "embedder = '''\nembedder = 3\n'''\n", "[table]\nembedder = 'x'\n"])
def test_settings_that_can_not_be_changed_by_line_stay_as_they_are(tmp_path, text):
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        choose(tmp_path, "embedder", "new")
    assert (tmp_path / "config.toml").read_text() == text


def test_index_again_needs_an_index_and_takes_no_paths(tmp_path):
    from rag.errors import NoIndex

    with pytest.raises(NoIndex):
        zhiyin("index", "--again")
    with pytest.raises(InputError, match="--again"):
        zhiyin("index", "--again", tmp_path)


def test_index_again_builds_by_the_model_that_was_chosen(tmp_path):
    (tmp_path / "a.txt").write_text("省总工会帮扶困难职工3182人。", encoding="utf-8")
    zhiyin("index", tmp_path / "a.txt")
    zhiyin("models", "pull", "mine", "--from", save_static(tmp_path / "made"))
    zhiyin("models", "use", "mine")
    (tmp_path / "a.txt").unlink()  # the index has what it needs
    result = json.loads(zhiyin("index", "--again", "--json").stdout)
    assert (result["new"], result["unchanged"], result["reused"]) == (True, ["a.txt"], 0)
    assert json.loads(zhiyin("index", "--again", "--json").stdout)["new"] is False
