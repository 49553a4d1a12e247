// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IAnchorRegistry} from "./interfaces/IAnchorRegistry.sol";
import {ICityRegistry} from "./interfaces/ICityRegistry.sol";
import {Acts} from "./libraries/Acts.sol";
import {Rfc6962} from "./libraries/Rfc6962.sol";

/// @title The checkpoints of every log, each proven to extend the one before.
/// @dev Upgrade: a new version names this one as its predecessor, goes on from its last checkpoints, and takes over when
/// CityRegistry names it; from then on this one takes no more, so that no log can have two lines.
contract AnchorRegistry is IAnchorRegistry {
    /// @dev What a log's first checkpoint has to extend.
    struct Start {
        uint256 size;
        bytes32 root;
    }

    ICityRegistry public immutable registry;
    /// @notice The version before, zero for the first.
    IAnchorRegistry public immutable predecessor;

    /// @dev Slot 0: origin → number of checkpoints.
    mapping(bytes32 => uint256) private _counts;
    /// @dev Slot 1: origin → index from 0 → size, root, cosignedAt, anchoredAt.
    mapping(bytes32 => mapping(uint256 => Checkpoint)) private _checkpoints;
    /// @dev Slot 2: retired origin → the origin that follows.
    mapping(bytes32 => bytes32) private _successors;
    /// @dev Slot 3: following origin → the retired one.
    mapping(bytes32 => bytes32) private _predecessors;
    /// @dev Slot 4: following origin → size, root of the retired one's last checkpoint.
    mapping(bytes32 => Start) private _starts;

    constructor(ICityRegistry registry_, IAnchorRegistry predecessor_) {
        bool unknown = address(predecessor_) != address(0)
            && !registry_.isVersion(ICityRegistry.ContractKind.AnchorRegistry, address(predecessor_));
        if (unknown) revert PredecessorInvalid(address(predecessor_));
        registry = registry_;
        predecessor = predecessor_;
    }

    /// @inheritdoc IAnchorRegistry
    function anchor(
        bytes32 origin,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof,
        TimedSignature[] calldata signatures
    ) external {
        (uint256 lastSize, bytes32 lastRoot) = last(origin);
        if (size == 0 || size < lastSize) revert SizeTooSmall(size, lastSize);
        if (size == lastSize) {
            if (root != lastRoot) revert RootContradicts(size);
            return;
        }
        if (registry.currentVersion(ICityRegistry.ContractKind.AnchorRegistry) != address(this)) {
            revert NotTheCurrentVersion();
        }
        if (successorOf(origin) != 0) revert OriginRetired(origin);
        // A checkpoint holds what was accepted as uint64.
        if (!Rfc6962.isConsistent(uint64(lastSize), size, lastRoot, root, proof)) revert ProofInvalid();
        uint256 cosignedAt = _checkAuthority(Acts.BoxCheckpoint(origin, size, root, 0), signatures);
        uint256 index = _counts[origin]++;
        _checkpoints[origin][index] = Checkpoint(size, root, cosignedAt, block.timestamp);
        emit Anchored(origin, index, size, root, cosignedAt);
    }

    /// @inheritdoc IAnchorRegistry
    function retire(bytes32 origin, bytes32 successor) external {
        if (msg.sender != address(registry)) revert NotByQuorum();
        if (successorOf(origin) != 0) revert OriginRetired(origin);
        ICityRegistry.Origin memory ending = registry.origin(origin);
        ICityRegistry.Origin memory following = registry.standingOrigin(successor);
        (uint256 followingSize,) = last(successor);
        bool fits = origin != successor && ending.city == following.city && ending.kind == following.kind
            && followingSize == 0 && predecessorOf(successor) == 0 && successorOf(successor) == 0;
        if (!fits) revert SuccessorInvalid(successor);
        (uint256 size, bytes32 root) = last(origin);
        _successors[origin] = successor;
        _predecessors[successor] = origin;
        _starts[successor] = Start(size, root);
        emit Retired(origin, successor);
    }

    /// @inheritdoc IAnchorRegistry
    function last(bytes32 origin) public view returns (uint256 size, bytes32 root) {
        uint256 accepted = _counts[origin];
        if (accepted != 0) {
            Checkpoint storage latest = _checkpoints[origin][accepted - 1];
            return (latest.size, latest.root);
        }
        if (_predecessors[origin] != 0) return (_starts[origin].size, _starts[origin].root);
        if (address(predecessor) != address(0)) return predecessor.last(origin);
    }

    /// @inheritdoc IAnchorRegistry
    function successorOf(bytes32 origin) public view returns (bytes32 successor) {
        successor = _successors[origin];
        if (successor == 0 && address(predecessor) != address(0)) return predecessor.successorOf(origin);
    }

    /// @inheritdoc IAnchorRegistry
    function predecessorOf(bytes32 origin) public view returns (bytes32 before) {
        before = _predecessors[origin];
        if (before == 0 && address(predecessor) != address(0)) return predecessor.predecessorOf(origin);
    }

    /// @inheritdoc IAnchorRegistry
    function count(bytes32 origin) external view returns (uint256) {
        return _counts[origin];
    }

    /// @inheritdoc IAnchorRegistry
    function checkpoint(bytes32 origin, uint256 index) external view returns (Checkpoint memory) {
        return _checkpoints[origin][index];
    }

    /// @return cosignedAt Zero for a public log: its cosignatures are Ed25519 and stay off the chain.
    function _checkAuthority(Acts.BoxCheckpoint memory act, TimedSignature[] calldata signatures)
        private
        view
        returns (uint256 cosignedAt)
    {
        ICityRegistry.Origin memory record = registry.standingOrigin(act.origin);
        if (record.kind == uint256(ICityRegistry.OriginKind.Sealed)) {
            return _checkSignatures(act, record, signatures);
        }
        bytes32 city = registry.cityOfKey(msg.sender, ICityRegistry.KeyKind.Submitter, block.timestamp);
        if (city != record.city) revert NotTheSubmitter(msg.sender);
    }

    /// @dev The origin's own receiving key, then the witness keys of q other cities; at most 4 signatures.
    function _checkSignatures(
        Acts.BoxCheckpoint memory act,
        ICityRegistry.Origin memory record,
        TimedSignature[] calldata signatures
    ) private view returns (uint256 latest) {
        if (signatures.length != record.q + 1) {
            revert SignaturesMissing(record.q + 1);
        }
        bytes32[] memory cities = new bytes32[](signatures.length);
        for (uint256 i = 0; i < signatures.length; i++) {
            act.at = signatures[i].at;
            if (act.at > block.timestamp) revert SignatureFromTheFuture(act.at);
            if (act.at > latest) latest = act.at;
            address signer = ECDSA.recover(registry.digestOf(Acts.hash(act)), signatures[i].signature);
            if (i == 0) {
                cities[0] = registry.cityOfKey(signer, ICityRegistry.KeyKind.Receiving, act.at);
                if (cities[0] != record.city) revert NotTheReceivingKey(signer);
                continue;
            }
            cities[i] = registry.cityOfKey(signer, ICityRegistry.KeyKind.Witness, act.at);
            bool another = cities[i] != 0;
            for (uint256 j = 0; j < i; j++) {
                another = another && cities[j] != cities[i];
            }
            if (!another) revert NotAnotherCity(signer);
        }
    }
}
