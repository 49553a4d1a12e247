"""Steps over HTTP: only in a role that the caller has shown, and the answer is there for everybody."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest

from ledger.acts import Role
from ledger.errors import SunbidError
from tests.fixtures.town import Square

ANSWER = b"The drawings are in scale 1:100."


def body(step: str, role: Role, **others: object) -> dict[str, object]:
    return {"step": step, "role": int(role), "document": b64encode(ANSWER).decode(), **others}


async def refusal(square: Square, value: dict[str, object]) -> str:
    with pytest.raises(SunbidError) as caught:
        await square.conduct.city.post(f"{square.conduct.path}/steps", value)
    return caught.value.code


async def test_the_tenderer_clarifies_for_everybody(square: Square) -> None:
    taken = await square.conduct.city.post(f"{square.conduct.path}/steps", body("clarify", Role.TENDERER))
    sha256 = hashlib.sha256(ANSWER).hexdigest()
    assert taken == {"sha256": f"0x{sha256}"}
    async with square.town.api("luan") as anybody:
        assert await anybody.get_bytes(f"{square.conduct.path}/documents/0x{sha256}") == ANSWER
        with pytest.raises(SunbidError) as caught:
            await anybody.post(f"{square.conduct.path}/steps", body("ask", Role.BIDDER))
    assert caught.value.code == "session.required"


async def test_what_the_caller_may_not_do_is_refused_by_code(square: Square) -> None:
    assert await refusal(square, body("ask", Role.BIDDER)) == "access.role"
    assert await refusal(square, body("decide", Role.TENDERER, lot=0)) == "tender.not_a_step"
    assert await refusal(square, body("contract", Role.TENDERER, lot=0)) == "tender.wrong_state"
    assert await refusal(square, body("contract", Role.TENDERER, lot=7)) == "lot.unknown"
    assert await refusal(square, body("dance", Role.TENDERER)) == "request.malformed"
    assert await refusal(square, body("clarify", Role.TENDERER, document="*")) == "document.malformed"
