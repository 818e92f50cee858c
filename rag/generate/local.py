"""A language model on this machine, run by transformers."""

from __future__ import annotations

import copy
import hashlib
import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..encoder.embed import fingerprint, locate
from ..errors import InputError, ModelError
from . import hardware
from .feed import Put, feed

if TYPE_CHECKING:
    from ..config import Settings
    from . import Generator, Messages

TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<|end_of_turn|>")
"""Tokens with which chat models end what they say, whether or not their configuration tells."""

CHUNK = 256  # tokens of a prompt that are read at a time: few, so that no matrix product holds up giving it up
PREFIXES = 4  # system messages whose reading is kept


def load_transformers(settings: Settings) -> Generator:
    """Load `settings.generator`: any causal language model with a chat template, from a folder or the local model cache.

    Nothing is downloaded and no code that comes with a model is run. Raises ModelError, ConfigError for a device that
    is not there.
    """
    return TransformersGenerator(settings, locate(settings.generator, "generator"))


class _Cancelled(BaseException):
    """Ends the work of a thread from within the model. No Exception: a library's `except Exception` must not hold it up."""


class TransformersGenerator:
    """A local model run by transformers, greedily: the same messages give the same text.

    What the model made of a system message (its keys and values) is kept, and the next prompt that begins with it is read
    from there on. The prefix is read apart from the rest the first time, too, so that both ways reckon the very same
    numbers.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Load from `folder`. Raises ModelError, ConfigError.

        `generator_threads` is torch's number for the whole process: it is set once, here, and holds for other models that
        torch runs in threads started later, too.
        """
        self.name = settings.generator
        self._folder = folder
        self._bits = settings.generator_bits
        self._seconds = settings.generator_seconds
        device = hardware.device(settings.generator_device)
        dtype = hardware.precision(device)
        options = hardware.quantised(self._bits, dtype, device)
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
            from transformers.utils import logging

            logging.disable_progress_bar()
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=dtype, **options)
            self._model = (model if options else model.to(device)).eval()
        except Exception as error:
            raise ModelError(
                f"can't load the generator {self.name!r} from {folder}: {error}. The folder should hold a causal "
                "language model as save_pretrained writes it: config.json, weights and tokenizer"
            ) from error
        if not self._tokenizer.chat_template:
            raise ModelError(
                f"the generator {self.name!r} has no chat template, so it is no chat model; "
                "give the instruction-tuned model of the same family"
            )
        if settings.generator_threads:
            torch.set_num_threads(settings.generator_threads)
        limit = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        self.context: int | None = settings.generator_context or limit
        self._ends = self._turn_ends()
        self._prefixes: OrderedDict[bytes, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = threading.local()
        for module in self._model.modules():
            if isinstance(module, torch.nn.Linear):
                module.register_forward_pre_hook(self._leave_if_cancelled)

    @property
    def fingerprint(self) -> str:
        """See Generator. Reads all weights the first time."""
        found = fingerprint(self._folder)
        return found if self._bits == 16 else f"sha256:{hashlib.sha256(f'{found}/{self._bits}'.encode()).hexdigest()}"

    def count(self, messages: Messages) -> int:
        """See Generator. Exact."""
        return int(self._encode(messages).shape[1])

    def stream(self, messages: Messages, *, max_tokens: int, stop: Callable[[], bool] | None = None) -> Iterator[str]:
        """See Generator. Raises InputError for a prompt longer than the model can read."""
        if max_tokens < 1:
            raise InputError(f"max_tokens = {max_tokens}; give at least 1")
        ids = self._encode(messages)
        length = ids.shape[1]
        if self.context and length + max_tokens > self.context:
            raise InputError(
                f"the prompt has {length} tokens, with {max_tokens} of answer more than the {self.context} that "
                f"{self.name!r} can hold; set top_k lower or ask for a shorter answer"
            )
        fixed = self._fixed(messages, ids)
        cancelled = threading.Event()

        def work(put: Put) -> None:
            self._thread.cancelled = cancelled
            try:
                self._write(ids, fixed, max_tokens, put)
            except _Cancelled:
                pass
            except BaseException as error:
                raise ModelError(f"the generator {self.name!r} failed: {error}") from error

        return feed(work, cancelled.set, stop=stop, seconds=self._seconds, name=self.name)

    def _encode(self, messages: Messages) -> Any:
        """Token ids of the prompt, `(1, n)`; a model without system role gets that with the user's message."""
        from jinja2 import TemplateError

        # a document must not end its own message: what looks like a control token in a text stays text
        options = {"add_generation_prompt": True, "return_dict": True, "return_tensors": "pt", "sanitize_control_tokens": True}
        merged: Messages = [{"role": "user", "content": "\n\n".join(message["content"] for message in messages)}]
        try:
            try:
                found = self._tokenizer.apply_chat_template(messages, enable_thinking=False, **options)
            except TemplateError:
                found = self._tokenizer.apply_chat_template(merged, enable_thinking=False, **options)
        except Exception as error:
            raise ModelError(f"the chat template of {self.name!r} does not work: {error}") from error
        return found["input_ids"].to(self._model.device)

    def _fixed(self, messages: Messages, ids: Any) -> int:
        """How many tokens at the beginning of `ids` are the system message's; 0 where there is none."""
        system = list(itertools.takewhile(lambda message: message["role"] == "system", messages))
        if not system or len(system) == len(messages):
            return 0
        other = self._encode([*system, {"role": "user", "content": "0"}])
        length = min(ids.shape[1], other.shape[1]) - 1
        same: list[bool] = (ids[0, :length] == other[0, :length]).tolist()
        return same.index(False) if False in same else length

    def _turn_ends(self) -> list[int]:
        """Ids of all tokens that end an answer: those of the tokenizer, of the configuration and of the chat template."""
        told = self._model.generation_config.eos_token_id
        found = {self._tokenizer.eos_token_id, *(told if isinstance(told, list) else [told])} - {None}
        vocabulary, template = self._tokenizer.get_vocab(), str(self._tokenizer.chat_template)
        return sorted(found | {vocabulary[end] for end in TURN_ENDS if end in vocabulary and end in template})

    def _leave_if_cancelled(self, *_: Any) -> None:
        cancelled = getattr(self._thread, "cancelled", None)  # of this thread: another may be using the same model
        if cancelled is not None and cancelled.is_set():
            raise _Cancelled

    def _read(self, ids: Any, cache: Any) -> Any:
        """Read the tokens `ids` after those in `cache` (None: nothing yet) and return what was made of all.

        None for a model that keeps no such cache.
        """
        for part in ids.split(CHUNK, dim=1) if ids.shape[1] else ():
            cache = getattr(self._model.base_model(input_ids=part, past_key_values=cache, use_cache=True), "past_key_values", None)
            if cache is None:
                break
        return cache

    def _prefix(self, ids: Any) -> Any:
        """What was made of the system message's tokens `ids`, a copy of its own."""
        if not ids.shape[1]:
            return None
        key = ids.cpu().numpy().tobytes()
        with self._lock:
            kept = self._prefixes.pop(key, None)
        if kept is None:
            kept = self._read(ids, None)
        with self._lock:
            self._prefixes[key] = kept
            while len(self._prefixes) > PREFIXES:
                self._prefixes.popitem(last=False)
        return copy.deepcopy(kept)

    def _write(self, ids: Any, fixed: int, max_tokens: int, put: Put) -> None:
        import torch
        from transformers import TextStreamer

        ends = self._ends

        class Pieces(TextStreamer):  # type: ignore[misc]
            def put(self, value: Any) -> None:
                if self.next_tokens_are_prompt or value.flatten()[-1].item() not in ends:  # an end may be no special token
                    super().put(value)

            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                text = text.rstrip("\ufffd") if stream_end else text  # cut off within a character
                if text:
                    put(text)

        with torch.inference_mode():
            cache = self._read(ids[:, fixed:-1], self._prefix(ids[:, :fixed]))
            self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                past_key_values=cache,
                max_new_tokens=max_tokens,
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                eos_token_id=ends or None,
                pad_token_id=self._pad(),
                streamer=Pieces(self._tokenizer, skip_prompt=True, skip_special_tokens=True, clean_up_tokenization_spaces=False),
            )

    def _pad(self) -> Any:
        """Return a token to pad with: transformers wants one even for a single prompt; any will do."""
        pad = self._tokenizer.pad_token_id
        return self._tokenizer.eos_token_id if pad is None else pad
