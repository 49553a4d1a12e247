"""One city as others see it over HTTP: lines, streams, slips, records. Whoever asks checks what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from bidding.box.registry import Questions
from bidding.box.wire import SLIP_ORIGIN, STREAM_HEAD, STREAM_LENGTH, Acknowledgements, StreamReceipts
from ledger.acts import Act
from ledger.canonical import JsonObject, JsonValue
from ledger.chain.evidence.state import StateEvidence
from ledger.errors import SunbidError
from ledger.json_fields import read_bytes, read_object, read_text, to_hex
from witness.log.box_checkpoint import SignedBoxCheckpoint
from witness.log.tiles import Tile
from witness.log.wire import BoxPage

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

    async def tile(self, origin: bytes, tile: Tile) -> bytes:
        """Return a hash tile or an entry bundle of the city's line (C2SP tlog-tiles)."""
        return (await self._ask("GET", f"/log/{to_hex(origin)}/{tile.path}")).content

    async def box_checkpoints(self, origin: bytes, after: int) -> list[SignedBoxCheckpoint]:
        """Return all box checkpoints larger than `after` that the city knows, smallest first."""
        found: list[SignedBoxCheckpoint] = []
        while True:
            page = await self.box_page(origin, after)
            found += page.checkpoints
            if not page.checkpoints:
                return found
            after = page.checkpoints[-1].size

    async def box_page(self, origin: bytes, after: int) -> BoxPage:
        """Return one page of box checkpoints larger than `after`, with the city's time and evidence of forks."""
        return BoxPage.from_bytes((await self._ask("GET", f"/box/{to_hex(origin)}", params={"after": after})).content)

    async def log_size(self, origin: bytes) -> int:
        """Return the size of the newest checkpoint of the city's own log (C2SP tlog-checkpoint: the second line)."""
        try:
            lines = (await self._ask("GET", f"/log/{to_hex(origin)}/checkpoint")).text.split("\n")
        except RemoteError as error:
            if error.code == "checkpoint.not_found":
                return 0
            raise
        if len(lines) < 2 or not lines[1].isdecimal():
            raise RemoteError(f"{self.name} shows something else than a checkpoint.", code="peer.malformed")
        return int(lines[1])

    # --- the chain, proven ----------------------------------------------------------------------------------------

    async def tender_evidence(self, tender: bytes) -> StateEvidence:
        """Return the tender's proof, not verified yet."""
        return StateEvidence.from_json(await self._json("GET", f"/v1/tenders/{to_hex(tender)}/evidence"))

    async def registry_evidence(self, questions: Questions) -> StateEvidence:
        """Return the registry's proof for these keys and papers, not verified yet."""
        asked = [("key", to_hex(key)) for key in sorted(questions.keys)]
        asked += [("paper", to_hex(paper)) for paper in sorted(questions.papers)]
        return StateEvidence.from_json(await self._json("GET", "/v1/proofs/registry", params=asked))

    async def attestation(self, number: int) -> bytes:
        """Return the city's signature of its block at this number."""
        answer = read_object(await self._json("GET", f"/attestation/{number}"), "attestation")
        return read_bytes(answer.get("signature"), "signature")

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

    async def bid_list(self, tender: bytes) -> JsonObject:
        """Return the list as the city read it out of the box."""
        return read_object(await self._json("GET", f"/v1/tenders/{to_hex(tender)}/list"), "list")

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

    async def get_json(self, path: str, query: Mapping[str, str]) -> JsonValue:
        """Return the JSON of a GET."""
        return await self._json("GET", path, params=dict(query))

    async def post_json(self, path: str, body: JsonObject) -> JsonValue:
        """Return the JSON answer of a POST of JSON."""
        return await self._json("POST", path, json=body)

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
