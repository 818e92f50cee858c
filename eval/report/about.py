"""What was run: gold set, settings, versions, machine, and the command that runs it again."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rag.config import Settings
from rag.messages import tr

from ..provenance import plain
from ..rows import bundled
from .html import Child, Html, details, join, table, tag
from .tables import facts

if TYPE_CHECKING:
    from ..runs import Run

CONFIG = "A.toml"
"""The settings file of the command shown."""


def changed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are not as they come, by name."""
    return {name: value for name, value in settings.items() if value != _defaults().get(name, value)}


def _defaults() -> dict[str, Any]:
    return plain(Settings())


def section(run: Run) -> Html:
    """Everything that another person needs to get the same figures."""
    meta = run.meta
    versions = dict(meta.get("versions") or {}) | ({"code": meta["code"]} if meta.get("code") else {})
    digest = str(meta.get("gold_sha256") or "")
    rows: list[tuple[Child, Child]] = [
        (
            tr("标准题集", "Gold set"),
            (tag("code", meta.get("gold")), f" \u00b7 {len(run.rows)} ", tr("题", "questions")),
        ),
        ("SHA-256", tag("code", digest) if digest else None),
        (tr("运行时间", "Started"), _when(meta)),
        (tr("索引", "Index"), _index(meta)),
        (tr("机器", "Machine"), _machine(meta.get("machine") or {})),
        (
            tr("版本", "Versions"),
            tr("\uff0c", ", ").join(f"{name} {version}" for name, version in versions.items()),
        ),
        (tr("备注", "Note"), meta.get("note") or None),
    ]
    return join(
        (
            facts((name, value) for name, value in rows if value),
            _command(run),
            _settings(meta.get("settings") or {}),
        )
    )


def _when(meta: Mapping[str, Any]) -> str:
    said = [str(meta.get("started") or "").replace("T", " ").replace("+00:00", " UTC")]
    if (seconds := meta.get("seconds")) is not None:
        said.append(tr(f"用时 {seconds:.1f} 秒", f"took {seconds:.1f} s"))
    if (cold := meta.get("cold_start_s")) is not None:
        said.append(
            tr(f"从启动到答出第一题 {cold:.1f} 秒", f"{cold:.1f} s from nothing loaded to the first answer")
        )
    return " \u00b7 ".join(part for part in said if part)


def _index(meta: Mapping[str, Any]) -> str:
    said = (
        [tr(f"第 {meta['generation']} 代", f"generation {meta['generation']}")]
        if meta.get("generation")
        else []
    )
    for key, (zh, en) in {"documents": ("份文档", "documents"), "chunks": ("个段落", "passages")}.items():
        if meta.get(key) is not None:
            said.append(f"{meta[key]} {tr(zh, en)}")
    return " \u00b7 ".join(said)


def _machine(machine: Mapping[str, Any]) -> str:
    said = [tr(f"{machine['cores']} 核", f"{machine['cores']} cores")] if machine.get("cores") else []
    if machine.get("memory_gb"):
        said.append(tr(f"{machine['memory_gb']:g} GB 内存", f"{machine['memory_gb']:g} GB of memory"))
    return " \u00b7 ".join([*said, *([str(machine["system"])] if machine.get("system") else [])])


def command(run: Run) -> str:
    """The command that runs this again, given the settings file that `toml` writes."""
    gold = "" if _is_bundled(run.meta.get("gold_sha256")) else str(run.meta.get("gold") or "")
    parts = ["zhiyin", "eval", gold]
    if changed(run.meta.get("settings") or {}):
        parts += ["--config", CONFIG]
    for folder in run.meta.get("docs") or ():
        parts += ["--docs", str(folder)]
    return shlex.join(part for part in parts if part)


def _is_bundled(digest: object) -> bool:
    return digest == hashlib.sha256(bundled().read_bytes()).hexdigest()


def toml(settings: Mapping[str, Any]) -> str:
    """Settings as lines of TOML."""

    def written(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(written(item) for item in value)}]"
        return str(value)

    return "\n".join(f"{name} = {written(value)}" for name, value in settings.items())


def _command(run: Run) -> Html:
    other = changed(run.meta.get("settings") or {})
    with_file = (
        tag("p", tr(f"{CONFIG} 的内容：", f"{CONFIG} holds:"), class_="meta"),
        tag("pre", tag("code", toml(other))),
    )
    return join(
        (
            tag("h3", tr("再跑一次", "Run it again")),
            tag("pre", tag("code", command(run))),
            with_file if other else None,
        )
    )


def _settings(settings: Mapping[str, Any]) -> Html | None:
    if not settings:
        return None
    defaults, other = _defaults(), changed(settings)
    body = [
        [
            tag("code", name),
            tag("b", _value(value)) if name in other else _value(value),
            _value(defaults[name]) if name in defaults else "\u2013",
        ]
        for name, value in settings.items()
    ]
    head = [tr("设置", "Setting"), tr("此次", "This run"), tr("出厂值", "As it comes")]
    name = tr("全部设置", "All settings")
    count = (
        tr(f"{len(other)} 项改过", f"{len(other)} changed") if other else tr("均为出厂值", "all as they come")
    )
    return details(f"{name} \u00b7 {count}", table(head, body, caption=name, class_="dense"), class_="data")


def _value(value: object) -> str:
    return tr("空", "none") if value == "" else str(value)
