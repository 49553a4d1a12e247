"""What a verifier can say of a tender's keys, its box and its list: recomputed from proven storage, shares and slips.

Pure. Nobody asserts the list: it is computed here with the code that key-holders use, from slips that are proven to lie
under the cuts on chain. Without the whole box that proves what is in the list, and that k holders, who scanned the
whole box, found the same; with the whole box it also proves that nothing was left out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bidding.box.book import BookState, TenderAtBlock, fold
from bidding.box.committee import RegisteredKeySet
from bidding.box.errors import BoxError
from bidding.box.facts import Contracts, base_facts, compute_list, open_slips, questions, with_registry
from bidding.box.proven import KeyRecord
from bidding.box.registry import Answers, Questions
from bidding.sealing.acts import header_hash_of
from bidding.sealing.box import BoxList
from bidding.sealing.boxkey import interpolate_box_key
from bidding.sealing.facts import BoxContents, TenderFacts
from bidding.sealing.judge import VOID_REASONS
from bidding.sealing.slip import SlipBody
from ledger.acts import ZERO32, BidList, BoxShare
from ledger.claims import Claim, Words, settled
from ledger.eip712 import Domain, digest
from ledger.json_fields import to_hex
from ledger.keys import recover

NameOf = Callable[[bytes], str]
"""Gives the name of a city by its id, as the verifier knows it."""


# --- keys --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TenderKeys:
    """The tender's two key sets as registered, with what KeySets says of them besides."""

    seal: RegisteredKeySet
    box: RegisteredKeySet
    seal_record: KeyRecord
    box_record: KeyRecord

    @property
    def is_dealt(self) -> bool:
        """Whether one dealer made the keys and knew them all: no transcript of a ceremony is registered."""
        return ZERO32 in {self.seal_record.transcript, self.box_record.transcript}


def keys_claim(
    at: TenderAtBlock, book: bytes, read: Callable[[], TenderKeys], name_of: NameOf, proof: str
) -> tuple[Claim, TenderKeys | None]:
    """Return the claim that the announced keys are the committee's own; `read` reads them from proven storage."""

    def find() -> tuple[TenderKeys, Words]:
        keys = read()
        _need_fitting_keys(at, book, keys)
        return keys, _keys_words(keys, name_of, proof)

    subject = Words(
        "Bids and box are sealed to key sets of one committee, registered for this.",
        "投标文件与投标箱的密钥均属同一密钥委员会，且已在链上登记。",
        when=at.view.announced_at,
        evidence=(proof,),
    )
    return settled("keys.registered", subject, find)


def _need_fitting_keys(at: TenderAtBlock, book: bytes, keys: TenderKeys) -> None:
    if keys.box.seal_key_id != at.view.key_id:
        raise BoxError("The box key belongs to another committee than the seal key.", code="box.key_set")
    if (keys.box_record.spent_by, keys.box_record.spender) != (at.tender, book):
        raise BoxError("The box key was spent by another tender.", code="box.key_spent")
    k = keys.seal.keys.k
    for seats in (Counter(m.city for m in keys.seal.members), Counter(m.organisation for m in keys.seal.members)):
        if k > 1 and max(seats.values()) >= k:
            raise BoxError("One city or organisation holds enough shares to open bids by itself.", code="box.key_set")


def _keys_words(keys: TenderKeys, name_of: NameOf, proof: str) -> Words:
    n, k = keys.seal.keys.n, keys.seal.keys.k
    holders = ", ".join(f"{i} {name_of(m.city)}" for i, m in enumerate(keys.seal.members, 1))
    dealt_en = " One dealer made these keys and knew them all: development only." if keys.is_dealt else ""
    dealt_zh = "这些密钥由单一发放者生成并全部知悉，仅供开发使用。" if keys.is_dealt else ""
    evidence = (to_hex(keys.seal.keys.key_id), to_hex(keys.box.keys.key_id), proof)
    return Words(
        f"Bids are sealed to a key of which any {k} of {n} holders can open them (holders: {holders}); the box to a "
        f"key of the same holders, used for this tender only. Both ids are recomputed from registered keys.{dealt_en}",
        f"投标文件以委员会密钥加密，{n} 名持有人中任意 {k} 名可共同开启（持有人：{holders}）；"
        f"投标箱密钥属同一批持有人，仅用于本项目。两个密钥编号均由登记的密钥重新计算得出。{dealt_zh}",
        who=holders,
        evidence=evidence,
    )


# --- what was in the box -----------------------------------------------------------------------------------------


def inputs_claim(
    at: TenderAtBlock, read: Callable[[], BoxContents], name_of: NameOf, proof: str
) -> tuple[Claim, BoxContents | None]:
    """Return the claim on what the list is computed from; `read` returns the slips, proven under the cuts."""

    def find() -> tuple[BoxContents, Words]:
        if at.view.state < BookState.CLOSED or at.inputs() != at.view.inputs:
            raise BoxError("Cuts and admissions are not those that the contract closed with.", code="box.inputs")
        contents = read()
        admitted = fold(hashlib.sha256(slip).digest() for slip in contents.admitted)
        if (len(contents.admitted), admitted) != (at.view.admitted_count, at.view.admitted_head):
            raise BoxError("The admitted slips are not those on chain.", code="box.admitted")
        cuts = sum(len(origin.cuts) for origin in at.origins)
        witnesses = ", ".join(sorted({name_of(cut.city) for origin in at.origins for cut in origin.cuts}))
        return contents, Words(
            f"The box is fixed by {cuts} checkpoints of {len(at.origins)} logs, each signed by the log's city and by "
            f"a witness city ({witnesses}) with times up to the deadline. Slips admitted: {at.view.admitted_count}.",
            f"投标箱由 {len(at.origins)} 个日志的 {cuts} 个检查点确定，每个检查点均由所在城市与见证城市（{witnesses}）"
            f"在截止时间前签名；另有 {at.view.admitted_count} 份经链上接纳的投递。",
            who=witnesses,
            when=at.view.deadline,
            evidence=(to_hex(at.view.inputs), proof),
        )

    subject = Words("What was in the box at the deadline is fixed on chain.", "截止时投标箱的内容已在链上固定。",
                    when=at.view.deadline, evidence=(proof,))  # fmt: skip
    return settled("box.inputs", subject, find)


# --- opened ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SignedShare:
    """A holder's share of the box key."""

    act: BoxShare
    signature: bytes


def opened_claim(
    at: TenderAtBlock, keys: Callable[[], TenderKeys], shares: Sequence[SignedShare], domain: Domain, name_of: NameOf
) -> tuple[Claim, bytes | None]:
    """Return the claim that k holders opened the box, and x_b; `domain` is CityRegistry's."""

    def find() -> tuple[bytes, Words]:
        box = keys().box
        scalars: dict[int, bytes] = {}
        for share in shares:
            act = share.act
            if (act.tender, act.box_key_id, act.epoch) != (at.tender, box.keys.key_id, box.keys.epoch):
                raise BoxError("A share is of another box.", code="box.share")
            if box.index_of(recover(digest(act, domain), share.signature)) != act.holder or act.holder in scalars:
                raise BoxError("A share was not signed by the holder of its seat.", code="box.share")
            scalars[act.holder] = act.scalar
        secret = interpolate_box_key(box.keys, scalars)
        who = ", ".join(f"{i} {name_of(box.members[i - 1].city)}" for i in sorted(scalars))
        return secret, Words(
            f"The box was opened by holders {who}: their shares give the secret of the announced box key.",
            f"投标箱由持有人 {who} 开启：其份额合成的私钥与公告的投标箱公钥相符。",
            who=who,
            evidence=(to_hex(box.keys.key_id),),
        )

    subject = Words("The box was opened by enough holders of its key.", "投标箱由足够的密钥持有人共同开启。")
    return settled("box.opened", subject, find)


# --- the list ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProvenList:
    """The list as recomputed, the facts it was computed from, and the bodies of the listed bids by headerHash."""

    list: BoxList
    facts: TenderFacts
    bodies: Mapping[bytes, SlipBody]


@dataclass(frozen=True)
class ListStatement:
    """The list as holders signed it; `entries` are its leaves."""

    act: BidList
    signatures: Sequence[bytes]
    entries: Sequence[bytes]


@dataclass(frozen=True)
class ListInputs:
    """All that the list is computed from; `ask` answers from proven storage of CityRegistry."""

    contracts: Contracts
    keys: TenderKeys
    contents: BoxContents
    secret: bytes
    ask: Callable[[Questions], Answers]
    is_whole_box: bool


def list_claim(
    at: TenderAtBlock, read: Callable[[], ListInputs], stated: ListStatement | None, name_of: NameOf, proof: str
) -> tuple[Claim, ProvenList | None]:
    """Return the claim that the list on chain is what the box gives, and the list."""

    def find() -> tuple[ProvenList, Words]:
        inputs = read()
        if stated is None:
            raise BoxError("The bundle holds no signed list.", code="box.list")
        found = _compute(at, inputs)
        _need_same(at, found.list, stated)
        holders = _signers(at, inputs, stated)
        who = ", ".join(f"{i} {name_of(inputs.keys.seal.members[i - 1].city)}" for i in holders)
        return found, _list_words(at, found.list, inputs, who, proof)

    subject = Words("The list of bids is what the box gives.", "投标名单与投标箱内容一致。",
                    when=at.view.listed_at, evidence=(to_hex(at.view.list_root), proof))  # fmt: skip
    return settled("list.recomputed", subject, find)


def _compute(at: TenderAtBlock, inputs: ListInputs) -> ProvenList:
    base = base_facts(at, inputs.contracts, inputs.keys.seal, inputs.keys.box)
    opened = open_slips(base, inputs.contents, inputs.secret)
    if not inputs.is_whole_box and opened.contents.origins != inputs.contents.origins:
        raise BoxError("A slip is shown that the box key does not open.", code="box.slip_foreign")
    facts = with_registry(base, inputs.ask(questions(base, opened)))
    found = compute_list(facts, opened, inputs.secret)
    listed = [verdict.body for verdict in found.verdicts if verdict.reason in VOID_REASONS]
    return ProvenList(found, facts, {header_hash_of(body, facts): body for body in listed})


def _need_same(at: TenderAtBlock, found: BoxList, stated: ListStatement) -> None:
    computed = BidList(at.tender, at.view.inputs, found.root, len(found.entries), found.counts)
    on_chain = (at.view.list_root, at.view.list_count, tuple(lot.bidders for lot in at.lots))
    if on_chain != (found.root, len(found.entries), tuple(count.bidders for count in found.counts)):
        raise BoxError("The slips in the box give another list than the one on chain.", code="box.list")
    if stated.act != computed or tuple(stated.entries) != tuple(entry.encode() for entry in found.entries):
        raise BoxError("The slips in the box give another list than the holders signed.", code="box.list")


def _signers(at: TenderAtBlock, inputs: ListInputs, stated: ListStatement) -> list[int]:
    """Return the seats of the holders who signed; TenderBook holds the digest of what they signed."""
    signed = digest(stated.act, Domain(inputs.contracts.chain_id, inputs.contracts.tender_book))
    if signed != at.view.list:
        raise BoxError("TenderBook holds another signed list.", code="box.list")
    seats = [inputs.keys.seal.index_of(recover(signed, signature)) for signature in stated.signatures]
    known = sorted(seat for seat in seats if seat is not None)
    if len(known) != len(seats) or len(set(known)) != len(known) or len(known) < inputs.keys.seal.keys.k:
        raise BoxError("The list is not signed by enough holders, each once.", code="box.list")
    return known


def _list_words(at: TenderAtBlock, found: BoxList, inputs: ListInputs, who: str, proof: str) -> Words:
    void = sum(1 for entry in found.entries if entry.void)
    count_en = f"The list has {len(found.entries)} entries, {void} of them void; recomputed here from the "
    count_zh = f"投标名单共 {len(found.entries)} 项，其中无效 {void} 项；"
    if inputs.is_whole_box:
        how_en = "whole box, so that no bid was left out."
        how_zh = "由投标箱全部内容重新计算得出，无一遗漏。"
    else:
        how_en = (f"tender's slips that are shown. That no other slip of the tender was in the box is the word of "
                  f"holders {who}, who scanned it; a bundle with the box proves it.")  # fmt: skip
        how_zh = (f"由所示的本项目投递重新计算得出。箱内再无本项目其他投递，由扫描全箱的持有人 {who} 签名确认；"
                  "附全箱的验证包可自行证明。")  # fmt: skip
    evidence = (to_hex(found.root), to_hex(at.view.list), proof)
    return Words(count_en + how_en, count_zh + how_zh, who, at.view.listed_at, evidence)
