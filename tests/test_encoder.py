"""The bundled encoder: rows of tokens, the forward pass against transformers', decoding, and the reader that ships."""

import itertools
import json
import math
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.encoder import decode
from rag.encoder.bert import Bert, groups
from rag.encoder.decode import NOTHING, Reading, best, reading, trimmed
from rag.encoder.reader import Calibration, EncoderReader, bundled
from rag.encoder.sheet import ANSWERS, CLS, END, INSIDE, LABELS, OVERLAP, SEP, SEVERAL, START, Sheet, sheets
from rag.errors import ModelError

PASSAGE = "截至2022年底，全省工會覆蓋企業9885家。會員共有341萬人。"
QUESTION = "工会覆盖企业多少家？"


def tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers

    characters = sorted(set("截至2022年底,全省工会覆盖企业9885家。会员共有341万人。多少?张三北京是谁甲乙丙丁"))
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -5.0), ("工会", -7.0), ("企业", -7.0)]
    made = Tokenizer(models.Unigram([*vocabulary, *((c, -8.0) for c in characters)], unk_id=3, byte_fallback=False))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    return made


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A random model in a folder, and the same by transformers."""
    import torch
    from transformers import BertConfig, BertForTokenClassification

    folder = tmp_path_factory.mktemp("读")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=80, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=512,
        initializer_range=0.7, pad_token_id=1, num_labels=len(LABELS), id2label=dict(enumerate(LABELS)), label2id={v: k for k, v in enumerate(LABELS)},
    )  # fmt: skip
    model = BertForTokenClassification(config).eval()
    model.save_pretrained(folder)
    tokenizer().save(str(folder / "tokenizer.json"))
    return folder, model


def test_a_row_is_question_title_and_passage():
    (number, row), *rest = sheets(tokenizer(), QUESTION, [("甲乙", PASSAGE)])
    tokens = [tokenizer().id_to_token(k) for k in row.ids]
    assert number == 0 and not rest
    assert row.ids[0] == CLS and row.ids[-1] == SEP and row.ids[row.first - 1] == SEP
    assert tokens[: row.first] == ["<s>", "▁", "工会", "覆", "盖", "企业", "多", "少", "家", "?", "</s>", "</s>", "▁", "甲", "乙", "</s>"]
    assert len(row.ids) == row.first + len(row.offsets) + 1
    assert "".join(dict.fromkeys(PASSAGE[a:b] for a, b in row.offsets if PASSAGE[a:b] in "9885家"))  # the figures are tokens of their own


def test_without_a_title_the_passage_follows_at_once():
    ((_, row),) = sheets(tokenizer(), "多少", [("", "甲乙")])
    assert row.ids[:5] == [CLS, *tokenizer().encode("多少", add_special_tokens=False).ids, SEP]
    assert row.ids[5:6] == [SEP] and row.first == 6


@given(length=st.integers(0, 700), window=st.integers(130, 300))
def test_windows_cover_a_passage_and_overlap(length, window):
    passage = "甲" * length
    rows = [row for _, row in sheets(tokenizer(), "多少", [("", passage)], window)]
    assert all(len(row.ids) <= window for row in rows)
    spans = [row.offsets for row in rows]
    if not length:
        assert len(rows) == 1
        return
    assert spans[0][0][0] == 0 and spans[-1][-1][1] == length
    for before, after in itertools.pairwise(spans):
        assert len(set(before) & set(after)) >= min(OVERLAP, len(after)) - 1


def test_traditional_full_width_and_capitals_give_the_same_row():
    (_, one), (_, other) = sheets(tokenizer(), QUESTION, [("", "工會ABC９"), ("", "工会abc9")])
    assert one == other


@pytest.mark.parametrize("batch", [[5], [5, 5, 5], [5, 9, 30, 1]])
def test_the_forward_pass_is_that_of_transformers(tiny, batch):
    import torch

    folder, model = tiny
    rng = np.random.default_rng(1)
    rows = [[int(k) for k in rng.integers(2, 80, length)] for length in batch]
    ours = Bert(folder).scores(rows)
    longest = max(batch)
    ids = torch.tensor([[*row, *[1] * (longest - len(row))] for row in rows])
    with torch.inference_mode():
        theirs = model(input_ids=ids, attention_mask=(ids != 1).long()).logits
    for k, row in enumerate(rows):
        assert torch.allclose(ours[k, : len(row)], theirs[k, : len(row)], atol=1e-4)


@given(st.lists(st.integers(1, 500), max_size=40), st.integers(500, 4000))
def test_groups_hold_every_row_once_and_no_more_tokens_than_allowed(lengths, tokens):
    found = groups(lengths, tokens)
    assert sorted(k for group in found for k in group) == list(range(len(lengths)))
    assert all(len(group) * max(lengths[k] for k in group) <= tokens for group in found)


def scores_of(n, first, seed):
    return np.random.default_rng(seed).standard_normal((first + n + 1, len(LABELS))).astype(np.float32) * 3


@pytest.mark.parametrize("seed", range(20))
def test_the_best_span_is_the_best_of_all(monkeypatch, seed):
    monkeypatch.setattr(decode, "LONGEST", 4)
    n, first = 9, 3
    scores = scores_of(n, first, seed)
    passage = "甲乙丙丁戊己庚辛壬"
    sheet = Sheet([0] * (first + n + 1), first, [(k, k + 1) for k in range(n)])
    found = reading(passage, sheet, scores)
    start, end = scores[first : first + n, START], scores[first : first + n, END]
    log = lambda x: x - math.log(sum(math.exp(v) for v in x))  # noqa: E731
    start, end = log(start), log(end)
    wanted = max((float(start[i] + end[j]), i, j) for i in range(n) for j in range(i, min(n, i + 4)))
    assert (found.start, found.end) == (wanted[1], wanted[2] + 1)
    assert found.span == pytest.approx(wanted[0], abs=1e-4)
    assert found.answers == pytest.approx(float(scores[0, ANSWERS]))
    assert sum(found.verdict) == pytest.approx(1, abs=1e-5)


def test_a_list_gives_its_items_and_a_single_answer_its_span():
    passage = "有甲、乙丙、丁。"
    sheet = Sheet([0] * 10, 1, [(k, k + 1) for k in range(8)])
    scores = np.full((10, len(LABELS)), -4.0, np.float32)
    scores[0, [ANSWERS, SEVERAL]] = 4
    scores[1 + 1, START] = scores[1 + 6, END] = 4
    for k in (1, 3, 4, 6):
        scores[1 + k, INSIDE] = 2
    found = reading(passage, sheet, scores)
    assert [passage[a:b] for a, b in found.spans] == ["甲", "乙丙", "丁"]
    scores[0, SEVERAL] = -4
    assert reading(passage, sheet, scores).spans == ((found.start, found.end),) == ((1, 7),)


def test_the_window_that_answers_wins():
    poor = Reading(0, 1, ((0, 1),), -0.1, -5.0, 0.0, (0, 0, 1))
    good = Reading(5, 9, ((5, 9),), -2.0, 3.0, 0.0, (0, 0, 1))
    assert best([poor, good]) is good
    assert best([]) is NOTHING


@pytest.mark.parametrize(("text", "left"), [(" 甲。", "甲"), ("，、", ""), ("“甲”", "“甲”")])
def test_spans_lose_stops_at_their_ends(text, left):
    start, end = trimmed(text, 0, len(text))
    assert text[start:end] == left


def test_reading_gives_spans_of_the_passage_in_the_order_asked(tiny):
    reader = EncoderReader(tiny[0])
    texts = [PASSAGE, "", "甲乙丙" * 400, "张三是谁"]
    found = reader.read(QUESTION, [("甲乙", text) for text in texts])
    assert found[1] == NOTHING
    for text, one in zip(texts, found, strict=True):
        assert 0 <= one.start <= one.end <= len(text)
        assert all(0 <= a <= b <= len(text) for a, b in one.spans)
    alone = [reader.read(QUESTION, [("甲乙", text)])[0] for text in texts]
    for one, other in zip(found, alone, strict=True):
        assert (one.start, one.end, one.spans) == (other.start, other.end, other.spans)
        assert one.answers == pytest.approx(other.answers, abs=1e-3)
    assert reader.read(QUESTION, []) == []


def test_threads_get_the_same_answers(tiny):
    fresh = EncoderReader(tiny[0])
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: fresh.read(QUESTION, [("", PASSAGE)]), range(24)))
    assert all(result == results[0] for result in results)


def test_a_calibration_beside_the_model_counts(tiny, tmp_path):
    import shutil

    folder = shutil.copytree(tiny[0], tmp_path / "读")
    assert EncoderReader(folder).calibration == Calibration()
    (folder / "calibration.json").write_text(json.dumps({"weights": {"answers": 2.0, "span": 0.5, "offset": -1.0}}), encoding="utf-8")
    calibration = EncoderReader(folder).calibration
    assert calibration.of(Reading(0, 1, ((0, 1),), -2.0, 3.0, 0.0, (0, 0, 1))) == 4.0
    assert calibration.of(NOTHING) == -math.inf


def test_what_is_no_reader_is_told(tiny, tmp_path):
    import shutil

    with pytest.raises(ModelError, match="no reader in"):
        EncoderReader(tmp_path).read("甲", [("", "乙")])
    folder = shutil.copytree(tiny[0], tmp_path / "读")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = {"0": "B-PER"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match="B-PER"):
        EncoderReader(folder).read("甲", [("", "乙")])
    (folder / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelError, match="reinstall"):
        Bert(folder)


def test_importing_loads_neither_torch_nor_transformers():
    code = "import sys, rag.encoder.reader as r; r.EncoderReader(); sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_shipped_model_fits_and_loads_the_ordinary_way():
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    assert sum(p.stat().st_size for p in bundled().rglob("*") if p.is_file()) <= 66_000_000
    model = AutoModelForTokenClassification.from_pretrained(bundled(), local_files_only=True, dtype=torch.float32).eval()
    loaded = AutoTokenizer.from_pretrained(bundled(), local_files_only=True)
    ids = loaded("全省工会覆盖企业多少家?", "截至2022年底,全省工会覆盖企业9885家。", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        theirs = model(input_ids=ids).logits
    assert torch.allclose(Bert(bundled()).scores(ids.tolist()), theirs, atol=1e-3)


@pytest.mark.parametrize(
    ("question", "passage", "answer"),
    [
        ("这条隧道有多长？", "隧道于2015年动工，全长3.2公里，双向四车道。", "3.2公里"),
        ("謝師宴幾點開始？", "謝師宴定於六月十八日晚上七點在二樓宴會廳開始。", "七點"),
        ("When does the library close?", "图书馆每天早上八点开馆，晚上十点闭馆，节假日照常。", "十点"),
    ],
)
def test_the_shipped_model_answers(question, passage, answer):
    (found,) = EncoderReader().read(question, [("", passage)])
    assert answer in passage[found.start : found.end]


def test_the_shipped_model_prefers_the_passage_that_answers():
    passages = ["今天天气晴朗，适合出行，市民纷纷走出家门。", "浴室每天下午四点到九点开放，凭卡进入。", "本市推出三项措施，方便群众办事。"]
    found = EncoderReader().read("几点能洗澡？", [("", text) for text in passages])
    assert max(range(3), key=lambda k: found[k].answers) == 1


@pytest.mark.slow
def test_the_shipped_model_is_quick():
    reader = EncoderReader()
    passages = [("", (f"第{k}届大会于20{k:02}年在北京举行，来自各地的{k}88名代表参加了会议。" * 10)[:250]) for k in range(10)]
    times = []
    for _ in range(8):
        began = time.process_time()
        reader.read("第五届大会有多少名代表参加？", passages)
        times.append(time.process_time() - began)
    # processor time over all threads; `zhiyin bench` prints the time that a user waits
    assert min(times) < 4
