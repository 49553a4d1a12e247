// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ICityRegistry} from "../interfaces/ICityRegistry.sol";
import {CityRecords} from "./CityRecords.sol";

/// @title Proposals: calls that are made once the governors of ⌈2/3⌉ of the cities have confirmed them.
/// @dev A proposal's id is the hash of its calls, so a governor confirms the content itself. A city has one voice, whatever
/// number of governors it has. A proposal falls when the circle of those who vote changes, and after 30 days; the same
/// calls are then proposed again under another salt.
abstract contract Proposals is CityRecords {
    uint256 private constant _LIFETIME = 30 days;
    uint256 private constant _MAX_CALLS = 64;

    /// @dev Slot 10: proposal id → epoch, confirmations, expiresAt, executedAt.
    mapping(bytes32 => Proposal) private _proposals;
    /// @dev Slot 11: proposal id → city → whether it confirmed.
    mapping(bytes32 => mapping(bytes32 => bool)) private _confirmed;

    /// @inheritdoc ICityRegistry
    function propose(Call[] calldata calls, bytes32 salt) external returns (bytes32 id) {
        if (calls.length == 0) revert ProposalEmpty();
        if (calls.length > _MAX_CALLS) revert ProposalTooLong(calls.length);
        id = _idOf(calls, salt);
        Proposal storage record = _proposals[id];
        if (record.expiresAt != 0) revert ProposalKnown(id);
        record.epoch = _epoch;
        record.expiresAt = block.timestamp + _LIFETIME;
        bytes32 city_ = _senderCity();
        emit ProposalMade(id, city_, calls, salt, record.expiresAt);
        _confirm(id, record, city_, calls);
    }

    /// @inheritdoc ICityRegistry
    function confirm(Call[] calldata calls, bytes32 salt) external {
        bytes32 id = _idOf(calls, salt);
        Proposal storage record = _proposals[id];
        if (record.expiresAt == 0) revert ProposalUnknown(id);
        if (record.executedAt != 0) revert ProposalDone(id);
        if (record.epoch != _epoch || record.expiresAt < block.timestamp) revert ProposalStale(id);
        _confirm(id, record, _senderCity(), calls);
    }

    /// @inheritdoc ICityRegistry
    function quorum() public view returns (uint256) {
        return (2 * _cityCount + 2) / 3;
    }

    /// @inheritdoc ICityRegistry
    function proposal(bytes32 id) external view returns (Proposal memory) {
        return _proposals[id];
    }

    function _confirm(bytes32 id, Proposal storage record, bytes32 city_, Call[] calldata calls) private {
        if (_confirmed[id][city_]) revert AlreadyConfirmed(id, city_);
        _confirmed[id][city_] = true;
        record.confirmations++;
        emit ProposalConfirmed(id, city_);
        if (record.confirmations < quorum()) return;
        record.executedAt = block.timestamp;
        emit ProposalExecuted(id);
        for (uint256 i = 0; i < calls.length; i++) {
            // Asked for each call: one before it may have named the contract.
            if (!_isNamed(calls[i].target)) revert TargetNotNamed(calls[i].target);
            // What a call returns concerns nobody: it reverts if it fails, and with it the whole proposal.
            // slither-disable-next-line unused-return
            Address.functionCall(calls[i].target, calls[i].data);
        }
    }

    function _senderCity() private view returns (bytes32 city_) {
        city_ = cityOfKey(msg.sender, KeyKind.Governor, block.timestamp);
        if (city_ == 0) revert NotAGovernor(msg.sender);
        _standing(city_);
    }

    function _idOf(Call[] calldata calls, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(calls, salt));
    }
}
