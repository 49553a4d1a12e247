"""From a document to a slip, on the device: seal, judge with the list rule's own code, sign. Nothing here is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bidding.box.proven import ProvenTender
from bidding.device.journal import Attempt, TenderJournal
from bidding.sealing.device import (
    Authority,
    BidRefusedError,
    bid_body,
    check_before_sending,
    make_slip,
    seal_bid,
    withdrawal_body,
)
from bidding.sealing.facts import TenderFacts
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.header import BID_CHUNK_SIZE, Header, Label, StreamShape
from bidding.sealing.slip import DELEGATION_ALL, DELEGATION_THIS, KIND_BID, SlipBody
from bidding.sealing.stream import TAG_SIZE, StreamHead
from bidding.tender.documents import parse_document
from ledger.acts import ZERO32
from ledger.authority import ActChain
from ledger.errors import SunbidError
from ledger.keys import SigningKey

DUMMY_LENGTH = 64 * 1024
"""Payload octets of the random stream that goes before a withdrawal, so that it looks like a small bid."""


@dataclass(frozen=True)
class Signer:
    """The acting key with its papers, for one bidder."""

    key: SigningKey
    papers: ActChain

    @property
    def bidder(self) -> bytes:
        """The organisation it acts for."""
        return self.papers.credential.organisation

    @property
    def authority(self) -> Authority:
        """The papers as a slip carries them."""
        credential, delegation = self.papers.credential, self.papers.delegation
        own = (credential.subject, credential.valid_from, credential.valid_to, self.papers.credential_signature)
        if delegation is None:
            return Authority(*own)
        whole = DELEGATION_ALL if delegation.tender == ZERO32 else DELEGATION_THIS
        return Authority(*own, whole, delegation.valid_to, delegation.scope, self.papers.delegation_signature)


@dataclass(frozen=True)
class StreamToSend:
    """Head and payload length of the stream in an attempt's folder."""

    head: bytes
    length: int


@dataclass(frozen=True)
class Sealer:
    """Seals and signs the acts of one tender; `now` is the device's time in seconds."""

    journal: TenderJournal
    tender: ProvenTender
    signer: Signer
    randomness: Callable[[int], bytes]
    now: int

    def seal(self, attempt: Attempt, document: Path) -> None:
        """Write the sealed stream of a document, then its header; refuse what could not be read when it is opened."""
        label = self._label(attempt)
        self._need_readable(document, label)
        with document.open("rb") as source, attempt.stream.open("wb") as sink:
            size = document.stat().st_size
            keys = self.tender.seal.keys
            header = seal_bid(source, size, label, keys, self.journal.seed, self.randomness(32), sink)
        attempt.sync_stream()
        attempt.write("header", header.encode())

    def _need_readable(self, path: Path, label: Label) -> None:
        try:
            document = parse_document(path.read_bytes(), label.envelope, label.tender, label.lot)
        except SunbidError as error:
            raise BidRefusedError(
                f"{path} would be opened as unreadable: {error.message}. "
                "Mend it (docs/document-formats.md) and seal again.",
                code="bid.document",
            ) from error
        named = document.bidder
        if named is not None and named.uscc is not None and not named.is_proven(label.bidder):
            raise BidRefusedError(
                f"{path} names {named.uscc}, which is not the bidder's own code. Mend it and seal again.",
                code="bid.document",
            )

    def write_dummy(self, attempt: Attempt) -> None:
        """Write 64 KiB of random bytes as the stream that goes before a withdrawal."""
        if not attempt.stream.exists():
            attempt.stream.write_bytes(self.randomness(StreamShape(DUMMY_LENGTH, BID_CHUNK_SIZE).stored_length))
            attempt.sync_stream()

    def stream_of(self, attempt: Attempt) -> StreamToSend:
        """Return what is uploaded before the slip."""
        if attempt.planned.kind == KIND_BID:
            header = self._header(attempt)
            return StreamToSend(header.head, header.shape.length)
        head = StreamHead(TDH2_SECP256K1)
        with attempt.stream.open("rb") as stream:
            while chunk := stream.read(BID_CHUNK_SIZE + TAG_SIZE):
                head.append(chunk)
        return StreamToSend(head.value(), DUMMY_LENGTH)

    def need_sendable(self, attempt: Attempt, facts: TenderFacts) -> None:
        """Refuse with `BidRefusedError` whatever would not count, before anything is uploaded; receipts come later."""
        try:
            self._check(attempt, self._body(attempt, facts, ()), facts, None)
        except BidRefusedError as error:
            if error.code != "bid.receipts":
                raise

    def make_slip(self, attempt: Attempt, facts: TenderFacts, receipts: Sequence[bytes]) -> bytes:
        """Sign and seal the slip, or return the one that was made before; refuse one that would not count."""
        if attempt.slip is not None:
            return attempt.slip
        body = attempt.body or self._body(attempt, facts, receipts)
        slip = make_slip(body, facts, self.journal.seed)
        self._check(attempt, body, facts, slip)
        attempt.write("body", body.encode())
        attempt.write("slip", slip)
        return slip

    def _body(self, attempt: Attempt, facts: TenderFacts, receipts: Sequence[bytes]) -> SlipBody:
        planned = attempt.planned
        if planned.kind == KIND_BID:
            return bid_body(
                self._header(attempt),
                facts,
                self.signer.authority,
                sequence=planned.sequence,
                signed_at=planned.signed_at,
                notice=planned.notice,
                receipts=receipts,
                sign=self.signer.key.sign,
            )
        return withdrawal_body(
            planned.lot,
            planned.envelope,
            self.signer.bidder,
            facts,
            self.signer.authority,
            sequence=planned.sequence,
            signed_at=planned.signed_at,
            sign=self.signer.key.sign,
        )

    def _check(self, attempt: Attempt, body: SlipBody, facts: TenderFacts, slip: bytes | None) -> None:
        header = self._header(attempt) if attempt.planned.kind == KIND_BID else None
        earlier = [sent.body for sent in self.journal.sent() if sent.number != attempt.number]
        previous = [known for known in earlier if known is not None]
        seed = self.journal.seed
        check_before_sending(body, facts, self.now, header=header, slip=slip, seed=seed, previous=previous)

    def _header(self, attempt: Attempt) -> Header:
        assert attempt.header is not None
        return Header.decode(attempt.header)

    def _label(self, attempt: Attempt) -> Label:
        planned, contracts = attempt.planned, self.tender.contracts
        return Label(
            contracts.chain_id,
            contracts.tender_book,
            self.tender.at.tender,
            planned.lot,
            planned.envelope,
            self.signer.bidder,
            planned.attempt_nonce,
            self.tender.at.view.key_id,
        )
