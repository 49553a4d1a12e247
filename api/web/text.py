"""Every word on the pages, in Chinese and English, side by side, so that neither falls behind."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from fastapi import Request


class Language(StrEnum):
    """The languages of the pages."""

    CHINESE = "zh"
    ENGLISH = "en"

    @property
    def tag(self) -> str:
        """The BCP 47 tag for `<html lang>`."""
        return "zh-CN" if self is Language.CHINESE else "en"

    @property
    def other(self) -> Language:
        """The language to offer a switch to."""
        return Language.ENGLISH if self is Language.CHINESE else Language.CHINESE


# key: (English, 中文)
TEXTS: Mapping[str, tuple[str, str]] = {
    # frame
    "site": ("Sunbid", "阳光标"),
    "motto": ("Public tenders in which nobody has to be trusted", "无需信任任何一方的公共资源交易"),
    "skip": ("Skip to content", "跳到正文"),
    "menu": ("Main menu", "主菜单"),
    "switch": ("中文", "English"),
    "tenders": ("Tenders", "招标项目"),
    "query": ("Ask all cities", "跨城信用查询"),
    "api": ("API", "接口"),
    "city": ("City", "城市"),
    "time_note": ("Times in Asia/Shanghai", "时间为北京时间"),
    "back": ("Back to the tenders", "返回项目列表"),
    "none": ("Nothing here yet.", "暂无内容。"),
    "not_found": ("There is nothing at this address.", "此地址没有内容。"),
    "problem": ("That did not work", "未能完成"),
    "problem_code": ("Code", "代码"),
    "development": (
        "Development deployment: the keys come from a dealer and the clock is driven. Nothing here is a real tender.",
        "开发部署：密钥由单一方生成，时钟可调，本站内容不是真实招标。",
    ),
    "reference": ("HTTP interface", "HTTP 接口"),
    "reference_hint": (
        "Every address, who may call it, and what it takes. Refusals are problem documents with a stable code.",
        "全部地址、调用权限与参数。拒绝以带固定代码的问题文档返回。",
    ),
    "parameter": ("Parameter", "参数"),
    "where": ("In", "位置"),
    "form": ("Form", "格式"),
    "required": ("Required", "必填"),
    "none_tenders": ("No tender has been announced to this city yet.", "本市尚无公告的招标项目。"),
    "older": ("Older tenders", "更早的项目"),
    "newer": ("Newer tenders", "更新的项目"),
    # tender
    "tender": ("Tender", "项目"),
    "title": ("Title", "名称"),
    "state": ("State", "状态"),
    "deadline": ("Deadline", "投标截止"),
    "tenderer": ("Tenderer", "招标人"),
    "announced": ("Announced", "公告时间"),
    "lot": ("Lot", "标段"),
    "lots": ("Lots", "标段"),
    "whole": ("Whole tender", "整个项目"),
    "envelopes": ("Envelopes", "信封"),
    "ceiling": ("Ceiling", "最高限价"),
    "currency": ("Currency", "币种"),
    "bidders": ("Bidders", "投标人数"),
    "minimum": ("Bidders needed", "最少投标人数"),
    "rule_pack": ("Rule pack", "规则包"),
    "unopened": ("Envelopes not opened by the bidder", "投标人未开启的信封"),
    "unopened.at_once": ("are opened by the key-holders", "由密钥持有人开启"),
    "unopened.after": ("are opened by the key-holders after a while", "限时后由密钥持有人开启"),
    "unopened.never": ("stay shut and do not count", "不予开启，不参加评审"),
    "suspended": ("suspended", "已暂停"),
    "documents": ("Documents", "文件"),
    "notice": ("Notice", "招标公告"),
    "elsewhere": ("This tender is conducted by another city. Its records are there:", "本项目由其他城市承办，记录见："),
    "updated": ("This page was updated.", "本页已更新。"),
    "live": ("This page follows the tender by itself.", "本页自动更新。"),
    # timeline
    "timeline": ("What happened", "过程"),
    "timeline_hint": (
        (
            "Each line is an entry of the witness log of this tender, in the order of the log. Its number leads to the "
            "entry itself, “proof” to a file that proves its place in the log."
        ),
        "每一行是本项目见证日志中的一条记录，按日志顺序排列。序号链接到记录本身，“证明”链接到其在日志中位置的证明文件。",
    ),
    "proof": ("proof", "证明"),
    "entry": ("Entry", "日志记录"),
    "fold.box": ("Opening the box: shares and lists of the key-holders", "开箱：密钥持有人的份额与清单"),
    "fold.bids": ("Opening the bids: shares, secret numbers and prices read out", "开标：份额、开启值与唱标"),
    "closed_entry": ("An entry whose content is not disclosed", "内容未公开的记录"),
    "way": ("Where the tender stands", "项目进度"),
    "way.announced": ("Notice", "公告"),
    "way.deadline": ("Deadline", "截止"),
    "way.listed": ("Box opened", "开箱"),
    "way.opened": ("Bids opened", "开标"),
    "way.reported": ("Evaluated", "评标"),
    "way.decided": ("Award", "定标"),
    # bids
    "bids": ("Bids", "投标"),
    "bids_secret": (
        "Number and names of bidders are secret until the box is opened, also from this city.",
        "开标前投标人的数量和名称保密，本市亦不可知。",
    ),
    "bids_none": (
        "The box was opened, and there was no bid on this tender in it.",
        "投标箱已开启，其中没有本项目的投标。",
    ),
    "bids_count": ("Entries in the list", "清单条目"),
    "list_root": ("Root of the list", "清单根"),
    "place": ("No.", "序号"),
    "bidder": ("Bidder", "投标人"),
    "price": ("Price read out", "唱标报价"),
    "prices_chart": ("Prices read out, lowest total first", "唱标报价（由低到高）"),
    "prices_of": ("Prices read out in", "唱标报价，币种"),
    "status": ("Status", "状态"),
    "opened_by": ("Opened by", "开启方式"),
    "by_bidder": ("the bidder", "投标人"),
    "by_committee": ("the key-holders", "密钥持有人"),
    "secret_content": ("opened; its content is a trade secret", "已开启，内容属商业秘密"),
    "status.opened": ("opened", "已开启"),
    "status.not_opened": ("not opened", "未开启"),
    "status.unreadable": ("cannot be read", "无法读取"),
    "status.void": ("void: it does not decrypt", "无效：无法解密"),
    "status.void 1": ("void: damaged header", "无效：密封头损坏"),
    "status.void 2": ("void: sealed for a superseded notice", "无效：依据已被取代的公告"),
    "status.void 3": ("void: no receipts for its stream", "无效：缺少密文收据"),
    "dropped": ("Slips that are not in the list", "未列入清单的标签条"),
    "because": ("Why", "原因"),
    # evaluation
    "evaluation": ("Evaluation", "评标"),
    "rank": ("Rank", "名次"),
    "evaluated_price": ("Evaluated price", "评标价"),
    "price_points": ("Price points", "价格分"),
    "technical_points": ("Technical points", "技术分"),
    "total": ("Total", "总分"),
    "result": ("Result", "结果"),
    "remark": ("Reason", "说明"),
    "signatures": ("Experts who signed the report", "签署评标报告的专家人数"),
    "evaluated_chart": ("Evaluated prices by rank", "评标价（按名次）"),
    "standing.valid": ("valid", "有效"),
    "standing.not_opened": ("not opened", "未开启"),
    "standing.rejected": ("rejected", "否决"),
    "standing.above_ceiling": ("above the ceiling", "高于最高限价"),
    "standing.below_floor": ("below the floor", "低于最低限价"),
    "scores": ("Scores by seat", "评委打分"),
    "seat": ("Seat", "席位"),
    "criterion": ("Criterion", "评审项"),
    "points": ("Points", "分值"),
    "exclusions": ("Rejected after an envelope", "信封评审后否决"),
    "ground": ("Ground", "依据"),
    # award
    "award": ("Award", "定标"),
    "winner": ("Awarded to", "中标人"),
    "failed": ("No award", "流标"),
    "decision": ("Decision", "决定"),
    "replaces": ("replaces the decision before", "取代前一决定"),
    "replaced": ("replaced", "已被取代"),
    "ground.report": ("as the panel ranked", "依评标报告"),
    "ground.abandoned": ("the first candidate declined", "前一候选人放弃"),
    "ground.force_majeure": ("force majeure", "不可抗力"),
    "ground.no_performance_bond": ("no performance bond was given", "未提交履约保证金"),
    "ground.unlawful": ("unlawful conduct was found", "查实存在违法行为"),
    "reason.1": ("too few bidders", "投标人不足"),
    "reason.2": ("no valid bid", "无有效投标"),
    "reason.3": ("bids cannot be compared", "报价不可比"),
    "reason.4": ("all bids were rejected", "否决全部投标"),
    "reason.5": ("withdrawn by the tenderer", "招标人撤回"),
    # proofs
    "proofs": ("Proofs", "证明"),
    "checkpoint": ("Checkpoint of this city's log", "本市日志检查点"),
    "entries": ("entries", "条记录"),
    "root": ("root", "根"),
    "cosigned": ("Cosigned by", "联署"),
    "not_cosigned": ("not cosigned yet", "尚未联署"),
    "anchor": ("Anchored on chain", "链上锚定"),
    "not_anchored": ("not anchored yet", "尚未锚定"),
    "block": ("Block", "区块"),
    "chain_head": ("The tender's entries on chain", "链上记录的项目日志"),
    "chain_silent": ("The chain node of this city does not answer now.", "本市链节点暂无应答。"),
    "downloads": ("Downloads", "下载"),
    "bundle": ("Bundle", "证据包"),
    "trust": ("Trust file", "信任文件"),
    "trust_hint": (
        "Get the trust file from the gazette of a city you trust: who gives you a false one owns your verdict.",
        "请从您信任的城市公报获取信任文件：文件若为假，核验结论亦不可信。",
    ),
    "evidence": ("Storage proof of the tender", "项目状态证明"),
    "records": ("All public acts", "全部公开行为"),
    # verification
    "verify": ("Verification", "核验"),
    "verify_ok": (
        "Every claim below was recomputed from the bundle that is offered for download, and holds.",
        "以下每一项均由上方提供下载的证据包重新计算得出，全部成立。",
    ),
    "verify_bad": ("At least one claim does not hold.", "至少有一项不成立。"),
    "verify_pending": (
        "The tender has not ended: the bundle is made after the award.",
        "项目未结束，证据包在定标后生成。",
    ),
    "verify_soon": (
        "The bundle is being made: the last entries are on their way into the log and onto the chain. Look again soon.",
        "证据包生成中：最后的记录正在写入日志并上链，请稍后刷新。",
    ),
    "verify_own_word": (
        "Checked by this city under its own trust file: a page is the operator's word.",
        "由本市依自身信任文件核验；网页仅代表运营方陈述。",
    ),
    "verify_failed": ("The bundle could not be made", "未能生成证据包"),
    "verify_self": (
        "Do not take this page's word for it: download bundle and trust file and run",
        "不必相信本页：下载证据包和信任文件，然后运行",
    ),
    "claim": ("Claim", "论断"),
    "holds": ("holds", "成立"),
    "fails": ("FAILS", "不成立"),
    "proven_by": ("Proven by", "证据"),
    # credit
    "credit": ("Credit", "信用"),
    "uscc": ("Organisation (18-character code)", "企业（统一社会信用代码）"),
    "uscc_hint": (
        "e.g. 91341500MA2N00000X; digits and capitals without I, O, S, V and Z",
        "18 位数字或大写字母，不含 I、O、S、V、Z",
    ),
    "at": ("As it stood on (leave empty for now)", "查询时点（留空为当前）"),
    "as_it_stood": ("As it stood on", "查询时点"),
    "until": ("In force until", "有效期至"),
    "ask": ("Ask", "查询"),
    "ask_all": ("Ask all cities", "查询所有城市"),
    "subject": ("Organisation", "企业"),
    "grade": ("Grade", "等级"),
    "score": ("Score", "得分"),
    "standing": ("Standing", "信用状况"),
    "in_force": ("Records in force", "有效记录"),
    "rule": ("Rule", "规则"),
    "text": ("Finding", "认定"),
    "ledger": ("All entries of the ledger", "账本全部条目"),
    "posted": ("Posted", "上链时间"),
    "posted_by": ("Posted by", "发布城市"),
    "body_unknown": ("not held here", "本市未持有"),
    "body_missing": ("its text is missing", "正文缺失"),
    "type.CreditDecision": ("decision", "信用决定"),
    "type.CreditRevocation": ("revocation", "撤销"),
    "type.CreditRepair": ("repair", "信用修复"),
    "unknown_texts": (
        "This city alone does not know the whole standing. Entries whose text it does not hold",
        "仅凭本市无法得知完整信用状况，本市未持有正文的条目数",
    ),
    "illustrative": (
        "Points and grades are on an illustrative scale: no public scoring table of the cities was found.",
        "分值与等级为示例标准：尚无公开的城市评分表。",
    ),
    # cross-city query
    "query_hint": (
        (
            "This city asks itself and its partners. Every answer carries its proof, which is checked here against the "
            "trust file; a city that does not answer is named, with what is missing because of it."
        ),
        "本市同时查询自身与伙伴城市。每份答复附带证明，并依信任文件核验；未答复的城市及由此缺失的内容一并列明。",
    ),
    "answers": ("Answers", "各市答复"),
    "answer.proven": ("answer proven", "答复已证明"),
    "answer.false": ("FALSE ANSWER", "虚假答复"),
    "answer.silent": ("no answer", "未答复"),
    "answer.refused": ("refused to answer", "拒绝答复"),
    "answer.unproven": ("cannot be proven now", "暂无法证明"),
    "as_of": ("As of block", "截至区块"),
    "together": ("All answers together", "汇总"),
    "missing": ("What is missing", "缺失内容"),
    "missing_none": ("Nothing is missing: every entry of the ledger has its text.", "无缺失：账本每条记录均有正文。"),
    "missing_of": ("the text of entries that only this city holds:", "仅该市持有正文的条目："),
    "missing_entries": ("The ledger's entries were not proven by any answer.", "没有答复能证明账本条目。"),
    "bodies": ("Texts given", "提供正文"),
    "query_self": (
        "Do not take this page's word for it: the same replies are checked on your own machine by",
        "不必相信本页：同样的答复可在您自己的电脑上核验",
    ),
    # states
    "state.DRAFT": ("being announced", "公告中"),
    "state.ANNOUNCED": ("open for bids", "接受投标"),
    "state.CLOSED": ("closed, box shut", "已截止，箱未开启"),
    "state.OPENING": ("opening", "开标中"),
    "state.EVALUATING": ("under evaluation", "评标中"),
    "state.REPORTED": ("report signed", "评标报告已签署"),
    "state.PUBLICITY": ("candidates publicised", "中标候选人公示"),
    "state.DECIDED": ("awarded", "已定标"),
    "state.CONTRACTED": ("contract signed", "合同已签订"),
    "state.PERFORMING": ("under performance", "履约中"),
    "state.ARCHIVED": ("archived", "已归档"),
    "state.FAILED": ("no award", "流标"),
    "state.TERMINATED": ("terminated", "已终止"),
    # envelopes
    "envelope": ("Envelope", "信封"),
    "envelope.qualification": ("qualification", "资格"),
    "envelope.technical": ("technical", "技术"),
    "envelope.price": ("price", "报价"),
    # roles
    "role.tenderer": ("tenderer", "招标人"),
    "role.agency": ("agency", "招标代理"),
    "role.bidder": ("bidder", "投标人"),
    "role.expert": ("expert", "评标专家"),
    "role.centre": ("trading centre", "交易中心"),
    "role.supervisor": ("supervisor", "行政监督部门"),
    "role.credit_authority": ("credit authority", "信用主管部门"),
    "role.city_officer": ("city officer", "城市管理员"),
    "role.key_holder": ("key-holder", "密钥持有人"),
    "role.bank": ("bank", "银行"),
    "role.witness": ("witness", "见证方"),
    "role.public": ("the public", "公众"),
    "role.system": ("by the rules", "系统（依规则）"),
    # kinds of events (domain.md, section 6)
    "kind.E01": ("Registered", "登记"),
    "kind.E02": ("Notice published", "发布公告"),
    "kind.E03": ("Documents downloaded", "下载文件"),
    "kind.E04": ("Clarification published", "发布澄清"),
    "kind.E05": ("Objection to the documents", "对文件提出异议"),
    "kind.E06": ("Bond received", "收到保证金"),
    "kind.E07": ("Bid received", "收到投标"),
    "kind.E08": ("Bid withdrawn", "撤回投标"),
    "kind.E09": ("Deadline passed, closing begins", "投标截止，开始封箱"),
    "kind.E10": ("Seat booked", "预约席位"),
    "kind.E11": ("Snapshot of the experts' library", "专家库快照"),
    "kind.E12": ("Draw of experts requested", "申请抽取专家"),
    "kind.E13": ("Experts drawn", "专家抽取结果"),
    "kind.E14": ("Expert notified", "通知专家"),
    "kind.E15": ("Expert replaced", "更换专家"),
    "kind.E16": ("Signed in", "签到"),
    "kind.E17": ("Box closed, its inputs fixed", "封箱，箱内输入确定"),
    "kind.E18": ("Bid opened by the bidder", "投标人开启投标"),
    "kind.E19": ("Bid opened by the key-holders", "密钥持有人开启投标"),
    "kind.E20": ("Price read out", "唱标"),
    "kind.E21": ("Objection at the opening", "开标异议"),
    "kind.E22": ("Opening record signed", "签署开标记录"),
    "kind.E23": ("Expert identified", "专家身份核验"),
    "kind.E24": ("Devices locked away", "设备封存"),
    "kind.E25": ("Channel state", "通道状态"),
    "kind.E26": ("Conflict of interest declared", "回避声明"),
    "kind.E27": ("Clarification of a bid", "投标澄清"),
    "kind.E28": ("Scores locked", "锁定评分"),
    "kind.E29": ("Bid rejected", "否决投标"),
    "kind.E30": ("Similarity report", "雷同性分析报告"),
    "kind.E31": ("Ranking", "排序"),
    "kind.E32": ("Panel's report signed", "签署评标报告"),
    "kind.E33": ("Candidates publicised", "公示中标候选人"),
    "kind.E34": ("Complaint", "投诉"),
    "kind.E35": ("Award decided", "定标"),
    "kind.E36": ("Result published", "公布结果"),
    "kind.E37": ("Contract signed", "签订合同"),
    "kind.E38": ("Anomaly", "异常"),
    "kind.E39": ("Intervention", "干预"),
    "kind.E40": ("Archived", "归档"),
    "kind.E41": ("Tender amended", "修改招标"),
    "kind.E42": ("Tender suspended", "暂停招标"),
    "kind.E43": ("Tender resumed", "恢复招标"),
    "kind.E44": ("Tender terminated", "终止招标"),
    "kind.E45": ("Box opened", "开启投标箱"),
    "kind.E46": ("List of bids fixed", "确定投标清单"),
    "kind.E47": ("Bidders excluded", "否决投标人"),
    "kind.E48": ("Lot failed", "标段流标"),
    "kind.E49": ("Credit recorded", "信用记录"),
    "kind.E50": ("Bundle made", "生成证据包"),
    "kind.E51": ("Body erased", "依法删除正文"),
    "kind.E52": ("Performance started", "开始履约"),
    # records of an opening, beside the kind
    "record.BoxShare": ("share of a key-holder", "密钥持有人份额"),
    "record.BidList": ("list signed by a key-holder", "密钥持有人签署清单"),
    "record.ShareRelease": ("share of a key-holder", "密钥持有人份额"),
    "record.BidOpening": ("secret number of the bidder", "投标人开启值"),
}


def language_of(request: Request) -> Language:
    """Return the language asked for: `?lang=`, else the browser's first choice, else Chinese."""
    asked = request.query_params.get("lang", "")
    if asked in set(Language):
        return Language(asked)
    accepted = request.headers.get("accept-language", "")
    first = accepted.split(",")[0].strip().lower()
    return Language.ENGLISH if first.startswith("en") else Language.CHINESE


def text(key: str, language: Language) -> str:
    """Return one text; a key that does not exist is a programming error."""
    english, chinese = TEXTS[key]
    return english if language is Language.ENGLISH else chinese
