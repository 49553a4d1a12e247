"""Every test here runs on every network; a run in which one of them was left out fails."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import pytest

from ledger.chain.client import ChainClient
from ledger.errors import SunbidError
from scripts.network.validators import ValidatorNetwork
from tests.chains.nets import EXTERNAL, URLS_OF_SHARED, Net, open_net, wanted
from tests.chains.site import Site

collect_ignore = ["test_faults.py", "test_reorg.py"] if wanted() == (EXTERNAL,) else []
"""What is somebody else's is not killed from here, and not taken back."""

_PASSED = pytest.StashKey[Counter[str]]()
_SHARED = pytest.StashKey[ExitStack]()

_LONGEST_FIRST = ("test_faults", "test_tender", "test_reorg")
"""These wait for minutes of real time: whatever else there is runs beside them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-network", action="store_true", help="fail unless tests passed on all networks")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "net" in metafunc.fixturenames:
        metafunc.parametrize("net", wanted(), indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one file on one network in one process: each deploys the contracts there, once."""
    for item in items:
        name = network_of(item.nodeid)
        if name:
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{name}"))
    ranks = {stem: rank for rank, stem in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


def network_of(nodeid: str) -> str | None:
    """Return the network in a test's id, None if it is for none."""
    _, found, parameters = nodeid.partition("[")
    return (
        next((name for name in parameters.split("@")[0].rstrip("]").split("-") if name in wanted()), None)
        if found
        else None
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_PASSED] = Counter()
    config.pluginmanager.register(_Counting(config.stash[_PASSED]))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where several processes test, start one network of validators for all: it is used as somebody else's would be."""
    config = session.config
    if not getattr(config.option, "numprocesses", None) or "clique" not in wanted():
        return
    shared = config.stash[_SHARED] = ExitStack()
    folder = shared.enter_context(TemporaryDirectory(prefix="sunbid-validators-"))
    try:
        network = shared.enter_context(ValidatorNetwork.create(Path(folder)))
    except SunbidError as error:
        shared.close()
        pytest.exit(f"no network of validators: {error}", returncode=pytest.ExitCode.TESTS_FAILED)
    shared.callback(os.environ.pop, URLS_OF_SHARED, None)
    os.environ[URLS_OF_SHARED] = ",".join(network.urls)


class _Counting:
    """Counts what passed on each network, in the process that hears of all results."""

    def __init__(self, passed: Counter[str]) -> None:
        self._passed = passed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = network_of(report.nodeid)
        if name and report.when == "call" and report.passed:
            self._passed[name] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _SHARED in session.config.stash:
        session.config.stash[_SHARED].close()
    if not session.config.getoption("--every-network") or hasattr(session.config, "workerinput"):
        return
    passed = session.config.stash[_PASSED]
    counts = {passed[name] for name in wanted()}
    if len(counts) != 1 or counts == {0}:
        told = ", ".join(f"{name}: {passed[name]}" for name in wanted())
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        sys.stderr.write(f"\nNot every network passed every test ({told}).\n")


@pytest.fixture(scope="session")
def net(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    """A chain under test, started once a session."""
    with open_net(request.param, tmp_path_factory.mktemp(request.param)) as opened:
        yield opened


@pytest.fixture(scope="session")
def site(net: Net) -> Site:
    """The deployment on it; what tests add to it stays, as on any real chain."""
    with _alone_with_the_key() if net.name == EXTERNAL else nullcontext():
        return asyncio.run(Site.found(net))


@contextmanager
def _alone_with_the_key() -> Iterator[None]:
    """Let one process at a time deploy: on a foreign network they all do so with the one key that its owner gave."""
    with (Path(gettempdir()) / "sunbid-chain-key.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@pytest.fixture
async def chain(site: Site) -> AsyncIterator[ChainClient]:
    """A client of the deployment."""
    async with site.client() as client:
        yield client
