"""Which checkpoint covers an entry in a bundle: the first that the cities cosigned as the verifier wants it."""

from __future__ import annotations

import pytest

from tests.fixtures.logs import LogCity, LogNetwork, city_named, keys_of
from witness.audit.collect_log import NotLoggedError, notes_holding
from witness.log.checkpoint import Checkpoint
from witness.log.cosign import run_cosign
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.note import Algorithm, Vkey
from witness.log.policy import Policy
from witness.log.ports import witness_name
from witness.log.proof_repository import ProofRepository
from witness.log.sequencer import run_public_sequencer


def policy(threshold: int) -> Policy:
    """Return the policy for Lu'an's public log with this many of the two other cities."""
    log = Vkey(city_named("luan").public_origin, Algorithm.ED25519, keys_of("luan").log_public)
    witnesses = [
        Vkey(witness_name(city_named(name)), Algorithm.COSIGNATURE, keys_of(name).cosigner_public)
        for name in ("hefei", "nanjing")
    ]
    return Policy.of([log], witnesses, threshold)


async def grow(network: LogNetwork, number: int, *witnesses: str) -> None:
    """Append one event as a checkpoint of its own, cosigned by these cities only."""
    luan = network["luan"]
    async with luan.node.database.unit_of_work() as session:
        await luan.public.append(session, Event(Kind.ANOMALY, number, ActorRole.SYSTEM))
    await run_public_sequencer(luan.node)
    for name in ("hefei", "nanjing"):
        network.ways["luan", name].is_cut = name not in witnesses
    if witnesses:
        await run_cosign(luan.node)


async def covering(city: LogCity, index: int, threshold: int) -> int:
    """Return the size of the checkpoint that covers an entry."""
    async with city.node.database.reading() as session:
        repository = ProofRepository(session, city.public.origin)
        note = (await notes_holding(repository, [index], policy(threshold)))[index]
    return Checkpoint.parse(note.text).size


async def test_a_checkpoint_without_quorum_is_skipped(log_network: LogNetwork) -> None:
    luan = log_network["luan"]
    await grow(log_network, 0)
    await grow(log_network, 1, "hefei")
    await grow(log_network, 2, "hefei", "nanjing")
    assert [await covering(luan, index, threshold=1) for index in range(3)] == [2, 2, 3]
    assert [await covering(luan, index, threshold=2) for index in range(3)] == [3, 3, 3]


async def test_without_any_quorum_the_bundle_waits(log_network: LogNetwork) -> None:
    luan = log_network["luan"]
    await grow(log_network, 0, "hefei")
    await grow(log_network, 1)
    assert await covering(luan, 0, threshold=1) == 1
    for index, threshold in ((0, 2), (1, 1), (1, 2)):
        with pytest.raises(NotLoggedError, match="cosigned yet") as waiting:
            await covering(luan, index, threshold)
        assert waiting.value.code == "bundle.not_yet"


async def test_an_entry_that_is_not_there_has_no_checkpoint(log_network: LogNetwork) -> None:
    await grow(log_network, 0, "hefei", "nanjing")
    with pytest.raises(NotLoggedError):
        await covering(log_network["luan"], 1, threshold=1)
