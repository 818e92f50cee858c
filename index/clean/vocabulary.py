"""Words that the rules go by, as data. `_` stands for a blank inside a word."""

from __future__ import annotations

import re


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


def any_of(words: tuple[str, ...]) -> str:
    """Return a pattern that matches any of the words, the longest first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"


# buttons and menus: a line made of nothing else is a site's own wherever it stands …
CONTROLS = _words("""
    返回列表 返回列錶 返回顶部 返回頂部 回到顶部 返回首页 返回首頁 返回上页 返回目录 发布新帖 发表新帖 发新帖
    發帖 发帖 快速回复 快速发帖 回复帖子 发表回复 高级模式 阅读模式 閱讀模式 查看全部 只看该作者 只看楼主 只看樓主
    倒序浏览 倒序看帖 正序浏览 电梯直达 使用道具 举报 舉報 打印本页 打印本頁 打印 列印 关闭窗口 關閉窗口 关闭 關閉
    立即注册 马上注册 找回密码 忘记密码 自动登录 记住密码 放大 缩小 縮小 默认 默認 字号 字號 内容搜索 内容检索
    站内搜索 標題导航 标题导航 版面导航 版面目录 往期回顾 上一版 下一版 上一期 下一期 上一篇 下一篇 上一页 下一页
    尾页 关灯 开灯 在本版发帖 本版积分规则 关注公众号 QQ会员群 QQ群 扫一扫添加管理员微信 扫一扫 扫码关注 新浪微博
    腾讯微博 QQ空间 网站首页 网站地图 網站地圖 联系我们 聯繫我們 关于我们 關於我們 友情链接 加入收藏 设为首页
    設為首頁 手机版 手机客户端 小黑屋 Archiver RSS 无障碍浏览 无障碍 适老化 长者模式 关怀版 展开全文 阅读全文
    点击查看 查看更多 分享到 分享至 我要纠错 发表评论 我要评论 相关阅读 相关新闻 相关链接 推荐阅读 热门推荐
    猜你喜欢 延伸阅读 PDF版 下载PDF 版权声明 免责声明 隐私政策 隐私声明 用户协议 服务条款 广告服务 广告合作
    诚聘英才 Log_in Sign_in Sign_up Back_to_top Contact_us About_us Privacy_Policy Terms_of_Use Read_more
    Skip_to_content Skip_to_main_content 分享让更多人看到 × 已关注
""")
# … below which a site lists other pages
RELATED = _words("""
    相关阅读 相关新闻 相关链接 相关文章 相关报道 推荐阅读 热门推荐 热门文章 热点新闻 最新文章 猜你喜欢 延伸阅读 友情链接 更多新闻
    相關閱讀 相關新聞 延伸閱讀 推薦閱讀 Related_articles Related_posts Read_next More_stories
""")
# … and these only among others of their kind
AMBIGUOUS = _words("""
    回复 回覆 收藏 分享 点赞 點讚 顶 踩 登录 登錄 登入 注册 註冊 字体 大 中 小 超大 标准 搜索 检索 微信 微博 首页
    首頁 客户端 English EN 繁體 繁体 简体 全文 更多 more More MORE 纠错 评论 下载 投稿 返回 沙发 楼主 关注 Home
    Login Register Search Menu Share Print Top Reply Next Previous x X >> > » « < › A A- A+ T T+ T-
""")
# the bar at the top of a site
MENU = _words("""
    首页 新闻 政务 要闻 政策 法规 服务 互动 专题 图片 视频 登录 注册 搜索 论坛 社区 时政 财经 体育 娱乐 教育 科技
    公告 通知公告 组织机构 机构概况 工作动态 信息公开 办事指南 政民互动 政务服务 导读 家园 门户 首頁 新聞 政策 服務
    Home News About Contact Products Services Blog Login Search
""")
# how the names of papers and sites end
MASTHEADS = _words("""
    报社 報社 日报 日報 晚报 晚報 时报 時報 周报 都市报 商报 早报 新闻网 新聞網 在线 官网 官方网站 门户网 门户网站
    電視台 电视台 杂志社 论坛 电子报 数字报 人民政府网
""")
# set phrases of official reports that jieba's dictionary cuts into words
COMPOUNDS = _words("""
    理论学习中心组 理论学习 民主生活会 组织生活会 三会一课 主题教育 高质量发展 中国式现代化 乡村振兴 营商环境
    全面从严治党 党风廉政建设 意识形态工作 社会主义核心价值观 供给侧结构性改革 基层治理 公共服务 社会治理 精准扶贫
    脱贫攻坚 劳动模范 工匠精神 劳模精神 新就业形态 产业工人队伍 常态化 规范化 制度化 专业化 信息化 数字化 一体化
    经济工作会议 人民代表大会 代表大会 常务委员会 工作报告 五年规划 获得感 幸福感 安全感 责任制 重要讲话精神
""")
# characters that phonetic scrapers gloss, by reading: for glosses without a tone and for broken ones
_GLOSSED = """
    chan:產产 ye:業业 fa:發发 chuang:創创 tai:態态 jing:經经淨净競竞驚惊 zhi:質质織织職职執执紙纸
    xian:現现線线顯显獻献縣县險险 xu:續续須须 wang:網网 quan:權权勸劝 you:優优遊猶犹 jie:結结節节階阶潔洁
    zhan:戰战 xie:協协 gui:規规歸归貴贵軌轨 shu:數数術术書书輸输樹树屬属 qu:區区驅驱 lian:聯联連连練练鏈链
    nei:內内 gou:構构購购 tong:統统 wen:穩稳問问聞闻 nong:農农 zhuan:轉转專专 diao:調调 yang:養养陽阳樣样
    jian:監监間间見见堅坚艱艰簡简檢检減减鑒鉴 wei:衛卫為为維维圍围偉伟 xiang:鄉乡項项響响 huan:環环還还換换
    ju:據据舉举劇剧 ji:機机際际繼继計计記记級级極极擊击積积績绩幾几 yan:驗验嚴严研顏 wu:務务無无誤误
    xun:訓训詢询 re:熱热 shi:實实時时識识師师視视試试勢势適适釋释 hua:華华劃划話话 dong:動动東东
    bao:報报寶宝 guo:國国過过 hui:會会繪绘匯汇 men:們们門门 ge:個个 zhong:種种眾众鐘 tuan:團团 xue:學学
    gong:貢贡 gan:幹干趕赶 dan:擔担單单 bei:備备貝贝 biao:標标 bian:編编邊边變变 zu:組组 zhuang:裝装壯壮狀状
    tiao:條条 ti:體体題题 dian:電电點点 qi:氣气啟启齊齐 qiang:強强搶抢 qian:錢钱簽签遷迁 dang:當当黨党檔档
    dui:對对隊队 guan:關关觀观館馆 guang:廣广 kai:開开 ke:課课 lao:勞劳 li:歷历曆勵励麗丽離离禮礼 liang:兩两
    ling:領领齡龄靈灵 ma:馬马碼码 mai:買买賣卖 man:滿满 nan:難难 pin:貧贫頻频 shang:傷伤 sheng:聲声勝胜
    tu:圖图 xi:習习係系細细戲戏 yi:藝艺義义議议億亿憶譯 yin:銀银 ying:應应營营贏 yuan:員员園园圓圆遠远願
    yue:約约閱阅 yun:運运雲云 zai:載载 ze:責责則则澤 zhang:張张長长帳賬 zhe:這这 zhen:鎮镇陣
    zheng:鄭郑證证爭争徵 zhu:築筑註 zong:總总縱纵綜综 lv:綠绿律慮 bu:補补 ce:測测冊側策 chang:場场長常廠
    cheng:稱称 chu:處处儲储 da:達达 dao:導导島 fan:範范煩 feng:風风豐丰 fu:復复負负婦妇撫輔 hao:號号 hong:紅红
    hu:護护戶户 huo:貨货獲获 jia:價价駕駕 jiang:將将講讲獎奖 jiao:較较 jin:進进緊紧盡尽僅 kuang:礦矿況 lei:類类
    lun:論论輪轮 luo:羅罗絡络 sai:賽赛 she:設设 shen:審审 shuang:雙双 sui:隨随歲 wan:萬万灣
"""


def readings() -> dict[str, set[str]]:
    """Return the toneless readings of each character that is glossed; ü is written v."""
    known: dict[str, set[str]] = {}
    for entry in _GLOSSED.split():
        reading, characters = entry.split(":")
        for character in characters:
            known.setdefault(character, set()).add(reading)
    return known
