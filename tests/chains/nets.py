"""The chains that the suite runs on, each started for it, or named by the environment and only used."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.chain.client import ChainClient, Finality
from ledger.chain.devnet import CHAIN_ID, AnvilProcess, Devnet
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.qbft import QbftExtraData
from ledger.chain.evidence.trust import BlockEvidenceKind
from ledger.chain.rpc import Rpc, to_bytes, to_int
from ledger.keys import SIGNATURE_SIZE, SigningKey
from scripts.network.ganache import start_ganache
from scripts.network.genesis import depth_of_finality
from scripts.network.validators import ValidatorNetwork

URLS_VARIABLE = "BESU_RPC_URLS"
KEY_VARIABLE = "SUNBID_CHAIN_KEY"
URLS_OF_SHARED = "SUNBID_TEST_VALIDATORS"
"""Where the processes of a test run find the network of validators that was started for all of them."""

LOCAL = ("anvil", "ganache", "clique")
"""The networks that have to pass everywhere."""

EXTERNAL = "external"

BEHIND = 3600
"""Seconds: anvil counts one for each block however fast they come, so it starts in the past; `beat` catches up."""


Beat = Callable[[], Awaitable[None]]
"""Makes a block with the present time: for chains that make none by themselves."""


@dataclass(frozen=True)
class Net:
    """A chain under test: how to reach it, what makes its blocks count, and the key that deploys.

    `beat` has to be called once a second where a chain makes blocks only for transactions.
    """

    name: str
    urls: tuple[str, ...]
    chain_id: int
    finality: Finality
    evidence: BlockEvidenceKind
    validators: tuple[bytes, ...]
    key: SigningKey
    beat: Beat | None = None

    def client(self, registry: bytes = bytes(20)) -> ChainClient:
        """Return a client; whoever asks closes it."""
        return ChainClient(self.urls, self.chain_id, registry, finality=self.finality)


class ExternalNetworkError(Exception):
    """The environment names a network that cannot be tested."""


def wanted() -> tuple[str, ...]:
    """Return the networks to run on: the external one alone where the environment names one, else all local ones."""
    return (EXTERNAL,) if os.environ.get(URLS_VARIABLE) else LOCAL


def open_net(name: str, folder: Path) -> AbstractContextManager[Net]:
    """Start the network of this name in `folder`; it ends with the context."""
    starters: dict[str, Callable[[Path], AbstractContextManager[Net]]] = {
        "anvil": _anvil,
        "ganache": _ganache,
        "clique": _clique,
        EXTERNAL: _external,
    }
    return starters[name](folder)


@contextmanager
def _anvil(folder: Path) -> Iterator[Net]:
    process = AnvilProcess(folder=folder, port=0, chain_id=CHAIN_ID, timestamp=int(time.time()) - BEHIND)

    async def beat() -> None:
        devnet = Devnet(process.url)
        await devnet.advance_to(int(time.time()))
        await devnet.close()

    try:
        yield _development("anvil", process.url, beat)
    finally:
        process.stop()


@contextmanager
def _ganache(folder: Path) -> Iterator[Net]:
    process = start_ganache(folder)

    async def beat() -> None:
        async with Rpc([process.url]) as rpc:
            await rpc.request("evm_mine")

    try:
        yield _development("ganache", process.url, beat)
    finally:
        process.stop()


def _development(name: str, url: str, beat: Beat) -> Net:
    return Net(name, (url,), CHAIN_ID, Finality(0), BlockEvidenceKind.ATTESTED, (), SigningKey.generate(), beat)


@contextmanager
def _clique(folder: Path) -> Iterator[Net]:
    """Start validators, or use those that were started for all processes of this run, as one uses a foreign network."""
    shared = _urls(URLS_OF_SHARED)
    if shared:
        yield asyncio.run(_described("clique", shared, SigningKey.generate()))
        return
    with ValidatorNetwork.create(folder / "validators") as network:
        yield asyncio.run(_described("clique", network.urls, SigningKey.generate()))


@contextmanager
def _external(_folder: Path) -> Iterator[Net]:
    """Use the network that the environment names; what has to be known of it, it says itself."""
    secret = os.environ.get(KEY_VARIABLE, "").removeprefix("0x")
    if not re.fullmatch(r"[0-9a-fA-F]{64}", secret):
        raise ExternalNetworkError(f"{KEY_VARIABLE} is the secret key that deploys: 64 hexadecimal digits")
    yield asyncio.run(_described(EXTERNAL, _urls(URLS_VARIABLE), SigningKey(bytes.fromhex(secret))))


def _urls(variable: str) -> tuple[str, ...]:
    return tuple(url.strip() for url in os.environ.get(variable, "").split(",") if url.strip())


async def _described(name: str, urls: tuple[str, ...], key: SigningKey) -> Net:
    async with Rpc(urls) as rpc:
        chain_id = to_int(await rpc.request("eth_chainId"))
        first, latest = await rpc.batch([("eth_getBlockByNumber", (block, False)) for block in ("0x0", "latest")])
    signers = clique_signers(to_bytes(first["extraData"]))
    if signers:
        finality = Finality(depth_of_finality(len(signers)))
        return Net(name, urls, chain_id, finality, BlockEvidenceKind.CLIQUE, signers, key)
    try:
        validators = QbftExtraData.decode(to_bytes(latest["extraData"])).validators
    except EvidenceError as error:
        raise ExternalNetworkError(f"{urls[0]} is neither QBFT nor Clique: who may seal its blocks?") from error
    return Net(name, urls, chain_id, Finality(0), BlockEvidenceKind.QBFT, validators, key)


def clique_signers(extra_data: bytes) -> tuple[bytes, ...]:
    """Return the signers that a Clique genesis names, none if this is no such genesis's extra data."""
    names = extra_data[32:-SIGNATURE_SIZE]
    if extra_data[:32] != bytes(32) or extra_data[-SIGNATURE_SIZE:] != bytes(SIGNATURE_SIZE) or len(names) % 20:
        return ()
    return tuple(names[start : start + 20] for start in range(0, len(names), 20))
