"""Section `box` of a file of known answers: box keys, slips, and a whole list."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

from bidding.sealing.acts import ActChain, event_digest, receipt_digest
from bidding.sealing.box import Verdict, read_box
from bidding.sealing.boxkey import decode_box_share, interpolate_box_key, verify_box_share
from bidding.sealing.facts import BoxContents, Cut, NoticeFact, OriginBox, RegistryKey, TenderFacts
from bidding.sealing.group import decode_scalar
from bidding.sealing.hashing import Suite
from bidding.sealing.keyset import KeySet
from bidding.sealing.merkle import rfc6962_root
from bidding.sealing.slip import BODY_SIZE, KIND_BID, KIND_EVENT, SlipBody, SlipKeys, open_slip, seal_slip
from bidding.sealing.vectors.report import Json, Report, points
from ledger.acts import Lot
from ledger.keys import CURVE_ORDER

_hex = bytes.fromhex
_FOREVER = (1 << 64) - 1


def check_box(report: Report, box: Json, key_sets: dict[str, KeySet], suite: Suite) -> None:
    """Check the box key, every slip, and the list."""
    box_set = KeySet(box["n"], box["k"], _hex(box["Y"]), points(box["h"]), suite=suite)
    report.same("box.boxKeyId", box["boxKeyId"], box_set.key_id)
    shares = dict(map(decode_box_share, points(box["shares"])))
    for first in range(1, box["n"] - box["k"] + 2):
        chosen = {holder: shares[holder] for holder in range(first, first + box["k"])}
        report.same(f"box.x from holder {first} on", box["x"], interpolate_box_key(box_set, chosen))
    for case in box["badShares"]:
        attempt = partial(verify_box_share, box_set, *decode_box_share(_hex(case["share"])))
        report.refused(f"box.badShares {case['share'][:8]}", case["expect"], attempt)
    facts = read_facts(box["list"], key_sets, box_set)
    for slip in box["slips"]:
        with report.at(f"box.slips {slip['name']}"):
            _check_slip(report, slip, box, facts)
    _check_list(report, box, facts)


def _city(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _keys(records: list[Json]) -> tuple[RegistryKey, ...]:
    return tuple(
        RegistryKey(
            _hex(record["address"]),
            _city(record.get("city", "")),
            int(record.get("from", 0)),
            int(record.get("to", _FOREVER)),
            int(record["compromised"]) if "compromised" in record else None,
        )
        for record in records
    )


def read_facts(record: Json, key_sets: dict[str, KeySet], box_set: KeySet) -> TenderFacts:
    """Return the facts of the tender in the file's list; a key without times stands for ever."""
    key_set = key_sets[record["keyset"]]
    return TenderFacts(
        int(record["chainId"]),
        _hex(record["tenderBook"]),
        _hex(record["cityRegistry"]),
        _hex(record["tender"]),
        key_set.key_id,
        box_set.key_id,
        key_set,
        box_set,
        tuple(Lot(lot["number"], lot["envelopes"]) for lot in record["lots"]),
        tuple(NoticeFact(_hex(notice["notice"]), notice["superseded"]) for notice in record["notices"]),
        int(record.get("announced", 0)),
        int(record["firstDeadline"]),
        int(record["deadline"]),
        record["q"],
        _keys(record["issuers"]),
        _keys(record["receivers"]),
        {_hex(revoked["digest"]): int(revoked["from"]) for revoked in record["revoked"]},
    )


def read_contents(record: Json, slips: dict[str, bytes]) -> BoxContents:
    """Return the box of the file's list; `slips` are those of the file by name."""
    origins = tuple(
        OriginBox(
            _hex(origin["origin"]),
            _city(origin["city"]),
            origin["start"],
            tuple(Cut(_city(city), tuple(slips[name] for name in line)) for city, line in origin["lines"].items()),
        )
        for origin in record["origins"]
    )
    return BoxContents(origins, tuple(slips[name] for name in record["admitted"]))


def _check_slip(report: Report, record: Json, box: Json, facts: TenderFacts) -> None:
    path, slip = f"box.slips {record['name']}", _hex(record["slip"])
    suite = facts.box_key_set.suite
    keys = SlipKeys.of(facts.box_key_set.joint_key, suite)
    opened = open_slip(slip, keys, decode_scalar(suite.group, _hex(box["x"])))
    if "body" not in record:
        report.holds(path, "no body opens", is_true=opened is None)
        return
    report.same(f"{path}.body", record["body"], opened)
    data = _hex(record["body"])
    fields = b"".join(_hex(record["fields"][name]) for name in box["order"])
    report.same(f"{path}.fields", data[:BODY_SIZE].hex(), fields)
    report.same(f"{path}.slip", record["slip"], seal_slip(data, keys, _hex(record["seed"])))
    body = SlipBody.decode(data)
    report.same(f"{path}.body again", record["body"], body.encode())
    for name, value in _digests(record, box["list"], facts, body).items():
        if name in record:
            report.same(f"{path}.{name}", record[name], value)


def _digests(record: Json, listing: Json, facts: TenderFacts, body: SlipBody) -> dict[str, bytes | None]:
    if body.kind == KIND_EVENT:
        holding = (
            o["origin"] for o in listing["origins"] if any(record["name"] in line for line in o["lines"].values())
        )
        origin = next(holding, None)
        return {"act": event_digest(body, facts, _hex(origin)) if origin else None}
    if "act" not in record:
        return {}
    chain = ActChain(_with_low_s(body), facts)
    return {
        "act": chain.act_digest,
        "credential": chain.credential_digest,
        "delegation": chain.delegation_digest,
        "receipt": receipt_digest(body, facts) if body.kind == KIND_BID else None,
    }


def _with_low_s(body: SlipBody) -> SlipBody:
    """Return the body with canonical signatures by the same keys: the file has digests also behind a high s."""
    return replace(body, signature=_low_s(body.signature), delegation_signature=_low_s(body.delegation_signature))


def _low_s(signature: bytes) -> bytes:
    s = int.from_bytes(signature[32:64], "big")
    if s <= CURVE_ORDER // 2:
        return signature
    return signature[:32] + (CURVE_ORDER - s).to_bytes(32, "big") + bytes([55 - signature[64]])


def _check_list(report: Report, box: Json, facts: TenderFacts) -> None:
    record = box["list"]
    slips = {slip["name"]: _hex(slip["slip"]) for slip in box["slips"]}
    names = {slip: name for name, slip in slips.items()}
    result = read_box(facts, read_contents(record, slips), _hex(box["x"]))
    reasons = {names[verdict.slip]: verdict for verdict in result.verdicts}
    for name in sorted(reasons.keys() | record["reasons"].keys()):
        expected = record["reasons"].get(name, "no reason")
        report.same(f"box.list.reasons {name}", expected, _reason(reasons.get(name)))
    report.same("box.list.entries", record["entries"], [entry.encode().hex() for entry in result.entries])
    report.same("box.list.root", record["root"], result.root)
    report.same("box.list.rootOfNothing", record["rootOfNothing"], rfc6962_root(()))
    counts = [{"lot": count.lot, "bidders": count.bidders} for count in result.counts]
    report.same("box.list.counts", record["counts"], counts)


def _reason(verdict: Verdict | None) -> str:
    return str(verdict.reason) if verdict else "no reason"
