"""One city's logs as the tasks see them: who the city is, what it signs with, what it stands on."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.city import City
from ledger.clock import Clock, to_unix
from ledger.db import Database
from ledger.eip712 import Domain
from witness.log.checkpoint import Checkpoint
from witness.log.cosignature import Cosigner
from witness.log.lease import Lease
from witness.log.note import Note, NoteSigner
from witness.log.ports import BoxFacts, LogChain, LogKeys, Partner, SlipRules, Submitter, TreeHead, witness_name
from witness.log.schedule import Shuffler
from witness.log.times import PartnerTimes


@dataclass(frozen=True)
class LogNode:
    """Everything that the logs' tasks need; `registry` is CityRegistry's EIP-712 domain.

    `randomness(n)` returns n secret random bytes, `shuffler` the order within a batch. `lease` says which process may
    write the own logs, `examined` which false roots the witness has looked into. `anchor_interval` is how many seconds
    lie between anchors when nothing presses.
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
    shuffler: Shuffler = field(default_factory=secrets.SystemRandom)
    anchor_interval: int = 300
    lease: Lease = field(default_factory=Lease)
    times: PartnerTimes = field(default_factory=PartnerTimes)
    examined: set[bytes] = field(default_factory=set)

    @property
    def now(self) -> int:
        """The injected clock's time in seconds since 1970."""
        return to_unix(self.clock.now())

    def sign_checkpoint(self, line: str, head: TreeHead) -> Note:
        """Return the signed note of an own log; it is to be stored before anybody sees it."""
        signer = NoteSigner(line, self.keys.log.private_bytes_raw())
        return Checkpoint(line, head.size, head.root).sign(signer)

    @property
    def cosigner(self) -> Cosigner:
        """The own witness's key for other cities' checkpoints."""
        return Cosigner(witness_name(self.city), self.keys.cosigner.private_bytes_raw())
