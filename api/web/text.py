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
    "site": ("Sunbid", "阳光标"),
    "motto": ("Public tenders in which nobody has to be trusted", "无需信任任何一方的公共资源交易"),
    "skip": ("Skip to content", "跳到正文"),
    "switch": ("中文", "English"),
    "tenders": ("Tenders", "招标项目"),
    "credit": ("Credit", "信用"),
    "query": ("Ask all cities", "跨城查询"),
    "api": ("API", "接口"),
    "city": ("City", "城市"),
    "tender": ("Tender", "项目"),
    "title": ("Title", "名称"),
    "state": ("State", "状态"),
    "deadline": ("Deadline", "投标截止"),
    "lot": ("Lot", "标段"),
    "lots": ("Lots", "标段"),
    "envelope": ("Envelope", "信封"),
    "bidder": ("Bidder", "投标人"),
    "price": ("Price", "报价"),
    "evaluated_price": ("Evaluated price", "评标价"),
    "score": ("Score", "得分"),
    "result": ("Result", "结果"),
    "winner": ("Award", "中标"),
    "award": ("Award", "定标"),
    "failed": ("No award", "流标"),
    "timeline": ("What happened", "过程"),
    "timeline_hint": (
        "Each mark is an entry of the witness log, at the time that the log and the chain prove.",
        "每个标记是见证日志中的一条记录，时间由日志与链证明。",
    ),
    "bids": ("Bids", "投标"),
    "bids_secret": (
        "Number and names of bidders are secret until the box is opened, also from this city.",
        "开标前投标人的数量和名称保密，本市亦不可知。",
    ),
    "proofs": ("Proofs", "证明"),
    "verify": ("Verification", "核验"),
    "verify_ok": (
        "Every claim below was recomputed from the bundle and holds.",
        "以下每一项均由证据包重新计算并成立。",
    ),
    "verify_bad": ("A claim does not hold.", "有一项不成立。"),
    "verify_pending": (
        "The tender has not ended: the bundle is made after the award.",
        "项目未结束，证据包在定标后生成。",
    ),
    "verify_self": (
        "Do not take this page's word for it: download bundle and trust file and run",
        "不必相信本页：下载证据包和信任文件，然后运行",
    ),
    "bundle": ("Bundle", "证据包"),
    "trust": ("Trust file", "信任文件"),
    "claim": ("Claim", "论断"),
    "holds": ("holds", "成立"),
    "fails": ("FAILS", "不成立"),
    "evidence": ("Proven by", "证据"),
    "announced": ("Announced", "公告"),
    "none": ("Nothing here yet.", "暂无内容。"),
    "status": ("Status", "状态"),
    "excluded": ("Rejected", "否决"),
    "listed": ("In the list", "在册"),
    "void": ("Void", "无效"),
    "not_opened": ("Not opened", "未开启"),
    "subject": ("Organisation (18-character code)", "企业（统一社会信用代码）"),
    "ask": ("Ask", "查询"),
    "standing": ("Standing", "信用状况"),
    "points": ("Points", "分值"),
    "answer_of": ("Answer of", "答复："),
    "down": ("No answer: this city could not be reached.", "无答复：该市未能连通。"),
    "proof_ok": ("proof holds", "证明成立"),
    "not_found": ("There is nothing at this address.", "此地址没有内容。"),
    "back": ("Back to the tenders", "返回项目列表"),
    "time_note": ("Times in Asia/Shanghai", "时间为北京时间"),
    "from": ("from", "自"),
    "to": ("to", "至"),
    "notice": ("Notice", "公告"),
    "documents": ("Documents", "文件"),
    "opened_by": ("Opened by", "开启方式"),
    "by_bidder": ("the bidder", "投标人"),
    "by_committee": ("the key-holders", "密钥持有人"),
    "decision": ("Decision", "决定"),
    "reason": ("Reason", "原因"),
    "entry": ("Log entry", "日志序号"),
    "block": ("Block", "区块"),
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
