// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {TenderBook} from "../../contracts/TenderBook.sol";
import {IAnchorRegistry} from "../../contracts/interfaces/IAnchorRegistry.sol";
import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {IKeySets} from "../../contracts/interfaces/IKeySets.sol";
import {ITenderBook} from "../../contracts/interfaces/ITenderBook.sol";
import {Acts} from "../../contracts/libraries/Acts.sol";
import {Role, Scope} from "../../contracts/libraries/Codes.sol";
import {TenderScene} from "./support/TenderScene.sol";

contract TenderBookAnnounceTest is TenderScene {
    // --- deployment ---------------------------------------------------------------------------------------------

    function test_constructor_failsIfAMinimumIsAboveItsMaximum() public {
        _expect(ITenderBook.InvalidDeployment.selector);
        new TenderBook(registry, anchors, keySets, 7 days + 1, 0, 0, 0);
        _expect(ITenderBook.InvalidDeployment.selector);
        new TenderBook(registry, anchors, keySets, 0, 7 days + 1, 0, 0);
        _expect(ITenderBook.InvalidDeployment.selector);
        new TenderBook(registry, anchors, keySets, 0, 0, 60 days + 1, 0);
    }

    function test_constructor_failsIfAContractIsMissing() public {
        _expect(ITenderBook.InvalidDeployment.selector);
        new TenderBook(ICityRegistry(address(1)), anchors, keySets, 0, 0, 0, 0);
        _expect(ITenderBook.InvalidDeployment.selector);
        new TenderBook(registry, IAnchorRegistry(address(1)), keySets, 0, 0, 0, 0);
        _expect(ITenderBook.InvalidDeployment.selector);
        new TenderBook(registry, anchors, IKeySets(address(1)), 0, 0, 0, 0);
    }

    function test_constructor_makesItsOwnRules() public view {
        assertEq(book.rules().book(), address(book));
        assertEq(book.rules().graceMin(), GRACE_MIN);
        assertEq(book.rules().openAfterMin(), OPEN_AFTER_MIN);
        assertEq(book.rules().amendLeadMin(), AMEND_LEAD_MIN);
        assertEq(book.closeBlocks(), CLOSE_BLOCKS);
        assertEq(address(book.rules().registry()), address(book.registry()));
        assertEq(address(book.rules().keySets()), address(book.keySets()));
        assertEq(address(book.rules().anchors()), address(anchors));
        assertLe(address(book).code.length, 24_576);
    }

    // --- announce -----------------------------------------------------------------------------------------------

    function test_announce_keepsWhatLaterCallsNeed() public {
        Acts.TenderAnnouncement memory act = _announcement();
        bytes32 digest = _digestFor(address(book), Acts.hash(act));
        vm.expectEmit(address(book));
        emit ITenderBook.Announced(act.tender, TENDERER, digest, DEADLINE);
        _announce(act);

        ITenderBook.Tender memory t = book.tenderOf(act.tender);
        assertEq(uint256(t.state), uint256(ITenderBook.State.ANNOUNCED));
        assertEq(t.announcement, digest);
        assertEq(t.tenderer, TENDERER);
        assertEq(t.supervisor, SUPERVISION);
        assertEq(t.keyId, sealKeyId);
        assertEq(t.boxKeyId, boxKeyId);
        assertEq(t.announcedAt, START);
        assertEq(t.deadline, DEADLINE);
        assertEq(t.firstDeadline, DEADLINE);
        assertEq(t.grace, act.grace);
        assertEq(t.openAfter, act.openAfter);
        assertEq(t.amendLead, act.amendLead);
        assertEq(t.minimumBidders, act.minimumBidders);
        assertEq(t.committee, act.committee);
        assertEq(t.committeeAfter, act.committeeAfter);
        assertEq(t.q, 1);
        assertEq(t.unfinishedLots, 2);
        assertEq(t.noticeCount, 1);
        assertEq(t.noticesHead, sha256(abi.encode(bytes32(0), NOTICE)));
        assertTrue(book.isNotice(act.tender, NOTICE));
    }

    function test_announce_startsFromTheAnchoredCheckpoints() public {
        bytes32 tender = _announced();
        ITenderBook.Origin[] memory kept = book.originsOf(tender);
        assertEq(kept.length, 3);
        for (uint256 i = 0; i < 3; i++) {
            assertEq(kept[i].origin, origins[i]);
            assertEq(kept[i].city, cities[i]);
            assertEq(kept[i].startSize, i == 0 ? 4 : 0);
            assertEq(kept[i].startRoot, i == 0 ? _root(4) : bytes32(0));
        }
    }

    function test_announce_keepsTheLots() public {
        ITenderBook.Lot[] memory lots = book.lotsOf(_announced());
        assertEq(lots.length, 2);
        assertEq(lots[0].number, 1);
        assertEq(lots[0].envelopes, 5);
        assertEq(lots[1].number, 2);
        assertEq(lots[1].envelopes, 7);
        assertEq(uint256(lots[1].state), uint256(ITenderBook.LotState.WAITING));
    }

    function test_announce_spendsTheBoxSet() public {
        bytes32 tender = _announced();
        assertEq(keySets.keySet(boxKeyId).spentBy, tender);
        assertEq(keySets.keySet(sealKeyId).uses, 1);
    }

    function test_announce_byTheAgency() public {
        Acts.TenderAnnouncement memory act = _announcement();
        bytes32 hash = Acts.hash(act);
        book.announce(act, _signBook(agent, hash), _agentPapers(), _signBook(clerk, hash), _clerkPapers());
        _assertState(act.tender, ITenderBook.State.ANNOUNCED);
    }

    function test_announce_failsIfTheDelegateMayNotConduct() public {
        Acts.TenderAnnouncement memory act = _announcement();
        bytes32 hash = Acts.hash(act);
        ICityRegistry.Chain memory chain = _delegated(
            issuers[0],
            own,
            _credential(own.at, TENDERER, TENDERER, Role.TENDERER),
            Acts.Delegation(TENDERER, agent.at, Scope.PREPARE | Scope.OPEN, 0, LATER)
        );
        _expect(ICityRegistry.DelegationNotFitting.selector);
        book.announce(act, _signBook(agent, hash), chain, _signBook(clerk, hash), _clerkPapers());
    }

    function test_announce_failsIfTheIdDoesNotRecompute() public {
        Acts.TenderAnnouncement memory act = _announcement();
        bytes32 expected = act.tender;
        act.tender = keccak256("another");
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongTenderId.selector, expected));
        _announce(act);
        act.tender = _tenderId(AGENCY, act.nonce);
        _expect(ITenderBook.WrongTenderId.selector);
        _announce(act);
    }

    function test_announce_failsIfAnnouncedBefore() public {
        Acts.TenderAnnouncement memory act = _announcement();
        _announce(act);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.AlreadyAnnounced.selector, act.tender));
        _announce(act);
        _terminate(act.tender, ITenderBook.Side.TENDERER);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.AlreadyAnnounced.selector, act.tender));
        _announce(act);
    }

    function testFuzz_announce_failsIfTheDeadlineIsNotAhead(uint64 deadline) public {
        Acts.TenderAnnouncement memory act = _announcement();
        act.deadline = deadline;
        bool fits = deadline > START && deadline <= START + 400 days;
        if (!fits) vm.expectRevert(ITenderBook.InvalidDeadline.selector);
        _announce(act);
    }

    function test_announce_takesTheLastDeadlineAndTheNextSecond() public {
        Acts.TenderAnnouncement memory act = _announcement();
        act.deadline = uint64(START + 400 days + 1);
        _expect(ITenderBook.InvalidDeadline.selector);
        _announce(act);
        act.deadline = uint64(START);
        _expect(ITenderBook.InvalidDeadline.selector);
        _announce(act);
        act.deadline = uint64(START + 400 days);
        _announce(act);
    }

    function testFuzz_announce_failsIfAPeriodIsOutsideItsLimits(uint32 grace, uint32 openAfter, uint32 amendLead)
        public
    {
        Acts.TenderAnnouncement memory act = _announcement();
        (act.grace, act.openAfter, act.amendLead) =
        (grace % (8 days), openAfter % (8 days), uint32(bound(amendLead, 2 days, 62 days)));
        bool fits = act.grace >= GRACE_MIN && act.grace <= 7 days && act.openAfter >= OPEN_AFTER_MIN
            && act.openAfter <= 7 days && act.amendLead >= AMEND_LEAD_MIN && act.amendLead <= 60 days;
        if (!fits) vm.expectRevert(ITenderBook.InvalidTerms.selector);
        _announce(act);
    }

    function test_announce_failsIfAPeriodIsOneOff() public {
        uint32[6] memory wrong =
            [GRACE_MIN - 1, 7 days + 1, OPEN_AFTER_MIN - 1, 7 days + 1, AMEND_LEAD_MIN - 1, 60 days + 1];
        for (uint256 i = 0; i < 6; i++) {
            Acts.TenderAnnouncement memory act = _announcement();
            if (i < 2) act.grace = wrong[i];
            else if (i < 4) act.openAfter = wrong[i];
            else act.amendLead = wrong[i];
            _expect(ITenderBook.InvalidTerms.selector);
            _announce(act);
        }
    }

    function test_announce_failsWithoutAMinimumOfBidders() public {
        Acts.TenderAnnouncement memory act = _announcement();
        act.minimumBidders = 0;
        _expect(ITenderBook.InvalidTerms.selector);
        _announce(act);
    }

    function test_announce_failsIfTheCommitteeCodeIsUnknown() public {
        Acts.TenderAnnouncement memory act = _announcement();
        act.committee = 3;
        _expect(ITenderBook.InvalidTerms.selector);
        _announce(act);
    }

    function test_announce_failsIfTheLotsDoNotFit() public {
        _refuseLots(new Acts.Lot[](0));
        _refuseLots(_lots(1, 1, 4, 4));
        _refuseLots(_lots(2, 1, 4, 4));
        _refuseLots(_lots(0, 1, 4, 4));
        _refuseLots(_lots(1, 2, 0, 4));
        _refuseLots(_lots(1, 2, 4, 8));
    }

    function test_announce_takesLotZeroAlone() public {
        Acts.TenderAnnouncement memory act = _announcement();
        act.lots = new Acts.Lot[](1);
        act.lots[0] = Acts.Lot(0, 4);
        _announce(act);
        assertEq(book.lotsOf(act.tender)[0].number, 0);
    }

    function test_announce_takes256LotsWithinABlock() public {
        Acts.TenderAnnouncement memory act = _announcement();
        act.lots = _manyLots(257);
        _expect(ITenderBook.InvalidLots.selector);
        _announce(act);
        act.lots = _manyLots(256);
        uint256 gas = gasleft();
        _announce(act);
        assertLt(gas - gasleft(), 30_000_000);
        assertEq(book.lotsOf(act.tender).length, 256);
    }

    function test_announce_failsIfTheOriginsDoNotFit() public {
        _refuseOrigins(new bytes32[](0), ITenderBook.InvalidOrigins.selector);
        _refuseOrigins(new bytes32[](9), ITenderBook.InvalidOrigins.selector);
        _refuseOrigins(_two(origins[0], origins[0]), ITenderBook.InvalidOrigins.selector);
        _refuseOrigins(_two(origins[0], _addPublic(1, "public")), ITenderBook.InvalidOrigins.selector);
        _refuseOrigins(_two(origins[0], keccak256("none")), ICityRegistry.OriginUnknown.selector);
        _refuseOrigins(_two(origins[0], _addSealed(0, "second box")), ITenderBook.InvalidOrigins.selector);
    }

    function test_announce_failsIfAnOriginHasEnded() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.endOrigin, (origins[1], 0)));
        vm.warp(START + 1);
        _refuseOrigins(_two(origins[0], origins[1]), ICityRegistry.OriginUnknown.selector);
    }

    function test_announce_failsIfTheSupervisorIsNotOfTheFirstCity() public {
        _addSupervisor(1, AGENCY);
        Acts.TenderAnnouncement memory act = _announcement();
        act.agency = 0;
        act.supervisor = AGENCY;
        _expect(ITenderBook.InvalidSupervisor.selector);
        _announce(act);
    }

    function test_announce_failsIfTheSupervisorAnnounces() public {
        _addSupervisor(0, TENDERER);
        _addSupervisor(0, AGENCY);
        Acts.TenderAnnouncement memory act = _announcement();
        act.supervisor = TENDERER;
        _expect(ITenderBook.InvalidSupervisor.selector);
        _announce(act);
        act.supervisor = AGENCY;
        _expect(ITenderBook.InvalidSupervisor.selector);
        _announce(act);
    }

    function test_announce_failsIfTheCentreIsOfAnotherCity() public {
        Acts.TenderAnnouncement memory act = _announcement();
        bytes32 hash = Acts.hash(act);
        ICityRegistry.Chain memory foreign =
            _chain(issuers[1], _credential(clerk.at, keccak256("clerk"), CENTRE, Role.CENTRE));
        vm.expectRevert(ITenderBook.NotTheCentre.selector);
        book.announce(act, _signBook(own, hash), _ownPapers(), _signBook(clerk, hash), foreign);
    }

    function test_announce_failsIfTheCentreDidNotSign() public {
        Acts.TenderAnnouncement memory act = _announcement();
        bytes32 hash = Acts.hash(act);
        _expect(ICityRegistry.SignerNotFitting.selector);
        book.announce(act, _signBook(own, hash), _ownPapers(), _signBook(own, hash), _clerkPapers());
        ICityRegistry.Chain memory notACentre =
            _chain(issuers[0], _credential(clerk.at, keccak256("clerk"), CENTRE, Role.SUPERVISOR));
        _expect(ICityRegistry.CredentialNotFitting.selector);
        book.announce(act, _signBook(own, hash), _ownPapers(), _signBook(clerk, hash), notACentre);
    }

    function test_announce_failsIfTheTendererDidNotSign() public {
        Acts.TenderAnnouncement memory act = _announcement();
        bytes32 hash = Acts.hash(act);
        _expect(ICityRegistry.SignerNotFitting.selector);
        book.announce(act, _signBook(stranger, hash), _ownPapers(), _signBook(clerk, hash), _clerkPapers());
    }

    function test_announce_failsIfSignedForAnotherContract() public {
        Acts.TenderAnnouncement memory act = _announcement();
        bytes32 hash = Acts.hash(act);
        bytes memory elsewhere = _sign(own, _digestFor(address(registry), hash));
        _expect(ICityRegistry.SignerNotFitting.selector);
        book.announce(act, elsewhere, _ownPapers(), _signBook(clerk, hash), _clerkPapers());
    }

    function testFuzz_announce_failsIfAFieldWasChangedAfterSigning(uint8 field) public {
        Acts.TenderAnnouncement memory act = _announcement();
        bytes32 hash = Acts.hash(act);
        field = field % 6;
        if (field == 0) act.notice = keccak256("other");
        if (field == 1) act.rulePack = keccak256("other");
        if (field == 2) act.agency = keccak256("other");
        if (field == 3) act.deadline += 1;
        if (field == 4) act.lots[1].envelopes = 4;
        if (field == 5) act.origins = _two(origins[0], origins[1]);
        _expect(ICityRegistry.SignerNotFitting.selector);
        book.announce(act, _signBook(own, hash), _ownPapers(), _signBook(clerk, hash), _clerkPapers());
    }

    function test_announce_failsIfTheKeySetsDoNotFit() public {
        Acts.TenderAnnouncement memory act = _announcement();
        act.keyId = keccak256("none");
        _expect(IKeySets.KeySetUnknown.selector);
        _announce(act);
        act = _announcement();
        act.boxKeyId = sealKeyId;
        _expect(IKeySets.NotABoxSetOf.selector);
        _announce(act);
        _announce(_announcement());
        act = _announcement();
        act.nonce = keccak256("second");
        act.tender = _tenderId(TENDERER, act.nonce);
        _expect(IKeySets.BoxSpent.selector);
        _announce(act);
    }

    // --- amend --------------------------------------------------------------------------------------------------

    function test_amend_addsANoticeAndMovesTheDeadline() public {
        bytes32 tender = _announced();
        bytes32 second = keccak256("second");
        _amend(Acts.TenderAmendment(tender, second, DEADLINE + 5 days, false, 0));
        ITenderBook.Tender memory t = book.tenderOf(tender);
        assertEq(t.deadline, DEADLINE + 5 days);
        assertEq(t.firstDeadline, DEADLINE);
        assertEq(t.tendererSteps, 1);
        assertEq(t.noticeCount, 2);
        assertEq(t.noticesHead, sha256(abi.encode(sha256(abi.encode(bytes32(0), NOTICE)), second)));
        (bytes32[] memory notices, uint256 superseded) = book.noticesOf(tender);
        assertEq(notices.length, 2);
        assertEq(notices[1], second);
        assertEq(superseded, 0);
    }

    function test_amend_keepsTheFoldOfActs() public {
        bytes32 tender = _announced();
        Acts.TenderAmendment memory first = Acts.TenderAmendment(tender, NOTICE, DEADLINE + 1, false, 0);
        Acts.TenderAmendment memory second = Acts.TenderAmendment(tender, NOTICE, DEADLINE + 2, false, 1);
        _amend(first);
        _amend(second);
        bytes32 fold = sha256(abi.encode(bytes32(0), _digestFor(address(book), Acts.hash(first))));
        fold = sha256(abi.encode(fold, _digestFor(address(book), Acts.hash(second))));
        assertEq(book.tenderOf(tender).tendererActs, fold);
    }

    function test_amend_supersedesAllBeforeTheLast() public {
        bytes32 tender = _announced();
        _amend(Acts.TenderAmendment(tender, keccak256("2"), DEADLINE, false, 0));
        _amend(Acts.TenderAmendment(tender, keccak256("3"), DEADLINE, true, 1));
        assertEq(book.tenderOf(tender).superseded, 2);
        _amend(Acts.TenderAmendment(tender, keccak256("4"), DEADLINE, false, 2));
        assertEq(book.tenderOf(tender).superseded, 2);
        _amend(Acts.TenderAmendment(tender, keccak256("4"), DEADLINE, true, 3));
        assertEq(book.tenderOf(tender).superseded, 3);
    }

    function test_amend_postponesUntilTheLastSecond() public {
        bytes32 tender = _announced();
        vm.warp(DEADLINE);
        _amend(Acts.TenderAmendment(tender, NOTICE, DEADLINE + 1, false, 0));
        vm.warp(DEADLINE + 2);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.DeadlinePassed.selector, DEADLINE + 1));
        _amend(Acts.TenderAmendment(tender, NOTICE, DEADLINE + 2, false, 1));
    }

    function test_amend_failsIfLessThanTheLeadIsLeft() public {
        bytes32 tender = _announced();
        vm.warp(DEADLINE - AMEND_LEAD_MIN + 1);
        vm.expectRevert(ITenderBook.TooLateToAmend.selector);
        _amend(Acts.TenderAmendment(tender, keccak256("2"), DEADLINE, false, 0));
        vm.expectRevert(ITenderBook.TooLateToAmend.selector);
        _amend(Acts.TenderAmendment(tender, NOTICE, DEADLINE, true, 0));
        _amend(Acts.TenderAmendment(tender, NOTICE, DEADLINE, false, 0));
        _amend(Acts.TenderAmendment(tender, keccak256("2"), DEADLINE + 1, true, 1));
    }

    function test_amend_failsIfTheNoticeIsKnown() public {
        bytes32 tender = _announced();
        _amend(Acts.TenderAmendment(tender, keccak256("2"), DEADLINE, false, 0));
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.NoticeKnown.selector, NOTICE));
        _amend(Acts.TenderAmendment(tender, NOTICE, DEADLINE, false, 1));
    }

    function test_amend_failsIfTheDeadlineIsEarlierOrTooFar() public {
        bytes32 tender = _announced();
        vm.expectRevert(ITenderBook.InvalidDeadline.selector);
        _amend(Acts.TenderAmendment(tender, NOTICE, DEADLINE - 1, false, 0));
        vm.expectRevert(ITenderBook.InvalidDeadline.selector);
        _amend(Acts.TenderAmendment(tender, NOTICE, uint64(START + 400 days + 1), false, 0));
        _amend(Acts.TenderAmendment(tender, NOTICE, uint64(START + 400 days), false, 0));
    }

    function test_amend_failsIfTheStepIsNotTheNext() public {
        bytes32 tender = _announced();
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongStep.selector, 0));
        _amend(Acts.TenderAmendment(tender, NOTICE, DEADLINE, false, 1));
        Acts.TenderAmendment memory act = Acts.TenderAmendment(tender, NOTICE, DEADLINE, false, 0);
        _amend(act);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongStep.selector, 1));
        _amend(act);
    }

    function test_amend_failsIfSuspended() public {
        bytes32 tender = _announced();
        _suspend(tender, ITenderBook.Side.SUPERVISOR);
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.Suspended.selector, tender));
        _amend(Acts.TenderAmendment(tender, NOTICE, DEADLINE, false, 0));
    }

    function test_amend_failsIfNotAnnounced() public {
        bytes32 tender = keccak256("unknown");
        vm.expectRevert(abi.encodeWithSelector(ITenderBook.WrongState.selector, tender, ITenderBook.State.UNKNOWN));
        _amend(Acts.TenderAmendment(tender, NOTICE, DEADLINE, false, 0));
        tender = _closing();
        _expect(ITenderBook.WrongState.selector);
        _amend(Acts.TenderAmendment(tender, NOTICE, DEADLINE, false, 0));
    }

    function test_amend_byTheAgencyButNoStranger() public {
        bytes32 tender = _announced();
        Acts.TenderAmendment memory act = Acts.TenderAmendment(tender, NOTICE, DEADLINE, false, 0);
        _expect(ICityRegistry.SignerNotFitting.selector);
        book.amend(act, _signBook(stranger, Acts.hash(act)), _ownPapers());
        _expect(ICityRegistry.CredentialNotFitting.selector);
        book.amend(act, _signBook(officer, Acts.hash(act)), _officerPapers());
        book.amend(act, _signBook(agent, Acts.hash(act)), _agentPapers());
    }

    // --- helpers ------------------------------------------------------------------------------------------------

    function _refuseLots(Acts.Lot[] memory lots) private {
        Acts.TenderAnnouncement memory act = _announcement();
        act.lots = lots;
        _expect(ITenderBook.InvalidLots.selector);
        _announce(act);
    }

    function _lots(uint32 a, uint32 b, uint8 envelopesOfA, uint8 envelopesOfB)
        private
        pure
        returns (Acts.Lot[] memory lots)
    {
        lots = new Acts.Lot[](2);
        lots[0] = Acts.Lot(a, envelopesOfA);
        lots[1] = Acts.Lot(b, envelopesOfB);
    }

    function _manyLots(uint256 count) private pure returns (Acts.Lot[] memory lots) {
        lots = new Acts.Lot[](count);
        for (uint256 i = 0; i < count; i++) {
            lots[i] = Acts.Lot(uint32(i + 1), 7);
        }
    }

    function _refuseOrigins(bytes32[] memory ids, bytes4 error) private {
        Acts.TenderAnnouncement memory act = _announcement();
        act.origins = ids;
        _expect(error);
        _announce(act);
    }

    function _two(bytes32 a, bytes32 b) private pure returns (bytes32[] memory ids) {
        ids = new bytes32[](2);
        (ids[0], ids[1]) = (a, b);
    }
}
