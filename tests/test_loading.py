"""Models of the shapes that the presets have, made small here, saved, pulled from their folder and loaded by name."""

import json
import shutil

import numpy as np
import pytest

from rag.config import Settings, home
from rag.encoder.embed import SentenceTransformerEmbedder, load_embedder
from rag.errors import ModelError
from rag.hub import pull
from rag.retrieve.rerank import load_cross_encoder

from .test_embed import VOCABULARY
from .test_rerank import PASSAGES, QUESTION, save_model

pytestmark = pytest.mark.slow

TEXTS = ["省总工会", "困难职工问题", "工", "帮扶" * 40]
WORDS = {token: n for n, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[END]", *VOCABULARY, "yes", "no"])}


def fast_tokenizer(*, left=False, end=None):
    """One token a character; `end` is put after each text, as Qwen's embedding models want it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    if end:
        made.post_processor = processors.TemplateProcessing(single=f"$A {end}", pair=f"$A $B {end}", special_tokens=[(end, WORDS[end])])
    else:
        made.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
                                   mask_token="[MASK]", eos_token=end, padding_side="left" if left else "right", model_max_length=64)


def save_sentence_transformer(folder, base, tokenizer, *, pooling, prompts):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as parts

    base.save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    words_in = parts.Transformer(str(folder / "base"), max_seq_length=64)
    modules = [words_in, parts.Pooling(base.config.hidden_size, pooling_mode=pooling), parts.Normalize()]
    SentenceTransformer(modules=modules, device="cpu", prompts=prompts).save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def qwen(tmp_path_factory):
    import torch
    from transformers import Qwen3Config, Qwen3Model

    torch.manual_seed(0)
    base = Qwen3Model(Qwen3Config(vocab_size=len(WORDS), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                                  num_key_value_heads=2, head_dim=8, max_position_embeddings=128))
    return save_sentence_transformer(tmp_path_factory.mktemp("qwen"), base, fast_tokenizer(left=True, end="[END]"), pooling="lasttoken",
                                     prompts={"query": "问题:", "document": ""})


@pytest.fixture(scope="module")
def modern(tmp_path_factory):
    import torch
    from transformers import ModernBertConfig, ModernBertModel

    torch.manual_seed(0)
    base = ModernBertModel(ModernBertConfig(
        vocab_size=len(WORDS), hidden_size=512, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=128,
        pad_token_id=0, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3, local_attention=16))
    return save_sentence_transformer(tmp_path_factory.mktemp("modern"), base, fast_tokenizer(), pooling="mean", prompts={})


def pulled(folder, name):
    pull.pull(name, str(folder), home())
    return load_embedder(Settings(embedder=name))


def test_a_qwen_takes_its_last_token_and_its_own_prompt(qwen, network_attempts):
    """By hand: prompt and text, the closing token's state, to length one."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = pulled(qwen, "small-qwen")
    assert isinstance(model, SentenceTransformerEmbedder)
    assert (model.dim, model.max_tokens) == (32, 64)
    tokenizer, base = AutoTokenizer.from_pretrained(qwen), AutoModel.from_pretrained(qwen).eval()
    for texts, prompt, encode in ((TEXTS, "问题:", model.encode_queries), (TEXTS, "", model.encode_passages)):
        expected = []
        for text in texts:
            tokens = tokenizer(prompt + text, return_tensors="pt", truncation=True, max_length=64)
            assert tokens["input_ids"][0, -1] == WORDS["[END]"]
            with torch.inference_mode():
                state = base(**tokens).last_hidden_state[0, -1]
            expected.append((state / state.norm()).numpy())
        np.testing.assert_allclose(encode(texts), np.stack(expected), atol=1e-4)
    assert model.count_tokens("省总工会") == 4
    assert network_attempts == []


def test_a_modern_bert_is_the_mean_of_its_tokens_with_the_prompts_of_the_preset(modern):
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = pulled(modern, "bge-small-zh-v1.5")
    tokenizer, base = AutoTokenizer.from_pretrained(modern), AutoModel.from_pretrained(modern).eval()
    for prompt, encode in (("为这个句子生成表示以用于检索相关文章\uff1a", model.encode_queries), ("", model.encode_passages)):
        tokens = tokenizer([prompt + "省总工会"], return_tensors="pt")
        with torch.inference_mode():
            mean = base(**tokens).last_hidden_state[0].mean(axis=0)
        np.testing.assert_allclose(encode(["省总工会"])[0], (mean / mean.norm()).numpy(), atol=1e-4)
    texts = model.encode_passages(TEXTS)  # padded together
    np.testing.assert_allclose(texts, np.concatenate([model.encode_passages([text]) for text in TEXTS]), atol=1e-4)


def test_a_plain_encoder_without_modules_is_pooled_by_its_mean(modern, tmp_path):
    """As `hf download` leaves a model that was never saved by sentence-transformers."""
    folder = tmp_path / "plain"
    folder.mkdir()
    for path in modern.iterdir():
        if path.is_file() and path.name != "modules.json" and "sentence" not in path.name:
            shutil.copy(path, folder)
    plain, whole = pulled(folder, "plain"), pulled(modern, "whole")
    np.testing.assert_allclose(plain.encode_passages(TEXTS), whole.encode_passages(TEXTS), atol=1e-5)


def test_a_cross_encoder_by_name(tmp_path):
    folder = save_model(tmp_path / "cross")
    assert pull.pull("bge-reranker-base", str(folder), home()).kind == "reranker"
    ours, theirs = load_cross_encoder("BAAI/bge-reranker-base"), load_cross_encoder(str(folder))
    np.testing.assert_array_equal(ours.score(QUESTION, PASSAGES), theirs.score(QUESTION, PASSAGES))
    assert ours.fingerprint == theirs.fingerprint


@pytest.mark.parametrize(("kind", "name"), [("encoder", "bge-reranker-base"), ("cross", "bge-m3")])
def test_a_folder_of_the_wrong_kind_is_not_taken_for_a_preset(kind, name, modern, tmp_path):
    folder = modern if kind == "encoder" else save_model(tmp_path / "cross")
    with pytest.raises(ModelError, match=f"{name} holds a model of the kind"):
        pull.pull(name, str(folder), home())


@pytest.mark.parametrize(("damage", "said"), [
    (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer"),
    (lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-100]), "damaged or cut off"),
    (lambda f: (f / "model.safetensors").unlink(), "holds no model"),
    (lambda f: (f / "config.json").write_text("{"), r"config\.json can't be read"),
])
def test_what_is_damaged_is_not_pulled(modern, tmp_path, damage, said):
    copy = shutil.copytree(modern, tmp_path / "copy")
    damage(copy)
    with pytest.raises(ModelError, match=said):
        pull.pull("mine", str(copy), home())


@pytest.mark.parametrize("damage", [
    lambda f: (f / "tokenizer.json").unlink(),
    lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-100]),
    lambda f: (f / "config.json").write_text(json.dumps({"model_type": "no-such-thing", "architectures": ["NoSuch"]})),
    lambda f: (f / "config.json").write_text(json.dumps({"auto_map": {"AutoConfig": "mine.Mine", "AutoModel": "mine.Model"}, "model_type": "mine"})),
])
def test_what_was_damaged_later_is_a_model_error_with_its_name(modern, damage):
    pull.pull("mine", str(modern), home())
    damage(home() / "models/mine")
    with pytest.raises(ModelError, match="can't load the embedder 'mine'"):
        load_embedder(Settings(embedder="mine"))
