// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {ITenderBook} from "../../contracts/interfaces/ITenderBook.sol";
import {Acts} from "../../contracts/libraries/Acts.sol";
import {Role, Scope} from "../../contracts/libraries/Codes.sol";
import {TenderScene} from "./support/TenderScene.sol";

contract TenderBookSuspendTest is TenderScene {
    ITenderBook.Side internal constant OURS = ITenderBook.Side.TENDERER;
    ITenderBook.Side internal constant THEIRS = ITenderBook.Side.SUPERVISOR;

    // --- suspend ------------------------------------------------------------------------------------------------

    function test_suspend_setsTheFlagOfItsSideOnly() public {
        bytes32 tender = _announced();
        vm.warp(START + 1 days);
        _suspend(tender, THEIRS);
        ITenderBook.Tender memory t = book.tenderOf(tender);
        assertTrue(t.suspendedBySupervisor);
        assertFalse(t.suspendedByTenderer);
        assertEq(t.suspendedAt, START + 1 days);
        assertEq(t.supervisorSteps, 1);
        assertEq(t.tendererSteps, 0);
    }

    function test_suspend_bothSidesInTurn() public {
        bytes32 tender = _announced();
        vm.warp(START + 1 days);
        _suspend(tender, OURS);
        vm.warp(START + 2 days);
        _suspend(tender, THEIRS);
        ITenderBook.Tender memory t = book.tenderOf(tender);
        assertTrue(t.suspendedBySupervisor && t.suspendedByTenderer);
        assertEq(t.suspendedAt, START + 1 days, "since the first");
    }

    function test_suspend_keepsTheFoldOfEachTrack() public {
        bytes32 tender = _announced();
        Acts.TenderSuspension memory act = Acts.TenderSuspension(tender, REASON, 0);
        bytes32 digest = _digestFor(address(book), Acts.hash(act));
        vm.expectEmit(address(book));
        emit ITenderBook.SuspensionSet(tender, THEIRS, digest);
        _suspend(THEIRS, act);
        assertEq(book.tenderOf(tender).supervisorActs, sha256(abi.encode(bytes32(0), digest)));
        assertEq(book.tenderOf(tender).tendererActs, 0);
    }

    function test_suspend_failsIfSetAlready() public {
        bytes32 tender = _announced();
        _suspend(tender, OURS);
        Acts.TenderSuspension memory act = Acts.TenderSuspension(tender, REASON, 1);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.AlreadySuspended.selector, tender));
        _suspend(OURS, act);
    }

    function test_suspend_failsIfTheStepIsNotTheNext() public {
        bytes32 tender = _announced();
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongStep.selector, 0));
        _suspend(OURS, Acts.TenderSuspension(tender, REASON, 1));
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongStep.selector, 0));
        _suspend(THEIRS, Acts.TenderSuspension(tender, REASON, 1));
    }

    function test_suspend_failsIfEnded() public {
        bytes32 tender = _announced();
        _terminate(tender, OURS);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.TERMINATED));
        _suspend(OURS, Acts.TenderSuspension(tender, REASON, 1));
    }

    function test_suspend_failsIfDone() public {
        bytes32 tender = _listed();
        _failLot(_failure(tender, 1, 5, 0));
        _failLot(_failure(tender, 2, 5, 0));
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.DONE));
        _suspend(OURS, Acts.TenderSuspension(tender, REASON, 0));
    }

    function test_suspend_failsIfUnknown() public {
        _expect(ITenderBook.WrongState.selector);
        _suspend(OURS, Acts.TenderSuspension(keccak256("unknown"), REASON, 0));
    }

    function test_suspend_failsForTheOtherSide() public {
        bytes32 tender = _announced();
        Acts.TenderSuspension memory act = Acts.TenderSuspension(tender, REASON, 0);
        _expect(ICityRegistry.CredentialNotFitting.selector);
        book.suspend(THEIRS, act, _signBook(own, Acts.hash(act)), _ownPapers());
        _expect(ICityRegistry.CredentialNotFitting.selector);
        book.suspend(OURS, act, _signBook(officer, Acts.hash(act)), _officerPapers());
    }

    function test_suspend_failsForASupervisorThatTheAnnouncementDoesNotName() public {
        _addSupervisor(0, CENTRE);
        bytes32 tender = _announced();
        Acts.TenderSuspension memory act = Acts.TenderSuspension(tender, REASON, 0);
        ICityRegistry.Chain memory other =
            _chain(issuers[0], _credential(stranger.at, keccak256("s"), CENTRE, Role.SUPERVISOR));
        _expect(ICityRegistry.CredentialNotFitting.selector);
        book.suspend(THEIRS, act, _signBook(stranger, Acts.hash(act)), other);
    }

    function test_suspend_failsForADelegateOfTheSupervisor() public {
        bytes32 tender = _announced();
        Acts.TenderSuspension memory act = Acts.TenderSuspension(tender, REASON, 0);
        ICityRegistry.Chain memory chain = _delegated(
            issuers[0],
            officer,
            _credential(officer.at, SUPERVISION, SUPERVISION, Role.SUPERVISOR),
            Acts.Delegation(SUPERVISION, agent.at, Scope.CONDUCT, 0, LATER)
        );
        _expect(ICityRegistry.DelegationNotFitting.selector);
        book.suspend(THEIRS, act, _signBook(agent, Acts.hash(act)), chain);
    }

    function test_suspend_byTheAgencyForItsTenderer() public {
        bytes32 tender = _announced();
        Acts.TenderSuspension memory act = Acts.TenderSuspension(tender, REASON, 0);
        book.suspend(OURS, act, _signBook(agent, Acts.hash(act)), _agentPapers());
        assertTrue(book.tenderOf(tender).suspendedByTenderer);
    }

    // --- resume -------------------------------------------------------------------------------------------------

    function test_resume_movesADeadlineThatLayAhead() public {
        bytes32 tender = _announced();
        vm.warp(DEADLINE - 1 days);
        _suspend(tender, OURS);
        vm.warp(DEADLINE + 3 days);
        Acts.TenderResumption memory act = Acts.TenderResumption(tender, REASON, 1);
        bytes32 digest = _digestFor(address(book), Acts.hash(act));
        vm.expectEmit(address(book));
        emit ITenderBook.SuspensionLifted(tender, OURS, digest, DEADLINE + 4 days, 0);
        _resume(OURS, act);
        ITenderBook.Tender memory t = book.tenderOf(tender);
        assertEq(t.deadline, DEADLINE + 4 days);
        assertEq(t.firstDeadline, DEADLINE);
        assertEq(t.suspendedAt, 0);
    }

    function test_resume_movesOnlyWithTheLastFlag() public {
        bytes32 tender = _announced();
        vm.warp(START + 1 days);
        _suspend(tender, OURS);
        vm.warp(START + 2 days);
        _suspend(tender, THEIRS);
        vm.warp(START + 4 days);
        _resume(tender, OURS);
        assertEq(book.tenderOf(tender).deadline, DEADLINE);
        vm.warp(START + 7 days);
        _resume(tender, THEIRS);
        assertEq(book.tenderOf(tender).deadline, DEADLINE + 6 days, "one time, from the first flag to the last");
    }

    function test_resume_movesADeadlineOfTheSameSecond() public {
        bytes32 tender = _announced();
        vm.warp(DEADLINE);
        _suspend(tender, OURS);
        vm.warp(DEADLINE + 10);
        _resume(tender, OURS);
        assertEq(book.tenderOf(tender).deadline, DEADLINE + 10);
    }

    function test_resume_doesNotReviveADeadlineThatHadPassed() public {
        bytes32 tender = _announced();
        vm.warp(DEADLINE + 1);
        _suspend(tender, OURS);
        vm.warp(DEADLINE + 1 days);
        _resume(tender, OURS);
        assertEq(book.tenderOf(tender).deadline, DEADLINE);
        book.beginClose(tender);
    }

    function test_resume_movesOpenFromThatLayAhead() public {
        bytes32 tender = _closed();
        uint256 openFrom = book.tenderOf(tender).openFrom;
        vm.warp(openFrom - 100);
        _suspend(tender, THEIRS);
        vm.warp(openFrom + 900);
        _resume(tender, THEIRS);
        assertEq(book.tenderOf(tender).openFrom, openFrom + 1000);
        assertEq(book.tenderOf(tender).deadline, DEADLINE);
    }

    function test_resume_leavesOpenFromThatHadCome() public {
        bytes32 tender = _closed();
        uint256 openFrom = book.tenderOf(tender).openFrom;
        vm.warp(openFrom);
        _suspend(tender, THEIRS);
        vm.warp(openFrom + 900);
        _resume(tender, THEIRS);
        assertEq(book.tenderOf(tender).openFrom, openFrom);
    }

    function test_resume_movesNothingWhileClosingOrListed() public {
        bytes32 tender = _closing();
        _suspend(tender, OURS);
        vm.warp(block.timestamp + 1 days);
        _resume(tender, OURS);
        assertEq(book.tenderOf(tender).deadline, DEADLINE);
        assertEq(book.tenderOf(tender).openFrom, 0);
        _waitAndClose(tender);
        vm.warp(book.tenderOf(tender).openFrom);
        _list(_bidList(tender, 3, 3));
        uint256 openFrom = book.tenderOf(tender).openFrom;
        _suspend(tender, OURS);
        vm.warp(block.timestamp + 1 days);
        _resume(tender, OURS);
        assertEq(book.tenderOf(tender).openFrom, openFrom);
    }

    function testFuzz_resume_movesByTheTimeBetween(uint32 from, uint32 time) public {
        bytes32 tender = _announced();
        vm.warp(bound(from, START, DEADLINE));
        _suspend(tender, OURS);
        time = time % 3000 days;
        vm.warp(block.timestamp + time);
        _resume(tender, OURS);
        assertEq(book.tenderOf(tender).deadline, DEADLINE + uint256(time));
    }

    function test_resume_failsIfNotSuspendedByThatSide() public {
        bytes32 tender = _announced();
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.NotSuspended.selector, tender));
        _resume(OURS, Acts.TenderResumption(tender, REASON, 0));
        _suspend(tender, OURS);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.NotSuspended.selector, tender));
        _resume(THEIRS, Acts.TenderResumption(tender, REASON, 0));
    }

    function test_resume_failsForTheOtherSide() public {
        bytes32 tender = _announced();
        _suspend(tender, THEIRS);
        Acts.TenderResumption memory act = Acts.TenderResumption(tender, REASON, 1);
        _expect(ICityRegistry.CredentialNotFitting.selector);
        book.resume(THEIRS, act, _signBook(own, Acts.hash(act)), _ownPapers());
    }

    function test_resume_failsIfTheStepIsNotTheNext() public {
        bytes32 tender = _announced();
        _suspend(tender, OURS);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongStep.selector, 1));
        _resume(OURS, Acts.TenderResumption(tender, REASON, 0));
    }

    function test_resume_failsIfEnded() public {
        bytes32 tender = _announced();
        _suspend(tender, OURS);
        _terminate(tender, THEIRS);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.TERMINATED));
        _resume(OURS, Acts.TenderResumption(tender, REASON, 1));
    }

    // --- what stands still --------------------------------------------------------------------------------------

    function test_suspended_takesCutsAndAdmissionsOnly() public {
        bytes32 tender = _closing();
        _suspend(tender, OURS);
        _cut(tender, 0, 1, 8);
        bytes memory slip = _slip(1);
        book.admit(tender, origins[0], slip, _acknowledged(0, 1, slip));
        vm.warp(block.timestamp + GRACE_MIN);
        vm.roll(block.number + CLOSE_BLOCKS);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.Suspended.selector, tender));
        book.close(tender);
        _resume(tender, OURS);
        book.close(tender);
    }

    function test_suspended_doesNotBeginToClose() public {
        bytes32 tender = _announced();
        vm.warp(DEADLINE + 1);
        _suspend(tender, OURS);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.Suspended.selector, tender));
        book.beginClose(tender);
    }

    function test_suspended_isNotListed() public {
        bytes32 tender = _closed();
        vm.warp(book.tenderOf(tender).openFrom);
        Acts.BidList memory act = _bidList(tender, 3, 3);
        _suspend(tender, THEIRS);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.Suspended.selector, tender));
        _list(act);
    }

    function test_suspended_opensExcludesAndDecidesNothing() public {
        bytes32 tender = _listed();
        vm.warp(block.timestamp + 1800);
        Acts.OpeningRecord memory record = _record(tender, 1, 1);
        Acts.EnvelopeExclusion memory exclusion = _exclusion(tender, 1, 1, _bidders(0));
        Acts.AwardDecision memory award = _award(tender, 1, 0);
        Acts.LotFailure memory failure = _failure(tender, 1, 5, 0);
        _suspend(tender, THEIRS);
        bytes memory error = abi.encodeWithSelector(ITenderBook.Suspended.selector, tender);
        vm.expectRevert(error);
        _opened(record);
        vm.expectRevert(error);
        _exclude(exclusion);
        vm.expectRevert(error);
        _decideLot(award);
        vm.expectRevert(error);
        _failLot(failure);
    }

    // --- terminate ----------------------------------------------------------------------------------------------

    function test_terminate_fromEveryStateBeforeDone() public {
        uint256 start = vm.snapshotState();
        _terminated(_announced());
        vm.revertToState(start);
        _terminated(_closing());
        vm.revertToState(start);
        _terminated(_closed());
        vm.revertToState(start);
        _terminated(_listed());
    }

    function _terminated(bytes32 tender) private {
        uint256 start = vm.snapshotState();
        _terminate(tender, OURS);
        _assertState(tender, ITenderBook.State.TERMINATED);
        assertEq(keySets.keySet(sealKeyId).uses, 0, "key sets released");
        vm.revertToState(start);
        _suspend(tender, OURS);
        _terminate(tender, THEIRS);
        _assertState(tender, ITenderBook.State.TERMINATED);
    }

    function test_terminate_failsIfDone() public {
        bytes32 tender = _listed();
        _failLot(_failure(tender, 1, 5, 0));
        _failLot(_failure(tender, 2, 5, 0));
        assertEq(keySets.keySet(sealKeyId).uses, 0, "key sets released");
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.DONE));
        _terminate(OURS, Acts.TenderTermination(tender, REASON, 0));
    }

    function test_terminate_failsIfTerminated() public {
        bytes32 tender = _announced();
        _terminate(tender, OURS);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.TERMINATED));
        _terminate(THEIRS, Acts.TenderTermination(tender, REASON, 0));
    }

    function test_terminate_failsForAStranger() public {
        bytes32 tender = _announced();
        Acts.TenderTermination memory act = Acts.TenderTermination(tender, REASON, 0);
        _expect(ICityRegistry.SignerNotFitting.selector);
        book.terminate(OURS, act, _signBook(stranger, Acts.hash(act)), _ownPapers());
    }

    function test_terminate_failsIfTheStepIsNotTheNext() public {
        bytes32 tender = _announced();
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongStep.selector, 0));
        _terminate(OURS, Acts.TenderTermination(tender, REASON, 7));
    }

    // --- setHead ------------------------------------------------------------------------------------------------

    function test_setHead_byTheOwningCityInAnyState() public {
        bytes32 tender = _announced();
        vm.expectEmit(address(book));
        emit ITenderBook.HeadSet(tender, keccak256("head"), 3);
        vm.prank(submitters[0].at);
        book.setHead(tender, keccak256("head"), 3);
        _terminate(tender, OURS);
        vm.prank(submitters[0].at);
        book.setHead(tender, keccak256("next"), 4);
        assertEq(book.tenderOf(tender).head, keccak256("next"));
        assertEq(book.tenderOf(tender).headCount, 4);
    }

    function test_setHead_failsIfTheCountDoesNotGrow() public {
        bytes32 tender = _announced();
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.HeadNotGrowing.selector, 0));
        vm.prank(submitters[0].at);
        book.setHead(tender, keccak256("head"), 0);
        vm.prank(submitters[0].at);
        book.setHead(tender, keccak256("head"), 3);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.HeadNotGrowing.selector, 3));
        vm.prank(submitters[0].at);
        book.setHead(tender, keccak256("other"), 3);
    }

    function test_setHead_failsForAnotherCity() public {
        bytes32 tender = _announced();
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongCity.selector, cities[1]));
        vm.prank(submitters[1].at);
        book.setHead(tender, keccak256("head"), 1);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongCity.selector, bytes32(0)));
        vm.prank(witnesses[0].at);
        book.setHead(tender, keccak256("head"), 1);
    }

    function test_setHead_failsIfTheTenderIsUnknown() public {
        _expect(ITenderBook.WrongState.selector);
        book.setHead(keccak256("unknown"), keccak256("head"), 1);
    }
}
