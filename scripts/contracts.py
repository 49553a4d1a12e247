"""Compile contracts/*.sol into ledger/chain/artifacts/, and prove that what is shipped there matches the sources.

`python -m scripts.contracts build` writes one JSON file a contract, `check` compiles again and fails on any difference.
Running the product needs the artifacts only: no compiler and no Node. Settings are those of foundry.toml, so that forge
tests the bytes that are deployed.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import solcx

ROOT = Path(__file__).parent.parent
ARTIFACTS = ROOT / "ledger" / "chain" / "artifacts"
COMPILER = ROOT / "scripts" / "solc"
MAX_RUNTIME_BYTES = 24_576
"""EIP-170: no chain deploys more."""
_SYNTAX_NUMBER = re.compile(r"\)\d+(?=_storage|_struct|$|,|\))")


class BuildError(Exception):
    """The sources do not compile into what may be deployed."""


def _profile() -> dict[str, Any]:
    profile: dict[str, Any] = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]
    return profile


def compiler_input() -> dict[str, Any]:
    """Return the standard JSON input: every source below contracts/, remapped libraries, foundry.toml's settings."""
    profile = _profile()
    paths = sorted((ROOT / "contracts").rglob("*.sol"))
    return {
        "language": "Solidity",
        "sources": {path.relative_to(ROOT).as_posix(): {"content": path.read_text()} for path in paths},
        "settings": {
            "remappings": profile["remappings"],
            "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
            "evmVersion": profile["evm_version"],
            "metadata": {"bytecodeHash": profile["bytecode_hash"], "appendCBOR": profile["cbor_metadata"]},
            "outputSelection": {
                "*": {"*": ["abi", "evm.bytecode", "evm.deployedBytecode", "storageLayout", "metadata"]}
            },
        },
    }


def compile_contracts() -> dict[str, str]:
    """Return the text of every artifact by file name; raise BuildError for what must not be deployed."""
    request = compiler_input()
    answer = solcx.compile_standard(request, solc_binary=COMPILER, base_path=ROOT)
    warnings = [e["formattedMessage"] for e in answer.get("errors", []) if e["severity"] != "info"]
    if warnings:
        raise BuildError("\n".join(warnings))
    artifacts: dict[str, str] = {}
    for source, contracts in answer["contracts"].items():
        name = Path(source).stem
        if Path(source).parent == Path("contracts") and contracts[name]["evm"]["bytecode"]["object"]:
            artifacts[f"{name}.json"] = _render(source, name, contracts[name], request["settings"])
    return artifacts


def _render(source: str, name: str, compiled: dict[str, Any], settings: dict[str, Any]) -> str:
    creation, runtime = compiled["evm"]["bytecode"], compiled["evm"]["deployedBytecode"]
    if creation["linkReferences"]:
        raise BuildError(f"{name} needs external libraries: make their functions internal")
    if len(runtime["object"]) // 2 > MAX_RUNTIME_BYTES:
        raise BuildError(f"{name} has {len(runtime['object']) // 2} bytes of code, more than {MAX_RUNTIME_BYTES}")
    metadata = json.loads(compiled["metadata"])
    artifact = {
        "contractName": name,
        "sourceName": source,
        "sourceHash": "0x" + hashlib.sha256(json.dumps(metadata["sources"], sort_keys=True).encode()).hexdigest(),
        "compiler": {
            "version": metadata["compiler"]["version"],
            "settings": {key: value for key, value in settings.items() if key != "outputSelection"},
        },
        "abi": compiled["abi"],
        "bytecode": "0x" + creation["object"],
        "deployedBytecode": "0x" + runtime["object"],
        "immutableReferences": runtime["immutableReferences"],
        "storageLayout": _layout(compiled["storageLayout"]),
    }
    return json.dumps(artifact, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _layout(value: Any) -> Any:
    """Leave out the compiler's own numbering of the syntax tree: an unrelated edit changes it."""
    match value:
        case dict():
            return {_SYNTAX_NUMBER.sub(")", key): _layout(item) for key, item in value.items() if key != "astId"}
        case list():
            return [_layout(item) for item in value]
        case str():
            return _SYNTAX_NUMBER.sub(")", value)
        case _:
            return value


def build() -> None:
    """Write every artifact and remove those whose contract is gone."""
    artifacts = compile_contracts()
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    for path in ARTIFACTS.glob("*.json"):
        if path.name not in artifacts:
            path.unlink()
    for name, text in artifacts.items():
        (ARTIFACTS / name).write_text(text)


def differences() -> list[str]:
    """Return the names of the artifacts that are missing, left over or unlike what the sources give."""
    expected = compile_contracts()
    shipped = {path.name: path.read_text() for path in ARTIFACTS.glob("*.json")}
    return sorted(name for name in expected.keys() | shipped.keys() if expected.get(name) != shipped.get(name))


def main(arguments: list[str]) -> int:
    """Run `build` or `check`; exit code 1 if an artifact does not match, 2 for anything else."""
    match arguments:
        case ["build"]:
            build()
            return 0
        case ["check"]:
            different = differences()
            for name in different:
                print(f"{name} does not match contracts/: python -m scripts.contracts build", file=sys.stderr)
            return 1 if different else 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
