"""The log and the records say the same: every act that an event names is here, every figure is the recomputed one.

So no act can be left out of a bundle, and the city's own words on list, prices and winners are held against what the
slips, shares and sheets give.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bidding.box.book import BookState, TenderAtBlock
from bidding.box.claims import ProvenList
from ledger.acts import Act, AwardDecision, Envelope, digest
from ledger.canonical import JsonObject, JsonValue
from ledger.claims import Claim, Words, need, settled
from ledger.eip712 import Domain
from ledger.errors import SunbidError
from ledger.json_fields import to_hex
from witness.audit.acts import DatedActs
from witness.audit.bundle import Bundle
from witness.audit.chain import Contracts
from witness.audit.logs import Logged, ProvenLog
from witness.audit.named import named_documents
from witness.audit.opened import Opened
from witness.audit.parts import Profile
from witness.audit.timing import is_closed, is_listed
from witness.log.kinds import Kind


class DisagreementError(SunbidError):
    """An event names an act that is not there, or states something else than the records give."""

    code = "log.disagrees"


@dataclass(frozen=True)
class Agreement:
    """A proven log and what the bundle shows beside it."""

    bundle: Bundle
    at: TenderAtBlock
    contracts: Contracts
    listed: ProvenList | None
    opened: Opened

    def acts_claim(self, dated: DatedActs | None) -> Claim:
        """Return the claim that the bundle leaves out no act that the log names."""

        def find() -> tuple[int, Words]:
            known = need(dated, "log.complete")
            here = {signed.digest(self.contracts) for signed in known.acts.signed} | set(self._records())
            named = [entry for entry in known.log.entries if entry.body is not None and entry.body.act is not None]
            missing = [entry for entry in named if not self._is_shown(entry, here)]
            if missing and self.at.view.state is BookState.DONE:
                raise DisagreementError(f"the act of event {missing[0].place} is left out", place=missing[0].place)
            later_en = f" {len(missing)} of them are not disclosed until the result." if missing else ""
            later_zh = f"其中 {len(missing)} 项在结果公布前不公开。" if missing else ""
            return len(named), Words(
                f"Every act that an event of the log names is in this bundle ({len(named)}).{later_en}",
                f"日志事件所指的各项行为（{len(named)} 项）均在本验证包内。{later_zh}",
                evidence=(known.log.checkpoint,),
            )

        subject = Words("No act that the log names is left out.", "日志所指的行为无一遗漏。")
        return settled("log.acts", subject, find)[0]

    def _is_shown(self, entry: Logged, here: set[bytes]) -> bool:
        """Say whether the act is in the bundle, or opens an envelope that this profile does not open."""
        assert entry.body is not None
        if entry.body.act in here:
            return True
        header_hash = entry.body.data.get("headerHash")
        is_opening = entry.body.kind in {Kind.BIDDER_OPENED, Kind.COMMITTEE_OPENED}
        return self.bundle.manifest.profile is Profile.PUBLIC and is_opening and header_hash in self._hidden()

    def _hidden(self) -> set[JsonValue]:
        entries = need(self.listed, "list.recomputed").list.entries
        return {to_hex(entry.header_hash) for entry in entries if entry.envelope != Envelope.PRICE}

    def _records(self) -> Iterator[bytes]:
        bundle = self.bundle
        shares = [share.act for share in bundle.box.shares] if bundle.box else []
        listed = [bundle.list.act] if bundle.list else []
        bids = [bid for envelope in bundle.openings for bid in envelope.bids]
        opened = [record.act for bid in bids for record in (bid.opening, *bid.shares) if record is not None]
        acts: list[Act] = [*shares, *listed, *opened]
        return (digest(act, self._domain(act)) for act in acts)

    def _domain(self, act: Act) -> Domain:
        return self.contracts.domain(act.contract)

    def whole_claim(self) -> Claim:
        """Return the claim that the bundle holds nothing but what the tender's steps name."""
        subject = Words(
            "Nothing is in this bundle that no step of the tender names.", "本验证包内无项目步骤以外的内容。"
        )

        def find() -> tuple[None, Words]:
            bundle, at = self.bundle, self.at
            opened = {(lot.number, e) for lot in at.lots for e in Envelope if is_listed(at) and lot.has_opened(e)}
            bids = [bid.header_hash for shown in bundle.openings for bid in shown.bids if bid.opening or bid.shares]
            bodies = need(self.listed, "list.recomputed").bodies if is_listed(at) else {}
            heads = {bodies[header_hash].head for header_hash in bids if header_hash in bodies}
            fits = (
                {(shown.lot, shown.envelope) for shown in bundle.openings} == opened
                and set(bundle.streams) <= heads
                and set(bundle.lines) == {o.origin for o in at.origins if bundle.manifest.with_box and is_closed(at)}
                and (bundle.box is not None) == is_closed(at)
                and (bundle.list is not None) == is_listed(at)
                and bundle.documents == named_documents(bundle.acts, bundle.entries, bundle.documents)
            )
            if not fits:
                raise DisagreementError("the bundle holds something that belongs to no step which the tender took")
            return None, subject

        return settled("bundle.whole", subject, find)[0]

    # --- figures ------------------------------------------------------------------------------------------------

    def figures_claim(self, log: ProvenLog | None, dated: DatedActs | None) -> Claim:
        """Return the claim that list, prices and winners in the log are the recomputed ones."""

        def find() -> tuple[int, Words]:
            known, acts = need(log, "log.complete"), need(dated, "log.complete")
            count = 0
            for entry in known.entries:
                for name, expected in self._expected(entry, acts).items():
                    count += 1
                    if entry.body is None or entry.body.data.get(name) != expected:
                        raise DisagreementError(f"event {entry.place} states another {name} than the records give",
                                                place=entry.place)  # fmt: skip
            return count, Words(
                f"What the log says of list, prices read out and winners is what was recomputed ({count} figures).",
                f"日志所载名单、唱标价格及中标人与重新计算结果一致（共 {count} 项）。",
                evidence=(known.checkpoint,),
            )

        subject = Words("The log states the same list, prices and winners as were recomputed.",
                        "日志所载名单、唱标价格及中标人与重新计算结果一致。")  # fmt: skip
        return settled("log.agrees", subject, find)[0]

    def _expected(self, entry: Logged, dated: DatedActs) -> JsonObject:
        """Return what the records give for the members of an event's data that state a result."""
        body = entry.body
        if body is None:
            return {}
        match body.kind:
            case Kind.BOX_OPENED | Kind.BID_LIST_FIXED if "root" in body.data:
                found = need(self.listed, "list.recomputed").list
                return {"root": to_hex(found.root), "count": len(found.entries)}
            case Kind.PRICE_READ:
                return {"prices": self._prices(body.data.get("headerHash"))}
            case Kind.AWARD_DECIDED:
                winners = [
                    s.act.winner for s in dated.acts.of(AwardDecision)
                    if isinstance(s.act, AwardDecision) and s.digest(self.contracts) == body.act
                ]  # fmt: skip
                return {"winner": to_hex(winners[0])} if winners else {}
            case _:
                return {}

    def _prices(self, header_hash: JsonValue) -> list[JsonValue]:
        """Return the prices that were read out of a bid."""
        listed = need(self.listed, "list.recomputed")
        for entry in listed.list.entries:
            if to_hex(entry.header_hash) == header_hash and entry.envelope == Envelope.PRICE:
                code = f"opening.{entry.lot}.{Envelope.PRICE.text}"
                bids = need(self.opened.get((entry.lot, Envelope.PRICE)), code).bids
                return [price.to_json() for bid in bids if bid.bidder == entry.bidder for price in bid.prices]
        raise DisagreementError("the log reads out the price of a bid that is not in the list")
