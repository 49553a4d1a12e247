"""Every refusal has a code of its own."""

from __future__ import annotations

from bidding.sealing.device import BidRefusedError
from bidding.sealing.errors import SealingError


def test_codes_are_distinct_and_dotted() -> None:
    codes = [SealingError.code, *(kind.code for kind in SealingError.__subclasses__())]
    assert BidRefusedError.code in codes
    assert len(set(codes)) == len(codes) > 12
    assert all(code.replace("_", "").replace(".", "", 1).isalpha() for code in codes)
