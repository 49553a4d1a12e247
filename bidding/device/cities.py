"""The cities as a bidder's device uses them: signed in where it uploads, a stranger where it only looks."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from bidding.box.remote import CityClient
from ledger.authority import ActChain
from ledger.identity import city_id
from ledger.json_fields import read_object, read_text, to_hex
from ledger.keys import SigningKey, personal_digest
from ledger.signin import open_session


@dataclass(frozen=True)
class DeviceCity:
    """One city; `reading` carries no session, so that looking at a tender tells the city nothing about who looks."""

    reading: CityClient
    account: CityClient

    @classmethod
    def of(cls, name: str, reading: httpx.AsyncClient, account: httpx.AsyncClient) -> DeviceCity:
        """Return the city behind two HTTP clients, which must not share cookies or headers."""
        return cls(CityClient(name, reading), CityClient(name, account))

    @property
    def name(self) -> str:
        """The city's registered name."""
        return self.reading.name

    @property
    def id32(self) -> bytes:
        """The city's id."""
        return city_id(self.name)

    async def sign_in(self, key: SigningKey, *papers: ActChain) -> None:
        """Open a session for `key` on the account client (EIP-4361) and show its papers in it."""

        async def answer() -> str:
            asked = await self.account.get_json("/v1/session/challenge", {"address": to_hex(key.address)})
            message = read_text(read_object(asked, "challenge").get("message"), "message")
            signature = to_hex(key.sign(personal_digest(message)))
            opened = await self.account.post_json("/v1/session", {"message": message, "signature": signature})
            return read_text(read_object(opened, "session").get("token"), "token")

        token = await open_session(answer)
        self.account.http.headers["Authorization"] = f"Bearer {token}"
        for chain in papers:
            await self.account.post_json("/v1/credentials", chain.to_json())
