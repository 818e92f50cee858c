"""Prompt templates: which there are, where each comes from, whether it holds what it has to, and filling one in.

Templates are `string.Template` files, one a language: `answer.zh.txt` in the package `rag.prompts`, or a file
of that name in `$ZHIYIN_HOME/prompts/`, which goes before. What stands above a line of `---` is the system
message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from ..config import home
from ..errors import ConfigError, InputError
from ..hub.presets import hint
from . import Messages

_RULE = re.compile(r"^-{3,}[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Variables:
    """What a template has to hold, what it may hold besides, and the languages that it is written in."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("zh", "en")

    @property
    def known(self) -> tuple[str, ...]:
        """All variables that are filled in."""
        return (*self.needed, *self.optional)


TEMPLATES = {
    "answer": Variables(("question", "sources"), ("not_found",)),
    "repair": Variables(("question", "sources", "failed"), ("not_found",)),
    "rewrite": Variables(("question", "history")),
    "question": Variables(("sentence", "answer"), ("setting",), languages=("zh",)),
}


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A template that holds what it has to, its system part (which may be empty) apart."""

    system: str
    user: str

    def fill(self, values: Mapping[str, str]) -> Messages:
        """The messages with `values` put in; what a value holds is never filled in again."""
        parts = (("system", self.system), ("user", self.user))
        return [{"role": role, "content": Template(text).substitute(values).strip()} for role, text in parts if text.strip()]


def names() -> list[str]:
    """The names of all templates: `answer.zh`."""
    return [f"{name}.{language}" for name, variables in TEMPLATES.items() for language in variables.languages]


def named(text: str) -> str:
    """The template that `text` names, with or without `.txt`. Raises InputError with the nearest name."""
    name = text.removesuffix(".txt")
    if name not in names():
        raise InputError(f"no prompt {text!r}; {hint(name, names())}")
    return name


def own(name: str) -> Path:
    """Where a template of one's own stands, whether it is there or not."""
    return home() / "prompts" / f"{name}.txt"


def built_in(name: str) -> str:
    """The text that comes with the package."""
    return resources.files("rag.prompts").joinpath(f"{name}.txt").read_text(encoding="utf-8")


def text_of(name: str) -> str:
    """The text in use: one's own, else the built-in. Raises ConfigError where it can't be read."""
    path = own(name)
    if not path.is_file():
        return built_in(name)
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't read the prompt {path}: {error}") from error


def load(name: str, language: str) -> PromptTemplate:
    """The template `name` in `language`, ready to be filled.

    Raises ConfigError for a language that there is not, and for a template that can't be read, leaves out what is
    needed, asks for what there is not, or has no user's part.
    """
    variables = TEMPLATES[name]
    if language not in variables.languages:
        raise ConfigError(f"no prompts in language {language!r}; give {' or '.join(variables.languages)}")
    text = text_of(f"{name}.{language}")
    path = own(f"{name}.{language}")
    where = str(path) if path.is_file() else path.name
    try:
        Template(text).substitute(dict.fromkeys(variables.known, ""))
    except KeyError as error:
        near = hint(f"${error.args[0]}", [f"${known}" for known in variables.known])
        raise ConfigError(f"the prompt {where} asks for ${error.args[0]}, which there is not; {near}") from error
    except ValueError as error:
        raise ConfigError(f"the prompt {where} holds a $ that begins no name ({error}); write $$ for the sign") from error
    there = Template(text).get_identifiers()
    for needed in variables.needed:
        if needed not in there:
            raise ConfigError(f"the prompt {where} leaves out ${needed}; put it where the {needed} should stand")
    system, *user = _RULE.split(text, maxsplit=1)
    if user and not user[0].strip():
        raise ConfigError(f"the prompt {where} has nothing below its line of ---; put the user's part there: ${variables.needed[0]}")
    return PromptTemplate(system, user[0]) if user else PromptTemplate("", text)


def problem(name: str) -> str | None:
    """What is wrong with the template `name` (`answer.zh`), None where nothing is."""
    try:
        load(*name.split("."))
    except ConfigError as error:
        return str(error)
    return None


def strangers() -> list[Path]:
    """Text files among one's own templates that none is named like, so that nothing ever reads them."""
    return sorted(path for path in (home() / "prompts").glob("*.txt") if path.stem not in names())


def adopt(name: str) -> bool:
    """Copy the built-in text to where one's own stands, unless there is one; whether it was copied.

    Raises ConfigError where that can't be written.
    """
    path = own(name)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.write_bytes(built_in(name).encode())
            os.link(fresh, path)  # whole or not at all and, unlike a rename, never over a file that is there
        finally:
            fresh.unlink(missing_ok=True)
    except FileExistsError:
        if path.is_file():
            return False
        raise ConfigError(f"can't write {path}: there is something of that name that is no file; move it away") from None
    except OSError as error:
        raise ConfigError(f"can't write {path}: {error}") from error
    return True


def drop(name: str) -> bool:
    """Remove one's own text, so that the built-in one counts again; whether there was one. Raises ConfigError."""
    try:
        own(name).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConfigError(f"can't remove {own(name)}: {error}") from error
    return True
