"""The optional model that says whether sentences entail a statement."""

import pytest

from rag.errors import ModelError
from rag.read import View
from rag.types import Part, Period, Sentence
from rag.verify.entailment import ENTAILED, Entailment, load_entailment, premise

TEXT = "全省新建职工书屋318家。服务职工12万人次。"
PART = Part("报告", TEXT, (), (Sentence(0, 13, 0), Sentence(13, len(TEXT), 0)), period=Period(2022, 2022), region="辽宁")
VIEWS = [View("a.txt", "", 0, PART, i) for i in range(2)]
SAID = ["318家", "319家", "服务职工", "书屋", "全省", "新建", "12万人次", "家", "次人万"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A BERT of random weights with three named classes."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("nli")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set(TEXT + "报告辽宁29"))]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    torch.manual_seed(5)
    labels = {0: "contradiction", 1: "neutral", 2: "Entailment"}
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=64, initializer_range=0.5, id2label=labels, label2id={v: k for k, v in labels.items()},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    return folder


def test_a_premise_has_what_the_document_says_of_its_sentences():
    assert premise(VIEWS) == "报告 2022 辽宁省\n全省新建职工书屋318家。\n服务职工12万人次。"
    assert premise([]) == ""


def test_probabilities_of_many_are_those_of_each(folder):
    model = load_entailment(str(folder))
    many = model.probabilities([(premise(VIEWS), said) for said in SAID])
    assert many.shape == (len(SAID), 3)
    assert many.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert many[:, 2] == pytest.approx([model.entails(premise(VIEWS), said) for said in SAID], abs=1e-5)
    passed = [model.proves(said, VIEWS) for said in SAID]
    assert passed == [p >= ENTAILED for p in many[:, 2]]
    assert set(passed) == {True, False}, "the model should tell them apart, or this test shows nothing"
    assert model.probabilities([]).shape[0] == 0


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ModelError, match=r"no entailment at .*nowhere"):
        load_entailment(str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match="holds no readable config"):
        Entailment(tmp_path)
