"""The shipped artifacts are what the sources compile to."""

from __future__ import annotations

import json
import subprocess

import pytest

from scripts import contracts

FORGE = next(contracts.ROOT.glob("node_modules/@foundry-rs/forge-*/bin/forge*"))


@pytest.fixture(scope="module")
def compiled() -> dict[str, str]:
    return contracts.compile_contracts()


class TestArtifacts:
    def test_match_the_sources(self, compiled: dict[str, str]) -> None:
        shipped = {path.name: path.read_text() for path in contracts.ARTIFACTS.glob("*.json")}
        assert sorted(shipped) == sorted(compiled)
        for name, text in compiled.items():
            assert shipped[name] == text, f"{name} does not match contracts/: python -m scripts.contracts build"

    def test_hold_no_instruction_younger_than_london(self, compiled: dict[str, str]) -> None:
        for name, text in compiled.items():
            younger = set(_instructions(bytes.fromhex(json.loads(text)["deployedBytecode"][2:])))
            assert not younger & {0x49, 0x4A, 0x5C, 0x5D, 0x5E, 0x5F}, name

    def test_settings_are_what_forge_tests(self, compiled: dict[str, str]) -> None:
        answer = subprocess.run([FORGE, "config", "--json"], cwd=contracts.ROOT, capture_output=True, check=True)
        config = json.loads(answer.stdout)
        settings = json.loads(compiled["CityRegistry.json"])["compiler"]["settings"]
        assert config["evm_version"] == settings["evmVersion"]
        assert config["optimizer_runs"] == settings["optimizer"]["runs"]
        assert config["via_ir"] is False
        assert config["bytecode_hash"] == "none"


def _instructions(code: bytes) -> list[int]:
    """Opcodes without the data that PUSH carries; nothing but code is there, for no metadata is appended."""
    found, position = [], 0
    while position < len(code):
        opcode = code[position]
        found.append(opcode)
        position += 1 + (opcode - 0x5F if 0x60 <= opcode <= 0x7F else 0)
    return found
