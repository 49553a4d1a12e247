// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {ITenderBook} from "../../contracts/interfaces/ITenderBook.sol";
import {Acts} from "../../contracts/libraries/Acts.sol";
import {Committee as CommitteeMode} from "../../contracts/libraries/Codes.sol";
import {TenderScene} from "./support/TenderScene.sol";

contract TenderBookLotsTest is TenderScene {
    // --- list ---------------------------------------------------------------------------------------------------

    function test_list_fixesAllLotsAtOnce() public {
        bytes32 tender = _closed();
        vm.warp(book.tenderOf(tender).openFrom);
        Acts.BidList memory act = _bidList(tender, 3, 4);
        bytes32 digest = _digestFor(address(book), Acts.hash(act));
        bytes[] memory signatures = _signedBy(act, 0, 2);
        vm.expectEmit(address(book));
        emit ITenderBook.Listed(tender, digest, act.root, act.count);
        vm.prank(stranger.at);
        book.list(act, signatures);
        ITenderBook.Tender memory t = book.tenderOf(tender);
        assertEq(uint256(t.state), uint256(ITenderBook.State.LISTED));
        assertEq(t.list, digest);
        assertEq(t.listRoot, act.root);
        assertEq(t.listCount, 9);
        assertEq(t.listedAt, block.timestamp);
        _assertLot(tender, 1, ITenderBook.LotState.OPENING, 1);
        _assertLot(tender, 2, ITenderBook.LotState.OPENING, 1);
        assertEq(book.lotOf(tender, 1).bidders, 3);
        assertEq(book.lotOf(tender, 2).bidders, 4);
    }

    function test_list_failsALotUnderTheMinimumOfBidders() public {
        bytes32 tender = _closed();
        vm.warp(book.tenderOf(tender).openFrom);
        _list(_bidList(tender, 1, 2));
        _assertLot(tender, 1, ITenderBook.LotState.FAILED, 0);
        assertEq(book.lotOf(tender, 1).reason, 1);
        assertEq(book.lotOf(tender, 1).decision, 0);
        _assertLot(tender, 2, ITenderBook.LotState.OPENING, 1);
        assertEq(book.tenderOf(tender).unfinishedLots, 1);
    }

    function test_list_endsATenderThatNobodyBidFor() public {
        bytes32 tender = _closed();
        vm.warp(book.tenderOf(tender).openFrom);
        _list(_bidList(tender, 0, 1));
        _assertState(tender, ITenderBook.State.DONE);
        assertEq(keySets.keySet(sealKeyId).uses, 0, "key sets released");
    }

    function test_list_startsWithTheFirstAnnouncedEnvelope() public {
        Acts.TenderAnnouncement memory act = _announcement();
        act.lots[0].envelopes = 4;
        act.lots[1].envelopes = 6;
        _announce(act);
        vm.warp(DEADLINE + 1);
        book.beginClose(act.tender);
        _waitAndClose(act.tender);
        vm.warp(book.tenderOf(act.tender).openFrom);
        _list(_bidList(act.tender, 2, 2));
        _assertLot(act.tender, 1, ITenderBook.LotState.OPENING, 3);
        _assertLot(act.tender, 2, ITenderBook.LotState.OPENING, 2);
    }

    function test_list_takesMoreThanK() public {
        bytes32 tender = _closed();
        vm.warp(book.tenderOf(tender).openFrom);
        Acts.BidList memory act = _bidList(tender, 3, 4);
        bytes[] memory signatures = new bytes[](3);
        for (uint256 i = 0; i < 3; i++) {
            signatures[i] = _signBook(holders[i], Acts.hash(act));
        }
        book.list(act, signatures);
        _assertState(tender, ITenderBook.State.LISTED);
    }

    function test_list_failsBeforeOpenFrom() public {
        bytes32 tender = _closed();
        uint256 openFrom = book.tenderOf(tender).openFrom;
        Acts.BidList memory act = _bidList(tender, 3, 4);
        vm.warp(openFrom - 1);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.TooEarlyToList.selector, openFrom));
        _list(act);
    }

    function test_list_failsForOtherInputs() public {
        bytes32 tender = _closed();
        vm.warp(book.tenderOf(tender).openFrom);
        Acts.BidList memory act = _bidList(tender, 3, 4);
        bytes32 expected = act.inputs;
        act.inputs = keccak256("other");
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongInputs.selector, expected));
        _list(act);
    }

    function test_list_failsIfTheCountsAreNotTheLotsAscending() public {
        bytes32 tender = _closed();
        vm.warp(book.tenderOf(tender).openFrom);
        Acts.BidList memory act = _bidList(tender, 3, 4);
        (act.counts[0], act.counts[1]) = (act.counts[1], act.counts[0]);
        vm.expectRevert(ITenderBook.WrongCounts.selector);
        _list(act);
        act = _bidList(tender, 3, 4);
        act.counts[1].lot = 1;
        vm.expectRevert(ITenderBook.WrongCounts.selector);
        _list(act);
        uint256[2] memory lengths = [uint256(1), 3];
        for (uint256 i = 0; i < 2; i++) {
            act.counts = new Acts.LotCount[](lengths[i]);
            for (uint256 j = 0; j < lengths[i]; j++) {
                act.counts[j] = Acts.LotCount(uint32(j + 1), 3);
            }
            vm.expectRevert(ITenderBook.WrongCounts.selector);
            _list(act);
        }
    }

    function test_list_failsWithFewerThanKDifferentMembers() public {
        bytes32 tender = _closed();
        vm.warp(book.tenderOf(tender).openFrom);
        Acts.BidList memory act = _bidList(tender, 3, 4);
        bytes[] memory one = new bytes[](1);
        one[0] = _signBook(holders[0], Acts.hash(act));
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.TooFewSignatures.selector, 2));
        book.list(act, one);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongMember.selector, holders[1].at));
        book.list(act, _signedBy(act, 1, 1));
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongMember.selector, holders[0].at));
        book.list(act, _signedBy(act, 2, 0));
    }

    function test_list_failsIfSignedByNoMemberOrForAnotherList() public {
        bytes32 tender = _closed();
        vm.warp(book.tenderOf(tender).openFrom);
        Acts.BidList memory act = _bidList(tender, 3, 4);
        bytes[] memory signatures = _signedBy(act, 0, 1);
        signatures[1] = _signBook(stranger, Acts.hash(act));
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongMember.selector, stranger.at));
        book.list(act, signatures);
        signatures = _signedBy(act, 0, 1);
        act.root = keccak256("a bid was left out");
        _expect(ITenderBook.WrongMember.selector);
        book.list(act, signatures);
    }

    function test_list_failsIfNotClosedOrListedAlready() public {
        bytes32 tender = _closing();
        Acts.BidList memory act = _bidList(tender, 3, 4);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.CLOSING));
        _list(act);
        _waitAndClose(tender);
        vm.warp(book.tenderOf(tender).openFrom);
        act = _bidList(tender, 3, 4);
        _list(act);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.LISTED));
        _list(act);
    }

    // --- opened -------------------------------------------------------------------------------------------------

    function test_opened_leadsOverExaminingToOpened() public {
        bytes32 tender = _listed();
        vm.warp(block.timestamp + 1800);
        Acts.OpeningRecord memory act = _record(tender, 1, 1);
        bytes32 digest = _digestFor(address(book), Acts.hash(act));
        vm.expectEmit(address(book));
        emit ITenderBook.LotOpened(tender, 1, 1, digest);
        _opened(act);
        _assertLot(tender, 1, ITenderBook.LotState.EXAMINING, 1);
        assertEq(book.lotOf(tender, 1).acts, sha256(abi.encode(bytes32(0), digest)));
        assertFalse(book.lotOf(tender, 1).reachedOpened);
        _excludeNobody(tender, 1, 1);
        _assertLot(tender, 1, ITenderBook.LotState.OPENING, 3);
        _openEnvelope(tender, 1, 3);
        _assertLot(tender, 1, ITenderBook.LotState.OPENED, 3);
        assertTrue(book.lotOf(tender, 1).reachedOpened);
        assertEq(book.lotOf(tender, 1).steps, 3);
        _assertLot(tender, 2, ITenderBook.LotState.OPENING, 1);
    }

    function test_opened_throughThreeEnvelopes() public {
        bytes32 tender = _listed();
        for (uint8 e = 1; e < 3; e++) {
            _openEnvelope(tender, 2, e);
            _excludeNobody(tender, 2, e);
        }
        _openEnvelope(tender, 2, 3);
        _assertLot(tender, 2, ITenderBook.LotState.OPENED, 3);
    }

    function test_opened_failsWhileTheWindowIsOpen() public {
        bytes32 tender = _listed();
        uint256 until = block.timestamp + 1800;
        Acts.OpeningRecord memory act = _record(tender, 1, 1);
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WindowOpen.selector, until));
        _opened(act);
        vm.warp(until);
        _opened(act);
    }

    function test_opened_atOnceWhereTheCommitteeOpensAtOnce() public {
        Acts.TenderAnnouncement memory announcement = _announcement();
        announcement.committee = CommitteeMode.AT_ONCE;
        _announce(announcement);
        bytes32 tender = announcement.tender;
        vm.warp(DEADLINE + 1);
        book.beginClose(tender);
        _waitAndClose(tender);
        vm.warp(book.tenderOf(tender).openFrom);
        _list(_bidList(tender, 3, 4));
        _opened(_record(tender, 1, 1));
        _assertLot(tender, 1, ITenderBook.LotState.EXAMINING, 1);
    }

    function test_opened_failsForAnotherEnvelopeOrState() public {
        bytes32 tender = _listed();
        vm.warp(block.timestamp + 1800);
        Acts.OpeningRecord memory act = _record(tender, 1, 3);
        bytes4 error = ITenderBook.WrongLotState.selector;
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.OPENING, 1));
        _opened(act);
        _opened(_record(tender, 1, 1));
        act = _record(tender, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.EXAMINING, 1));
        _opened(act);
        act = _record(tender, 3, 1);
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.UNKNOWN, 0));
        _opened(act);
    }

    function test_opened_failsBeforeTheList() public {
        bytes32 tender = _closed();
        Acts.OpeningRecord memory act = _record(tender, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.CLOSED));
        _opened(act);
    }

    function test_opened_failsIfTheStepIsNotTheNext() public {
        bytes32 tender = _listed();
        vm.warp(block.timestamp + 1800);
        Acts.OpeningRecord memory act = _record(tender, 1, 1);
        act.step = 1;
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongStep.selector, 0));
        _opened(act);
    }

    function test_opened_byTheAgencyButNoStranger() public {
        bytes32 tender = _listed();
        vm.warp(block.timestamp + 1800);
        Acts.OpeningRecord memory act = _record(tender, 1, 1);
        _expect(ICityRegistry.SignerNotFitting.selector);
        book.opened(act, _signBook(stranger, Acts.hash(act)), _ownPapers());
        book.opened(act, _signBook(agent, Acts.hash(act)), _agentPapers());
    }

    // --- exclude ------------------------------------------------------------------------------------------------

    function test_exclude_opensTheNextEnvelopeItsWindowFromItsStart() public {
        bytes32 tender = _listed();
        _openEnvelope(tender, 1, 1);
        vm.warp(block.timestamp + 5 days);
        Acts.EnvelopeExclusion memory act = _exclusion(tender, 1, 1, _bidders(2));
        bytes32 digest = _digestFor(address(book), Acts.hash(act));
        vm.expectEmit(address(book));
        emit ITenderBook.BiddersExcluded(tender, 1, 1, digest, 2);
        _exclude(act);
        _assertLot(tender, 1, ITenderBook.LotState.OPENING, 3);
        assertEq(book.lotOf(tender, 1).since, block.timestamp);
        ITenderBook.Exclusion memory kept = book.exclusionOf(tender, 1, 1);
        assertEq(kept.digest, digest);
        assertEq(kept.count, 2);
        assertEq(kept.round, 1);
        assertTrue(book.isExcluded(tender, 1, 1, bytes32(uint256(0xA))));
        assertTrue(book.isExcluded(tender, 1, 1, bytes32(uint256(0xB))));
        assertFalse(book.isExcluded(tender, 1, 1, bytes32(uint256(0xC))));
        assertFalse(book.isExcluded(tender, 1, 3, bytes32(uint256(0xA))));
        assertFalse(book.isExcluded(tender, 2, 1, bytes32(uint256(0xA))));
    }

    function test_exclude_reinstatesByAStrictSubset() public {
        bytes32 tender = _listed();
        _openEnvelope(tender, 1, 1);
        _exclude(_exclusion(tender, 1, 1, _bidders(3)));
        vm.warp(block.timestamp + 1000);
        _exclude(_exclusion(tender, 1, 1, _bidders(1)));
        _assertLot(tender, 1, ITenderBook.LotState.OPENING, 3);
        assertEq(book.lotOf(tender, 1).since, block.timestamp, "the window starts again");
        assertTrue(book.isExcluded(tender, 1, 1, bytes32(uint256(0xA))));
        assertFalse(book.isExcluded(tender, 1, 1, bytes32(uint256(0xB))));
        _exclude(_exclusion(tender, 1, 1, _bidders(0)));
        assertFalse(book.isExcluded(tender, 1, 1, bytes32(uint256(0xA))));
        assertEq(book.exclusionOf(tender, 1, 1).round, 3);
    }

    function test_exclude_failsIfAReinstatementIsNoStrictSubset() public {
        bytes32 tender = _listed();
        _openEnvelope(tender, 1, 1);
        _exclude(_exclusion(tender, 1, 1, _bidders(2)));
        Acts.EnvelopeExclusion memory act = _exclusion(tender, 1, 1, _bidders(2));
        vm.expectRevert(ITenderBook.NotAStrictSubset.selector);
        _exclude(act);
        act = _exclusion(tender, 1, 1, _bidders(1));
        act.excluded[0] = bytes32(uint256(0xF));
        vm.expectRevert(ITenderBook.NotAStrictSubset.selector);
        _exclude(act);
        // Who was reinstated is not excluded again by a later reinstatement.
        _exclude(_exclusion(tender, 1, 1, _bidders(1)));
        act = _exclusion(tender, 1, 1, _bidders(2));
        vm.expectRevert(ITenderBook.NotAStrictSubset.selector);
        _exclude(act);
        _exclude(_exclusion(tender, 1, 1, _bidders(0)));
        act = _exclusion(tender, 1, 1, _bidders(0));
        vm.expectRevert(ITenderBook.NotAStrictSubset.selector);
        _exclude(act);
    }

    function test_exclude_failsIfAReinstatementNamesWhoWasReinstated() public {
        bytes32 tender = _listed();
        _openEnvelope(tender, 1, 1);
        _exclude(_exclusion(tender, 1, 1, _bidders(4)));
        _exclude(_exclusion(tender, 1, 1, _bidders(2)));
        Acts.EnvelopeExclusion memory act = _exclusion(tender, 1, 1, _bidders(1));
        act.excluded[0] = bytes32(uint256(0xC));
        vm.expectRevert(ITenderBook.NotAStrictSubset.selector);
        _exclude(act);
    }

    /// @dev A reinstatement is taken exactly if it names fewer, and only those who are excluded.
    function testFuzz_exclude_takesStrictSubsets(uint8 before, uint8 after_) public {
        bytes32 tender = _listed();
        _openEnvelope(tender, 1, 1);
        _exclude(_exclusion(tender, 1, 1, _membersOf(before)));
        bool strict = after_ & ~before == 0 && after_ != before;
        Acts.EnvelopeExclusion memory act = _exclusion(tender, 1, 1, _membersOf(after_));
        if (!strict) vm.expectRevert(ITenderBook.NotAStrictSubset.selector);
        _exclude(act);
        uint8 current = strict ? after_ : before;
        for (uint256 i = 0; i < 8; i++) {
            assertEq(book.isExcluded(tender, 1, 1, bytes32(i + 1)), current >> i & 1 == 1);
        }
    }

    function _membersOf(uint8 set) private pure returns (bytes32[] memory members) {
        uint256 count;
        for (uint256 i = 0; i < 8; i++) {
            count += set >> i & 1;
        }
        members = new bytes32[](count);
        for (uint256 i = 8; i > 0; i--) {
            if (set >> (i - 1) & 1 == 1) members[--count] = bytes32(i);
        }
    }

    function test_exclude_failsIfABidderStandsTwice() public {
        bytes32 tender = _listed();
        _openEnvelope(tender, 1, 1);
        Acts.EnvelopeExclusion memory act = _exclusion(tender, 1, 1, _bidders(2));
        act.excluded[1] = act.excluded[0];
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.ExcludedTwice.selector, act.excluded[0]));
        _exclude(act);
    }

    function test_exclude_failsForAnotherEnvelopeOrState() public {
        bytes32 tender = _listed();
        Acts.EnvelopeExclusion memory act = _exclusion(tender, 2, 1, _bidders(0));
        bytes4 error = ITenderBook.WrongLotState.selector;
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.OPENING, 1));
        _exclude(act);
        _openEnvelope(tender, 2, 1);
        act = _exclusion(tender, 2, 2, _bidders(0));
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.EXAMINING, 1));
        _exclude(act);
        _excludeNobody(tender, 2, 1);
        _openEnvelope(tender, 2, 2);
        act = _exclusion(tender, 2, 1, _bidders(0));
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.EXAMINING, 2));
        _exclude(act);
        _exclude(_exclusion(tender, 2, 2, _bidders(1)));
        act = _exclusion(tender, 2, 1, _bidders(0));
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.OPENING, 3));
        _exclude(act);
        _openEnvelope(tender, 2, 3);
        act = _exclusion(tender, 2, 2, _bidders(0));
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.OPENED, 3));
        _exclude(act);
    }

    function test_exclude_failsForTheAgency() public {
        bytes32 tender = _listed();
        _openEnvelope(tender, 1, 1);
        Acts.EnvelopeExclusion memory act = _exclusion(tender, 1, 1, _bidders(1));
        _expect(ICityRegistry.DelegationNotFitting.selector);
        book.exclude(act, _signBook(agent, Acts.hash(act)), _agentPapers());
    }

    function test_exclude_failsIfTheStepIsNotTheNext() public {
        bytes32 tender = _listed();
        _openEnvelope(tender, 1, 1);
        Acts.EnvelopeExclusion memory act = _exclusion(tender, 1, 1, _bidders(1));
        act.step = 0;
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongStep.selector, 1));
        _exclude(act);
    }

    // --- decide and fail ----------------------------------------------------------------------------------------

    function test_decide_awardsAndEndsWithTheLastLot() public {
        bytes32 tender = _listed();
        _openLot1(tender);
        Acts.AwardDecision memory act = _award(tender, 1, 0);
        bytes32 digest = _digestFor(address(book), Acts.hash(act));
        vm.expectEmit(address(book));
        emit ITenderBook.LotAwarded(tender, 1, act.winner, digest);
        _decideLot(act);
        _assertLot(tender, 1, ITenderBook.LotState.AWARDED, 3);
        assertEq(book.lotOf(tender, 1).decision, digest);
        _assertState(tender, ITenderBook.State.LISTED);
        assertEq(keySets.keySet(sealKeyId).uses, 1);
        vm.expectEmit(address(book));
        emit ITenderBook.Done(tender);
        _failLot(_failure(tender, 2, 2, 0));
        _assertState(tender, ITenderBook.State.DONE);
        assertEq(keySets.keySet(sealKeyId).uses, 0, "key sets released");
    }

    function test_decide_replacesInDoneAndKeepsBoth() public {
        bytes32 tender = _listed();
        _openLot1(tender);
        bytes32 first = _decideLot(_award(tender, 1, 0));
        _failLot(_failure(tender, 2, 5, 0));
        _assertState(tender, ITenderBook.State.DONE);
        bytes32 second = _decideLot(_award(tender, 1, first));
        assertEq(book.lotOf(tender, 1).decision, second);
        assertEq(book.lotOf(tender, 1).steps, 5);
        bytes32 third = _failLot(_failure(tender, 1, 4, second));
        _assertLot(tender, 1, ITenderBook.LotState.FAILED, 3);
        _decideLot(_award(tender, 1, third));
        _assertLot(tender, 1, ITenderBook.LotState.AWARDED, 3);
        assertEq(book.lotOf(tender, 1).reason, 0);
        _assertState(tender, ITenderBook.State.DONE);
        assertEq(book.tenderOf(tender).unfinishedLots, 0);
    }

    function test_decide_failsUnlessOpened() public {
        bytes32 tender = _listed();
        bytes4 error = ITenderBook.WrongLotState.selector;
        Acts.AwardDecision memory act = _award(tender, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.OPENING, 1));
        _decideLot(act);
        _openEnvelope(tender, 1, 1);
        act = _award(tender, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.EXAMINING, 1));
        _decideLot(act);
        act = _award(tender, 9, 0);
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.UNKNOWN, 0));
        _decideLot(act);
    }

    function test_decide_failsIfItReplacesAnotherThanTheLast() public {
        bytes32 tender = _listed();
        _openLot1(tender);
        Acts.AwardDecision memory act = _award(tender, 1, keccak256("none"));
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongReplaces.selector, bytes32(0)));
        _decideLot(act);
        bytes32 first = _decideLot(_award(tender, 1, 0));
        bytes32 second = _decideLot(_award(tender, 1, first));
        act = _award(tender, 1, first);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongReplaces.selector, second));
        _decideLot(act);
        act = _award(tender, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongReplaces.selector, second));
        _decideLot(act);
    }

    function test_decide_failsForALotThatFailedBeforeItWasOpened() public {
        bytes32 tender = _closed();
        vm.warp(book.tenderOf(tender).openFrom);
        _list(_bidList(tender, 1, 4));
        Acts.AwardDecision memory act = _award(tender, 1, 0);
        bytes4 error = ITenderBook.WrongLotState.selector;
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.FAILED, 0));
        _decideLot(act);
        Acts.LotFailure memory failure = _failure(tender, 1, 2, 0);
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.FAILED, 0));
        _failLot(failure);
        bytes32 digest = _failLot(_failure(tender, 2, 5, 0));
        act = _award(tender, 2, digest);
        vm.expectRevert(abi.encodeWithSelector(error, ITenderBook.LotState.FAILED, 1));
        _decideLot(act);
    }

    function test_decide_failsForTheAgency() public {
        bytes32 tender = _listed();
        _openLot1(tender);
        Acts.AwardDecision memory act = _award(tender, 1, 0);
        _expect(ICityRegistry.DelegationNotFitting.selector);
        book.decide(act, _signBook(agent, Acts.hash(act)), _agentPapers());
        Acts.LotFailure memory failure = _failure(tender, 1, 2, 0);
        _expect(ICityRegistry.DelegationNotFitting.selector);
        book.fail(failure, _signBook(agent, Acts.hash(failure)), _agentPapers());
    }

    function test_decide_failsIfTheStepIsNotTheNext() public {
        bytes32 tender = _listed();
        _openLot1(tender);
        Acts.AwardDecision memory act = _award(tender, 1, 0);
        act.step = 2;
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongStep.selector, 3));
        _decideLot(act);
    }

    function test_decide_failsIfTerminatedOrNotListed() public {
        bytes32 tender = _closed();
        Acts.AwardDecision memory act = _award(tender, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.CLOSED));
        _decideLot(act);
        _terminate(tender, ITenderBook.Side.TENDERER);
        Acts.LotFailure memory failure = _failure(tender, 1, 2, 0);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.TERMINATED));
        _failLot(failure);
    }

    function test_fail_fromEveryUnfinishedState() public {
        bytes32 tender = _listed();
        uint256 start = vm.snapshotState();
        _failLot(_failure(tender, 1, 5, 0));
        _assertLot(tender, 1, ITenderBook.LotState.FAILED, 1);
        assertEq(book.lotOf(tender, 1).reason, 5);
        vm.revertToState(start);
        _openEnvelope(tender, 1, 1);
        _failLot(_failure(tender, 1, 4, 0));
        _assertLot(tender, 1, ITenderBook.LotState.FAILED, 1);
        vm.revertToState(start);
        _openLot1(tender);
        bytes32 digest = _failLot(_failure(tender, 1, 3, 0));
        _assertLot(tender, 1, ITenderBook.LotState.FAILED, 3);
        _decideLot(_award(tender, 1, digest));
    }

    function test_fail_failsForAReasonThatOnlyTheListGives() public {
        bytes32 tender = _listed();
        for (uint8 reason = 0; reason < 2; reason++) {
            Acts.LotFailure memory act = _failure(tender, 1, reason, 0);
            vm.expectRevert(abi.encodeWithSelector(ITenderBook.InvalidReason.selector, reason));
            _failLot(act);
        }
    }

    function test_fail_failsForAStranger() public {
        bytes32 tender = _listed();
        Acts.LotFailure memory act = _failure(tender, 1, 2, 0);
        _expect(ICityRegistry.SignerNotFitting.selector);
        book.fail(act, _signBook(stranger, Acts.hash(act)), _ownPapers());
    }

    /// @dev The largest tender still fits into a block with its list.
    function test_list_takes256LotsWithinABlock() public {
        Acts.TenderAnnouncement memory announcement = _announcement();
        announcement.lots = new Acts.Lot[](256);
        Acts.LotCount[] memory counts = new Acts.LotCount[](256);
        for (uint32 i = 0; i < 256; i++) {
            announcement.lots[i] = Acts.Lot(i + 1, 7);
            counts[i] = Acts.LotCount(i + 1, 5);
        }
        _announce(announcement);
        bytes32 tender = announcement.tender;
        vm.warp(DEADLINE + 1);
        book.beginClose(tender);
        _waitAndClose(tender);
        vm.warp(book.tenderOf(tender).openFrom);
        Acts.BidList memory act = _bidList(tender, 0, 0);
        act.counts = counts;
        bytes[] memory signatures = _signedBy(act, 0, 1);
        uint256 gas = gasleft();
        book.list(act, signatures);
        assertLt(gas - gasleft(), 30_000_000);
        assertEq(book.tenderOf(tender).unfinishedLots, 256);
    }
}
