"""A statement is proved by one sentence, or by neighbours that each say a part of it of the same thing."""

import pytest

from rag.question.terms import Matcher
from rag.read import View
from rag.text.sentences import split
from rag.types import Part, Sentence
from rag.verify.proving import failures, prove


def passage(text, number=0):
    part = Part("", text, (), tuple(Sentence(a, b, 0) for a, b in split(text)))
    return [View("a.txt", "", number, part, i) for i in range(len(part.sentences))]


LIBRARY = passage(
    "星海市图书馆去年培训馆员320人次,购置图书1150册。它还开设了夜间自修室,接待读者9000人次。远山市博物馆修复文物75件,举办展览12场。"
    "馆长赵启明获评先进。他在会上介绍了办馆经验。"
)
OTHER = passage("青河县文化馆排演戏曲16部,下乡演出240场。", 1)


def proof(text, *passages):
    return [view.index for view in prove(text, [1], passages or [LIBRARY, OTHER], Matcher(None))]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("星海市图书馆购置图书1150册。", [0]),
        ("星海市图书馆培训馆员320人次,远山市博物馆修复文物75件。", [0, 2]),
        ("远山市博物馆举办展览12场;星海市图书馆购置图书1150册。", [2, 0]),
        ("星海市图书馆购置图书1150册,接待读者9000人次。", [0, 1]),
        ("赵启明在会上介绍了办馆经验。", [3, 4]),
    ],
)
def test_what_sentences_say_alone_or_together(text, sentences):
    assert proof(text) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "星海市图书馆培训馆员75人次,远山市博物馆修复文物320件。",
        "远山市博物馆修复文物75件,接待读者9000人次。",  # said of the library
        "星海市图书馆购置图书1150册,举办展览12场。",  # said of the museum
        "星海市图书馆购置图书1150册,下乡演出240场。",  # said in another passage
        "星海市图书馆购置图书1150册,投入资金建设分馆。",
        "周立新在会上介绍了办馆经验。",
        "",
    ],
)
def test_what_no_sentences_say_of_one_thing(text):
    assert proof(text) == []
    assert failures(text, [1], [LIBRARY, OTHER], Matcher(None))


def test_a_clause_does_not_take_its_time_or_place_from_another_sentence():
    views = passage("2021年,工会培训职工300人。2022年,工会举办招聘会50场。武汉的工会慰问职工80人。")
    assert proof("2021年,工会培训职工300人,举办招聘会50场。", views) == []
    assert proof("2021年,工会培训职工300人,2022年举办招聘会50场。", views) == [0, 1]
    assert proof("在宜昌,工会培训职工300人,慰问职工80人。", views) == []


def test_the_cited_passage_comes_first_and_the_others_after_it():
    twin = passage("青河县文化馆下乡演出240场。", 2)
    told = "青河县文化馆下乡演出240场。"
    assert [v.number for v in prove(told, [3], [LIBRARY, OTHER, twin], Matcher(None))] == [2]
    assert [v.number for v in prove(told, [1, 9], [LIBRARY, OTHER, twin], Matcher(None))] == [1]
    assert prove(told, [], [], Matcher(None)) == ()


def test_failures_name_what_the_nearest_sentence_does_not_say():
    found = failures("星海市图书馆购置图书1155册,远山市博物馆修复文物75件。", [1], [LIBRARY], Matcher(None))
    assert [(f.kind, f.text) for f in found] == [("number", "1155册")]
    assert failures("星海市图书馆购置图书1150册。", [1], [LIBRARY], Matcher(None)) == []
    assert [f.kind for f in failures("购置图书1150册。", [], [], Matcher(None))] == ["uncited"]
