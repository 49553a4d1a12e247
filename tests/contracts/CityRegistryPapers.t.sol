// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {Acts} from "../../contracts/libraries/Acts.sol";
import {Role, Scope} from "../../contracts/libraries/Codes.sol";
import {Deployment} from "./support/Deployment.sol";

/// @dev acts.md, "Rules": who may act for an organisation, and how a paper ends.
contract CityRegistryPapersTest is Deployment {
    bytes32 private constant ACME = keccak256("acme");
    bytes32 private constant CLERK = keccak256("clerk");
    bytes32 private constant TENDER = keccak256("tender");
    bytes32 private constant ACT = keccak256("the digest of an act");

    Actor private own;
    Actor private staff;
    Actor private delegate;
    Actor private stranger;

    function setUp() public override {
        super.setUp();
        own = _actor("own", 0);
        staff = _actor("staff", 0);
        delegate = _actor("delegate", 0);
        stranger = _actor("stranger", 0);
    }

    // --- own keys and staff -------------------------------------------------------------------------------------

    function test_authorise_acceptsStaff() public view {
        (address signer, bytes32 city) = _authorise(staff, _staffChain(), Role.TENDERER, 0);
        assertEq(signer, staff.at);
        assertEq(city, cities[1]);
    }

    function test_authorise_acceptsTheOrganisationsOwnKey() public view {
        _authorise(own, _chain(issuers[0], _credential(own.at, ACME, ACME, Role.TENDERER)), Role.TENDERER, 0);
    }

    function test_authorise_failsIfAnotherKeySigned() public {
        ICityRegistry.Chain memory chain = _staffChain();
        _refused(abi.encodeWithSelector(ICityRegistry.SignerNotFitting.selector, stranger.at));
        _authorise(stranger, chain, Role.TENDERER, 0);
    }

    function test_authorise_failsIfRoleDiffers() public {
        ICityRegistry.Chain memory chain = _staffChain();
        _refused(abi.encodeWithSelector(ICityRegistry.CredentialNotFitting.selector, _id(chain.credential)));
        _authorise(staff, chain, Role.BIDDER, 0);
    }

    function test_authorise_failsIfOrganisationDiffers() public {
        ICityRegistry.Chain memory chain =
            _chain(issuers[1], _credential(staff.at, CLERK, keccak256("other"), Role.TENDERER));
        _refused(abi.encodeWithSelector(ICityRegistry.CredentialNotFitting.selector, _id(chain.credential)));
        _authorise(staff, chain, Role.TENDERER, 0);
    }

    function testFuzz_authorise_holdsInsideTheCredentialsPeriodOnly(uint64 from, uint64 to, uint64 at) public {
        at = uint64(bound(at, START, START + 1000 days));
        from = uint64(bound(from, START - 100 days, START + 1000 days));
        to = uint64(bound(to, START - 100 days, START + 2000 days));
        Acts.Credential memory credential = Acts.Credential(staff.at, CLERK, ACME, Role.TENDERER, from, to);
        ICityRegistry.Chain memory chain = _chain(issuers[1], credential);
        vm.warp(at);
        if (at < from || at > to) {
            _refused(abi.encodeWithSelector(ICityRegistry.CredentialOutOfForce.selector, _id(credential)));
        }
        _authorise(staff, chain, Role.TENDERER, 0);
    }

    function test_authorise_failsIfCredentialWasTamperedWith() public {
        ICityRegistry.Chain memory chain = _staffChain();
        chain.credential.validTo++;
        vm.expectPartialRevert(ICityRegistry.IssuerNotStanding.selector);
        _authorise(staff, chain, Role.TENDERER, 0);
    }

    function test_authorise_failsIfNotSignedByAnIssuer() public {
        ICityRegistry.Chain memory chain = _chain(witnesses[1], _credential(staff.at, CLERK, ACME, Role.TENDERER));
        _refused(abi.encodeWithSelector(ICityRegistry.IssuerNotStanding.selector, witnesses[1].at));
        _authorise(staff, chain, Role.TENDERER, 0);
    }

    function test_authorise_failsIfIssuerLacksTheRole() public {
        Actor memory narrow = _actor("narrow issuer", 0);
        _addKey(0, narrow, ICityRegistry.KeyKind.Issuer, 1 << Role.BIDDER);
        _authorise(staff, _chain(narrow, _credential(staff.at, CLERK, ACME, Role.BIDDER)), Role.BIDDER, 0);
        ICityRegistry.Chain memory chain = _chain(narrow, _credential(staff.at, CLERK, ACME, Role.TENDERER));
        _refused(abi.encodeWithSelector(ICityRegistry.IssuerNotStanding.selector, narrow.at));
        _authorise(staff, chain, Role.TENDERER, 0);
    }

    function test_authorise_failsIfIssuerWasCompromised() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.compromiseKey, (issuers[1].at)));
        ICityRegistry.Chain memory chain = _staffChain();
        _refused(abi.encodeWithSelector(ICityRegistry.IssuerNotStanding.selector, issuers[1].at));
        _authorise(staff, chain, Role.TENDERER, 0);
    }

    function test_authorise_failsIfIssuerEnded() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (issuers[1].at, 0)));
        ICityRegistry.Chain memory chain = _staffChain();
        vm.warp(START + 30 days);
        _authorise(staff, chain, Role.TENDERER, 0);
        vm.warp(START + 30 days + 1);
        _refused(abi.encodeWithSelector(ICityRegistry.IssuerNotStanding.selector, issuers[1].at));
        _authorise(staff, chain, Role.TENDERER, 0);
    }

    function test_authorise_failsIfSignerServesACity() public {
        ICityRegistry.Chain memory chain = _chain(issuers[1], _credential(submitters[0].at, CLERK, ACME, Role.TENDERER));
        _refused(abi.encodeWithSelector(ICityRegistry.KeyServesACity.selector, submitters[0].at));
        _authorise(submitters[0], chain, Role.TENDERER, 0);
    }

    function test_authorise_failsIfSignatureIsHighS() public {
        ICityRegistry.Chain memory chain = _staffChain();
        bytes memory signature = _malleable(_sign(staff, ACT));
        vm.expectPartialRevert(ECDSA.ECDSAInvalidSignatureS.selector);
        registry.authorise(ACT, signature, chain, ACME, Role.TENDERER, 0, TENDER);
    }

    function test_authorise_failsIfSignatureIsNot65Bytes() public {
        ICityRegistry.Chain memory chain = _staffChain();
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 64));
        registry.authorise(ACT, new bytes(64), chain, ACME, Role.TENDERER, 0, TENDER);
    }

    function test_authorise_failsIfVIsZeroOrOne() public {
        ICityRegistry.Chain memory chain = _staffChain();
        bytes memory signature = _sign(staff, ACT);
        signature[64] = bytes1(uint8(signature[64]) - 27);
        vm.expectRevert(ECDSA.ECDSAInvalidSignature.selector);
        registry.authorise(ACT, signature, chain, ACME, Role.TENDERER, 0, TENDER);
    }

    function test_authorise_failsIfCredentialIsOfAnotherDeployment() public {
        ICityRegistry.Chain memory chain = _staffChain();
        vm.chainId(block.chainid + 1);
        vm.expectPartialRevert(ICityRegistry.IssuerNotStanding.selector);
        _authorise(staff, chain, Role.TENDERER, 0);
    }

    // --- delegates ----------------------------------------------------------------------------------------------

    function test_authorise_acceptsADelegateOfOneTender() public view {
        (address signer,) = _authorise(delegate, _delegateChain(Scope.CONDUCT, TENDER), Role.TENDERER, Scope.CONDUCT);
        assertEq(signer, delegate.at);
    }

    function test_authorise_acceptsADelegateOfAllTenders() public view {
        _authorise(delegate, _delegateChain(Scope.CONDUCT | Scope.SUBMIT, 0), Role.TENDERER, Scope.CONDUCT);
    }

    function test_authorise_failsIfActAdmitsNoDelegate() public {
        ICityRegistry.Chain memory chain = _delegateChain(0xff, 0);
        _refused(abi.encodeWithSelector(ICityRegistry.DelegationNotFitting.selector, _id(chain.delegation)));
        _authorise(delegate, chain, Role.TENDERER, 0);
    }

    function testFuzz_authorise_needsEveryBitOfTheScope(uint8 held, uint8 needed) public {
        ICityRegistry.Chain memory chain = _delegateChain(held, TENDER);
        if (needed == 0 || held & needed != needed) {
            _refused(abi.encodeWithSelector(ICityRegistry.DelegationNotFitting.selector, _id(chain.delegation)));
        }
        _authorise(delegate, chain, Role.TENDERER, needed);
    }

    function test_authorise_failsIfDelegationIsForAnotherTender() public {
        ICityRegistry.Chain memory chain = _delegateChain(Scope.CONDUCT, keccak256("another"));
        _refused(abi.encodeWithSelector(ICityRegistry.DelegationNotFitting.selector, _id(chain.delegation)));
        _authorise(delegate, chain, Role.TENDERER, Scope.CONDUCT);
    }

    function test_authorise_failsIfDelegationHasEnded() public {
        ICityRegistry.Chain memory chain = _delegateChain(Scope.CONDUCT, TENDER);
        vm.warp(START + 10 days);
        _authorise(delegate, chain, Role.TENDERER, Scope.CONDUCT);
        vm.warp(START + 10 days + 1);
        _refused(abi.encodeWithSelector(ICityRegistry.DelegationOutOfForce.selector, _id(chain.delegation)));
        _authorise(delegate, chain, Role.TENDERER, Scope.CONDUCT);
    }

    function test_authorise_failsIfStaffDelegates() public {
        ICityRegistry.Chain memory chain = _delegated(
            issuers[1], staff, _credential(staff.at, CLERK, ACME, Role.TENDERER), _delegation(Scope.CONDUCT, TENDER)
        );
        _refused(abi.encodeWithSelector(ICityRegistry.SignerNotFitting.selector, staff.at));
        _authorise(delegate, chain, Role.TENDERER, Scope.CONDUCT);
    }

    function test_authorise_failsIfAStrangerSignedTheDelegation() public {
        ICityRegistry.Chain memory chain = _delegated(
            issuers[1], stranger, _credential(own.at, ACME, ACME, Role.TENDERER), _delegation(Scope.CONDUCT, TENDER)
        );
        _refused(abi.encodeWithSelector(ICityRegistry.SignerNotFitting.selector, stranger.at));
        _authorise(delegate, chain, Role.TENDERER, Scope.CONDUCT);
    }

    function test_authorise_failsIfTheOwnKeySignsUnderItsDelegation() public {
        ICityRegistry.Chain memory chain = _delegateChain(Scope.CONDUCT, TENDER);
        _refused(abi.encodeWithSelector(ICityRegistry.SignerNotFitting.selector, own.at));
        _authorise(own, chain, Role.TENDERER, Scope.CONDUCT);
    }

    function test_authorise_failsIfAnotherOrganisationDelegates() public {
        bytes32 other = keccak256("other");
        ICityRegistry.Chain memory chain = _delegated(
            issuers[1],
            own,
            _credential(own.at, other, other, Role.TENDERER),
            Acts.Delegation(other, delegate.at, Scope.CONDUCT, TENDER, LATER)
        );
        _refused(abi.encodeWithSelector(ICityRegistry.DelegationNotFitting.selector, _id(chain.delegation)));
        _authorise(delegate, chain, Role.TENDERER, Scope.CONDUCT);
    }

    // --- revocation ---------------------------------------------------------------------------------------------

    function test_revoke_byTheOrganisationActsAtOnce() public {
        ICityRegistry.Chain memory chain = _staffChain();
        _revokeByOwn(_id(chain.credential), chain);
        assertEq(registry.revokedFrom(_id(chain.credential)), START);
        _refused(abi.encodeWithSelector(ICityRegistry.Revoked.selector, _id(chain.credential)));
        _authorise(staff, chain, Role.TENDERER, 0);
    }

    function test_revoke_ofADelegationLeavesTheCredential() public {
        ICityRegistry.Chain memory chain = _delegateChain(Scope.CONDUCT, TENDER);
        _revokeByOwn(_id(chain.delegation), chain);
        _authorise(own, _chain(issuers[1], chain.credential), Role.TENDERER, 0);
        _refused(abi.encodeWithSelector(ICityRegistry.Revoked.selector, _id(chain.delegation)));
        _authorise(delegate, chain, Role.TENDERER, Scope.CONDUCT);
    }

    function test_revoke_ofTheOwnCredentialEndsItsDelegations() public {
        ICityRegistry.Chain memory chain = _delegateChain(Scope.CONDUCT, TENDER);
        _revokeByOwn(_id(chain.credential), _chain(issuers[1], chain.credential));
        _refused(abi.encodeWithSelector(ICityRegistry.Revoked.selector, _id(chain.credential)));
        _authorise(delegate, chain, Role.TENDERER, Scope.CONDUCT);
    }

    function test_revoke_byAnIssuerActsAfterTheDelay() public {
        ICityRegistry.Chain memory chain = _staffChain();
        _revokeByIssuer(issuers[1], _id(chain.credential), chain);
        vm.warp(START + REVOCATION_DELAY - 1);
        _authorise(staff, chain, Role.TENDERER, 0);
        vm.warp(START + REVOCATION_DELAY);
        _refused(abi.encodeWithSelector(ICityRegistry.Revoked.selector, _id(chain.credential)));
        _authorise(staff, chain, Role.TENDERER, 0);
    }

    function test_revoke_byAnotherIssuerOfTheCity() public {
        Actor memory colleague = _actor("colleague", 0);
        _addKey(1, colleague, ICityRegistry.KeyKind.Issuer, ALL_ROLES);
        ICityRegistry.Chain memory chain = _delegateChain(Scope.CONDUCT, TENDER);
        _revokeByIssuer(colleague, _id(chain.delegation), chain);
        assertEq(registry.revokedFrom(_id(chain.delegation)), START + REVOCATION_DELAY);
    }

    function test_revoke_byAnIssuerThatEnded() public {
        ICityRegistry.Chain memory chain = _staffChain();
        _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (issuers[1].at, 0)));
        vm.warp(START + 31 days);
        _revokeByIssuer(issuers[1], _id(chain.credential), chain);
        assertEq(registry.revokedFrom(_id(chain.credential)), START + 31 days + REVOCATION_DELAY);
    }

    function test_revoke_failsIfIssuerWasCompromised() public {
        ICityRegistry.Chain memory chain = _staffChain();
        _decide(address(registry), abi.encodeCall(ICityRegistry.compromiseKey, (issuers[1].at)));
        _refused(abi.encodeWithSelector(ICityRegistry.IssuerNotStanding.selector, issuers[1].at));
        _revokeByIssuer(issuers[1], _id(chain.credential), chain);
    }

    function test_revoke_failsIfIssuerOfAnotherCity() public {
        ICityRegistry.Chain memory chain = _staffChain();
        _refused(abi.encodeWithSelector(ICityRegistry.IssuerNotStanding.selector, issuers[0].at));
        _revokeByIssuer(issuers[0], _id(chain.credential), chain);
    }

    function test_revoke_failsIfCredentialIsNobodys() public {
        ICityRegistry.Chain memory chain = _chain(stranger, _credential(staff.at, CLERK, ACME, Role.TENDERER));
        _refused(abi.encodeWithSelector(ICityRegistry.IssuerNotStanding.selector, stranger.at));
        _revokeByIssuer(issuers[1], _id(chain.credential), chain);
    }

    function test_revoke_failsIfDelegationIsNotUnderThisCredential() public {
        ICityRegistry.Chain memory chain = _delegateChain(Scope.CONDUCT, TENDER);
        chain.delegationSignature = _sign(stranger, _id(chain.delegation));
        _refused(abi.encodeWithSelector(ICityRegistry.SignerNotFitting.selector, stranger.at));
        _revokeByIssuer(issuers[1], _id(chain.delegation), chain);
    }

    function test_revoke_failsIfDigestIsAnother() public {
        ICityRegistry.Chain memory chain = _staffChain();
        _refused(abi.encodeWithSelector(ICityRegistry.RevocationNotFitting.selector, ACT));
        _revokeByIssuer(issuers[1], ACT, chain);
    }

    function test_revoke_failsIfStaffRevokes() public {
        ICityRegistry.Chain memory chain = _staffChain();
        Acts.Revocation memory act = Acts.Revocation(_id(chain.credential), uint64(START));
        bytes memory signature = _sign(staff, _registryDigest(Acts.hash(act)));
        _refused(abi.encodeWithSelector(ICityRegistry.SignerNotFitting.selector, staff.at));
        registry.revoke(act, signature, chain, chain.credential, chain.credentialSignature);
    }

    function test_revoke_failsIfOwnKeyOfAnotherOrganisation() public {
        ICityRegistry.Chain memory chain = _staffChain();
        bytes32 other = keccak256("other");
        Acts.Credential memory credential = _credential(own.at, other, other, Role.TENDERER);
        Acts.Revocation memory act = Acts.Revocation(_id(chain.credential), uint64(START));
        bytes memory signature = _sign(own, _registryDigest(Acts.hash(act)));
        bytes memory paper = _sign(issuers[1], _id(credential));
        _refused(abi.encodeWithSelector(ICityRegistry.SignerNotFitting.selector, own.at));
        registry.revoke(act, signature, chain, credential, paper);
    }

    function test_revoke_theEarliestEffectCounts() public {
        ICityRegistry.Chain memory chain = _staffChain();
        _revokeByIssuer(issuers[1], _id(chain.credential), chain);
        vm.warp(START + 100);
        _revokeByIssuer(issuers[1], _id(chain.credential), chain);
        assertEq(registry.revokedFrom(_id(chain.credential)), START + REVOCATION_DELAY, "a repeat delays nothing");
        _revokeByOwn(_id(chain.credential), chain);
        assertEq(registry.revokedFrom(_id(chain.credential)), START + 100);
        vm.warp(START + 200);
        _revokeByOwn(_id(chain.credential), chain);
        assertEq(registry.revokedFrom(_id(chain.credential)), START + 100);
    }

    // --- helpers ------------------------------------------------------------------------------------------------

    function _authorise(Actor memory signer, ICityRegistry.Chain memory chain, uint8 role, uint8 scope)
        private
        view
        returns (address, bytes32)
    {
        return registry.authorise(ACT, _sign(signer, ACT), chain, ACME, role, scope, TENDER);
    }

    function _staffChain() private view returns (ICityRegistry.Chain memory) {
        return _chain(issuers[1], _credential(staff.at, CLERK, ACME, Role.TENDERER));
    }

    function _delegation(uint8 scope, bytes32 tender) private view returns (Acts.Delegation memory) {
        return Acts.Delegation(ACME, delegate.at, scope, tender, uint64(START + 10 days));
    }

    function _delegateChain(uint8 scope, bytes32 tender) private view returns (ICityRegistry.Chain memory) {
        return _delegated(issuers[1], own, _credential(own.at, ACME, ACME, Role.TENDERER), _delegation(scope, tender));
    }

    function _revokeByOwn(bytes32 digest, ICityRegistry.Chain memory target) private {
        Acts.Credential memory credential = _credential(own.at, ACME, ACME, Role.TENDERER);
        Acts.Revocation memory act = Acts.Revocation(digest, uint64(block.timestamp));
        bytes memory signature = _sign(own, _registryDigest(Acts.hash(act)));
        registry.revoke(act, signature, target, credential, _sign(issuers[1], _id(credential)));
    }

    function _revokeByIssuer(Actor memory issuer, bytes32 digest, ICityRegistry.Chain memory target) private {
        Acts.Revocation memory act = Acts.Revocation(digest, uint64(block.timestamp));
        Acts.Credential memory none;
        registry.revoke(act, _sign(issuer, _registryDigest(Acts.hash(act))), target, none, "");
    }

    function _id(Acts.Credential memory credential) private view returns (bytes32) {
        return _registryDigest(Acts.hash(credential));
    }

    function _id(Acts.Delegation memory delegation) private view returns (bytes32) {
        return _registryDigest(Acts.hash(delegation));
    }

    function _refused(bytes memory error) private {
        vm.expectRevert(error);
    }

    /// @dev The other signature that ECDSA would take: s mirrored, v turned.
    function _malleable(bytes memory signature) private pure returns (bytes memory) {
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        (bytes32 r, uint256 s) = abi.decode(_first64(signature), (bytes32, uint256));
        return abi.encodePacked(r, order - s, uint8(signature[64]) == 27 ? uint8(28) : uint8(27));
    }

    function _first64(bytes memory signature) private pure returns (bytes memory words) {
        words = new bytes(64);
        for (uint256 i = 0; i < 64; i++) {
            words[i] = signature[i];
        }
    }
}
