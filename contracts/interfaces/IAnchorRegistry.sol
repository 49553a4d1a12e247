// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The checkpoints of every log that the chain has accepted, each proven to extend the one before.
/// @notice The chain itself is a witness: a rewritten history is refused by consensus (witness-log.md).
interface IAnchorRegistry {
    /// @notice Storage of a checkpoint, four whole slots. `cosignedAt` is the latest time among the BoxCheckpoints of a
    /// sealed log, zero for a public one; `anchoredAt` is block time.
    struct Checkpoint {
        uint256 size;
        bytes32 root;
        uint256 cosignedAt;
        uint256 anchoredAt;
    }

    /// @notice A `BoxCheckpoint` of the call's origin, size and root, with the signer's own time.
    struct TimedSignature {
        uint64 at;
        bytes signature;
    }

    error NotByQuorum();
    error OriginNotStanding(bytes32 origin);
    error OriginRetired(bytes32 origin);
    error NotTheCurrentVersion();
    error NotTheSubmitter(address sender);
    error SizeTooSmall(uint256 size, uint256 last);
    error RootContradicts(uint256 size);
    error ProofInvalid();
    error SignaturesMissing(uint256 needed);
    error SignatureFromTheFuture(uint64 at);
    error NotTheReceivingKey(address signer);
    error NotAnotherCity(address signer);
    error SuccessorInvalid(bytes32 successor);
    error PredecessorInvalid(address predecessor);

    event Anchored(bytes32 indexed origin, uint256 indexed index, uint256 size, bytes32 root, uint256 cosignedAt);
    event Retired(bytes32 indexed origin, bytes32 indexed successor);

    /// @notice Anchor a larger checkpoint of `origin`; the last one again is success without effect.
    /// A public log is anchored by a submitter of its city. A sealed one by anyone, with `BoxCheckpoint`s of the origin's
    /// own receiving key (first) and of the witness keys of q other cities, none of them from the future.
    /// @param proof RFC 6962 consistency proof from the last anchored size; empty from size 0.
    /// @param signatures Empty for a public log.
    function anchor(
        bytes32 origin,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof,
        TimedSignature[] calldata signatures
    ) external;

    /// @notice End an origin; the successor's first checkpoint must extend its last one. Only by the quorum.
    function retire(bytes32 origin, bytes32 successor) external;

    /// @notice Return what the next checkpoint of `origin` has to extend: its last one, or what it inherits from a
    /// retired origin or from the version before; size 0 and root 0 for a log that starts from nothing.
    function last(bytes32 origin) external view returns (uint256 size, bytes32 root);

    /// @notice Return how many checkpoints of `origin` this version has accepted.
    function count(bytes32 origin) external view returns (uint256);

    /// @notice Return the checkpoint of `origin` at `index`, from 0.
    function checkpoint(bytes32 origin, uint256 index) external view returns (Checkpoint memory);

    /// @notice Return the origin that follows a retired one, zero if it is not retired.
    function successorOf(bytes32 origin) external view returns (bytes32);

    /// @notice Return the origin whose last checkpoint `origin` extends, zero if there is none.
    function predecessorOf(bytes32 origin) external view returns (bytes32);
}
