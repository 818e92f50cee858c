"""Origins of other sites as settings name them: one form each, nothing that could mean more than one site."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from rag.errors import ConfigError
from rag.messages import tr

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_HTTPS, _HTTP = 443, 80


def parse_origins(setting: str, values: Iterable[str]) -> tuple[str, ...]:
    """Return the origins of the list `setting` as browsers write them (lower case, no default port), each once.

    Raises ConfigError for an entry that is not `https://host` or `https://host:port` (`http` for this machine alone).

    >>> parse_origins("embed_origins", ["https://Intranet.example:443"])
    ('https://intranet.example',)
    """
    return tuple(dict.fromkeys(_origin(setting, value) for value in values))


def _origin(setting: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refused(setting, value, tr("不是网址", "it is no address")) from error
    reason = _reason(value, parts.scheme, host, "@" in parts.netloc)
    if reason is None and (parts.path or parts.query or parts.fragment or re.search(r"[\s;,'\"\\?#]", value)):
        reason = tr("来源没有路径，结尾也没有斜杠", "an origin has no path, and no slash at its end")
    if reason is not None:
        raise _refused(setting, value, reason)
    shown = f"[{host}]" if ":" in host else host
    default = _HTTPS if parts.scheme == "https" else _HTTP
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, default) else "")


def _reason(value: str, scheme: str, host: str, user: bool) -> str | None:
    if "*" in value:
        return tr("不能用通配符", "wildcards are not taken")
    if scheme not in ("http", "https") or not host:
        return tr("应以 https:// 开头", "it should begin with https://")
    if user:
        return tr("不能带用户名", "it should not carry a user name")
    if not _is_host(host):
        return tr("主机名有误（中文域名请写成 xn--）", "its host name is wrong (write an international one as xn--)")
    if scheme == "http" and not is_this_machine(host):
        return tr("http 只能用于本机，请用 https", "http is taken for this machine alone; use https")
    return None


def _refused(setting: str, value: str, reason: str) -> ConfigError:
    return ConfigError(
        tr(
            f"{setting} 中的 {value!r} 不能用：{reason}。请逐个列出，例如 https://intranet.example。",
            f"{setting} has {value!r}, which can't be used: {reason}. List each one, as in https://intranet.example.",
        )
    )


def is_this_machine(host: str) -> bool:
    """Whether a browser takes `host` for the machine that it runs on (W3C, Secure Contexts, section 3.1)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return ipaddress.ip_address(host).version == 6
        except ValueError:
            return False
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.split("."))
