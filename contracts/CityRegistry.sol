// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ActDomain} from "./base/ActDomain.sol";
import {Proposals} from "./base/Proposals.sol";
import {Acts} from "./libraries/Acts.sol";

/// @title The root of trust of a deployment: the cities and their keys, and the check of every act's papers.
/// @dev Slots 0 to 11 are documented in base/CityRecords.sol and base/Proposals.sol, where records change.
/// Upgrade: none. It is what every verifier pins; the other contracts are replaced under it by `nameVersion`.
contract CityRegistry is Proposals, ActDomain {
    /// @dev Slot 12: digest of a credential or delegation → block time from which it is revoked.
    mapping(bytes32 => uint256) private _revokedFrom;

    /// @param founders The founding cities, two at least, with one governor each.
    /// @param revocationDelay_ Seconds until an issuer's revocation takes effect; a day in production.
    constructor(Founder[] memory founders, uint256 revocationDelay_) {
        if (founders.length < 2) revert TooFewCities();
        _revocationDelay = revocationDelay_;
        for (uint256 i = 0; i < founders.length; i++) {
            _addCity(founders[i].name, founders[i].governor, founders[i].endpoint);
        }
    }

    function authorise(
        bytes32 digest,
        bytes calldata signature,
        Chain calldata chain,
        bytes32 organisation,
        uint8 role,
        uint8 scope,
        bytes32 tender
    ) external view returns (address signer, bytes32 issuerCity) {
        signer = ECDSA.recover(digest, signature);
        if (_isDelegated(chain)) {
            _checkDelegation(chain, signer, organisation, scope, tender);
        } else if (chain.credential.key != signer) {
            revert SignerNotFitting(signer);
        }
        _checkDuties(signer);
        issuerCity = _checkCredential(chain.credential, chain.credentialSignature, organisation, role);
    }

    function revoke(
        Acts.Revocation calldata revocation,
        bytes calldata signature,
        Chain calldata target,
        Acts.Credential calldata own,
        bytes calldata ownSignature
    ) external {
        bool delegated = _isDelegated(target);
        bytes32 digest = _digest(delegated ? Acts.hash(target.delegation) : Acts.hash(target.credential));
        if (digest != revocation.digest) revert RevocationNotFitting(revocation.digest);
        address signer = ECDSA.recover(_digest(Acts.hash(revocation)), signature);
        bytes32 organisation = delegated ? target.delegation.organisation : target.credential.organisation;
        (bytes32 city_, uint256 effectiveAt) = own.key != address(0)
            ? (_checkOwn(signer, own, ownSignature, organisation), block.timestamp)
            : (_checkIssuer(signer, target, delegated), block.timestamp + _revocationDelay);
        uint256 before = _revokedFrom[digest];
        if (before != 0 && before <= effectiveAt) return;
        _revokedFrom[digest] = effectiveAt;
        emit RevocationRecorded(digest, effectiveAt, organisation, city_);
    }

    function digestOf(bytes32 structHash) external view returns (bytes32) {
        return _digest(structHash);
    }

    function revokedFrom(bytes32 digest) external view returns (uint256) {
        return _revokedFrom[digest];
    }

    // --- papers -------------------------------------------------------------------------------------------------

    function _isDelegated(Chain calldata chain) private pure returns (bool) {
        return chain.delegation.key != address(0);
    }

    /// @dev A delegate with every bit of `scope` in this tender, appointed by the organisation's own key.
    function _checkDelegation(Chain calldata chain, address signer, bytes32 organisation, uint8 scope, bytes32 tender)
        private
        view
    {
        Acts.Delegation calldata delegation = chain.delegation;
        bytes32 digest = _digest(Acts.hash(delegation));
        bool concerned = delegation.tender == 0 || delegation.tender == tender;
        bool holdsScope = scope != 0 && delegation.scope & scope == scope;
        if (delegation.key != signer) revert SignerNotFitting(signer);
        if (delegation.organisation != organisation || !concerned || !holdsScope) revert DelegationNotFitting(digest);
        if (block.timestamp > delegation.validTo) revert DelegationOutOfForce(digest);
        _checkNotRevoked(digest);
        address appointing = ECDSA.recover(digest, chain.delegationSignature);
        if (appointing != chain.credential.key || chain.credential.subject != organisation) {
            revert SignerNotFitting(appointing);
        }
        _checkDuties(appointing);
    }

    /// @return city_ The city of the issuer.
    function _checkCredential(
        Acts.Credential calldata credential,
        bytes calldata signature,
        bytes32 organisation,
        uint8 role
    ) private view returns (bytes32 city_) {
        bytes32 digest = _digest(Acts.hash(credential));
        if (credential.organisation != organisation || credential.role != role) revert CredentialNotFitting(digest);
        if (block.timestamp < credential.validFrom || block.timestamp > credential.validTo) {
            revert CredentialOutOfForce(digest);
        }
        _checkNotRevoked(digest);
        address issuer = ECDSA.recover(digest, signature);
        city_ = cityOfKey(issuer, KeyKind.Issuer, block.timestamp);
        if (city_ == 0 || (key(issuer).roles >> role) & 1 == 0) revert IssuerNotStanding(issuer);
    }

    /// @dev Separation of duties: who stands for a city acts for no company (acts.md, "Rules").
    function _checkDuties(address signer) private view {
        if (key(signer).kind != 0) revert KeyServesACity(signer);
    }

    function _checkNotRevoked(bytes32 digest) private view {
        uint256 from = _revokedFrom[digest];
        if (from != 0 && from <= block.timestamp) revert Revoked(digest);
    }

    // --- revocation ---------------------------------------------------------------------------------------------

    /// @dev The organisation's own key: whatever role it is certified for, the paper is the organisation's.
    function _checkOwn(address signer, Acts.Credential calldata own, bytes calldata signature, bytes32 organisation)
        private
        view
        returns (bytes32 city_)
    {
        if (own.key != signer || own.subject != organisation) revert SignerNotFitting(signer);
        city_ = _checkCredential(own, signature, organisation, own.role);
    }

    /// @dev The issuer of the credential, or a standing one of the same city. A credential names its issuer by its
    /// signature only, so for a delegation both papers have to be shown.
    function _checkIssuer(address signer, Chain calldata target, bool delegated) private view returns (bytes32 city_) {
        address issuer = ECDSA.recover(_digest(Acts.hash(target.credential)), target.credentialSignature);
        Key memory record = key(issuer);
        if (record.kind != uint256(KeyKind.Issuer)) revert IssuerNotStanding(issuer);
        if (delegated) {
            address appointing = ECDSA.recover(_digest(Acts.hash(target.delegation)), target.delegationSignature);
            bool fits = appointing == target.credential.key
                && target.credential.subject == target.delegation.organisation
                && target.credential.organisation == target.delegation.organisation;
            if (!fits) revert SignerNotFitting(appointing);
        }
        city_ = record.city;
        bool itself = signer == issuer && record.compromisedAt == 0;
        if (!itself && cityOfKey(signer, KeyKind.Issuer, block.timestamp) != city_) revert IssuerNotStanding(signer);
    }
}
