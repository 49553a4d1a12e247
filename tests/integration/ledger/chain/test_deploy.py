"""A deployment made only by the governors' own proposals."""

from __future__ import annotations

import pytest

from ledger.acts import Role
from ledger.chain.client import ChainClient, ContractKind, ContractRevertedError
from ledger.chain.deploy import CityPlan, Deployment, DeploymentError, endpoint_id, register_key_sets
from tests.fixtures.committee import TestCommittee
from tests.fixtures.network import BOXES, CITIES, Network


class TestDeploy:
    async def test_registry_names_all_contracts(self, chain: ChainClient, deployment: Deployment) -> None:
        for kind in ContractKind:
            assert await chain.contract(kind.name) == deployment.at(kind.name).address

    async def test_cities_stand_with_every_key(self, chain: ChainClient, network: Network) -> None:
        assert await chain.call("CityRegistry", "cityCount") == 3
        for one in network.cities.values():
            plan, city = one.plan, one.city.id32
            for kind, key in enumerate((plan.governor.address, plan.submitter, plan.witness, plan.receiving), 1):
                record = await chain.call("CityRegistry", "key", key)
                assert (record.city, record.kind, record.roles) == (city, kind, 0)
            issuer = await chain.call("CityRegistry", "key", plan.issuer)
            assert (issuer.city, issuer.kind) == (city, 5)
            assert all(issuer.roles >> role & 1 for role in Role)
            for kind, key in enumerate((plan.log, plan.cosigner), 1):
                record = await chain.call("CityRegistry", "noteKey", key)
                assert (record.city, record.kind) == (city, kind)
            assert await chain.call("CityRegistry", "isSupervisor", city, plan.supervisors[0])
            assert (await chain.call("CityRegistry", "city", city)).endpoint == endpoint_id(plan.base_url)

    async def test_origins_carry_their_schedule(self, chain: ChainClient, network: Network) -> None:
        one = network.cities["hefei"]
        public = await chain.call("CityRegistry", "origin", one.city.public_origin_id)
        sealed = await chain.call("CityRegistry", "origin", one.city.sealed_origin_id)
        assert (public.city, public.kind, public.q) == (one.city.id32, 1, 0)
        assert (sealed.city, sealed.kind, sealed.q) == (one.city.id32, 2, 1)
        assert sealed.schedule == (8, 10, 16, 2, 30)

    async def test_key_sets_stand_with_their_members(self, chain: ChainClient, network: Network) -> None:
        seal = network.committee.seal.key_set
        record = await chain.call("KeySets", "keySet", seal.key_id)
        assert (record.purpose, record.epoch, record.uses) == (1, 1, 0)
        assert await chain.call("KeySets", "committeeOf", seal.key_id) == (3, 2, 1)
        for index, holder in enumerate(network.committee.holders, 1):
            assert await chain.call("KeySets", "seatOf", seal.key_id, holder.signer.address) == index
        for box in network.committee.boxes:
            stored = await chain.call("KeySets", "keySet", box.key_set.key_id)
            assert (stored.purpose, stored.seal_key_id, stored.spent_by) == (2, seal.key_id, bytes(32))

    async def test_a_key_set_enters_once(self, chain: ChainClient, network: Network) -> None:
        box = network.committee.records(network.deployment.domain("KeySets"))[-1]
        with pytest.raises(ContractRevertedError) as refused:
            await chain.call("KeySets", "register", *box.arguments)
        assert refused.value.revert.name == "KeySetKnown"

    async def test_a_signature_for_another_contract_does_not_register(
        self, chain: ChainClient, network: Network
    ) -> None:
        more = TestCommittee.of(CITIES, k=2, boxes=BOXES + 1).records(network.deployment.domain("AnchorRegistry"))[-1]
        with pytest.raises(ContractRevertedError) as refused:
            await register_key_sets(chain, network.deployment, network.plan, [more])
        assert refused.value.revert.name == "SignatureMismatch"


class TestRecords:
    def test_deployment_round_trip(self, deployment: Deployment) -> None:
        assert Deployment.from_json(deployment.to_json()) == deployment

    def test_deployment_that_lacks_a_contract_is_refused(self, deployment: Deployment) -> None:
        record = deployment.to_json()
        del record["KeySets"]
        with pytest.raises(DeploymentError):
            Deployment.from_json(record)

    def test_plan_holds_no_secret_but_the_governors(self, network: Network) -> None:
        plan: CityPlan = network.cities["luan"].plan
        assert repr(network.cities["luan"].keys.issuer.secret) not in repr(plan)
