"""Whether this city's clock can be trusted to date a signature: it is compared with what the partners say."""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.errors import SunbidError

MAX_OFFSET = 5
"""Seconds by which a clock may be off (architecture.md, "Time")."""


class ClockOffError(SunbidError):
    """The own clock, or the one it is compared with, is off by more than `MAX_OFFSET` seconds."""

    code = "clock.unavailable"


@dataclass
class PartnerTimes:
    """How far each partner's clock was from ours when it answered last, in seconds."""

    _offsets: dict[bytes, int] = field(default_factory=dict)

    def note(self, city: bytes, offset: int) -> None:
        """Remember the offset of one partner, positive if it is ahead of us."""
        self._offsets[city] = offset

    def forget(self, city: bytes) -> None:
        """Let a partner that did not answer rightly have no say."""
        self._offsets.pop(city, None)

    def off_by(self) -> int:
        """Return by how many seconds our clock is off if most of the partners heard disagree with it, else 0.

        One partner that is off is its own problem, unless it is the only one heard: then nobody can say whose clock
        is wrong, and a witness that does not know the time must not sign one.
        """
        off = [offset for offset in self._offsets.values() if abs(offset) > MAX_OFFSET]
        return min(off, key=abs) if 2 * len(off) > len(self._offsets) else 0

    def check(self) -> None:
        """Raise `ClockOffError` if our clock is off."""
        need_right_clock(self.off_by())


def need_right_clock(off_by: int) -> None:
    """Raise `ClockOffError` unless the clock is right, which is `off_by` 0."""
    if off_by:
        raise ClockOffError(
            f"the clock of this city is off by {off_by} s against its partners: set it by NTP", off_by=off_by
        )
