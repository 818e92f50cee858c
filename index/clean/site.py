"""Rules for what a site puts round a text: navigation, reply boxes, notices, page furniture.

A line is judged by its pattern and by where it stands (above the first or below the last running text), never by what
one document happens to say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from rag.text.fold import fold
from rag.types import Edit

from .lines import HAN, Line, ends_sentence, is_byline, is_numbered, is_prose, is_title, split_lines, width
from .vocabulary import AMBIGUOUS, CONTROLS, MASTHEADS, MENU, RELATED, any_of

_CONTROL = re.compile(any_of(CONTROLS + RELATED))
_ANY_CONTROL = re.compile(rf"(?:{any_of(CONTROLS + RELATED + AMBIGUOUS)}|\d{{1,3}})")
_SEPARATOR = re.compile(r"[|｜/／·•【】\[\]〔〕()（）,，、:：!！—_\n]+")

# whole lines of a site, wherever they stand: they may hold several sentences …
_NOTICE = re.compile(
    r"""(?xi)
    (?: copyright\s*(?:©|\(c\)|&copy;|\d{4}|[@＠]) | © | \(c\)\s*\d{4} | 版权所有 | 版權所有 | 版权归
      | powered\s+by | proudly\s+powered | theme\s+by ) .{0,160}
    | .{0,60} (?: 版权所有 | 版權所有 | all\s+rights\s+reserved ) .{0,120}
    | .{0,40} (?: ICP\s*[备備證证] | 公网安备 | 公網安備 | 网安备 | 增值电信业务经营许可证 | 新闻信息服务许可证
      | 网络文化经营许可 | 网站标识码 | 政府网站标识 ) .{0,120}
    | .{0,40} (?: 侵权 | 侵權 | 纠错 | 不良信息 ) [^。]{0,40}
      (?: E-?mail | 邮箱 | 郵箱 | @ | 热線 | 热线 | 联系我们 | 邮件 ) .{0,80}
    | (?:本站|本网站|本网|本平台|本论坛)? (?:转载|轉載|版权|免责|特别)? (?:声明|聲明) \s*[:：] .{0,260}
    | (?: 如需转载 | 转载请 | 轉載請 | 请勿转载 | [未經经]{2}.{0,16}(?:授权|授權|许可|許可|同意)[^。]{0,12}
      (?:转载|轉載|复制|複製|摘编|摘編|镜像|链接|刊登|翻版) ) .{0,120}
    | (?: accept\s+(?:all\s+)?cookies | we\s+use\s+cookies | this\s+(?:web)?site\s+uses\s+cookies
      | subscribe\s+to\s+our | sign\s+up\s+for\s+our ) .{0,160}
    """
)
# … and these hold none
_STRONG = re.compile(
    r"""(?xi)
    (?: (?:^|[|｜/,，\s]\s*|\s) (?:查看|阅读|閱讀|浏览|瀏覽|点击|點擊|人气|回复|回覆|评论) (?:次数|次數|量|数|數)?
        \s*[:：]\s* \d[\d,]* \s*次? \s* )+
    | [您你]? (?:还|目前)? \s* (?:需要|必须|尚未|没有) \s* 先? \s* (?:登录|登錄|登陆|注册) .{0,50}
    | [您你]? (?:登录|登錄|登陆|注册) \s* (?:后|後|即可|才能|才可)
      .{0,12} (?:查看|下载|回帖|回复|评论|发帖|浏览|可见) .{0,16}
    | (?:马上|立即|点击|免费) 注册 .{0,30}
    | 还? (?:没有|還沒有) (?:账号|帳號|帐号) [?？]? .{0,20}
    | (?: 技术支持 | 技術支持 | 网站建设 | 网站维护 | 网站制作 ) \s*[:：] .{1,50}
    | [(（【\[] \s* (?: 责任?编辑? | 責任?編輯? | 编辑 | 編輯 | 校对 | 校對 | 审核 | 值班编委 | 来源编辑 )
      \s*[:：丨|] .{1,60}
    | (?: 责任?编辑 | 責任?編輯 | 责编 | 責編 | 责任校对 | 值班编委 | 实习编辑 ) \s*[:：丨|] .{1,60}
    | (?: 上一篇 | 下一篇 | 上篇 | 下篇 | 上一条 | 下一条 | 上一主题 | 下一主题 ) \s*[:：] .{0,80}
    | (?: 当前位置 | 當前位置 | [您你]现?在的位置 | [您你]的位置 | [您你]当前的?位置 | 所在位置 ) \s*[:：] .{0,120}
    | (?: 分享到 | 分享至 ) \s*[:：]? .{0,60}
    | (?: 扫一扫 | 扫码 | 扫描 | 长按 | 微信扫 | 请?用微信 ) .{0,30}
      (?: 二维码 | 公众号 | 微信 | 关注 | 分享 | 手机 | 客户端 | 识别 | 阅读 ) .{0,20}
    | (?: 字号 | 字體 | 字体 | 字號 | 视力保护色 ) \s* [:：【\[(（] \s* [^。]{0,24}
    | (?: 报刊 | 報刊 ) \s*[:：] .{1,30}
    | (?: 期次 | 版次 | 版面 ) \s*[:：]\s* 第? \s* [\dA-Z零一二三四五六七八九十]+ .{0,20}
    | 第 \s* [A-Z]?\d+ \s* 版 \s*[:：] .{0,20}
    | 本版积分规则 .{0,10}
    | [【\[] \s* (?: 打印 | 关闭 | 字体 | 字号 | 纠错 | 收藏 | 返回 | 我要 ) [^。]{0,40}
    | (?: 建议 | 推荐 ) 使用 .{0,30} (?: 浏览器 | 分辨率 ) .{0,40}
    | (?: 今日 | 总 | 昨日 | 本站 ) (?:访问|浏览) 量? \s*[:：]\s* \d+ .{0,40}
    | GMT \s* [+-]\d .{0,40}
    """
)
# lines that are chrome below other chrome, and may be the text's own elsewhere
_WEAK = re.compile(
    r"""(?xi)
    (?: 主办 | 承办 | 主管 | 协办 | 承建 | 运维 ) (?:单位)? \s*[:：] .{1,60}
    | (?: 编辑 | 編輯 | 校对 | 审核 | 审校 | 监制 | [一二三初复终]审 | 排版 | 美编 ) \s*[:：丨|] .{1,40}
    | (?: 地址 | 邮编 | 邮政编码 | 传真 | 电话 | 值班电话 | 联系电话 | 举报电话 | 新闻热线 | 客服电话 | 客服QQ | 在线客服
      | 站长QQ | QQ | E-?mail | 邮箱 ) \s*[:：]? .{3,80}
    """
)
_PAGE_NUMBER = re.compile(
    r"""(?xi)
    [-—–－·\s]* (?:第\s*)? (\d{1,4}) \s* 页? (?: \s* [/／,，]? \s* 共? \s* \d{1,4} \s* 页 )? [-—–－·\s]*
    | page \s* (\d{1,4}) (?: \s* of \s* \d+ )?
    """
)
_NAME = rf"[{HAN}A-Za-z0-9]+(?: [{HAN}A-Za-z0-9]+){{0,4}}"
_CRUMBS = re.compile(rf"{_NAME}(?: ?(?:>>|>|»|›|→|-->|＞＞|＞) ?{_NAME})+ ?[>＞»]?")
_TRIMMED = re.compile(
    rf"(?:\s*[|｜]\s*|\s+)(?:{any_of(CONTROLS + RELATED)}|[【\[(（](?:字体|字號|字号|字體)[^】\])）]*[】\])）])(?=\s*[|｜]|$|\s)"
)
_DATE = r"\d{4}\s*[-年/.]\s*\d{1,2}\s*[-月/.]\s*\d{1,2}"
_DATE_ONLY = re.compile(rf"{_DATE}\s*日?\s*(?:星期.|周.|第.{{1,6}}版)?")
_POSTED = re.compile(
    rf"(?:发表于|發表於|发布于|發佈於|发布时间|发表时间|时间|時間|日期|来源|來源|作者|{_DATE})"
)
_OWN = re.compile(rf"{_POSTED.pattern}|附件|附：|附表|注：|备注")
_RELATED = re.compile(any_of(RELATED))
_MASTHEAD = re.compile(rf"[{HAN}]{{1,14}}{any_of(MASTHEADS)}")
_MENU = re.compile(any_of(MENU))
_BAR = re.compile(r"\s*[|｜]\s*")


_SIGNS = [re.compile(pattern) for pattern in (  # of folded lines
    r"版权所有|copyright|©|all rights reserved|powered by", r"icp\s*[备证]|公网安备|网站标识码|新闻信息服务许可证",
    r"(?:当前|您现?在的|您的|所在)位置\s*:", r"上一[篇页条版期主]|下一[篇页条版期主]|上一主题|下一主题", r"(?:查看|阅读|浏览|点击|人气)(?:次数|量|数)?\s*:\s*\d",
    r"返回(?:列表|顶部|首页|目录)|回到顶部|设为首页|加入收藏|网站地图|关闭窗口|打印本页", r"责任?编辑?|值班编委", r"分享到|分享至|扫一扫|扫码|二维码|公众号",
    r"发表回复|快速回复|发表评论|我要评论|使用道具|只看该作者|电梯直达|倒序", r"登录\s*[|/ ]\s*注册|立即注册|忘记密码|找回密码|登录后才[能可]|^登录$", r"相关阅读|相关新闻|相关链接|推荐阅读|友情链接|猜你喜欢",
    r"字号|字体|放大|缩小|繁体|简体", r"来源\s*:", rf"^\s*{_NAME}(?: ?(?:>>|>|»|›) ?{_NAME})+\s*$", r"第\s*[a-z]?\d+\s*版\s*:|报刊\s*:|期次\s*:|版面(?:导航|目录)|电子报|数字报")]
ENOUGH_SIGNS = 2
"""Kinds of sign from which a text counts as taken from a site: one alone may be the text's own (`来源：统计局`)."""


def from_a_site(text: str) -> bool:
    """Whether lines of a text show several signs of a site: its notice, its buttons, its counters.

    Only then may lines be judged by their words. In any other text `未经同意，不得……` is a rule and `登录` a step.
    """
    bodies = [line.body for line in split_lines(text)]
    short = [fold(body) for body in bodies if len(body) <= 160]
    shown = sum(any(sign.search(line) and (len(line) <= 60 or is_chrome(line)) for line in short) for sign in _SIGNS)
    return shown + any(map(_is_spam, bodies)) >= ENOUGH_SIGNS


def is_chrome(body: str) -> bool:
    """Whether a line (without surrounding blanks) belongs to the site, by its words alone."""
    if len(body) > 320:
        return False
    if _NOTICE.fullmatch(body):
        return True
    if len(body) <= 160 and "。" not in body.rstrip("。") and _STRONG.fullmatch(body):
        return True
    pieces = _BAR.split(body.strip("|｜ "))
    if len(pieces) >= 5 and all(0 < len(piece) <= 8 and piece.isalpha() for piece in pieces):
        return True  # a row of a site's sections
    tokens = _tokens(body)
    return (
        bool(tokens)
        and all(_ANY_CONTROL.fullmatch(token) for token in tokens)
        and (any(_CONTROL.fullmatch(token) for token in tokens) or len({token for token in tokens if not token.isdigit()}) >= 3)
    )


def _is_ambiguous(body: str) -> bool:
    """Whether a line is chrome if the lines about it are."""
    tokens = _tokens(body)
    return bool(tokens) and len(body) <= 60 and all(_ANY_CONTROL.fullmatch(token) for token in tokens)


def _tokens(body: str) -> list[str]:
    """Take a row of buttons apart; those of several words stay whole."""
    pieces = [piece.strip() for piece in _SEPARATOR.split(body)]
    return [
        token
        for piece in pieces
        for token in ([piece] if _ANY_CONTROL.fullmatch(piece) else piece.split())
        if token
    ]


def chrome(text: str) -> list[Edit]:
    """Drop lines of buttons, counters and notices, and such words at the end of a date line.

    Lines that could be the text's own (`回复`, `电话:…`) go above the text where sure ones stand there too, and below
    it from the first sure one on.
    """
    head, _, tail = _zones(text)
    doubtful = {line.start for line in _doubtful(head, tail)}
    edits = []
    for line in split_lines(text):
        if is_chrome(line.body) or line.start in doubtful:
            edits.append(Edit(line.start, line.end, "", "chrome"))
        elif len(line.body) < 120 and _POSTED.match(line.body):
            edits += [
                Edit(line.start + match.start(), line.start + match.end(), "", "chrome")
                for match in _TRIMMED.finditer(line.body)
            ]
    return edits


def _doubtful(head: Sequence[Line], tail: Sequence[Line]) -> list[Line]:
    found = []
    if sum(is_chrome(line.body) for line in head):
        found += [line for line in head if _is_ambiguous(line.body)]
    sure = [place for place, line in enumerate(tail) if is_chrome(line.body)]
    if not sure:
        return found
    first = sure[0]
    while first and _is_ambiguous(tail[first - 1].body):
        first -= 1
    listing = False
    for place, line in enumerate(tail[first:], first):
        listing |= bool(_RELATED.fullmatch(line.body.rstrip("：:")))
        among = listing or (len(sure) >= 2 and place < sure[-1])
        short = among and width(line.body) <= (80 if listing else 40) and not ends_sentence(line.body)
        own = is_byline(line.body) or is_numbered(line.body) or _OWN.match(line.body)
        if _is_ambiguous(line.body) or _WEAK.fullmatch(line.body) or (short and not own):
            found.append(line)
    return found


def breadcrumbs(text: str) -> list[Edit]:
    """Drop the path of a page in its site: `新闻网>>工会新闻`, `首页 > 要闻 > 正文`."""
    head, _, tail = _zones(text)
    return [
        Edit(line.start, line.end, "", "breadcrumbs")
        for line in (*head, *tail)
        if len(line.body) <= 100 and _CRUMBS.fullmatch(line.body)
    ]


def masthead(text: str) -> list[Edit]:
    """Drop a paper's or site's name and the date above the title, and rows of menu words; never the title."""
    head, body, _ = _zones(text)
    if not body:
        return []
    kept = [line for line in head if not is_chrome(line.body) and not _is_menu(line.body)]
    gone = [line for line in head if _is_menu(line.body)]
    for place, line in enumerate(kept):
        title = any(
            is_title(later.body) and not _POSTED.match(later.body) and not is_byline(later.body)
            for later in kept[place + 1 :]
        )
        if not title or not (_MASTHEAD.fullmatch(line.body) or _DATE_ONLY.fullmatch(line.body)):
            break
        gone.append(line)
    return [Edit(line.start, line.end, "", "masthead") for line in sorted(gone, key=lambda line: line.start)]


def _is_menu(body: str) -> bool:
    tokens = re.split(r"[\s|｜]+", body)
    return 3 <= len(tokens) <= 40 and sum(bool(_MENU.fullmatch(token)) for token in tokens) * 2 >= len(tokens)


PAGE_LINES = 8
"""Lines from one page number to the next, at least, where they are bare figures (half of them; others may be nearer)."""


def page_numbers(text: str) -> list[Edit]:
    """Drop page numbers on lines of their own that count up, with the running heads next to them."""
    lines = split_lines(text)
    found = {
        i: match
        for i, line in enumerate(lines)
        if len(line.body) < 30 and (match := _PAGE_NUMBER.fullmatch(line.body))
    }
    numbers = [int(match[1] or match[2]) for match in found.values()]
    rising = sum(later - one in (1, 2) for one, later in pairwise(numbers))
    if len(found) < 3 or rising < 0.7 * (len(found) - 1):
        return []
    bare = [i for i in found if lines[i].body.isdigit()]
    if len(bare) > len(found) / 2 and median(later - one for one, later in pairwise(found)) < PAGE_LINES:
        return []  # room numbers, serial numbers: a page holds more than that
    beside = {j for i in found for j in (i - 1, i + 1) if 0 <= j < len(lines) and j not in found}
    heads = Counter(_shape(lines[j].body) for j in beside)
    gone = {j for j in beside if heads[_shape(lines[j].body)] >= 3 and width(lines[j].body) <= 80} | set(
        found
    )
    gone -= {0}  # the first of them is the title
    return [Edit(lines[i].start, lines[i].end, "", "page_numbers") for i in sorted(gone)]


def _shape(body: str) -> str:
    return re.sub(r"\d+", "#", body)


def keyword_spam(text: str) -> list[Edit]:
    """Drop rows of many short words between bars, above or below the text: `天等县| 手游| 星座| …`."""
    head, _, tail = _zones(text)
    return [Edit(line.start, line.end, "", "keyword_spam") for line in (*head, *tail) if _is_spam(line.body)]


def _is_spam(body: str) -> bool:
    if body.count("|") + body.count("｜") < 9 or "。" in body:
        return False
    items = [item for item in _BAR.split(body) if item]
    short = sum(len(item) <= 12 for item in items)
    with_digits = sum(any(c.isdigit() for c in item) for item in items)
    return len(items) >= 10 and short >= 0.9 * len(items) and with_digits <= 0.2 * len(items)


def _zones(text: str) -> tuple[Sequence[Line], Sequence[Line], Sequence[Line]]:
    """Lines above the first running text, from it to the last, and below; all above where there is none."""
    lines = split_lines(text)
    first = next((i for i, line in enumerate(lines) if _is_text(line.body)), len(lines))
    last = next((i for i in range(len(lines) - 1, first - 1, -1) if _is_text(lines[i].body)), len(lines) - 1)
    return lines[:first], lines[first : last + 1], lines[last + 1 :]


def _is_text(body: str) -> bool:
    return is_prose(body) and not _is_spam(body) and not is_chrome(body)
