// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAnchorRegistry} from "../../contracts/interfaces/IAnchorRegistry.sol";
import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {ITenderBook} from "../../contracts/interfaces/ITenderBook.sol";
import {Acts} from "../../contracts/libraries/Acts.sol";
import {ReferenceTree} from "./support/ReferenceTree.sol";
import {TenderScene} from "./support/TenderScene.sol";

contract TenderBookCloseTest is TenderScene {
    bytes32[] internal none;

    // --- beginClose ---------------------------------------------------------------------------------------------

    function test_beginClose_notesBlockAndTime() public {
        bytes32 tender = _announced();
        vm.warp(DEADLINE + 7);
        vm.roll(1234);
        vm.expectEmit(address(book));
        emit ITenderBook.ClosingBegun(tender);
        vm.prank(stranger.at);
        book.beginClose(tender);
        ITenderBook.Tender memory t = book.tenderOf(tender);
        assertEq(uint256(t.state), uint256(ITenderBook.State.CLOSING));
        assertEq(t.closingAt, DEADLINE + 7);
        assertEq(t.closingBlock, 1234);
    }

    function test_beginClose_failsUntilTheDeadlineHasPassed() public {
        bytes32 tender = _announced();
        vm.warp(DEADLINE);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.DeadlineAhead.selector, DEADLINE));
        book.beginClose(tender);
        vm.warp(DEADLINE + 1);
        book.beginClose(tender);
    }

    function test_beginClose_failsIfNotAnnounced() public {
        _expect(ITenderBook.WrongState.selector);
        book.beginClose(keccak256("unknown"));
        bytes32 tender = _closing();
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.CLOSING));
        book.beginClose(tender);
    }

    // --- cut ----------------------------------------------------------------------------------------------------

    function test_cut_growsFromTheStart() public {
        bytes32 tender = _closing();
        bytes32[] memory proof = ReferenceTree.proof(history, 4, 9);
        bytes32 root = _root(9);
        vm.expectEmit(address(book));
        emit ITenderBook.CutTaken(tender, origins[0], cities[1], 9, root);
        _cut(tender, 0, 1, 9, root, proof, DEADLINE);
        _cut(tender, 0, 1, 13);
        ITenderBook.Cut[] memory cuts = book.cutsOf(tender, origins[0]);
        assertEq(cuts.length, 1);
        assertEq(cuts[0].city, cities[1]);
        assertEq(cuts[0].size, 13);
        assertEq(cuts[0].root, _root(13));
    }

    function test_cut_ofALogThatStartsFromNothing() public {
        bytes32 tender = _closing();
        _cut(tender, 1, 2, 1);
        _cut(tender, 1, 2, 24);
        assertEq(book.cutsOf(tender, origins[1])[0].size, 24);
    }

    function test_cut_keepsOneLineAWitnessAscendingByCity() public {
        bytes32 tender = _closing();
        _cut(tender, 0, 2, 8);
        _cut(tender, 0, 1, 12);
        _cut(tender, 0, 2, 16);
        ITenderBook.Cut[] memory cuts = book.cutsOf(tender, origins[0]);
        assertEq(cuts.length, 2);
        assertLt(uint256(cuts[0].city), uint256(cuts[1].city));
        for (uint256 i = 0; i < 2; i++) {
            assertEq(cuts[i].size, cuts[i].city == cities[1] ? 12 : 16);
        }
    }

    /// @dev An origin that shows two boxes loses what neither line holds, and only that.
    function test_cut_takesEachLineOfAForkedOrigin() public {
        bytes32 tender = _closing();
        _cut(tender, 0, 1, 16);
        bytes32 root = ReferenceTree.head(fork, 0, 16);
        _cut(tender, 0, 2, 16, root, ReferenceTree.proof(fork, 4, 16), DEADLINE);
        ITenderBook.Cut[] memory cuts = book.cutsOf(tender, origins[0]);
        assertTrue(cuts[0].root != cuts[1].root);
        bytes memory error = abi.encodeWithSelector(ITenderBook.InconsistentCheckpoint.selector);
        _refuseCut(error, tender, 0, 2, 20, _root(20), ReferenceTree.proof(history, 16, 20));
    }

    function testFuzz_cut_isConsistentWithItsLine(uint256 first, uint256 second, bool forked) public {
        bytes32 tender = _closing();
        first = bound(first, 5, LEAVES);
        second = bound(second, 1, LEAVES);
        _cut(tender, 0, 1, uint64(first));
        bytes32[] memory leaves = forked ? fork : history;
        bytes32[] memory proof = second > first ? ReferenceTree.proof(leaves, first, second) : none;
        bytes32 root = ReferenceTree.head(leaves, 0, second);
        // Up to leaf 8 both histories are the same: whoever saw no more may follow either.
        if (second <= first) _expect(ITenderBook.NotLarger.selector);
        else if (forked && first > 8) _expect(ITenderBook.InconsistentCheckpoint.selector);
        _cut(tender, 0, 1, uint64(second), root, proof, DEADLINE);
    }

    function test_cut_failsIfNotLargerThanTheStartOrTheCut() public {
        bytes32 tender = _closing();
        _refuseCut(abi.encodeWithSelector(ITenderBook.NotLarger.selector, 4), tender, 0, 1, 4, _root(4), none);
        _refuseCut(abi.encodeWithSelector(ITenderBook.NotLarger.selector, 0), tender, 1, 0, 0, _root(0), none);
        _cut(tender, 0, 1, 9);
        _refuseCut(abi.encodeWithSelector(ITenderBook.NotLarger.selector, 9), tender, 0, 1, 9, _root(9), none);
    }

    function _refuseCut(
        bytes memory error,
        bytes32 tender,
        uint256 city,
        uint256 witness,
        uint64 size,
        bytes32 root,
        bytes32[] memory proof
    ) private {
        vm.expectRevert(error);
        _cut(tender, city, witness, size, root, proof, DEADLINE);
    }

    function test_cut_failsIfInconsistentWithTheStart() public {
        bytes32 tender = _closing();
        bytes32[] memory leaves = new bytes32[](8);
        bytes32 root = ReferenceTree.head(leaves, 0, 8);
        bytes memory error = abi.encodeWithSelector(ITenderBook.InconsistentCheckpoint.selector);
        _refuseCut(error, tender, 0, 1, 8, root, ReferenceTree.proof(leaves, 4, 8));
        _refuseCut(error, tender, 0, 1, 8, _root(8), none);
    }

    function test_cut_failsIfEitherTimeIsAfterTheDeadline() public {
        bytes32 tender = _closing();
        vm.warp(DEADLINE + 100);
        bytes32[] memory proof = ReferenceTree.proof(history, 4, 8);
        for (uint256 i = 0; i < 2; i++) {
            uint64 late = DEADLINE + 1;
            IAnchorRegistry.TimedSignature memory byOrigin =
                _seen(receivers[0], origins[0], 8, _root(8), i == 0 ? late : DEADLINE);
            IAnchorRegistry.TimedSignature memory byWitness =
                _seen(witnesses[1], origins[0], 8, _root(8), i == 1 ? late : DEADLINE);
            bytes32 root = _root(8);
            vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongTime.selector, late));
            book.cut(tender, origins[0], cities[1], 8, root, proof, byOrigin, byWitness);
        }
    }

    function test_cut_failsIfTheOriginWitnessesItself() public {
        bytes32 tender = _closing();
        bytes32 root = _root(8);
        bytes32[] memory proof = ReferenceTree.proof(history, 4, 8);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.NotAWitness.selector, cities[0]));
        _cut(tender, 0, 0, 8, root, proof, DEADLINE);
    }

    /// @dev No key stands for city zero, which is also what the registry says of a key that does not stand.
    function test_cut_failsIfTheWitnessIsNobody() public {
        bytes32 tender = _closing();
        bytes32 root = _root(8);
        bytes32[] memory proof = ReferenceTree.proof(history, 4, 8);
        IAnchorRegistry.TimedSignature memory byOrigin = _seen(receivers[0], origins[0], 8, root, DEADLINE);
        IAnchorRegistry.TimedSignature memory byNobody = _seen(stranger, origins[0], 8, root, DEADLINE);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.NotAWitness.selector, bytes32(0)));
        book.cut(tender, origins[0], 0, 8, root, proof, byOrigin, byNobody);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongCity.selector, cities[1]));
        book.cut(tender, origins[0], cities[1], 8, root, proof, byOrigin, byNobody);
    }

    function test_cut_failsIfAKeyOfAnotherKindOrCitySigned() public {
        bytes32 tender = _closing();
        bytes32 root = _root(8);
        bytes32[] memory proof = ReferenceTree.proof(history, 4, 8);
        Actor[3] memory wrongOrigins = [receivers[1], witnesses[0], stranger];
        for (uint256 i = 0; i < 3; i++) {
            IAnchorRegistry.TimedSignature memory wrong = _seen(wrongOrigins[i], origins[0], 8, root, DEADLINE);
            IAnchorRegistry.TimedSignature memory right = _seen(witnesses[1], origins[0], 8, root, DEADLINE);
            vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongCity.selector, cities[0]));
            book.cut(tender, origins[0], cities[1], 8, root, proof, wrong, right);
        }
        Actor[2] memory wrongWitnesses = [witnesses[2], receivers[1]];
        for (uint256 i = 0; i < 2; i++) {
            IAnchorRegistry.TimedSignature memory right = _seen(receivers[0], origins[0], 8, root, DEADLINE);
            IAnchorRegistry.TimedSignature memory wrong = _seen(wrongWitnesses[i], origins[0], 8, root, DEADLINE);
            vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongCity.selector, cities[1]));
            book.cut(tender, origins[0], cities[1], 8, root, proof, right, wrong);
        }
    }

    function test_cut_failsIfAnotherSizeRootOrOriginWasSigned() public {
        bytes32 tender = _closing();
        bytes32 root = _root(8);
        bytes32[] memory proof = ReferenceTree.proof(history, 4, 8);
        IAnchorRegistry.TimedSignature memory right = _seen(receivers[0], origins[0], 8, root, DEADLINE);
        IAnchorRegistry.TimedSignature[3] memory wrong = [
            _seen(witnesses[1], origins[0], 9, root, DEADLINE),
            _seen(witnesses[1], origins[0], 8, _root(9), DEADLINE),
            _seen(witnesses[1], origins[2], 8, root, DEADLINE)
        ];
        for (uint256 i = 0; i < 3; i++) {
            _expect(ITenderBook.WrongCity.selector);
            book.cut(tender, origins[0], cities[1], 8, root, proof, right, wrong[i]);
        }
    }

    function test_cut_failsIfAKeyDidNotStandAtItsTime() public {
        bytes32 tender = _closing();
        bytes32[] memory proof = ReferenceTree.proof(history, 4, 8);
        bytes32 root = _root(8);
        _expect(ITenderBook.WrongCity.selector);
        _cut(tender, 0, 1, 8, root, proof, uint64(START - 1));
        _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (witnesses[1].at, 0)));
        uint256 ended = block.timestamp;
        _cut(tender, 0, 1, 8, root, proof, DEADLINE);
        assertGt(ended, DEADLINE, "the key stood at the time it signed, so its signature stays good");
    }

    function test_cut_failsIfAKeyIsCompromisedByNow() public {
        bytes32 tender = _closing();
        _decide(address(registry), abi.encodeCall(ICityRegistry.compromiseKey, (witnesses[1].at)));
        bytes32 root = _root(8);
        bytes32[] memory proof = ReferenceTree.proof(history, 4, 8);
        _expect(ITenderBook.WrongCity.selector);
        _cut(tender, 0, 1, 8, root, proof, DEADLINE);
    }

    function test_cut_failsIfTheOriginIsNotTheTenders() public {
        bytes32 other = _addSealed(1, "another box");
        bytes32 tender = _closing();
        bytes32 root = _root(8);
        IAnchorRegistry.TimedSignature memory byOrigin = _seen(receivers[1], other, 8, root, DEADLINE);
        IAnchorRegistry.TimedSignature memory byWitness = _seen(witnesses[0], other, 8, root, DEADLINE);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.UnknownOrigin.selector, other));
        book.cut(tender, other, cities[0], 8, root, none, byOrigin, byWitness);
    }

    function test_cut_failsIfNotClosing() public {
        bytes32 tender = _announced();
        bytes32[] memory proof = ReferenceTree.proof(history, 4, 8);
        bytes32 root = _root(8);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.ANNOUNCED));
        _cut(tender, 0, 1, 8, root, proof, DEADLINE - 60);
        vm.warp(DEADLINE + 1);
        book.beginClose(tender);
        _waitAndClose(tender);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.CLOSED));
        _cut(tender, 0, 1, 8, root, proof, DEADLINE - 60);
    }

    // --- admit --------------------------------------------------------------------------------------------------

    function test_admit_givesPlacesInOrder() public {
        bytes32 tender = _closing();
        bytes memory first = _slip(1);
        bytes memory second = _slip(2);
        ITenderBook.SlipAcknowledgement[] memory given = _acknowledged(0, 1, first);
        bytes32 id = sha256(first);
        vm.expectEmit(address(book));
        emit ITenderBook.SlipAdmitted(tender, origins[0], 0, id);
        book.admit(tender, origins[0], first, given);
        book.admit(tender, origins[1], second, _acknowledged(1, 2, second));
        ITenderBook.Tender memory t = book.tenderOf(tender);
        assertEq(t.admittedCount, 2);
        assertEq(t.admittedHead, sha256(abi.encode(sha256(abi.encode(bytes32(0), sha256(first))), sha256(second))));
        assertTrue(book.isAdmitted(tender, sha256(first)));
        assertFalse(book.isAdmitted(tender, sha256(_slip(3))));
    }

    function test_admit_takesTimesFromAnnouncementToDeadline() public {
        bytes32 tender = _closing();
        uint64[2] memory right = [uint64(START), DEADLINE];
        uint64[2] memory wrong = [uint64(START - 1), DEADLINE + 1];
        for (uint256 i = 0; i < 2; i++) {
            bytes memory slip = _slip(i);
            ITenderBook.SlipAcknowledgement[] memory given = _acknowledged(0, 1, slip);
            given[1] = _taken(1, origins[0], slip, wrong[i]);
            vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongTime.selector, wrong[i]));
            book.admit(tender, origins[0], slip, given);
            given[1] = _taken(1, origins[0], slip, right[i]);
            book.admit(tender, origins[0], slip, given);
        }
    }

    function test_admit_failsIfAdmittedBefore() public {
        bytes32 tender = _closing();
        bytes memory slip = _slip(1);
        ITenderBook.SlipAcknowledgement[] memory given = _acknowledged(0, 1, slip);
        ITenderBook.SlipAcknowledgement[] memory others = _acknowledged(1, 2, slip);
        bytes32 id = sha256(slip);
        book.admit(tender, origins[0], slip, given);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.AlreadyAdmitted.selector, id));
        book.admit(tender, origins[1], slip, others);
    }

    function test_admit_failsIfASlipHasAnotherLength() public {
        bytes32 tender = _closing();
        uint256[3] memory lengths = [uint256(0), 895, 897];
        for (uint256 i = 0; i < 3; i++) {
            bytes memory slip = new bytes(lengths[i]);
            ITenderBook.SlipAcknowledgement[] memory given = _acknowledged(0, 1, slip);
            vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongSlipLength.selector, lengths[i]));
            book.admit(tender, origins[0], slip, given);
        }
    }

    function test_admit_failsIfNotByTheOriginsCityAndQOthers() public {
        bytes32 tender = _closing();
        bytes memory slip = _slip(1);
        ITenderBook.SlipAcknowledgement[] memory given = _acknowledged(0, 1, slip);
        ITenderBook.SlipAcknowledgement[] memory one = new ITenderBook.SlipAcknowledgement[](1);
        one[0] = given[0];
        _refuseAcknowledgements(tender, slip, one);
        (given[0], given[1]) = (given[1], given[0]);
        _refuseAcknowledgements(tender, slip, given);
        given[1] = given[0];
        _refuseAcknowledgements(tender, slip, given);
        given[0] = _taken(0, origins[0], slip, DEADLINE);
        given[1] = given[0];
        _refuseAcknowledgements(tender, slip, given);
        ITenderBook.SlipAcknowledgement[] memory three = new ITenderBook.SlipAcknowledgement[](3);
        for (uint256 i = 0; i < 3; i++) {
            three[i] = _taken(i, origins[0], slip, DEADLINE);
        }
        _refuseAcknowledgements(tender, slip, three);
    }

    function _refuseAcknowledgements(bytes32 tender, bytes memory slip, ITenderBook.SlipAcknowledgement[] memory given)
        private
    {
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongAcknowledgements.selector, 2));
        book.admit(tender, origins[0], slip, given);
    }

    function test_admit_failsIfAnAcknowledgementIsNotByItsCity() public {
        bytes32 tender = _closing();
        bytes memory slip = _slip(1);
        ITenderBook.SlipAcknowledgement[] memory given = _acknowledged(0, 1, slip);
        given[1].city = cities[2];
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongCity.selector, cities[2]));
        book.admit(tender, origins[0], slip, given);
        given = _acknowledged(0, 1, slip);
        given[1].mergeBy += 1;
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongCity.selector, cities[1]));
        book.admit(tender, origins[0], slip, given);
    }

    /// @dev The registry says zero of a key that does not stand; nobody may pass as city zero.
    function test_admit_failsForCityZero() public {
        bytes32 tender = _closing();
        bytes memory slip = _slip(1);
        ITenderBook.SlipAcknowledgement[] memory given = _acknowledged(0, 1, slip);
        Acts.Acknowledgement memory act = Acts.Acknowledgement(origins[0], sha256(slip), DEADLINE, DEADLINE);
        bytes memory signature = _sign(stranger, _registryDigest(Acts.hash(act)));
        given[1] = ITenderBook.SlipAcknowledgement(0, DEADLINE, DEADLINE, signature);
        _refuseAcknowledgements(tender, slip, given);
    }

    function test_admit_failsIfAcknowledgedForAnotherSlipOrOrigin() public {
        bytes32 tender = _closing();
        bytes memory slip = _slip(1);
        ITenderBook.SlipAcknowledgement[] memory given = _acknowledged(0, 1, slip);
        given[1] = _taken(1, origins[0], _slip(2), DEADLINE);
        _expect(ITenderBook.WrongCity.selector);
        book.admit(tender, origins[0], slip, given);
        given[1] = _taken(1, origins[1], slip, DEADLINE);
        _expect(ITenderBook.WrongCity.selector);
        book.admit(tender, origins[0], slip, given);
    }

    function test_admit_failsIfAReceivingKeyIsCompromised() public {
        bytes32 tender = _closing();
        bytes memory slip = _slip(1);
        _decide(address(registry), abi.encodeCall(ICityRegistry.compromiseKey, (receivers[1].at)));
        ITenderBook.SlipAcknowledgement[] memory given = _acknowledged(0, 1, slip);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongCity.selector, cities[1]));
        book.admit(tender, origins[0], slip, given);
    }

    function test_admit_failsIfTheOriginIsNotTheTenders() public {
        bytes32 other = _addSealed(1, "another box");
        bytes32 tender = _closing();
        bytes memory slip = _slip(1);
        ITenderBook.SlipAcknowledgement[] memory given = _acknowledged(0, 1, slip);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.UnknownOrigin.selector, other));
        book.admit(tender, other, slip, given);
    }

    function test_admit_failsIfNotClosing() public {
        bytes32 tender = _announced();
        bytes memory slip = _slip(1);
        ITenderBook.SlipAcknowledgement[] memory given = _acknowledged(0, 1, slip);
        _expect(ITenderBook.WrongState.selector);
        book.admit(tender, origins[0], slip, given);
        vm.warp(DEADLINE + 1);
        book.beginClose(tender);
        _waitAndClose(tender);
        _expect(ITenderBook.WrongState.selector);
        book.admit(tender, origins[0], slip, given);
    }

    // --- close --------------------------------------------------------------------------------------------------

    function test_close_fixesInputsAndOpenFrom() public {
        bytes32 tender = _closing();
        _waitAndClose(tender);
        ITenderBook.Tender memory t = book.tenderOf(tender);
        assertEq(uint256(t.state), uint256(ITenderBook.State.CLOSED));
        assertEq(t.openFrom, block.timestamp + OPEN_AFTER_MIN);
        assertTrue(t.inputs != 0);
    }

    function test_close_failsUntilGraceAndBlocksHaveBothPassed() public {
        bytes32 tender = _closing();
        uint256 time = block.timestamp;
        uint256 number = block.number;
        vm.expectRevert(ITenderBook.TooEarlyToClose.selector);
        book.close(tender);
        vm.warp(time + GRACE_MIN);
        vm.roll(number + CLOSE_BLOCKS - 1);
        vm.expectRevert(ITenderBook.TooEarlyToClose.selector);
        book.close(tender);
        vm.warp(time + GRACE_MIN - 1);
        vm.roll(number + CLOSE_BLOCKS);
        vm.expectRevert(ITenderBook.TooEarlyToClose.selector);
        book.close(tender);
        vm.warp(time + GRACE_MIN);
        book.close(tender);
    }

    function test_close_failsIfNotClosing() public {
        bytes32 tender = _announced();
        _expect(ITenderBook.WrongState.selector);
        book.close(tender);
        vm.warp(DEADLINE + 1);
        book.beginClose(tender);
        _waitAndClose(tender);
        _expect(ITenderBook.WrongState.selector);
        book.close(tender);
    }

    /// @dev The layout that ITenderBook documents, written down word by word.
    function test_close_hashesTheInputsInTheDocumentedOrder() public {
        bytes32 tender = _announced();
        bytes32 second = keccak256("second");
        _amend(Acts.TenderAmendment(tender, second, DEADLINE + 1 days, true, 0));
        vm.warp(DEADLINE + 1 days + 1);
        book.beginClose(tender);
        _cut(tender, 0, 2, 8);
        _cut(tender, 0, 1, 12);
        _cut(tender, 2, 0, 5);
        bytes memory slip = _slip(1);
        book.admit(tender, origins[1], slip, _acknowledged(1, 0, slip));
        _waitAndClose(tender);

        bool firstIsCity1 = cities[1] < cities[2];
        bytes32[] memory words = new bytes32[](29);
        words[0] = tender;
        words[1] = bytes32(uint256(DEADLINE + 1 days));
        words[2] = bytes32(uint256(2));
        words[3] = bytes32(uint256(1));
        words[4] = sha256(abi.encode(sha256(abi.encode(bytes32(0), NOTICE)), second));
        words[5] = bytes32(uint256(3));
        words[6] = origins[0];
        words[7] = bytes32(uint256(4));
        words[8] = _root(4);
        words[9] = bytes32(uint256(2));
        words[10] = firstIsCity1 ? cities[1] : cities[2];
        words[11] = bytes32(uint256(firstIsCity1 ? 12 : 8));
        words[12] = _root(firstIsCity1 ? 12 : 8);
        words[13] = firstIsCity1 ? cities[2] : cities[1];
        words[14] = bytes32(uint256(firstIsCity1 ? 8 : 12));
        words[15] = _root(firstIsCity1 ? 8 : 12);
        words[16] = origins[1];
        words[20] = origins[2];
        words[23] = bytes32(uint256(1));
        words[24] = cities[0];
        words[25] = bytes32(uint256(5));
        words[26] = _root(5);
        words[27] = bytes32(uint256(1));
        words[28] = sha256(abi.encode(bytes32(0), sha256(slip)));
        assertEq(book.tenderOf(tender).inputs, sha256(abi.encodePacked(words)));
    }

    /// @dev Whatever the list depends on changes the inputs.
    function test_close_inputsDependOnEveryPart() public {
        bytes32 tender = _closing();
        bytes32 plain = _inputs(tender);
        uint256 start = vm.snapshotState();
        _cut(tender, 0, 1, 8);
        bytes32 withCut = _inputs(tender);
        vm.revertToState(start);
        bytes memory slip = _slip(1);
        book.admit(tender, origins[0], slip, _acknowledged(0, 1, slip));
        bytes32 withSlip = _inputs(tender);
        assertTrue(plain != withCut && plain != withSlip && withCut != withSlip);
    }

    function _inputs(bytes32 tender) private returns (bytes32 inputs) {
        uint256 start = vm.snapshotState();
        _waitAndClose(tender);
        inputs = book.tenderOf(tender).inputs;
        vm.revertToState(start);
    }
}
