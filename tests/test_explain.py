"""What cleaning did, told per rule."""

from __future__ import annotations

import dataclasses
import json

from rag.index.clean import clean
from rag.index.explain import explain, render, to_dict
from rag.offsets import apply
from rag.types import Edit, Part, Period

from .clean_kit import document, seed

RAW = "返回顶部\n產(chǎn)業(yè)報告\n全省 2.18 万家單位參加競賽，覆蓋職工三百餘萬人，成效明顯。\n版權所有\n"


def test_effects_are_counted_as_each_rule_made_them() -> None:
    doc = document(RAW)
    told = explain(doc, clean(doc))
    effects = {effect.rule: effect for effect in told.effects}
    assert list(effects) == ["inline_pinyin", "chrome", "spaced_units", "paragraphs"]
    glosses = effects["inline_pinyin"]
    assert (glosses.count, glosses.removed, glosses.written) == (2, len("(chǎn)(yè)"), 0)
    assert glosses.examples[0].removed == "(chǎn)"
    assert glosses.examples[0].before.endswith("產")
    assert glosses.examples[0].after.startswith("業")
    assert effects["chrome"].examples[0].removed == "返回顶部"
    assert told.raw_length == len(RAW)


def test_examples_are_few_and_differ() -> None:
    doc = document("數(shù)數(shù)據(jù)網(wǎng)經(jīng)")
    (effect,) = explain(doc, clean(doc), examples=2).effects
    assert effect.count == 5
    assert [example.removed for example in effect.examples] == ["(shù)", "(jù)"]


def test_rendering_shows_what_went() -> None:
    doc = seed(2)
    shown = render(explain(doc, clean(doc)))
    assert shown.startswith(f"{doc.source}: {len(doc.raw)} characters\n")
    assert "realigned: 2 edits" in shown
    assert "[-?lián)鷷r-]{+擔時+}代使命" in shown
    assert all(len(line) < 200 for line in shown.splitlines())


def test_a_split_page_is_told_by_part() -> None:
    doc = seed(0)
    told = explain(doc, clean(doc))
    assert [title for title, _ in told.parts] == ["", "一张蓝图绘到底 咬定目标不放松"]
    assert "other_article" in {effect.rule for effect in told.effects}
    assert "part 2: 一张蓝图绘到底" in render(told)


def test_json() -> None:
    doc = document(RAW, "a.txt")
    (part,) = clean(doc)
    described = dataclasses.replace(part, title="產業報告", region="四川", period=Period(2018, 2023))
    got = json.loads(json.dumps(to_dict(doc, [described, Part("", RAW, ())]), ensure_ascii=False))
    assert got["source"] == "a.txt"
    first, second = got["parts"]
    assert (first["title"], first["region"], first["period"]) == ("產業報告", "四川", "2018-2023")
    assert first["clean"] == apply(RAW, [Edit(*edit) for edit in first["edits"]])
    assert second == {"title": "", "region": None, "period": None, "clean": RAW, "edits": []}
