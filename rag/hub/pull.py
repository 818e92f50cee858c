"""Fetching or copying a model into the home, checking what is there, and removing it.

A model is put together in a hidden folder beside the others and gets its name in one step, when all of it is there and
every checksum holds; what a killed run left is gone on with by the next.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import InputError, ModelError
from ..store.disk import sync
from ..store.manifest import sha256
from . import download, installed
from .examine import dimension, examine, taken
from .installed import MANIFEST, PULLING, REMOVED, Installed, Sum, folder, root
from .presets import Preset, check_name, find, own_name, wanted
from .sources import HUBS, Remote, listing

SPARE = 50_000_000
"""Bytes that are left free besides the model's own."""

TIMEOUT = 30.0  # seconds without a byte

Plan = Callable[[int], None]
"""Called once with how many bytes there will be."""


def pull(
    name: str,
    source: str,
    home: Path,
    *,
    revision: str | None = None,
    planned: Plan = lambda total: None,
    told: download.Told = lambda count: None,
) -> Installed:
    """Bring the model `name` from `source` (`huggingface`, `modelscope` or a folder) to `home/models/`.

    `name` is a preset's, or OWNER/NAME as on the hub; for a folder any name. `revision` is a branch, tag or commit of the
    hub. A damaged model of that name is replaced. Raises InputError for a name that is unknown or taken, ModelError where the model can't be had, is damaged, or
    would need pickled weights or code of its own; what came so far is kept for the next try.
    """
    hub = _is_hub(source)
    if not hub and revision is not None:
        raise InputError("--revision belongs to a hub; a folder has none")
    preset = wanted(name) if hub else find(name) or Preset(_plain(name), "embedder", "", "", 0, 0)
    if not preset.repo and find(preset.name):
        raise InputError(f"{preset.name} comes with the package, there is nothing to pull")
    target = root(home) / check_name(preset.name)
    damaged = folder(home, preset.name) is not None and check(home, preset.name) != []
    if target.exists() and not damaged:
        raise InputError(f"{preset.name} is here already, in {target}; to fetch it again: zhiyin models remove {preset.name}")
    staging = root(home) / f"{PULLING}{preset.name}"
    with _disk(preset.name), _alone(staging):
        if hub:
            revision = _fetch(preset, source, revision, staging, planned, told)
        else:
            revision = _copy(preset, Path(source).expanduser(), staging, planned, told)
        try:
            kind = examine(staging, preset.name, preset.kind if find(preset.name) else None)
            found = dimension(staging) if kind == "embedder" else None
            if not hub and preset.dim and found and found != preset.dim:
                raise ModelError(
                    f"this folder holds a model of {found} dimensions, {preset.name} has {preset.dim}; give it another name"
                )
        except ModelError:
            shutil.rmtree(staging, ignore_errors=True)  # all of it came, and it is of no use
            raise
        model = Installed(
            name=preset.name,
            kind=kind,
            source=source if hub else str(Path(source).expanduser().resolve()),
            repo=preset.repo if hub else "",
            revision=revision,
            pulled=datetime.now(UTC).isoformat(timespec="seconds"),
            prompts=preset.prompts,
            files={path: Sum((staging / path).stat().st_size, sha256(staging / path)) for path in _files(staging)},
        )
        installed.write(staging, model)
        for path in [*(p for p in staging.rglob("*")), staging]:
            sync(path)
        if damaged:
            _away(target)
        staging.rename(target)
        sync(target.parent)
    return model


def check(home: Path, name: str) -> list[str]:
    """Check every byte of a pulled model; what is wrong, one line each. Raises InputError where it is not there."""
    where = _require(home, name)
    try:
        model = installed.read(where)
    except ModelError as error:
        return [str(error)]
    wrong = []
    for path, expected in model.files.items():
        file = where / path
        if not file.is_file():
            wrong.append(f"{file} is missing")
        elif file.stat().st_size != expected.bytes or sha256(file) != expected.sha256:
            wrong.append(f"{file} was changed after it was pulled (SHA-256 differs)")
    known = {*model.files, MANIFEST}
    return wrong + [f"{where / path} does not belong there" for path in _files(where) if path not in known]


def remove(home: Path, name: str) -> int:
    """Remove what an unfinished pull left of a model, or else the model. Returns the bytes that are free again."""
    check_name(name)
    name = own_name(name)
    staging = root(home) / f"{PULLING}{name}"
    where = next((path for path in (staging, root(home) / name) if path.is_dir()), None)
    if where is None:
        raise _absent(home, name)
    freed = installed.size(where)
    with _disk(name), _alone(staging):
        _away(where)
    return freed


def again(home: Path, name: str) -> str:
    """The command that brings the pulled model `name` once more from where it came from."""
    try:
        model = installed.read(_require(home, name))
    except ModelError:
        return f"zhiyin models pull {name}"
    asked = model.repo if model.repo and not find(model.name) else model.name
    return f"zhiyin models pull {asked}" + ("" if model.source == "huggingface" else f" --from {shlex.quote(model.source)}")


def _away(where: Path) -> None:
    """Remove a folder, under another name first: never half a model under its own."""
    doomed = where.with_name(f"{REMOVED}{where.name.removeprefix('.')}-{os.getpid()}")
    where.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _is_hub(source: str) -> bool:
    """Whether `source` is a hub's name. Raises InputError where it is no folder either."""
    if source in HUBS:
        return True
    if source.strip() and Path(source).expanduser().is_dir():
        return False
    near = difflib.get_close_matches(source.lower(), HUBS, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    raise InputError(f"--from {source or repr(source)}: neither a hub ({', '.join(HUBS)}) nor a folder{meant}")


def _plain(name: str) -> str:
    """`name`, if a folder's model can have it. Raises InputError."""
    last = name.rpartition("/")[2]
    if last == name or not last:
        return check_name(name)
    raise InputError(f"{name!r} can't be the name of a model from a folder; give a plain one, for instance {check_name(last)}")


def _fetch(
    preset: Preset, hub: str, revision: str | None, staging: Path, planned: Plan, told: download.Told
) -> str:
    import httpx2

    if revision is None and hub == "huggingface":
        revision = preset.revision
    with httpx2.Client(follow_redirects=True, timeout=TIMEOUT) as client:
        found = listing(hub, client, preset.repo, revision)
        by_path = {file.path: file for file in found.files}
        files = [by_path[path] for path in taken(by_path, f"{preset.repo} on {hub}")]
        _forget(staging, files)
        total = sum(file.bytes for file in files)
        _room(preset.name, staging, total - installed.size(staging))
        planned(total)
        for file in files:
            download.fetch(client, file, staging / file.path, told, hub=hub, repo=preset.repo)
    return found.revision


def _forget(staging: Path, files: list[Remote]) -> None:
    """Remove from an earlier try what is not of this revision."""
    kept = {staging / file.path for file in files}
    kept |= {download.partial(staging / file.path, file.digest) for file in files}
    for path in [p for p in staging.rglob("*") if p.is_file() and p not in kept]:
        path.unlink()


def _copy(preset: Preset, source: Path, staging: Path, planned: Plan, told: download.Told) -> str:
    """Copy the files of a model; returns a fingerprint of them in place of a revision."""
    what = f"the folder {source}"
    paths = taken(_files(source), what)
    shutil.rmtree(staging)
    staging.mkdir()
    total = sum((source / path).stat().st_size for path in paths)
    _room(preset.name, staging, total)
    planned(total)
    told_of = hashlib.sha256()
    for path in paths:
        target = staging / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with (source / path).open("rb") as given, target.open("wb") as out:
            while block := given.read(download.BLOCK):
                out.write(block)
                told(len(block))
        told_of.update(f"{path}\0{sha256(target)}\n".encode())
    return f"sha256:{told_of.hexdigest()}"


def _files(where: Path) -> list[str]:
    """POSIX paths of all files below a folder, sorted; links are followed, since the hub's cache is made of them."""
    return sorted(path.relative_to(where).as_posix() for path in where.rglob("*") if path.is_file())


def _room(name: str, staging: Path, wanted_bytes: int) -> None:
    free = shutil.disk_usage(staging).free
    if free < wanted_bytes + SPARE:
        raise ModelError(
            f"{name} needs {wanted_bytes / 1e6:,.0f} MB more and there are {free / 1e6:,.0f} MB free in {staging.parent}; "
            "make room, or set ZHIYIN_HOME to a folder on another disk"
        )


@contextlib.contextmanager
def _alone(staging: Path) -> Iterator[None]:
    """Make the folder to put a model together in, for one process at a time; a killed one lets go of it by itself."""
    staging.parent.mkdir(parents=True, exist_ok=True)
    path = staging.with_name(f"{staging.name}.lock")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ModelError(f"another process is pulling {staging.name.removeprefix(PULLING)}; wait for it to end") from None
    try:
        staging.mkdir(exist_ok=True)
        for left in staging.parent.glob(f"{REMOVED}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        with contextlib.suppress(OSError):
            staging.rmdir()  # where nothing came
        with contextlib.suppress(OSError):
            path.unlink()  # while it is held: who opened it before finds, once it has it, that it has no name any more
        lock.release()


@contextlib.contextmanager
def _disk(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"can't write {name}: {error}. What came so far is kept: make room or check who may write there, and run the "
            f"command again; or throw it away: zhiyin models remove {name}"
        ) from error


def _require(home: Path, name: str) -> Path:
    where = folder(home, own_name(name))
    if where is None:
        raise _absent(home, name)
    return where


def _absent(home: Path, name: str) -> InputError:
    here = installed.every(home)
    return InputError(f"no pulled model {name!r} in {root(home)}; there is {', '.join(here) or 'none'}")
