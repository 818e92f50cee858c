"""What a hub holds: the files of a model, with size, checksum and address. huggingface.co, its mirrors, modelscope.cn.

Plain HTTP: `/api/models/…/tree/…` and `/resolve/` of the one, `/api/v1/models/…/repo/files` and `/repo` of the other.
Their own clients would bring a cache that we do not need (the one) or fifty packages (the other).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ..errors import ModelError

if TYPE_CHECKING:
    import httpx2

TRIES = 3


@dataclass(frozen=True, slots=True)
class Remote:
    """A file on a hub. `digest` is `sha256:…`, or `git:…` for the hash that git gives a small file."""

    path: str
    bytes: int
    digest: str
    url: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All files of one revision of a model."""

    revision: str
    files: tuple[Remote, ...]


def huggingface(client: httpx2.Client, repo: str, revision: str | None) -> Listing:
    """List `repo` on huggingface.co, or the mirror that HF_ENDPOINT names. Raises ModelError."""
    base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    asked = quote(revision or "main", safe="")
    commit = str(_json(client, f"{base}/api/models/{repo}/revision/{asked}", repo, "huggingface")[0]["sha"])
    files: list[Remote] = []
    page: str | None = f"{base}/api/models/{repo}/tree/{commit}?recursive=true"
    while page:
        rows, page = _json(client, page, repo, "huggingface")
        for row in rows:
            if row["type"] != "file":
                continue
            lfs = row.get("lfs")
            digest = f"sha256:{lfs['oid']}" if lfs else f"git:{row['oid']}"
            url = f"{base}/{repo}/resolve/{commit}/{quote(row['path'])}"
            files.append(Remote(row["path"], int(lfs["size"] if lfs else row["size"]), digest, url))
    return Listing(commit, tuple(files))


def modelscope(client: httpx2.Client, repo: str, revision: str | None) -> Listing:
    """List `repo` on modelscope.cn, or the host that MODELSCOPE_DOMAIN names. Raises ModelError."""
    domain = os.environ.get("MODELSCOPE_DOMAIN", "www.modelscope.cn").rstrip("/")
    base = f"{domain if '://' in domain else f'https://{domain}'}/api/v1/models/{repo}/repo"
    asked = revision or "master"
    query = urlencode({"Revision": asked, "Recursive": "true"})
    body, _ = _json(client, f"{base}/files?{query}", repo, "modelscope")
    files = []
    for row in body["Data"]["Files"]:
        if row["Type"] == "tree":
            continue
        url = f"{base}?{urlencode({'Revision': asked, 'FilePath': row['Path']})}"
        files.append(Remote(row["Path"], int(row["Size"]), f"sha256:{row['Sha256']}", url))
    return Listing(asked, tuple(files))


HUBS: dict[str, Callable[[httpx2.Client, str, str | None], Listing]] = {
    "huggingface": huggingface,
    "modelscope": modelscope,
}


def listing(hub: str, client: httpx2.Client, repo: str, revision: str | None) -> Listing:
    """List `repo` on `hub`. Raises ModelError where the hub does not answer, or not as it should."""
    try:
        return HUBS[hub](client, repo, revision)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(
            f"{hub} answered for {repo} with something else than a list of files ({error!r}); "
            f"is there a proxy or a login page between? {elsewhere(hub, repo)}"
        ) from error


def elsewhere(hub: str, repo: str) -> str:
    """What to do where there is no network."""
    command = (
        f"modelscope download --model {repo} --local_dir FOLDER"
        if hub == "modelscope"
        else f"hf download {repo} --local-dir FOLDER"
    )
    name = repo.rpartition("/")[2]
    return (
        f"Without a network: on a machine that has one run `{command}`, bring FOLDER here, "
        f"then: zhiyin models pull {name} --from FOLDER"
    )


def refused(hub: str, repo: str, status: int, what: str) -> ModelError:
    """What an answer other than yes means."""
    if status == 404:
        other = "modelscope" if hub == "huggingface" else "huggingface"
        return ModelError(f"{hub} has no {what} (404); check the name, or try --from {other}")
    if status in (401, 403):
        return ModelError(
            f"{hub} does not give out {what} without a login ({status}): the name is wrong, or its owner asks for one. "
            f"Fetch it with an account of yours. {elsewhere(hub, repo)}"
        )
    return ModelError(f"{hub} answered {status} for {what}; try again later. {elsewhere(hub, repo)}")


def _json(client: httpx2.Client, url: str, repo: str, hub: str) -> tuple[Any, str | None]:
    """The answer and the address of its next page."""
    import httpx2

    for left in range(TRIES - 1, -1, -1):
        try:
            answer = client.get(url)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            if left:
                continue
            host = httpx2.URL(url).host
            raise ModelError(
                f"no answer from {hub} at {host} ({str(error) or type(error).__name__}). {elsewhere(hub, repo)}"
            ) from error
        if answer.status_code == 200:
            return answer.json(), answer.links.get("next", {}).get("url")
        if answer.status_code < 500 or not left:
            raise refused(hub, repo, answer.status_code, f"model {repo}")
    raise AssertionError
