// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ActDomain} from "./base/ActDomain.sol";
import {ICityRegistry} from "./interfaces/ICityRegistry.sol";
import {ICreditLedger} from "./interfaces/ICreditLedger.sol";
import {Acts} from "./libraries/Acts.sol";
import {Role} from "./libraries/Codes.sol";

/// @title Every subject's credit entries as one hash chain.
/// @dev Upgrade: a new version starts new chains; a subject's records are those of all versions that CityRegistry named.
contract CreditLedger is ICreditLedger, ActDomain {
    ICityRegistry public immutable registry;

    /// @dev Slot 0: subject → count, head.
    mapping(bytes32 => Subject) private _subjects;
    /// @dev Slot 1: act's digest → subject, city, index, postedAt, isDecision.
    mapping(bytes32 => Entry) private _entries;

    constructor(ICityRegistry registry_) {
        registry = registry_;
    }

    /// @inheritdoc ICreditLedger
    function postDecision(
        Acts.CreditDecision calldata act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) external {
        (bytes32 digest, bytes32 city) = _authorise(Acts.hash(act), signature, chain);
        _post(act.subject, act.body, digest, city, true);
    }

    /// @inheritdoc ICreditLedger
    function postRevocation(
        Acts.CreditRevocation calldata act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) external {
        (bytes32 digest, bytes32 city) = _authorise(Acts.hash(act), signature, chain);
        _checkDecision(act.decision, act.subject, city);
        _post(act.subject, act.body, digest, city, false);
    }

    /// @inheritdoc ICreditLedger
    function postRepair(Acts.CreditRepair calldata act, bytes calldata signature, ICityRegistry.Chain calldata chain)
        external
    {
        (bytes32 digest, bytes32 city) = _authorise(Acts.hash(act), signature, chain);
        _checkDecision(act.decision, act.subject, city);
        _post(act.subject, act.body, digest, city, false);
    }

    /// @inheritdoc ICreditLedger
    function subject(bytes32 id) external view returns (Subject memory) {
        return _subjects[id];
    }

    /// @inheritdoc ICreditLedger
    function entry(bytes32 act) external view returns (Entry memory) {
        return _entries[act];
    }

    /// @dev Any organisation that a city certified as credit authority; no delegate signs for it.
    function _authorise(bytes32 structHash, bytes calldata signature, ICityRegistry.Chain calldata chain)
        private
        view
        returns (bytes32 digest, bytes32 city)
    {
        digest = _digest(structHash);
        // Which officer signed is not kept: the act names its credential.
        // slither-disable-next-line unused-return
        (, city) = registry.authorise(
            digest, signature, chain, chain.credential.organisation, Role.CREDIT_AUTHORITY, 0, bytes32(0)
        );
    }

    function _checkDecision(bytes32 decision, bytes32 subject_, bytes32 city) private view {
        Entry storage record = _entries[decision];
        if (!record.isDecision || record.subject != subject_) revert DecisionUnknown(decision);
        if (record.city != city) revert NotTheAuthority(city);
    }

    function _post(bytes32 subject_, bytes32 body, bytes32 digest, bytes32 city, bool isDecision) private {
        if (subject_ == 0) revert SubjectIsZero();
        if (_entries[digest].index != 0) revert ActAccepted(digest);
        Subject storage record = _subjects[subject_];
        uint256 index = ++record.count;
        bytes32 head = sha256(abi.encodePacked(record.head, body));
        record.head = head;
        _entries[digest] =
            Entry({subject: subject_, city: city, index: index, postedAt: block.timestamp, isDecision: isDecision});
        emit CreditPosted(subject_, digest, body, index, head, city);
    }
}
