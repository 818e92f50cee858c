"""Title, dates, region, headings, and what each sentence speaks of: on documents made for the purpose and on the seeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.clean import clean
from rag.index.frontmatter import author, published, publisher, title
from rag.index.headings import level, paths, run_in
from rag.index.metadata import describe
from rag.index.review import plan_year
from rag.types import Document, Part, Period, Sentence

SEEDS = Path(__file__).parents[1] / "seeds"
BODY = "全省各级工会坚持以职工为中心的工作导向,扎实开展各项帮扶活动,不断增强职工群众的获得感、幸福感、安全感。"


def described(clean_text: str, *, raw: str | None = None, name: str | None = None) -> Part:
    document = Document("x.txt", raw if raw is not None else clean_text, "sha256:0", title=name)
    return describe(document, Part("", clean_text, ()))


def sentence(part: Part, words: str) -> Sentence:
    (found,) = [s for s in part.sentences if words in part.clean[s.start : s.end]]
    return found


def test_sentences_cover_the_text() -> None:
    part = described(f"标题在此\n{BODY}\n一、工作\n{BODY}第二句。")
    assert "".join(part.clean[s.start : s.end] for s in part.sentences) == part.clean.replace("\n", "")
    assert [s.paragraph for s in part.sentences] == [0, 1, 2, 3, 3]


class TestFrontMatter:
    def test_subtitle_is_appended(self) -> None:
        part = described(f"凝聚职工力量\n——2022年全省工会工作综述\n本报记者 刘大毅\n{BODY}")
        assert (part.title, part.author) == ("凝聚职工力量——2022年全省工会工作综述", "刘大毅")

    def test_headline_of_two_lines(self) -> None:
        part = described(f"忠诚尽职奋勇争先\n团结动员职工迎接大会召开\n(三)展现新作为\n{BODY}")
        assert part.title == "忠诚尽职奋勇争先 团结动员职工迎接大会召开"
        assert part.sentences[-1].heading == ("(三)展现新作为",)

    def test_first_heading_is_not_part_of_the_title(self) -> None:
        part = described(f"工会工作综述\n强化思想引领\n{BODY}\n{BODY}\n深化维权服务\n{BODY}")
        assert part.title == "工会工作综述"
        assert [s.heading for s in part.sentences][-1] == ("深化维权服务",)

    def test_title_of_the_format(self) -> None:
        assert described(BODY, name="工会年报 - 某某网").title == "工会年报"
        assert described(BODY).title == ""

    def test_a_numbered_section_is_no_title(self) -> None:
        assert title(["一、总体情况", BODY], "", None) == ("", set())

    @pytest.mark.parametrize(
        ("line", "names"),
        [("本报记者 刘大毅", "刘大毅"), ("李娜", "李娜"), ("李 娜", "李娜"), ("张三丰 王小明", "张三丰、王小明"),
         ("作者:李娜", "李娜"), ("新华社记者 王一 通讯员 赵二", "王一、赵二"), ("文/李娜", "李娜"), ("By Jane Chan", "Jane Chan"),
         ("核心提示", None), ("责编:皮博、黄瑾", None)],
    )  # fmt: skip
    def test_author(self, line: str, names: str | None) -> None:
        assert author(["标题", line, BODY], [0, 1]) == names

    def test_author_below_the_text(self) -> None:
        assert author(["标题", *[BODY] * 20, "本报记者 赵婷婷 刘璐"], [0]) == "赵婷婷、刘璐"

    @pytest.mark.parametrize(
        ("raw", "date"),
        [("发表于 2022-10-27 18:26:49 | 查看全部", "2022-10-27"), ("2023年10月08日10:23  來源:《工人日報》", "2023-10-08"),
         ("报社\n\n2022-03-10\n报刊:安徽工人日报", "2022-03-10"), ("发布时间:2024年1月", "2024-01"),
         ("Published: 12 March 2021", "2021-03-12"), ("2019年9月27日,工程正式启动。", None),
         ("版权所有 © 2021-2025 某网", None), ("更新时间:2023-01-02\n发布时间:2022-12-30", "2022-12-30"),
         (BODY * 60 + "\n2021年3月5日\n", "2021-03-05")],
    )  # fmt: skip
    def test_published(self, raw: str, date: str | None) -> None:
        assert published(raw) == date

    @pytest.mark.parametrize(
        ("raw", "name"),
        [("來源:《工人日報》", "工人日報"), ("报刊:安徽工人日报\n", "安徽工人日报"), ("来源：新华网 作者：李", "新华网"),
         ("来源:网络", None), ("资金来源于各级财政", None), ("您需要登录", None)],
    )  # fmt: skip
    def test_publisher(self, raw: str, name: str | None) -> None:
        assert publisher(raw) == name


class TestHeadings:
    @pytest.mark.parametrize(
        ("line", "rank"),
        [("第一章 总则", 1), ("一、2022年重点工作", 3), ("(二)以建设为主题,汇聚力量", 4), ("1 思想引领 唱响主旋律", 5), ("核心提示", 8),
         ("“中国梦·劳动美”价值引领深入基层", 8), ("## Methods", 2), ("Training and pay", 8)],
    )  # fmt: skip
    def test_is_one(self, line: str, rank: int) -> None:
        assert level(line, BODY) == rank

    @pytest.mark.parametrize(
        "line",
        ["劳模宣讲走进校园。", "本报记者 刘大毅", "刘明烨 摄", "覆盖职工,", "2022-03-10", "12275家", "1.5亿元", "资料图片由工会提供", BODY],
    )
    def test_is_none(self, line: str) -> None:
        assert level(line, BODY) is None

    def test_they_nest(self) -> None:
        lines = ["一、甲部分", "(一)乙部分", BODY, "(二)丙部分", BODY, "二、丁部分", BODY]
        assert paths(lines, set()) == [
            ("一、甲部分",), ("一、甲部分", "(一)乙部分"), ("一、甲部分", "(一)乙部分"), ("一、甲部分", "(二)丙部分"),
            ("一、甲部分", "(二)丙部分"), ("二、丁部分",), ("二、丁部分",),
        ]  # fmt: skip

    def test_articles_of_a_law(self) -> None:
        lines = ["第一章 总则", "第一条 为了规范监察,制定本条例。", "本市适用本条例。", "第二条 监察机构负责监察。"]
        assert [p[-1] for p in paths(lines, set())] == ["第一章 总则", "第一条", "第一条", "第二条"]

    def test_run_in_headings_come_in_numbers(self) -> None:
        paragraphs = [f"精准帮扶困难职工。{BODY}", f"用心服务职工。{BODY}"]
        assert run_in(paragraphs, [(), ()]) == {0: "精准帮扶困难职工", 1: "用心服务职工"}
        assert run_in([f"科学技术是第一生产力。{BODY}", BODY], [(), ()]) == {}
        assert run_in([BODY, f"二要切实改进工作作风。{BODY}"], [(), ()]) == {1: "二要切实改进工作作风"}

    def test_a_plan_names_its_year(self) -> None:
        assert plan_year("二、2022 年重点工作") == 2022
        assert plan_year("2021年工作回顾") is None


class TestTime:
    def test_this_year_is_the_year_under_review(self) -> None:
        part = described(f"工作综述\n——2022年全省工会工作综述\n今年以来,新建站点300个。去年为200个。\n{BODY}")
        assert part.period == Period(2022, 2022)
        assert sentence(part, "新建站点").period == Period(2022, 2022)
        assert sentence(part, "去年").period == Period(2021, 2021)
        assert sentence(part, "各级工会").period_explicit is False

    def test_a_spring_report_reviews_the_year_before(self) -> None:
        part = described(
            f"工作报告\n2022-03-10\n一、主要工作\n过去一年,新建站点300个。截至12月底,会员600万人。\n二、2022年重点工作\n新建站点500个。{BODY}"
        )
        assert part.period == Period(2021, 2021)
        assert sentence(part, "站点300").period == sentence(part, "600万").period == Period(2021, 2021)
        assert sentence(part, "站点500").period == Period(2022, 2022)

    def test_without_a_date_the_text_votes(self) -> None:
        part = described(
            f"工会办实事纪实\n今年,全省举办大赛83项。\n截至2020年底,下拨资金1.1亿元。\n2021年,获得大奖4项。预计明年上半年建成。\n"
            f"编制《2035年远景目标纲要》。{BODY}"
        )
        assert part.period == Period(2021, 2021)
        assert sentence(part, "大赛").period == Period(2021, 2021)
        assert sentence(part, "下拨").period == Period(2020, 2020)
        assert sentence(part, "明年").period == Period(2022, 2022)

    def test_next_year_points_at_this_one(self) -> None:
        part = described(f"贯彻会议精神\n会议谋划2023年重点工作。明年将突出抓好工程建设。{BODY}")
        assert part.period == Period(2022, 2022)
        assert sentence(part, "将突出").period == Period(2023, 2023)

    def test_years_up_to_publication(self) -> None:
        part = described(f"奋进\n——四川工会五年工作回眸\n2023年10月08日10:23\n过去五年,办理案件1.9万件。今年2月,召开大会。\n{BODY}")
        assert part.period == Period(2018, 2023)
        assert sentence(part, "案件").period == Period(2018, 2023)
        assert sentence(part, "大会").period == Period(2023, 2023)

    def test_an_opening_time_holds_for_the_paragraph(self) -> None:
        part = described(f"2023年全省工会综述\n2019年,平台启动。当月上线应用。目前用户达700万。\n{BODY}")
        assert sentence(part, "上线").period == Period(2019, 2019)
        assert sentence(part, "700万").period == Period(2023, 2023)
        assert sentence(part, "各级工会").period == Period(2023, 2023)

    def test_a_year_within_a_name_widens(self) -> None:
        part = described(f"2022年工作要点\n举办工匠2021年度人物颁奖典礼。\n{BODY}")
        assert 2022 in (sentence(part, "典礼").period or Period(0, 0))

    def test_nothing_known(self) -> None:
        part = described(f"工会新闻\n{BODY}")
        assert part.period is None
        assert {s.period for s in part.sentences} == {None}


class TestPlace:
    TEXT = (
        f"辽宁工会综述\n省总工会举办招聘活动550场。大连市总工会命名60个工作室。鞍山市发放补贴8946万元。全省参与98万人。\n"
        f"与吉林省总工会签订协议。四川锅炉有限公司的经验得到推广。\n{BODY}"
    )  # fmt: skip

    def test_document(self) -> None:
        assert described(self.TEXT).region == "辽宁"

    def test_sentences(self) -> None:
        part = described(self.TEXT)
        assert sentence(part, "550场").regions == ("辽宁",)
        assert sentence(part, "60个").regions == ("辽宁/大连",)
        assert sentence(part, "8946").regions == ("辽宁/鞍山",)
        assert sentence(part, "98万").regions == ("辽宁",)
        assert set(sentence(part, "协议").regions) == {"吉林", "辽宁"}
        assert sentence(part, "各级工会").regions == ("辽宁",)

    def test_a_city_is_carried_to_sentences_without_subject(self) -> None:
        part = described(f"辽宁工会综述\n抚顺市总工会成立联盟。通过联盟推介成果20项。全省推广联盟经验。\n{BODY}")
        assert sentence(part, "推介").regions == ("辽宁/抚顺", "辽宁")
        assert sentence(part, "推广").regions == ("辽宁",)

    def test_a_city_paper(self) -> None:
        part = described(f"大连市总工会工作综述\n大连市总工会慰问职工。全市新建站点30个,我市会员达100万。{BODY.replace('全省', '全市')}")
        assert part.region == "辽宁/大连"
        assert sentence(part, "站点").regions == ("辽宁/大连",)

    def test_an_autonomous_region(self) -> None:
        part = described(f"广西工会综述\n柳州市总工会举办竞赛30场。全区共举办900场。\n{BODY}")
        assert sentence(part, "900").regions == ("广西",)

    def test_unknown(self) -> None:
        assert described(f"工会新闻\n{BODY}").region is None


@pytest.fixture(scope="module")
def seeds() -> dict[str, list[Part]]:
    from rag.index.readers.text import read

    found = {}
    for path in sorted(SEEDS.glob("*.txt")):
        document = read(path, source=path.name)
        found[path.name[:3]] = [describe(document, part) for part in clean(document)]
    return found


@pytest.mark.parametrize(
    ("seed", "number", "region", "period", "published", "author"),
    [
        ("000", 0, "辽宁", "2022", None, "刘大毅"),
        ("000", 1, "辽宁", "2022", None, "赵婷婷"),
        ("001", 0, "辽宁", "2022", "2022-10-27", None),
        ("002", 0, "四川", "2018-2023", "2023-10-08", "李娜"),
        ("003", 0, "安徽", "2021", "2022-03-10", None),
        ("004", 0, "辽宁", "2021", None, "刘大毅"),
    ],
)
def test_seeds(
    seeds: dict[str, list[Part]], seed: str, number: int, region: str, period: str, published: str | None, author: str | None
) -> None:
    part = seeds[seed][number]
    assert (part.region, str(part.period), part.published) == (region, period, published)
    assert (part.author or "").startswith(author or "") and bool(part.author) == bool(author)
    assert part.title


def test_seed_sections(seeds: dict[str, list[Part]]) -> None:
    (report,) = seeds["003"]
    review = sentence(report, "359.9万名")
    plan = sentence(report, "1000场以上")
    assert (str(review.period), str(plan.period)) == ("2021", "2022")
    assert review.heading[-1] == "积极构建和谐劳动关系"
    assert plan.heading[0] == "二、2022年重点工作"
    city = sentence(seeds["000"][0], "8946.67万元")
    assert (city.regions, str(city.period)) == (("辽宁/鞍山",), "2022")
    assert str(sentence(seeds["004"][0], "71905").period) == "2021"
    assert str(sentence(seeds["002"][0], "26.47").period) == "2022"


@given(st.text(alphabet="工会省市大连一二(、)。,\n 2021年今去“”《》-—记者:发布李", max_size=120))
def test_any_text_is_described(text: str) -> None:
    part = described(text)
    joined = "".join(part.clean[s.start : s.end] for s in part.sentences)
    assert "".join(joined.split()) == "".join(text.split())
    assert all(s.paragraph == text.count("\n", 0, s.start) for s in part.sentences)
