"""What commands share that talk to a city: its client, who signs, and the contracts that acts are signed for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import httpx
import typer

from api.client import CityApi
from ledger.acts import Act
from ledger.authority import ActChain
from ledger.chain.evidence.state import StateEvidence
from ledger.chain.evidence.trust import TrustFile
from ledger.chain.versions import versions_at
from ledger.eip712 import Domain, digest
from ledger.json_fields import read_bytes, read_list, read_members
from ledger.keyring import Keyring
from ledger.keys import SigningKey
from ledger.signed import Domains

_T = TypeVar("_T")
TIMEOUT_SECONDS = 60.0

CityUrl = Annotated[str, typer.Option("--city", envvar="SUNBID_CITY_URL", help="Base URL of a city.")]
TrustPath = Annotated[
    Path, typer.Option("--trust", envvar="SUNBID_TRUST", help="The network's trust.json, from a source you trust.")
]
KeyFolder = Annotated[Path, typer.Option("--keys", help="Key folder of who signs (sunbid id new).")]
Label = Annotated[str, typer.Option("--as", help="Which of the folder's credentials to use.")]
Passphrase = Annotated[
    str, typer.Option(prompt=True, hide_input=True, envvar="SUNBID_PASSPHRASE", help="Opens the key folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run a command's coroutine."""
    return asyncio.run(coroutine)


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[CityApi]:
    """Yield a client of the city at `url`."""
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS) as http:
        yield CityApi(http)


@dataclass(frozen=True)
class Signatory:
    """Who signs: an unlocked key with the papers that show for whom."""

    key: SigningKey
    papers: ActChain

    @classmethod
    def unlock(cls, folder: Path, label: str, passphrase: str) -> Signatory:
        """Return the key of a folder with the credential kept under `label`."""
        keyring = Keyring(folder)
        return cls(keyring.unlock(passphrase), keyring.chain(label))

    @property
    def organisation(self) -> bytes:
        """For whom the key acts."""
        return self.papers.credential.organisation

    def sign(self, act: Act, domains: Domains) -> bytes:
        """Return the signature of an act in its contract's domain."""
        return self.key.sign(digest(act, domains.domain(act.contract)))

    async def sign_in(self, city: CityApi) -> None:
        """Open a session at a city and show the papers there."""
        await city.sign_in(self.key, self.papers)


@dataclass(frozen=True)
class ProvenDomains:
    """The EIP-712 domains of the contracts that CityRegistry names, as proven by the trust file."""

    chain_id: int
    addresses: dict[str, bytes]

    def domain(self, name: str) -> Domain:
        """Return the domain of a contract by its name."""
        return Domain(self.chain_id, self.addresses[name])


async def proven_domains(city: CityApi, trust: TrustFile) -> ProvenDomains:
    """Return the contracts that acts are signed for; what the city says is believed only if it is proven."""
    value = read_members(await city.get("/v1/proofs/contracts"), "contracts", ("evidence", "attestations"))
    attestations = [read_bytes(item, "attestation") for item in read_list(value["attestations"], "attestations")]
    _, state = StateEvidence.from_json(value["evidence"]).open(trust, attestations)
    return ProvenDomains(trust.chain_id, versions_at(state, trust.city_registry))
