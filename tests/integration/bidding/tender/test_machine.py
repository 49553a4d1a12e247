"""Acts on a tender in any order, by anybody: TenderBook takes what the model takes, and refuses the rest unchanged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bidding.box.book import BookState, LotState, TenderAtBlock, read_tender
from bidding.tender.domain import Step, TenderState, row
from ledger.acts import (
    ZERO32,
    Act,
    AwardDecision,
    BidList,
    Committee,
    Envelope,
    EnvelopeExclusion,
    Lot,
    LotCount,
    LotFailure,
    OpeningRecord,
    Role,
    TenderAmendment,
    TenderAnnouncement,
    TenderResumption,
    TenderSuspension,
    TenderTermination,
)
from ledger.chain.client import ChainClient, ContractRevertedError
from ledger.chain.devnet import Devnet
from ledger.chain.direct import send
from ledger.eip712 import digest
from ledger.identity import tender_id
from tests.fixtures.network import Network
from tests.fixtures.people import Actor, key_named, organisation_named
from tests.fixtures.tender_model import LotModel, RefusedError, TenderModel, shown
from tests.fixtures.tenders import b32

LOTS = {1: (Envelope.PRICE,), 2: (Envelope.TECHNICAL, Envelope.PRICE)}
GRACE, OPEN_AFTER, AMEND_LEAD, MINIMUM = 30, 10, 20, 2
_STEPS: dict[type[Act], tuple[Step, str]] = {
    TenderAmendment: (Step.AMEND, "amend"),
    TenderSuspension: (Step.SUSPEND, "suspend"),
    TenderResumption: (Step.RESUME, "resume"),
    TenderTermination: (Step.TERMINATE, "terminate"),
    OpeningRecord: (Step.OPEN, "opened"),
    EnvelopeExclusion: (Step.EXCLUDE, "exclude"),
    AwardDecision: (Step.DECIDE, "decide"),
    LotFailure: (Step.FAIL, "fail"),
}
_BOOK = {
    BookState.ANNOUNCED: {TenderState.ANNOUNCED},
    BookState.CLOSING: {TenderState.CLOSED},
    BookState.CLOSED: {TenderState.CLOSED},
    BookState.LISTED: {TenderState.OPENING},
}
_LOT = {
    LotState.OPENING: {TenderState.OPENING},
    LotState.EXAMINING: {TenderState.EVALUATING},
    LotState.OPENED: {TenderState.EVALUATING, TenderState.REPORTED, TenderState.PUBLICITY},
    LotState.AWARDED: {TenderState.DECIDED, TenderState.CONTRACTED},
    LotState.FAILED: {TenderState.FAILED},
}
"""What the contract's states are called in the table; of some it does not know how far the paper work has come."""

moments = st.sampled_from([0, 0, 0, 1, -1, 40])
lot_numbers = st.sampled_from([1, 2, 2, 9])
flags = st.sampled_from([True] * 7 + [False])
"""Mostly right: an act that is wrong in everything says nothing about the rest."""


@dataclass
class Ground:
    """The network, its chain, and a way to wait for it."""

    network: Network
    devnet: Devnet
    chain: ChainClient
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    close_blocks: int

    def actor(self, role: Role) -> Actor:
        """Return who acts in a role; a bidder has no business with TenderBook."""
        registrar = self.network.registrar("luan")
        match role:
            case Role.SUPERVISOR:
                return registrar.actor("luan/supervision", role, person="officer")
            case Role.CENTRE:
                return registrar.actor("luan/centre", role, person="clerk")
            case _:
                return registrar.actor("bureau", role)


class TenderMachine(RuleBasedStateMachine):
    """One tender with a lot of one envelope and a lot of two."""

    ground: Ground

    @initialize(steps=st.sampled_from([0, 1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 8, 10]))
    def begin(self, steps: int) -> None:
        self.mark = self.ground.run(self.ground.devnet.snapshot())
        self.book = self.ground.network.deployment.domain("TenderBook")
        self.tenderer = self.ground.actor(Role.TENDERER).organisation
        self.tender = tender_id(self.book.chain_id, self.book.contract, self.tenderer, b32("machine"))
        lots = {number: LotModel(envelopes) for number, envelopes in LOTS.items()}
        self.model = TenderModel(MINIMUM, GRACE, OPEN_AFTER, AMEND_LEAD, self.ground.close_blocks, lots)
        self.inputs = ZERO32
        for _ in range(steps):
            self.go_on()

    def teardown(self) -> None:
        if hasattr(self, "mark"):
            self.ground.run(self.ground.devnet.revert(self.mark))

    # --- the chain ------------------------------------------------------------------------------------------------

    def at(self) -> TenderAtBlock | None:
        """Return the tender as the chain has it now."""

        async def read() -> TenderAtBlock | None:
            return await read_tender(self.ground.chain, self.tender, await self.ground.chain.block())

        found: TenderAtBlock | None = self.ground.run(read())
        return found

    def send(self, function: str, *args: Any) -> tuple[str, int, int]:
        """Send a call; return the contract's reason, empty if it took it, with time and number of the block."""

        async def try_it() -> tuple[str, int, int]:
            reason = ""
            try:
                await send(self.ground.chain, key_named("carrier"), "TenderBook", function, *args)
            except ContractRevertedError as error:
                reason = error.revert.name
            block = await self.ground.chain.block()
            return reason, block.timestamp, block.number

        answer: tuple[str, int, int] = self.ground.run(try_it())
        return answer

    def compare(self, reason: str, take: Callable[[], None], step: Step, lot: int | None = None) -> None:
        """Have the model take the same, and refuse if it sees it otherwise or the table does not know such a step."""
        stood = self.stood(lot)
        try:
            take()
            expected = ""
        except RefusedError as refusal:
            expected = str(refusal)
        assert reason == expected
        assert expected or stood & set(row(step).sources)

    def stood(self, lot: int | None) -> set[TenderState]:
        """Return what the table calls the state of the tender or of a lot."""
        if self.model.state is BookState.UNKNOWN:
            return {TenderState.DRAFT}
        if lot is None:
            states = [one.state for one in self.model.lots.values() if one.state in _LOT]
            open_lots = set().union(*(_LOT[one] for one in states))
            return _BOOK.get(self.model.state, set()) | open_lots
        return _LOT.get(self.model.lots[lot].state, set()) if lot in self.model.lots else set()

    def act(self, act: Act, *, entitled: bool, supervisor: bool = False) -> None:
        """Send an act signed by who may take it, or by a bidder with its own papers."""
        side = Role.SUPERVISOR if supervisor else Role.TENDERER
        actor = self.ground.actor(side if entitled else Role.BIDDER)
        step, function = _STEPS[type(act)]
        sides = (int(supervisor),) if function in {"suspend", "resume", "terminate"} else ()
        reason, now, _ = self.send(function, *sides, act, actor.sign(act, self.book), actor.chain)
        digested = digest(act, self.book)
        self.compare(
            reason,
            lambda: self.model.take(act, digested, now, entitled=entitled, supervisor=supervisor),
            step,
            getattr(act, "lot", None),
        )

    # --- acts -----------------------------------------------------------------------------------------------------

    @rule()
    def go_on(self) -> None:
        """Take the step that a tender takes next when nothing goes wrong."""
        if self.model.is_suspended:
            supervisor = self.model.suspended[True]
            self.resume(supervisor=supervisor, off=0, entitled=True)
            return
        match self.model.state:
            case BookState.UNKNOWN:
                self.announce()
            case BookState.ANNOUNCED:
                self.pass_deadline_and_begin_to_close()
            case BookState.CLOSING:
                self.close(blocks=5)
            case BookState.CLOSED:
                self.fix_list(bidders=(3, 3), right=True, members=2, whole=True)
            case BookState.LISTED:
                self._go_on_with_lot()
            case _:
                self.decide(number=1, right=True, off=0, entitled=True)

    def _go_on_with_lot(self) -> None:
        number, lot = next(item for item in reversed(self.model.lots.items()) if item[1].state < LotState.AWARDED)
        match lot.state:
            case LotState.OPENING:
                self.record_opening(number=number, envelope=Envelope.PRICE, right=True, off=0, entitled=True)
            case LotState.EXAMINING:
                self.exclude(number=number, right=True, who=["a", "b"], off=0, entitled=True)
            case _:
                self.decide(number=number, right=True, off=0, entitled=True)

    @rule()
    def announce(self) -> None:
        network, keys = self.ground.network, self.ground.network.committee
        now = self.ground.run(self.ground.devnet.now())
        act = TenderAnnouncement(
            self.tender, self.tenderer, ZERO32, organisation_named("luan/supervision"), b32("machine"), b32("notice 0"),
            b32("pack"), keys.seal.key_set.key_id, keys.boxes[0].key_set.key_id,
            (network.cities["luan"].city.sealed_origin_id,),
            tuple(Lot(number, sum(one.bit for one in envelopes)) for number, envelopes in LOTS.items()),
            now + 100, GRACE, OPEN_AFTER, AMEND_LEAD, MINIMUM, Committee.AT_ONCE, 0,
        )  # fmt: skip
        who, centre = self.ground.actor(Role.TENDERER), self.ground.actor(Role.CENTRE)
        papers = (who.sign(act, self.book), who.chain, centre.sign(act, self.book), centre.chain)
        reason, now, _ = self.send("announce", act, *papers)
        self.compare(reason, lambda: self.model.take(act, digest(act, self.book), now), Step.ANNOUNCE)

    @rule(
        later=st.sampled_from([-1, 0, 10, 60]),
        notice=st.integers(0, 3),
        supersedes=st.booleans(),
        off=moments,
        entitled=flags,
    )
    def amend(self, later: int, notice: int, supersedes: bool, off: int, entitled: bool) -> None:
        step = self._step(False, off)
        deadline = max(0, self.model.deadline + later)
        act = TenderAmendment(self.tender, b32(f"notice {notice}"), deadline, supersedes, step)
        self.act(act, entitled=entitled)

    @rule(supervisor=st.booleans(), off=moments, entitled=flags)
    def suspend(self, supervisor: bool, off: int, entitled: bool) -> None:
        act = TenderSuspension(self.tender, b32("reason"), self._step(supervisor, off))
        self.act(act, entitled=entitled, supervisor=supervisor)

    @rule(supervisor=st.booleans(), off=moments, entitled=flags)
    def resume(self, supervisor: bool, off: int, entitled: bool) -> None:
        act = TenderResumption(self.tender, b32("reason"), self._step(supervisor, off))
        self.act(act, entitled=entitled, supervisor=supervisor)

    @rule(first=st.booleans(), then=st.booleans(), seconds=st.sampled_from([1, 5, 120]))
    def interrupt(self, first: bool, then: bool, seconds: int) -> None:
        """Suspend on one side or on both, let time pass, and resume."""
        for supervisor in (first, then):
            self.suspend(supervisor=supervisor, off=0, entitled=True)
            self.wait(seconds=seconds)
        for supervisor in (then, first):
            self.resume(supervisor=supervisor, off=0, entitled=True)

    @rule(supervisor=st.booleans(), off=moments, entitled=flags, really=st.sampled_from([False] * 9 + [True]))
    def terminate(self, supervisor: bool, off: int, entitled: bool, really: bool) -> None:
        wrong = 0 if really else 7  # seldom in earnest: nothing comes after it
        act = TenderTermination(self.tender, b32("reason"), self._step(supervisor, off) + wrong)
        self.act(act, entitled=entitled, supervisor=supervisor)

    def _step(self, supervisor: bool, off: int) -> int:
        return max(0, len(self.model.tracks[supervisor].digests) + off)

    # --- the box --------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 15, 40, 110]))
    def wait(self, seconds: int) -> None:
        self.ground.run(self.ground.devnet.advance(seconds))

    @rule()
    def pass_deadline_and_begin_to_close(self) -> None:
        if self.model.state is BookState.ANNOUNCED and not self.model.is_suspended:
            self.ground.run(self.ground.devnet.advance_to(self.model.deadline + 1))
        self.begin_close()

    @rule()
    def begin_close(self) -> None:
        reason, now, block = self.send("beginClose", self.tender)
        self.compare(reason, lambda: self.model.begin_close(now, block), Step.BEGIN_CLOSE)

    @rule(blocks=st.sampled_from([0, 5]))
    def close(self, blocks: int) -> None:
        if blocks and self.model.state is BookState.CLOSING:
            self.ground.run(self.ground.devnet.mine(blocks))
            self.ground.run(self.ground.devnet.advance(GRACE))
        reason, now, block = self.send("close", self.tender)
        self.compare(reason, lambda: self.model.close(now, block), Step.CLOSE)
        if not reason:
            at = self.at()
            assert at is not None
            assert at.view.inputs == at.inputs()
            self.inputs = at.view.inputs

    @rule(bidders=st.tuples(*[st.integers(1, 4)] * 2), right=flags, members=st.sampled_from([2, 2, 2, 1]), whole=flags)
    def fix_list(self, bidders: tuple[int, int], right: bool, members: int, whole: bool) -> None:
        counts = tuple(LotCount(number, count) for number, count in zip(LOTS, bidders, strict=True))
        inputs = self.inputs if right else b32("other inputs")
        act = BidList(self.tender, inputs, b32("list"), sum(bidders), counts if whole else counts[:1])
        holders = self.ground.network.committee.holders[:members]
        signatures = [holder.signer.sign(digest(act, self.book)) for holder in holders]
        if self.model.state is BookState.CLOSED:
            self.ground.run(self.ground.devnet.advance_to(self.model.open_from))
        reason, now, _ = self.send("list", act, signatures)
        self.compare(reason, lambda: self.model.list(act, self.inputs, members, now), Step.LIST)

    # --- lots -----------------------------------------------------------------------------------------------------

    @rule(number=lot_numbers, envelope=st.sampled_from(list(Envelope)), right=flags, off=moments, entitled=flags)
    def record_opening(self, number: int, envelope: Envelope, right: bool, off: int, entitled: bool) -> None:
        lot = self._lot(number)
        which = lot.envelope if right and lot.envelope else envelope
        self.act(OpeningRecord(self.tender, number, which, b32("opened"), self._lot_step(lot, off)), entitled=entitled)

    @rule(
        number=lot_numbers,
        right=flags,
        who=st.lists(st.sampled_from("abc"), max_size=3),
        off=moments,
        entitled=flags,
    )
    def exclude(self, number: int, right: bool, who: list[str], off: int, entitled: bool) -> None:
        lot = self._lot(number)
        envelope = Envelope.TECHNICAL if right else Envelope.PRICE
        excluded = tuple(b32(name) for name in who)
        act = EnvelopeExclusion(self.tender, number, envelope, excluded, b32("report"), self._lot_step(lot, off))
        self.act(act, entitled=entitled)

    @rule(number=lot_numbers, right=flags, off=moments, entitled=flags)
    def decide(self, number: int, right: bool, off: int, entitled: bool) -> None:
        lot = self._lot(number)
        replaces = lot.decision if right else b32("another decision")
        act = AwardDecision(self.tender, number, b32("a"), 1, b32("basis"), replaces, self._lot_step(lot, off))
        self.act(act, entitled=entitled)

    @rule(number=lot_numbers, reason=st.sampled_from([1, 2, 3]), right=flags, off=moments, entitled=flags)
    def fail(self, number: int, reason: int, right: bool, off: int, entitled: bool) -> None:
        lot = self._lot(number)
        replaces = lot.decision if right else b32("another decision")
        act = LotFailure(self.tender, number, reason, b32("basis"), replaces, self._lot_step(lot, off))
        self.act(act, entitled=entitled)

    def _lot(self, number: int) -> LotModel:
        return self.model.lots.get(number) or LotModel()

    @staticmethod
    def _lot_step(lot: LotModel, off: int) -> int:
        return max(0, len(lot.track.digests) + off)

    @invariant()
    def the_chain_shows_what_the_model_does(self) -> None:
        if hasattr(self, "model"):
            at = self.at()
            assert (at is None) is (self.model.state is BookState.UNKNOWN)
            assert at is None or shown(at) == self.model.shown()


def play(machine: type[TenderMachine], network: Network, *, examples: int, steps: int) -> None:
    """Let so many machines of this kind each take so many steps on the network, and leave it as it was."""
    with asyncio.Runner() as runner:
        devnet, chain = Devnet(network.url), network.client()
        mark = runner.run(devnet.snapshot())
        blocks: int = runner.run(chain.call("TenderBook", "closeBlocks"))
        kind = type(machine.__name__, (machine,), {"ground": Ground(network, devnet, chain, runner.run, blocks)})
        profile: Any = settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(kind, settings=profile)
        finally:
            runner.run(devnet.revert(mark))
            runner.run(devnet.close())
            runner.run(chain.close())


def test_any_acts_in_any_order(network: Network) -> None:
    play(TenderMachine, network, examples=80, steps=18)
