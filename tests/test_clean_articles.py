"""Articles that share a page become parts that share nothing."""

from __future__ import annotations

import pytest

from .clean_kit import cleaned

HOST = """小城医改这三年
本报记者 王平
一、分级诊疗见成效
三年来，我市推动医疗资源下沉，基层诊疗量占比由百分之四十八提高到百分之六十三，县域内就诊率达到百分之九十一，群众看病更加方便，医保基金运行平稳。
医院之间建立了双向转诊的绿色通道，家庭医生签约服务覆盖了重点人群，药品零差率全面实行。
"""
GUEST = """守住一方碧水
——流域治理纪实
（上接第二版）
巡河员老赵每天要走二十公里，他把沿河的排污口全都记在本子上。河长制推行以来，全流域整治排污口三百一十二个，清理河道垃圾四万吨，水质达标断面比例升到百分之九十五。
渔民上岸后当起了护鱼员，禁渔期的巡护艇昼夜不停，江豚的身影又出现在河口，流域生态补偿协议也已签订，上下游共治共享。
"""
HOST_AGAIN = """二、药价降下来
集中带量采购落地后，常用药平均降价百分之五十二，慢性病患者每年少花一千多元，医院的药占比降到百分之二十五以下。
下一步，我市还将推进医保支付方式改革，让医院和医生都有动力控制费用，群众得到实惠。
"""
GUEST_AGAIN = "流域内的排污口将全部安装在线监测，河长制责任落实到村，护鱼员队伍扩大到三百人。\n"


def test_a_spliced_article_is_a_part_of_its_own() -> None:
    host, guest = cleaned(HOST + GUEST + HOST_AGAIN + GUEST_AGAIN)
    assert guest.title == "守住一方碧水"
    assert host.clean == (HOST + HOST_AGAIN).strip()
    assert guest.clean == (GUEST.replace("（上接第二版）\n", "") + GUEST_AGAIN).strip()


def test_without_a_number_to_resume_at_the_second_article_runs_to_the_end() -> None:
    host, guest = cleaned(HOST + GUEST)
    assert host.clean == HOST.strip()
    assert guest.clean.startswith("守住一方碧水\n——流域治理纪实\n巡河员")


@pytest.mark.parametrize(
    "pointer", ["（上接第二版）", "(上接A1版)\n", "▲（紧接第1版）\n", "上接第2版\n", "（接上期）"]
)
def test_pointers_that_begin_a_second_article(pointer: str) -> None:
    host, guest = cleaned(HOST + GUEST.replace("（上接第二版）\n", pointer) + HOST_AGAIN)
    assert host.clean == (HOST + HOST_AGAIN).strip()
    assert guest.clean == GUEST.replace("（上接第二版）\n", "").strip()


def test_sentences_broken_by_the_splice_are_not_joined_across_it() -> None:
    broken = GUEST.removesuffix("，上下游共治共享。\n") + "，为全流域发挥\n"
    host, guest = cleaned(HOST + broken + HOST_AGAIN + GUEST_AGAIN)
    assert guest.clean.splitlines()[-2:] == [broken.splitlines()[-1], GUEST_AGAIN.strip()]
    assert "发挥" not in host.clean


def test_a_page_that_begins_as_a_continuation_is_one_article() -> None:
    (part,) = cleaned("守住一方碧水\n流域治理纪实\n期次:第12期\n返回目录\n" + GUEST[GUEST.index("（上接") :])
    assert part.title == ""
    assert "上接" not in part.clean
    assert part.clean.startswith("守住一方碧水\n流域治理纪实\n巡河员")


def test_a_pointer_in_the_text_without_a_title_splits_nothing() -> None:
    (part,) = cleaned(HOST + "（上接第二版）\n" + HOST_AGAIN)
    assert part.clean == (HOST + HOST_AGAIN).strip()


def test_an_article_that_goes_on_elsewhere_ends_at_its_pointer() -> None:
    below = GUEST.replace("（上接第二版）\n", "")
    first, second = cleaned(HOST.strip() + "（下转第三版）\n" + below)
    assert (first.clean, second.clean, second.title) == (HOST.strip(), below.strip(), "守住一方碧水")


def test_articles_under_headers_of_one_pattern() -> None:
    def post(title: str, day: int, body: str) -> str:
        return f"{title}\n2019-04-0{day} 来源：城市晚报\n{body}\n"

    water = (
        "城南水厂改造工程昨日完工，新增臭氧活性炭工艺，日供水能力由二十万吨提升到三十五万吨，惠及居民四十余万人。"
        * 2
    )
    books = (
        "停业两年的老街书店昨天重新开门，保留了原来的木质楼梯和旧招牌，增加了儿童阅读区，周末举办读书会，欢迎捐书。"
        * 2
    )
    first, second = cleaned(
        post("城南水厂改造提前完工", 2, water) + "\n\n" + post("老街书店重新开门迎客", 3, books)
    )
    assert (first.title, second.title) == ("城南水厂改造提前完工", "老街书店重新开门迎客")
    assert (first.clean, second.clean) == (
        post(first.title, 2, water).strip(),
        post(second.title, 3, books).strip(),
    )
    (short,) = cleaned(post("城南水厂改造提前完工", 2, "快讯。") + post("老街书店重新开门迎客", 3, "快讯。"))
    assert "书店" in short.clean


def test_parts_share_no_character() -> None:
    raw = HOST + GUEST + HOST_AGAIN + GUEST_AGAIN
    kept = []
    for part in cleaned(raw):
        gone = {i for edit in part.edits for i in range(edit.start, edit.end)}
        kept.append({i for i in range(len(raw)) if i not in gone and raw[i] != "\n"})
    assert not kept[0] & kept[1]
