"""Sections `constants`, `keysets`, `cases`, `negative`, `padding` and `recovery` of a file of known answers."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import replace

from bidding.sealing.group import decode_scalar, encode_scalar, lagrange
from bidding.sealing.hashing import Suite
from bidding.sealing.header import Header, Label
from bidding.sealing.keyset import KeySet
from bidding.sealing.proofs import commit
from bidding.sealing.recovery import Argon2Cost, read_recovery_file, write_recovery_file
from bidding.sealing.stream import PricePadder, PriceUnpadder, Source, StreamHead, file_key, price_payload_length
from bidding.sealing.tdh2 import (
    VerifiedHeader,
    combine,
    ct_statement,
    encapsulate,
    make_share,
    open_document,
    open_payload,
    seal,
    verify_header,
    verify_share,
    z_of_bidder,
)
from bidding.sealing.vectors.report import Json, Report, pattern, points
from ledger.acts import Envelope
from ledger.encoding import enc, u64

_hex = bytes.fromhex


def check_constants(report: Report, suite: Suite, constants: Json) -> None:
    """Recompute the constants; the text inputs are those that their names say."""
    zeros = bytes(32)
    gbar, counter = suite.to_point("gbar")
    computed: Json = {
        "tag_header": suite.tag("header"),
        "enc_abc_empty": enc(b"abc", b""),
        "H_leaf_0_abc": suite.hash("leaf", u64(0), b"abc"),
        "H2S_r_seed_label": encode_scalar(suite.group, suite.to_scalar("r", zeros, b"label")),
        "hkdf_expand_16": suite.expand(zeros, b"info", 16),
        "gbar": suite.group.encode(gbar),
        "gbarCounter": counter,
    }
    for name, expected in constants.items():
        report.same(f"constants.{name}", expected, computed.get(name, "unknown to this library"))


def read_key_set(record: Json, suite: Suite) -> KeySet:
    """Return the key set of a record in the file."""
    return KeySet.from_json({key: record[key] for key in ("n", "k", "epoch", "Y", "h", "keyId")}, suite)


def check_key_set(report: Report, path: str, record: Json, all_records: Json, suite: Suite) -> KeySet:
    """Check a key set with its secrets, and return it."""
    key_set, group = read_key_set(record, suite), suite.group
    report.same(f"{path}.setHash", record["setHash"], key_set.set_hash)
    secrets = [decode_scalar(group, value) for value in points(record["x"])]
    for index, (secret, expected) in enumerate(zip(secrets, record["h"], strict=True), 1):
        report.same(f"{path}.h[{index}]", expected, group.encode(group.mul_base(secret)))
    coefficients = [int(value, 16) for value in record.get("coefficients", [])]
    for index, expected in enumerate(record["x"] if coefficients else [], 1):
        value = sum(a * index**power for power, a in enumerate(coefficients)) % group.order
        report.same(f"{path}.x[{index}]", expected, value.to_bytes(32, "big"))
    if "resharedFrom" not in record:
        report.same(f"{path}.epoch", record["epoch"], 1)
    else:
        old, dealers = all_records[record["resharedFrom"]], record["dealers"]
        report.same(f"{path}.epoch", record["epoch"], old["epoch"] + 1)
        report.same(f"{path}.Y", record["Y"], _hex(old["Y"]))
        report.same(f"{path}.keyId", record["keyId"], _hex(old["keyId"]))
        in_range = all(1 <= dealer <= old["n"] for dealer in dealers)
        are_distinct = dealers == sorted(set(dealers)) and len(dealers) == old["k"]
        report.holds(f"{path}.dealers", "exactly k old holders deal", is_true=in_range and are_distinct)
    return key_set


def _label(record: Json) -> Label:
    return Label(
        int(record["chainId"]),
        _hex(record["contract"]),
        _hex(record["tenderId"]),
        record["lot"],
        Envelope[record["envelope"].upper()],
        _hex(record["bidderId"]),
        _hex(record["attemptNonce"]),
        _hex(record["keyId"]),
    )


_LABEL_FIELDS = {
    "contract": "contract",
    "tenderId": "tender",
    "bidderId": "bidder",
    "attemptNonce": "attempt_nonce",
    "keyId": "key_id",
}


def _payload(case: Json) -> bytes:
    if "document" in case:
        document = _hex(case["document"])
        return _read_all(PricePadder(io.BytesIO(document), len(document)))
    return pattern(case["patternLength"]) if "patternLength" in case else _hex(case["payload"])


def _read_all(source: Source) -> bytes:
    sink = io.BytesIO()
    while data := source.read(1 << 16):
        sink.write(data)
    return sink.getvalue()


def check_case(report: Report, path: str, case: Json, record: Json, key_set: KeySet) -> None:
    """Seal the case again from its inputs, and compare every intermediate value."""
    payload, label, sink = _payload(case), _label(case["label"]), io.BytesIO()
    seed, rnd = _hex(case["bidderSeed"]), _hex(case["proofRnd"])
    header = seal(
        key_set.joint_key,
        label.encode(),
        seed,
        io.BytesIO(payload),
        sink,
        chunk_size=case["chunkSize"],
        rnd=rnd,
        suite=key_set.suite,
    )
    stream = sink.getvalue()
    computed = _kem_values(header, key_set, seed, rnd) | _stream_values(header, stream)
    for name, value in computed.items():
        if name in case or name != "chunks":
            report.same(f"{path}.{name}", case[name], value)
    verified = verify_header(header.encode(), key_set, label)
    _check_shares(report, path, case, record, key_set, verified)
    opened = io.BytesIO()
    open_payload(verified, _hex(case["Z"]), io.BytesIO(stream), opened)
    report.holds(f"{path}.payload", "the opened payload is the sealed one", is_true=opened.getvalue() == payload)
    if "document" in case:
        opened = io.BytesIO()
        open_document(verified, z_of_bidder(verified, _hex(case["r"])), io.BytesIO(stream), opened)
        report.same(f"{path}.document", case["document"], opened.getvalue())


def _kem_values(header: Header, key_set: KeySet, seed: bytes, rnd: bytes) -> Json:
    suite, parts = key_set.suite, header.parts
    group = suite.group
    secret = encapsulate(key_set.joint_key, header.label, seed, suite)
    statement = ct_statement(header, key_set.joint_key)
    first_move = commit(suite, "ct", secret.r, statement, (group.base, suite.gbar), rnd)
    return {
        "L": header.label,
        "length": header.shape.length,
        "r": encode_scalar(group, secret.r),
        "U": group.encode(secret.u),
        "Ubar": group.encode(secret.u_bar),
        "Z": secret.z,
        "PRK": suite.extract(suite.tag("kdf"), secret.z),
        "K": secret.key,
        "com": secret.com,
        "fileKey": file_key(suite, secret.key, header.shape.chunk_size),
        "t": encode_scalar(group, first_move.t),
        "w": group.encode(first_move.points[0]),
        "wbar": group.encode(first_move.points[1]),
        "e": encode_scalar(group, parts.proof.e),
        "f": encode_scalar(group, parts.proof.f),
    }


def _stream_values(header: Header, stream: bytes) -> Json:
    size = header.shape.chunk_size + 16
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    head = StreamHead(header.suite)
    return {
        "leaves": [head.append(chunk).hex() for chunk in chunks],
        "head": header.head,
        "root": header.root,
        "core": header.core,
        "header": header.encode(),
        "headerHash": header.hash,
        "streamLength": len(stream),
        "streamSha256": hashlib.sha256(stream).digest(),
        "chunks": [chunk.hex() for chunk in chunks],
    }


def _check_shares(
    report: Report, path: str, case: Json, record: Json, key_set: KeySet, verified: VerifiedHeader
) -> None:
    group, shares = key_set.suite.group, {}
    for item in case["shares"]:
        index = item["i"]
        secret = decode_scalar(group, _hex(record["x"][index - 1]))
        share = make_share(verified, key_set, index, secret, _hex(item["rnd"]))
        report.same(f"{path}.shares[{index}]", item["share"], share)
        shares[index] = verify_share(verified, key_set, share)
    for item in case["subsets"]:
        indices = tuple(item["indices"])
        lambdas = [encode_scalar(group, value).hex() for value in lagrange(group, indices)]
        report.same(f"{path}.subsets{list(indices)}.lambdas", item["lambdas"], lambdas)
        chosen = tuple(shares[index] for index in indices)
        report.same(f"{path}.subsets{list(indices)}.Z", case["Z"], combine(verified, key_set, chosen))


def check_negative(report: Report, path: str, case: Json, key_set: KeySet) -> None:
    """Try what must be refused, and compare the reason."""
    operation = _OPERATIONS[case["op"]]
    report.refused(path, case["expect"], lambda: operation(case, key_set))


def _verify(case: Json, key_set: KeySet) -> VerifiedHeader:
    """Verify the header; `context` holds what the reader's own records say of some fields of the label."""
    data, expected = _hex(case["header"]), None
    if "context" in case:
        known: Json = {_LABEL_FIELDS[name]: _hex(value) for name, value in case["context"].items()}
        expected = replace(Label.decode(Header.decode(data, key_set.suite).label), **known)
    return verify_header(data, key_set, expected)


def _open(case: Json, key_set: KeySet) -> None:
    open_payload(_verify(case, key_set), _hex(case["Z"]), io.BytesIO(_hex(case["stream"])), io.BytesIO())


def _combine(case: Json, key_set: KeySet) -> None:
    verified = _verify(case, key_set)
    combine(verified, key_set, tuple(verify_share(verified, key_set, share) for share in points(case["shares"])))


def _bidder_open(case: Json, key_set: KeySet) -> None:
    verified = _verify(case, key_set)
    z = z_of_bidder(verified, _hex(case["r"]))
    open_payload(verified, z, io.BytesIO(_hex(case["stream"])), io.BytesIO())


def _unpad(case: Json, _key_set: KeySet) -> None:
    payload = _hex(case["payload"])
    unpadder = PriceUnpadder(io.BytesIO(), len(payload))
    unpadder.write(payload)
    unpadder.finish()


_OPERATIONS: Mapping[str, Callable[[Json, KeySet], object]] = {
    "verify_header": _verify,
    "verify_share": lambda case, key_set: verify_share(_verify(case, key_set), key_set, _hex(case["share"])),
    "combine": _combine,
    "open": _open,
    "bidder_open": _bidder_open,
    "key_set": lambda case, key_set: read_key_set(case["record"], key_set.suite),
    "unpad_price": _unpad,
}


def check_padding(report: Report, path: str, case: Json) -> None:
    """Pad the document of a price envelope, and compare."""
    length = case["documentPatternLength"]
    document = _hex(case["document"]) if case["document"] is not None else pattern(length)
    payload = _read_all(PricePadder(io.BytesIO(document), len(document)))
    report.same(f"{path}.documentPatternLength", length, len(document))
    report.same(f"{path}.payloadLength", case["payloadLength"], len(payload))
    report.same(f"{path}.payloadLength", case["payloadLength"], price_payload_length(len(document)))
    report.same(f"{path}.payloadSha256", case["payloadSha256"], hashlib.sha256(payload).digest())


def check_recovery(report: Report, suite: Suite, record: Json) -> None:
    """Write the recovery file again, and read it."""
    cost = Argon2Cost(record["memKiB"], record["passes"], record["lanes"])
    seed, passphrase = _hex(record["seed"]), record["passphrase"]
    file = write_recovery_file(seed, passphrase, _hex(record["salt"]), _hex(record["nonce"]), suite, cost)
    report.same("recovery.file", record["file"], file)
    report.same("recovery.seed", record["seed"], read_recovery_file(_hex(record["file"]), passphrase, suite))
