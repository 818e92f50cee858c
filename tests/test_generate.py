"""Generation with a real, tiny, randomly initialised chat model, saved to a folder and loaded from it."""

import itertools
import json
import shutil
import threading
import time
from collections import OrderedDict

import pytest

from rag import registry
from rag.config import Settings
from rag.errors import ConfigError, InputError, ModelError, OutOfTime
from rag.generate import hardware, load_generator, local
from rag.generate.local import load_transformers
from rag.generate.prompt import Passage, render

TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}\n{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + TEMPLATE
)
MESSAGES = [
    {"role": "system", "content": "你回答问题。"},
    {"role": "user", "content": "全省新建职工书屋多少家？"},
]


def save_model(folder, template=TEMPLATE, **shape):
    import torch
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    characters = sorted(
        set("全省新建职工书屋多少家？318，服务12.5万人次。你回答问题。system user assistant\n")
    )
    tokenizer = Tokenizer(
        models.WordLevel({c: i for i, c in enumerate(["<s>", "</s>", "?", *characters])}, "?")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    fast.chat_template = template
    torch.manual_seed(7)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 1, "max_position_embeddings": 256, "initializer_range": 0.6}  # fmt: skip
    config = Qwen3Config(
        vocab_size=len(fast), tie_word_embeddings=False,
        bos_token_id=fast.bos_token_id, eos_token_id=fast.eos_token_id, **(size | shape),
    )  # fmt: skip
    model = Qwen3ForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight[fast.eos_token_id] = 0  # so that it goes on until it is told to stop
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def load(name, **settings):
    return load_generator(Settings(generator=name, **settings))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("模型"))


@pytest.fixture(scope="module")
def generator(folder):
    return load(str(folder))


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A model that reads the prompt `LONG` for seconds."""
    shape = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
             "num_key_value_heads": 4, "max_position_embeddings": 32_768, "initializer_range": 0.02}  # fmt: skip
    return save_model(tmp_path_factory.mktemp("slow"), **shape)


LONG = [{"role": "user", "content": "全省新建职工书屋" * 1000}]


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "zhiyin-generate"]


def test_the_entry_point_leads_here():
    assert registry.load("generators", "transformers") is load_transformers


def test_name_and_fingerprint(generator, folder, tmp_path):
    assert generator.name == str(folder)
    assert generator.fingerprint.startswith("sha256:") and len(generator.fingerprint) == 71
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert load(str(copy)).fingerprint == generator.fingerprint
    config = json.loads((copy / "generation_config.json").read_text())
    (copy / "generation_config.json").write_text(json.dumps({**config, "repetition_penalty": 1.5}))
    assert load(str(copy)).fingerprint != generator.fingerprint


def test_it_streams_what_greedy_search_gives(generator, folder):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=hardware.precision(torch.device("cpu")))
    ids = tokenizer.apply_chat_template(
        MESSAGES, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.inference_mode():
        for _ in range(24):  # greedy search by hand
            step = model(input_ids=ids["input_ids"]).logits[:, -1].argmax(-1, keepdim=True)
            ids["input_ids"] = torch.cat([ids["input_ids"], step], 1)
    expected = tokenizer.decode(ids["input_ids"][0, -24:], skip_special_tokens=True)

    pieces = list(generator.stream(MESSAGES, max_tokens=24))
    assert "".join(pieces) == expected
    assert len(pieces) > 1 and all(pieces)
    assert list(generator.stream(MESSAGES, max_tokens=24)) == pieces
    assert not workers()


def test_the_answer_depends_on_the_messages(generator):
    other = [{"role": "user", "content": "服务职工多少人次？"}]
    assert "".join(generator.stream(MESSAGES, max_tokens=16)) != "".join(
        generator.stream(other, max_tokens=16)
    )


@pytest.mark.parametrize("limit", [1, 5])
def test_max_tokens(generator, limit):
    written = "".join(generator.stream(MESSAGES, max_tokens=limit))  # a character is a token here
    assert len(written) <= limit
    assert "".join(generator.stream(MESSAGES, max_tokens=24)).startswith(written)


def test_stop_ends_it(generator):
    pieces = []
    for piece in generator.stream(MESSAGES, max_tokens=150, stop=lambda: len(pieces) == 3):
        pieces.append(piece)
    assert len(pieces) == 3
    assert not workers()
    assert list(generator.stream(MESSAGES, max_tokens=5, stop=lambda: True)) == []


def test_closing_the_iterator_ends_the_work(generator):
    answer = generator.stream(MESSAGES, max_tokens=150)
    assert next(answer)
    answer.close()
    assert not workers()


def test_an_error_of_the_model_reaches_the_caller(generator, monkeypatch):
    def generate(*_, **__):
        raise ZeroDivisionError("no such kernel")

    monkeypatch.setattr(generator._model, "generate", generate)
    with pytest.raises(ModelError, match="failed: no such kernel"):
        list(generator.stream(MESSAGES, max_tokens=5))
    assert not workers()


def test_an_error_of_stop_is_the_callers_own(generator):
    with pytest.raises(ZeroDivisionError):
        list(generator.stream(MESSAGES, max_tokens=5, stop=lambda: 1 // 0))
    assert not workers()


def test_two_at_once(generator):
    alone = [list(generator.stream(MESSAGES[i:], max_tokens=12)) for i in range(2)]
    streams = [generator.stream(MESSAGES[i:], max_tokens=12) for i in range(2)]
    together = [[], []]
    for pieces in itertools.zip_longest(*streams):
        for i, piece in enumerate(pieces):
            together[i] += [piece] if piece is not None else []
    assert together == alone


def test_a_prompt_too_long_for_the_model(generator):
    long = render("问？", [Passage("全省新建职工书屋" * 60)], "zh").messages
    with pytest.raises(InputError, match=r"prompt has \d+ tokens.*256.*top_k"):
        list(generator.stream(long, max_tokens=5))
    with pytest.raises(InputError, match="max_tokens = 0"):
        generator.stream(MESSAGES, max_tokens=0)


def test_a_model_without_system_role_gets_the_rules_with_the_question(tmp_path):
    strict = load(str(save_model(tmp_path / "m", NO_SYSTEM)))
    merged = [{"role": "user", "content": f"{MESSAGES[0]['content']}\n\n{MESSAGES[1]['content']}"}]
    assert list(strict.stream(MESSAGES, max_tokens=8)) == list(strict.stream(merged, max_tokens=8))


def test_a_model_without_chat_template(tmp_path):
    with pytest.raises(ModelError, match=r"no chat template.*instruction-tuned"):
        load(str(save_model(tmp_path / "m", None)))


def test_a_chat_template_that_does_not_work(tmp_path):
    broken = load(str(save_model(tmp_path / "m", "{{ raise_exception('never') }}")))
    with pytest.raises(ModelError, match=r"chat template.*never"):
        broken.stream(MESSAGES, max_tokens=5)


@pytest.mark.parametrize("name", ["no/such-model", "/no/such/folder", "bundled", "~"])
def test_a_model_that_is_not_there(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelError, match=f"no generator at '{name}'.*never downloads"):
        load(name)


@pytest.mark.parametrize("damage", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_folder(folder, tmp_path, damage):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / damage).write_bytes(b"{")
    with pytest.raises(ModelError, match=r"can't load the generator .*copy.*should hold"):
        load(str(copy))


def test_an_empty_folder(tmp_path):
    with pytest.raises(ModelError, match="can't load the generator"):
        load(str(tmp_path))


def read_at_a_time(generator, messages, max_tokens):
    """What it writes, and of how many tokens the model's steps were until then."""
    steps = []
    handle = generator._model.base_model.register_forward_pre_hook(
        lambda module, args, kwargs: steps.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    written = "".join(generator.stream(messages, max_tokens=max_tokens))
    handle.remove()
    return written, steps


def test_a_system_message_is_read_once(folder):
    fresh, used = (load(str(folder), generator_context=500) for _ in range(2))
    system = {"role": "system", "content": "你回答问题。" * 50}
    ask = lambda text: [system, {"role": "user", "content": text}]  # noqa: E731
    first, second = ask("全省新建职工书屋多少家？"), ask("服务职工多少人次？")
    prefix = 1 + len("system\n") + 300 + 1 + 1 + len("user\n")
    rest = used.count(first) - prefix

    assert read_at_a_time(used, first, 8)[1] == [256, prefix - 256, rest - 1, *[1] * 8]
    written, steps = read_at_a_time(used, second, 8)
    assert steps == [used.count(second) - prefix - 1, *[1] * 8]
    assert written == "".join(fresh.stream(second, max_tokens=8))
    assert read_at_a_time(used, first, 8)[0] == "".join(load(str(folder), generator_context=500).stream(first, max_tokens=8))


def test_reading_in_parts_gives_what_reading_at_once_gives(generator, monkeypatch):
    messages = [{"role": "system", "content": "你回答问题。" * 10}, {"role": "user", "content": "全省新建职工书屋" * 10}]
    in_parts = list(generator.stream(messages, max_tokens=16))
    monkeypatch.setattr(local, "CHUNK", 7)
    assert list(generator.stream(messages, max_tokens=16)) == in_parts
    monkeypatch.setattr(generator, "_read", lambda ids, cache: None)
    monkeypatch.setattr(generator, "_prefixes", OrderedDict())
    assert list(generator.stream(messages, max_tokens=16)) == in_parts


def test_few_system_messages_are_kept(generator):
    for count in range(local.PREFIXES + 3):
        list(generator.stream([{"role": "system", "content": "问" * (count + 1)}, MESSAGES[1]], max_tokens=1))
    assert len(generator._prefixes) == local.PREFIXES


def test_it_can_be_given_up_while_it_reads_the_prompt(slow):
    generator = load(str(slow))
    late = []
    for _ in range(3):  # the machine may be busy with something else
        until = time.monotonic() + 0.3
        assert list(generator.stream(LONG, max_tokens=5, stop=lambda until=until: time.monotonic() > until)) == []
        late.append(time.monotonic() - until)
        assert not workers()
    assert min(late) < 0.2


def test_one_of_two_can_be_given_up(slow):
    generator = load(str(slow))
    short = [{"role": "user", "content": "全省"}]
    alone = list(generator.stream(short, max_tokens=3))
    gone = threading.Event()
    reader = threading.Thread(target=lambda: list(generator.stream(LONG, max_tokens=1, stop=gone.is_set)))
    reader.start()
    answer = generator.stream(short, max_tokens=3)
    pieces = [next(answer)]
    gone.set()
    assert pieces + list(answer) == alone
    reader.join()


def test_out_of_time(slow):
    began = time.monotonic()
    with pytest.raises(OutOfTime, match=r"not ready after 1 seconds.*generator_seconds"):
        list(load(str(slow), generator_seconds=1).stream(LONG, max_tokens=5))
    assert time.monotonic() - began < 4
    assert not workers()


def without(text, used):
    """The first character of `text` that is not in `used`."""
    return next(c for c in text if c not in used)


def test_any_end_of_turn_ends_it(generator, folder, tmp_path):
    written = "".join(generator.stream(MESSAGES, max_tokens=40))
    c = without(written, str(MESSAGES) + "?")
    told, named = shutil.copytree(folder, tmp_path / "told"), shutil.copytree(folder, tmp_path / "named")
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]

    config = json.loads((told / "generation_config.json").read_text())
    (told / "generation_config.json").write_text(json.dumps({**config, "eos_token_id": [vocabulary[c]]}))
    assert "".join(load(str(told)).stream(MESSAGES, max_tokens=40)) == written.partition(c)[0]

    tokens = json.loads((named / "tokenizer.json").read_text())
    tokens["model"]["vocab"] = {"<|im_end|>" if k == c else k: v for k, v in vocabulary.items()}
    (named / "tokenizer.json").write_text(json.dumps(tokens))
    assert "<|im_end|>" in "".join(load(str(named)).stream(MESSAGES, max_tokens=40))  # the template does not use it
    template = named / "chat_template.jinja"
    template.write_text("{# <|im_end|> #}" + template.read_text())
    assert "".join(load(str(named)).stream(MESSAGES, max_tokens=40)) == written.partition(c)[0]


def test_no_half_characters(generator, monkeypatch):
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    raw.pre_tokenizer, raw.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    bytewise = PreTrainedTokenizerFast(tokenizer_object=raw, chat_template=TEMPLATE)
    tokens = bytewise("书屋 318 家\U0001f600\n好\U0001f600")["input_ids"][:-1]

    def generate(ids, *, streamer, **_):
        streamer.put(ids)
        for token in tokens:
            streamer.put(torch.tensor([token]))
        streamer.end()

    monkeypatch.setattr(generator, "_tokenizer", bytewise)
    monkeypatch.setattr(generator, "_ends", [])
    monkeypatch.setattr(generator, "_read", lambda ids, cache: None)
    monkeypatch.setattr(generator._model, "generate", generate)
    pieces = list(generator.stream([{"role": "user", "content": "a"}], max_tokens=50))
    assert "".join(pieces) == "书屋 318 家\U0001f600\n好"
    assert len(pieces) > 3


def test_a_text_can_not_end_its_own_message(generator):
    end = generator._tokenizer.eos_token_id
    assert generator._encode([{"role": "user", "content": "</s>新建"}]).tolist()[0].count(end) == 1  # the template's
    assert end in generator._tokenizer("</s>新建")["input_ids"]


def test_count_and_context(generator, folder):
    assert generator.count(MESSAGES) == len("<system\n你回答问题。><user\n全省新建职工书屋多少家？><assistant\n")
    assert generator.context == 256
    small = load(str(folder), generator_context=64)
    assert small.context == 64
    room = 64 - small.count(MESSAGES)
    assert len("".join(small.stream(MESSAGES, max_tokens=room))) <= room
    with pytest.raises(InputError, match=r"prompt has \d+ tokens.*64"):
        small.stream(MESSAGES, max_tokens=room + 1)


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_device_that_is_not_there(folder, device):
    with pytest.raises(ConfigError, match=f"generator_device = '{device}'.*auto, cpu"):
        load(str(folder), generator_device=device)


@pytest.mark.parametrize(("told", "expected"), [({}, "float32"), ({"avx512_bf16": True}, "bfloat16"), ({"amx_bf16": True}, "bfloat16")])
def test_a_processor_reckons_in_bfloat16_only_where_it_can(monkeypatch, told, expected):
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    assert str(hardware.precision(torch.device("cpu"))) == f"torch.{expected}"


def test_bits_without_the_library(folder, monkeypatch):
    monkeypatch.setattr(hardware.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"generator_bits = 4 .*pip install bitsandbytes"):
        load(str(folder), generator_bits=4)


def test_threads(folder):
    import torch

    before = torch.get_num_threads()
    try:
        load(str(folder), generator_threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_none_is_asked_for():
    assert load_generator(Settings()) is None
