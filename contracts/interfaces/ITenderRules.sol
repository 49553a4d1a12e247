// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Acts} from "../libraries/Acts.sol";
import {IAnchorRegistry} from "./IAnchorRegistry.sol";
import {ICityRegistry} from "./ICityRegistry.sol";
import {IKeySets} from "./IKeySets.sol";
import {ITenderBook} from "./ITenderBook.sol";

/// @title What TenderBook asks before it takes a step: limits, checkpoints, and signatures of cities and key-holders.
/// @notice It keeps nothing. Each TenderBook makes its own when it is deployed; together they would not fit into one
/// contract. Refusals are ITenderBook's errors.
interface ITenderRules {
    /// @notice The TenderBook that made this.
    function book() external view returns (address);
    function registry() external view returns (ICityRegistry);
    function anchors() external view returns (IAnchorRegistry);
    function keySets() external view returns (IKeySets);

    /// @notice The deployment's lower bounds of an announcement's periods, in seconds.
    function graceMin() external view returns (uint256);
    function openAfterMin() external view returns (uint256);
    function amendLeadMin() external view returns (uint256);

    /// @notice The id of the tender that this tenderer announces under this nonce.
    function tenderId(bytes32 tenderer, bytes32 nonce) external view returns (bytes32);

    /// @notice Revert unless an announcement's id, limits, origins and supervisor hold.
    /// @return structHash EIP-712's hash of the act
    /// @return q max(1, ⌊(cities − 1) / 2⌋), at most 3
    /// @return origins as announced, with the anchored checkpoint that each starts from
    function examine(Acts.TenderAnnouncement calldata act)
        external
        view
        returns (bytes32 structHash, uint256 q, ITenderBook.Origin[] memory origins);

    /// @notice Revert unless `next` is larger than `former` of the same line, extends it, and is signed by the origin and
    /// by the witness `next.city` in time.
    function checkCut(
        ITenderBook.Origin calldata origin,
        ITenderBook.Cut calldata former,
        ITenderBook.Cut calldata next,
        uint256 deadline,
        bytes32[] calldata proof,
        IAnchorRegistry.TimedSignature calldata byOrigin,
        IAnchorRegistry.TimedSignature calldata byWitness
    ) external view;

    /// @notice Revert unless the origin's city and then q others, ascending, took the slip between `from` and `to`.
    function checkAcknowledgements(
        ITenderBook.Origin calldata origin,
        uint256 q,
        uint256 from,
        uint256 to,
        bytes32 slip,
        ITenderBook.SlipAcknowledgement[] calldata given
    ) external view;

    /// @notice Revert unless k different members of the seal set's current epoch signed, given ascending by seat.
    function checkMembers(bytes32 keyId, bytes32 digest, bytes[] calldata signatures) external view;
}
