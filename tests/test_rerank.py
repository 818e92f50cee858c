"""Reranking with a real, tiny, randomly initialised cross-encoder, saved to a folder and loaded from it."""

import shutil

import numpy as np
import pytest

from rag import registry
from rag.errors import ModelError
from rag.retrieve.rerank import load_cross_encoder

QUESTION = "全省新建职工书屋多少家？"
PASSAGES = ["新建职工书屋318家", "服务职工12万人次", "五年来", "职工"]


def save_model(folder, labels=1, head=True):
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast

    folder.mkdir(exist_ok=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set(QUESTION + "".join(PASSAGES)))]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64)
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=64, num_labels=labels, initializer_range=0.5,
    )  # fmt: skip
    (BertForSequenceClassification if head else BertModel)(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("重排"))


@pytest.fixture(scope="module")
def reranker(folder):
    return load_cross_encoder(str(folder))


def test_the_entry_point_leads_here():
    assert registry.load("rerankers", "cross-encoder") is load_cross_encoder


def test_scores_are_the_models_own(reranker, folder):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    expected = []
    with torch.inference_mode():
        for passage in PASSAGES:
            logits = model(**tokenizer(QUESTION, passage, return_tensors="pt")).logits
            expected.append(torch.sigmoid(logits).item())  # a CrossEncoder's activation for one label

    scores = reranker.score(QUESTION, PASSAGES)
    assert scores.dtype == np.float32 and scores.shape == (4,)
    np.testing.assert_allclose(scores, expected, rtol=1e-4)
    assert len(set(scores.tolist())) == 4


def test_each_pair_is_scored_for_itself(reranker):
    scores = reranker.score(QUESTION, PASSAGES)
    np.testing.assert_allclose(reranker.score(QUESTION, PASSAGES[::-1]), scores[::-1], rtol=1e-4)
    np.testing.assert_allclose(reranker.score(QUESTION, PASSAGES * 20), np.tile(scores, 20), rtol=1e-4)
    assert not np.allclose(reranker.score("五年来服务多少人次", PASSAGES), scores)


def test_nothing_to_score(reranker):
    scores = reranker.score(QUESTION, [])
    assert scores.shape == (0,) and scores.dtype == np.float32


def test_a_passage_longer_than_the_model_reads(reranker):
    assert np.isfinite(reranker.score(QUESTION, ["职工书屋" * 500, ""])).all()


def test_name_and_fingerprint(reranker, folder, tmp_path):
    assert reranker.name == str(folder)
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert load_cross_encoder(str(copy)).fingerprint == reranker.fingerprint
    assert load_cross_encoder(str(save_model(tmp_path / "other", labels=1))).fingerprint.startswith("sha256:")


def test_a_model_with_several_labels(tmp_path):
    with pytest.raises(ModelError, match="3 figures a pair"):
        load_cross_encoder(str(save_model(tmp_path / "m", labels=3)))


def test_a_plain_encoder_is_no_cross_encoder(tmp_path):
    with pytest.raises(ModelError, match=r"BertModel.*no cross-encoder"):
        load_cross_encoder(str(save_model(tmp_path / "m", head=False)))


@pytest.mark.parametrize("name", ["no/such-model", "/no/such/folder", "bundled"])
def test_a_model_that_is_not_there(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelError, match=f"no reranker at '{name}'.*never downloads"):
        load_cross_encoder(name)


@pytest.mark.parametrize("damage", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_folder(folder, tmp_path, damage):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / damage).write_bytes(b"{")
    with pytest.raises(ModelError, match=r"can't load the reranker .*copy"):
        load_cross_encoder(str(copy))


def test_a_model_that_gives_nan(folder, tmp_path):
    import torch
    from transformers import BertForSequenceClassification

    copy = shutil.copytree(folder, tmp_path / "copy")
    model = BertForSequenceClassification.from_pretrained(copy)
    with torch.no_grad():
        model.classifier.bias.fill_(float("nan"))
    model.save_pretrained(copy)
    with pytest.raises(ModelError, match="no usable scores"):
        load_cross_encoder(str(copy)).score(QUESTION, PASSAGES)


def test_the_bundled_reader_ranks_what_answers_first():
    from rag.registry import load
    from rag.retrieve.rerank import NO_ANSWER

    reranker = load("rerankers", "bundled")("bundled")
    passages = ["会议要求各级工会做好宣传工作。", "截至目前,活动覆盖企业9885家。", ""]
    scores = reranker.score("活动覆盖企业多少家?", passages)
    assert scores.shape == (3,)
    assert scores[1] > scores[0] > scores[2] == NO_ANSWER
    assert reranker.fingerprint.startswith("sha256:")


def test_a_package_without_the_reader_model_says_so(monkeypatch, tmp_path):
    from rag.encoder import reader
    from rag.errors import ModelError
    from rag.retrieve.rerank import load_reader

    monkeypatch.setattr(reader, "bundled", lambda: tmp_path)
    with pytest.raises(ModelError, match="reinstall"):
        load_reader("bundled")
