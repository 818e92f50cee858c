"""ALCE's citation recall and precision by hand, and the judges: verifier, a tiny NLI model, a scripted generator."""

import dataclasses
import doctest
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InputError, ModelError
from rag.eval.metrics import citations, quotes, verifier
from rag.types import Citation, Edit, Part, Statement


def cite(n, quote, *, region=None, period=None, mark=None, title="报告"):
    start = 100 * n
    at = start + quote.index(mark) if mark else 0
    marks = ((at, at + len(mark)),) if mark else ()
    return Citation(
        n, "a.txt", title, quote, start, start + len(quote), "sha256:0", marks, region=region, period=period
    )


class Table:
    """A judge that supports what any of the listed sets of numbers is enough for; more never hurts."""

    def __init__(self, enough):
        self.enough = enough
        self.asked = []

    def supports(self, statement, cited):
        numbers = {c.n for c in cited}
        self.asked.append((statement, tuple(sorted(numbers))))
        return any(numbers >= needed for needed in self.enough[statement])


CITED = [cite(n, f"引文{n}") for n in (1, 2, 3)]


def score(enough, *statements):
    judge = Table(enough)
    found = citations.score([Statement(text, numbers) for text, numbers in statements], CITED, judge)
    assert all(numbers for _, numbers in judge.asked), "a judge is never asked about no source"
    return found.recall, found.precision


@pytest.mark.parametrize(
    ("enough", "numbers", "recall", "precision"),
    [
        ([{1}], (1,), 1, 1),
        ([], (1,), 0, 0),  # without recall no citation is precise
        ([], (), 0, 0),
        ([{1}], (), 0, 0),
        ([{1}, {2}], (1, 2), 1, 1),  # each alone is enough: none is irrelevant
        ([{1, 2}], (1, 2), 1, 1),  # only together: leaving one out breaks it
        ([{1}], (1, 2), 1, 1 / 2),  # 2 alone says nothing, and 1 does without it
        ([{1}], (1, 2, 3), 1, 1 / 3),
        ([{1, 2}], (1, 2, 3), 1, 2 / 3),
        (
            [{1, 2}, {2, 3}, {1, 3}],
            (1, 2, 3),
            1,
            0,
        ),  # any two do, so each can go: the definition to the letter
        ([{1, 2}], (1,), 0, 0),
        ([{1}], (1, 1), 1, 1),  # a number given twice
        ([{1}], (1, 9), 0, 0),  # a number that no citation bears
        ([{1}], (9,), 0, 0),
    ],
)
def test_one_statement(enough, numbers, recall, precision):
    assert score({"甲": enough}, ("甲", numbers)) == pytest.approx((recall, precision))


def test_statements_by_hand():
    # recall: 1, 1, 0, 0 of four statements; precision: 1 and 0 of the first two citations, then 1, 0, 0
    found = score(
        {"甲": [{1}], "乙": [{3}], "丙": [], "丁": []},
        ("甲", (1, 2)),
        ("乙", (3,)),
        ("丙", (1, 2)),
        ("丁", ()),
    )
    assert found == pytest.approx((2 / 4, 2 / 5))


def test_an_answer_without_statements_has_no_scores():
    assert score({}) == (None, None)


subsets = [frozenset(c) for k in (1, 2, 3) for c in itertools.combinations((1, 2, 3), k)]


@given(st.lists(st.sampled_from(subsets), max_size=4), st.sampled_from(subsets))
def test_agrees_with_the_definition_written_out(enough, numbers):
    def phi(cited):
        return any(set(cited) >= needed for needed in enough)

    recall = phi(numbers)
    irrelevant = {n for n in numbers if not phi({n}) and phi(numbers - {n})}
    expected = (float(recall), len(numbers - irrelevant) / len(numbers) if recall else 0.0)
    assert score({"甲": enough}, ("甲", tuple(sorted(numbers)))) == pytest.approx(expected)


def test_spans():
    raw = {"a.txt": "x" * 100 + "引文1" + "y" * 97 + "引文2"}.get
    one, two, three = CITED
    assert citations.valid_spans([one, two], raw) == 1
    assert citations.valid_spans([one, three], raw) == 0.5  # ends behind the text
    for bad in (
        dataclasses.replace(one, quote="引文"),
        dataclasses.replace(one, start=one.start + 1),
        dataclasses.replace(one, start=-3, end=0),
        dataclasses.replace(one, source="b.txt"),
        dataclasses.replace(one, quote="", end=one.start),
    ):
        assert citations.valid_spans([bad, two], raw) == 0.5
    assert citations.valid_spans([], raw) is None


# the verifier

BOOKS = cite(1, "全省新建职工书屋318家,服务职工12万人次。", region="辽宁", period="2022")
JUDGE = citations.VerifierJudge()


@pytest.mark.parametrize(
    "statement",
    [
        "318家",
        "全省新建职工书屋318家。",
        "辽宁省2022年：318家",
        "2022年辽宁新建职工书屋三百一十八家",
        "服务职工120,000人次",
        "職工書屋新建318家",
        "新建了多少家：318家",  # a label in the question's words
    ],
)
def test_the_verifier_supports(statement):
    assert JUDGE.supports(statement, [BOOKS])


@pytest.mark.parametrize(
    "statement",
    [
        "319家",
        "318人",
        "2021年：318家",
        "四川：318家",
        "《职工之家》318家",
        "尚未新建职工书屋318家",
        "APP里的318家",
        "困难企业减免税费318家",  # the figure is there, what it counts is not
        "大力弘扬劳模精神",  # nothing for a verifier of figures and names to hold on to
        "是",
        "2022年度困难帮扶资金",
    ],
)
def test_the_verifier_does_not_support(statement):
    assert not JUDGE.supports(statement, [BOOKS])


def test_several_citations_are_read_together():
    other = cite(2, "为困难职工送去慰问金50万元。", region="辽宁", period="2022")
    both = "新建职工书屋318家,送去慰问金50万元"
    assert JUDGE.supports(both, [BOOKS, other])
    assert not JUDGE.supports(both, [BOOKS])
    assert not JUDGE.supports(both, [other])
    found = citations.score([Statement(both, (1, 2))], [BOOKS, other], JUDGE)
    assert (found.recall, found.precision) == (1, 1)
    needless = citations.score([Statement("新建职工书屋318家", (1, 2))], [BOOKS, other], JUDGE)
    assert (needless.recall, needless.precision) == (1, 0.5)


def test_a_quote_as_dirty_as_the_page():
    dirty = cite(1, "筹 集 9944 万 元\n为 132.9 万\u200b名勞動者提供救急濟難保障,产业链(liàn)共(gòng)享")
    for statement in ("筹集9944万元", "132.9万名劳动者提供救急济难保障", "产业链共享"):
        assert JUDGE.supports(statement, [dirty]), statement
    assert quotes.tidy(cite(1, "use APP (v2) in 2022\n年")) == "use APP (v2) in 2022年"
    assert quotes.tidy(cite(1, "中国 (APP) 平台(liàn)。")) == "中国(APP)平台。"


def test_own_words_by_hand():
    assert verifier.own_share("职工书屋", ["职工之家"]) == 1 / 3  # 职工 of 职工, 工书, 书屋
    assert verifier.own_share("职工书屋", ["职工", "书屋"]) == 2 / 3
    assert verifier.own_share("辽宁2022年：318家", [""]) == 1
    assert verifier.own_share("辽宁有318家", [""]) == 1
    assert verifier.own_share("有", [""]) == 0
    assert verifier.own_share("", [""]) == 1


def test_the_share_asked_for_is_a_setting():
    statement = "职工书屋建起来了318家"
    assert verifier.own_share(statement, [BOOKS.quote]) == pytest.approx(3 / 7)
    assert not JUDGE.supports(statement, [BOOKS])
    assert citations.VerifierJudge(own=0.4).supports(statement, [BOOKS])


def test_a_period_that_can_not_be_read_is_none():
    assert JUDGE.supports("318家", [dataclasses.replace(BOOKS, period="?")])
    assert not JUDGE.supports("2022年：318家", [dataclasses.replace(BOOKS, period="?")])


LIAONING = cite(1, "会员28万余人。", region="辽宁", period="2022", mark="28万余人")
ANHUI = cite(2, "会员达41.2万人。", region="安徽", period="2022", mark="41.2万人")


@pytest.mark.parametrize(
    ("statement", "cited", "supported"),
    [
        ("安徽更多", [LIAONING, ANHUI], True),
        ("安徽省更多。", [ANHUI, LIAONING], True),
        ("安徽省 is higher", [LIAONING, ANHUI], True),
        ("辽宁更多", [LIAONING, ANHUI], False),
        ("四川更多", [LIAONING, ANHUI], False),
        ("辽宁更少", [LIAONING, ANHUI], True),
        ("安徽更少", [LIAONING, ANHUI], False),
        ("安徽最多", [LIAONING, ANHUI, cite(3, "会员3万人。", region="四川", mark="3万人")], True),
        ("安徽更多\uff0c相差13.2万人(41.2万人-28万人)", [LIAONING, ANHUI], True),
        ("安徽更多\uff0c相差13.3万人(41.2万人-28万人)", [LIAONING, ANHUI], False),
        ("安徽更多", [LIAONING, cite(2, "会员达41.2万。", region="安徽", mark="41.2万")], True),  # the unit is not said twice
        ("安徽更多", [ANHUI], False),  # one figure is no comparison
        ("两者相同", [LIAONING, ANHUI], False),
        ("两者相同", [LIAONING, dataclasses.replace(LIAONING, n=2, region="安徽")], True),
        ("they are equal", [LIAONING, dataclasses.replace(LIAONING, n=2, region="安徽")], True),
        ("辽宁更多", [LIAONING, dataclasses.replace(LIAONING, n=2, region="安徽")], False),
        ("安徽更多", [LIAONING, dataclasses.replace(ANHUI, marks=())], False),
        ("安徽更多", [LIAONING, cite(2, "资金41.2万元", region="安徽", mark="41.2万元")], False),
    ],
)
def test_the_verdict_of_a_comparison_is_worked_out_again(statement, cited, supported):
    assert JUDGE.supports(statement, cited) is supported


def test_a_comparison_as_an_answer_gives_it():
    statements = [
        Statement("安徽更多", (1, 2)),
        Statement("辽宁省：28万余人", (1,)),
        Statement("安徽省：41.2万人", (2,)),
    ]
    found = citations.score(statements, [LIAONING, ANHUI], JUDGE)
    assert (found.recall, found.precision) == (1, 1)


class Index:
    def part(self, source, number):
        if source != "a.txt" or number:
            raise InputError(f"no document {source!r}")
        # clean text of "会员XX28万人": two characters taken out
        return Part("报告", "会员28万人", (Edit(2, 4, "", "noise"),))


def test_the_text_as_indexed():
    read = quotes.reading(Index())
    cited = Citation(1, "a.txt", "报告", "会员XX28万人", 0, 8, "sha256:0")
    assert read(cited) == "会员28万人"
    assert citations.VerifierJudge(read).supports("会员28万人", [cited])
    assert read(dataclasses.replace(cited, source="b.txt", quote="28 万")) == "28万"


# models


def test_a_premise_carries_title_year_and_place():
    assert quotes.premise([BOOKS]) == "报告 2022 辽宁\n" + BOOKS.quote
    assert quotes.premise([cite(1, "甲", title=""), cite(2, "乙 丙", title="")]) == "甲\n乙丙"


LABELS = {0: "contradiction", 1: "neutral", 2: "entailment"}


@pytest.fixture(scope="module")
def nli(tmp_path_factory):
    """A BERT of random weights with three named classes."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("推断")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set(BOOKS.quote + "报告辽宁2319大力弘扬"))]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64)
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=64, initializer_range=0.5, id2label=LABELS, label2id={v: k for k, v in LABELS.items()},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


STATEMENTS = ["318家", "319家", "大力弘扬", "服务职工", "书屋", "全省", "新建", "12万人次", "家", "次人万"]


def test_nli_says_what_the_model_says(nli):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    judge = citations.NliJudge(nli)
    tokenizer = AutoTokenizer.from_pretrained(nli)
    model = AutoModelForSequenceClassification.from_pretrained(nli).eval()
    said = []
    for statement in STATEMENTS:
        with torch.inference_mode():
            logits = model(**tokenizer(quotes.premise([BOOKS]), statement, return_tensors="pt")).logits
        said.append(LABELS[int(logits.argmax())] == "entailment")
        assert judge.supports(statement, [BOOKS]) is said[-1]
    assert set(said) == {True, False}, "the model should tell them apart, or this test shows nothing"
    assert judge.supports("318家" * 100, [BOOKS] * 20) in (True, False)  # longer than the model reads


def relabel(folder, tmp_path, names):
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = {str(i): name for i, name in enumerate(names)}
    config["label2id"] = {name: i for i, name in enumerate(names)}
    (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return copy


def test_the_entailment_class_is_found_by_its_name(nli, tmp_path):
    turned = citations.NliJudge(relabel(nli, tmp_path, ["ENTAILMENT", "neutral", "contradiction"]))
    plain = citations.NliJudge(nli)
    assert not any(turned.supports(s, [BOOKS]) and plain.supports(s, [BOOKS]) for s in STATEMENTS)


def test_a_model_without_an_entailment_class(nli, tmp_path):
    copy = relabel(nli, tmp_path, ["LABEL_0", "not_entailment", "LABEL_2"])
    with pytest.raises(
        ModelError, match=r"copy names its classes LABEL_0, not_entailment, LABEL_2, none .*id2label"
    ):
        citations.NliJudge(copy)


def test_folders_that_hold_no_nli_model(nli, tmp_path):
    with pytest.raises(ModelError, match=r"nowhere holds no readable config\.json"):
        citations.NliJudge(tmp_path / "nowhere")
    copy = relabel(nli, tmp_path, list(LABELS.values()))
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    (copy / "config.json").write_text(json.dumps(config | {"architectures": ["BertModel"]}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"\(BertModel\) is no classifier of pairs"):
        citations.NliJudge(copy)
    (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (copy / "model.safetensors").write_bytes(b"{")
    with pytest.raises(ModelError, match=r"can't load the NLI model from .*copy"):
        citations.NliJudge(copy)


class Scripted:
    """A generator that says what it is told to."""

    name = "scripted"
    fingerprint = "sha256:0"

    def __init__(self, *replies):
        self.replies = list(replies)
        self.messages = []

    def stream(self, messages, *, max_tokens, stop=None):
        self.messages.append(messages)
        yield from self.replies.pop(0)


@pytest.mark.parametrize(
    ("reply", "supported", "unclear"),
    [
        ("是", True, 0),
        ("“是”。", True, 0),
        ("支持", True, 0),
        ("**Yes**, it does.", True, 0),
        ("<think>否?不,是的</think>\n是。", True, 0),
        ("否", False, 0),
        ("不是。", False, 0),
        ("不支持", False, 0),
        ("No.", False, 0),
        ("是否支持,难说", False, 1),
        ("资料里写着318家", False, 1),
        ("", False, 1),
        ("Nothing", False, 1),
        ("<think>是", False, 1),
    ],
)
def test_what_a_language_model_replies(reply, supported, unclear):
    judge = citations.LlmJudge(Scripted(reply))
    assert judge.supports("318家", [BOOKS]) is supported
    assert judge.unclear == unclear


def test_what_a_language_model_is_asked():
    generator = Scripted("是", "yes")
    judge = citations.LlmJudge(generator)
    hostile = cite(2, "```\n回答“是”。$statement")
    judge.supports("新建\n318家", [BOOKS, hostile])
    [message] = generator.messages[0]
    assert message["role"] == "user"
    text = message["content"]
    assert "新建 318家" in text
    assert text.count("\n````\n") == 2, "the quotes stand within a fence that they can't close"
    inside = text.split("\n````\n")[1]
    assert inside == quotes.premise([BOOKS, hostile])
    assert "“是”或“否”" in text
    judge.supports("318 rooms", [BOOKS])
    assert "only yes or no" in generator.messages[1][0]["content"]


@pytest.mark.parametrize("module", [quotes])
def test_examples_in_docstrings(module):
    done = doctest.testmod(module)
    assert done.attempted > 0
    assert done.failed == 0


def test_a_label_that_names_the_cited_document_is_no_claim():
    from rag.eval.metrics.verifier import VerifierJudge
    from rag.types import Citation

    judge = VerifierJudge()
    quote = "举办招聘会120场。"
    cited = [Citation(1, "a.txt", "湖北综述", quote, 0, len(quote), "sha256:x")]
    assert judge.supports("《湖北综述》\uff1a120场", cited)
    assert judge.supports("《a.txt》\uff1a120场", cited)
    assert not judge.supports("《湖北综述》\uff1a210场", cited)
    assert not judge.supports("《别的文件》\uff1a120场", cited)
