"""What a verifier can say of a tender's announcement, notices and acts, from proven storage and signed acts.

Pure: chain facts are given as the verifier proved them (`bidding.box.book.TenderAtBlock` from storage proofs), acts and
documents as the bundle carries them. TenderBook checked the papers of every act that it accepted when it accepted it,
and keeps the fold of their digests; so an act that folds is an act that was signed by whom it had to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bidding.box.book import TenderAtBlock, fold
from bidding.tender.consistency import need_amendable, need_announceable
from bidding.tender.domain import TenderError
from bidding.tender.notice import parse_notice
from bidding.tender.rules import RulePack, parse
from ledger.acts import TenderAmendment, TenderAnnouncement
from ledger.claims import Claim, judged
from ledger.eip712 import digest
from ledger.identity import tender_id
from ledger.json_fields import to_hex
from ledger.signed import Domains, Signed

BOOK = "TenderBook"


@dataclass(frozen=True)
class TenderEvidence:
    """A tender as proven at a block (`block` names the proof), its acts in order, its documents by SHA-256."""

    at: TenderAtBlock
    block: str
    domains: Domains
    announcement: Signed
    centre: Signed
    tenderer_acts: tuple[Signed, ...]
    supervisor_acts: tuple[Signed, ...]
    documents: Mapping[bytes, bytes]

    def document(self, sha256: bytes, what: str) -> bytes:
        """Return a document; refuse a bundle that lacks it."""
        if sha256 not in self.documents:
            raise TenderError(f"the bundle lacks the {what}", code="bundle.document_missing")
        return self.documents[sha256]

    def pack(self) -> RulePack:
        """Return the rule pack that the announcement names."""
        return parse(self.document(self.act.rule_pack, "rule pack"))

    @property
    def act(self) -> TenderAnnouncement:
        """The announcement."""
        assert isinstance(self.announcement.act, TenderAnnouncement)
        return self.announcement.act


def tender_claims(evidence: TenderEvidence) -> list[Claim]:
    """Return the claims on announcement, rules, notices and acts of both sides."""
    proof, when = (evidence.block,), evidence.at.view.announced_at
    return [
        judged(
            "tender.announced",
            "Tenderer and trading centre announced this tender, and TenderBook holds exactly this announcement.",
            "招标人与交易中心共同发布招标公告，链上公告与此一致。",
            lambda: _check_announcement(evidence),
            who=to_hex(evidence.act.tenderer),
            when=when,
            evidence=proof,
        ),
        judged(
            "tender.rules",
            "Announcement, notice and rule pack agree in every parameter; every parameter names its source.",
            "公告、招标文件与规则包参数一致，每项参数均注明依据。",
            lambda: _check_rules(evidence),
            when=when,
            evidence=proof,
        ),
        judged(
            "tender.acts",
            "These are all the acts of the tenderer and of the supervisor that TenderBook accepted, in this order.",
            "招标人与监督部门的全部行为在此，顺序与链上一致。",
            lambda: _check_tracks(evidence),
            when=evidence.at.time,
            evidence=proof,
        ),
        judged(
            "tender.notices",
            "The notices and which of them are superseded follow from the announcement and the amendments.",
            "历次公告及其替代关系由公告与变更推出，与链上一致。",
            lambda: _check_notices(evidence),
            when=evidence.at.time,
            evidence=proof,
        ),
    ]


def need_track(stated: Sequence[Signed], domains: Domains, head: bytes, count: int) -> None:
    """Refuse acts that are not all and exactly those whose digests fold to `head` on their track."""
    digests = [one.digest(domains) for one in stated]
    if len(digests) != count or fold(digests) != head:
        raise TenderError("the acts are not those that the chain holds", code="tender.track")


def _check_announcement(evidence: TenderEvidence) -> None:
    act, book = evidence.act, evidence.domains.domain(BOOK)
    if digest(act, book) != evidence.at.view.announcement or act.tender != evidence.at.tender:
        raise TenderError("TenderBook holds another announcement", code="tender.announcement")
    if act.tender != tender_id(book.chain_id, book.contract, act.tenderer, act.nonce):
        raise TenderError("the tender id does not follow from tenderer and nonce", code="tender.id")
    if evidence.centre.act != act:
        raise TenderError("the trading centre signed something else", code="tender.centre_missing")
    for signed in (evidence.announcement, evidence.centre):
        signed.signer(evidence.domains)


def _check_rules(evidence: TenderEvidence) -> None:
    notice = parse_notice(evidence.document(evidence.act.notice, "notice"))
    need_announceable(evidence.act, notice, evidence.pack())


def _check_tracks(evidence: TenderEvidence) -> None:
    view = evidence.at.view
    need_track(evidence.tenderer_acts, evidence.domains, view.tenderer_acts, view.tenderer_steps)
    need_track(evidence.supervisor_acts, evidence.domains, view.supervisor_acts, view.supervisor_steps)
    for signed in (*evidence.tenderer_acts, *evidence.supervisor_acts):
        signed.signer(evidence.domains)


def _check_notices(evidence: TenderEvidence) -> None:
    pack = evidence.pack()
    notices, superseded = [evidence.act.notice], 0
    for signed in evidence.tenderer_acts:
        if not isinstance(signed.act, TenderAmendment):
            continue
        last = parse_notice(evidence.document(notices[-1], "notice"))
        need_amendable(signed.act, parse_notice(evidence.document(signed.act.notice, "notice")), last, pack)
        if signed.act.notice != notices[-1]:
            notices.append(signed.act.notice)
        if signed.act.supersedes:
            superseded = len(notices) - 1
    if (tuple(notices), superseded) != (evidence.at.notices, evidence.at.view.superseded):
        raise TenderError("the notices on chain are others", code="tender.notices")
