"""What a holder asks of its own chain node and its own records before it signs anything (sealing.md, "Opening").

Pure: every function takes what was read and refuses with `ReleaseRefusedError`. Releasing a share before these checks
would turn the holder into a decryption oracle.
"""

from __future__ import annotations

from collections.abc import Collection

from bidding.box.book import BookState, LotState, LotView, TenderAtBlock
from bidding.box.committee import RegisteredKeySet
from bidding.keyholder.config import HeldShare
from bidding.keyholder.errors import ReleaseRefusedError
from bidding.sealing.box import Entry
from bidding.sealing.header import BID_CHUNK_SIZE, Label
from bidding.sealing.keyset import KeySet
from bidding.sealing.tdh2 import VerifiedHeader, verify_header
from ledger.acts import Committee, Envelope, Purpose


def need_not_stopped(tender: TenderAtBlock) -> None:
    """Refuse a tender that is suspended or terminated."""
    if tender.view.is_suspended:
        raise ReleaseRefusedError("The tender is suspended.", code="holder.suspended")
    if tender.view.state is BookState.TERMINATED:
        raise ReleaseRefusedError("The tender was terminated: its box and bids stay sealed.", code="holder.terminated")


def need_share(share: HeldShare | None, purpose: Purpose, registered: RegisteredKeySet, signer: bytes) -> HeldShare:
    """Return the share if this holder may use it for `purpose` under the set as it is registered."""
    keys = registered.keys
    if share is None:
        raise ReleaseRefusedError("This holder has no share of this key set and epoch.", code="holder.no_share")
    if share.purpose is not purpose or registered.purpose is not purpose:
        raise ReleaseRefusedError(
            f"The holder's own record says that this key set is for {share.purpose.name.lower()}.",
            code="holder.wrong_purpose",
        )
    is_seat = 1 <= share.index <= keys.n and registered.members[share.index - 1].signer == signer
    if not is_seat:
        raise ReleaseRefusedError("The seat of this share is registered for another signer.", code="holder.wrong_seat")
    secret = int.from_bytes(share.secret, "big")
    group = keys.suite.group
    if group.encode(group.mul_base(secret)) != keys.holder_keys[share.index - 1]:
        raise ReleaseRefusedError("This share is not that of the registered key set.", code="holder.wrong_share")
    return share


def need_box(tender: TenderAtBlock, box: RegisteredKeySet) -> None:
    """Refuse to open a box that is not CLOSED, is stopped, or whose key is not the one announced with its seal set."""
    need_not_stopped(tender)
    if tender.view.state < BookState.CLOSED:
        raise ReleaseRefusedError("The box is not closed.", code="holder.not_closed")
    if (box.keys.key_id, box.seal_key_id) != (tender.view.box_key_id, tender.view.key_id):
        raise ReleaseRefusedError("The tender announced another box key.", code="holder.wrong_key_set")


def need_listed(tender: TenderAtBlock, root: bytes, count: int) -> None:
    """Refuse unless the list on chain is the one that this holder computed itself."""
    need_not_stopped(tender)
    if tender.view.state < BookState.LISTED:
        raise ReleaseRefusedError("The tender is not listed.", code="holder.not_listed")
    if (tender.view.list_root, tender.view.list_count) != (root, count):
        raise ReleaseRefusedError("The list on chain is not the one in the box.", code="holder.wrong_list")


def need_opening(tender: TenderAtBlock, lot: LotView, envelope: Envelope) -> None:
    """Refuse unless the lot is, or has been, OPENING this envelope and the committee's turn has come."""
    need_not_stopped(tender)
    if not lot.has_opened(envelope):
        raise ReleaseRefusedError("The lot is not opening this envelope.", code="holder.not_opening")
    match tender.view.committee:
        case Committee.AT_ONCE:
            return
        case Committee.AFTER:
            # Once the envelope is recorded as opened the window has passed; `since` is then that of a later step.
            is_due = lot.envelope > envelope or lot.state in {LotState.EXAMINING, LotState.OPENED, LotState.AWARDED}
            if not is_due and tender.time < lot.since + tender.view.committee_after:
                raise ReleaseRefusedError("The bidders' own window is open.", code="holder.window")
        case Committee.NEVER:
            raise ReleaseRefusedError("In this tender the committee opens nothing.", code="holder.never")


def need_entry(entry: Entry, lot: LotView, envelope: Envelope, excluded: Collection[bytes]) -> None:
    """Refuse an entry that is void, of another lot or envelope, or of a bidder excluded after an earlier envelope."""
    if (entry.lot, entry.envelope) != (lot.number, envelope):
        raise ReleaseRefusedError("The entry is of another lot or envelope.", code="holder.not_opening")
    if entry.void:
        raise ReleaseRefusedError("The entry is void.", code="holder.void", void=entry.void)
    if entry.bidder in excluded:
        raise ReleaseRefusedError("The bidder was excluded after an earlier envelope.", code="holder.excluded")


def need_header(header: bytes, header_hash: bytes, expected: Label, keys: KeySet) -> VerifiedHeader:
    """Return the header as verified: the hash of the entry, every field of the label, chunk size, proof.

    Raises `ReleaseRefusedError`, or the sealing library's `FormatError`, `LabelError`, `HeaderProofError`.
    """
    verified = verify_header(header, keys, expected)
    if verified.header.hash != header_hash:
        raise ReleaseRefusedError("The header is not the one that is listed.", code="holder.wrong_header")
    if verified.header.shape.chunk_size != BID_CHUNK_SIZE:
        raise ReleaseRefusedError("Bids have chunks of 1 MiB.", code="holder.chunk_size")
    return verified
