"""Why sealed material is refused: one class for each answer to "whose fault is it" (sealing.md, "Opening")."""

from __future__ import annotations

from ledger.errors import SunbidError


class SealingError(SunbidError):
    """Root of everything that the sealing library refuses."""

    code = "sealing.refused"


class FormatError(SealingError):
    """Bytes that no honest writer produces: a wrong size, a bad point, a scalar out of range, an item too many."""

    code = "sealing.format"


class LabelError(SealingError):
    """A header whose label names another tender, lot, envelope, bidder, attempt or key set."""

    code = "sealing.label"


class HeaderProofError(SealingError):
    """A header whose proof does not hold: copied, altered, or sealed to another key."""

    code = "sealing.header_proof"


class KeySetError(SealingError):
    """A key set whose numbers are out of range, whose keys lie on no polynomial, or whose id is another's."""

    code = "sealing.key_set"


class ShareError(SealingError):
    """A decryption share that its holder did not make for this header and epoch: evidence against the holder."""

    code = "sealing.share"


class CombineError(SealingError):
    """Shares that do not add up to an opening: not exactly k, or an index twice."""

    code = "sealing.combine"


class StoreDamageError(SealingError):
    """A stored stream that does not match its head: the store's fault, never the bidder's."""

    code = "sealing.store_damage"


class VoidBidError(SealingError):
    """A stream that is as it was sealed and yet opens to nothing valid: the bidder's fault."""

    code = "sealing.void"


class BidderOpeningError(SealingError):
    """A published r that is not the header's."""

    code = "sealing.bidder_opening"


class CeremonyError(SealingError):
    """A message of the key ceremony that excludes its sender."""

    code = "sealing.ceremony"


class RecoveryError(SealingError):
    """A recovery file that does not open: damaged, or another passphrase."""

    code = "sealing.recovery"


class SlipError(SealingError):
    """A slip or its body that cannot be written."""

    code = "sealing.slip"
