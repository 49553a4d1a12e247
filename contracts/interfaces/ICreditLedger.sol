// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Acts} from "../libraries/Acts.sol";
import {ICityRegistry} from "./ICityRegistry.sol";

/// @title Every subject's credit entries as one hash chain, so that "no other records" can be proven.
/// @notice An entry is the commitment of a decision's body; bodies, and so persons and reasons, stay off the chain.
/// Revocation and repair are entries too. Standing is computed off the chain, for a stated purpose.
interface ICreditLedger {
    /// @notice Storage of a subject, two whole slots: `head` = SHA-256(head before ‖ entry), from 32 zero bytes.
    struct Subject {
        uint256 count;
        bytes32 head;
    }

    /// @notice Storage of an accepted act, five whole slots: whose record it is, the city of the authority's issuer, its
    /// place in the subject's chain from 1, block time, whether it is a decision.
    struct Entry {
        bytes32 subject;
        bytes32 city;
        uint256 index;
        uint256 postedAt;
        bool isDecision;
    }

    error SubjectIsZero();
    error ActAccepted(bytes32 act);
    error DecisionUnknown(bytes32 decision);
    error NotTheAuthority(bytes32 city);

    event CreditPosted(
        bytes32 indexed subject, bytes32 indexed act, bytes32 entry, uint256 index, bytes32 head, bytes32 city
    );

    /// @notice Post a decision (role 7 chain; the authority is the credential's organisation).
    function postDecision(
        Acts.CreditDecision calldata act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) external;

    /// @notice Post that an authority of the same city takes a decision on this subject back.
    function postRevocation(
        Acts.CreditRevocation calldata act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) external;

    /// @notice Post that an authority of the same city ends the use of a decision on this subject after repair.
    function postRepair(Acts.CreditRepair calldata act, bytes calldata signature, ICityRegistry.Chain calldata chain)
        external;

    /// @notice Return a subject's count and head; both zero without records.
    function subject(bytes32 id) external view returns (Subject memory);

    /// @notice Return the entry an act made; `index` is zero if it was not posted.
    function entry(bytes32 act) external view returns (Entry memory);
}
