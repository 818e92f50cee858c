"""Places and the gazetteer."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.places import covers, display, find_places
from rag.text.regions import abbreviations, by_key, regions


def found(text: str) -> list[tuple[str, str, str]]:
    return [(text[m.start : m.end], m.region, m.kind) for m in find_places(text)]


def test_the_gazetteer_is_complete() -> None:
    """34 provinces; 333 prefecture-level units (293 cities, 30 autonomous prefectures, 7 prefectures, 3 leagues)."""
    provinces = [r for r in regions() if "/" not in r.key]
    assert len(provinces) == 34
    assert Counter(r.name[-1] for r in provinces) == {"省": 23, "市": 4, "区": 7}
    kinds: Counter[str] = Counter()
    direct = {"河南/济源", "湖北/仙桃", "湖北/潜江", "湖北/天门", "湖北/神农架"}
    hainan, xinjiang = {"海口", "三亚", "三沙", "儋州"}, "石河子 阿拉尔 图木舒克 五家渠 北屯 铁门关 双河 可克达拉 昆玉 胡杨河 新星 白杨"
    for region in regions():
        province, _, city = region.key.partition("/")
        if not city or region.key in direct or (province == "海南" and city not in hainan) or city in xinjiang.split():
            continue
        kinds["自治州" if region.name.endswith("自治州") else region.name[-1]] += 1
    assert kinds == {"市": 293, "自治州": 30, "区": 7, "盟": 3}
    assert len(by_key()) == len(regions())


@pytest.mark.parametrize(
    ("province", "count"),
    [("河北", 11), ("山西", 11), ("辽宁", 14), ("江苏", 13), ("浙江", 11), ("安徽", 16), ("福建", 9), ("江西", 11), ("山东", 16),
     ("湖南", 14), ("广东", 21), ("广西", 14), ("四川", 21), ("贵州", 9), ("云南", 16), ("西藏", 7), ("陕西", 10), ("甘肃", 14),
     ("青海", 8), ("宁夏", 5), ("黑龙江", 13), ("吉林", 9), ("内蒙古", 12)],
)  # fmt: skip
def test_prefectures_of(province: str, count: int) -> None:
    assert sum(region.key.startswith(province + "/") for region in regions()) == count


def test_every_name_is_found() -> None:
    for region in regions():
        assert found(f"在{region.name},")[0][1] == region.key, region.name
    assert set(abbreviations().values()) == {r.key for r in regions() if "/" not in r.key}


@pytest.mark.parametrize(
    ("text", "region"),
    [("遼寧省", "辽宁"), ("臺灣", "台湾"), ("内蒙", "内蒙古"), ("广西壮族自治区", "广西"), ("大连", "辽宁/大连"), ("凉山州", "四川/凉山"),
     ("涼山彝族自治州", "四川/凉山"), ("吉林市", "吉林/吉林"), ("吉林", "吉林"), ("海南州", "青海/海南"), ("海南", "海南"),
     ("朝阳市", "辽宁/朝阳"), ("辽宁朝阳", "辽宁/朝阳"), ("香港", "香港"), ("喀什地区", "新疆/喀什"),
     ("Liaoning", "辽宁"), ("in Sichuan Province", "四川"), ("what did liaoning do", "辽宁"), ("Xi'an", "陕西/西安"),
     ("Yichun, Heilongjiang", "黑龙江/伊春"), ("Hong Kong", "香港")],
)  # fmt: skip
def test_named(text: str, region: str) -> None:
    assert found(text)[-1][1:] == (region, "name")


@pytest.mark.parametrize(
    "text",
    ["中山路", "孙中山", "安康杯", "阿里巴巴", "入海口", "实现大同", "三明治", "哈密瓜", "来宾", "朝阳区", "朝阳产业", "长白山",
     "推广东西部协作", "南海南部", "太行山西麓", "长江西路", "北京时间", "以上海拔", "大理石", "xian county", "京东方"],
)  # fmt: skip
def test_not_a_place(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "region"),
    [("四川锅炉有限公司", "四川"), ("大连銮艺精密模塑制造有限公司", "辽宁/大连"), ("抚顺职业技术学院", "辽宁/抚顺"),
     ("《辽宁省企业民主管理条例》", "辽宁"), ("“数字辽宁、智造强省”", "辽宁"), ("安徽工人日报", "安徽"), ("全国五一劳动奖章", "全国")],
)  # fmt: skip
def test_within_a_name(text: str, region: str) -> None:
    assert found(text)[0][1:] == (region, "in_name")


def test_an_authority_is_its_place() -> None:
    assert found("大连市总工会")[0][1:] == ("辽宁/大连", "name")
    assert found("四川全省各级工会走进学校")[0][1:] == ("四川", "name")


def test_lists_support_doubtful_names() -> None:
    assert [m[1] for m in found("分赴沈阳、朝阳和盘锦")] == ["辽宁/沈阳", "辽宁/朝阳", "辽宁/盘锦"]


def test_abbreviations() -> None:
    assert [m[1] for m in found("沪苏浙城市结对皖北八市")] == ["上海", "江苏", "浙江", "安徽"]
    assert [m[1] for m in found("吸引人员留皖就业")] == ["安徽"]
    assert found("京哈高速、沪昆高铁") == []
    assert [m[1] for m in found("在辽宁新落地企业")] == ["辽宁"]


def test_deictic_places_have_a_level() -> None:
    levels = [(m.kind, m.region, m.level) for m in find_places("我省与全市,省总工会")]
    assert levels == [("deictic", "", "province"), ("deictic", "", "city"), ("deictic", "", "province")]
    assert find_places("全市场") == []


def test_covers() -> None:
    assert covers("辽宁", "辽宁/大连")
    assert covers("全国", "四川")
    assert covers("四川", "四川")
    assert not covers("辽宁/大连", "辽宁")
    assert not covers("辽宁", "吉林/辽源")


def test_display() -> None:
    assert [display(r) for r in ("辽宁", "辽宁/大连", "四川/凉山", "广西", "全国", "某地")] == [
        "辽宁省", "大连市", "凉山彝族自治州", "广西壮族自治区", "全国", "某地",
    ]  # fmt: skip


@given(st.text(alphabet="辽宁大连海南京沪苏浙省市吉林朝阳、和在《》“”路公司 Liaoning", max_size=30))
def test_mentions_are_in_order_and_apart(text: str) -> None:
    mentions = find_places(text)
    assert all(0 <= m.start < m.end <= len(text) for m in mentions)
    assert all(a.end <= b.start for a, b in itertools.pairwise(mentions))
