"""Pulling models: from a hub that is cut off, lies or is not there, from folders, and what is left after each."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from rag.config import Settings, home
from rag.encoder.embed import fingerprint, load_embedder, locate
from rag.errors import InputError, ModelError
from rag.hub import download, installed, presets, pull, sources
from rag.hub.examine import dimension, examine, taken

from .hub_kit import COMMIT, Hub, serving
from .test_embed import save_static

BIG = "model.safetensors"


def as_files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def model(tmp_path):
    return save_static(tmp_path / "made", prompts={"query": "问:", "document": "题:"})


@pytest.fixture
def hub(model, monkeypatch):
    monkeypatch.setattr(download, "sleep", lambda seconds: None)
    made = Hub(as_files(model) | {"README.md": b"card", "pytorch_model.bin": b"pickle", "onnx/model.onnx": b"x",
                                  "onnx/tokenizer.json": b"{}", ".gitattributes": b"a", "run.py": b"import os"})
    with serving(made) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("MODELSCOPE_DOMAIN", address)
        yield made


def here():
    """Names below models/."""
    return sorted(p.name for p in installed.root(home()).iterdir())


@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
def test_a_pulled_model_is_the_same_and_is_loaded_by_name(source, hub, model):
    plan, came = [], []
    got = pull.pull("org/model", source, home(), planned=plan.append, told=came.append)
    assert got.revision == (COMMIT if source == "huggingface" else "master")
    assert (got.name, got.kind, got.source, got.repo) == ("model", "embedder", source, "org/model")
    assert sum(came) == plan[0] == got.bytes
    assert set(got.files) == {*as_files(model), "README.md"}  # nothing pickled, no code, no other formats
    assert installed.read(installed.root(home()) / "model") == got
    assert fingerprint(locate("model")) == fingerprint(model)
    ours, theirs = load_embedder(Settings(embedder="model")), load_embedder(Settings(embedder=str(model)))
    assert ours.encode_queries(["工会"]).tolist() == theirs.encode_queries(["工会"]).tolist()
    assert pull.check(home(), "model") == []
    assert here() == ["model"]


def test_a_listing_of_several_pages_is_read_to_its_end(hub):
    hub.page = 2
    assert BIG in pull.pull("org/model", "huggingface", home()).files


def test_another_revision_can_be_asked_for(hub):
    assert pull.pull("org/model", "huggingface", home(), revision="pr").revision == COMMIT
    pull.remove(home(), "model")
    with pytest.raises(ModelError, match=r"no model org/model \(404\)"):
        pull.pull("org/model", "huggingface", home(), revision="gone")


def test_a_cut_connection_goes_on_where_it_was(hub):
    hub.cut = [100, 50]
    came = []
    pull.pull("org/model", "huggingface", home(), told=came.append)
    assert [asked for path, asked in hub.asked if path == BIG] == [None, "bytes=100-", "bytes=150-"]
    assert pull.check(home(), "model") == []
    assert sum(came) == installed.read(locate("model")).bytes


def test_the_next_run_goes_on_and_fetches_nothing_twice(hub):
    hub.cut = [200] + [0] * download.TRIES
    with pytest.raises(ModelError, match=r"broke off model\.safetensors.*200 of .* kept, run the command again"):
        pull.pull("org/model", "huggingface", home())
    assert here() == [".pulling-model"]
    with pytest.raises(ModelError, match="not pulled"):
        locate("model")
    hub.cut, hub.asked = [], []
    came = []
    got = pull.pull("org/model", "huggingface", home(), told=came.append)
    assert (BIG, "bytes=200-") in hub.asked
    assert "config_sentence_transformers.json" not in {path for path, _ in hub.asked}  # came the first time
    assert sum(came) == got.bytes
    assert here() == ["model"]
    assert not list(locate("model").rglob("*.part"))


def test_a_hub_without_ranges_sends_it_all_again(hub):
    hub.cut, hub.ranges = [100], False
    came = []
    got = pull.pull("org/model", "modelscope", home(), told=came.append)
    assert sum(came) == got.bytes
    assert pull.check(home(), "model") == []


def test_a_new_revision_does_not_continue_the_old_one(hub, tmp_path):
    hub.cut = [200] + [0] * download.TRIES
    with pytest.raises(ModelError):
        pull.pull("org/model", "huggingface", home())
    hub.cut = []
    other = as_files(save_static(tmp_path / "other", seed=5))
    hub.files[BIG] = other[BIG]
    hub.files.pop("README.md")
    hub.asked = []
    got = pull.pull("org/model", "huggingface", home())
    assert (BIG, None) in hub.asked
    assert "README.md" not in got.files
    assert (locate("model") / BIG).read_bytes() == other[BIG]


def test_a_busy_hub_is_asked_again(hub):
    hub.failures = [503, 429, 500]
    assert pull.pull("org/model", "huggingface", home()).bytes


@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
@pytest.mark.parametrize("path", [BIG, "tokenizer.json"])
def test_bytes_that_are_not_the_listed_ones_are_thrown_away(source, path, hub):
    good = hub.files[path]
    hub.lies[path] = good[:-1] + b"!"
    with pytest.raises(ModelError, match=f"{path} of org/model did not come as {source} lists it"):
        pull.pull("org/model", source, home())
    assert installed.every(home()) == []
    assert not list(installed.root(home()).rglob(path))
    hub.lies = {path: good + b"more"}
    with pytest.raises(ModelError, match="longer than"):
        pull.pull("org/model", source, home())
    hub.lies = {}
    pull.pull("org/model", source, home())
    assert pull.check(home(), "model") == []


@pytest.mark.parametrize(("status", "said"), [
    (404, "no model org/model.*404.*--from modelscope"), (401, "without a login"), (403, "without a login"),
    (418, "answered 418"), (500, "answered 500")])
def test_a_hub_that_says_no(hub, status, said):
    hub.status = status
    with pytest.raises(ModelError, match=said):
        pull.pull("org/model", "huggingface", home())
    assert here() == []


def test_a_file_that_is_gone_is_named(hub):
    hub.failures = [404]
    with pytest.raises(ModelError, match=r"no file .* of org/model \(404\)"):
        pull.pull("org/model", "huggingface", home())


@pytest.mark.parametrize("said", [b"<html>please log in</html>", {}, [], {"Code": 200, "Data": None}, {"sha": "x"}])
@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
def test_an_answer_of_another_kind(hub, source, said):
    hub.listing = said
    with pytest.raises(ModelError, match=r"something else than a list|no model|holds no model"):
        pull.pull("org/model", source, home())
    assert here() == []


@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
def test_no_hub_at_all_says_the_offline_way(source, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("MODELSCOPE_DOMAIN", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match=rf"no answer from {source} at 127.0.0.1.*download .*BAAI/bge-m3.*pull bge-m3 --from FOLDER"):
        pull.pull("bge-m3", source, home())
    assert here() == []


@pytest.mark.parametrize("path", ["../x.json", "/etc/x.json", "a/../../x.safetensors", "C:/x.json", "a\\b.json"])
def test_a_path_that_leads_elsewhere_is_refused(path):
    with pytest.raises(ModelError, match="outside the model's folder"):
        taken([path, BIG], "it")


def test_pickled_weights_are_refused(hub):
    del hub.files[BIG]
    with pytest.raises(ModelError, match=r"only as pytorch_model\.bin.*run code.*--revision"):
        pull.pull("org/model", "huggingface", home())


def test_a_folder_is_copied_and_needs_no_network(model, network_attempts):
    came = []
    got = pull.pull("mine", str(model), home(), told=came.append)
    assert (got.name, got.kind, got.repo, got.source) == ("mine", "embedder", "", str(model))
    assert got.revision.startswith("sha256:")
    assert sum(came) == got.bytes
    assert fingerprint(locate("mine")) == fingerprint(model)
    assert network_attempts == []
    with pytest.raises(InputError, match=r"mine is here already.*models remove mine"):
        pull.pull("mine", str(model), home())


def test_links_of_a_hubs_cache_are_followed(model, tmp_path):
    blob = (model / BIG).rename(tmp_path / "blob")
    (model / BIG).symlink_to(blob)
    pull.pull("mine", str(model), home())
    copy = locate("mine") / BIG
    assert copy.is_file() and not copy.is_symlink()


def test_folders_that_are_no_model(model, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="holds no model"):
        pull.pull("mine", str(tmp_path / "empty"), home())
    with pytest.raises(InputError, match=r"neither a hub \(huggingface, modelscope\) nor a folder"):
        pull.pull("mine", str(tmp_path / "none"), home())
    (model / BIG).write_bytes((model / BIG).read_bytes()[:-9])
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged or cut off"):
        pull.pull("mine", str(model), home())
    assert here() == []


@pytest.mark.parametrize(("change", "said"), [
    (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer"),
    (lambda f: (f / "modules.json").unlink(), r"neither config\.json nor modules\.json"),
    (lambda f: (f / "modules.json").write_text("{"), r"modules\.json can't be read"),
    (lambda f: (f / "modules.json").write_text('[{"idx": 0, "type": "os.system", "path": ""}]'), r"code of its own \(os.system\)"),
    (lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-2.safetensors"}}'), r"lacks model-2"),
])
def test_parts_that_are_missing_or_foreign(model, change, said):
    change(model)
    with pytest.raises(ModelError, match=said):
        examine(model, "it")


def test_the_kind_of_a_model_is_told_from_its_configuration(model, tmp_path):
    assert examine(model, "it") == "embedder"
    with pytest.raises(ModelError, match=r"kind embedder .*not reranker"):
        examine(model, "it", "reranker")
    (model / "config.json").write_text('{"architectures": ["BertForSequenceClassification"]}')
    assert examine(model, "it") == "reranker"
    (model / "modules.json").unlink()
    (model / "config.json").write_text('{"architectures": ["Qwen3ForCausalLM"]}')
    with pytest.raises(ModelError, match="it has no chat template"):
        examine(model, "it")
    (model / "chat_template.jinja").write_text("{{ messages }}")
    assert examine(model, "it") == "generator"
    (model / "chat_template.jinja").unlink()
    (model / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    assert examine(model, "it") == "generator"
    (model / "config.json").write_text('{"architectures": ["BertForQuestionAnswering"]}')
    with pytest.raises(ModelError, match="no use here"):
        examine(model, "it")


def test_a_preset_brings_its_prompts_where_the_model_has_none(tmp_path):
    plain = save_static(tmp_path / "plain", dim=384)
    prompted, longer = (
        save_static(tmp_path / name, prompts=said, dim=768) for name, said in (("prompted", {"query": "会", "document": "省"}), ("longer", None)))
    pull.pull("multilingual-e5-small", str(plain), home())
    pull.pull("multilingual-e5-base", str(prompted), home())
    bare = load_embedder(Settings(embedder=str(plain)))
    small = load_embedder(Settings(embedder="multilingual-e5-small"))
    assert small.encode_queries(["工"]).tolist() == bare.encode_queries(["query: 工"]).tolist()
    assert small.encode_passages(["工"]).tolist() == bare.encode_passages(["passage: 工"]).tolist()
    assert small.fingerprint != bare.fingerprint  # prompts decide vectors
    base = load_embedder(Settings(embedder="intfloat/multilingual-e5-base"))  # its name on the hub will do
    bare = load_embedder(Settings(embedder=str(longer)))
    assert base.encode_queries(["工"]).tolist() == bare.encode_queries(["会工"]).tolist()
    assert base.fingerprint == fingerprint(prompted, ("query: ", "passage: "))


def test_a_folder_under_a_presets_name_has_its_dimension(model):
    with pytest.raises(ModelError, match="model of 8 dimensions, multilingual-e5-small has 384; give it another name"):
        pull.pull("multilingual-e5-small", str(model), home())
    assert here() == []


@pytest.mark.parametrize(("modules", "configs", "length"), [
    ([], {"": {"hidden_size": 32}}, 32),
    ([], {"": {}}, None),
    (["Transformer", "Pooling"], {"": {"hidden_size": 32}, "1": {"word_embedding_dimension": 32, "pooling_mode_cls_token": True}}, 32),
    (["Transformer", "Pooling"], {"1": {"embedding_dimension": 32, "pooling_mode": ["cls", "mean"]}}, 64),
    (["Transformer", "Pooling", "Dense", "Normalize"], {"1": {}, "2": {"in_features": 32, "out_features": 5}}, 5),
    (["Transformer", "CNN"], {"": {"hidden_size": 32}}, None),
])
def test_the_length_of_vectors_is_read_from_the_configuration(tmp_path, modules, configs, length):
    for place, said in configs.items():
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / "config.json").write_text(json.dumps(said))
    if modules:
        (tmp_path / "modules.json").write_text(json.dumps(
            [{"idx": n, "type": f"sentence_transformers.models.{kind}", "path": str(n or "")} for n, kind in enumerate(modules)]))
    assert dimension(tmp_path) == length


@pytest.mark.parametrize(("source", "said"), [
    ("modelscop", "did you mean 'modelscope'"), ("HuggingFace", "did you mean 'huggingface'"), ("", "neither a hub"),
    ("  ", "neither a hub"), ("./nowhere", r"nor a folder$")])
def test_a_source_that_is_none_is_said_before_the_name(source, said):
    with pytest.raises(InputError, match=said):
        pull.pull("foo/bar", source, home())


def test_a_model_from_a_folder_gets_a_plain_name(model):
    with pytest.raises(InputError, match=r"plain one, for instance bar$"):
        pull.pull("foo/bar", str(model), home())


def test_a_list_of_names_ends_with_a_full_stop():
    with pytest.raises(InputError, match=r"Phi-4-mini-instruct\. Any other goes"):
        pull.pull("zzz", "huggingface", home())


@pytest.mark.parametrize("left", ["file", "from a hub"])
def test_the_command_that_brings_a_model_again(hub, model, left):
    if left == "file":
        pull.pull("mine", f"{model}", home())
        assert pull.again(home(), "mine") == f"zhiyin models pull mine --from {model}"
    else:
        for source, said in (("huggingface", ""), ("modelscope", " --from modelscope")):
            pull.pull("org/model", source, home())
            assert pull.again(home(), "model") == f"zhiyin models pull org/model{said}"
            pull.remove(home(), "model")


@pytest.mark.parametrize(("name", "said"), [
    ("bge-m4", "did you mean 'bge-m3'"), ("zzz", "known: bundled, bundled-fast, reader"), ("bundled", "comes with the package"),
    ("READER", "comes with the package"), ("", "no model ''"), ("../x", "no model"), ("a/b/c", "no model")])
def test_names_that_can_not_be_pulled(name, said):
    with pytest.raises(InputError, match=said):
        pull.pull(name, "huggingface", home())


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "x" * 97, "a b"])
def test_names_that_can_not_be_those_of_a_folder(name, model):
    with pytest.raises(InputError, match="can't be the name"):
        pull.pull(name, str(model), home())


def test_every_preset_says_what_it_costs():
    names = [preset.name for preset in presets.PRESETS]
    assert len(set(names)) == len(names)
    for preset in presets.PRESETS:
        assert presets.check_name(preset.name) == preset.name
        assert preset.disk_mb > 0 and preset.memory_mb > preset.disk_mb and preset.licence
        assert (preset.dim is not None) == (preset.kind == "embedder")
        assert presets.find(preset.name.upper()) is preset
        assert not preset.repo or presets.find(preset.repo) is preset
    assert presets.find("") is None


def test_what_changed_after_it_was_pulled_is_found(model):
    pull.pull("mine", str(model), home())
    where = locate("mine")
    (where / "tokenizer.json").write_text("{}")
    (where / "modules.json").unlink()
    (where / "extra.json").write_text("{}")
    assert [line.partition("mine/")[2] for line in pull.check(home(), "mine")] == [
        "modules.json is missing", "tokenizer.json was changed after it was pulled (SHA-256 differs)",
        "extra.json does not belong there"]
    (where / installed.MANIFEST).write_text("{")
    assert "damaged" in pull.check(home(), "mine")[0]
    with pytest.raises(ModelError, match="models pull mine"):
        load_embedder(Settings(embedder="mine"))
    with pytest.raises(InputError, match=r"no pulled model 'other'.*mine"):
        pull.check(home(), "other")


def test_a_full_disk_is_said_before_and_while(hub, model, monkeypatch):
    real = pull.shutil.disk_usage
    monkeypatch.setattr(pull.shutil, "disk_usage", lambda path: real(path)._replace(free=1000))
    for source in ("huggingface", str(model)):
        with pytest.raises(ModelError, match="MB more and there are 0 MB free"):
            pull.pull("org/model" if source == "huggingface" else "mine", source, home())


def test_a_disk_that_fills_up_meanwhile_keeps_what_came(model, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pull, "sha256", full)
    with pytest.raises(ModelError, match=r"can't write mine.*No space left.*models remove mine"):
        pull.pull("mine", str(model), home())
    assert here() == [".pulling-mine"]
    assert pull.remove(home(), "mine") > 0
    assert here() == []
    with pytest.raises(InputError, match="no pulled model"):
        pull.remove(home(), "mine")


def test_two_pulls_of_one_model_do_not_meet(model):
    staging = installed.root(home()) / ".pulling-mine"
    with pull._alone(staging), pytest.raises(ModelError, match="another process is pulling mine"):
        pull.pull("mine", str(model), home())
    with pull._alone(staging), pytest.raises(ModelError, match="another process is pulling mine"):
        pull.remove(home(), "mine")
    (staging.parent / ".removed-other-1").mkdir()  # what a killed removal left
    assert pull.pull("mine", str(model), home()).name == "mine"
    assert here() == ["mine"]


def test_a_lock_that_is_taken_away_at_the_end_lets_no_second_one_in(tmp_path):
    inside, most, done = [], [], []

    def work():
        while len(done) < 200:
            try:
                with pull._alone(tmp_path / ".pulling-x"):
                    inside.append(1)
                    time.sleep(0.001)
                    most.append(len(inside))
                    inside.pop()
                    done.append(1)
            except ModelError:
                continue

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_killed_pull_leaves_nothing_that_looks_whole(hub, monkeypatch):
    """Killed while a file comes in; the next run finishes."""
    blocked = Hub(hub.files)
    blocked.cut = [300]
    code = (
        "import time\nfrom rag.config import home\nfrom rag.hub import download, pull\n"
        "download.sleep = lambda seconds: (print('waiting', flush=True), time.sleep(60))\n"
        "pull.pull('org/model', 'huggingface', home())"
    )
    with serving(blocked) as address:
        child = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"HF_ENDPOINT": address}, stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"waiting\n"
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
    assert here() == [".pulling-model", ".pulling-model.lock"]
    assert installed.every(home()) == []
    with pytest.raises(ModelError):
        locate("model")
    pull.pull("org/model", "huggingface", home())
    assert (BIG, "bytes=300-") in hub.asked
    assert pull.check(home(), "model") == []
    assert here() == ["model"]


def test_git_and_sha256_digests(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"hello\n")
    assert download.matches(path, "git:ce013625030ba8dba906f756967f9e9ca394464a")  # `echo hello | git hash-object --stdin`
    assert download.matches(path, "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
    assert not download.matches(path, "git:" + "0" * 40)


def test_the_default_hubs_are_the_public_ones(monkeypatch):
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    monkeypatch.delenv("MODELSCOPE_DOMAIN", raising=False)
    asked = []

    class Client:
        def get(self, url):
            asked.append(url)
            raise ValueError("enough")

    for name in sources.HUBS:
        with pytest.raises(ModelError):
            sources.listing(name, Client(), "o/m", None)
    assert asked == ["https://huggingface.co/api/models/o/m/revision/main",
                     "https://www.modelscope.cn/api/v1/models/o/m/repo/files?Revision=master&Recursive=true"]
