from __future__ import annotations

import orjson
import pytest

from ledger.acts import BoxCheckpoint
from ledger.eip712 import Domain
from ledger.errors import SunbidError
from ledger.keys import SigningKey
from witness.log.box_checkpoint import SignedBoxCheckpoint
from witness.log.wire import PAGE_SIZES, BoxPage

SIGNED = SignedBoxCheckpoint.sign(
    BoxCheckpoint(b"\x0e" * 32, 8, b"\x0a" * 32, 100), b"\x0c" * 32, SigningKey(b"\x01" * 32), Domain(1, b"\x11" * 20)
)
PAGE = BoxPage(100, (SIGNED,), ({"seenAt": 1},))


class TestBoxPage:
    def test_bytes_give_it_back(self) -> None:
        assert BoxPage.from_bytes(orjson.dumps(PAGE.to_json())) == PAGE

    @pytest.mark.parametrize(
        "change",
        [{"time": "1"}, {"time": True}, {"checkpoints": {}}, {"checkpoints": [1]}, {"equivocations": 0}, {"more": 1}],
    )
    def test_other_objects_are_refused(self, change: dict[str, object]) -> None:
        with pytest.raises(SunbidError):
            BoxPage.from_bytes(orjson.dumps({**PAGE.to_json(), **change}))

    def test_page_that_is_longer_than_any_honest_one(self) -> None:
        value = {**PAGE.to_json(), "checkpoints": [SIGNED.to_json()] * (PAGE_SIZES * 64 + 1)}
        with pytest.raises(SunbidError):
            BoxPage.from_bytes(orjson.dumps(value))

    @pytest.mark.parametrize("data", [b"", b"[]", b"{", b"{}"])
    def test_other_bytes_are_refused(self, data: bytes) -> None:
        with pytest.raises(SunbidError):
            BoxPage.from_bytes(data)
