"""A prompt to look at before a model sees it: of the index's own passages, or of an invented example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .prompt import Passage, Prompt, render, render_repair, render_rewrite

if TYPE_CHECKING:
    from ..config import Settings
    from . import Messages

TRIED = ("answer", "repair", "rewrite")


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what goes into its prompts."""

    question: str
    passages: tuple[Passage, ...]
    failed: tuple[tuple[str, str], ...]
    history: tuple[tuple[str, str], ...]
    follow_up: str


EXAMPLES = {
    "zh": Example(
        "市图书馆2023年接待了多少读者？",
        (
            Passage("今年，市图书馆接待读者86万人次，举办讲座112场。", "市图书馆年度工作综述", "2023-12-28发布 · 说的是2023年"),
            Passage("市图书馆全年接待读者85.2万人次。", "全市文化事业统计公报", "2024-03-15发布 · 说的是2023年"),
        ),
        (("市图书馆2023年接待读者90万人次。", "数字 90万人次"),),
        (("市图书馆2023年接待了多少读者？", "86万人次[1]。"),),
        "那前一年呢？",
    ),
    "en": Example(
        "How many visitors did the city library have in 2023?",
        (
            Passage("This year the library had 860,000 visitors and held 112 talks.", "City library: the year in review", "published 2023-12-28 · about 2023"),
            Passage("The city library counted 852,000 visitors.", "Bulletin of cultural statistics", "published 2024-03-15 · about 2023"),
        ),
        (("The library had 900,000 visitors in 2023.", "number 900,000"),),
        (("How many visitors did the city library have in 2023?", "860,000 [1]."),),
        "And the year before?",
    ),
}  # fmt: skip


def try_out(template: str, language: str, question: str = "", passages: Sequence[Passage] | None = None) -> Prompt:
    """The prompt of `template` (one of TRIED); what is not given is an example's. Raises as `rag.generate.prompt.render`."""
    example = EXAMPLES[language]
    if template == "rewrite":
        return render_rewrite(question or example.follow_up, example.history, language)
    question = question or example.question
    passages = example.passages if passages is None else passages
    if template == "repair":
        return render_repair(question, passages, language, example.failed)
    return render(question, passages, language)


def passages_for(question: str, settings: Settings, language: str) -> list[Passage] | None:
    """The passages that the index has for `question`, best first; None where there is no index.

    An answer's prompt has the sentences beside them, too, and none that tell a model what to say.
    """
    from ..config import home
    from ..store import current_generation

    if current_generation(home()) is None:
        return None
    from ..bot import Bot
    from .fuller import PASSAGES

    bot = Bot(settings.replace(generator="", generator_url=""), home())
    steps = bot.trace(question).steps
    chunks = {found.chunk_id: found.chunk for step in steps for found in step.retrieved}
    return [Passage.of(c.text, bot.snapshot.part(c.source, c.part), language) for c in list(chunks.values())[:PASSAGES]]


def estimate(messages: Messages) -> int:
    """About how many tokens `messages` have: one a Chinese character, one for four others; most models need fewer."""
    text = "".join(message["content"] for message in messages)
    narrow = sum(character.isascii() for character in text)
    return len(text) - narrow + narrow // 4 + 4 * len(messages)
