"""Pages over a tender's life: what is secret is not there, what is shown is proven, page and verifier agree."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.robots.sample import SampleRun
from api.stack.network import Stack
from api.stack.stage import open_stage
from api.stack.town import Town, open_town
from bidding.tender.samples import load_sample
from ledger.chain.evidence.trust import TrustFile
from ledger.json_fields import to_hex
from tests.fixtures.html import Page
from tests.fixtures.people import organisation_named, uscc_named
from witness.audit.verify import verify

SAMPLE = Path("samples/OP00023062.json")


@dataclass
class Site:
    """A town with a sample tender that goes on step by step, and pages of its cities."""

    town: Town
    run: SampleRun

    @property
    def tender(self) -> str:
        return to_hex(self.run.conduct.tender)

    async def page(self, path: str, language: str = "en", city: str = "luan") -> Page:
        async with self.town.api(city) as api:
            separator = "&" if "?" in path else "?"
            answer = await api.http.get(f"{path}{separator}lang={language}", headers={"Accept": "text/html"})
        assert answer.headers["content-type"].startswith("text/html")
        assert "script-src" not in answer.headers["content-security-policy"]  # default-src 'self' covers scripts
        page = Page(answer.text)
        assert page.faults == []
        assert page.language == {"en": "en", "zh": "zh-CN"}[language]
        return page

    async def award(self) -> str | None:
        run = self.run
        await run.hand_in()
        await run.wait_until_in_time()
        await run.close()
        await run.open_own([run.sample.bids[0].bidder])
        await run.record_opening()
        winner = await run.award(*await run.evaluate())
        await self.town.settle()
        return winner


@pytest.fixture
async def site(stack: Stack) -> AsyncIterator[Site]:
    async with open_town(stack) as town:
        await town.settle()
        async with open_stage(stack, town, stack.folder / "robots", transports=dict(town.wires)) as stage:
            yield Site(town, await SampleRun.announce(stage, load_sample(SAMPLE)))


async def test_a_tender_s_page_from_notice_to_verified_award(site: Site) -> None:
    before = await site.page(f"/tenders/{site.tender}")
    assert "Number and names of bidders are secret until the box is opened" in before.text
    assert "open for bids" in before.text
    assert 'data-events="/v1/tenders/' in before.source
    assert "The tender has not ended" in before.text
    assert site.tender in (await site.page("/")).source
    elsewhere = await site.page(f"/tenders/{site.tender}", city="hefei")
    assert "This tender is conducted by another city" in elsewhere.text

    winner = await site.award()
    assert winner == site.run.sample.winner
    chosen = next(to_hex(org) for org, name in site.run.names.items() if name == winner)
    after = await site.page(f"/tenders/{site.tender}")
    assert f'<strong>Awarded to</strong> <a href="/credit/{chosen}?lang=en">' in after.source
    assert site.run.sample.winner in after.text
    assert all(bid.bidder in after.text for bid in site.run.sample.bids)
    assert "data-events" not in after.source
    chinese = await site.page(f"/tenders/{site.tender}", "zh")
    assert "已定标" in chinese.text
    assert "国际" in chinese.text

    await _need_every_entry(site, after)
    await _need_agreement(site, after, chinese)
    await _need_links(site, after)


async def _need_every_entry(site: Site, page: Page) -> None:
    node = site.town.cities["luan"].node
    async with node.database.reading() as session:
        entries = await node.base.public_log.disclosed(session, site.run.conduct.tender)
    shown = [int(number) for number in re.findall(r"/log/public/entry/(\d+)", page.source)]
    assert shown == [entry.index for entry in entries]


async def _need_agreement(site: Site, page: Page, chinese: Page) -> None:
    """The page shows the verdict on the very bundle that it offers, and a reader at home comes to the same."""
    async with site.town.api("luan") as api:
        bundle = await api.get_bytes(f"/v1/tenders/{site.tender}/bundle")
        published = await api.get_bytes("/trust.json")
    verdict = verify(bundle, TrustFile.from_bytes(published))
    assert verdict.ok
    assert published == site.town.stack.trust_path.read_bytes()
    codes = re.findall(r'<code class="quiet line">([^<]+)</code>', page.source)
    assert codes == [claim.code for claim in verdict.claims]
    assert page.source.count(">holds</span>") == len(verdict.claims)
    assert "FAILS" not in page.text
    for claim in verdict.claims:
        assert " ".join(claim.text_en.split()) in page.text
        assert " ".join(claim.text_zh.split()) in chinese.text


async def _need_links(site: Site, page: Page) -> None:
    async with site.town.api("luan") as api:
        for link in sorted({link for link in page.links if link.startswith("/")}):
            answer = await api.http.get(link)
            assert answer.status_code == 200, link


async def test_pages_on_credit_and_forms(site: Site) -> None:
    subject = to_hex(organisation_named("builder"))
    assert "Nothing here yet." in (await site.page(f"/credit/{subject}")).text
    asked = await site.page(f"/query?uscc={uscc_named('builder')}")
    assert asked.text.count("answer proven") == 3
    assert "sunbid query credit" in asked.text
    for path in ("/credit", "/query"):
        assert "alert" not in (await site.page(path)).source
        wrong = await site.page(f"{path}?uscc=12345")
        assert 'aria-invalid="true"' in wrong.source
        assert "18 characters" in wrong.text
    assert "A moment is written like" in (await site.page(f"/query?uscc={subject}&at=yesterday")).text
    async with site.town.api("luan") as api:
        answer = await api.http.get("/credit", params={"uscc": uscc_named("builder"), "lang": "zh"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/credit/{subject}?lang=zh")


async def test_the_interface_is_described_without_anything_from_elsewhere(site: Site) -> None:
    page = await site.page("/docs")
    assert "POST /v1/slips" in page.text
    assert "bidder" in page.text
    assert not re.findall(r'(?:src|href)="https?://', page.source)


async def test_a_browser_s_language_counts_until_one_is_chosen(site: Site) -> None:
    async with site.town.api("luan") as api:
        for accepted, title in (("en-GB,en;q=0.9", "Tenders"), ("zh-CN", "招标项目"), ("", "招标项目")):
            answer = await api.http.get("/", headers={"Accept-Language": accepted})
            assert title in answer.text
            assert answer.headers["vary"] == "Accept-Language"
