"""What an opening refuses to take, and what it cannot do yet."""

from __future__ import annotations

from ledger.errors import SunbidError


class OpeningError(SunbidError):
    """A record of the opening that is not taken, or a question that has no answer yet."""

    code = "opening.not_yet"


class FalseRecordError(SunbidError):
    """A signed record that is false: it is kept as evidence, and its maker is named."""

    code = "opening.false_record"
