// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ITenderBook} from "../../contracts/interfaces/ITenderBook.sol";
import {Acts} from "../../contracts/libraries/Acts.sol";
import {ReferenceTree} from "./support/ReferenceTree.sol";
import {TenderScene} from "./support/TenderScene.sol";

/// @dev What the calls of a tender cost, kept in tests/contracts/gas/ and compared there (scripts/contracts.sh).
contract TenderBookGas is TenderScene {
    ITenderBook.Side private constant OURS = ITenderBook.Side.TENDERER;

    function test_gas_announcement() public {
        bytes32 tender = _announced();
        vm.snapshotGasLastCall("announce, 2 lots, 3 origins");
        Acts.TenderAmendment memory act = Acts.TenderAmendment(tender, keccak256("2"), DEADLINE, true, 0);
        _amend(act);
        vm.snapshotGasLastCall("amend");
        _suspend(OURS, Acts.TenderSuspension(tender, REASON, 1));
        vm.snapshotGasLastCall("suspend");
        _resume(OURS, Acts.TenderResumption(tender, REASON, 2));
        vm.snapshotGasLastCall("resume");
        vm.prank(submitters[0].at);
        book.setHead(tender, keccak256("head"), 1);
        vm.snapshotGasLastCall("setHead");
        _terminate(OURS, Acts.TenderTermination(tender, REASON, 3));
        vm.snapshotGasLastCall("terminate");
    }

    function test_gas_largestAnnouncement() public {
        Acts.TenderAnnouncement memory act = _announcement();
        act.lots = new Acts.Lot[](256);
        for (uint32 i = 0; i < 256; i++) {
            act.lots[i] = Acts.Lot(i + 1, 7);
        }
        _announce(act);
        vm.snapshotGasLastCall("announce, 256 lots, 3 origins");
    }

    function test_gas_box() public {
        bytes32 tender = _closing();
        vm.snapshotGasLastCall("beginClose");
        bytes32[] memory proof = ReferenceTree.proof(history, 4, 23);
        _cut(tender, 0, 1, 23, _root(23), proof, DEADLINE);
        vm.snapshotGasLastCall("cut, the first of a witness");
        bytes memory slip = _slip(1);
        book.admit(tender, origins[0], slip, _acknowledged(0, 1, slip));
        vm.snapshotGasLastCall("admit, q = 1");
        _waitAndClose(tender);
        vm.snapshotGasLastCall("close, 3 origins, 1 cut");
        vm.warp(block.timestamp + OPEN_AFTER_MIN);
        _list(_bidList(tender, 3, 4));
        vm.snapshotGasLastCall("list, 2 lots, k = 2");
    }

    function test_gas_lots() public {
        bytes32 tender = _listed();
        vm.warp(block.timestamp + 1800);
        _opened(_record(tender, 1, 1));
        vm.snapshotGasLastCall("opened");
        _exclude(_exclusion(tender, 1, 1, _bidders(2)));
        vm.snapshotGasLastCall("exclude, 2 bidders");
        vm.warp(block.timestamp + 1800);
        _opened(_record(tender, 1, 3));
        Acts.AwardDecision memory award = _award(tender, 1, 0);
        book.decide(award, _signBook(own, Acts.hash(award)), _ownPapers());
        vm.snapshotGasLastCall("decide");
        Acts.LotFailure memory failure = _failure(tender, 2, 5, 0);
        book.fail(failure, _signBook(own, Acts.hash(failure)), _ownPapers());
        vm.snapshotGasLastCall("fail, the last lot");
    }
}
