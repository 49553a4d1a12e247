"""The error of every check of chain evidence."""

from __future__ import annotations

from ledger.errors import SunbidError


class EvidenceError(SunbidError):
    """A header, seal, attestation or proof that does not prove what it should, or that is missing.

    The code names which: `evidence.rlp`, `evidence.header`, `evidence.seals`, `evidence.clique`,
    `evidence.attestation`, `evidence.proof`, `evidence.missing`, `evidence.layout`, `evidence.trust`.
    """

    code = "evidence.invalid"
