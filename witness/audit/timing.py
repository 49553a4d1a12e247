"""When things happened, and that nothing was given away before: from block times and witnesses' cosignatures."""

from __future__ import annotations

from bidding.box.book import BookState, TenderAtBlock
from bidding.box.claims import NameOf, TenderKeys
from ledger.chain.evidence.blocks import VerifiedBlock
from ledger.claims import Claim, Words, need, settled
from ledger.errors import SunbidError
from witness.audit.logs import Logged, ProvenLog
from witness.log.kinds import ActorRole, Kind


class TimingError(SunbidError):
    """Something happened before its time, or nothing proves that it did not."""

    code = "time.disagrees"


def time_claim(at: TenderAtBlock, block: VerifiedBlock, log: ProvenLog | None) -> Claim:
    """Return the claim on the order of deadline, closing and list, and on whose clocks say so."""
    view = at.view

    def find() -> tuple[bool, Words]:
        known = need(log, "log.complete")
        if not _in_order(at):
            raise TimingError("the steps of the tender are not in the order of their times")
        vouched = ", ".join(block.vouched_by)
        cosigners = ", ".join(known.cosigners)
        whose_en = (f"by blocks of validators {vouched}" if block.has_own_time
                    else f"attested by {vouched}, no independent time")  # fmt: skip
        whose_zh = f"区块由验证者 {vouched} 签发" if block.has_own_time else f"由 {vouched} 证明，无独立时间来源"
        return True, Words(
            f"Deadline, closing and list came in this order, {whose_en}; cosignatures of {cosigners} date the events.",
            f"截止、关箱、定名单依次发生（{whose_zh}）；各事件时间由 {cosigners} 的见证签名确定。",
            who=vouched,
            when=view.deadline,
            evidence=(f"block {block.number} 0x{block.hash.hex()}", known.checkpoint),
        )

    subject = Words(
        "Deadline, closing and list came in this order.", "截止、关箱、定名单依次发生。", when=view.deadline
    )
    return settled("time", subject, find)[0]


def _in_order(at: TenderAtBlock) -> bool:
    """Say whether every step has its time behind the one before, and none that happened lies behind the block."""
    view = at.view
    in_order = view.announced_at < view.first_deadline <= view.deadline and view.announced_at <= at.time
    if view.closing_at:
        in_order = in_order and view.deadline < view.closing_at <= at.time
    if view.open_from:
        in_order = in_order and 0 < view.closing_at <= view.open_from
    if view.listed_at:
        in_order = in_order and 0 < view.open_from <= view.listed_at <= at.time
    return in_order


def secrecy_claim(at: TenderAtBlock, log: ProvenLog | None, keys: TenderKeys | None, name_of: NameOf) -> Claim:
    """Return the claim that no holder's share was logged before the box was closed, and what it rests on besides."""

    def find() -> tuple[bool, Words]:
        known, registered = need(log, "log.complete"), need(keys, "keys.registered")
        first = _first_after(known, Kind.BOX_OPENED, at.view.closing_at, "the box had begun to close")
        _first_after(known, Kind.COMMITTEE_OPENED, at.view.listed_at, "the list was fixed")
        k, n = registered.seal.keys.k, registered.seal.keys.n
        holders = ", ".join(f"{i} {name_of(m.city)}" for i, m in enumerate(registered.seal.members, 1))
        hidden_en = f" {known.hidden} undisclosed events are not judged." if known.hidden else ""
        hidden_zh = f"另有 {known.hidden} 条未公开事件不在判断之列。" if known.hidden else ""
        dealt_en = " A dealer knew all keys (development only)." if registered.is_dealt else ""
        dealt_zh = "密钥发放者知悉全部密钥（仅限开发）。" if registered.is_dealt else ""
        return True, Words(
            f"No share was logged before the opening: witnesses had seen none of the box when it was closing already, "
            f"and none of a bid when the list was fixed already. Until then bids were secret unless {k} of the {n} "
            f"named holders ({holders}) colluded.{dealt_en}{hidden_en}",
            f"开启前日志中无任何密钥份额：关箱已开始时，见证城市所见日志尚无投标箱份额；名单已定时，尚无投标文件份额。"
            f"此前除非 {n} 名具名持有人（{holders}）中的 {k} 名串通，投标内容均属保密。{dealt_zh}{hidden_zh}",
            who=", ".join(known.cosigners),
            when=first,
            evidence=(known.checkpoint,),
        )

    subject = Words("No share was logged before the opening.", "开启前日志中无任何密钥份额。")
    return settled("secrecy", subject, find)[0]


def _first_after(log: ProvenLog, kind: Kind, moment: int, what: str) -> int | None:
    """Return from when the holders' first share of this kind was logged at the earliest; refuse one before `moment`."""
    shares = [entry for entry in log.entries if _is_share(entry, kind)]
    if not shares:
        return None
    first = shares[0]
    if not moment or first.not_before < moment:
        raise TimingError(f"nothing proves that the first share was logged after {what}", after=moment,
                          not_before=first.not_before)  # fmt: skip
    return first.not_before


def _is_share(entry: Logged, kind: Kind) -> bool:
    body = entry.body
    return body is not None and (body.kind, body.actor_role) == (kind, ActorRole.KEY_HOLDER) and body.act is not None


def is_closed(at: TenderAtBlock) -> bool:
    """Say whether the box was closed, also of a tender that was terminated since."""
    return at.view.state >= BookState.CLOSED and any(at.view.inputs)


def is_listed(at: TenderAtBlock) -> bool:
    """Say whether the list is on chain."""
    return bool(at.view.listed_at)
