"""What has to be known of a network, it says itself: here the recorded answers of Besu and of geth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from ledger.chain.client import Finality
from ledger.chain.evidence.trust import BlockEvidenceKind
from ledger.chain.rpc import to_bytes
from ledger.keys import SigningKey
from tests.chains import nets
from tests.chains.nets import EXTERNAL, KEY_VARIABLE, URLS_VARIABLE, ExternalNetworkError, open_net

VECTORS = Path(__file__).parents[1] / "vectors"
URLS = "http://node1:8545, http://node2:8545"


class Recorded:
    """A node that answers with recorded blocks: the genesis, and one for the latest."""

    def __init__(self, genesis: dict[str, Any], latest: dict[str, Any]) -> None:
        self._blocks = {"0x0": genesis, "latest": latest}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    async def request(self, method: str) -> str:
        assert method == "eth_chainId"
        return "0x539"

    async def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self._blocks[params[0]] for _, params in requests]


@pytest.fixture
def besu() -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads((VECTORS / "qbft-besu.json").read_text())
    return vectors


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> SigningKey:
    key = SigningKey.generate()
    monkeypatch.setenv(URLS_VARIABLE, URLS)
    monkeypatch.setenv(KEY_VARIABLE, "0x" + key.secret.hex())
    return key


def test_besu_names_its_validators_and_is_final_at_once(
    besu: dict[str, Any], environment: SigningKey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    validators = tuple(map(to_bytes, sorted(besu["validators"])))
    for latest in (besu["genesis"], *besu["headers"]):
        node = Recorded(besu["genesis"], latest)
        monkeypatch.setattr(nets, "Rpc", lambda _, node=node: node)
        with open_net(EXTERNAL, tmp_path) as net:
            assert net.urls == ("http://node1:8545", "http://node2:8545")
            assert (net.chain_id, net.finality, net.evidence) == (1337, Finality(0), BlockEvidenceKind.QBFT)
            assert tuple(sorted(net.validators)) == validators
            assert net.key.address == environment.address


def test_clique_names_its_signers_in_the_genesis(
    environment: SigningKey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    signers = sorted(SigningKey.generate().address for _ in range(4))
    genesis = {"extraData": "0x" + (bytes(32) + b"".join(signers) + bytes(65)).hex()}
    monkeypatch.setattr(nets, "Rpc", lambda _: Recorded(genesis, genesis))
    with open_net(EXTERNAL, tmp_path) as net:
        assert (net.finality, net.evidence) == (Finality(3), BlockEvidenceKind.CLIQUE)
        assert net.validators == tuple(signers)
        assert net.key.address == environment.address


@pytest.mark.usefixtures("environment")
def test_a_chain_that_names_nobody_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plain = {"extraData": "0x"}
    monkeypatch.setattr(nets, "Rpc", lambda _: Recorded(plain, plain))
    with pytest.raises(ExternalNetworkError, match="neither QBFT nor Clique"), open_net(EXTERNAL, tmp_path):
        pass


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("secret", ["", "0x12", "zz" * 32])
def test_a_key_of_another_form_is_refused(secret: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(KEY_VARIABLE, secret)
    with pytest.raises(ExternalNetworkError, match="64 hexadecimal digits"), open_net(EXTERNAL, tmp_path):
        pass
