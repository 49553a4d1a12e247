"""What `python -m scripts.contracts` does with what the compiler says; the compiler itself runs in integration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts import contracts


def answer(**changes: Any) -> dict[str, Any]:
    """A compiler's answer for one contract."""
    compiled = {
        "abi": [],
        "evm": {
            "bytecode": {"object": "6001", "linkReferences": {}},
            "deployedBytecode": {"object": "60", "immutableReferences": {}},
        },
        "storageLayout": {"storage": [{"astId": 7, "slot": "0", "type": "t_struct(City)123_storage"}], "types": None},
        "metadata": '{"compiler": {"version": "0.8.30"}, "sources": {}}',
    }
    return {
        "contracts": {"contracts/One.sol": {"One": compiled | changes}, "contracts/base/Two.sol": {"Two": compiled}}
    }


@pytest.fixture(autouse=True)
def compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What the compiler will say; artifacts go to a folder of their own."""
    said = answer()
    monkeypatch.setattr(contracts.solcx, "compile_standard", lambda *_, **__: said)
    monkeypatch.setattr(contracts, "ARTIFACTS", tmp_path / "artifacts")
    return said


class TestCompilerInput:
    def test_takes_the_settings_of_forge(self) -> None:
        request = contracts.compiler_input()
        assert request["settings"]["evmVersion"] == "london"
        assert request["settings"]["metadata"] == {"bytecodeHash": "none", "appendCBOR": False}
        assert "contracts/CityRegistry.sol" in request["sources"]
        assert "contracts/libraries/Acts.sol" in request["sources"]


class TestCompileContracts:
    def test_layout_is_free_of_the_compilers_numbering(self) -> None:
        text = contracts.compile_contracts()["One.json"]
        assert "astId" not in text
        assert "t_struct(City)_storage" in text

    def test_only_contracts_at_the_top_are_shipped(self) -> None:
        assert list(contracts.compile_contracts()) == ["One.json"]

    def test_refuses_warnings(self, compiler: dict[str, Any]) -> None:
        compiler["errors"] = [{"severity": "warning", "formattedMessage": "Unused local variable."}]
        with pytest.raises(contracts.BuildError, match="Unused local variable"):
            contracts.compile_contracts()

    def test_refuses_code_that_no_chain_takes(self, compiler: dict[str, Any]) -> None:
        runtime = {"object": "00" * 24_577, "immutableReferences": {}}
        evm = {"bytecode": {"object": "60", "linkReferences": {}}, "deployedBytecode": runtime}
        compiler.update(answer(evm=evm))
        with pytest.raises(contracts.BuildError, match="24577 bytes"):
            contracts.compile_contracts()

    def test_refuses_external_libraries(self, compiler: dict[str, Any]) -> None:
        linked = {"object": "60", "linkReferences": {"a.sol": {}}}
        evm = {"bytecode": linked, "deployedBytecode": {"object": "60", "immutableReferences": {}}}
        compiler.update(answer(evm=evm))
        with pytest.raises(contracts.BuildError, match="external libraries"):
            contracts.compile_contracts()


class TestMain:
    def test_check_names_what_differs(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert contracts.main(["check"]) == 1
        assert "One.json" in capsys.readouterr().err
        assert contracts.main(["build"]) == 0
        assert contracts.main(["check"]) == 0
        shipped = contracts.ARTIFACTS / "One.json"
        shipped.write_text(shipped.read_text().replace("6001", "6002"))
        assert contracts.main(["check"]) == 1

    def test_build_removes_what_has_no_source(self) -> None:
        contracts.ARTIFACTS.mkdir()
        left_over = contracts.ARTIFACTS / "Gone.json"
        left_over.write_text("{}")
        assert contracts.main(["check"]) == 1
        contracts.main(["build"])
        assert not left_over.exists()

    def test_other_arguments_get_the_usage(self) -> None:
        assert contracts.main(["compile"]) == 2
