"""Documents with rules, and two services over them: one with all, seen by someone, one that never held the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from rag.access import Scope
from rag.bot import Bot
from rag.index.build import build
from rag.ui.auth.ways import ways
from rag.ui.server import create_app

from .index_kit import HashEmbedder
from .rules_kit import Settings

PROXY = {"auth_proxy_header": "X-User", "auth_proxy_groups_header": "X-Groups", "auth_proxies": ("10.9.8.7",), "auth_admin_group": "root"}
PLACES = ("湖北", "陕西", "安徽", "四川")
EMBEDDER = HashEmbedder(dim=64)


def document(place: str, year: int, trained: int, fairs: int, person: str) -> str:
    """A short report with figures, a place, a year and a name."""
    return (
        f"{place}工会{year}年工作综述\n\n{year}年,{place}各级工会培训职工{trained}人次,举办招聘会{fairs}场。\n\n"
        f"{person}领衔的创新工作室获评省级示范。他研制的焊接机器人为企业节约成本{fairs}万元。\n"
    )


def write(folder: Path, documents: Mapping[str, str], groups: Mapping[str, list[str] | None]) -> Path:
    """Files in `folder`, each with a sidecar where it has groups."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
        if groups.get(name) is not None:
            listed = ", ".join(f'"{g}"' for g in groups[name] or ())
            (folder / f"{name}.acl.toml").write_text(f"groups = [{listed}]\n", encoding="utf-8")
    return folder


def indexed(home: Path, documents: Mapping[str, str], groups: Mapping[str, list[str] | None], **settings: Any) -> Bot:
    """A bot over these documents, indexed in `home`; with none at all, over an index that was emptied."""
    chosen = Settings(**settings)
    held = documents or {"gone.txt": "已删除的文件。\n"}
    build([write(home / "docs", held, groups)], home=home, settings=chosen, embedder=EMBEDDER)
    if not documents:
        build([], home=home, settings=chosen, embedder=EMBEDDER, remove=["gone.txt"])
    return Bot(chosen, home, embedder=EMBEDDER)


class Exchangeable:
    """An answerer whose bot is changed between examples, so that the service is built once."""

    bot: Bot

    @property
    def snapshot(self) -> Any:
        return self.bot.snapshot

    def library(self, scope: Scope | None = None) -> Any:
        return self.bot.library(scope)

    def ask(self, *args: Any, **more: Any) -> Any:
        return self.bot.ask(*args, **more)

    def stream(self, *args: Any, **more: Any) -> Any:
        return self.bot.stream(*args, **more)


@contextmanager
def service(bot: Any, home: Path, **settings: Any) -> Iterator[TestClient]:
    """The whole service behind a trusted proxy: requests say in X-User and X-Groups who asks."""
    chosen = Settings(**{**PROXY, "ask_per_minute": 0, **settings})
    app = create_app(bot, settings=chosen, hosts=None, proofs=ways(chosen, home))
    with TestClient(app, base_url="http://zhiyin.example", client=("10.9.8.7", 5), raise_server_exceptions=False) as client:
        yield client
