"""Every refusal has a code of its own."""

from __future__ import annotations

from bidding.sealing import device, errors
from bidding.sealing.errors import SealingError


def test_codes_are_distinct_and_dotted() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SealingError)]
    codes = [kind.code for kind in (*kinds, device.BidRefusedError)]
    assert len(set(codes)) == len(codes) > 12
    assert all(code.replace("_", "").replace(".", "", 1).isalpha() for code in codes)
