from __future__ import annotations

import pytest

from ledger.acts import digest
from ledger.keys import recover
from tests.fixtures.logs import LogCity
from witness.log.attest import AttestationError, attest


class TestAttest:
    async def test_own_block_by_the_witness_key(self, log_alone: LogCity) -> None:
        found = await attest(log_alone.node, 7)
        assert found.act.block_hash == await log_alone.node.chain.block_hash(7)
        signer = recover(digest(found.act, log_alone.node.registry), found.signature)
        assert signer == log_alone.node.keys.witness.address

    async def test_same_answer_for_ever(self, log_alone: LogCity) -> None:
        assert await attest(log_alone.node, 7) == await attest(log_alone.node, 7)

    async def test_block_that_is_not_final(self, log_alone: LogCity) -> None:
        with pytest.raises(AttestationError) as refusal:
            await attest(log_alone.node, 11)
        assert refusal.value.code == "attestation.not_yet"

    async def test_never_two_blocks_at_one_number(self, log_alone: LogCity) -> None:
        await attest(log_alone.node, 7)
        log_alone.node.chain.hashes[7] = b"\x01" * 32  # type: ignore[attr-defined]
        with pytest.raises(AttestationError) as refusal:
            await attest(log_alone.node, 7)
        assert refusal.value.code == "attestation.conflict"
