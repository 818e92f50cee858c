"""Small SQLite files under `$ZHIYIN_HOME` that several threads and processes write: one schema, one kind of error."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from .errors import StoreError
from .messages import tr

WAIT = 10.0  # seconds for another writer to finish
PAGE = 4096  # bytes


@contextmanager
def opened(path: Path, schema: str, *, version: int = 1, max_mb: int = 256) -> Iterator[sqlite3.Connection]:
    """A connection of its own to `path`, created with `schema` where there is none; commits at the end.

    Everything inside is one transaction that has the right to write from its start, so that what it reads first is
    still true when it writes. The file grows to at most `max_mb` MB. Raises StoreError for a full or read-only disk, a
    file that is something else, and one of a newer version.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA max_page_count = {max_mb * 1024 * 1024 // PAGE}")
            with suppress(sqlite3.OperationalError):  # someone is writing: the next one switches
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                _prepare(connection, path, schema, version)
                yield connection
            except BaseException:
                with suppress(sqlite3.Error):  # on a full disk SQLite has rolled back by itself
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
    except (sqlite3.Error, OSError) as error:
        raise _told(path, error) from error


def _prepare(connection: sqlite3.Connection, path: Path, schema: str, version: int) -> None:
    [found] = connection.execute("PRAGMA user_version").fetchone()
    if found == version:
        return
    [tables] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if found != 0 or tables:
        raise StoreError(
            tr(
                f"{path} 是版本 {found} 的数据，本程序读写版本 {version}；请升级知引，或把该文件移开。",
                f"{path} holds data of version {found}, this program reads and writes version {version}; "
                "update Zhiyin, or move the file away",
            )
        )
    for statement in filter(str.strip, schema.split(";")):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {version}")


def _told(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    why = getattr(error, "strerror", None) or error
    if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StoreError(
            tr(
                f"{path} 已损坏或不是知引的数据（{why}）；请把它移开后再试。",
                f"{path} is damaged or no data of Zhiyin ({why}); move it away and try again",
            )
        )
    return StoreError(
        tr(
            f"不能写入 {path}：{why}；请检查磁盘空间和写权限，再试一次。",
            f"can't write {path}: {why}; check the free space and who may write there, then try again",
        )
    )
