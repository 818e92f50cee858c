"""The model-free reader: which span of which sentence, and how well it is supported."""

import pytest

from rag.question.query import understand
from rag.question.terms import Matcher
from rag.read import ExtractiveReader
from rag.read.blocks import blocks, parts
from rag.read.candidates import candidates, expected_items

from .reading import reader, views

REVIEW = """2022年甘肃工会工作综述

2022年,全省工会培训职工3.4万人次,投入资金560万元,覆盖企业1205家。培育工作室264个、联盟23个,扶持88个企业建立平台。确保1.2万家单位、98万人参加“安康杯”竞赛。

兰州陇原机械有限公司职工马建国研制的刀具获得一等奖。2022年5月6日,比赛启动。

活动主题为“技能成就梦想”,覆盖兰州、天水、酒泉三个市。
"""


def best(question, text=REVIEW):
    found = reader().read(understand(question), views(text))
    return found[0] if found else None


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("培训了多少职工?", "3.4万人次"),
        ("投入了多少资金?", "560万元"),
        ("覆盖了多少家企业?", "1205家"),
        ("培育了多少个工作室?", "264个"),
        ("培育的联盟有几个?", "23个"),
        ("扶持了多少企业?", "88个"),
        ("多少单位参加安康杯?", "1.2万家"),
        ("多少人参加安康杯?", "98万人"),
        ("马建国是哪家公司的?", "兰州陇原机械有限公司"),
        ("谁研制的刀具获奖?", "马建国"),
        ("比赛是哪天启动的?", "2022年5月6日"),
        ("活动主题是什么?", "“技能成就梦想”"),
    ],
)
def test_the_span_that_answers(question, short):
    assert best(question).text == short


def test_words_that_nothing_supports_are_named():
    found = best("培训了多少厨师?")
    assert "厨师" in found.missing
    assert found.support < 1


def test_a_name_that_is_not_there_is_hard_missing():
    found = reader().read(understand("王淑芬是哪家公司的?"), views(REVIEW))
    assert all(f.hard_missing == ("王淑芬",) for f in found)


def test_another_year_is_no_answer():
    assert reader().read(understand("2020年培训了多少职工?"), views(REVIEW)) == []


def test_another_place_is_no_answer():
    assert reader().read(understand("青海培训了多少职工?"), views(REVIEW)) == []


def test_a_part_does_not_answer_for_the_whole():
    text = "2022年甘肃工会工作综述\n\n2022年,全省货车司机、快递员等新就业形态劳动者会员达11.2万人。\n"
    whole = reader().read(understand("甘肃全省会员总数是多少?"), views(text))[0]
    part = reader().read(understand("甘肃新就业形态劳动者会员有多少?"), views(text))[0]
    assert whole.score < 0.5 < part.score


def test_the_figure_that_a_rise_ends_with_is_of_the_later_year():
    text = "2023年甘肃工会工作综述\n\n注册用户由2022年底的21万人增加到36万人。\n"
    assert reader().read(understand("2022年底注册用户有多少?"), views(text))[0].text == "21万人"
    assert reader().read(understand("2023年注册用户有多少?"), views(text))[0].text == "36万人"


def test_the_date_that_something_ends():
    text = "关于开展助学活动的通知\n\n个人申报自7月15日起,至8月20日17时30分截止。\n"
    assert reader().read(understand("个人申报什么时候截止?"), views(text))[0].text.endswith("8月20日17时30分")
    assert reader().read(understand("个人申报从哪天开始?"), views(text))[0].text.endswith("7月15日")


@pytest.mark.parametrize(
    ("question", "items"),
    [("是哪三条高速?", 3), ("“五强”目标是什么?", 5), ("有哪四个方面?", 4), ("有哪些措施?", None), ("2022年有多少?", None)],
)
def test_how_many_items_a_question_expects(question, items):
    assert expected_items(question) == items


def test_a_list_over_several_sentences_is_one_block():
    text = "重点做好三件事:\n一是办好赛事。投入180万元。\n二是建好驿站。\n三是管好经费。\n其他事项另行通知。\n"
    (block,) = blocks(views(text))
    assert block.text.strip().endswith("管好经费。")


def test_telephone_numbers():
    text = "联系人:李晓岚;联系电话:0931-8617305;邮箱:gh@example.cn。"
    found = candidates(understand("联系电话是多少?"), views(text)[0])
    assert [text[s.start : s.end] for s in found] == ["0931-8617305", "gh@example.cn"]


@pytest.mark.parametrize(
    ("question", "short"), [("会员住院慰问标准是多少?", "不超过500元"), ("活动每年几次?", "不少于4次"), ("生日慰问标准是多少?", "300元")]
)
def test_limits_keep_the_word_that_turns_them(question, short):
    text = "关于做好会员慰问工作的通知\n\n会员住院慰问标准不超过500元,生日慰问标准为300元。活动每年不少于4次。\n"
    assert best(question, text).text == short


def test_a_place_that_no_gazetteer_holds_must_be_named():
    text = "玉门市总工会关于会员慰问的通知\n\n会员住院慰问标准为500元。\n"
    assert not reader().read(understand("玉门市会员住院慰问标准是多少?"), views(text))[0].hard_missing
    assert reader().read(understand("敦煌市会员住院慰问标准是多少?"), views(text))[0].hard_missing == ("敦煌市",)


def test_digits_set_apart_are_one_figure():
    text = "青海工会2023年工作综述\n\n全省疗休养名额3 6 0 0 人,投入1 2 0 万元。\n"
    assert best("疗休养名额有多少?", text).text == "3600人"
    assert best("投入多少资金?", text).text == "120万元"


@pytest.mark.parametrize(
    ("question", "short"),
    [("工会干部赴261家单位蹲点多长时间?", "3至6个月"), ("培训要多久?", "12天"), ("由几个部门联合出台?", "10部门"), ("这几年筹集了多少送温暖资金?", "1.2亿元")],
)
def test_how_long_and_what_kind_of_money(question, short):
    text = (
        "青海工会2023年工作综述\n\n全省572名工会干部赴261家单位蹲点3至6个月。每期培训12天,覆盖40人。"
        "筹集送温暖资金1.2亿元,其他救助资金3亿元。联合财政厅等10部门出台意见。\n"
    )
    assert best(question, text).text == short


@pytest.mark.parametrize("text", ["用好12351 职工维权服务热线平台。", "拨打96333职工服务专线。"])
def test_the_number_of_a_hotline_counts_nothing(text):
    found = reader().read(understand("帮扶了多少困难职工?"), views(text))
    assert not [f for f in found if any(c.isdigit() for c in f.text)]


def test_a_count_before_a_hotline_is_one():
    assert best("接到多少次求助?", "职工热线接到12345次求助,转交热线专班。").text == "12345次"


def test_of_craftsmen_counted_in_one_sentence_the_ones_asked_for():
    text = "全省已选树培育4名大国工匠、180名齐鲁工匠、3821名市州级工匠。"
    assert best("有多少名齐鲁工匠?", f"工会工作情况\n\n{text}").text == "180名"


LIBRARY = """石河口市图书馆2024年工作报告

2024年,石河口市图书馆接待读者186.4万人次,比上年增长12.3%。全年外借图书92.7万册次。馆长赵启明,副馆长周立新。联系人陈丽华,电话0876-5523108。

中心馆将于2025年5月6日开始改造施工,预计7月31日完工。办理电子阅读器外借每人限1台,需交押金500元。
"""


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("接待读者增长了多少?", "12.3%"),
        ("接待读者多少人次?", "186.4万人次"),
        ("馆长是谁?", "赵启明"),
        ("副馆长是谁?", "周立新"),
        ("中心馆什么时候完工?", "2025年7月31日"),
        ("中心馆什么时候开始施工?", "2025年5月6日"),
        ("电子阅读器要交多少押金?", "500元"),
    ],
)
def test_of_several_in_a_sentence_the_one_that_is_asked_for(question, short):
    assert best(question, LIBRARY).text == short


def test_a_rise_is_of_what_the_sentence_names():
    found = best("外借图书增长了多少?", LIBRARY)
    assert found is None or found.score < 0.4


@pytest.mark.parametrize("place", ["北京市", "湖南省"])
def test_a_place_that_the_document_never_names_has_no_figures_in_it(place):
    assert best(f"{place}图书馆2024年接待读者多少人次?", LIBRARY) is None
    assert best("石河口市图书馆2024年接待读者多少人次?", LIBRARY).text == "186.4万人次"


def test_an_institution_that_no_document_names_did_nothing():
    known = "图书馆接待读者"
    stranger = ExtractiveReader(Matcher(None), lambda term: 1.0, lambda term: term.text in known)
    found = stranger.read(understand("石河口市档案馆2024年接待读者多少人次?"), views(LIBRARY))
    assert found[0].hard_missing == ("档案馆",)
    assert best("石河口市图书馆2024年接待读者多少人次?", LIBRARY).hard_missing == ()


HOSPITAL = """2022年第一医院工作总结

医院新设门诊12个,比2021年的9个增加3个。开展12项二类手术,带动基层开展手术96项。

医院大力推进“送药下乡”活动。2022年,共有150个村参加,发药箱3200个;“送药下乡”志愿者有88人。医院办好“八件实事”。

2020年以来,医院先后协调市红十字会、市科协、市残联,持续开展义诊、体检、讲座等工作。
"""


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("2022年新设了多少个门诊?", "12个"),
        ("2021年新设了多少个门诊?", "9个"),
        ("开展了多少项手术?", "96项"),  # twelve of the second class are not all
        ("开展了多少项二类手术?", "12项"),
        ("“送药下乡”活动有多少个村参加?", "150个"),  # the sentence before says what they took part in, though this one names it, too
        ("医院要办好几件实事?", "八件"),
    ],
)
def test_which_figure_of_a_sentence(question, short):
    assert best(question, HOSPITAL).text == short


def test_what_a_figure_is_compared_with_is_as_well_supported():
    now, before = (best(f"{year}年新设了多少个门诊?", HOSPITAL) for year in (2022, 2021))
    assert before.score == pytest.approx(now.score)


def test_the_last_noun_before_a_figure_is_counted_by_that():
    assert best("医院的手术有多少?", "2022年第一医院工作总结\n\n全院有43个科室开展手术2600台。\n").text == "2600台"


def test_a_list_is_of_the_kind_of_thing_asked_for():
    assert "市红十字会、市科协、市残联" in best("医院协调了哪些单位一起开展义诊和体检工作?", HOSPITAL).text
    assert "义诊、体检、讲座" in best("医院持续开展哪些工作?", HOSPITAL).text


def test_an_open_time_begins_with_the_year_asked_for():
    assert best("2020年以来医院协调了哪些单位?", HOSPITAL).text.startswith("医院先后协调市红十字会")
    assert best("2019年以来医院协调了哪些单位?", HOSPITAL) is None


def test_an_item_that_is_itself_a_list_is_not_the_whole():
    text = "图书馆的服务还有几点不足:一是开放时间不够长、座位不够多、灯光不够亮;二是新书不够多;三是指引不够清楚。\n"
    assert best("图书馆的服务有哪几点不足?", text).text.endswith("指引不够清楚。")


CAMP = """关于举办少年夏令营的公告

一、营地分组
(一)登山组:12岁以上的学员,须体检合格。
(二)航模组:会使用工具的学员。
二、报名办法
报名须交照片和体检表。登山组和航模组的学员由老师分组带队,各组别人数不限。
"""


def test_a_heading_leads_its_items_and_no_others():
    view = next(v for v in blocks(views(CAMP)) if v.text.strip().startswith("一"))
    assert [item.text[span.start : span.end] for item, span in parts(view)] == ["(一)登山组:12岁以上的学员,须体检合格", "(二)航模组:会使用工具的学员"]
    assert best("夏令营分哪几个组?", CAMP).view.last is not None


def test_what_an_item_says_besides_is_not_what_its_heading_lists():
    assert best("体检合格的学员要交哪些材料?", CAMP).view.last is None
