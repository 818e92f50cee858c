"""Language models that write answers. Their text is never shown before the verifier has seen it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from .embed import fingerprint, locate
from .errors import InputError, ModelError
from .prompt import declines, render, statements

__all__ = ["Generator", "TransformersGenerator", "declines", "load_transformers", "render", "statements"]


class Generator(Protocol):
    """A chat model that writes piece by piece."""

    @property
    def name(self) -> str:
        """The name it was asked for by."""

    @property
    def fingerprint(self) -> str:
        """`sha256:…` over all that decides what it writes."""

    def stream(
        self, messages: list[dict[str, str]], *, max_tokens: int, stop: Callable[[], bool] | None = None
    ) -> Iterator[str]:
        """Yield the answer in pieces, at most `max_tokens` long; end early once `stop()` is true.

        Closing the iterator ends the work, too. Raises ModelError where the model fails.
        """


def load_transformers(name: str) -> Generator:
    """Load any causal language model with a chat template, from a folder or the local model cache.

    Nothing is downloaded and no code that comes with a model is run. Raises ModelError.
    """
    return TransformersGenerator(name, locate(name, "generator"))


class TransformersGenerator:
    """A local model run by transformers, greedily: the same messages give the same text."""

    def __init__(self, name: str, folder: Path) -> None:
        """Load from `folder`, to a GPU if there is one. Raises ModelError."""
        self.name = name
        self._folder = folder
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
            from transformers.utils import logging

            logging.disable_progress_bar()
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype="auto")
            self._model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        except Exception as error:
            raise ModelError(
                f"can't load the generator {name!r} from {folder}: {error}. The folder should hold a causal "
                "language model as save_pretrained writes it: config.json, weights and tokenizer"
            ) from error
        if not self._tokenizer.chat_template:
            raise ModelError(
                f"the generator {name!r} has no chat template, so it is no chat model; "
                "give the instruction-tuned model of the same family"
            )

    @property
    def fingerprint(self) -> str:
        """See Generator. Reads all weights the first time."""
        return fingerprint(self._folder)

    def stream(
        self, messages: list[dict[str, str]], *, max_tokens: int, stop: Callable[[], bool] | None = None
    ) -> Iterator[str]:
        """See Generator. Raises InputError for a prompt longer than the model can read."""
        if max_tokens < 1:
            raise InputError(f"max_tokens = {max_tokens}; give at least 1")
        inputs = self._encode(messages)
        length = inputs["input_ids"].shape[1]
        limit = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        if limit and length + max_tokens > limit:
            raise InputError(
                f"the prompt has {length} tokens, with {max_tokens} of answer more than the {limit} that "
                f"{self.name!r} can hold; set top_k lower or ask for a shorter answer"
            )
        return self._run(inputs, max_tokens, stop)

    def _encode(self, messages: list[dict[str, str]]) -> Any:
        """Return token ids of the prompt; a model without system role gets that with the user's message."""
        from jinja2 import TemplateError

        options = {"add_generation_prompt": True, "return_dict": True, "return_tensors": "pt"}
        merged = [{"role": "user", "content": "\n\n".join(message["content"] for message in messages)}]
        try:
            try:
                found = self._tokenizer.apply_chat_template(messages, enable_thinking=False, **options)
            except TemplateError:
                found = self._tokenizer.apply_chat_template(merged, enable_thinking=False, **options)
        except Exception as error:
            raise ModelError(f"the chat template of {self.name!r} does not work: {error}") from error
        return found.to(self._model.device)

    def _run(self, inputs: Any, max_tokens: int, stop: Callable[[], bool] | None) -> Iterator[str]:
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList, TextIteratorStreamer

        cancelled = threading.Event()
        failures: list[BaseException] = []

        class Cancel(StoppingCriteria):  # type: ignore[misc]
            def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
                done = cancelled.is_set() or (stop is not None and bool(stop()))
                return torch.full((input_ids.shape[0],), done, dtype=torch.bool, device=input_ids.device)

        streamer = TextIteratorStreamer(
            self._tokenizer, skip_prompt=True, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )

        def work() -> None:
            try:
                with torch.inference_mode():
                    self._model.generate(
                        **inputs,
                        max_new_tokens=max_tokens,
                        do_sample=False,
                        temperature=None,
                        top_p=None,
                        top_k=None,
                        pad_token_id=self._pad(),
                        streamer=streamer,
                        stopping_criteria=StoppingCriteriaList([Cancel()]),
                    )
            except BaseException as error:
                failures.append(error)
                streamer.end()  # or the reader below waits for ever

        thread = threading.Thread(target=work, name="zhiyin-generate", daemon=True)
        thread.start()
        try:
            yield from (piece for piece in streamer if piece)
        finally:
            cancelled.set()
            thread.join()
        if failures:
            raise ModelError(f"the generator {self.name!r} failed: {failures[0]}") from failures[0]

    def _pad(self) -> Any:
        """Return a token to pad with: transformers wants one even for a single prompt; any will do."""
        pad = self._tokenizer.pad_token_id
        return self._tokenizer.eos_token_id if pad is None else pad
