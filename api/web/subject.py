"""Whom a form asks about, and when: a company's code or an id, and a moment in Asia/Shanghai."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from api.web.format import SHANGHAI
from ledger.clock import to_unix
from ledger.errors import SunbidError
from ledger.identity import Uscc

_ID = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


class FormError(SunbidError):
    """A field of a form that cannot be read."""

    code = "form.malformed"


@dataclass(frozen=True)
class Asked:
    """The form as it was filled in, and what it means; `subject` is None while nothing was asked, or in vain."""

    typed: str = ""
    typed_at: str = ""
    subject: bytes | None = None
    at: int | None = None
    warning: str = ""
    problem: str = ""


def read_form(typed: str, typed_at: str) -> Asked:
    """Return what the fields of a form ask for, with the problem in words if they cannot be read."""
    typed, typed_at = typed.strip(), typed_at.strip()
    if not typed:
        return Asked(typed, typed_at)
    try:
        subject, warning = _subject(typed)
        return Asked(typed, typed_at, subject, _moment(typed_at), warning)
    except SunbidError as error:
        return Asked(typed, typed_at, problem=error.message)


def _subject(typed: str) -> tuple[bytes, str]:
    if _ID.fullmatch(typed):
        return bytes.fromhex(typed[2:]), ""
    code = Uscc(typed.upper())
    return code.organisation_id, code.warning or ""


def _moment(typed: str) -> int | None:
    if not typed:
        return None
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError as error:
        raise FormError("A moment is written like 2026-01-31T09:30.") from error
    return to_unix(moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI))
