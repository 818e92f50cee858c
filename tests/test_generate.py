"""Generation with a real, tiny, randomly initialised chat model, saved to a folder and loaded from it."""

import itertools
import json
import shutil
import threading

import pytest

from rag import registry
from rag.errors import InputError, ModelError
from rag.generate import load_transformers
from rag.prompt import render

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


def save_model(folder, template=TEMPLATE):
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
    config = Qwen3Config(
        vocab_size=len(fast), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=256,
        tie_word_embeddings=False, initializer_range=0.6,
        bos_token_id=fast.bos_token_id, eos_token_id=fast.eos_token_id,
    )  # fmt: skip
    model = Qwen3ForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight[fast.eos_token_id] = 0  # so that it goes on until it is told to stop
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("模型"))


@pytest.fixture(scope="module")
def generator(folder):
    return load_transformers(str(folder))


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "zhiyin-generate"]


def test_the_entry_point_leads_here():
    assert registry.load("generators", "transformers") is load_transformers


def test_name_and_fingerprint(generator, folder, tmp_path):
    assert generator.name == str(folder)
    assert generator.fingerprint.startswith("sha256:") and len(generator.fingerprint) == 71
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert load_transformers(str(copy)).fingerprint == generator.fingerprint
    config = json.loads((copy / "generation_config.json").read_text())
    (copy / "generation_config.json").write_text(json.dumps({**config, "repetition_penalty": 1.5}))
    assert load_transformers(str(copy)).fingerprint != generator.fingerprint


def test_it_streams_what_greedy_search_gives(generator, folder):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
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


def test_max_tokens(generator):
    counted = []
    for limit in (1, 5):
        steps = itertools.count(1)
        list(
            generator.stream(MESSAGES, max_tokens=limit, stop=lambda steps=steps: counted.append(next(steps)))
        )
    assert counted == [1, 1, 2, 3, 4, 5]


def test_stop_ends_it_after_the_token_at_hand(generator):
    steps = itertools.count(1)
    asked = []

    def stop():
        asked.append(next(steps))
        return asked[-1] == 3

    list(generator.stream(MESSAGES, max_tokens=100, stop=stop))
    assert asked == [1, 2, 3]
    assert not workers()


def test_closing_the_iterator_ends_the_work(generator):
    answer = generator.stream(MESSAGES, max_tokens=150)
    assert next(answer)
    answer.close()
    assert not workers()


def test_an_error_in_the_worker_reaches_the_caller(generator):
    def stop():
        raise ZeroDivisionError("stop is broken")

    with pytest.raises(ModelError, match="failed: stop is broken"):
        list(generator.stream(MESSAGES, max_tokens=5, stop=stop))
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
    long = render("问？", ["全省新建职工书屋" * 60], "zh")
    with pytest.raises(InputError, match=r"prompt has \d+ tokens.*256.*top_k"):
        list(generator.stream(long, max_tokens=5))
    with pytest.raises(InputError, match="max_tokens = 0"):
        generator.stream(MESSAGES, max_tokens=0)


def test_a_model_without_system_role_gets_the_rules_with_the_question(tmp_path):
    strict = load_transformers(str(save_model(tmp_path / "m", NO_SYSTEM)))
    merged = [{"role": "user", "content": f"{MESSAGES[0]['content']}\n\n{MESSAGES[1]['content']}"}]
    assert list(strict.stream(MESSAGES, max_tokens=8)) == list(strict.stream(merged, max_tokens=8))


def test_a_model_without_chat_template(tmp_path):
    with pytest.raises(ModelError, match=r"no chat template.*instruction-tuned"):
        load_transformers(str(save_model(tmp_path / "m", None)))


def test_a_chat_template_that_does_not_work(tmp_path):
    broken = load_transformers(str(save_model(tmp_path / "m", "{{ raise_exception('never') }}")))
    with pytest.raises(ModelError, match=r"chat template.*never"):
        broken.stream(MESSAGES, max_tokens=5)


@pytest.mark.parametrize("name", ["no/such-model", "/no/such/folder", "bundled", "~"])
def test_a_model_that_is_not_there(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelError, match=f"no generator at '{name}'.*never downloads"):
        load_transformers(name)


@pytest.mark.parametrize("damage", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_folder(folder, tmp_path, damage):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / damage).write_bytes(b"{")
    with pytest.raises(ModelError, match=r"can't load the generator .*copy.*should hold"):
        load_transformers(str(copy))


def test_an_empty_folder(tmp_path):
    with pytest.raises(ModelError, match="can't load the generator"):
        load_transformers(str(tmp_path))
