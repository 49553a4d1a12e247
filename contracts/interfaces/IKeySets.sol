// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The committees' key sets: who holds which share of which key, and for what.
/// @notice A keyId names one joint key for ever; resharing gives it a new epoch with new members (sealing.md). Purposes
/// (`Purpose` in Codes.sol): seal 1, box 2, coin 3.
interface IKeySets {
    /// @notice A holder: SEC1-compressed identity key of the ceremony, address that signs its acts, city, organisation.
    struct Member {
        bytes identityKey;
        address signer;
        bytes32 city;
        bytes32 organisation;
    }

    /// @notice A member as stored, five whole slots, the identity key as two; `identityPrefix` is 2 or 3, the first byte of the compressed point.
    struct StoredMember {
        uint256 identityPrefix;
        bytes32 identityX;
        address signer;
        bytes32 city;
        bytes32 organisation;
    }

    /// @notice A point as stored, two whole slots: the compressed point's first byte, 2 or 3, and its x.
    struct Point {
        uint256 prefix;
        bytes32 x;
    }

    /// @notice What a caller brings for one epoch of a key set.
    /// `keys` is Y ‖ h₁ ‖ … ‖ hₙ, 33 bytes each. `members` is empty for a box set, which takes those of `sealKeyId`; for
    /// the other purposes `sealKeyId` is zero. `signatures[i]` is member i's `KeySetRegistration`.
    struct Registration {
        uint8 purpose;
        bytes32 sealKeyId;
        uint32 k;
        bytes keys;
        Member[] members;
        bytes32 transcript;
        bytes[] signatures;
    }

    /// @notice Storage of a key set, one whole slot each. `epoch` counts from 1. `uses` is the number of unfinished tenders
    /// that were announced on it, of a box set one at most; `spentBy` of a box set is the tender that announced it, by the
    /// TenderBook `spender`.
    struct KeySet {
        uint256 purpose;
        uint256 epoch;
        bytes32 sealKeyId;
        uint256 registeredAt;
        uint256 retiredAt;
        uint256 uses;
        bytes32 spentBy;
        address spender;
    }

    /// @notice Storage of one epoch, one whole slot each. Members of a box set are those of its seal set at `sealEpoch`.
    struct Epoch {
        uint256 n;
        uint256 k;
        bytes32 transcript;
        uint256 registeredAt;
        uint256 sealEpoch;
    }

    error NotByQuorum();
    error PurposeInvalid(uint8 purpose);
    error CommitteeInvalid(uint256 n, uint256 k);
    error PointInvalid(uint256 index);
    error KeySetKnown(bytes32 keyId);
    error KeySetUnknown(bytes32 keyId);
    error KeySetRetired(bytes32 keyId);
    error KeySetInUse(bytes32 keyId, uint256 uses);
    error KeyIdMismatch(bytes32 given, bytes32 computed);
    error JointKeyChanged(bytes32 keyId);
    error MembersMismatch();
    error MemberDuplicate(uint256 index);
    error MemberCityUnknown(bytes32 city);
    error CityTooStrong(bytes32 city);
    error OrganisationTooStrong(bytes32 organisation);
    error SignatureMismatch(uint256 index);
    error DealersInvalid();
    error NotASealSet(bytes32 keyId);
    error NotABoxSetOf(bytes32 boxKeyId, bytes32 sealKeyId);
    error BoxBehindSeal(bytes32 boxKeyId);
    error BoxSpent(bytes32 boxKeyId, bytes32 tender);
    error NotATenderBook(address sender);
    error NotSpentBy(bytes32 boxKeyId, bytes32 tender);

    event KeySetRegistered(
        bytes32 indexed keyId, uint8 indexed purpose, uint256 indexed epoch, bytes32 sealKeyId, uint256 n, uint256 k
    );
    event KeySetEnded(bytes32 indexed keyId);
    event BoxKeySpent(bytes32 indexed boxKeyId, bytes32 indexed sealKeyId, bytes32 indexed tender);
    event KeySetsReleased(bytes32 indexed boxKeyId, bytes32 indexed sealKeyId, bytes32 indexed tender);

    // --- TenderBook ---------------------------------------------------------------------------------------------

    /// @notice Bind a seal set and one of its unspent box sets to `tender`. Only by a TenderBook that CityRegistry named.
    function spend(bytes32 boxKeyId, bytes32 sealKeyId, bytes32 tender) external;

    /// @notice The tender has ended: its seal set has one use less. Only by the TenderBook that spent it, once.
    function release(bytes32 boxKeyId, bytes32 sealKeyId, bytes32 tender) external;

    /// @notice Return the index, from 1, of the member of the current epoch that signs as `signer`; 0 if there is none.
    function seatOf(bytes32 keyId, address signer) external view returns (uint256 seat);

    /// @notice Return the current epoch's n and k; revert if the key set is unknown.
    function committeeOf(bytes32 keyId) external view returns (uint256 n, uint256 k, uint256 epoch);

    // --- everybody ----------------------------------------------------------------------------------------------

    /// @notice Register a key's first epoch: `seal` and `coin` by the quorum, `box` by anyone who brings it.
    /// @param keyId What the ceremony computed; refused if the keys give another one.
    function register(bytes32 keyId, Registration calldata registration) external;

    /// @notice Register the next epoch of a key: same joint key, signed by all new members and by the k dealers of the
    /// epoch before. `seal` and `coin` by the quorum, `box` by anyone.
    /// @param dealers The dealers' indices in the epoch before, ascending, k of them.
    function renew(
        bytes32 keyId,
        Registration calldata registration,
        uint32[] calldata dealers,
        bytes[] calldata dealerSignatures
    ) external;

    /// @notice Retire a key set that no unfinished tender uses. Only by the quorum.
    function retire(bytes32 keyId) external;

    /// @notice Return a key set; `epoch` is zero if it is unknown.
    function keySet(bytes32 keyId) external view returns (KeySet memory);

    /// @notice Return an epoch of a key set; `n` is zero if there is none.
    function epochOf(bytes32 keyId, uint256 epoch) external view returns (Epoch memory);

    /// @notice Return member `index`, from 1, of an epoch.
    function member(bytes32 keyId, uint256 epoch, uint256 index) external view returns (StoredMember memory);

    /// @notice Return the joint key (index 0) or verification key `index` of an epoch.
    function point(bytes32 keyId, uint256 epoch, uint256 index) external view returns (Point memory);
}
