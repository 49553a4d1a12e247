// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ActDomain} from "./base/ActDomain.sol";
import {ICityRegistry} from "./interfaces/ICityRegistry.sol";
import {IKeySets} from "./interfaces/IKeySets.sol";
import {Acts} from "./libraries/Acts.sol";
import {Purpose} from "./libraries/Codes.sol";
import {CommitteeKeys} from "./libraries/CommitteeKeys.sol";

/// @title The committees' key sets.
/// @dev The contract checks what needs no trust in the ceremony: the keyId, points of the curve, every member's signature,
/// that no city and no organisation holds k shares. That the keys lie on one polynomial, everybody checks off the chain.
/// Upgrade: tenders stay on the contract they were announced on; a new version begins with new sets.
contract KeySets is IKeySets, ActDomain {
    using CommitteeKeys for bytes;

    /// @dev Above, a registration does not fit a block of 30 million gas.
    uint256 private constant _MAX_MEMBERS = 31;

    ICityRegistry public immutable registry;

    /// @dev Slot 0: keyId → purpose, epoch, sealKeyId, registeredAt, retiredAt, uses, spentBy, spender.
    mapping(bytes32 => KeySet) private _sets;
    /// @dev Slot 1: keyId → epoch from 1 → n, k, transcript, registeredAt, sealEpoch.
    mapping(bytes32 => mapping(uint256 => Epoch)) private _epochs;
    /// @dev Slot 2: keyId → epoch → index, 0 for Y → prefix, x.
    mapping(bytes32 => mapping(uint256 => mapping(uint256 => Point))) private _points;
    /// @dev Slot 3: keyId → epoch → index from 1 → identityPrefix, identityX, signer, city, organisation. Not for box sets.
    mapping(bytes32 => mapping(uint256 => mapping(uint256 => StoredMember))) private _members;
    /// @dev Slot 4: keyId → epoch → signer → index from 1. Not for box sets.
    mapping(bytes32 => mapping(uint256 => mapping(address => uint256))) private _seats;

    constructor(ICityRegistry registry_) {
        registry = registry_;
    }

    modifier onlyQuorum() {
        if (msg.sender != address(registry)) revert NotByQuorum();
        _;
    }

    // --- registration -------------------------------------------------------------------------------------------

    /// @inheritdoc IKeySets
    function register(bytes32 keyId, Registration calldata registration) external {
        KeySet storage set = _sets[keyId];
        if (set.epoch != 0) revert KeySetKnown(keyId);
        _checkCaller(registration.purpose);
        bytes memory encoded = registration.keys.encode(registration.k);
        bytes32 computed = CommitteeKeys.keyId(encoded);
        if (computed != keyId) revert KeyIdMismatch(keyId, computed);
        set.purpose = registration.purpose;
        set.sealKeyId = registration.sealKeyId;
        set.registeredAt = block.timestamp;
        _storeEpoch(keyId, set, registration, encoded);
    }

    /// @inheritdoc IKeySets
    function renew(
        bytes32 keyId,
        Registration calldata registration,
        uint32[] calldata dealers,
        bytes[] calldata dealerSignatures
    ) external {
        KeySet storage set = _usable(keyId);
        _checkCaller(registration.purpose);
        if (set.purpose != registration.purpose) revert PurposeInvalid(registration.purpose);
        if (set.sealKeyId != registration.sealKeyId) revert NotABoxSetOf(keyId, registration.sealKeyId);
        bytes memory encoded = registration.keys.encode(registration.k);
        (uint256 prefix, bytes32 x) = registration.keys.at(0).split();
        Point storage joint = _points[keyId][set.epoch][0];
        if (joint.prefix != prefix || joint.x != x) revert JointKeyChanged(keyId);
        _checkDealers(keyId, set.epoch, _registrationDigest(keyId, set, encoded), dealers, dealerSignatures);
        _storeEpoch(keyId, set, registration, encoded);
    }

    /// @inheritdoc IKeySets
    function retire(bytes32 keyId) external onlyQuorum {
        KeySet storage set = _usable(keyId);
        if (set.uses != 0) revert KeySetInUse(keyId, set.uses);
        set.retiredAt = block.timestamp;
        emit KeySetEnded(keyId);
    }

    // --- TenderBook ---------------------------------------------------------------------------------------------

    /// @inheritdoc IKeySets
    function spend(bytes32 boxKeyId, bytes32 sealKeyId, bytes32 tender) external {
        if (!registry.isVersion(ICityRegistry.ContractKind.TenderBook, msg.sender)) revert NotATenderBook(msg.sender);
        KeySet storage sealing = _sealSet(sealKeyId);
        KeySet storage box = _usable(boxKeyId);
        if (box.purpose != Purpose.BOX || box.sealKeyId != sealKeyId) revert NotABoxSetOf(boxKeyId, sealKeyId);
        if (box.spender != address(0)) revert BoxSpent(boxKeyId, box.spentBy);
        if (_epochs[boxKeyId][box.epoch].sealEpoch != sealing.epoch) revert BoxBehindSeal(boxKeyId);
        box.spentBy = tender;
        box.spender = msg.sender;
        box.uses = 1;
        sealing.uses++;
        emit BoxKeySpent(boxKeyId, sealKeyId, tender);
    }

    /// @inheritdoc IKeySets
    function release(bytes32 boxKeyId, bytes32 sealKeyId, bytes32 tender) external {
        KeySet storage box = _sets[boxKeyId];
        bool spent = box.spender == msg.sender && box.spentBy == tender && box.sealKeyId == sealKeyId && box.uses != 0;
        if (!spent) revert NotSpentBy(boxKeyId, tender);
        box.uses = 0;
        _sets[sealKeyId].uses--;
        emit KeySetsReleased(boxKeyId, sealKeyId, tender);
    }

    // --- reading ------------------------------------------------------------------------------------------------

    /// @inheritdoc IKeySets
    function seatOf(bytes32 keyId, address signer) external view returns (uint256) {
        (bytes32 holder, uint256 epoch) = _holders(keyId, _sets[keyId].epoch);
        return _seats[holder][epoch][signer];
    }

    /// @inheritdoc IKeySets
    function committeeOf(bytes32 keyId) external view returns (uint256 n, uint256 k, uint256 epoch) {
        epoch = _sets[keyId].epoch;
        // Epochs count from 1; slither takes the number for one that somebody could hit.
        // slither-disable-next-line incorrect-equality
        if (epoch == 0) revert KeySetUnknown(keyId);
        Epoch storage record = _epochs[keyId][epoch];
        return (record.n, record.k, epoch);
    }

    /// @inheritdoc IKeySets
    function keySet(bytes32 keyId) external view returns (KeySet memory) {
        return _sets[keyId];
    }

    /// @inheritdoc IKeySets
    function epochOf(bytes32 keyId, uint256 epoch) external view returns (Epoch memory) {
        return _epochs[keyId][epoch];
    }

    /// @inheritdoc IKeySets
    function member(bytes32 keyId, uint256 epoch, uint256 index) external view returns (StoredMember memory) {
        (bytes32 holder, uint256 holderEpoch) = _holders(keyId, epoch);
        return _members[holder][holderEpoch][index];
    }

    /// @inheritdoc IKeySets
    function point(bytes32 keyId, uint256 epoch, uint256 index) external view returns (Point memory) {
        return _points[keyId][epoch][index];
    }

    // --- checks -------------------------------------------------------------------------------------------------

    function _checkCaller(uint8 purpose) private view {
        if (purpose != Purpose.SEAL && purpose != Purpose.BOX && purpose != Purpose.COIN) {
            revert PurposeInvalid(purpose);
        }
        if (purpose != Purpose.BOX && msg.sender != address(registry)) revert NotByQuorum();
    }

    function _usable(bytes32 keyId) private view returns (KeySet storage set) {
        set = _sets[keyId];
        if (set.epoch == 0) revert KeySetUnknown(keyId);
        if (set.retiredAt != 0) revert KeySetRetired(keyId);
    }

    function _sealSet(bytes32 keyId) private view returns (KeySet storage set) {
        set = _usable(keyId);
        if (set.purpose != Purpose.SEAL) revert NotASealSet(keyId);
    }

    /// @dev The key set and epoch whose members hold the shares: a box set's are its seal set's.
    function _holders(bytes32 keyId, uint256 epoch) private view returns (bytes32 holder, uint256 holderEpoch) {
        KeySet storage set = _sets[keyId];
        return set.purpose == Purpose.BOX ? (set.sealKeyId, _epochs[keyId][epoch].sealEpoch) : (keyId, epoch);
    }

    /// @dev What members and dealers sign for the epoch that follows `set.epoch`.
    function _registrationDigest(bytes32 keyId, KeySet storage set, bytes memory encoded)
        private
        view
        returns (bytes32)
    {
        // An epoch is one more transaction of a quorum: it does not reach 2³². The purpose was checked to be 1, 2 or 3.
        Acts.KeySetRegistration memory act = Acts.KeySetRegistration({
            keyId: keyId, purpose: uint8(set.purpose), epoch: uint32(set.epoch + 1), keys: sha256(encoded)
        });
        return _digest(Acts.hash(act));
    }

    /// @dev Exactly k different dealers of the epoch before, in ascending order.
    function _checkDealers(
        bytes32 keyId,
        uint256 epoch,
        bytes32 digest,
        uint32[] calldata dealers,
        bytes[] calldata signatures
    ) private view {
        uint256 k = _epochs[keyId][epoch].k;
        (bytes32 holder, uint256 holderEpoch) = _holders(keyId, epoch);
        if (dealers.length != k || signatures.length != k) revert DealersInvalid();
        for (uint256 i = 0; i < k; i++) {
            if (i != 0 && dealers[i] <= dealers[i - 1]) revert DealersInvalid();
            address signer = ECDSA.recover(digest, signatures[i]);
            // An index out of range holds no signer, and no signature recovers to none.
            if (_members[holder][holderEpoch][dealers[i]].signer != signer) revert DealersInvalid();
        }
    }

    // --- storing ------------------------------------------------------------------------------------------------

    function _storeEpoch(bytes32 keyId, KeySet storage set, Registration calldata registration, bytes memory encoded)
        private
    {
        bytes32 digest = _registrationDigest(keyId, set, encoded);
        uint256 n = registration.keys.membersIn();
        uint256 epoch = ++set.epoch;
        _epochs[keyId][epoch] = Epoch({
            n: n,
            k: registration.k,
            transcript: registration.transcript,
            registeredAt: block.timestamp,
            sealEpoch: registration.purpose == Purpose.BOX ? _checkBox(registration, n) : 0
        });
        _storePoints(keyId, epoch, registration.keys, n);
        if (registration.purpose != Purpose.BOX) _storeMembers(keyId, epoch, registration, n);
        _checkSignatures(keyId, epoch, n, digest, registration.signatures);
        emit KeySetRegistered(keyId, registration.purpose, epoch, registration.sealKeyId, n, registration.k);
    }

    /// @dev A box set has the committee that its seal set has now.
    function _checkBox(Registration calldata registration, uint256 n) private view returns (uint256 sealEpoch) {
        sealEpoch = _sealSet(registration.sealKeyId).epoch;
        Epoch storage committee = _epochs[registration.sealKeyId][sealEpoch];
        bool fits = committee.n == n && committee.k == registration.k && registration.members.length == 0;
        if (!fits) revert MembersMismatch();
    }

    function _storePoints(bytes32 keyId, uint256 epoch, bytes calldata keys, uint256 n) private {
        for (uint256 i = 0; i <= n; i++) {
            bytes calldata encoded = keys.at(i);
            if (!encoded.isPoint()) revert PointInvalid(i);
            (uint256 prefix, bytes32 x) = encoded.split();
            _points[keyId][epoch][i] = Point(prefix, x);
        }
    }

    function _storeMembers(bytes32 keyId, uint256 epoch, Registration calldata registration, uint256 n) private {
        _checkCommittee(registration, n);
        for (uint256 i = 0; i < n; i++) {
            Member calldata entry = registration.members[i];
            if (!entry.identityKey.isPoint()) revert PointInvalid(i + 1);
            bool known = registry.city(entry.city).to == type(uint64).max;
            if (!known) revert MemberCityUnknown(entry.city);
            if (_seats[keyId][epoch][entry.signer] != 0) revert MemberDuplicate(i + 1);
            _seats[keyId][epoch][entry.signer] = i + 1;
            (uint256 prefix, bytes32 x) = entry.identityKey.split();
            _members[keyId][epoch][i + 1] = StoredMember(prefix, x, entry.signer, entry.city, entry.organisation);
        }
    }

    /// @dev A tender's committee opens by a bare majority, and neither a city nor an organisation is one by itself.
    function _checkCommittee(Registration calldata registration, uint256 n) private pure {
        uint256 k = registration.k;
        bool sized = k != 0 && k <= n && n <= _MAX_MEMBERS && (registration.purpose != Purpose.SEAL || k == n / 2 + 1);
        if (!sized) revert CommitteeInvalid(n, k);
        if (registration.members.length != n || registration.sealKeyId != 0) revert MembersMismatch();
        for (uint256 i = 0; i < n; i++) {
            Member calldata one = registration.members[i];
            uint256 ofCity = 0;
            uint256 ofOrganisation = 0;
            for (uint256 j = 0; j < n; j++) {
                Member calldata other = registration.members[j];
                if (other.city == one.city) ofCity++;
                if (other.organisation == one.organisation) ofOrganisation++;
                bool same = j < i && keccak256(other.identityKey) == keccak256(one.identityKey);
                if (same) revert MemberDuplicate(i + 1);
            }
            if (ofCity >= k) revert CityTooStrong(one.city);
            if (ofOrganisation >= k) revert OrganisationTooStrong(one.organisation);
        }
    }

    function _checkSignatures(bytes32 keyId, uint256 epoch, uint256 n, bytes32 digest, bytes[] calldata signatures)
        private
        view
    {
        if (signatures.length != n) revert SignatureMismatch(signatures.length);
        (bytes32 holder, uint256 holderEpoch) = _holders(keyId, epoch);
        for (uint256 i = 0; i < n; i++) {
            address signer = ECDSA.recover(digest, signatures[i]);
            if (_members[holder][holderEpoch][i + 1].signer != signer) revert SignatureMismatch(i + 1);
        }
    }
}
