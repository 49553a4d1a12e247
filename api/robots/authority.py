"""A competent authority that rewards a company, and takes it back."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.client import CityApi
from api.robots.people import Party
from api.robots.stage import Stage
from credit.catalogue import Catalogue, shipped
from credit.domain import DecisionBody, EndingBody, EntryKind
from ledger.acts import Act, Role

DAY = 86_400


@dataclass(frozen=True)
class AuthorityRobot:
    """An authority signed in at its city."""

    stage: Stage
    party: Party
    city: CityApi
    catalogue: Catalogue

    @classmethod
    async def enter(cls, stage: Stage, name: str = "credit authority") -> AuthorityRobot:
        """Return a new authority at the stage's city."""
        party = stage.registrar.party(name, Role.CREDIT_AUTHORITY, personal=True)
        return cls(stage, party, await stage.api(party), shipped())

    async def reward(self, subject: bytes, rule: str, text: str) -> bytes:
        """Post the rule's points for a company and return the decision's digest once the ledger has it."""
        found, paper = self.catalogue.rule(rule), text.encode()
        since = await self.stage.pulse.now()
        body = DecisionBody(
            subject,
            self.party.organisation,
            rule,
            found.highest,
            since,
            since + min(found.days, 90) * DAY,
            hashlib.sha256(paper).digest(),
            text,
        )
        nonce = secrets.token_bytes(32)
        act = body.act(nonce, self.catalogue)
        digest = await self._post("/v1/credit/decisions", act, nonce, body.to_bytes(), paper)
        await self._until_posted(subject, digest)
        return digest

    async def revoke(self, subject: bytes, decision: bytes, text: str) -> bytes:
        """Take a decision back and return the revocation's digest once the ledger has it."""
        paper = text.encode()
        document = hashlib.sha256(paper).digest()
        body = EndingBody(EntryKind.REVOCATION, subject, self.party.organisation, decision, document, text)
        nonce = secrets.token_bytes(32)
        digest = await self._post("/v1/credit/revocations", body.act(nonce), nonce, body.to_bytes(), paper)
        await self._until_posted(subject, digest)
        return digest

    async def score(self, subject: bytes) -> Decimal:
        """Return the subject's points as the city has them now."""
        return Decimal((await self.city.get(f"/v1/credit/0x{subject.hex()}"))["score"])

    async def _post(self, path: str, act: Act, nonce: bytes, body: bytes, paper: bytes) -> bytes:
        posted = await self.city.post_act(
            path,
            act,
            self.party.sign(act, self.stage.domains),
            self.party.chain,
            nonce="0x" + nonce.hex(),
            body="0x" + body.hex(),
            document=b64encode(paper).decode(),
        )
        return bytes.fromhex(posted["digest"][2:])

    async def _until_posted(self, subject: bytes, digest: bytes) -> None:
        async def posted() -> bool:
            entries: list[dict[str, Any]] = (await self.city.get(f"/v1/credit/0x{subject.hex()}"))["entries"]
            return any(entry["digest"] == "0x" + digest.hex() and entry["index"] is not None for entry in entries)

        await self.stage.pulse.until(posted, "the credit entry on the ledger")
