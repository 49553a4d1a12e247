"""What a bidder's device refuses to do, or cannot do yet; each message says what to do next."""

from __future__ import annotations

from ledger.errors import SunbidError


class DeviceError(SunbidError):
    """A step that the device does not take."""

    code = "device.refused"


class DeviceJournalError(SunbidError):
    """A journal folder that is damaged, or in use for something else."""

    code = "device.journal"
