"""All models at a glance: presets and what was pulled, what they cost, and which are in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import BUNDLED, Settings
from ..errors import ModelError, StoreError
from ..messages import tr
from . import installed
from .examine import dimension
from .presets import BUNDLED_READER, PRESETS, find, own_name

if TYPE_CHECKING:
    from rich.table import Table


def used(settings: Settings) -> dict[str, str]:
    """The models that the settings ask for, presets by their own name, each with the setting that names it."""
    names = {"" if settings.generator_url else settings.generator: "generator"}  # with a server it is a name there
    names[BUNDLED_READER if settings.reranker == BUNDLED else settings.reranker] = "reranker"
    names[settings.embedder] = "embedder"
    return {own_name(name): setting for name, setting in names.items() if name}


def built_with(home: Path) -> str | None:
    """The model that the current generation of the index was built with; None where there is no index that says so."""
    from ..store.disk import current_generation, folder
    from ..store.manifest import Manifest

    try:
        current = current_generation(home)
        return None if current is None else own_name(Manifest.read(folder(home, current)).model.name)
    except (StoreError, OSError):
        return None


def overview(home: Path, settings: Settings) -> list[dict[str, Any]]:
    """One row a model: first the presets, then what else was pulled. Sizes in MB, None where not known."""
    here, chosen = installed.every(home), used(settings)
    rows = [
        {
            "name": preset.name,
            "kind": preset.kind,
            "repo": preset.repo or None,
            "licence": preset.licence,
            "disk_mb": preset.disk_mb,
            "memory_mb": preset.memory_mb,
            "memory_bf16_mb": preset.memory_bf16_mb,
            "dim": preset.dim,
            "prompts": list(preset.prompts) if preset.prompts else None,
            "here": not preset.repo or preset.name in here,
            "revision": None,
            "damaged": None,
            "used": preset.name in chosen,
        }
        for preset in PRESETS
    ]
    known = {row["name"]: row for row in rows}
    for name in here:
        row = known.get(name)
        if row is None:
            row = {"name": name, "kind": None, "repo": None, "licence": None, "disk_mb": None, "memory_mb": None, "memory_bf16_mb": None,
                   "dim": None, "prompts": None, "here": True, "revision": None, "damaged": None, "used": name in chosen}  # fmt: skip
            rows.append(row)
        where = installed.folder(home, name)
        assert where is not None
        try:
            model = installed.read(where)
        except ModelError as error:
            row["damaged"] = str(error)
            continue
        row |= {"kind": model.kind, "repo": model.repo or row["repo"], "revision": model.revision}
        megabytes = round(model.bytes / 1e6)
        if (preset := find(name)) and not 0.5 <= megabytes / preset.disk_mb <= 2:
            row["memory_mb"] = row["memory_bf16_mb"] = None  # something else goes by the preset's name: its memory is not known
        row["disk_mb"] = megabytes
        if model.kind == "embedder":
            row["dim"] = dimension(where)
        row["prompts"] = _own(where) or row["prompts"]
    return rows


def _own(where: Path) -> list[str] | None:
    """The prompts that the model's own configuration names."""
    import json

    from ..encoder.static import prompts

    try:
        said = json.loads((where / "config_sentence_transformers.json").read_text(encoding="utf-8"))
        found = prompts(said.get("prompts") or {}, said.get("default_prompt_name"))
    except (OSError, ValueError, AttributeError):
        return None
    return list(found) if any(found) else None


def table(rows: list[dict[str, Any]]) -> Table:
    """The rows of `overview` for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    kinds = {"embedder": tr("向量", "embedder"), "reranker": tr("重排", "reranker"), "generator": tr("生成", "generator")}
    out = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name, right in (
        (tr("模型", "model"), False), (tr("类别", "kind"), False), (tr("磁盘 MB", "disk MB"), True),
        (tr("内存 MB", "RAM MB"), True), (tr("维数", "dim"), True), (tr("许可", "licence"), False),
        (tr("状态", "state"), False),
    ):  # fmt: skip
        out.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row in rows:
        out.add_row(
            Text(row["name"]), kinds.get(row["kind"], "?"), _number(row["disk_mb"]), _number(row["memory_mb"]),
            _number(row["dim"]), row["licence"] or "?", _state(row),
        )  # fmt: skip
    return out


def prompts_said(rows: list[dict[str, Any]]) -> list[str]:
    """A line for each model that wants words before a question or a passage."""
    return [
        tr(
            f"{row['name']}：提问前加 {row['prompts'][0]!r}，文段前加 {row['prompts'][1]!r}",
            f"{row['name']}: {row['prompts'][0]!r} before a question, {row['prompts'][1]!r} before a passage",
        )
        for row in rows
        if row["prompts"]
    ]


def generators_said() -> str:
    """What the memory of generators is counted in, and how fast they may be."""
    return tr(
        "生成模型的内存按 float32 计；GPU 和支持 bfloat16 的处理器约需一半。速度估计：每秒词元数 ≈ 内存带宽 ÷ 权重所占内存。",
        "Generators: memory is in float32; a GPU, or a processor with bfloat16, needs about half. "
        "Speed, as an estimate: tokens a second ≈ memory bandwidth / memory of the weights.",
    )


def unfinished_said(home: Path) -> list[str]:
    """A line for each model of which there is only a part."""
    lines = []
    for name, count in installed.unfinished(home).items():
        again = f"zhiyin models pull {name}" if find(name) else tr("再运行同一条 pull 命令", "the same pull command again")
        lines.append(
            tr(
                f"{name}\uff1a未取完（已有 {count / 1e6:,.1f} MB）；续传：{again}；放弃：zhiyin models remove {name}",
                f"{name}: not all of it is here ({count / 1e6:,.1f} MB so far); to go on: {again}; "
                f"to throw it away: zhiyin models remove {name}",
            )
        )
    return lines


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _state(row: dict[str, Any]) -> str:
    if row["damaged"]:
        return tr("已损坏", "damaged")
    if row["used"]:
        return tr("使用中", "in use") if row["here"] else tr("选用了，但未取", "chosen, not here")
    if row["repo"] is None and row["revision"] is None:
        return tr("自带", "bundled")
    return tr("已取", "here") if row["here"] else ""
