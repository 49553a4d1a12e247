"""The contracts and Python agree on every network: digests, papers, proofs, signatures, folds, times."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.acts import ZERO32, Credential, CreditDecision, CreditRevocation, Purpose, Revocation, Role
from ledger.chain.client import CONTRACTS, ChainClient, ContractKind, ContractRevertedError
from ledger.chain.contracts import artifact
from ledger.chain.deploy import endpoint_id, propose
from ledger.chain.direct import send
from ledger.chain.indexer import Indexer, events
from ledger.chain.sender import MAX_UNMINED, ChainSender, ChainTx
from ledger.db import Database
from ledger.eip712 import digest, struct_hash
from ledger.keys import SigningKey
from tests.chains.pace import until
from tests.chains.site import Site
from tests.fixtures.people import organisation_named
from witness.log.merkle import leaf_hash, tree_head


class TestRegistry:
    async def test_cities_stand_with_their_keys_and_origins(self, chain: ChainClient, site: Site) -> None:
        assert await chain.call("CityRegistry", "cityCount") == 3
        for one in site.cities.values():
            record = await chain.call("CityRegistry", "city", one.city.id32)
            assert record.endpoint == endpoint_id(one.plan.base_url)
            issuer = await chain.call("CityRegistry", "key", one.plan.issuer)
            assert (issuer.city, issuer.kind) == (one.city.id32, 5)
            sealed = await chain.call("CityRegistry", "origin", one.city.sealed_origin_id)
            assert (sealed.city, sealed.kind, sealed.q) == (one.city.id32, 2, 1)

    async def test_all_contracts_are_named_and_small_enough(self, chain: ChainClient, site: Site) -> None:
        for kind in ContractKind:
            address = await chain.contract(kind.name)
            assert address == site.deployment.at(kind.name).address
            code = await chain.rpc.request("eth_getCode", "0x" + address.hex(), "latest")
            assert 0 < len(code) // 2 - 1 <= 24_576

    async def test_an_act_has_one_id_in_both(self, chain: ChainClient, site: Site) -> None:
        act = Credential(b"\x01" * 20, b"\x02" * 32, b"\x03" * 32, Role.BIDDER, 1, 2**64 - 1)
        on_chain = await chain.call("CityRegistry", "digestOf", struct_hash(act))
        assert on_chain == digest(act, site.deployment.domain("CityRegistry"))

    async def test_papers_show_who_acts(self, chain: ChainClient, site: Site) -> None:
        """ecrecover, EIP-712 and the registry's own records, in one call."""
        actor = site.registrar("hefei").actor("centre of hefei", Role.CENTRE, person="clerk")
        act = hashlib.sha256(b"an act").digest()
        call = partial(chain.call, "CityRegistry", "authorise", act)
        need = (actor.chain, actor.organisation, Role.CENTRE, 0, ZERO32)
        found = await call(actor.key.sign(act), *need)
        assert tuple(found) == (actor.key.address, site.cities["hefei"].city.id32)
        with pytest.raises(ContractRevertedError, match="SignerNotFitting"):
            await call(SigningKey.generate().sign(act), *need)

    async def test_a_revocation_of_ones_own_counts_from_the_blocks_time(self, chain: ChainClient, site: Site) -> None:
        registrar, domain = site.registrar("nanjing"), site.deployment.domain("CityRegistry")
        actor = registrar.actor(f"a company {SigningKey.generate().address.hex()}", Role.BIDDER)
        act = Revocation(digest(actor.chain.credential, domain), 1)
        papers, signature = actor.chain, actor.sign(act, domain)
        call = (act, signature, papers, papers.credential, papers.credential_signature)
        receipt = await send(chain, SigningKey.generate(), "CityRegistry", "revoke", *call)
        effective = await chain.call("CityRegistry", "revokedFrom", act.digest)
        assert effective == (await chain.block(receipt.block)).timestamp

    async def test_two_governors_of_three_change_what_one_cannot(self, chain: ChainClient, site: Site) -> None:
        organisation = hashlib.sha256(SigningKey.generate().secret).digest()
        city = site.cities["luan"].city.id32
        data = artifact("CityRegistry").function("addSupervisor").encode_call((city, organisation, 0, 0))
        calls = [(site.deployment.city_registry, data)]
        with pytest.raises(ContractRevertedError):
            await chain.call("CityRegistry", "propose", calls, organisation, sender=SigningKey.generate().address)
        await propose(chain, site.deployment, site.plan, calls, salt=organisation)
        assert await chain.call("CityRegistry", "isSupervisor", city, organisation)


class TestKeySets:
    async def test_a_committee_stands_with_its_members(self, chain: ChainClient, site: Site) -> None:
        seal = site.committee.seal.key_set
        record = await chain.call("KeySets", "keySet", seal.key_id)
        assert (record.purpose, record.epoch) == (Purpose.SEAL, 1)
        assert tuple(await chain.call("KeySets", "committeeOf", seal.key_id)) == (3, 2, 1)
        for index, holder in enumerate(site.committee.holders, 1):
            assert await chain.call("KeySets", "seatOf", seal.key_id, holder.signer.address) == index

    async def test_a_key_set_enters_once(self, chain: ChainClient, site: Site) -> None:
        box = site.committee.records(site.deployment.domain("KeySets"))[-1]
        with pytest.raises(ContractRevertedError, match="KeySetKnown"):
            await chain.call("KeySets", "register", *box.arguments)


class TestAnchors:
    async def test_every_step_of_a_python_log_is_accepted(self, chain: ChainClient, site: Site) -> None:
        for by in (1, 2, 4, 7):
            _, last = await site.growth(chain, "hefei", by)
            assert await site.grow(chain, "hefei", by) == last
            origin = site.cities["hefei"].city.public_origin_id
            assert tuple(await chain.call("AnchorRegistry", "last", origin)) == last

    async def test_a_rewritten_log_is_refused(self, chain: ChainClient, site: Site) -> None:
        await site.grow(chain, "nanjing", 3)
        (origin, larger, _, proof, signatures), _ = await site.growth(chain, "nanjing", 2)
        assert isinstance(larger, int)
        other = tree_head([leaf_hash(b"another")] * larger)
        submitter = site.cities["nanjing"].keys.submitter.address
        with pytest.raises(ContractRevertedError, match="ProofInvalid"):
            await chain.call("AnchorRegistry", "anchor", origin, larger, other, proof, signatures, sender=submitter)


class TestCredit:
    async def test_the_head_is_the_fold_and_the_time_is_the_blocks(self, chain: ChainClient, site: Site) -> None:
        domain = site.deployment.domain("CreditLedger")
        officer = site.registrar("nanjing").actor("bureau", Role.CREDIT_AUTHORITY, person="officer")
        subject = organisation_named(SigningKey.generate().address.hex())
        bodies = [hashlib.sha256(bytes([number])).digest() for number in range(2)]
        decision = CreditDecision(subject, b"\x01" * 32, "-3.50", b"\x02" * 32, 1, 2, bodies[0])
        revocation = CreditRevocation(subject, digest(decision, domain), b"\x03" * 32, bodies[1])
        times = []
        for function, act in (("postDecision", decision), ("postRevocation", revocation)):
            papers = (act, officer.sign(act, domain), officer.chain)
            receipt = await send(chain, SigningKey.generate(), "CreditLedger", function, *papers)
            entry = await chain.call("CreditLedger", "entry", digest(act, domain))
            times.append((entry.posted_at, (await chain.block(receipt.block)).timestamp))
        head = bytes(32)
        for body in bodies:
            head = hashlib.sha256(head + body).digest()
        assert tuple(await chain.call("CreditLedger", "subject", subject)) == (2, head)
        assert [posted for posted, _ in times] == [sealed for _, sealed in times]


class TestDurableSending:
    async def test_more_than_the_window_arrive_once_in_order_and_are_indexed(
        self, chain: ChainClient, site: Site, tmp_path: Path
    ) -> None:
        """The repeated anchor succeeds silently, so every transaction of the flood does."""
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'flood.sqlite3'}")
        await database.create_all()
        await site.grow(chain, "luan")
        origin, key = site.cities["luan"].city.public_origin_id, site.cities["luan"].keys.submitter
        size, root = await chain.call("AnchorRegistry", "last", origin)
        start, count = await chain.transaction_count(key.address), MAX_UNMINED + 30
        sender, indexer = ChainSender(database, chain, key), Indexer(database, chain)
        async with database.unit_of_work() as session:
            for number in range(count):
                call = (origin, size, root, (), ())
                await sender.submit(session, "AnchorRegistry", "anchor", call, key=f"{number:03}", gas=300_000)

        async def all_final() -> bool:
            await sender.run()
            async with database.reading() as session:
                return all(await session.scalars(select(ChainTx.final)))

        await until(all_final, f"{count} transactions under blocks that count")
        await indexer.run()
        async with database.reading() as session:
            rows = (
                await session.execute(select(ChainTx.key, ChainTx.nonce, ChainTx.status).order_by(ChainTx.id))
            ).all()
            indexed = await events(session)
        assert [row.nonce for row in rows] == list(range(start, start + count))
        assert {row.status for row in rows} == {"mined"}
        assert await chain.transaction_count(key.address) == start + count
        direct = await chain.logs(CONTRACTS, 0, indexed[-1].block)
        assert [(e.block_hash, e.index) for e in indexed] == [(e.block_hash, e.index) for e in direct]
        await database.close()
