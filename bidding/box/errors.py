"""What the door and the box refuse; every code is stable."""

from __future__ import annotations

from ledger.errors import SunbidError


class StreamError(SunbidError):
    """A stream that is not what its head and length say; nothing of it is kept."""

    code = "stream.malformed"


class SlipError(SunbidError):
    """Bytes that are no slip; nothing of them is kept."""

    code = "slip.malformed"


class QuotaError(SunbidError):
    """The account has used up what it may upload today."""

    code = "quota.streams"


class PartnerError(SunbidError):
    """A partner city's answer that does not hold; the city is named, its answer is not used."""

    code = "peer.signature"


class BoxError(SunbidError):
    """The box of a tender cannot be read (yet), or what was handed in for it does not fit the chain."""

    code = "box.state"
