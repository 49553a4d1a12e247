"""Signed acts in requests, with the documents that they name by hash."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.chain import ChainBody
from api.schemas.hexadecimal import Signature65
from bidding.tender.signed import Submission
from ledger.errors import SunbidError
from ledger.signed import Signed, read_act


class DocumentEncodingError(SunbidError):
    """A document in a request is not base64."""

    code = "document.malformed"


def read_documents(encoded: list[str]) -> tuple[bytes, ...]:
    """Return documents from standard base64; refuse anything else."""
    try:
        return tuple(b64decode(text, validate=True) for text in encoded)
    except (Base64Error, ValueError) as error:
        raise DocumentEncodingError("Send each document in standard base64, without line breaks.") from error


class SignedActBody(BaseModel):
    """An act of the named type, its signature, the papers of its signer, documents in base64."""

    model_config = ConfigDict(extra="forbid")
    type: str = Field(max_length=40)
    act: dict[str, Any]
    signature: Signature65
    chain: ChainBody
    documents: list[str] = Field(default_factory=list, max_length=64)

    def to_submission(self) -> Submission:
        """Return the checked form; refuse an unknown type and malformed members."""
        signed = Signed(read_act(self.type, self.act), self.signature, self.chain.to_chain())
        return Submission(signed, None, read_documents(self.documents))


class AnnouncementBody(BaseModel):
    """A `TenderAnnouncement` signed by the tenderer's side and by the trading centre."""

    model_config = ConfigDict(extra="forbid")
    announcement: dict[str, Any]
    signature: Signature65
    chain: ChainBody
    centreSignature: Signature65  # noqa: N815 - the wire format
    centreChain: ChainBody  # noqa: N815 - the wire format
    documents: list[str] = Field(default_factory=list, max_length=64)

    def to_submission(self) -> Submission:
        """Return the checked form; refuse malformed members."""
        act = read_act("TenderAnnouncement", self.announcement)
        signed = Signed(act, self.signature, self.chain.to_chain())
        centre = Signed(act, self.centreSignature, self.centreChain.to_chain())
        return Submission(signed, centre, read_documents(self.documents))


class RecordBody(BaseModel):
    """An act that no contract checks; holders' and bidders' acts of an opening need no papers."""

    model_config = ConfigDict(extra="forbid")
    type: str = Field(max_length=40)
    act: dict[str, Any]
    signature: Signature65
    chain: ChainBody | None = None
    body: dict[str, Any] | None = None
    documents: list[str] = Field(default_factory=list, max_length=64)
