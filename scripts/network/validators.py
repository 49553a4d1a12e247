"""A real network: go-ethereum validators on this machine that seal a Clique chain, a block a second.

Gas costs nothing only to whoever hands a transaction to a validator itself: geth raises a price limit of 0 to 1 for
what comes from its peers, so a validator neither relays nor seals what others took. A city therefore sends to its own
validator, which seals one block in four, and to a partner's while its own is down.

<folder>/genesis.json, password     the same for all
<folder>/v1 … vN/                   each validator's data, keys and log
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path
from typing import Self

from coincurve import PublicKey
from eth_keyfile.keyfile import create_keyfile_json

from ledger.chain.devnet import CHAIN_ID, GAS_LIMIT
from ledger.chain.node import NodeError, NodeProcess
from ledger.chain.rpc import to_int
from ledger.keys import SigningKey
from ledger.loopback import free_ports
from scripts.network.genesis import clique_genesis, depth_of_finality
from scripts.network.toolchain import geth_path

COUNT = 4
_LIGHT = 4096
"""Rounds of scrypt for the keys of a network that lasts an afternoon."""
_PAUSE = 0.05
_PATIENCE = 180.0


@dataclass
class Validator:
    """One validator: its sealing key, its place on the peer-to-peer network, its process."""

    number: int
    folder: Path
    key: SigningKey
    node_key: SigningKey
    p2p_port: int
    process: NodeProcess

    @property
    def url(self) -> str:
        """Where it answers JSON-RPC."""
        return self.process.url

    @property
    def enode(self) -> str:
        """Its address for peers."""
        identity = PublicKey(self.node_key.public_key).format(compressed=False)[1:].hex()
        return f"enode://{identity}@127.0.0.1:{self.p2p_port}"

    def height(self) -> int:
        """Return the number of its latest block."""
        return to_int(self.process.ask("eth_blockNumber"))

    def block_hash(self, number: int) -> str | None:
        """Return the hash of its block at `number`, None if it has none."""
        block = self.process.ask("eth_getBlockByNumber", hex(number), False)
        return None if block is None else str(block["hash"])


class ValidatorNetwork:
    """The validators, and what can befall them; a context manager, so that none outlives its owner."""

    def __init__(self, folder: Path, validators: list[Validator], chain_id: int) -> None:
        self.folder = folder
        self.validators = validators
        self.chain_id = chain_id

    @classmethod
    def create(cls, folder: Path, *, count: int = COUNT, chain_id: int = CHAIN_ID, first_port: int = 0) -> Self:
        """Make keys and genesis of a new network in an empty or missing `folder`; `start` brings it up.

        With `first_port` the validators answer there and at the ports after it, else at free ones.
        """
        geth = geth_path()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "password").write_text(secrets.token_hex(16))
        ports = range(first_port, first_port + count) if first_port else free_ports(count)
        inner = free_ports(2 * count)
        places = zip(ports, inner[:count], inner[count:], strict=True)
        validators = [_validator(geth, folder, number, chain_id, place) for number, place in enumerate(places, 1)]
        genesis = clique_genesis(chain_id, [v.key.address for v in validators], GAS_LIMIT)
        (folder / "genesis.json").write_text(json.dumps(genesis, indent=2))
        return cls(folder, validators, chain_id)

    @property
    def urls(self) -> tuple[str, ...]:
        """Where the validators answer, in their order."""
        return tuple(validator.url for validator in self.validators)

    @property
    def signers(self) -> tuple[bytes, ...]:
        """The addresses that seal blocks."""
        return tuple(validator.key.address for validator in self.validators)

    @property
    def running(self) -> list[Validator]:
        """Those whose process is there."""
        return [validator for validator in self.validators if validator.process.is_running]

    @property
    def depth(self) -> int:
        """The depth at which a block counts."""
        return depth_of_finality(len(self.validators))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- up and down --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Bring all validators up and return when they seal blocks together."""
        try:
            for validator in self.validators:
                self._launch(validator)
            for validator in self.validators:
                validator.process.wait(self.chain_id)
            self.connect(self.validators)
            self._seal(self.validators)
            self.until(lambda: min(v.height() for v in self.validators) > 0, "the first block")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all validators."""
        for validator in self.validators:
            validator.process.stop()

    def kill(self, *numbers: int) -> None:
        """End these validators, counted from 1, as a power cut would."""
        for number in numbers:
            self.validators[number - 1].process.kill()

    def bring_back(self, *numbers: int, empty: bool = False) -> None:
        """Start killed validators on the data that they left, or on an empty disk with their keys, and connect them."""
        for number in numbers:
            validator = self.validators[number - 1]
            if empty:
                shutil.rmtree(validator.folder / "geth")
            self._launch(validator)
        back = [self.validators[number - 1] for number in numbers]
        for validator in back:
            validator.process.wait(self.chain_id)
        self.connect(self.running)
        height = max(validator.height() for validator in self.running)
        self.until(lambda: min(v.height() for v in back) >= height, "validators that have caught up")
        self._seal(back)

    def _seal(self, validators: Iterable[Validator]) -> None:
        """Have validators seal: not before they are connected, for one that is alone makes a block of its own."""
        for validator in validators:
            validator.process.ask("miner_start")

    def _launch(self, validator: Validator) -> None:
        if not (validator.folder / "geth" / "chaindata").exists():
            _init(validator, self.folder)
        validator.process.start()

    # --- who hears whom -----------------------------------------------------------------------------------------

    def connect(self, validators: Iterable[Validator]) -> None:
        """Make these validators peers of each other and return when they are."""
        members = list(validators)
        for one, other in permutations(members, 2):
            one.process.ask("admin_addPeer", other.enode)
        self.until(lambda: all(len(_peers(v)) >= len(members) - 1 for v in members), "validators that are connected")

    def partition(self, *numbers: int) -> None:
        """Cut these validators off from all others; they still hear each other."""
        inside = [self.validators[number - 1] for number in numbers]
        outside = [validator for validator in self.running if validator not in inside]
        pairs = [*product(inside, outside), *product(outside, inside)]

        def parted() -> bool:
            for one, other in pairs:  # each time: a connection that was just being made outlives the first removal
                one.process.ask("admin_removePeer", other.enode)
            return all(len(_peers(v)) < len(group) for group in (inside, outside) for v in group)

        self.until(parted, "the partition")

    def heal(self) -> None:
        """Connect all validators that run."""
        self.connect(self.running)

    # --- watching -----------------------------------------------------------------------------------------------

    def agree(self) -> bool:
        """Say whether all validators that run have the same chain up to the block that counts."""
        number = max(0, min(v.height() for v in self.running) - self.depth)
        return len({v.block_hash(number) for v in self.running}) == 1

    def until(self, holds: Callable[[], bool], what: str, *, patience: float = _PATIENCE) -> None:
        """Return when `holds`; refuse, naming `what`, when the patience in seconds is over."""
        end = time.monotonic() + patience
        while not holds():
            if time.monotonic() > end:
                words = "\n".join(f"{v.process.name}: {v.process.last_words()}" for v in self.validators)
                raise NodeError(f"{what}: not within {patience:.0f} seconds\n{words}")
            time.sleep(_PAUSE)


def _peers(validator: Validator) -> list[object]:
    found: list[object] = validator.process.ask("admin_peers")
    return found


def _validator(geth: Path, folder: Path, number: int, chain_id: int, ports: tuple[int, int, int]) -> Validator:
    """Return a validator with new keys; `ports` are those for JSON-RPC, for peers and for an engine that none runs."""
    own, key, node_key = folder / f"v{number}", SigningKey.generate(), SigningKey.generate()
    keystore = own / "keystore" / f"{key.address.hex()}.json"
    keystore.parent.mkdir(parents=True)
    password = (folder / "password").read_bytes()
    keystore.write_text(json.dumps(create_keyfile_json(key.secret, password, kdf="scrypt", iterations=_LIGHT)))
    http, peers, engine = map(str, ports)
    address = "0x" + key.address.hex()
    command = [
        *(str(geth), "--datadir", str(own), "--networkid", str(chain_id), "--syncmode", "full", "--gcmode", "archive"),
        *("--http", "--http.addr", "127.0.0.1", "--http.port", http, "--http.api", "eth,net,web3,admin,miner"),
        *("--port", peers, "--authrpc.port", engine, "--nodekeyhex", node_key.secret.hex()),
        *("--nodiscover", "--nat", "none", "--netrestrict", "127.0.0.0/8", "--ipcdisable", "--cache", "64"),
        *("--miner.etherbase", address, "--miner.gaslimit", str(GAS_LIMIT)),
        *("--unlock", address, "--password", str(folder / "password"), "--allow-insecure-unlock"),
    ]
    process = NodeProcess(f"v{number}", command, f"http://127.0.0.1:{http}", own / "geth.log")
    return Validator(number, own, key, node_key, ports[1], process)


def _init(validator: Validator, folder: Path) -> None:
    command = [validator.process.command[0], "--datadir", str(validator.folder), "init", str(folder / "genesis.json")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NodeError(f"geth refuses the genesis:\n{done.stderr[-2000:]}")
