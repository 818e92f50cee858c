"""Which files of a model are taken, and whether a folder holds a model that can be loaded as it is.

No pickled weights and no code: both could do anything on the machine that loads them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import ModelError

WEIGHTS = ".safetensors"
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack", ".ot")
_TAKEN = (WEIGHTS, ".json", ".txt", ".model", ".jinja", ".md")
_OTHER_FORMATS = ("onnx", "openvino", "coreml", "gguf", "original")
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model", "tokenizer.model")
_OWN = "sentence_transformers."
KINDS = ("embedder", "reranker", "generator")


def taken(paths: Iterable[str], what: str) -> list[str]:
    """Of the POSIX `paths` of a model, those that are needed: safetensors, configuration, tokenizer, model card.

    `what` names it in errors. Raises ModelError for one without safetensors, and for a path that leads elsewhere.
    """
    known = list(paths)
    for path in known:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\\" in path or ":" in parts[0]:
            raise ModelError(f"{what} lists a file {path!r}, which would lie outside the model's folder; don't use it")
    chosen = [
        path
        for path in known
        if (path.endswith(_TAKEN) or PurePosixPath(path).name.upper() in ("LICENSE", "NOTICE"))
        and not any(part.startswith(".") or part in _OTHER_FORMATS for part in PurePosixPath(path).parts)
    ]
    if any(path.endswith(WEIGHTS) for path in chosen):
        return chosen
    pickled = [path for path in known if path.endswith(PICKLED)]
    if pickled:
        raise ModelError(
            f"{what} holds its weights only as {pickled[0]}: such a file can run code when it is loaded, and Zhiyin takes "
            "safetensors alone. Look for a revision with model.safetensors (--revision), or convert it where you trust "
            "it: SentenceTransformer(FOLDER).save(OTHER), then zhiyin models pull NAME --from OTHER"
        )
    raise ModelError(
        f"{what} holds no model: there is no {WEIGHTS} file in it. Give the folder that has config.json or modules.json"
    )


def examine(folder: Path, what: str, kind: str | None = None) -> str:
    """Say which kind of model `folder` holds: embedder, reranker or generator; `kind` is what it should be.

    Raises ModelError where parts are missing or damaged, it needs code of its own, or it is of another kind.
    """
    _weights(folder, what)
    modules, config = _read(folder / "modules.json", what), _read(folder / "config.json", what)
    if modules is None and config is None:
        raise ModelError(f"{what} has neither config.json nor modules.json at its top; is this the folder of the model?")
    foreign = [str(m.get("type")) for m in modules or [] if not str(m.get("type")).startswith(_OWN)]
    if foreign:
        raise ModelError(f"{what} needs code of its own ({foreign[0]}), and Zhiyin runs none that comes with a model")
    if not any(any(folder.rglob(name)) for name in _TOKENIZERS):
        raise ModelError(f"{what} has no tokenizer ({', '.join(_TOKENIZERS[:3])} …); fetch or copy it whole")
    found, heads = kind_of(folder, what)
    if found not in KINDS:
        raise ModelError(f"{what} holds a model of the kind {found} ({heads}), for which there is no use here")
    if kind is not None and kind != found:
        raise ModelError(f"{what} holds a model of the kind {found} ({heads}), not {kind}")
    if found == "generator" and not _chats(folder, what):
        raise ModelError(f"{what} has no chat template, so it is no chat model; take the instruction-tuned model of the same family")
    return found


def kind_of(folder: Path, what: str) -> tuple[str, str]:
    """The kind of model that the configuration in `folder` tells of, one of `KINDS` or `extractor`, and its architectures.

    Raises ModelError where the configuration can't be read.
    """
    modules, config = _read(folder / "modules.json", what), _read(folder / "config.json", what)
    named = config.get("architectures") if isinstance(config, dict) else None
    heads = [str(head) for head in named or []]
    if any("SequenceClassification" in head for head in heads) or _scores(folder):
        found = "reranker"
    elif modules is None and any("CausalLM" in head or "ConditionalGeneration" in head for head in heads):
        found = "generator"
    elif modules is None and any(part in head for head in heads for part in ("QuestionAnswering", "TokenClassification")):
        found = "extractor"
    else:
        found = "embedder"
    return found, ", ".join(heads) or "no architecture named"


def dimension(folder: Path) -> int | None:
    """The length of an embedder's vectors by its own configuration and weights; None where they do not tell."""
    try:
        return _dimension(folder)
    except (ModelError, OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _dimension(folder: Path) -> int | None:
    from safetensors import SafetensorError, safe_open

    what = str(folder)
    for module in reversed(_read(folder / "modules.json", what) or []):  # the last that changes the length decides
        kind, where = str(module["type"]).rpartition(".")[2], folder / str(module.get("path", ""))
        said = _read(where / "config.json", what) or {}
        if kind == "Dense":
            return int(said["out_features"])
        if kind == "Pooling":  # a vector for each way of pooling, one after the other
            modes = said.get("pooling_mode") or [k for k, on in said.items() if k.startswith("pooling_mode_") and on is True]
            size = said.get("embedding_dimension") or said["word_embedding_dimension"]
            return int(size) * (1 if isinstance(modes, str) else max(1, len(modes)))
        if kind == "StaticEmbedding":
            try:
                with safe_open(where / "model.safetensors", framework="np") as file:
                    return int(file.get_slice("embedding.weight").get_shape()[1])
            except SafetensorError:
                return None
        if kind not in ("Normalize", "Dropout", "LayerNorm", "Transformer"):
            return None
    return int(_read(folder / "config.json", what)["hidden_size"])


def _chats(folder: Path, what: str) -> bool:
    told = _read(folder / "tokenizer_config.json", what) or {}
    return (folder / "chat_template.jinja").is_file() or bool(told.get("chat_template"))


def _scores(folder: Path) -> bool:
    said = _read(folder / "config_sentence_transformers.json", str(folder))
    return bool(said) and said.get("model_type") == "CrossEncoder"


def _weights(folder: Path, what: str) -> None:
    from safetensors import SafetensorError, safe_open

    for path in sorted(folder.rglob(f"*{WEIGHTS}")):
        try:
            with safe_open(path, framework="np") as file:
                if not list(file.keys()):
                    raise ModelError(f"{what}: {path.name} holds no weights; fetch or copy it again")
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{what}: {path.name} is damaged or cut off ({error}); fetch or copy it again") from error
    index = _read(folder / "model.safetensors.index.json", what)
    missing = sorted({name for name in (index or {}).get("weight_map", {}).values() if not (folder / name).is_file()})
    if missing:
        raise ModelError(f"{what} lacks {', '.join(missing)}, which its index names; fetch or copy it whole")


def _read(path: Path, what: str) -> Any:
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{what}: {path.name} can't be read ({error}); fetch or copy it again") from error
