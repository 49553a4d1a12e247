"""Section `dkg` of a file of known answers: a whole key ceremony, a cheating dealer, and two complaints."""

from __future__ import annotations

from bidding.sealing.ceremony import (
    Deal,
    Session,
    finish_key_set,
    finish_share,
    open_share,
    read_deal,
)
from bidding.sealing.complaint import is_founded
from bidding.sealing.errors import CeremonyError
from bidding.sealing.group import decode_scalar, encode_scalar
from bidding.sealing.hashing import Suite
from bidding.sealing.pop import verify_pop
from bidding.sealing.vectors.kem import check_key_set
from bidding.sealing.vectors.report import Json, Report, points
from ledger.acts import Purpose

_hex = bytes.fromhex


def check_ceremony(report: Report, record: Json, suite: Suite) -> None:
    """Follow the ceremony as each member and as an onlooker, and compare what comes out."""
    group = suite.group
    session = Session(
        Purpose[record["purpose"].upper()],
        int(record["chainId"]),
        _hex(record["contract"]),
        _hex(record["nonce"]),
        record["k"],
        points(record["E"]),
        suite=suite,
    )
    report.same("dkg.n", record["n"], session.n)
    report.same("dkg.dealers", record["dealers"], list(session.dealers))
    report.same("dkg.sid", record["sid"], session.sid)
    identities = [decode_scalar(group, secret) for secret in points(record["identitySecrets"])]
    _check_identities(report, record, suite, identities)
    messages = zip(points(record["deals"]), points(record["commitments"]), strict=True)
    deals = {deal.dealer: deal for deal in (read_deal(session, *message) for message in messages)}
    _check_result(report, record, session, deals, identities)
    _check_cheat(report, record, session, deals, identities)


def _check_identities(report: Report, record: Json, suite: Suite, identities: list[int]) -> None:
    group = suite.group
    rows = zip(identities, record["E"], points(record["memberIds"]), points(record["identityPops"]), strict=True)
    for index, (secret, key, member, pop) in enumerate(rows, 1):
        report.same(f"dkg.E[{index}]", key, group.encode(group.mul_base(secret)))
        with report.at(f"dkg.identityPops[{index}]"):
            verify_pop(suite, "identity", member, 0, _hex(key), pop)
            report.checked += 1


def _check_result(
    report: Report, record: Json, session: Session, deals: dict[int, Deal], identities: list[int]
) -> None:
    suite = session.suite
    expected = check_key_set(report, "dkg.keyset", record["keyset"], {}, suite)
    report.same("dkg.keyset", expected.to_json(), finish_key_set(session, deals).to_json())
    for member, secret in enumerate(identities, 1):
        shares = {dealer: open_share(session, deal, member, secret) for dealer, deal in deals.items()}
        own = encode_scalar(suite.group, finish_share(session, shares))
        report.same(f"dkg.x[{member}]", record["x"][member - 1], own)
    for member, (key, pop) in enumerate(zip(expected.holder_keys, points(record["sharePops"]), strict=True), 1):
        with report.at(f"dkg.sharePops[{member}]"):
            verify_pop(suite, "share", session.sid, member, key, pop)
            report.checked += 1


def _check_cheat(report: Report, record: Json, session: Session, deals: dict[int, Deal], identities: list[int]) -> None:
    cheat = read_deal(session, _hex(record["cheatingDeal2"]), _hex(record["cheatingCommitment2"]))
    cheated = [member for member, secret in enumerate(identities, 1) if not _opens(session, cheat, member, secret)]
    report.same("dkg.cheatingDeal2, members cheated", [3], cheated)
    with_cheat = deals | {cheat.dealer: cheat}
    for name, expected in (("complaintAgainst2By3", True), ("falseComplaintAgainst2By1", False)):
        report.same(f"dkg.{name}, founded", expected, is_founded(session, with_cheat, _hex(record[name])))


def _opens(session: Session, deal: Deal, member: int, secret: int) -> bool:
    try:
        open_share(session, deal, member, secret)
    except CeremonyError:
        return False
    return True
