"""Python and the contracts compute the same: digests, authority, consistency proofs, credit heads."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from ledger.acts import (
    ZERO32,
    Acknowledgement,
    Act,
    BoxCheckpoint,
    Credential,
    CreditDecision,
    CreditRevocation,
    Delegation,
    Revocation,
    Role,
    Scope,
)
from ledger.chain.client import ChainClient, ContractRevertedError
from ledger.chain.direct import send
from ledger.eip712 import digest, struct_hash
from tests.fixtures.network import Network
from tests.fixtures.people import key_named, organisation_named
from witness.log.merkle import consistency_proof, leaf_hash, tree_head

LEAVES = [leaf_hash(bytes([i])) for i in range(40)]


class TestDigests:
    @pytest.mark.parametrize(
        "act",
        [
            Credential(b"\x01" * 20, b"\x02" * 32, b"\x03" * 32, 3, 1, 2**64 - 1),
            Delegation(b"\x01" * 32, b"\x02" * 20, 16, b"\x03" * 32, 7),
            Revocation(b"\x01" * 32, 5),
            Acknowledgement(b"\x01" * 32, b"\x02" * 32, 3, 4),
            BoxCheckpoint(b"\x01" * 32, 2**40, b"\x02" * 32, 9),
        ],
        ids=lambda act: act.name(),
    )
    async def test_registry_and_python_give_an_act_the_same_id(
        self, act: Act, chain: ChainClient, network: Network
    ) -> None:
        on_chain = await chain.call("CityRegistry", "digestOf", struct_hash(act))
        assert on_chain == digest(act, network.deployment.domain("CityRegistry"))


class TestAuthorise:
    async def _authorise(self, chain: ChainClient, signer: Any, chain_of_papers: Any, *need: Any) -> Any:
        act = hashlib.sha256(b"an act").digest()
        return await chain.call("CityRegistry", "authorise", act, signer.sign(act), chain_of_papers, *need)

    async def test_officers_papers_show_who_and_which_city(self, chain: ChainClient, network: Network) -> None:
        actor = network.registrar("hefei").actor("centre of hefei", Role.CENTRE, person="clerk")
        need = (actor.organisation, Role.CENTRE, 0, ZERO32)
        signer, city = await self._authorise(chain, actor.key, actor.chain, *need)
        assert (signer, city) == (actor.key.address, network.cities["hefei"].city.id32)

    async def test_a_bidders_papers_are_no_tenderers(self, chain: ChainClient, network: Network) -> None:
        actor = network.registrar("hefei").actor("a company", Role.BIDDER)
        with pytest.raises(ContractRevertedError) as refused:
            await self._authorise(chain, actor.key, actor.chain, actor.organisation, Role.TENDERER, 0, ZERO32)
        assert refused.value.revert.name == "CredentialNotFitting"

    async def test_a_key_without_papers_is_nobody(self, chain: ChainClient, network: Network) -> None:
        actor = network.registrar("hefei").actor("a company", Role.BIDDER)
        need = (actor.organisation, Role.BIDDER, Scope.SUBMIT, ZERO32)
        with pytest.raises(ContractRevertedError) as refused:
            await self._authorise(chain, key_named("stranger"), actor.chain, *need)
        assert refused.value.revert.name == "SignerNotFitting"


@pytest.mark.usefixtures("devnet")
class TestAnchor:
    async def test_every_step_of_a_python_log_is_accepted(self, chain: ChainClient, network: Network) -> None:
        city = network.cities["luan"]
        size = 0
        for larger in (1, 2, 3, 7, 8, 9, 31, 32, 40):
            proof = consistency_proof(LEAVES, size, larger)
            root = tree_head(LEAVES[:larger])
            await send(
                chain,
                city.keys.submitter,
                "AnchorRegistry",
                "anchor",
                city.city.public_origin_id,
                larger,
                root,
                proof,
                (),
            )
            size = larger
        assert await chain.call("AnchorRegistry", "last", city.city.public_origin_id) == (40, tree_head(LEAVES))
        assert await chain.call("AnchorRegistry", "count", city.city.public_origin_id) == 9

    async def test_a_rewritten_log_is_refused(self, chain: ChainClient, network: Network) -> None:
        city = network.cities["luan"]
        origin, key = city.city.public_origin_id, city.keys.submitter
        await send(chain, key, "AnchorRegistry", "anchor", origin, 5, tree_head(LEAVES[:5]), (), ())
        rewritten = [leaf_hash(b"another"), *LEAVES[1:]]
        arguments = (origin, 9, tree_head(rewritten[:9]), consistency_proof(rewritten, 5, 9), ())
        with pytest.raises(ContractRevertedError) as refused:
            await send(chain, key, "AnchorRegistry", "anchor", *arguments)
        assert refused.value.revert.name == "ProofInvalid"


@pytest.mark.usefixtures("devnet")
class TestCredit:
    async def test_the_head_is_the_fold_of_the_bodies(self, chain: ChainClient, network: Network) -> None:
        domain = network.deployment.domain("CreditLedger")
        officer = network.registrar("nanjing").actor("bureau", Role.CREDIT_AUTHORITY, person="officer")
        subject, bodies = organisation_named("a company"), [hashlib.sha256(bytes([i])).digest() for i in range(2)]
        decision = CreditDecision(subject, b"\x01" * 32, "-3.50", b"\x02" * 32, 1, 2, bodies[0])
        revocation = CreditRevocation(subject, digest(decision, domain), b"\x03" * 32, bodies[1])
        for function, act in (("postDecision", decision), ("postRevocation", revocation)):
            await send(
                chain, key_named("carrier"), "CreditLedger", function, act, officer.sign(act, domain), officer.chain
            )
        head = bytes(32)
        for body in bodies:
            head = hashlib.sha256(head + body).digest()
        assert await chain.call("CreditLedger", "subject", subject) == (2, head)
        entry = await chain.call("CreditLedger", "entry", digest(revocation, domain))
        assert (entry.subject, entry.city, entry.index) == (subject, network.cities["nanjing"].city.id32, 2)
        assert entry.posted_at <= (await chain.block()).timestamp <= entry.posted_at + 1
        assert not entry.is_decision
