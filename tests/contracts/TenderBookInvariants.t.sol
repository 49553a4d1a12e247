// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAnchorRegistry} from "../../contracts/interfaces/IAnchorRegistry.sol";
import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {ITenderBook} from "../../contracts/interfaces/ITenderBook.sol";
import {Acts} from "../../contracts/libraries/Acts.sol";
import {ReferenceTree} from "./support/ReferenceTree.sol";
import {TenderScene} from "./support/TenderScene.sol";

/// @dev One tender under whatever order its parties, the cities, tricksters and time come in. The test contract is its own
/// handler: it tries calls, compares what was accepted with what the contract said before, and keeps every accepted act to
/// send it again. A handler reverts only by an assertion, so a revert is a failure.
/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: default.invariant.runs = 64
contract TenderBookInvariantsTest is TenderScene {
    bytes32 private tender;
    /// @dev Calls that carried an accepted act.
    bytes[] private taken;
    /// @dev What the handler saw of each line: (city of the origin, witness) → size and root.
    mapping(uint256 city => mapping(uint256 witness => ITenderBook.Cut)) private lines;
    /// @dev What the accepted list said, zero before.
    bytes32 private listSeen;
    mapping(uint32 lot => uint256) private biddersSeen;
    mapping(uint32 lot => mapping(uint256 envelope => bool)) private examined;
    uint256 private slips;

    modifier watched() {
        ITenderBook.Tender memory before = book.tenderOf(tender);
        bytes32 lots = keccak256(abi.encode(book.lotsOf(tender)));
        _;
        ITenderBook.Tender memory now_ = book.tenderOf(tender);
        _checkTransition(before, now_);
        bool wasSuspended = before.suspendedByTenderer || before.suspendedBySupervisor;
        if (wasSuspended) assertEq(keccak256(abi.encode(book.lotsOf(tender))), lots, "a lot moved while suspended");
    }

    function setUp() public override {
        super.setUp();
        tender = _announced();
        bytes4[] memory selectors = new bytes4[](18);
        selectors[0] = this.pass.selector;
        selectors[1] = this.amend.selector;
        selectors[2] = this.suspend.selector;
        selectors[3] = this.resume.selector;
        selectors[4] = this.terminate.selector;
        selectors[5] = this.beginClose.selector;
        selectors[6] = this.cut.selector;
        selectors[7] = this.admit.selector;
        selectors[8] = this.close.selector;
        selectors[9] = this.list.selector;
        selectors[10] = this.opened.selector;
        selectors[11] = this.exclude.selector;
        selectors[12] = this.decide.selector;
        selectors[13] = this.failLot.selector;
        selectors[14] = this.replay.selector;
        // Three times as often as the rest, or few runs would come to the later states.
        for (uint256 i = 15; i < 18; i++) {
            selectors[i] = this.goOn.selector;
        }
        targetContract(address(this));
        targetSelector(FuzzSelector(address(this), selectors));
    }

    // --- what may happen ----------------------------------------------------------------------------------------

    function pass(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 4 hours));
        vm.roll(block.number + bound(time, 1, 20));
    }

    function amend(uint256 notice, uint64 later, bool supersedes) external watched {
        uint64 deadline = uint64(book.tenderOf(tender).deadline + bound(later, 0, 5 days));
        bytes32 id = keccak256(abi.encode(notice % 4));
        uint64 step = _step(tender, ITenderBook.Side.TENDERER);
        Acts.TenderAmendment memory act = Acts.TenderAmendment(tender, id, deadline, supersedes, step);
        _try(abi.encodeCall(ITenderBook.amend, (act, _signBook(own, Acts.hash(act)), _ownPapers())));
    }

    function suspend(bool supervisor) external watched {
        ITenderBook.Side side = ITenderBook.Side(supervisor ? 1 : 0);
        Acts.TenderSuspension memory act = Acts.TenderSuspension(tender, REASON, _step(tender, side));
        (Actor memory actor, ICityRegistry.Chain memory chain) = _papers(side);
        _try(abi.encodeCall(ITenderBook.suspend, (side, act, _signBook(actor, Acts.hash(act)), chain)));
    }

    function resume(bool supervisor) external watched {
        _resumeSide(ITenderBook.Side(supervisor ? 1 : 0));
    }

    /// @dev Seldom, or no tender would get far.
    function terminate(uint256 dice, bool supervisor) external watched {
        if (dice % 16 != 0) return;
        ITenderBook.Side side = ITenderBook.Side(supervisor ? 1 : 0);
        Acts.TenderTermination memory act = Acts.TenderTermination(tender, REASON, _step(tender, side));
        (Actor memory actor, ICityRegistry.Chain memory chain) = _papers(side);
        _try(abi.encodeCall(ITenderBook.terminate, (side, act, _signBook(actor, Acts.hash(act)), chain)));
    }

    function beginClose() external watched {
        _call(abi.encodeCall(ITenderBook.beginClose, (tender)));
    }

    /// @dev Sizes, forks and times as they come, all of them signed by the right keys.
    function cut(uint256 city, uint256 witness, uint64 size, bool forked, uint64 at) external watched {
        (city, witness, size) = (city % 3, witness % 3, uint64(bound(size, 0, LEAVES)));
        ITenderBook.Tender memory t = book.tenderOf(tender);
        at = uint64(bound(at, t.deadline - 1 hours, t.deadline + 20 minutes));
        bytes32[] memory leaves = forked ? fork : history;
        if (!_tryCut(city, witness, size, leaves, at)) return;
        assertEq(uint256(t.state), uint256(ITenderBook.State.CLOSING));
        assertLe(at, t.deadline, "a cut after the deadline");
        assertTrue(city != witness, "an origin witnessed itself");
        ITenderBook.Cut storage line = lines[city][witness];
        assertGt(size, line.size, "a cut did not grow");
        if (line.size != 0) assertEq(ReferenceTree.head(leaves, 0, line.size), line.root, "a line was left");
        (line.size, line.root) = (size, ReferenceTree.head(leaves, 0, size));
    }

    function admit(uint256 city, uint256 partner, uint256 seed) external watched {
        (city, partner) = (city % 3, partner % 3);
        bytes memory slip = _slip(seed % 8);
        uint64 at = uint64(book.tenderOf(tender).deadline);
        ITenderBook.SlipAcknowledgement[] memory given = new ITenderBook.SlipAcknowledgement[](2);
        given[0] = _taken(city, origins[city], slip, at);
        given[1] = _taken(partner, origins[city], slip, at);
        bool before = book.isAdmitted(tender, sha256(slip));
        if (!_call(abi.encodeCall(ITenderBook.admit, (tender, origins[city], slip, given)))) return;
        assertFalse(before, "a slip was admitted twice");
        slips++;
    }

    function close() external watched {
        _call(abi.encodeCall(ITenderBook.close, (tender)));
    }

    function list(uint32 first, uint32 second) external watched {
        Acts.BidList memory act = _bidList(tender, first % 5, second % 5);
        act.root = keccak256(abi.encode(first, second));
        if (!_try(abi.encodeCall(ITenderBook.list, (act, _signedBy(act, 0, 1))))) return;
        assertEq(listSeen, 0, "listed twice");
        listSeen = act.root;
        biddersSeen[1] = first % 5;
        biddersSeen[2] = second % 5;
    }

    function opened(uint32 lot, uint8 envelope) external watched {
        (lot, envelope) = (lot % 3, envelope % 4);
        Acts.OpeningRecord memory act = _record(tender, lot, envelope);
        uint256 since = book.lotOf(tender, lot).since;
        bytes memory data = abi.encodeCall(ITenderBook.opened, (act, _signBook(own, Acts.hash(act)), _ownPapers()));
        if (!_try(data)) return;
        assertGe(block.timestamp, since + 1800, "the window was cut short");
        examined[lot][envelope] = true;
    }

    function exclude(uint32 lot, uint8 envelope, uint256 count) external watched {
        (lot, envelope) = (lot % 3, envelope % 4);
        Acts.EnvelopeExclusion memory act = _exclusion(tender, lot, envelope, _bidders(count % 4));
        if (_try(abi.encodeCall(ITenderBook.exclude, (act, _signBook(own, Acts.hash(act)), _ownPapers())))) {
            assertTrue(examined[lot][envelope], "exclusions before the opening");
        }
    }

    function decide(uint32 lot, bool replaces) external watched {
        lot = lot % 3;
        ITenderBook.Lot memory before = book.lotOf(tender, lot);
        Acts.AwardDecision memory act = _award(tender, lot, replaces ? before.decision : bytes32(0));
        if (_try(abi.encodeCall(ITenderBook.decide, (act, _signBook(own, Acts.hash(act)), _ownPapers())))) {
            assertTrue(before.reachedOpened, "decided before it was opened");
            assertEq(act.replaces, before.decision);
        }
    }

    /// @dev Seldom, as `terminate`.
    function failLot(uint256 dice, uint32 lot, uint8 reason, bool replaces) external watched {
        if (dice % 4 != 0) return;
        lot = lot % 3;
        ITenderBook.Lot memory before = book.lotOf(tender, lot);
        Acts.LotFailure memory act = _failure(tender, lot, reason % 6, replaces ? before.decision : bytes32(0));
        if (_try(abi.encodeCall(ITenderBook.fail, (act, _signBook(own, Acts.hash(act)), _ownPapers())))) {
            assertGt(act.reason, 1);
            assertTrue(before.decision == 0 || before.reachedOpened);
        }
    }

    /// @dev Whoever sees an accepted act sends it again.
    function replay(uint256 which) external watched {
        if (taken.length == 0) return;
        (bool ok,) = address(book).call(taken[which % taken.length]);
        assertFalse(ok, "an act was accepted twice");
    }

    /// @dev One step onwards, so that the later states are reached in many runs.
    function goOn() external {
        ITenderBook.Tender memory t = book.tenderOf(tender);
        if (t.suspendedByTenderer) _resumeSide(ITenderBook.Side.TENDERER);
        if (t.suspendedBySupervisor) _resumeSide(ITenderBook.Side.SUPERVISOR);
        if (t.state == ITenderBook.State.ANNOUNCED) vm.warp(book.tenderOf(tender).deadline + 1);
        else vm.warp(block.timestamp + 1800);
        vm.roll(block.number + CLOSE_BLOCKS);
        if (t.state == ITenderBook.State.ANNOUNCED) _call(abi.encodeCall(ITenderBook.beginClose, (tender)));
        if (t.state == ITenderBook.State.CLOSING) _call(abi.encodeCall(ITenderBook.close, (tender)));
        if (t.state == ITenderBook.State.CLOSED) this.list(3, 4);
        if (t.state != ITenderBook.State.LISTED) return;
        for (uint32 lot = 1; lot < 3; lot++) {
            ITenderBook.Lot memory l = book.lotOf(tender, lot);
            if (l.state == ITenderBook.LotState.OPENING) this.opened(lot, uint8(l.envelope));
            else if (l.state == ITenderBook.LotState.EXAMINING) this.exclude(lot, uint8(l.envelope), lot);
        }
    }

    // --- what always holds --------------------------------------------------------------------------------------

    /// @dev One campaign for all of them: forge plays a campaign of its own for each function of this name.
    function invariant_tender() public view {
        _aCutIsTheLargestOfItsLine();
        _theListIsFixedOnce();
        _noEnvelopeOpensBeforeTheExclusionsOfTheOneBefore();
        _unfinishedLotsAreCounted();
    }

    function _aCutIsTheLargestOfItsLine() private view {
        for (uint256 city = 0; city < 3; city++) {
            ITenderBook.Cut[] memory cuts = book.cutsOf(tender, origins[city]);
            uint256 found;
            for (uint256 witness = 0; witness < 3; witness++) {
                for (uint256 i = 0; i < cuts.length; i++) {
                    if (cuts[i].city != cities[witness]) continue;
                    found++;
                    assertEq(cuts[i].size, lines[city][witness].size);
                    assertEq(cuts[i].root, lines[city][witness].root);
                }
            }
            assertEq(found, cuts.length, "a cut of nobody");
            for (uint256 i = 1; i < cuts.length; i++) {
                assertLt(uint256(cuts[i - 1].city), uint256(cuts[i].city), "cuts do not ascend");
            }
        }
    }

    function _theListIsFixedOnce() private view {
        ITenderBook.Tender memory t = book.tenderOf(tender);
        assertEq(t.listRoot, listSeen);
        assertEq(t.listedAt != 0, listSeen != 0);
        assertEq(t.admittedCount, slips);
        for (uint32 lot = 1; lot < 3; lot++) {
            ITenderBook.Lot memory l = book.lotOf(tender, lot);
            assertEq(l.bidders, biddersSeen[lot]);
            bool waits = l.state == ITenderBook.LotState.WAITING;
            assertEq(waits, listSeen == 0, "all lots at once");
        }
    }

    function _noEnvelopeOpensBeforeTheExclusionsOfTheOneBefore() private view {
        for (uint32 lot = 1; lot < 3; lot++) {
            ITenderBook.Lot memory l = book.lotOf(tender, lot);
            for (uint8 e = 1; e < l.envelope; e++) {
                if (l.envelopes >> (e - 1) & 1 == 0) continue;
                assertTrue(book.exclusionOf(tender, lot, e).digest != 0, "no exclusions");
                assertTrue(examined[lot][e], "never opened");
            }
            if (l.reachedOpened) assertEq(l.envelope, 3);
        }
    }

    function _unfinishedLotsAreCounted() private view {
        uint256 unfinished;
        for (uint32 lot = 1; lot < 3; lot++) {
            if (book.lotOf(tender, lot).state < ITenderBook.LotState.AWARDED) unfinished++;
        }
        ITenderBook.Tender memory t = book.tenderOf(tender);
        assertEq(t.unfinishedLots, unfinished);
        bool ended = t.state == ITenderBook.State.DONE || t.state == ITenderBook.State.TERMINATED;
        assertEq(keySets.keySet(sealKeyId).uses, ended ? 0 : 1, "key sets are held exactly by unfinished tenders");
        if (t.state == ITenderBook.State.DONE) assertEq(unfinished, 0);
    }

    /// @dev From wherever a run ended: the supervisor can terminate, and the parties can finish.
    function afterInvariant() public {
        ITenderBook.State state = book.tenderOf(tender).state;
        if (state == ITenderBook.State.DONE || state == ITenderBook.State.TERMINATED) return;
        uint256 here = vm.snapshotState();
        _terminate(tender, ITenderBook.Side.SUPERVISOR);
        _assertState(tender, ITenderBook.State.TERMINATED);
        vm.revertToState(here);
        for (uint256 i = 0; i < 12; i++) {
            this.goOn();
        }
        for (uint32 lot = 1; lot < 3; lot++) {
            ITenderBook.LotState found = book.lotOf(tender, lot).state;
            if (found == ITenderBook.LotState.OPENED) _decideLot(_award(tender, lot, 0));
        }
        _assertState(tender, ITenderBook.State.DONE);
    }

    // --- helpers ------------------------------------------------------------------------------------------------

    function _checkTransition(ITenderBook.Tender memory before, ITenderBook.Tender memory now_) private pure {
        (uint256 from, uint256 to) = (uint256(before.state), uint256(now_.state));
        bool wasSuspended = before.suspendedByTenderer || before.suspendedBySupervisor;
        bool terminated = now_.state == ITenderBook.State.TERMINATED;
        bool stepped = to == from || to == from + 1 || (from < uint256(ITenderBook.State.DONE) && terminated);
        // A list that leaves no lot is also the end.
        bool emptied = before.state == ITenderBook.State.CLOSED && now_.state == ITenderBook.State.DONE;
        assertTrue(stepped || emptied, "no such transition");
        assertGe(now_.deadline, before.deadline, "the deadline moved back");
        assertGe(now_.superseded, before.superseded, "a notice came back");
        bool stillSuspended = now_.suspendedByTenderer || now_.suspendedBySupervisor;
        if (!wasSuspended || !stillSuspended) return;
        assertTrue(to == from || terminated, "the tender moved while suspended");
        assertEq(now_.deadline, before.deadline, "the deadline moved while suspended");
        assertEq(now_.noticeCount, before.noticeCount, "amended while suspended");
    }

    function _resumeSide(ITenderBook.Side side) private {
        Acts.TenderResumption memory act = Acts.TenderResumption(tender, REASON, _step(tender, side));
        (Actor memory actor, ICityRegistry.Chain memory chain) = _papers(side);
        _try(abi.encodeCall(ITenderBook.resume, (side, act, _signBook(actor, Acts.hash(act)), chain)));
    }

    function _tryCut(uint256 city, uint256 witness, uint64 size, bytes32[] memory leaves, uint64 at)
        private
        returns (bool)
    {
        bytes32 root = ReferenceTree.head(leaves, 0, size);
        uint256 from = _cutSize(tender, city, witness);
        bytes32[] memory proof = size > from ? ReferenceTree.proof(leaves, from, size) : new bytes32[](0);
        IAnchorRegistry.TimedSignature memory byOrigin = _seen(receivers[city], origins[city], size, root, at);
        IAnchorRegistry.TimedSignature memory byWitness = _seen(witnesses[witness], origins[city], size, root, at);
        bytes32 by = cities[witness];
        return
            _call(abi.encodeCall(ITenderBook.cut, (tender, origins[city], by, size, root, proof, byOrigin, byWitness)));
    }

    /// @dev A call that carries an act; kept for `replay` if it was accepted.
    function _try(bytes memory data) private returns (bool ok) {
        ok = _call(data);
        if (ok) taken.push(data);
    }

    function _call(bytes memory data) private returns (bool ok) {
        (ok,) = address(book).call(data);
    }
}
