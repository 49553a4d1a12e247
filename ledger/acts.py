"""The acts: every legally relevant statement, defined once (acts.md).

An act is signed by the key of the person or organisation that makes it, as EIP-712 typed data. From the classes
here come the Solidity structs and type hashes (`contracts/libraries/Acts.sol`), the TypeScript types and the
documentation. A published type never changes; a new one gets a new name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum
from typing import ClassVar

from ledger.eip712 import B32, U8, U32, U64, Address, Blob, Domain, Flag, Struct, Text, digest

__all__ = ["ACTS", "Act", "Committee", "Contract", "Domain", "Envelope", "Role", "Scope", "Track", "digest"]

ZERO32 = bytes(32)


class Contract(StrEnum):
    """The contract in whose domain an act is signed; where only verifiers check an act it is CityRegistry."""

    CITY_REGISTRY = "CityRegistry"
    KEY_SETS = "KeySets"
    TENDER_BOOK = "TenderBook"
    CREDIT_LEDGER = "CreditLedger"


class Track(StrEnum):
    """Whose sequence of steps an act on a tender belongs to; `step` counts the acts accepted on that track."""

    TENDERER = "T"
    SUPERVISOR = "S"
    LOT = "L"


class Role(IntEnum):
    """What a credential lets its key do."""

    TENDERER = 1
    AGENCY = 2
    BIDDER = 3
    EXPERT = 4
    CENTRE = 5
    SUPERVISOR = 6
    CREDIT_AUTHORITY = 7
    CITY_OFFICER = 8


class Scope(IntFlag):
    """What an organisation lets a delegate do."""

    PREPARE = 1
    SUBMIT = 2
    OPEN = 4
    OBJECT = 8
    CONDUCT = 16


class Envelope(IntEnum):
    """The parts of a bid that are opened one after the other."""

    QUALIFICATION = 1
    TECHNICAL = 2
    PRICE = 3

    @property
    def text(self) -> str:
        """The name inside the header's label."""
        return self.name.lower()

    @property
    def bit(self) -> int:
        """The bit in `Lot.envelopes`."""
        return 1 << (self - 1)


class Committee(IntEnum):
    """When the committee opens what a bidder has not opened."""

    AT_ONCE = 0
    AFTER = 1
    NEVER = 2


class Purpose(IntEnum):
    """What a key set is for; it is used for nothing else."""

    SEAL = 1
    BOX = 2
    COIN = 3


@dataclass(frozen=True)
class Act(Struct):
    """Base of all acts."""

    contract: ClassVar[Contract] = Contract.CITY_REGISTRY
    track: ClassVar[Track | None] = None


@dataclass(frozen=True)
class _OnTenderBook(Act):
    contract: ClassVar[Contract] = Contract.TENDER_BOOK


# --- who may act -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Credential(Act):
    """An issuer states that `key` acts in `role` for `organisation`; `subject` is the person or the organisation."""

    key: Address
    subject: B32
    organisation: B32
    role: U8
    valid_from: U64
    valid_to: U64


@dataclass(frozen=True)
class Delegation(Act):
    """An organisation's own key lets `key` act for it within `scope`, in `tender` (zero: in all)."""

    organisation: B32
    key: Address
    scope: U8
    tender: B32
    valid_to: U64


@dataclass(frozen=True)
class Revocation(Act):
    """A credential or delegation, named by its digest, ends."""

    digest: B32
    at: U64


@dataclass(frozen=True)
class Consortium(Act):
    """Members bid together under `lead`."""

    members: tuple[B32, ...]
    lead: B32
    agreement: B32


# --- the tender ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lot(Struct):
    """A part of a tender (标段) with the set of envelopes bids on it have (bits of `Envelope`)."""

    number: U32
    envelopes: U8


@dataclass(frozen=True)
class TenderAnnouncement(_OnTenderBook):
    """The tenderer and the trading centre announce a tender (招标公告)."""

    tender: B32
    tenderer: B32
    agency: B32
    supervisor: B32
    nonce: B32
    notice: B32
    rule_pack: B32
    key_id: B32
    box_key_id: B32
    origins: tuple[B32, ...]
    lots: tuple[Lot, ...]
    deadline: U64
    grace: U32
    open_after: U32
    amend_lead: U32
    minimum_bidders: U8
    committee: U8
    committee_after: U32


@dataclass(frozen=True)
class TenderAmendment(_OnTenderBook):
    """A later notice, a later deadline; `supersedes` makes bids on the notices before it void."""

    track: ClassVar[Track | None] = Track.TENDERER
    tender: B32
    notice: B32
    deadline: U64
    supersedes: Flag
    step: U64


@dataclass(frozen=True)
class TenderSuspension(_OnTenderBook):
    """The tender stands still, on the tenderer's or the supervisor's track."""

    tender: B32
    reason: B32
    step: U64


@dataclass(frozen=True)
class TenderResumption(_OnTenderBook):
    """The side that suspended lets the tender go on."""

    tender: B32
    reason: B32
    step: U64


@dataclass(frozen=True)
class TenderTermination(_OnTenderBook):
    """The tender ends without an award (终止招标)."""

    tender: B32
    reason: B32
    step: U64


# --- the bid ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BidSubmission(_OnTenderBook):
    """A bidder submits the sealed envelope with this header, in answer to this notice."""

    tender: B32
    lot: U32
    envelope: U8
    bidder: B32
    sequence: U32
    header_hash: B32
    notice: B32
    at: U64


@dataclass(frozen=True)
class BidWithdrawal(_OnTenderBook):
    """A bidder withdraws what it submitted for this lot and envelope (撤回)."""

    tender: B32
    lot: U32
    envelope: U8
    bidder: B32
    sequence: U32
    at: U64


@dataclass(frozen=True)
class SecretEvent(Act):
    """A city commits to an event that stays secret until the box is opened."""

    tender: B32
    origin: B32
    sequence: U32
    commitment: B32
    at: U64


@dataclass(frozen=True)
class StreamReceipt(Act):
    """A city keeps the ciphertext stream with this head and payload length."""

    head: B32
    length: U64


@dataclass(frozen=True)
class Acknowledgement(Act):
    """A city has taken this slip for this origin, and will have it merged by `merge_by`."""

    origin: B32
    slip: B32
    received_at: U64
    merge_by: U64


# --- keys, logs, blocks ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KeySetRegistration(Act):
    """A member confirms its part in a key set."""

    contract: ClassVar[Contract] = Contract.KEY_SETS
    key_id: B32
    purpose: U8
    epoch: U32
    keys: B32


@dataclass(frozen=True)
class BoxCheckpoint(Act):
    """An origin, or a witness of another city, saw the sealed log at this size and root at this time."""

    origin: B32
    size: U64
    root: B32
    at: U64


@dataclass(frozen=True)
class BlockAttestation(Act):
    """A city's own node holds this block."""

    number: U64
    block_hash: B32


# --- the opening -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BoxShare(Act):
    """A key-holder publishes its share of the tender's box key."""

    tender: B32
    box_key_id: B32
    epoch: U32
    holder: U8
    scalar: B32


@dataclass(frozen=True)
class LotCount(Struct):
    """How many bidders have a valid entry on the lot's first envelope."""

    lot: U32
    bidders: U32


@dataclass(frozen=True)
class BidList(_OnTenderBook):
    """A key-holder computed this list from the box itself."""

    tender: B32
    inputs: B32
    root: B32
    count: U32
    counts: tuple[LotCount, ...]


@dataclass(frozen=True)
class ShareRelease(Act):
    """A key-holder releases its share for one header."""

    tender: B32
    header_hash: B32
    key_id: B32
    epoch: U32
    share: Blob


@dataclass(frozen=True)
class BidOpening(Act):
    """A bidder opens its own bid by publishing r."""

    tender: B32
    header_hash: B32
    r: B32


@dataclass(frozen=True)
class OpeningRecord(_OnTenderBook):
    """Who hosts the opening states what was opened for one lot and envelope (开标记录)."""

    track: ClassVar[Track | None] = Track.LOT
    tender: B32
    lot: U32
    envelope: U8
    root: B32
    step: U64


@dataclass(frozen=True)
class OpeningConfirmation(Act):
    """Somebody present confirms the opening record."""

    tender: B32
    record: B32
    text: B32


@dataclass(frozen=True)
class OpeningObjection(Act):
    """Somebody present objects to the opening (异议)."""

    tender: B32
    record: B32
    text: B32


@dataclass(frozen=True)
class OpeningReply(Act):
    """The host answers an objection on the spot."""

    tender: B32
    record: B32
    text: B32


@dataclass(frozen=True)
class EnvelopeExclusion(_OnTenderBook):
    """The tenderer, on the panel's report, rejects bidders after one envelope; perhaps none (否决)."""

    track: ClassVar[Track | None] = Track.LOT
    tender: B32
    lot: U32
    envelope: U8
    excluded: tuple[B32, ...]
    report: B32
    step: U64


# --- evaluation and award --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DrawRequest(Act):
    """Centre and tenderer ask for a draw of experts from a frozen snapshot (专家抽取)."""

    tender: B32
    no: U32
    snapshot: B32
    size: U32
    exclusions: B32
    reason: B32


@dataclass(frozen=True)
class SeatAcceptance(Act):
    """An expert takes a seat."""

    tender: B32
    seat: B32
    text: B32


@dataclass(frozen=True)
class ConflictDeclaration(Act):
    """An expert declares a conflict of interest, or that there is none (回避)."""

    tender: B32
    seat: B32
    text: B32


@dataclass(frozen=True)
class ScoreSheet(Act):
    """An expert's scores for one bidder, as the root over the witnessed sheet."""

    tender: B32
    lot: U32
    criteria: B32
    bidder: B32
    scores: B32
    seat: B32


@dataclass(frozen=True)
class BidRejection(Act):
    """An expert rejects a bid with a reason."""

    tender: B32
    lot: U32
    bidder: B32
    reason: B32
    seat: B32


@dataclass(frozen=True)
class Clarification(Act):
    """An expert asks a bidder to clarify (澄清)."""

    tender: B32
    lot: U32
    bidder: B32
    reason: B32
    seat: B32


@dataclass(frozen=True)
class EvaluationReport(Act):
    """An expert signs the report of the panel, with the root over its records and a dissent if any."""

    tender: B32
    lot: U32
    root: B32
    dissent: B32


@dataclass(frozen=True)
class AwardDecision(_OnTenderBook):
    """The tenderer decides the award of a lot (定标)."""

    track: ClassVar[Track | None] = Track.LOT
    tender: B32
    lot: U32
    winner: B32
    method: U8
    basis: B32
    replaces: B32
    step: U64


@dataclass(frozen=True)
class LotFailure(_OnTenderBook):
    """The tenderer states that a lot has no award, and why (流标)."""

    track: ClassVar[Track | None] = Track.LOT
    tender: B32
    lot: U32
    reason: U8
    basis: B32
    replaces: B32
    step: U64


# --- credit ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CreditDecision(Act):
    """A competent authority rewards or penalises a subject."""

    contract: ClassVar[Contract] = Contract.CREDIT_LEDGER
    subject: B32
    rule: B32
    points: Text
    basis: B32
    from_: U64
    to: U64
    body: B32


@dataclass(frozen=True)
class CreditRevocation(Act):
    """A competent authority takes a decision back."""

    contract: ClassVar[Contract] = Contract.CREDIT_LEDGER
    subject: B32
    decision: B32
    basis: B32
    body: B32


@dataclass(frozen=True)
class CreditRepair(Act):
    """A competent authority ends the use of a decision after repair (信用修复)."""

    contract: ClassVar[Contract] = Contract.CREDIT_LEDGER
    subject: B32
    decision: B32
    basis: B32
    body: B32


def _concrete(base: type[Act]) -> list[type[Act]]:
    found: list[type[Act]] = []
    for child in base.__subclasses__():
        found += _concrete(child) if child.__name__.startswith("_") else [child]
    return found


ACTS: dict[str, type[Act]] = {act.name(): act for act in _concrete(Act)}
"""Every act by the name of its type."""
