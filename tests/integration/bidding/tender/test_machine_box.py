"""Slips, cuts and admissions in any order too: what is taken in time is in the list as the model says, and opens."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from bidding.box.book import BookState, LotState, fold
from bidding.box.committee import read_key_set
from bidding.box.facts import base_facts, compute_list, open_slips, questions, read_contracts, with_registry
from bidding.box.registry import ask_registry
from bidding.device.sealer import Signer
from bidding.sealing.box import BoxList
from bidding.sealing.device import bid_body, make_slip, seal_bid_bytes, withdrawal_body
from bidding.sealing.facts import BoxContents, Cut, OriginBox, TenderFacts
from bidding.sealing.header import Header, Label
from bidding.sealing.slip import SLIP_SIZE
from bidding.tender.documents import price_document
from bidding.tender.domain import Step
from ledger.acts import Acknowledgement, Act, BidList, BoxCheckpoint, Envelope, Purpose, Role, StreamReceipt
from ledger.eip712 import digest
from ledger.keys import SigningKey
from tests.fixtures.box_model import BoxModel, Handed, Timed
from tests.fixtures.network import Network
from tests.fixtures.people import Actor, key_named
from tests.fixtures.tenders import b32, money
from tests.integration.bidding.tender.test_machine import LOTS, TenderMachine, flags, play
from witness.log.merkle import consistency_proof, leaf_hash, tree_head

ORIGIN, WITNESSES = "luan", ("hefei", "nanjing")
BATCH = 3
"""Slips that a tick adds at least."""

subjects = st.sampled_from([(1, Envelope.PRICE)] * 3 + [(2, Envelope.TECHNICAL)] * 3 + [(2, Envelope.PRICE)]
                           + [(1, Envelope.TECHNICAL)])  # fmt: skip
"""Lots and envelopes to bid for; the last one is none of the tender's."""
bidders = st.sampled_from(["ann", "bob", "cyd"])
moments = st.sampled_from([0] * 6 + [1])
"""Seconds after the deadline at which somebody signed."""
acknowledged = st.sampled_from(
    [(ORIGIN, "hefei")] * 3 + [(ORIGIN, "nanjing")] * 2 + [(ORIGIN,), ("hefei", ORIGIN), (ORIGIN, ORIGIN)]
)


kinds = st.sampled_from([False] * 4 + [True])
"""Whether somebody withdraws rather than bids."""
Planned = tuple[str, tuple[int, Envelope], int, bool]


def called(rule_of_acts: Any) -> Any:
    """Return an act of the other machine that is taken where it is due, not at random: here the box is what matters."""

    def act(machine: TenderMachine, *args: Any, **kwargs: Any) -> None:
        rule_of_acts(machine, *args, **kwargs)

    return act


class BoxMachine(TenderMachine):
    """The same tender, whose list is what its box holds."""

    announce = called(TenderMachine.announce)
    interrupt = called(TenderMachine.interrupt)
    terminate = called(TenderMachine.terminate)
    exclude = called(TenderMachine.exclude)
    decide = called(TenderMachine.decide)
    fail = called(TenderMachine.fail)

    @initialize(
        steps=st.sampled_from([0, 1, 1, 1, 1, 2, 3, 4]),
        first=st.lists(st.tuples(bidders, subjects, st.integers(1, 3), kinds), min_size=1, max_size=8),
        waiting=st.lists(st.tuples(bidders, subjects, st.integers(1, 3), kinds), max_size=2),
    )
    def begin(self, steps: int, first: Sequence[Planned] = (), waiting: Sequence[Planned] = ()) -> None:
        self.drawn = 0
        cities = self.ground.network.cities
        ids = {name: city.city.id32 for name, city in cities.items()}
        self.box = BoxModel(
            cities[ORIGIN].city.sealed_origin_id, ids[ORIGIN], frozenset(ids[name] for name in WITNESSES)
        )
        self.registry = self.ground.network.deployment.domain("CityRegistry")
        super().begin(1)
        self.facts = self.read_facts()
        self.box.announced_at = self.facts.announced
        for plan in first:
            self._hand_in(*plan)
        self.tick()
        for plan in waiting:
            self._hand_in(*plan)
        for _ in range(steps):
            self.go_on()

    @rule()
    def go_on(self) -> None:
        """Take the next step; while the box closes, a witness's cut of the whole line comes first."""
        if self.model.state is BookState.CLOSING and not self.box.cuts and not self.model.is_suspended:
            self.cut(city="hefei", share=1.0, forked=False, late=(0, 0), right=(True, True), here=True)
        else:
            super().go_on()

    # --- what bidders do ------------------------------------------------------------------------------------------

    def read_facts(self) -> TenderFacts:
        """Return what the chain says of the tender now, without the registry's word on who signed."""
        at = self.at()
        assert at is not None

        async def read() -> TenderFacts:
            chain = self.ground.chain
            seal = await read_key_set(chain, at.view.key_id, Purpose.SEAL, at.block)
            box = await read_key_set(chain, at.view.box_key_id, Purpose.BOX, at.block)
            return base_facts(at, await read_contracts(chain), seal, box)

        facts: TenderFacts = self.ground.run(read())
        return facts

    @rule(who=bidders, subject=subjects, sequence=st.integers(1, 4), known=flags)
    def hand_in(self, who: str, subject: tuple[int, Envelope], sequence: int, known: bool) -> None:
        """Hand a bid in, or a later or an earlier version of one; the next tick merges it."""
        actor, notice = self._bidder(who), self.model.notices[-1] if known else b32("a notice of nobody")
        body = bid_body(
            self._header(actor, *subject), self.facts, Signer(actor.key, actor.chain).authority, sequence=sequence,
            signed_at=self.facts.announced, notice=notice, receipts=self._receipts, sign=actor.key.sign,
        )  # fmt: skip
        slip = make_slip(body, self.facts, self.draw(32))
        self.box.hand_in(Handed(slip, (actor.organisation, *subject), sequence, notice))

    @rule(who=bidders, subject=subjects, sequence=st.integers(1, 4))
    def withdraw(self, who: str, subject: tuple[int, Envelope], sequence: int) -> None:
        actor, (lot, envelope) = self._bidder(who), subject
        body = withdrawal_body(
            lot, envelope, actor.organisation, self.facts, Signer(actor.key, actor.chain).authority,
            sequence=sequence, signed_at=self.facts.announced, sign=actor.key.sign,
        )  # fmt: skip
        slip = make_slip(body, self.facts, self.draw(32))
        self.box.hand_in(Handed(slip, (actor.organisation, lot, envelope), sequence, None))

    def _hand_in(self, who: str, subject: tuple[int, Envelope], sequence: int, withdraws: bool) -> None:
        if withdraws:
            self.withdraw(who=who, subject=subject, sequence=sequence)
        else:
            self.hand_in(who=who, subject=subject, sequence=sequence, known=True)

    def _bidder(self, name: str) -> Actor:
        return self.ground.network.registrar(ORIGIN).actor(name, Role.BIDDER)

    def _header(self, actor: Actor, lot: int, envelope: Envelope) -> Header:
        facts = self.facts
        label = Label(
            facts.chain_id, facts.tender_book, facts.tender, lot, envelope, actor.organisation,
            self.draw(32), facts.key_id,
        )  # fmt: skip
        document = price_document(facts.tender, lot, (money("CNY 1.00"),))
        sealed = seal_bid_bytes(document, label, facts.key_set, self.draw(32), self.draw(32))
        receipt = StreamReceipt(sealed.header.head, sealed.header.shape.length)
        self._receipts = [self._sign(receipt, name, "receiving", is_right=True) for name in (ORIGIN, "hefei")]
        return sealed.header

    def draw(self, count: int) -> bytes:
        """Return octets that nothing else has, the same in every run of the same steps."""
        self.drawn += 1
        return hashlib.shake_256(b"machine" + self.drawn.to_bytes(4, "big")).digest(count)

    def padding(self) -> bytes:
        """Return a slip that opens for nobody."""
        point = SigningKey(self.draw(32)).public_key
        return point + self.draw(SLIP_SIZE - len(point))

    @rule()
    def tick(self) -> None:
        """Let the line grow by what waits and by padding."""
        self.box.tick([self.padding() for _ in range(BATCH)])

    # --- what anybody brings to the contract ----------------------------------------------------------------------

    def _sign(self, act: Act, city: str, kind: str, *, is_right: bool) -> bytes:
        keys = self.ground.network.cities[city].keys
        key: SigningKey = getattr(keys, kind) if is_right else key_named("stranger")
        return key.sign(digest(act, self.registry))

    @rule(
        city=st.sampled_from([*WITNESSES, *WITNESSES, ORIGIN]),
        share=st.sampled_from([1.0, 1.0, 1.0, 0.5, 0.0]),
        forked=st.sampled_from([False] * 5 + [True]),
        late=st.tuples(moments, moments),
        right=st.tuples(flags, flags),
        here=flags,
    )
    def cut(
        self,
        city: str,
        share: float,
        forked: bool,
        late: tuple[int, int],
        right: tuple[bool, bool],
        here: bool,
    ) -> None:
        """Bring a checkpoint of the origin with a witness's signature: of all of its line or a part, or of a fork."""
        line = tuple(self.box.line[: int(len(self.box.line) * share)])
        if forked and line:
            line = (self.padding(), *line[1:])
        hashes = list(map(leaf_hash, line))
        cities = self.ground.network.cities
        former = len(self.box.cuts.get(cities[city].city.id32, ()))
        proof = consistency_proof(hashes, former, len(line)) if former < len(line) else []
        origin, root = self.box.origin if here else b32("another log"), tree_head(hashes)
        signed = [
            (at, self._sign(BoxCheckpoint(self.box.origin, len(line), root, at), who, kind, is_right=ok))
            for who, kind, at, ok in zip(
                (ORIGIN, city), ("receiving", "witness"), (self.model.deadline + one for one in late), right,
                strict=True,
            )
        ]  # fmt: skip
        ids = (cities[ORIGIN].city.id32, cities[city].city.id32)
        timed = [Timed(one, at, ok) for one, (at, _), ok in zip(ids, signed, right, strict=True)]
        reason, _, _ = self.send("cut", self.tender, origin, ids[1], len(line), root, proof, *signed)
        self.compare(reason, lambda: self.box.cut(self.model, origin, line, *timed), Step.CUT)

    @rule(
        data=st.data(),
        cities=acknowledged,
        late=st.sampled_from([0, 0, 0, 0, 1, -(10**6)]),
        right=flags,
        whole=flags,
        here=flags,
    )
    def admit(
        self, data: st.DataObject, cities: tuple[str, ...], late: int, right: bool, whole: bool, here: bool
    ) -> None:
        """Bring a slip by itself, with what cities signed when they took it."""
        taken = [*self.box.waiting, *self.box.handed]
        slip = data.draw(st.sampled_from(taken)) if taken else self.padding()
        slip = slip if whole else slip[:-1]
        origin, at = self.box.origin if here else b32("another log"), self.model.deadline + late
        given = []
        for place, name in enumerate(cities):
            act = Acknowledgement(self.box.origin, hashlib.sha256(slip).digest(), at, at)
            signature = self._sign(act, name, "receiving", is_right=right or place == 0)
            given.append((self.ground.network.cities[name].city.id32, at, at, signature))
        timed = [Timed(one[0], at, right or place == 0) for place, one in enumerate(given)]
        reason, _, _ = self.send("admit", self.tender, origin, slip, given)
        self.compare(reason, lambda: self.box.admit(self.model, origin, slip, timed), Step.ADMIT)

    def is_closing(self) -> bool:
        """Say whether cuts and admissions are due."""
        return hasattr(self, "model") and self.model.state is BookState.CLOSING

    @precondition(is_closing)
    @rule(
        city=st.sampled_from(WITNESSES),
        forked=st.sampled_from([False, False, True]),
        late=st.sampled_from([(0, 0), (0, 0), (0, 0), (0, 1), (1, 0)]),
        right=st.tuples(flags, flags),
    )
    def bring_cut(self, city: str, forked: bool, late: tuple[int, int], right: tuple[bool, bool]) -> None:
        """Let the line grow once more, and bring a cut of all of it: the origin says that it was in time."""
        self.tick()
        self.cut(city=city, share=1.0, forked=forked, late=late, right=right, here=True)

    @precondition(is_closing)
    @rule(data=st.data(), right=flags, cities=acknowledged)
    def bring_slip(self, data: st.DataObject, right: bool, cities: tuple[str, ...]) -> None:
        """Bring a slip that was acknowledged at the last moment."""
        self.admit(data=data, cities=cities, late=0, right=right, whole=True, here=True)

    # --- the list -------------------------------------------------------------------------------------------------

    @rule(bidders=st.just((0, 0)), right=flags, members=st.sampled_from([2, 2, 2, 1]), whole=flags)
    def fix_list(self, bidders: tuple[int, int], right: bool, members: int, whole: bool) -> None:
        """Have holders sign what the code reads out of the box, which is what the model says is in it."""
        del bidders
        if self.model.state is not BookState.CLOSED:
            super().fix_list((3, 3), right, members, whole)
            return
        listed = self.read_box()
        model = (LOTS, self.model.notices, self.model.superseded)
        found = {(e.bidder, e.lot, Envelope(e.envelope)): (e.sequence, e.void) for e in listed.entries}
        assert found == self.box.entries(*model)
        assert {count.lot: count.bidders for count in listed.counts} == self.box.counts(*model)
        self.ground.run(self.ground.devnet.advance_to(self.model.open_from))
        counts = listed.counts if whole else listed.counts[:1]
        inputs = self.inputs if right else b32("other inputs")
        act = BidList(self.tender, inputs, listed.root, len(listed.entries), counts)
        holders = self.ground.network.committee.holders[:members]
        signatures = [holder.signer.sign(digest(act, self.book)) for holder in holders]
        reason, now, _ = self.send("list", act, signatures)
        self.compare(reason, lambda: self.model.list(act, self.inputs, members, now), Step.LIST)
        at = self.at()
        assert at is not None
        assert reason or (at.view.list_root, at.view.list_count) == (listed.root, len(listed.entries))
        few = {number for number, count in self.box.counts(*model).items() if count < self.model.minimum}
        assert reason or {lot.number for lot in at.lots if lot.state is LotState.FAILED} == few

    def read_box(self) -> BoxList:
        """Return the list that anybody reads who has the line of each cut, the admitted slips and the box's key."""
        box, secret = self.box, self.ground.network.committee.boxes[0].secret
        cuts = tuple(Cut(city, line) for city, line in sorted(box.cuts.items()))
        contents = BoxContents((OriginBox(box.origin, box.city, 0, cuts),), tuple(box.admitted))
        base = self.read_facts()
        opened = open_slips(base, contents, secret)

        async def ask() -> TenderFacts:
            chain = self.ground.chain
            return with_registry(base, await ask_registry(chain, questions(base, opened), (await chain.block()).number))

        return compute_list(self.ground.run(ask()), opened, secret)

    @invariant()
    def the_chain_holds_the_cuts_and_admissions_of_the_model(self) -> None:
        if not hasattr(self, "facts"):
            return
        at = self.at()
        assert at is not None
        cuts = {cut.city: (cut.size, cut.root) for cut in at.origins[0].cuts}
        assert cuts == {city: (len(line), tree_head(_hashes(line))) for city, line in self.box.cuts.items()}
        admitted = [hashlib.sha256(slip).digest() for slip in self.box.admitted]
        assert (at.view.admitted_count, at.view.admitted_head) == (len(admitted), fold(admitted))


def _hashes(line: Sequence[bytes]) -> list[bytes]:
    return [leaf_hash(slip) for slip in line]


def test_any_slips_cuts_and_admissions_in_any_order(network: Network) -> None:
    play(BoxMachine, network, examples=60, steps=20)
