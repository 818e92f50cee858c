"""An office's documents for the tests of reading: two years, two provinces, invented throughout."""

from rag.bot import Bot
from rag.index.build import build

from .index_kit import HashEmbedder, write
from .rules_kit import Settings

HUBEI_2021 = """服务职工 情暖荆楚

——2021年湖北工会工作综述

本报记者 张明远

今年以来,湖北各级工会培训职工3.2万人次,投入专项资金860万元,覆盖企业1205家。举办招聘会96场,提供岗位5.4万个。

截至11月底,全省新就业形态劳动者会员达18.6万人,其中网约车司机会员6.1万人。省总工会印发《湖北工会送温暖工作办法》,组织开展“春风送岗”活动。

武汉市长江重工有限公司职工李建军领衔的创新工作室获评省级示范。他研制的焊接机器人为企业节约成本210万元。
"""
HUBEI_2022 = """凝心聚力 奋楫前行

——2022年湖北工会工作综述

2022年12月28日 来源:《荆楚工报》

今年,湖北各级工会培训职工4.7万人次,投入专项资金1200万元,覆盖企业1530家。举办招聘会120场,提供岗位7.8万个。

活动覆盖武汉、宜昌、襄阳、荆州四个市。职工对食堂伙食的好评率为97.5%。
"""
SHAANXI = """三秦職工建新功

——2022年陝西工會工作綜述

2022年,陝西各級工會培訓職工2.9萬人次,舉辦招聘會75場。按照“有陣地、有隊伍、有經費”的“三有”要求推進建家。
"""


def office(home, embedder=None, **documents) -> Bot:
    """A bot over the documents above and any others, indexed in `home`."""
    embedder = embedder or HashEmbedder(dim=256)
    folder = write(home / "docs", hubei2021=HUBEI_2021, hubei2022=HUBEI_2022, shaanxi2022=SHAANXI, **documents)
    settings = Settings()
    build([folder], home=home, settings=settings, embedder=embedder)
    return Bot(settings, home, embedder=embedder)
