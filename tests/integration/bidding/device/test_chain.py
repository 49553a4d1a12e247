"""A device's view of the chain: by proof, and by nobody's word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bidding.device.chain import ProvenChain
from bidding.device.errors import DeviceError
from ledger.chain.evidence.trust import TrustFile
from tests.fixtures.town import Square


@pytest.fixture
def trust(square: Square) -> TrustFile:
    return TrustFile.from_bytes(square.town.stack.trust_path.read_bytes())


async def test_a_device_that_pins_other_cities_believes_none_of_these(square: Square, trust: TrustFile) -> None:
    device = await square.device("ann")
    strangers = replace(trust, cities=tuple(replace(c, witness=bytes([i]) * 20) for i, c in enumerate(trust.cities, 1)))
    chain = ProvenChain(strangers, [city.reading for city in device.cities])
    with pytest.raises(DeviceError) as refused:
        await chain.tender(square.tender)
    assert refused.value.code == "device.chain_unproven"
    assert chain.faults.keys() == {"luan", "hefei", "nanjing"}


async def test_a_device_takes_the_newest_of_what_cities_prove(square: Square, trust: TrustFile) -> None:
    device = await square.device("ann")
    chain = ProvenChain(trust, [city.reading for city in device.cities])
    first = await chain.tender(square.tender)
    await square.town.devnet.mine(2)
    assert (await chain.tender(square.tender)).at.block == first.at.block + 2
