"""The examination of a bundle: every claim, in the order in which they rest on each other.

It reads the chain through a `StateReader` only. A verifier runs it on what is proven under a block; whoever builds a
bundle runs it on a live node first, to learn which slots have to be proven. So both always read the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bidding.box.book import TenderAtBlock
from bidding.box.claims import (
    ListInputs,
    ProvenList,
    TenderKeys,
    inputs_claim,
    keys_claim,
    list_claim,
    opened_claim,
)
from bidding.box.proven import read_book
from bidding.panel.claims import Authorities
from bidding.tender.claims import TenderEvidence, tender_claims
from bidding.tender.notice import Notice, parse_notice
from bidding.tender.rules import RulePack
from ledger.chain.client import REGISTRY
from ledger.chain.evidence.blocks import VerifiedBlock
from ledger.chain.evidence.facts import StateReader
from ledger.claims import Claim, Words, need, settled
from ledger.json_fields import to_hex
from witness.audit.acts import Acts, DatedActs, signed_claim
from witness.audit.agreement import Agreement
from witness.audit.bundle import Bundle
from witness.audit.chain import Contracts, ProvenAnchors, ProvenRegistry
from witness.audit.logs import LogEvidence, ProvenLog, prove_log
from witness.audit.lots import Lots
from witness.audit.opened import BoxReading, Opened, opening_claims, read_keys
from witness.audit.timing import is_closed, is_listed, secrecy_claim, time_claim
from witness.log.policy import Policy

_T = TypeVar("_T")


@dataclass
class Examination:
    """One bundle under examination; `names` are those of pinned cities by id."""

    bundle: Bundle
    block: VerifiedBlock
    state: StateReader
    policy: Policy
    names: Mapping[bytes, str]
    claims: list[Claim] = field(default_factory=list)

    def run(self) -> list[Claim]:
        """Return the claims; a claim that rests on one which does not hold says so."""
        at = self._keep(self._contracts())
        if at is None:
            return self.claims
        log = self._keep(self._log(at))
        acts = Acts(self.bundle.acts, self.bundle.documents, self.contracts)
        dated = DatedActs(acts, log, at) if log else None
        authorities = Authorities(self.contracts, ProvenRegistry(self.state, self.contracts.registry))
        rules = self._tender(at, acts)
        self._keep(signed_claim(dated, authorities, self.proof))
        self._box_and_lots(at, acts, dated, authorities, rules)
        return self.claims

    @property
    def contracts(self) -> Contracts:
        """The contracts as the manifest names them; `contracts.named` shows that CityRegistry did."""
        m = self.bundle.manifest
        return Contracts(m.chain_id, m.city_registry, m.tender_book, m.key_sets, m.anchor_registry)

    @property
    def proof(self) -> str:
        """The block by which chain facts are proven, as claims name it."""
        return f"block {self.block.number} {to_hex(self.block.hash)}"

    def name_of(self, city: bytes) -> str:
        """Return a city's name, or its id where the verifier does not know it."""
        return self.names.get(city, to_hex(city))

    def _keep(self, found: tuple[Claim, _T | None]) -> _T | None:
        self.claims.append(found[0])
        return found[1]

    # --- what everything rests on -------------------------------------------------------------------------------

    def _contracts(self) -> tuple[Claim, TenderAtBlock | None]:
        tender = self.bundle.manifest.tender

        def find() -> tuple[TenderAtBlock, Words]:
            self.contracts.need_named(self.state)
            at = read_book(self.state, self.contracts.book, tender, self.block.number, self.block.timestamp)
            return at, Words(
                f"TenderBook, a contract that the cities' registry named, holds the tender: {at.view.state.name}.",
                f"城市登记合约所列的招标合约载有本项目，状态为 {at.view.state.name}。",
                when=self.block.timestamp,
                evidence=(to_hex(tender), to_hex(self.contracts.book), self.proof),
            )

        subject = Words("The cities' registry named the contracts, and TenderBook holds the tender.",
                        "合约由城市登记合约列名，且载有本项目。", evidence=(self.proof,))  # fmt: skip
        return settled("contracts.named", subject, find)

    def _log(self, at: TenderAtBlock) -> tuple[Claim, ProvenLog | None]:
        bundle = self.bundle

        def find() -> tuple[ProvenLog, Words]:
            log = prove_log(
                LogEvidence(bundle.entries, bundle.proofs, bundle.checkpoints, Policy.parse(bundle.policy)),
                at,
                ProvenRegistry(self.state, self.contracts.registry),
                ProvenAnchors(self.state, self.contracts.anchors),
                self.policy,
            )
            cosigners, count = ", ".join(log.cosigners), len(log.entries)
            return log, Words(
                f"These {count} events are all that the tender's log has up to the head on chain, each under "
                f"checkpoints cosigned by {cosigners} and anchored; {log.hidden} of them are not disclosed.",
                f"至链上所载末条，本项目事件共 {count} 条，全部在此；每条均在经 {cosigners} 见证签名并锚定上链的"
                f"检查点之下，其中 {log.hidden} 条未公开。",
                who=cosigners,
                when=log.entries[-1].logged_by,
                evidence=(to_hex(at.view.head), log.checkpoint, self.proof),
            )

        subject = Words("The events are all there are, in order, witnessed and anchored.",
                        "事件齐全、顺序一致，且经见证与锚定。", evidence=(self.proof,))  # fmt: skip
        return settled("log.complete", subject, find)

    # --- the tender ---------------------------------------------------------------------------------------------

    def _tender(self, at: TenderAtBlock, acts: Acts) -> tuple[Notice, RulePack] | None:
        """Keep the claims on announcement, rules and notices; return notice and rules if all hold."""

        def find() -> tuple[TenderEvidence, Words]:
            announcement, centre = acts.announcement
            tracks = (acts.side(supervisor=False), acts.side(supervisor=True))
            evidence = TenderEvidence(
                at, self.proof, self.contracts, announcement, centre, *tracks, self.bundle.documents
            )
            return evidence, Words("", "")

        subject = Words("Tenderer and trading centre announced this tender.", "招标人与交易中心共同发布招标公告。")
        failure, evidence = settled("tender.announced", subject, find)
        if evidence is None:
            self.claims.append(failure)
            return None
        found = tender_claims(evidence)
        self.claims += found
        if not all(claim.holds for claim in found):
            return None
        return parse_notice(acts.document(at.notices[-1])), evidence.pack()

    # --- box, openings, lots ------------------------------------------------------------------------------------

    def _box_and_lots(
        self,
        at: TenderAtBlock,
        acts: Acts,
        dated: DatedActs | None,
        authorities: Authorities,
        rules: tuple[Notice, RulePack] | None,
    ) -> None:
        contracts = self.contracts
        keys = self._keep(
            keys_claim(at, contracts.book, lambda: read_keys(self.state, contracts, at), self.name_of, self.proof)
        )
        listed = self._box(at, keys)
        opened: Opened = {}
        if is_listed(at):
            lots = Lots(at, acts, dated, authorities, rules, self.proof)
            reading = BoxReading(self.bundle, at, self.state, contracts)
            claims, opened = opening_claims(
                reading, lambda: need(listed, "list.recomputed"), lambda: need(keys, "keys.registered")
            )
            self.claims += [*claims, *lots.claims(opened)]
        log = dated.log if dated else None
        agreement = Agreement(self.bundle, at, contracts, listed, opened)
        self.claims += [agreement.whole_claim(), agreement.acts_claim(dated), agreement.figures_claim(log, dated)]
        self.claims += [secrecy_claim(at, log, keys, self.name_of), time_claim(at, self.block, log)]

    def _box(self, at: TenderAtBlock, keys: TenderKeys | None) -> ProvenList | None:
        """Keep the claims on the box as far as the tender is; return the list if there is one."""
        reading = BoxReading(self.bundle, at, self.state, self.contracts)
        contents, secret = None, None
        if is_closed(at):
            contents = self._keep(inputs_claim(at, reading.contents, self.name_of, self.proof))
        if reading.shares or is_listed(at):
            domain = self.contracts.domain(REGISTRY)
            secret = self._keep(
                opened_claim(at, lambda: need(keys, "keys.registered"), reading.shares, domain, self.name_of)
            )
        if not is_listed(at):
            return None

        def inputs() -> ListInputs:
            known = need(keys, "keys.registered")
            return reading.inputs(known, need(contents, "box.inputs"), need(secret, "box.opened"))

        return self._keep(list_claim(at, inputs, reading.statement(), self.name_of, self.proof))
