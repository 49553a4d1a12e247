"""geth is built once, from what is pinned."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from scripts.network import toolchain
from scripts.network.toolchain import ToolchainError, fingerprint, geth_path, go_version


@pytest.mark.parametrize(
    ("said", "version"),
    [("go version go1.26.8 linux/amd64", (1, 26)), ("go version go1.24 darwin/arm64", (1, 24)), ("gccgo", (0, 0))],
)
def test_reads_what_go_says_of_itself(said: str, version: tuple[int, int]) -> None:
    assert go_version(said) == version


def test_every_module_is_pinned_with_its_hash() -> None:
    pinned = (toolchain.MODULE / "go.sum").read_text()
    assert "github.com/ethereum/go-ethereum v1.13.15 h1:U7sSGYGo4SPjP6iNIifNoyIAiNjrmQkz6EwQG+/EZWo=" in pinned
    assert "github.com/ethereum/go-ethereum v1.13.15 " in (toolchain.MODULE / "go.mod").read_text()


def test_another_module_is_another_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = fingerprint()
    for name in ("go.mod", "go.sum"):
        (tmp_path / name).write_bytes((toolchain.MODULE / name).read_bytes() + b"\n")
    monkeypatch.setattr(toolchain, "MODULE", tmp_path)
    assert fingerprint() != before


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Go that answers, and that writes what `go` is told into the file that it is to build."""
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\n[ "$1" = version ] && { echo go version go1.30.0 test; exit; }\n'
        'while [ "$1" != -o ]; do shift; done\necho compiled >&2\necho "$3" > "$2"\n'
    )
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("SUNBID_CACHE", str(tmp_path / "cache"))
    return program


def test_is_built_once_and_kept(go: Path) -> None:
    built = geth_path()
    assert built.read_text() == "github.com/ethereum/go-ethereum/cmd/geth\n"
    go.unlink()
    assert geth_path() == built


def test_a_build_that_fails_says_why_and_leaves_nothing(go: Path) -> None:
    go.write_text('#!/bin/sh\n[ "$1" = version ] && { echo go version go1.30.0 x; exit; }\necho no space >&2\nexit 1\n')
    with pytest.raises(ToolchainError, match=r"no space\n.*GOPROXY"):
        geth_path()
    assert not list(toolchain.cache_folder().glob("*/geth"))
