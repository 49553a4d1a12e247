"""The commands of a tenderer, a trading centre, a bidder and a credit authority, against real processes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from api.assembly import ContractDomains
from api.cli import main
from api.robots.people import Registrar
from api.robots.pulse import LivePulse
from api.stack.network import SUPERVISION
from bidding.tender.notice import NoticeLot, notice_for
from bidding.tender.rules import by_id
from ledger.acts import Envelope, Role
from ledger.chain.client import ChainClient
from ledger.chain.devnet import Devnet
from ledger.city import City, CityKeys
from ledger.clock import from_unix
from ledger.json_fields import to_hex
from ledger.keyring import Keyring
from ledger.settings import CitySettings
from tests.fixtures.cluster import PATIENCE, Cluster
from tests.fixtures.people import uscc_named
from tests.fixtures.tenders import TITLE

pytestmark = pytest.mark.cluster

PASSPHRASE = "correct horse battery staple"
COMPANY = uscc_named("bidder")


@dataclass
class Desk:
    """A terminal in the network's folder; what a command printed is in `said`."""

    cluster: Cluster
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    said: str = ""
    keys: dict[str, Path] = field(default_factory=dict)

    @property
    def city(self) -> list[str]:
        return ["--city", self.cluster.stack.cities["luan"]]

    @property
    def trust(self) -> list[str]:
        return ["--trust", str(self.cluster.stack.trust_path)]

    @property
    def cities(self) -> list[str]:
        """The options of a device: every city by name."""
        return [part for name, url in self.cluster.stack.cities.items() for part in ("--city", f"{name}={url}")]

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run `sunbid` with these arguments; return what it printed, and refuse another exit code."""
        self.capsys.readouterr()
        self.monkeypatch.setattr("sys.argv", ["sunbid", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self.capsys.readouterr()
        self.said = " ".join((out + err).split())
        assert (ended.value.code or 0) == code, out + err
        return out

    def json(self, *arguments: str, code: int = 0) -> Any:
        return orjson.loads(self.run(*arguments, "--json", code=code))

    def sign(self, who: str) -> list[str]:
        """Return the options with which somebody signs."""
        return ["--keys", str(self.keys[who])]

    def now(self) -> int:
        return asyncio.run(self._chain(lambda devnet: devnet.now()))

    def advance(self, seconds: int) -> None:
        moment = self.now() + seconds
        asyncio.run(self._chain(lambda devnet: devnet.advance_to(moment)))

    async def _chain(self, act: Callable[[Devnet], Any]) -> Any:
        devnet = Devnet(self.cluster.stack.rpc_url, self.cluster.stack.deployment.chain_id)
        try:
            return await act(devnet)
        finally:
            await devnet.close()

    def until(self, path: str, holds: Callable[[Any], bool], what: str) -> None:
        """Wait until what a city serves is as it should be."""

        async def wait(devnet: Devnet) -> None:
            async with httpx.AsyncClient(base_url=self.cluster.stack.cities["luan"], timeout=30) as http:

                async def look() -> bool:
                    answer = await http.get(path)
                    return answer.is_success and holds(answer.json())

                await LivePulse(devnet, PATIENCE).until(look, what)

        asyncio.run(self._chain(wait))

    def people(self) -> None:
        """Give a key folder with papers to everybody."""
        registrar = asyncio.run(self._registrar())
        people = {
            "tenderer": registrar.party("tenderer", Role.TENDERER),
            "centre": registrar.party("centre", Role.CENTRE, personal=True),
            "bidder": registrar.party("bidder", Role.BIDDER, uscc=COMPANY),
            "authority": registrar.party("credit office", Role.CREDIT_AUTHORITY),
        }
        for name, party in people.items():
            self.keys[name] = self.folder / name
            keyring = Keyring.create(self.keys[name], name, party.organisation, party.key, PASSPHRASE)
            keyring.add_chain("own", party.chain)

    async def _registrar(self) -> Registrar:
        stack = self.cluster.stack
        async with ChainClient([stack.rpc_url], stack.deployment.chain_id, stack.deployment.city_registry) as chain:
            domains = await ContractDomains.load(chain)
            start = (await chain.block()).timestamp - 60
        keys = CityKeys.load(CitySettings.load(stack.city_folder("luan")).keys_dir)
        return Registrar(keys.issuer, domains, start)


@pytest.fixture
def desk(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    monkeypatch.setenv("SUNBID_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("COLUMNS", "220")
    made = Desk(cluster, tmp_path, monkeypatch, capsys)
    made.people()
    return made


def announce(desk: Desk) -> str:
    """Draft, countersign and announce a tender, and return its id."""
    stack, out = desk.cluster.stack, desk.folder / "announcement.json"
    lot = NoticeLot(0, TITLE, "CNY", (Envelope.PRICE,))
    notice = notice_for(by_id("dev-international"), TITLE, "Lu'an Transport Bureau", (lot,))
    path = desk.folder / "notice.json"
    path.write_bytes(orjson.dumps(orjson.loads(notice.to_bytes()), option=orjson.OPT_INDENT_2))
    deadline = from_unix(desk.now() + 3600).isoformat()
    origin = to_hex(City("luan", "luan.sunbid.example").sealed_origin_id)
    key, box = to_hex(stack.seal_key_id), to_hex(stack.box_key_ids[desk.cluster.tenders])
    desk.cluster.tenders += 1
    terms = ["--deadline", deadline, "--supervisor", SUPERVISION["luan"], "--origin", origin]
    keys = ["--key-id", key, "--box-key-id", box]
    signed = [*desk.city, *desk.trust, *desk.sign("tenderer")]
    desk.run("tender", "draft", "--notice", str(path), *terms, *keys, "--out", str(out), *signed)
    desk.run("tender", "announce", str(out), *desk.city, *desk.sign("tenderer"), code=1)
    assert "input.unsigned" in desk.said
    desk.run("tender", "countersign", str(out), *desk.city, *desk.trust, *desk.sign("tenderer"), code=1)
    assert "input.role" in desk.said
    desk.run("tender", "countersign", str(out), *desk.city, *desk.trust, *desk.sign("centre"))
    desk.run("tender", "announce", str(out), *desk.city, *desk.sign("tenderer"))
    tender: str = orjson.loads(out.read_bytes())["announcement"]["tender"]
    desk.until(f"/v1/tenders/{tender}", lambda shown: shown["state"] == "ANNOUNCED", "the announcement")
    return tender


def test_a_tender_is_announced_changed_bid_on_and_opened(desk: Desk) -> None:
    tender = announce(desk)
    path = f"/v1/tenders/{tender}"
    assert tender in [row["tender"] for row in desk.json("tender", "list", *desk.city)]
    desk.run("tender", "show", tender, *desk.city)
    assert "secret" in desk.said
    _change(desk, tender)
    _bid(desk, tender)
    deadline = desk.json("tender", "show", tender, *desk.city)["deadline"]
    for _ in range(4):
        desk.advance(max(4, deadline - desk.now() + 1))
    desk.until(path, lambda shown: shown["state"] in {"OPENING", "EVALUATING"}, "the opening")
    device = [*desk.cities, *desk.trust, *desk.sign("bidder"), "--rpc", desk.cluster.stack.rpc_url, "--development"]
    desk.run("open", tender, *device)
    desk.until(f"{path}/opening", _is_opened, "the bid opened")
    [slip] = [one for one in desk.json("box", "explain", tender, *desk.city) if one["reason"] == "listed"]
    assert slip["bidder"] == desk.json("box", "explain", tender, *desk.city, "--bidder", COMPANY)[0]["bidder"]
    desk.run("tender", "show", tender, *desk.city)
    assert "CNY 98.50" in desk.said


def _is_opened(shown: Any) -> bool:
    return bool(shown["envelopes"]) and all(b["status"] == "opened" for g in shown["envelopes"] for b in g["bids"])


def _change(desk: Desk, tender: str) -> None:
    """Postpone, suspend and resume, each act signed here."""
    reason = desk.folder / "reason.txt"
    reason.write_text("The drawings are looked at again.")
    signed = [*desk.city, *desk.trust, *desk.sign("tenderer")]
    later = str(desk.json("tender", "show", tender, *desk.city)["deadline"] + 600)
    desk.run("tender", "amend", tender, "--deadline", later, *signed)
    path = f"/v1/tenders/{tender}"
    desk.until(path, lambda shown: shown["tendererSteps"] == 1, "the amendment")
    desk.run("tender", "amend", tender, "--deadline", "1", *signed, code=1)
    assert "tender.deadline" in desk.said
    desk.run("tender", "suspend", tender, "--reason", str(reason), *signed)
    desk.until(path, lambda shown: shown["suspended"], "the suspension")
    desk.run("tender", "resume", tender, "--reason", str(reason), *signed)
    desk.until(path, lambda shown: not shown["suspended"] and shown["tendererSteps"] == 3, "the resumption")


def _bid(desk: Desk, tender: str) -> None:
    """Seal without sending, hand in, and look until the slip is in the box by proof."""
    device = [*desk.cities, *desk.trust, *desk.sign("bidder"), "--rpc", desk.cluster.stack.rpc_url, "--development"]
    desk.run("seal", tender, "--envelope", "dinner", *device, code=1)
    assert "input.envelope" in desk.said
    desk.run("withdraw", tender, "--envelope", "price", *device, code=1)
    assert "device.nothing_submitted" in desk.said
    desk.run("seal", tender, "--envelope", "price", "--price", "CNY 98.50", *device)
    desk.run("submit", tender, *device, code=1)
    assert "acknowledged by 2 cities, not in the box by proof yet" in desk.said
    deadline = desk.json("tender", "show", tender, *desk.city)["deadline"]
    desk.advance(deadline - desk.now() - 120)

    async def in_time(devnet: Devnet) -> None:
        await LivePulse(devnet, PATIENCE).until(look, "the slip in the box")

    async def look() -> bool:
        return await asyncio.to_thread(_is_in_time, desk, tender, device)

    asyncio.run(desk._chain(in_time))
    assert "in time" in desk.said


def _is_in_time(desk: Desk, tender: str, device: list[str]) -> bool:
    try:
        desk.run("submit", tender, *device)
    except AssertionError:
        return False
    return True


def test_credit_is_posted_queried_and_taken_back(desk: Desk) -> None:
    paper = desk.folder / "decision.txt"
    paper.write_text("Decision no. 7")
    signed = [*desk.city, *desk.trust, *desk.sign("authority")]
    start = from_unix(desk.now() - 60).isoformat()
    about = ["--rule", "win-abandoned", "--from", start, "--text", "declined the contract", "--paper", str(paper)]
    desk.run("credit", "rules")
    assert "win-abandoned" in desk.said
    desk.run("credit", "post", COMPANY, *about, "--points", "-99", *signed, code=1)
    assert "credit.points" in desk.said
    desk.run("credit", "post", COMPANY, *about, "--points", "-10", *signed)
    digest = next(word for word in desk.said.split() if word.startswith("0x")).rstrip(".")
    subject = "0x" + hashlib.sha256(b"sunbid/org/v1" + COMPANY.encode()).hexdigest()
    desk.until(f"/v1/credit/{subject}", lambda shown: shown["score"] == "70", "the decision")
    found = desk.json("query", "credit", COMPANY, *desk.city, *desk.trust)
    assert {city["status"] for city in found["cities"]} == {"proven"}
    assert found["merged"]["score"] == "70"
    desk.run(
        "credit", "revoke", COMPANY, "--decision", digest, "--text", "appeal upheld", "--paper", str(paper), *signed
    )
    desk.until(f"/v1/credit/{subject}", lambda shown: shown["score"] == "80", "the revocation")
    desk.run("query", "credit", COMPANY, *desk.city, *desk.trust)
    assert "80 points on an illustrative scale" in desk.said
    desk.run("credit", "show", COMPANY, *desk.city)
    assert "CreditRevocation" in desk.said


def test_bad_input_has_a_message_a_code_and_exit_one(desk: Desk) -> None:
    wrong = {
        ("tender", "show", "0x12", *desk.city): "input.id",
        ("tender", "show", "0x" + "12" * 32, *desk.city): "tender.unknown",
        ("tender", "list", "--city", "http://127.0.0.1:9"): "city.unavailable",
        ("credit", "show", "12345", *desk.city): "identity.uscc_malformed",
        ("query", "credit", COMPANY, *desk.city, "--trust", "/nowhere"): "file.unreadable",
        ("query", "credit", COMPANY, *desk.city, *desk.trust, "--at", "yesterday"): "input.moment",
        ("box", "explain", "0x" + "12" * 32, *desk.city): "opening.not_yet",
        ("submit", "0x" + "12" * 32, "--city", "luan", *desk.trust, *desk.sign("bidder")): "input.city",
        ("open", "0x" + "12" * 32, *desk.cities, *desk.trust, *desk.sign("bidder"), "--development"): "input.rpc",
    }
    for arguments, code in wrong.items():
        desk.run(*arguments, code=1)
        assert f"code {code}" in desk.said, arguments
    desk.monkeypatch.setenv("SUNBID_PASSPHRASE", "wrong")
    desk.run("credit", "revoke", COMPANY, "--decision", "0x" + "12" * 32, "--text", "x", "--paper", __file__,
             *desk.city, *desk.trust, *desk.sign("authority"), code=1)  # fmt: skip
    assert "code keyring.passphrase" in desk.said
