"""The city's trust file: what it publishes for verifiers, and what it checks other cities' answers with."""

from __future__ import annotations

from ledger.chain.evidence.trust import TrustFile
from ledger.errors import SunbidError
from ledger.settings import CitySettings


class TrustFileError(SunbidError):
    """The city has no trust file yet."""

    code = "trust.not_found"


def trust_bytes(settings: CitySettings) -> bytes:
    """Return the trust file as it lies in the city's folder; refuse if there is none."""
    try:
        return settings.trust_path.read_bytes()
    except FileNotFoundError as error:
        raise TrustFileError(
            "This city has no trust file yet. Its operator puts the network's trust.json into the city's folder."
        ) from error


def trust_file(settings: CitySettings) -> TrustFile:
    """Return what the city pins."""
    return TrustFile.from_bytes(trust_bytes(settings))
