"""Runs `zhiyin index` beside the server, one build at a time, and tells how far it is. The bot finds the new generation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rag.config import Settings
from rag.errors import ZhiyinError
from rag.messages import tr

_RECIPE = ("embedder", "chunk_tokens", "chunk_overlap", "clean", "clean_gently", "index_type", "keep_generations", "max_file_mb")
_NICE = 10  # people who ask come first
_TOLD = 2000  # characters of what went wrong


class Indexer:
    """Builds in processes of their own; what is asked for while one runs is done together in the next."""

    def __init__(
        self,
        home: Path,
        settings: Settings,
        folder: Path,
        names: Callable[[], list[str]],
        *,
        indexed: Callable[[], set[str]] | None = None,
        fresh: set[str] | None = None,
    ) -> None:
        """`names` lists the files of `folder`, `indexed` what the index holds; `fresh` are names uploaded since a build.

        A file of `folder` that a build refuses is deleted, unless it was in the index and is not fresh: then a changed
        setting refuses it, and nobody may have it elsewhere.
        """
        self._home, self._settings, self._folder, self._names = home, settings, folder, names
        self._indexed = indexed
        self._fresh = set() if fresh is None else fresh
        self._lock = threading.Lock()
        self._asked = 0
        self._remove: list[str] = []
        self._running = False
        self._state: dict[str, Any] = {"number": 0, "running": False, "stage": "", "done": 0, "total": 0,
                                       "result": None, "error": None}  # fmt: skip

    def state(self) -> dict[str, Any]:
        """`number` of the build asked for last, whether it is `running`, its `stage`, and what came of the last one."""
        with self._lock:
            return dict(self._state)

    def start(self, *, remove: str | None = None) -> dict[str, Any]:
        """Ask for a build of the uploaded files; returns the state, with the number that will be done."""
        with self._lock:
            self._asked += 1
            if remove is not None:
                self._remove.append(remove)
            self._state |= {"number": self._asked, "running": True}
            if not self._running:
                self._running = True
                threading.Thread(target=self._work, name="zhiyin-index", daemon=True).start()
            return dict(self._state)

    def _work(self) -> None:
        while True:
            with self._lock:
                asked, remove, self._remove = self._asked, self._remove, []
                self._state |= {"stage": "read", "done": 0, "total": 0}
            result, error = self._build(remove)
            with self._lock:
                self._state |= {"result": result, "error": error}
                if asked == self._asked:
                    self._running = False
                    self._state |= {"running": False, "stage": ""}
                    return

    def _build(self, remove: list[str]) -> tuple[dict[str, Any] | None, str | None]:
        names = self._names()
        remove = [source for source in dict.fromkeys(remove) if source not in names]
        if remove and self._indexed is not None:
            with suppress(ZhiyinError):  # a file that was uploaded and never indexed is gone already
                known = self._indexed()
                remove = [source for source in remove if source in known]
        if not names and not remove:
            return {"added": [], "changed": [], "removed": [], "skipped": [], "notes": []}, None
        # `--config=…` and `--`, since a name may begin with a dash
        command = [sys.executable, "-m", "rag", "index", "--json", "--progress-lines", "--wait"]
        command += [f"--remove={source}" for source in remove]
        with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as recipe:
            recipe.writelines(f"{k} = {json.dumps(getattr(self._settings, k), ensure_ascii=False)}\n" for k in _RECIPE)
            recipe.flush()
            command += [f"--config={recipe.name}", *(["--add", "--", str(self._folder)] if names else [])]
            before = {name: self._stamp(name) for name in names}
            try:
                result, error = self._run(command)
            except OSError as problem:
                return None, f"can't start {sys.executable}: {problem.strerror}"
        if result is not None:
            self._put_out(result, before)
        return result, error

    def _stamp(self, name: str) -> tuple[int, int] | None:
        """What another file of the same name has otherwise."""
        try:
            about = (self._folder / name).stat()
        except OSError:
            return None
        return about.st_ino, about.st_mtime_ns

    def _put_out(self, result: dict[str, Any], before: dict[str, tuple[int, int] | None]) -> None:
        """Delete what was refused: nobody could see it or take it out. What was uploaded meanwhile waits for its build."""
        seen = {name for name, stamp in before.items() if stamp is not None and self._stamp(name) == stamp}
        for name, _ in result["skipped"]:
            if name in seen and (name in self._fresh or name not in result.get("removed", ())):
                with suppress(OSError):
                    (self._folder / name).unlink()
        self._fresh -= seen

    def _run(self, command: list[str]) -> tuple[dict[str, Any] | None, str | None]:
        environment = {**os.environ, "ZHIYIN_HOME": str(self._home), "PYTHONIOENCODING": "utf-8"}
        with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
            process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment,
                encoding="utf-8", errors="replace", cwd=self._home,
            )  # fmt: skip
            if hasattr(os, "setpriority"):
                with suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
            said: list[str] = []
            assert process.stderr is not None
            with process.stderr:
                for line in process.stderr:
                    if not self._progress(line):
                        said.append(line)
            code = process.wait()
            out.seek(0)
            with suppress(ValueError):
                result = dict(json.loads(out.read()))
                for key in ("skipped", "notes"):
                    result[key] = [[name, self._plain(why)] for name, why in result.get(key, ())]
                return result, None
        words = self._plain("".join(said).strip()[-_TOLD:])
        return None, words or tr(f"索引进程以 {code} 结束", f"indexing ended with {code}")

    def _plain(self, words: str) -> str:
        """Without where on the server the files lie."""
        return words.replace(f"{self._folder}{os.sep}", "")

    def _progress(self, line: str) -> bool:
        try:
            row = json.loads(line)
            step = {"stage": str(row["stage"]), "done": int(row["done"]), "total": int(row["total"])}
        except (ValueError, TypeError, KeyError):
            return False
        with self._lock:
            self._state |= step
        return True
