"""The signed acts that a slip carries, rebuilt from its body and the tender's facts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bidding.sealing.errors import FormatError
from bidding.sealing.facts import TenderFacts
from bidding.sealing.header import BID_CHUNK_SIZE, Label
from bidding.sealing.slip import DELEGATION_ALL, DELEGATION_NONE, KIND_BID, KIND_EVENT, ZERO32, SlipBody
from ledger.acts import BidSubmission, BidWithdrawal, Credential, Delegation, Envelope, Role, SecretEvent, StreamReceipt
from ledger.eip712 import digest
from ledger.encoding import enc, u32, u64
from ledger.keys import SignatureError, recover


def label_of(body: SlipBody, facts: TenderFacts) -> Label:
    """Return the label of the bid in `body`: of all its fields only the attempt nonce is free."""
    envelope = Envelope(body.envelope)
    return Label(
        facts.chain_id,
        facts.tender_book,
        facts.tender,
        body.lot,
        envelope,
        body.bidder,
        body.attempt_nonce,
        facts.key_id,
    )


def header_of(body: SlipBody, facts: TenderFacts) -> bytes:
    """Return the bytes of the bid's full header, which may or may not parse: the act signs their hash in any case."""
    tag = facts.key_set.suite.tag("header")
    label = label_of(body, facts).encode()
    return enc(tag, label, body.core, body.head, u64(body.length), u32(BID_CHUNK_SIZE))


def header_hash_of(body: SlipBody, facts: TenderFacts) -> bytes:
    """Return the headerHash of the bid in `body`."""
    return facts.key_set.suite.digest(header_of(body, facts))


def submission_of(body: SlipBody, facts: TenderFacts) -> BidSubmission:
    """Return the act that `body.signature` signs in a bid."""
    return BidSubmission(
        facts.tender,
        body.lot,
        body.envelope,
        body.bidder,
        body.sequence,
        header_hash_of(body, facts),
        body.notice,
        body.signed_at,
    )


def withdrawal_of(body: SlipBody, facts: TenderFacts) -> BidWithdrawal:
    """Return the act that `body.signature` signs in a withdrawal."""
    return BidWithdrawal(facts.tender, body.lot, body.envelope, body.bidder, body.sequence, body.signed_at)


def event_of(body: SlipBody, facts: TenderFacts, origin: bytes) -> SecretEvent:
    """Return the act that `body.signature` signs in an event at a place of `origin`."""
    return SecretEvent(facts.tender, origin, body.sequence, body.head, body.signed_at)


def receipt_of(body: SlipBody) -> StreamReceipt:
    """Return the act that each receipt in a bid signs."""
    return StreamReceipt(body.head, body.length)


def receipt_digest(body: SlipBody, facts: TenderFacts) -> bytes:
    """Return the 32 bytes that each receiving city signs for the bid's stream."""
    return digest(receipt_of(body), facts.registry_domain)


def event_digest(body: SlipBody, facts: TenderFacts, origin: bytes) -> bytes:
    """Return the 32 bytes that the origin's receiving key signs for the event."""
    return digest(event_of(body, facts, origin), facts.registry_domain)


def signer(act_digest: bytes, signature: bytes) -> bytes | None:
    """Return the address that signed, or None if no key fits."""
    try:
        return recover(act_digest, signature)
    except SignatureError:
        return None


@dataclass(frozen=True)
class ActChain:
    """A bid's or withdrawal's act and the keys behind it: acting key, the company's own key, the issuer.

    Each follows from the digest and signature before; it is None where a signature gives no key.
    """

    body: SlipBody
    facts: TenderFacts

    def __post_init__(self) -> None:
        if self.body.kind >= KIND_EVENT:
            raise FormatError("an event of a city has no chain of credentials")

    @cached_property
    def act(self) -> BidSubmission | BidWithdrawal:
        """The bidder's act."""
        build = submission_of if self.body.kind == KIND_BID else withdrawal_of
        return build(self.body, self.facts)

    @cached_property
    def act_digest(self) -> bytes:
        """The act's id: the same act in two slips is one act."""
        return digest(self.act, self.facts.book_domain)

    @cached_property
    def acting_key(self) -> bytes | None:
        """The address that signed the act."""
        return signer(self.act_digest, self.body.signature)

    @property
    def is_delegated(self) -> bool:
        """Whether the slip carries a delegation."""
        return self.body.delegation_tender != DELEGATION_NONE

    @cached_property
    def delegation(self) -> Delegation | None:
        """The delegation, None if there is none or the acting key is unknown."""
        if not self.is_delegated or self.acting_key is None:
            return None
        tender = ZERO32 if self.body.delegation_tender == DELEGATION_ALL else self.facts.tender
        body = self.body
        return Delegation(body.bidder, self.acting_key, body.delegation_scope, tender, body.delegation_to)

    @cached_property
    def delegation_digest(self) -> bytes | None:
        """The digest by which the delegation would be revoked."""
        return digest(self.delegation, self.facts.registry_domain) if self.delegation else None

    @cached_property
    def credential_key(self) -> bytes | None:
        """The key that the credential is for: the acting key, or the company's own that delegated."""
        if not self.is_delegated:
            return self.acting_key
        known = self.delegation_digest
        return signer(known, self.body.delegation_signature) if known else None

    @cached_property
    def credential(self) -> Credential | None:
        """The credential, None if the key that it is for is unknown."""
        if self.credential_key is None:
            return None
        body = self.body
        return Credential(self.credential_key, body.subject, body.bidder, Role.BIDDER, body.valid_from, body.valid_to)

    @cached_property
    def credential_digest(self) -> bytes | None:
        """The digest by which the credential would be revoked."""
        return digest(self.credential, self.facts.registry_domain) if self.credential else None

    @cached_property
    def issuer(self) -> bytes | None:
        """The address that signed the credential."""
        known = self.credential_digest
        return signer(known, self.body.credential_signature) if known else None
