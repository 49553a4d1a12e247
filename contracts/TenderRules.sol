// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IAnchorRegistry} from "./interfaces/IAnchorRegistry.sol";
import {ICityRegistry} from "./interfaces/ICityRegistry.sol";
import {IKeySets} from "./interfaces/IKeySets.sol";
import {ITenderBook} from "./interfaces/ITenderBook.sol";
import {ITenderRules} from "./interfaces/ITenderRules.sol";
import {Acts} from "./libraries/Acts.sol";
import {Rfc6962} from "./libraries/Rfc6962.sol";
import {TenderTerms} from "./libraries/TenderTerms.sol";

/// @title The checks of a TenderBook that need none of its storage.
contract TenderRules is ITenderRules {
    address public immutable book;
    ICityRegistry public immutable registry;
    IAnchorRegistry public immutable anchors;
    IKeySets public immutable keySets;
    uint256 public immutable graceMin;
    uint256 public immutable openAfterMin;
    uint256 public immutable amendLeadMin;

    constructor(
        ICityRegistry registry_,
        IAnchorRegistry anchors_,
        IKeySets keySets_,
        uint32 graceMin_,
        uint32 openAfterMin_,
        uint32 amendLeadMin_
    ) {
        bool deployed = address(registry_).code.length != 0 && address(anchors_).code.length != 0
            && address(keySets_).code.length != 0;
        bool reachable = graceMin_ <= TenderTerms.MAX_GRACE && openAfterMin_ <= TenderTerms.MAX_OPEN_AFTER
            && amendLeadMin_ <= TenderTerms.MAX_AMEND_LEAD;
        if (!deployed || !reachable) revert ITenderBook.InvalidDeployment();
        book = msg.sender;
        registry = registry_;
        anchors = anchors_;
        keySets = keySets_;
        graceMin = graceMin_;
        openAfterMin = openAfterMin_;
        amendLeadMin = amendLeadMin_;
    }

    // --- announcement ----------------------------------------------------------------------------------------------

    /// @inheritdoc ITenderRules
    function examine(Acts.TenderAnnouncement calldata act)
        external
        view
        returns (bytes32 structHash, uint256 q, ITenderBook.Origin[] memory origins)
    {
        bytes32 expected = tenderId(act.tenderer, act.nonce);
        if (act.tender != expected) revert ITenderBook.WrongTenderId(expected);
        TenderTerms.check(act, graceMin, openAfterMin, amendLeadMin);
        q = registry.witnessQuorum();
        origins = _originsOf(act.origins);
        // Who announces cannot supervise: one key could otherwise carry one act on both tracks.
        bool own = act.supervisor == act.tenderer || act.supervisor == act.agency;
        if (own || !registry.isSupervisor(origins[0].city, act.supervisor)) revert ITenderBook.InvalidSupervisor();
        structHash = Acts.hash(act);
    }

    /// @dev Each origin has q other cities: the registry never has fewer than two, and its q is always below their number.
    function _originsOf(bytes32[] calldata ids) private view returns (ITenderBook.Origin[] memory origins) {
        origins = new ITenderBook.Origin[](ids.length);
        for (uint256 i = 0; i < ids.length; i++) {
            ICityRegistry.Origin memory found = registry.standingOrigin(ids[i]);
            if (found.kind != uint256(ICityRegistry.OriginKind.Sealed)) revert ITenderBook.InvalidOrigins();
            for (uint256 j = 0; j < i; j++) {
                if (origins[j].city == found.city) revert ITenderBook.InvalidOrigins();
            }
            (uint256 size, bytes32 root) = anchors.last(ids[i]);
            origins[i] = ITenderBook.Origin(ids[i], found.city, size, root);
        }
    }

    /// @inheritdoc ITenderRules
    function tenderId(bytes32 tenderer, bytes32 nonce) public view returns (bytes32) {
        bytes memory place = abi.encodePacked(uint32(8), uint64(block.chainid), uint32(20), book);
        bytes memory whose = abi.encodePacked(uint32(32), tenderer, uint32(32), nonce);
        return sha256(bytes.concat(abi.encodePacked(uint32(6), "tender"), place, whose));
    }

    // --- the box ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ITenderRules
    function checkCut(
        ITenderBook.Origin calldata origin,
        ITenderBook.Cut calldata former,
        ITenderBook.Cut calldata next,
        uint256 deadline,
        bytes32[] calldata proof,
        IAnchorRegistry.TimedSignature calldata byOrigin,
        IAnchorRegistry.TimedSignature calldata byWitness
    ) external view {
        if (next.city == 0 || next.city == origin.city) {
            revert ITenderBook.NotAWitness(next.city);
        }
        if (next.size <= former.size) revert ITenderBook.NotLarger(former.size);
        if (!_extends(former, next, proof)) revert ITenderBook.InconsistentCheckpoint();
        // TenderBook takes sizes as uint64.
        Acts.BoxCheckpoint memory checkpoint = Acts.BoxCheckpoint(origin.origin, uint64(next.size), next.root, 0);
        _checkCheckpoint(checkpoint, byOrigin, deadline, origin.city, ICityRegistry.KeyKind.Receiving);
        _checkCheckpoint(checkpoint, byWitness, deadline, next.city, ICityRegistry.KeyKind.Witness);
    }

    function _extends(ITenderBook.Cut calldata former, ITenderBook.Cut calldata next, bytes32[] calldata proof)
        private
        pure
        returns (bool)
    {
        return Rfc6962.isConsistent(uint64(former.size), uint64(next.size), former.root, next.root, proof);
    }

    function _checkCheckpoint(
        Acts.BoxCheckpoint memory checkpoint,
        IAnchorRegistry.TimedSignature calldata timed,
        uint256 deadline,
        bytes32 city,
        ICityRegistry.KeyKind kind
    ) private view {
        if (timed.at > deadline) revert ITenderBook.WrongTime(timed.at);
        checkpoint.at = timed.at;
        if (_cityOf(Acts.hash(checkpoint), timed.signature, kind, timed.at) != city) {
            revert ITenderBook.WrongCity(city);
        }
    }

    /// @inheritdoc ITenderRules
    function checkAcknowledgements(
        ITenderBook.Origin calldata origin,
        uint256 q,
        uint256 from,
        uint256 to,
        bytes32 slip,
        ITenderBook.SlipAcknowledgement[] calldata given
    ) external view {
        if (given.length != q + 1) revert ITenderBook.WrongAcknowledgements(q + 1);
        bytes32 last = 0;
        for (uint256 i = 0; i < given.length; i++) {
            bytes32 city = given[i].city;
            // The others ascend, and so are all different.
            bool fits = i == 0 ? city == origin.city : city != origin.city && city > last;
            if (!fits) revert ITenderBook.WrongAcknowledgements(q + 1);
            _checkAcknowledgement(origin.origin, slip, from, to, given[i]);
            if (i > 0) last = city;
        }
    }

    function _checkAcknowledgement(
        bytes32 origin,
        bytes32 slip,
        uint256 from,
        uint256 to,
        ITenderBook.SlipAcknowledgement calldata given
    ) private view {
        uint64 at = given.receivedAt;
        if (at < from || at > to) revert ITenderBook.WrongTime(at);
        bytes32 structHash = Acts.hash(Acts.Acknowledgement(origin, slip, at, given.mergeBy));
        bytes32 city = _cityOf(structHash, given.signature, ICityRegistry.KeyKind.Receiving, at);
        if (city != given.city) revert ITenderBook.WrongCity(given.city);
    }

    /// @dev The city for which the signer's key stood as `kind` at that time; zero if there is none.
    function _cityOf(bytes32 structHash, bytes calldata signature, ICityRegistry.KeyKind kind, uint64 at)
        private
        view
        returns (bytes32)
    {
        return registry.cityOfKey(ECDSA.recover(registry.digestOf(structHash), signature), kind, at);
    }

    // --- the list --------------------------------------------------------------------------------------------------

    /// @inheritdoc ITenderRules
    function checkMembers(bytes32 keyId, bytes32 digest, bytes[] calldata signatures) external view {
        // Only k matters here.
        // slither-disable-next-line unused-return
        (, uint256 k,) = keySets.committeeOf(keyId);
        if (signatures.length < k) revert ITenderBook.TooFewSignatures(k);
        uint256 last = 0;
        for (uint256 i = 0; i < signatures.length; i++) {
            address signer = ECDSA.recover(digest, signatures[i]);
            uint256 seat = keySets.seatOf(keyId, signer);
            if (seat <= last) revert ITenderBook.WrongMember(signer);
            last = seat;
        }
    }
}
