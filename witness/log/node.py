"""One city's logs as the tasks see them: who the city is, what it signs with, what it stands on."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.city import City
from ledger.clock import Clock, to_unix
from ledger.db import Database
from ledger.eip712 import Domain
from ledger.errors import SunbidError
from witness.log.lease import Lease
from witness.log.ports import BoxFacts, LogChain, LogKeys, Partner, SlipRules, Submitter


class UnknownCityError(SunbidError):
    """An origin or a city that is no partner of this one."""

    code = "log.unknown_city"


@dataclass(frozen=True)
class LogNode:
    """Everything that the logs' tasks need; `registry` is CityRegistry's EIP-712 domain.

    `randomness(n)` returns n secret random bytes and `lease` says which process may write the own logs.
    """

    city: City
    keys: LogKeys = field(repr=False)
    registry: Domain
    database: Database
    clock: Clock
    chain: LogChain
    sender: Submitter
    box: BoxFacts
    slips: SlipRules
    partners: tuple[Partner, ...] = ()
    randomness: Callable[[int], bytes] = secrets.token_bytes
    lease: Lease = field(default_factory=Lease)

    @property
    def now(self) -> int:
        """The injected clock's time in seconds since 1970."""
        return to_unix(self.clock.now())

    def partner(self, city: bytes) -> Partner:
        """Return the partner with this city id."""
        for partner in self.partners:
            if partner.city.id32 == city:
                return partner
        raise UnknownCityError("no partner city has this id: see the settings' peers")
