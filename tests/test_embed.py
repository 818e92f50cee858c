"""Embedders: a static model by NumPy and by sentence-transformers alike, any other model, names, prompts, fingerprints."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from rag.config import Settings, home
from rag.encoder import embed
from rag.encoder.embed import (
    SentenceTransformerEmbedder,
    fingerprint,
    load_embedder,
    load_sentence_transformer,
    locate,
)
from rag.encoder.embedder import BertEmbedder, pooling
from rag.encoder.static import StaticEmbedder, is_static
from rag.errors import ModelError
from rag.hub import pull

TEXTS = ["省总工会帮扶困难职工", "2022年", "全部都不认识:xyz", "会", "", "工会" * 200]
VOCABULARY = {token: n for n, token in enumerate(["[UNK]", *dict.fromkeys("省总工会帮扶困难职工问题:20")])}


def tokenizer():
    made = Tokenizer(models.WordLevel(VOCABULARY, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return made


def table(kind="float32", seed=0, dim=8):
    return np.random.default_rng(seed).normal(size=(len(VOCABULARY), dim)).astype(kind)


def save_static(folder, *, prompts=None, default=None, normalise=True, kind="float32", seed=0, dim=8):
    """What `SentenceTransformer([StaticEmbedding, Normalize]).save` writes, without importing it (see the slow test)."""
    from safetensors.numpy import save_file

    folder.mkdir()
    modules = [{"idx": 0, "name": "0", "path": "",
                "type": "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding"}]
    if normalise:
        modules.append({"idx": 1, "name": "1", "path": "1_Normalize",
                        "type": "sentence_transformers.base.modules.normalize.Normalize"})
        (folder / "1_Normalize").mkdir()
        (folder / "1_Normalize/config.json").write_text(
            json.dumps({"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"}))
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "config_sentence_transformers.json").write_text(json.dumps(
        {"model_type": "SentenceTransformer", "prompts": prompts or {}, "default_prompt_name": default,
         "similarity_fn_name": "cosine"}))
    save_file({"embedding.weight": table(kind, seed, dim)}, folder / "model.safetensors")
    tokenizer().save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def static(tmp_path):
    return save_static(tmp_path / "static")


def load(folder):
    return load_embedder(Settings(embedder=str(folder)))


def test_a_static_model_is_the_mean_of_its_rows(static):
    model = load(static)
    assert isinstance(model, StaticEmbedder)
    mean = table()[[VOCABULARY["工"], VOCABULARY["会"]]].mean(axis=0)
    assert model.encode_passages(["工会"])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert (model.dim, model.name, model.max_tokens) == (8, str(static), None)
    assert model.count_tokens("工会:x") == 4


def test_vectors_are_unit_float32_and_zeros_where_there_is_nothing(static):
    vectors = load(static).encode_queries(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((6, 8), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 1, 0, 1], abs=1e-6)
    assert load(static).encode_passages([]).shape == (0, 8)


def test_static_models_need_no_torch(static):
    code = (
        "import sys; from rag.config import Settings; from rag.encoder.embed import load_embedder;"
        f"load_embedder(Settings(embedder={str(static)!r})).encode_queries(['工会']);"
        "print({'torch', 'sentence_transformers', 'transformers'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_half_precision_is_summed_in_single(tmp_path):
    half = load(save_static(tmp_path / "half", kind="float16"))
    whole = load(save_static(tmp_path / "whole"))
    assert half.encode_passages(TEXTS) == pytest.approx(whole.encode_passages(TEXTS), abs=2e-3)
    assert half.encode_passages(TEXTS).dtype == np.float32


@pytest.mark.parametrize(("prompts", "default", "query", "passage"), [
    ({}, None, "", ""),
    ({"query": "问:", "document": "题:"}, None, "问:", "题:"),
    ({"query": "问:", "passage": "省", "corpus": "会"}, None, "问:", "省"),
    ({"query": "问:", "passage": "省", "document": ""}, None, "问:", "省"),
    ({"query": "问:", "document": ""}, "query", "问:", ""),
    ({"other": "难"}, "other", "难", "难"),
    ({"query": "", "document": None}, None, "", ""),
])
def test_prompts_are_the_models_own(prompts, default, query, passage, tmp_path):
    model = load(save_static(tmp_path / "prompted", prompts=prompts, default=default))
    plain = load(save_static(tmp_path / "plain"))
    assert model.encode_queries(["工会"]).tolist() == plain.encode_queries([query + "工会"]).tolist()
    assert model.encode_passages(["工会"]).tolist() == plain.encode_passages([passage + "工会"]).tolist()


@pytest.mark.parametrize("change", ["modules", "table", "no modules", "no weights"])
def test_what_numpy_can_not_run_is_left_to_sentence_transformers(static, change):
    from safetensors.numpy import save_file

    assert is_static(static)
    if change == "modules":
        modules = json.loads((static / "modules.json").read_text())
        (static / "modules.json").write_text(json.dumps([*modules, {"idx": 2, "type": "x.Dense", "path": "2_Dense"}]))
    elif change == "table":
        save_file({"embeddings": table(), "mapping": np.arange(3)}, static / "model.safetensors")
    else:
        (static / ("modules.json" if change == "no modules" else "model.safetensors")).unlink()
    assert not is_static(static)


def test_threads_share_a_static_model(static):
    model, expected, wrong = load(static), load(static).encode_passages(TEXTS), []

    def work():
        for _ in range(30):
            if not np.array_equal(model.encode_passages(TEXTS), expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_fingerprint_is_of_the_bytes_and_not_of_the_place(static, tmp_path):
    first = fingerprint(static)
    assert first.startswith("sha256:")
    copy = shutil.copytree(static, tmp_path / "copy")
    (copy / "README.md").write_text("about it")
    (copy / ".gitattributes").write_text("x")
    assert fingerprint(copy) == first
    other = save_static(tmp_path / "other", seed=1)
    assert fingerprint(other) != first
    (copy / "config_sentence_transformers.json").write_text('{"prompts": {"query": "Q: "}}')
    assert fingerprint(copy) != first


def test_a_fingerprint_is_worked_out_once(static, monkeypatch):
    first = fingerprint(static)
    monkeypatch.setattr(embed.hashlib, "file_digest", None)  # would be needed to work it out again
    assert fingerprint(static) == first


def test_a_model_that_is_nowhere_says_what_to_do_offline(network_attempts):
    with pytest.raises(ModelError, match=r"org/none.*hf download org/none --local-dir"):
        load_embedder(Settings(embedder="org/none"))
    assert network_attempts == []


@pytest.mark.parametrize("name", ["", "a/b/c", "no such model", "../x"])
def test_nonsense_names_are_model_errors(name):
    if Path(name).is_dir() and name:
        pytest.skip("is a folder here")
    with pytest.raises(ModelError):
        locate(name or "?")


def test_the_bundled_model_is_looked_for_in_the_package(monkeypatch, tmp_path):
    monkeypatch.setattr(embed, "__file__", str(tmp_path / "encoder" / "embed.py"))
    with pytest.raises(ModelError, match="bundled"):
        load_embedder(Settings())
    (tmp_path / "models").mkdir()
    save_static(tmp_path / "models/embedder")
    model = load_embedder(Settings())
    assert model.name == "bundled"
    assert model.encode_queries(["工会"]).shape == (1, 8)


@pytest.mark.parametrize(("name", "dim"), [("bundled", 384), ("bundled-fast", 256)])
def test_the_models_of_the_package(name, dim):
    model = load_embedder(Settings(embedder=name))
    asked, right, wrong = "图书馆几点关门？", "本馆每日上午九时开放，下午五时闭馆。", "食堂提供早餐、午餐和晚餐，凭卡就餐。"
    near, far = (model.encode_queries([asked]) @ model.encode_passages([right, wrong]).T)[0]
    assert (model.name, model.dim) == (name, dim)
    assert near > far


def test_a_name_in_the_cache_is_found(static, monkeypatch):
    monkeypatch.setattr(embed, "_in_hub_cache", lambda name: static if name == "org/model" else None)
    assert load_embedder(Settings(embedder="org/model")).name == "org/model"


def test_a_plugin_gets_what_follows_its_name(monkeypatch):
    monkeypatch.setattr(embed.registry, "names", lambda group: ["mine"])
    monkeypatch.setattr(embed.registry, "load", lambda group, name: lambda rest: (group, name, rest))
    assert load_embedder(Settings(embedder="mine:the model:2")) == ("embedders", "mine", "the model:2")


@pytest.mark.parametrize(("head", "said"), [
    ("BertForSequenceClassification", 'kind reranker.*reranker = "'), ("Qwen3ForCausalLM", 'kind generator.*generator = "'),
    ("BertForQuestionAnswering", "kind extractor.*Take another embedder")])
def test_a_model_of_another_kind_is_no_embedder(tmp_path, head, said):
    (tmp_path / "config.json").write_text(json.dumps({"architectures": [head]}))
    with pytest.raises(ModelError, match=said):
        load(tmp_path)


def test_modules_make_an_embedder_of_a_language_model(static):
    (static / "config.json").write_text('{"architectures": ["Qwen3ForCausalLM"]}')
    assert load(static).dim == 8


@pytest.mark.parametrize("name", ["tokenizer.json", "modules.json", "model.safetensors", ".zhiyin.json"])
def test_a_damaged_model_that_was_pulled_says_how_to_get_it_again(static, name):
    pull.pull("mine", str(static), home())
    (home() / "models/mine" / name).write_text("{")
    with pytest.raises(ModelError, match=r"mine.*models (check|pull) mine|mine.*fetch or copy it again"):
        load_embedder(Settings(embedder="mine"))


def test_a_damaged_model_is_named(static):
    (static / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="static"):
        load(static)


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """A tiny, randomly initialised BERT with mean pooling and prompts."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as parts
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *VOCABULARY]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder / "base")
    BertModel(
        BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
                   max_position_embeddings=64)).save_pretrained(folder / "base")
    words_in = parts.Transformer(str(folder / "base"), max_seq_length=64)
    model = SentenceTransformer(modules=[words_in, parts.Pooling(16)], device="cpu",
                                prompts={"query": "问题:", "document": "省"})
    model.save(str(folder / "model"))
    return folder / "model"


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"normalise": False}, {"prompts": {"query": "问题:", "passage": "省"}}])
def test_numpy_and_sentence_transformers_agree(options, tmp_path):
    folder = save_static(tmp_path / "static", **options)
    ours, theirs = load(folder), SentenceTransformerEmbedder("x", folder)
    assert isinstance(ours, StaticEmbedder)
    assert ours.encode_queries(TEXTS) == pytest.approx(theirs.encode_queries(TEXTS), abs=1e-6)
    assert ours.encode_passages(TEXTS) == pytest.approx(theirs.encode_passages(TEXTS), abs=1e-6)
    assert [ours.count_tokens(text) for text in TEXTS] == [theirs.count_tokens(text) for text in TEXTS]
    assert (ours.dim, ours.fingerprint, ours.max_tokens) == (theirs.dim, theirs.fingerprint, theirs.max_tokens)


@pytest.mark.slow
def test_what_sentence_transformers_saves_is_read_without_it(tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding

    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer(), embedding_weights=table()), Normalize()], device="cpu",
                                prompts={"query": "问题:", "document": "省"})
    model.save(str(tmp_path / "saved"))
    ours = load(tmp_path / "saved")
    assert isinstance(ours, StaticEmbedder)
    assert ours.encode_queries(TEXTS) == pytest.approx(model.encode_query(TEXTS, normalize_embeddings=True), abs=1e-6)


@pytest.fixture(params=[load, lambda folder: SentenceTransformerEmbedder(str(folder), folder)], ids=["ours", "sentence-transformers"])
def read(request):
    """The two ways to read a BERT's folder."""
    return request.param


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"pooling_mode": "cls"}, {"normalise": True}, {"prompts": {"query": "问题:", "passage": "省"}}])
def test_a_bert_is_read_as_sentence_transformers_reads_it(bert, options, tmp_path):
    folder = shutil.copytree(bert, tmp_path / "copy")
    if "pooling_mode" in options:
        path = folder / "1_Pooling" / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "pooling_mode": "cls"}))
    if "normalise" in options:
        path = folder / "modules.json"
        modules = json.loads(path.read_text())
        kind = modules[1]["type"].replace("sentence_transformer.modules.pooling.Pooling", "base.modules.normalize.Normalize")
        (folder / "2_Normalize").mkdir()
        (folder / "2_Normalize" / "config.json").write_text("{}")
        path.write_text(json.dumps([*modules, {"idx": 2, "name": "2", "path": "2_Normalize", "type": kind}]))
    if "prompts" in options:
        path = folder / "config_sentence_transformers.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "prompts": options["prompts"]}))
    ours, theirs = load(folder), SentenceTransformerEmbedder("x", folder)
    assert isinstance(ours, BertEmbedder)
    long = ["省总工会" * 40, *TEXTS]
    assert ours.encode_queries(long) == pytest.approx(theirs.encode_queries(long), abs=1e-5)
    assert ours.encode_passages(long) == pytest.approx(theirs.encode_passages(long), abs=1e-5)
    assert [ours.count_tokens(text) for text in TEXTS] == [theirs.count_tokens(text) for text in TEXTS]
    assert (ours.dim, ours.fingerprint, ours.max_tokens) == (theirs.dim, theirs.fingerprint, theirs.max_tokens)


@pytest.mark.parametrize(
    ("file", "change"),
    [("config.json", {"model_type": "roberta"}), ("config.json", {"hidden_act": "relu"}), ("1_Pooling/config.json", {"pooling_mode": "max"}),
     ("config.json", {"position_embedding_type": "relative_key"})],
)  # fmt: skip
def test_another_kind_of_model_is_left_to_sentence_transformers(bert, file, change, tmp_path):
    folder = shutil.copytree(bert, tmp_path / "copy")
    assert pooling(folder) == "mean"
    (folder / file).write_text(json.dumps({**json.loads((folder / file).read_text()), **change}))
    assert pooling(folder) is None


@pytest.mark.slow
def test_any_sentence_transformer_can_be_used(bert, read):
    model = read(bert)
    assert (model.dim, model.max_tokens, model.name) == (16, 64, str(bert))
    vectors = model.encode_passages(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((6, 16), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0] * 6, abs=1e-5)
    assert model.count_tokens("省总工会") == 4
    assert model.encode_passages([]).shape == (0, 16)


@pytest.mark.slow
def test_the_prompts_of_any_model_are_used(bert, read):
    model = read(bert)
    same = SentenceTransformerEmbedder("x", bert)._model.encode(["问题:工会", "省工会"], normalize_embeddings=True)
    assert model.encode_queries(["工会"])[0] == pytest.approx(same[0], abs=1e-5)
    assert model.encode_passages(["工会"])[0] == pytest.approx(same[1], abs=1e-5)
    assert not np.allclose(same[0], same[1], atol=1e-3)


@pytest.mark.slow
def test_threads_share_any_model(bert, read):
    model, wrong = read(bert), []
    expected = model.encode_passages(TEXTS)

    def work():
        try:
            for _ in range(5):
                assert np.allclose(model.encode_passages(TEXTS), expected, atol=1e-5)
                assert model.count_tokens("省总工会") == 4
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.slow
def test_an_empty_folder_is_no_model(tmp_path):
    with pytest.raises(ModelError, match=r"modules\.json"):
        load_sentence_transformer(str(tmp_path))


@pytest.mark.slow
def test_vectors_that_are_not_finite_are_refused(tmp_path):
    import safetensors.numpy

    folder = save_static(tmp_path / "nan")
    safetensors.numpy.save_file({"embedding.weight": np.full((len(VOCABULARY), 8), np.nan, np.float32)},
                                folder / "model.safetensors")
    with pytest.raises(ModelError, match="finite"):
        SentenceTransformerEmbedder("x", folder)
