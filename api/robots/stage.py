"""What a performance needs: who issues papers, how to reach the cities, how time passes, whom to tell."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from api.client import CityApi, CityRefusalError
from api.robots.bidder import BidderRobot, HttpTo, Surroundings, open_bidder
from api.robots.people import Party, Registrar
from api.robots.pulse import Pulse
from api.robots.tenderer import KeyChoice, Parties, TenderConduct
from ledger.acts import Role
from ledger.signed import Domains
from witness.audit.collect_log import NotLoggedError

Tell = Callable[[str], None]
"""Shows a step to whoever watches, in words."""


@dataclass
class Stage:
    """One network as robots see it; `city` is where tenders are announced, `box_keys` the unused stock."""

    city: str
    cities: tuple[str, ...]
    origins: dict[str, bytes]
    domains: Domains
    registrar: Registrar
    pulse: Pulse
    around: Surroundings
    folder: Path
    seal_key: bytes
    box_keys: list[bytes]
    supervision: bytes
    resources: AsyncExitStack
    tell: Tell = field(default=lambda _: None)

    @property
    def http(self) -> HttpTo:
        """Makes clients to cities."""
        return self.around.http

    def keys(self) -> KeyChoice:
        """Take a box key from the stock; each serves one tender."""
        return KeyChoice(self.seal_key, self.box_keys.pop(0))

    def parties(self, tenderer: str) -> Parties:
        """Return a new tenderer with this city's centre and supervisor."""
        return Parties(
            self.registrar.party(tenderer, Role.TENDERER),
            self.registrar.party(f"trading centre of {self.city}", Role.CENTRE, personal=True),
            self.registrar.party("supervision", Role.SUPERVISOR, personal=True, organisation=self.supervision),
        )

    async def api(self, party: Party | None = None, name: str | None = None) -> CityApi:
        """Return a client of a city, the announcing one by default, with `party` signed in; it ends with the stage."""
        http = self.http(name or self.city)
        self.resources.push_async_callback(http.aclose)
        city = CityApi(http)
        if party is not None:
            await party.sign_in(city)
        return city

    async def bidder(self, party: Party, home: str | None = None) -> BidderRobot:
        """Return a robot with a device that hands in at the city `home` first; it ends with the stage."""
        folder = self.folder / "devices" / party.key.address.hex()
        around = self.around if home is None else self.around.at_home_in(home)
        return await self.resources.enter_async_context(open_bidder(party, folder, around))

    async def until_state(self, conduct: TenderConduct, *states: str) -> str:
        """Return the tender's state once it is one of these."""
        found = ""

        async def holds() -> bool:
            nonlocal found
            found = (await conduct.state())["state"]
            return found in states

        await self.pulse.until(holds, f"tender in state {' or '.join(states)}")
        return found

    async def bundle(self, conduct: TenderConduct, **query: int) -> bytes:
        """Return the tender's bundle once its last events are witnessed and anchored; `query` as `/bundle` takes it."""
        content = b""

        async def is_made() -> bool:
            nonlocal content
            try:
                content = await conduct.city.get_bytes(f"{conduct.path}/bundle", **query)
            except CityRefusalError as error:
                if error.code != NotLoggedError.code:
                    raise
                return False
            return True

        await self.pulse.until(is_made, "the tender's last events witnessed and anchored")
        return content

    async def until_lot(self, conduct: TenderConduct, lot: int, *states: str) -> None:
        """Return once the lot is in one of these states."""

        async def holds() -> bool:
            return (await conduct.lot(lot))["state"] in states

        await self.pulse.until(holds, f"lot {lot} in state {' or '.join(states)}")
