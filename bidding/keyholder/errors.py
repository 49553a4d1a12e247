"""Why a key-holder does not sign."""

from __future__ import annotations

from ledger.errors import SunbidError


class HolderConfigError(SunbidError):
    """A holder's folder that is incomplete or contradicts itself."""

    code = "holder.config"


class JournalError(SunbidError):
    """A journal that is damaged, or that already says something else; the holder stops rather than guess."""

    code = "holder.journal"


class ReleaseRefusedError(SunbidError):
    """Something that this holder will not release, now or ever; `code` says why."""

    code = "holder.refused"
