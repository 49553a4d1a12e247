// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ITenderBook} from "../interfaces/ITenderBook.sol";

/// @title What TenderBook keeps, and what clients read of it.
/// @dev Verifiers read these slots by storage proofs; ITenderBook documents the structs member by member. The mappings
/// stand at slots 0 to 9 in the order below; the last key is hashed last, as Solidity does.
abstract contract TenderStore is ITenderBook {
    /// @dev 0
    mapping(bytes32 tender => Tender) internal _tenders;
    /// @dev 1: in announced order
    mapping(bytes32 tender => Origin[]) internal _origins;
    /// @dev 2: ascending by city
    mapping(bytes32 tender => mapping(bytes32 origin => Cut[])) internal _cuts;
    /// @dev 3: oldest first
    mapping(bytes32 tender => bytes32[]) internal _notices;
    /// @dev 4
    mapping(bytes32 tender => mapping(bytes32 notice => bool)) public isNotice;
    /// @dev 5: by SHA-256
    mapping(bytes32 tender => mapping(bytes32 slip => bool)) public isAdmitted;
    /// @dev 6: ascending
    mapping(bytes32 tender => uint32[]) internal _lotNumbers;
    /// @dev 7
    mapping(bytes32 tender => mapping(uint32 number => Lot)) internal _lots;
    /// @dev 8
    mapping(bytes32 tender => mapping(uint32 lot => mapping(uint8 envelope => Exclusion))) internal _exclusions;
    /// @dev 9: the last round of exclusions that named the bidder
    mapping(bytes32 tender => mapping(uint32 lot => mapping(uint8 envelope => mapping(bytes32 bidder => uint256))))
        internal _rounds;

    /// @inheritdoc ITenderBook
    function tenderOf(bytes32 tender) external view returns (Tender memory) {
        return _tenders[tender];
    }

    /// @inheritdoc ITenderBook
    function originsOf(bytes32 tender) external view returns (Origin[] memory) {
        return _origins[tender];
    }

    /// @inheritdoc ITenderBook
    function cutsOf(bytes32 tender, bytes32 origin) external view returns (Cut[] memory) {
        return _cuts[tender][origin];
    }

    /// @inheritdoc ITenderBook
    function noticesOf(bytes32 tender) external view returns (bytes32[] memory notices, uint256 superseded) {
        return (_notices[tender], _tenders[tender].superseded);
    }

    /// @inheritdoc ITenderBook
    function lotsOf(bytes32 tender) external view returns (Lot[] memory lots) {
        uint32[] storage numbers = _lotNumbers[tender];
        lots = new Lot[](numbers.length);
        for (uint256 i = 0; i < lots.length; i++) {
            lots[i] = _lots[tender][numbers[i]];
        }
    }

    /// @inheritdoc ITenderBook
    function lotOf(bytes32 tender, uint32 number) external view returns (Lot memory) {
        return _lots[tender][number];
    }

    /// @inheritdoc ITenderBook
    function exclusionOf(bytes32 tender, uint32 lot, uint8 envelope) external view returns (Exclusion memory) {
        return _exclusions[tender][lot][envelope];
    }

    /// @inheritdoc ITenderBook
    function isExcluded(bytes32 tender, uint32 lot, uint8 envelope, bytes32 bidder) external view returns (bool) {
        uint256 round = _rounds[tender][lot][envelope][bidder];
        return round != 0 && round == _exclusions[tender][lot][envelope].round;
    }

    /// @dev The fold of a list whose fold so far is `head`, with `item` behind it.
    function _fold(bytes32 head, bytes32 item) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(head, item));
    }

    /// @dev What the bid list is computed from; ITenderBook documents the layout. Bounded by 8 origins and, for each, the
    /// cities that were ever registered.
    function _inputsOf(bytes32 tender) internal view returns (bytes32) {
        Tender storage t = _tenders[tender];
        Origin[] storage origins = _origins[tender];
        bytes memory words = abi.encode(tender, t.deadline, t.noticeCount, t.superseded, t.noticesHead, origins.length);
        for (uint256 i = 0; i < origins.length; i++) {
            Origin memory o = origins[i];
            Cut[] memory cuts = _cuts[tender][o.origin];
            words = bytes.concat(words, abi.encode(o.origin, o.startSize, o.startRoot, cuts.length));
            for (uint256 j = 0; j < cuts.length; j++) {
                words = bytes.concat(words, abi.encode(cuts[j]));
            }
        }
        return sha256(bytes.concat(words, abi.encode(t.admittedCount, t.admittedHead)));
    }
}
