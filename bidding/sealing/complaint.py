"""Complaints of the key ceremony: one sealed share is opened to everybody, and anyone can judge who is at fault."""

from __future__ import annotations

from collections.abc import Mapping

from bidding.sealing.ceremony import Deal, Session, share_inside, verified_header
from bidding.sealing.errors import CeremonyError, SealingError
from bidding.sealing.tdh2 import combine, make_share, verify_share
from ledger.encoding import EncodingError, dec, enc, u32


def make_complaint(session: Session, deal: Deal, member: int, identity_secret: int, rnd: bytes) -> bytes:
    """Return the complaint that lets anybody open this one sealed share and judge."""
    share = make_share(verified_header(session, deal, member), session.identity_set(member), 1, identity_secret, rnd)
    return enc(b"complaint", session.sid, u32(deal.dealer), u32(member), share)


def is_founded(session: Session, deals: Mapping[int, Deal], complaint: bytes) -> bool:
    """Say whether the dealer cheated (True) or the complainer accuses without ground (False).

    `deals` are those that `read_deal` passed, by dealer. A complaint that is itself malformed raises `CeremonyError`;
    like an unfounded one it counts against its sender.
    """
    try:
        head, sid, dealer, member, share = dec(complaint, 5)
        deal, index = deals[int.from_bytes(dealer, "big")], int.from_bytes(member, "big")
        if head != b"complaint" or sid != session.sid or not 1 <= index <= session.n or len(dealer + member) != 8:
            raise CeremonyError("the complaint is not of this run")
        verified, identity = verified_header(session, deal, index), session.identity_set(index)
        z = combine(verified, identity, (verify_share(verified, identity, share),))
    except (EncodingError, KeyError, SealingError) as error:
        raise CeremonyError("the complaint is malformed, or its share is not the complainer's") from error
    try:
        share_inside(session, deal, index, z)
    except CeremonyError:
        return True
    return False
