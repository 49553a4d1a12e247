"""Each condition under which a key acts for an organisation, broken alone."""

import dataclasses

import pytest

from ledger.acts import ZERO32, Credential, Delegation, Role, Scope
from ledger.authority import ActChain, AuthorityError, Issuer, Need, check_chain
from ledger.eip712 import Domain, digest
from ledger.keys import SigningKey

REGISTRY = Domain(31337, bytes(19) + b"\x01")
ISSUER, OWN, STAFF, STRANGER = (SigningKey(bytes([n]) * 32) for n in (1, 2, 3, 4))
ORG, OTHER, TENDER, CITY = (bytes([n]) * 32 for n in (11, 12, 13, 14))
NOW = 1_000
NEED = Need(Role.TENDERER, ORG, Scope.CONDUCT, TENDER)


@dataclasses.dataclass
class Facts:
    issuers: dict[bytes, Issuer]
    revoked: dict[bytes, int]

    def issuer(self, address: bytes) -> Issuer | None:
        return self.issuers.get(address)

    def revoked_from(self, act: bytes) -> int | None:
        return self.revoked.get(act)


def facts(**changes) -> Facts:
    record = Issuer(ISSUER.address, CITY, 1 << Role.TENDERER, 0, 2_000)
    return Facts({ISSUER.address: dataclasses.replace(record, **changes)}, {})


def credential(key: SigningKey = OWN, **changes) -> ActChain:
    act = dataclasses.replace(Credential(key.address, ORG, ORG, Role.TENDERER, 900, 1_100), **changes)
    return ActChain(act, ISSUER.sign(digest(act, REGISTRY)))


def delegated(signer: SigningKey = OWN, own: ActChain | None = None, **changes) -> ActChain:
    act = dataclasses.replace(Delegation(ORG, STAFF.address, Scope.CONDUCT, ZERO32, 1_050), **changes)
    base = own or credential()
    return ActChain(base.credential, base.credential_signature, act, signer.sign(digest(act, REGISTRY)))


def test_an_own_key_and_a_delegates_key_act_for_their_organisation() -> None:
    own = check_chain(credential(), OWN.address, NEED, NOW, REGISTRY, facts())
    assert (own.actor, own.organisation, own.issuer_city) == (OWN.address, ORG, CITY)
    assert check_chain(delegated(), STAFF.address, NEED, NOW, REGISTRY, facts()).actor == STAFF.address
    only_this = delegated(tender=TENDER)
    assert check_chain(only_this, STAFF.address, NEED, NOW, REGISTRY, facts()).organisation == ORG


@pytest.mark.parametrize(
    ("chain", "actor", "moment", "code"),
    [
        (credential(role=Role.BIDDER), OWN, NOW, "authority.credential"),
        (credential(organisation=OTHER), OWN, NOW, "authority.credential"),
        (credential(), OWN, 899, "authority.expired"),
        (credential(), OWN, 1_101, "authority.expired"),
        (credential(), STRANGER, NOW, "authority.key"),
        (delegated(), STRANGER, NOW, "authority.delegation"),
        (delegated(valid_to=999), STAFF, NOW, "authority.delegation"),
        (delegated(scope=Scope.SUBMIT), STAFF, NOW, "authority.delegation"),
        (delegated(tender=OTHER), STAFF, NOW, "authority.delegation"),
        (delegated(organisation=OTHER), STAFF, NOW, "authority.delegation"),
        (delegated(own=credential(subject=OTHER)), STAFF, NOW, "authority.delegation"),
        (delegated(signer=STRANGER), STAFF, NOW, "authority.delegation"),
    ],
)
def test_each_broken_link_is_named(chain: ActChain, actor: SigningKey, moment: int, code: str) -> None:
    with pytest.raises(AuthorityError) as caught:
        check_chain(chain, actor.address, NEED, moment, REGISTRY, facts())
    assert caught.value.code == code


@pytest.mark.parametrize(
    "changes",
    [{"roles": 1 << Role.BIDDER}, {"valid_from": 1_001}, {"valid_to": 999}, {"compromised_at": 1_000}],
)
def test_an_issuer_that_does_not_stand_vouches_for_nobody(changes: dict[str, int]) -> None:
    with pytest.raises(AuthorityError) as caught:
        check_chain(credential(), OWN.address, NEED, NOW, REGISTRY, facts(**changes))
    assert caught.value.code == "authority.issuer"


def test_an_unregistered_issuer_vouches_for_nobody() -> None:
    with pytest.raises(AuthorityError, match="No registered issuer"):
        check_chain(credential(), OWN.address, NEED, NOW, REGISTRY, Facts({}, {}))


def test_a_compromise_later_than_the_moment_does_not_reach_back() -> None:
    assert check_chain(credential(), OWN.address, NEED, NOW, REGISTRY, facts(compromised_at=1_001))


@pytest.mark.parametrize("part", ["credential", "delegation"])
def test_a_revocation_counts_from_its_moment(part: str) -> None:
    chain = delegated()
    revoked = digest(getattr(chain, part), REGISTRY)
    known = facts()
    known.revoked[revoked] = NOW + 1
    assert check_chain(chain, STAFF.address, NEED, NOW, REGISTRY, known)
    known.revoked[revoked] = NOW
    with pytest.raises(AuthorityError) as caught:
        check_chain(chain, STAFF.address, NEED, NOW, REGISTRY, known)
    assert caught.value.code == "authority.revoked"


@pytest.mark.parametrize("chain", [credential(), delegated()])
def test_json_form_comes_back(chain: ActChain) -> None:
    assert ActChain.from_json(chain.to_json()) == chain


@pytest.mark.parametrize("change", [{"credentialSignature": 5}, {"credentialSignature": "0xz"}, {"more": 1}])
def test_malformed_json_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(AuthorityError):
        ActChain.from_json(credential().to_json() | change)
