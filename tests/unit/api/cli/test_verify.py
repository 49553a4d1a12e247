"""`sunbid verify` without anything to trust, and on what is no bundle; real ones: tests/e2e/test_verifier_claims."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.verify import COMMANDS, NO_TRUST
from ledger.chain.evidence.trust import BlockEvidenceKind, PinnedCity, TrustFile

RUNNER = CliRunner()
TRUST = TrustFile(
    1, b"\x01" * 20, BlockEvidenceKind.ATTESTED, (), (PinnedCity("luan", b"\x02" * 20, ("log",), "cosigner"),), 1
)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A file that is no bundle, and a trust file."""
    monkeypatch.delenv("SUNBID_TRUST", raising=False)
    bundle, trust = tmp_path / "bundle.zip", tmp_path / "trust.json"
    bundle.write_bytes(b"no bundle")
    trust.write_bytes(TRUST.to_bytes() + b"\n")
    return str(bundle), str(trust)


def test_without_a_trust_root_nothing_is_verified(files: tuple[str, str]) -> None:
    done = RUNNER.invoke(COMMANDS["verify"], [files[0]])
    assert done.exit_code == NO_TRUST == 2
    assert "trust root not given" in done.output


def test_what_is_no_bundle_is_not_proven(files: tuple[str, str]) -> None:
    done = RUNNER.invoke(COMMANDS["verify"], [files[0], "--trust", files[1], "--offline"])
    assert done.exit_code == 1
    assert "[NOT PROVEN] bundle.form" in done.output
    assert "1 of 1 claims are not proven: bundle.form." in done.output


def test_the_verdict_in_chinese_and_for_programs(files: tuple[str, str]) -> None:
    arguments = [files[0], "--trust", files[1]]
    assert "未能证明" in RUNNER.invoke(COMMANDS["verify"], [*arguments, "--zh"]).output
    value = json.loads(RUNNER.invoke(COMMANDS["verify"], [*arguments, "--json"]).stdout)
    assert (value["ok"], value["claims"][0]["code"]) == (False, "bundle.form")


def test_no_network_library_is_loaded_to_verify() -> None:
    """They take longer to import than a bundle to verify, and what is not loaded asks nobody."""
    script = "import sys, api.cli.verify; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "witness.audit.verify" in loaded
    assert {"web3", "aiohttp", "httpx", "sqlalchemy", "fastapi"}.isdisjoint(loaded)
