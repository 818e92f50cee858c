"""Looks at the installation, the models and the index, and says what is wrong and what to do."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..config import BUNDLED, BUNDLED_FAST, Settings, load
from ..errors import NoIndex, ZhiyinError
from ..generate.templates import names, problem
from ..messages import tr

if TYPE_CHECKING:
    from rich.text import Text

    from ..encoder.embed import Embedder

LIBRARIES = (
    "torch", "faiss-cpu", "sentence-transformers", "transformers", "openai", "gradio", "jieba", "bm25s", "numpy", "trafilatura",
    "pypdfium2", "openpyxl",
)  # fmt: skip
LOW_DISK = 1 << 30
"""Bytes free below which an index may not fit beside the old one."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `todo` says what to do about it, empty where nothing is."""

    name: str
    state: Literal["ok", "warn", "broken"]
    detail: str
    todo: str = ""


def examine(home: Path, config: Path | None = None) -> list[Check]:
    """All findings about this installation and the index in `home`. Never raises for what it looks for."""
    checks = [_python(), *map(_library, LIBRARIES), *_commands(), *_prompts(), Check("home", "ok", str(home)), _disk(home)]
    try:
        settings = load(config)
    except ZhiyinError as error:
        return [*checks, Check("settings", "broken", str(error), tr("改正设置文件", "correct the settings"))]
    return [*checks, Check("settings", "ok", _changed(settings)), *_models_and_index(home, settings)]


def broken(checks: Sequence[Check]) -> bool:
    """Whether something keeps Zhiyin from answering."""
    return any(check.state == "broken" for check in checks)


def render(checks: Sequence[Check]) -> Text:
    """The findings as a terminal shows them."""
    from rich.text import Text

    from .terminal import clean

    marks = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "broken": ("✗", "bold red")}
    out, width = Text(), max((len(check.name) for check in checks), default=0)
    for check in checks:
        mark, style = marks[check.state]
        out.append(f"{mark} ", style=style).append(f"{check.name:<{width}}  {clean(check.detail)}\n")
        if check.todo:
            out.append(f"{' ' * (width + 4)}→ {clean(check.todo)}\n", style=style)
    bad = sum(check.state == "broken" for check in checks)
    verdict = tr(f"有 {bad} 处故障。", f"{bad} broken.") if bad else tr("一切正常。", "Nothing is broken.")
    return out.append(verdict + "\n", style="bold red" if bad else "bold green")


def _python() -> Check:
    return Check("python", "ok", f"{platform.python_version()} ({sys.executable})")


def _library(name: str) -> Check:
    try:
        return Check(name, "ok", version(name))
    except PackageNotFoundError:
        return Check(name, "broken", tr("未安装", "not installed"), f"pip install {name}")


def _commands() -> Iterator[Check]:
    for entry in sorted(entry_points(group="zhiyin.commands"), key=lambda entry: entry.name):
        try:
            entry.load()
        except ImportError as error:
            todo = tr("重新安装提供它的软件包", "reinstall the package it is from")
            yield Check(f"zhiyin {entry.name}", "broken", f"{entry.value}: {error}", todo)


def _prompts() -> Iterator[Check]:
    for name in names():
        wrong = problem(name)
        if wrong is not None:
            todo = tr(f"改正，或还原：zhiyin prompts reset {name}", f"correct it, or go back: zhiyin prompts reset {name}")
            yield Check(f"prompt {name}", "broken", wrong, todo)


def _disk(home: Path) -> Check:
    where = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(where).free
    detail = tr(f"可用 {free / 1e9:.1f} GB", f"{free / 1e9:.1f} GB free")
    if free >= LOW_DISK:
        return Check("disk", "ok", detail)
    return Check("disk", "warn", detail, tr("清出空间后再建索引", "make room before indexing"))


def _changed(settings: Settings) -> str:
    default = Settings()
    names = [name for name in Settings.__slots__ if getattr(settings, name) != getattr(default, name)]
    return ", ".join(f"{name} = {getattr(settings, name)!r}" for name in names) or tr(
        "全部为默认值", "all defaults"
    )


def _models_and_index(home: Path, settings: Settings) -> Iterator[Check]:
    embedder, damaged = None, _damage(home, "embedder", settings.embedder)
    try:
        from ..encoder.embed import load_embedder

        embedder = load_embedder(settings)
        if settings.embedder != BUNDLED_FAST:
            load_embedder(settings.replace(embedder=BUNDLED_FAST))  # single words are compared in its space all the same
        detail = f"{embedder.name} ({embedder.fingerprint[:19]}, {embedder.dim})" + (_covers() if settings.embedder == BUNDLED else "")
        yield damaged or Check("embedder", "ok", detail)
    except (ZhiyinError, ImportError) as error:
        yield damaged or Check(
            "embedder",
            "broken",
            str(error),
            tr("重新安装,或改正 embedder 设置", "reinstall, or correct `embedder`"),
        )
    for kind in ("reranker", "generator", "entailment"):
        if kind == "generator" and settings.generator_url:
            yield _server(settings)
        elif name := getattr(settings, kind):
            yield _damage(home, kind, name) or _model(kind, name)
    yield from examine_index(home, embedder)


def _covers() -> str:
    """What the vocabulary of the bundled encoder knows."""
    return tr(
        "；词表只留简体、繁体中文和英文所用的部分，其他文字请用：zhiyin models pull multilingual-e5-small",
        "; its vocabulary is cut to what Simplified and Traditional Chinese and English use; for other scripts: zhiyin models pull multilingual-e5-small",
    )


def _damage(home: Path, kind: str, name: str) -> Check | None:
    """The finding about a pulled model whose bytes are not those that were pulled; None for any other."""
    from ..hub.installed import folder
    from ..hub.presets import own_name
    from ..hub.pull import again, check

    own = own_name(name)
    if folder(home, own) is None:
        return None
    try:
        wrong = check(home, own)
    except OSError as error:
        wrong = [str(error)]
    if not wrong:
        return None
    todo = f"zhiyin models check {own}; {again(home, own)}"
    return Check(kind, "broken", "; ".join(wrong[:3]), tr(f"核对后重新取得:{todo}", f"compare it and pull it again: {todo}"))


def _model(kind: str, name: str) -> Check:
    from ..encoder.embed import locate

    try:
        if kind == "reranker" and name == BUNDLED:
            from ..retrieve.rerank import load_reader

            return Check(kind, "ok", f"{name} ({load_reader(name).fingerprint[:19]})")
        return Check(kind, "ok", str(locate(name, kind)))
    except ZhiyinError as error:
        return Check(kind, "broken", str(error), tr(f"改正 {kind} 设置", f"correct `{kind}`"))


def _server(settings: Settings) -> Check:
    from ..generate.server import ServerGenerator

    try:
        generator = ServerGenerator(settings)
        models = generator.models()
    except ZhiyinError as error:
        return Check("generator", "broken", str(error), tr("启动模型服务，或改正 generator_url 等设置", "start the model server, or correct `generator_url`"))
    detail = f"{settings.generator_url}: {generator.name}, {generator.context} tokens"
    if generator.name in models:
        return Check("generator", "ok", detail)
    listed = ", ".join(models[:10])
    return Check("generator", "warn", detail, tr(f"服务器列出的模型中没有它：{listed}", f"the server does not list it, but: {listed}"))


def examine_index(home: Path, embedder: Embedder | None) -> Iterator[Check]:
    """What the index in `home` holds, whether `embedder` is the one it was built with, and whether its bytes hold."""
    again = tr("重新建立索引:zhiyin index --again", "build it again: zhiyin index --again")
    anew = tr("用原来的文档重新建立索引:zhiyin index 文件夹", "build it again from its documents: zhiyin index PATH")
    try:
        from ..store import Snapshot, verify

        snapshot = Snapshot.open(home)
    except NoIndex as error:
        yield Check("index", "broken", str(error), tr("建立索引:zhiyin index", "build it: zhiyin index"))
        return
    except (ZhiyinError, ImportError) as error:
        yield Check("index", "broken", str(error), anew)  # what can't be read can't be taken over either
        return
    counts, model = snapshot.manifest.counts, snapshot.manifest.model
    generation, created = snapshot.generation, snapshot.manifest.created
    yield Check("index", "ok", tr(
        f"{generation}({created}):{counts['documents']} 份文档,{counts['chunks']} 个片段",
        f"{generation} ({created}): {counts['documents']} documents, {counts['chunks']} chunks",
    ))  # fmt: skip
    if not counts["documents"]:
        yield Check("documents", "warn", tr("索引是空的", "the index is empty"), "zhiyin index PATH")
    if embedder is not None:
        try:
            snapshot.require(embedder)
            yield Check("index model", "ok", f"{model.name} ({model.fingerprint[:19]}, {model.dim})")
        except ZhiyinError as error:
            changed = model.name == embedder.name and model.name not in (BUNDLED, BUNDLED_FAST)
            yield Check("index model", "broken", str(error), f"zhiyin models check {model.name}" if changed else again)
    snapshot.close()
    wrong = verify(home, generation)
    if wrong:
        yield Check("checksums", "broken", "; ".join(wrong[:3]), anew)
    else:
        files = len(snapshot.manifest.files)
        yield Check("checksums", "ok", tr(f"{files} 个文件全部一致", f"all {files} files hold"))
