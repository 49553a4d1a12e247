"""Verify a bundle: offline, without a database, from the trust file alone.

Nothing in the bundle that says it was checked is believed: chain facts are taken from storage proofs under a block
that counts by the trust file, and list, opening, evaluation and award are computed again. Bad evidence never raises;
it makes a named claim not hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.chain.evidence.blocks import VerifiedBlock, verify_block
from ledger.chain.evidence.facts import ProvenState
from ledger.chain.evidence.trust import TrustFile
from ledger.claims import Claim, Words, settled
from ledger.errors import SunbidError
from ledger.json_fields import to_hex
from witness.audit.bundle import Bundle
from witness.audit.examine import Examination
from witness.audit.parts import Profile
from witness.log.note import Vkey
from witness.log.policy import Policy


class BundleError(SunbidError):
    """A bundle that is not one, or that is about another deployment."""

    code = "bundle.foreign"


@dataclass(frozen=True)
class Verdict:
    """What a verifier found: the claims in order, and on what tender, if the bundle could be read."""

    claims: tuple[Claim, ...]
    tender: bytes | None = None
    profile: Profile | None = None

    @property
    def ok(self) -> bool:
        """Whether there are claims and every one of them holds."""
        return bool(self.claims) and all(claim.holds for claim in self.claims)

    @property
    def failed(self) -> tuple[Claim, ...]:
        """The claims that do not hold."""
        return tuple(claim for claim in self.claims if not claim.holds)


def verify(data: bytes, trust: TrustFile) -> Verdict:
    """Return the verdict on the bundle in `data` by this trust file; never raises for what is in the bundle."""

    def read() -> tuple[tuple[Bundle, Policy], Words]:
        bundle = Bundle.from_bytes(data)
        if (bundle.manifest.chain_id, bundle.manifest.city_registry) != (trust.chain_id, trust.city_registry):
            raise BundleError("the bundle is of another chain or registry than the trust file")
        return (bundle, policy_of(bundle.policy, trust)), Words(
            "The bundle is in its one canonical form.", "验证包为唯一规范形式。"
        )

    subject = Words(
        "The bundle is in its one canonical form, and of this deployment.", "验证包为唯一规范形式，且属于本部署。"
    )
    form, known = settled("bundle.form", subject, read)
    if known is None:
        return Verdict((form,))
    bundle, policy = known
    counts, opened = _block(bundle, trust)
    claims = [form, counts]
    if opened is not None:
        names = {city.id: city.name for city in trust.cities}
        claims += Examination(bundle, *opened, policy, names).run()
    return Verdict(tuple(claims), bundle.manifest.tender, bundle.manifest.profile)


def policy_of(stated: bytes, trust: TrustFile) -> Policy:
    """Return by what checkpoints are believed: the log of the bundle, if it is pinned, witnessed by the other cities.

    Refuses a stated policy that is not in canonical form, or that names another log or witness. A city's own witness
    says nothing about its own log.
    """
    policy = Policy.parse(stated)
    named = {key.vkey for key in policy.logs}
    own = [city for city in trust.cities if named & set(map(Vkey.parse, city.logs))]
    witnesses = [Vkey.parse(city.cosigner) for city in trust.cities if city not in own]
    fits = len(named) == len(own) == 1 and {key.vkey for key in policy.witnesses.values()} <= set(witnesses)
    if policy.format() != stated or not fits:
        raise BundleError("the bundle's policy names another log or witness than the trust file pins for it")
    return Policy.of([*named], witnesses, trust.cosignatures)


def _block(bundle: Bundle, trust: TrustFile) -> tuple[Claim, tuple[VerifiedBlock, ProvenState] | None]:
    def find() -> tuple[tuple[VerifiedBlock, ProvenState], Words]:
        block = verify_block(trust, bundle.anchor.block)
        state = bundle.anchor.state.open(block.state_root)
        who = ", ".join(block.vouched_by)
        by_en = f"sealed by {who}" if block.has_own_time else f"attested by {who}, no independent time"
        by_zh = f"由验证者 {who} 签发" if block.has_own_time else f"由 {who} 证明，无独立时间来源"
        return (block, state), Words(
            f"Block {block.number} counts: {by_en}. Every fact of the chain below is proven under its state root.",
            f"区块 {block.number} 有效：{by_zh}。以下链上事实均由其状态根证明。",
            who,
            block.timestamp,
            (to_hex(block.hash), to_hex(block.state_root)),
        )

    subject = Words("The block counts by the trust file, and the state is proven under it.",
                    "区块依信任文件有效，且状态由其证明。")  # fmt: skip
    return settled("block.counts", subject, find)
