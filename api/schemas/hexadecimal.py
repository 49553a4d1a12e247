"""Bytes in JSON: 0x-prefixed lower- or upper-case hex of an exact size."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


def _parser(size: int | None) -> Callable[[Any], bytes]:
    def parse(value: Any) -> bytes:
        if isinstance(value, bytes):
            return value
        if not isinstance(value, str) or not _HEX.fullmatch(value):
            raise ValueError("must be hex that starts with 0x")
        data = bytes.fromhex(value[2:])
        if size is not None and len(data) != size:
            raise ValueError(f"must be {size} bytes long, is {len(data)}")
        return data

    return parse


def _sized(size: int | None) -> Any:
    pattern = f"^0x[0-9a-fA-F]{{{2 * size}}}$" if size is not None else "^0x([0-9a-fA-F]{2})*$"
    return (
        BeforeValidator(_parser(size)),
        PlainSerializer(lambda value: "0x" + value.hex(), return_type=str),
        WithJsonSchema({"type": "string", "pattern": pattern}),
    )


HexBytes = Annotated[bytes, *_sized(None)]
Address20 = Annotated[bytes, *_sized(20)]
Id32 = Annotated[bytes, *_sized(32)]
Signature65 = Annotated[bytes, *_sized(65)]
