"""One city as others see it over HTTP: lines, streams, slips, records. Whoever asks checks what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bidding.box.wire import SLIP_ORIGIN, STREAM_HEAD, STREAM_LENGTH, Acknowledgements, StreamReceipts
from bidding.sealing.slip import SLIP_SIZE
from ledger.acts import Act
from ledger.canonical import JsonObject, JsonValue
from ledger.errors import SunbidError
from ledger.json_fields import read_b32, read_list, read_object, read_text, to_hex
from witness.log.box_checkpoint import SignedBoxCheckpoint

OCTETS = "application/octet-stream"


class RemoteError(SunbidError):
    """A city that did not answer, or that refused; `code` is the city's own where it gave one."""

    code = "peer.unreachable"


@dataclass(frozen=True)
class CityClient:
    """A city's HTTP surface; `http` has its base URL and a deadline, `name` is for messages."""

    name: str
    http: httpx.AsyncClient

    # --- lines -------------------------------------------------------------------------------------------------

    async def frontier(self, origin: bytes, size: int) -> tuple[bytes, ...]:
        """Return the heads of the complete subtrees of the first `size` slips, largest first."""
        answer = await self._json("GET", f"/v1/box/{to_hex(origin)}/frontier", params={"size": size})
        return _hashes(answer, "heads")

    async def slips(self, origin: bytes, start: int, end: int) -> Sequence[bytes]:
        """Return the slips start … end − 1 of the city's line, perhaps fewer."""
        path = f"/v1/box/{to_hex(origin)}/slips"
        data = (await self._ask("GET", path, params={"start": start, "end": end})).content
        return [data[i : i + SLIP_SIZE] for i in range(0, len(data), SLIP_SIZE)]

    async def consistency(self, origin: bytes, old: int, new: int) -> tuple[bytes, ...]:
        """Return the RFC 6962 consistency proof between two sizes of the city's line."""
        path = f"/v1/box/{to_hex(origin)}/consistency"
        return _hashes(await self._json("GET", path, params={"old": old, "new": new}), "proof")

    async def inclusion(self, origin: bytes, index: int, size: int) -> tuple[bytes, ...]:
        """Return the RFC 6962 inclusion proof of a slip in the first `size` of the city's line."""
        path = f"/v1/box/{to_hex(origin)}/inclusion"
        return _hashes(await self._json("GET", path, params={"index": index, "size": size}), "proof")

    async def box_checkpoints(self, origin: bytes, after: int) -> list[SignedBoxCheckpoint]:
        """Return what the city knows of box checkpoints larger than `after`, smallest first, perhaps not all."""
        answer = await self._json("GET", f"/box/{to_hex(origin)}", params={"after": after})
        items = answer if isinstance(answer, list) else read_object(answer, "box checkpoints").get("checkpoints", [])
        return [SignedBoxCheckpoint.from_json(item) for item in read_list(items, "checkpoints")]

    async def slip(self, origin: bytes, slip_hash: bytes) -> bytes:
        """Return a slip that the city took for this origin."""
        return (await self._ask("GET", f"/v1/box/{to_hex(origin)}/slip/{to_hex(slip_hash)}")).content

    # --- the door ----------------------------------------------------------------------------------------------

    async def upload_stream(self, head: bytes, length: int, body: AsyncIterator[bytes]) -> StreamReceipts:
        """Hand a stream in and return the receipts."""
        headers = {STREAM_HEAD: to_hex(head), STREAM_LENGTH: str(length), "Content-Type": OCTETS}
        return StreamReceipts.from_json(await self._json("POST", "/v1/streams", content=body, headers=headers))

    async def upload_slip(self, origin: bytes, slip: bytes) -> Acknowledgements:
        """Hand a slip in and return the acknowledgements."""
        headers = {SLIP_ORIGIN: to_hex(origin), "Content-Type": OCTETS}
        return Acknowledgements.from_json(await self._json("POST", "/v1/slips", content=slip, headers=headers))

    async def stream(self, head: bytes) -> AsyncIterator[bytes]:
        """Yield the octets of a stream that an opened box lists."""
        try:
            async with self.http.stream("GET", f"/v1/streams/{to_hex(head)}") as response:
                if response.status_code != httpx.codes.OK:
                    await response.aread()
                    raise _refusal(self.name, response)
                async for data in response.aiter_bytes():
                    yield data
        except httpx.HTTPError as error:
            raise _silence(self.name, error) from error

    # --- records -----------------------------------------------------------------------------------------------

    async def post_record(
        self, tender: bytes, act: Act, signature: bytes, chain: JsonObject | None = None, body: JsonObject | None = None
    ) -> None:
        """Hand in a signed act that no contract checks."""
        record: JsonObject = {"type": act.name(), "act": act.to_json(), "signature": to_hex(signature)}
        if chain is not None:
            record["chain"] = chain
        if body is not None:
            record["body"] = body
        await self._ask("POST", f"/v1/tenders/{to_hex(tender)}/records", json=record)

    async def opening(self, tender: bytes) -> JsonObject:
        """Return what the city shows of the opening."""
        return read_object(await self._json("GET", f"/v1/tenders/{to_hex(tender)}/opening"), "opening")

    # --- HTTP --------------------------------------------------------------------------------------------------

    async def _json(self, method: str, path: str, **options: Any) -> JsonValue:
        response = await self._ask(method, path, **options)
        try:
            value: JsonValue = response.json()
        except ValueError as error:
            raise RemoteError(f"{self.name} answered with something else than JSON.", city=self.name) from error
        return value

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = await self.http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise _silence(self.name, error) from error
        if response.is_error:
            raise _refusal(self.name, response)
        return response


def _silence(name: str, error: httpx.HTTPError) -> RemoteError:
    return RemoteError(f"{name} does not answer: {type(error).__name__}. Try another city.", city=name)


def _refusal(name: str, response: httpx.Response) -> RemoteError:
    try:
        problem: Mapping[str, JsonValue] = read_object(response.json(), "problem")
        code, detail = read_text(problem.get("code"), "code"), read_text(problem.get("detail"), "detail")
    except (ValueError, SunbidError):
        code, detail = "peer.refused", f"HTTP status {response.status_code}"
    return RemoteError(f"{name}: {detail}", code=code, city=name)


def _hashes(value: JsonValue, name: str) -> tuple[bytes, ...]:
    return tuple(read_b32(item, name) for item in read_list(read_object(value, name).get(name), name))
