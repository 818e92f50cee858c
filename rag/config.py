"""Settings: defaults, then `$ZHIYIN_HOME/config.toml`, then a file given by hand."""

from __future__ import annotations

import dataclasses
import difflib
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ConfigError

BUNDLED = "bundled"
BUNDLED_FAST = "bundled-fast"


def home() -> Path:
    """The folder that holds all state: `$ZHIYIN_HOME`, else `.zhiyin` in the working folder."""
    return Path(os.environ.get("ZHIYIN_HOME") or ".zhiyin").absolute()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, with its default. Sizes are tokens of the embedder unless said otherwise."""

    embedder: str = BUNDLED  # "bundled", a multilingual encoder; "bundled-fast", a table of word vectors; a model name, or a folder
    reader: str = BUNDLED  # "bundled", a trained encoder and rules, weighed by one probability; "extractive", the rules alone, without a model
    reranker: str = ""  # "bundled" for the reader model, a cross-encoder's name or folder; empty for none
    generator: str = ""  # a language model: name or folder, or with generator_url its name there; empty for the reader alone
    generator_url: str = ""  # an OpenAI-compatible server (vLLM, Ollama, llama.cpp, LM Studio, SGLang): "http://127.0.0.1:8000/v1"
    generator_key_env: str = ""  # environment variable that holds the server's key
    generator_seconds: int = 60  # longest that the model may take for an answer
    generator_tokens: int = 400  # most tokens that it writes
    generator_context: int = 0  # tokens that it can hold, prompt and answer; 0 for what the model says, of a server 8192
    generator_device: str = "auto"  # auto (a GPU if there is one), cpu, cuda, cuda:1, mps
    generator_bits: int = 16  # 16 for the model's own precision; 8 or 4 to quantise it while loading (bitsandbytes)
    generator_threads: int = 0  # CPU threads of the model; 0 for all cores
    entailment: str = ""  # an NLI cross-encoder's name or folder that a language model's statements must pass, too; empty for none
    chunk_tokens: int = 160  # most tokens of a passage
    chunk_overlap: int = 1  # sentences that a passage shares with the one before
    clean: str = "full"  # "full", or "gentle" to repair characters and white space alone: no lines joined, none taken out
    clean_gently: tuple[str, ...] = ()  # folders and documents, as the index names them, that are cleaned gently in any case
    index_type: str = "auto"  # vector index: auto (by size), flat, hnsw, ivf, ivfpq, rabitq
    keep_generations: int = 3  # finished indexes kept on disk
    max_file_mb: int = 200  # larger files are skipped and reported
    top_k: int = 20  # passages handed to the reader
    pool_k: int = 60  # candidates of each retrieval leg
    lexical: bool = True  # search by words
    dense: bool = True  # search by meaning
    dense_weight: float = 0.5  # what likeness of meaning (cosine, 0 to 1) counts beside the share of the question's words that a passage covers; 0.2 suits bundled-fast
    min_probability: float = 0.4  # probability that an answer is right, from which the bundled reader gives it
    min_support: float = 0.5  # share of the question's weight that the source must support; of the extractive reader
    ask_per_minute: int = 120  # questions a minute of a person (without logins: of an address), in the chat and over HTTP; 0 for any number
    ask_at_once: int = 4  # questions that are answered at the same time
    ask_waiting: int = 64  # further questions that wait for their turn; more are told to come back later
    ask_seconds: int = 120  # longest that a question may take, its waiting included
    body_kb: int = 256  # largest request, in KiB
    body_seconds: int = 30  # longest that a request may take to arrive
    embed_origins: tuple[str, ...] = ()  # origins whose pages may show the chat in a frame: ["https://intranet.example"]
    cors_origins: tuple[str, ...] = ()  # origins whose scripts may call /api and /v1; a list apart from embed_origins

    auth_token_env: str = ""  # environment variable that holds a token shared by all who may ask
    auth_token_file: str = ""  # or the file that holds it
    auth_token_groups: tuple[str, ...] = ()  # groups of whoever has the token
    auth_token_admin: bool = False  # whether it makes an administrator
    auth_users: bool = False  # people log in with name and password (zhiyin users add)
    auth_proxy_header: str = ""  # header in which a trusted proxy names who asks
    auth_proxy_groups_header: str = ""  # header in which it lists their groups, separated by commas
    auth_proxies: tuple[str, ...] = ()  # addresses or networks of these proxies; from any other peer the headers are ignored
    auth_admin_group: str = ""  # members of this group, as a proxy, a JWT or an OpenID provider says, are administrators
    auth_jwt_key_env: str = ""  # environment variable with the key of the JWTs that a host page's server signs for the embedded chat
    auth_jwt_key_file: str = ""  # or the file: a public key in PEM, for HS256 a shared secret
    auth_jwt_algorithm: str = "EdDSA"  # EdDSA, RS256 or HS256
    auth_jwt_audience: str = ""  # what their aud must be: the address of this service
    auth_jwt_issuer: str = ""  # what their iss must be; empty for any
    auth_oidc_issuer: str = ""  # people log in at this OpenID provider: the address that it calls itself, to the letter
    auth_oidc_client: str = ""  # the client id that it gave this service
    auth_oidc_secret_env: str = ""  # environment variable with the client secret
    auth_oidc_secret_file: str = ""  # or the file that holds it; with neither, a public client (PKCE alone)
    auth_oidc_address: str = ""  # address of this service in browsers; the provider must know ADDRESS/login/callback
    auth_oidc_name: str = ""  # what the login page calls the provider
    auth_oidc_scopes: tuple[str, ...] = ("openid", "profile")  # what is asked for
    auth_oidc_id_claim: str = "sub"  # claim that names a person for good
    auth_oidc_name_claim: str = "name"  # claim with the name that is shown
    auth_oidc_groups_claim: str = "groups"  # claim that lists groups; dots lead into objects: realm_access.roles
    auth_oidc_admin_claim: str = ""  # claim that makes an administrator where it is true; auth_admin_group does so, too
    auth_oidc_userinfo: bool = False  # ask the userinfo endpoint for further claims
    auth_oidc_algorithms: tuple[str, ...] = ("RS256", "ES256")  # signatures of ID tokens that count
    auth_oidc_hosts: tuple[str, ...] = ()  # further hosts of the provider, where its endpoints are not all at the issuer's
    auth_session_hours: int = 12  # how long a login lasts
    auth_secure_cookies: bool = False  # login cookies over https alone; set it where a proxy in front speaks https
    audit: str = "hash"  # the log of who asked what: the question's keyed hash, "text", or "off"
    audit_days: int = 180  # how long its lines are kept

    def __post_init__(self) -> None:
        for name, low, high in (("chunk_tokens", 16, 8192), ("chunk_overlap", 0, 20), ("keep_generations", 1, 1000),
                                ("max_file_mb", 1, 100_000), ("top_k", 1, 200), ("pool_k", 1, 10_000),
                                ("min_support", 0.0, 1.0), ("min_probability", 0.0, 1.0), ("dense_weight", 0.0, 10.0),
                                ("ask_per_minute", 0, 1_000_000), ("ask_at_once", 1, 256), ("ask_waiting", 0, 100_000),
                                ("ask_seconds", 1, 3600), ("body_kb", 16, 1_000_000), ("body_seconds", 1, 3600),
                                ("generator_seconds", 1, 3600), ("generator_tokens", 16, 8192), ("generator_context", 0, 1_048_576),
                                ("generator_threads", 0, 1024), ("auth_session_hours", 1, 8760), ("audit_days", 1, 36_500)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name} = {value!r} is out of range; give {low} to {high}")
        if self.audit not in ("hash", "text", "off"):
            raise ConfigError(f"audit = {self.audit!r}; give hash, text or off")
        if self.clean not in ("full", "gentle"):
            raise ConfigError(f"clean = {self.clean!r}; give full or gentle")
        if self.index_type not in ("auto", "flat", "hnsw", "ivf", "ivfpq", "rabitq"):
            raise ConfigError(f"index_type = {self.index_type!r}; give auto, flat, hnsw, ivf, ivfpq or rabitq")
        if self.generator_bits not in (4, 8, 16):
            raise ConfigError(f"generator_bits = {self.generator_bits!r}; give 16, 8 or 4")
        if (self.generator or self.generator_url) and self.generator_seconds >= self.ask_seconds:
            raise ConfigError(f"generator_seconds = {self.generator_seconds} leaves the reader no time of ask_seconds = {self.ask_seconds}; make it less")
        if not (self.lexical or self.dense):
            raise ConfigError("lexical and dense are both off; leave at least one on")

    def replace(self, **changes: Any) -> Settings:
        """A copy with some settings changed. Raises ConfigError for a name that does not exist."""
        return _build({**dataclasses.asdict(self), **changes}, "the call")


def load(path: Path | None = None) -> Settings:
    """Settings of this home, overridden by the TOML file `path`.

    Raises ConfigError for a file that is no TOML, an unknown name (with the nearest known one) or a wrong type.
    """
    merged: dict[str, Any] = {}
    here = home() / "config.toml"
    for file in (here if here.is_file() else None, path):
        if file is None:
            continue
        try:
            merged |= tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"can't read settings from {file}: {error}") from error
    return _build(merged, str(path or here))


def _build(values: dict[str, Any], where: str) -> Settings:
    fields = {f.name: type(f.default) for f in dataclasses.fields(Settings)}
    values = dict(values)
    for name, given in list(values.items()):
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(fields)}"
            raise ConfigError(f"unknown setting {name!r} in {where}{hint}")
        wanted = fields[name]
        value = values[name] = tuple(given) if wanted is tuple and isinstance(given, list) else given  # a TOML array
        if isinstance(value, tuple) and not all(isinstance(item, str) for item in value):
            raise ConfigError(f"{name} = {list(value)!r} in {where} should be a list of texts")
        if not (isinstance(value, wanted) or (wanted is float and isinstance(value, int))) or (
            isinstance(value, bool) and wanted is not bool
        ):
            raise ConfigError(f"{name} = {value!r} in {where} should be {'list' if wanted is tuple else wanted.__name__}")
    return Settings(**values)
