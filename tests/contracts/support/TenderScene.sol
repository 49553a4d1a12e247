// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AnchorRegistry} from "../../../contracts/AnchorRegistry.sol";
import {TenderBook} from "../../../contracts/TenderBook.sol";
import {IAnchorRegistry} from "../../../contracts/interfaces/IAnchorRegistry.sol";
import {ICityRegistry} from "../../../contracts/interfaces/ICityRegistry.sol";
import {ITenderBook} from "../../../contracts/interfaces/ITenderBook.sol";
import {Acts} from "../../../contracts/libraries/Acts.sol";
import {Committee as CommitteeMode, Role, Scope} from "../../../contracts/libraries/Codes.sol";
import {Committee} from "./Committee.sol";
import {ReferenceTree} from "./ReferenceTree.sol";

/// @title A tenderer with its agency, a trading centre and a supervisor, before a TenderBook of three cities.
/// @dev Each city has a sealed log; all show `history`, a forked one would show `fork`, which parts at leaf 8. City 0's
/// is anchored at size 4 when the tender begins.
abstract contract TenderScene is Committee {
    uint32 internal constant GRACE_MIN = 600;
    uint32 internal constant OPEN_AFTER_MIN = 600;
    uint32 internal constant AMEND_LEAD_MIN = 3 days;
    uint32 internal constant CLOSE_BLOCKS = 10;
    uint256 internal constant LEAVES = 24;
    uint64 internal constant DEADLINE = uint64(START + 20 days);

    bytes32 internal constant TENDERER = keccak256("tenderer");
    bytes32 internal constant AGENCY = keccak256("agency");
    bytes32 internal constant CENTRE = keccak256("centre");
    bytes32 internal constant SUPERVISION = keccak256("supervision");
    bytes32 internal constant NOTICE = keccak256("notice");
    bytes32 internal constant REASON = keccak256("reason");

    TenderBook internal book;
    AnchorRegistry internal anchors;
    bytes32[3] internal origins;
    bytes32 internal sealKeyId;
    bytes32 internal boxKeyId;
    bytes32[] internal history;
    bytes32[] internal fork;

    Actor internal own;
    Actor internal agent;
    Actor internal clerk;
    Actor internal officer;
    Actor internal stranger;

    function setUp() public virtual override {
        super.setUp();
        anchors = new AnchorRegistry(registry, IAnchorRegistry(address(0)));
        book = new TenderBook(registry, anchors, keySets, GRACE_MIN, OPEN_AFTER_MIN, AMEND_LEAD_MIN, CLOSE_BLOCKS);
        _nameVersion(ICityRegistry.ContractKind.AnchorRegistry, address(anchors));
        _nameVersion(ICityRegistry.ContractKind.TenderBook, address(book));
        own = _actor("own", 0);
        agent = _actor("agent", 0);
        clerk = _actor("clerk", 0);
        officer = _actor("officer", 0);
        stranger = _actor("stranger", 0);
        for (uint256 i = 0; i < LEAVES; i++) {
            history.push(keccak256(abi.encode(i)));
            fork.push(keccak256(abi.encode(i, i / 8)));
            if (i < 8) fork[i] = history[i];
        }
        for (uint256 i = 0; i < 3; i++) {
            origins[i] = _addSealed(i, string.concat("box/", vm.toString(i)));
        }
        _addSupervisor(0, SUPERVISION);
        sealKeyId = _registerSeal(1);
        boxKeyId = _registerBox(100, sealKeyId);
        _anchor(0, 4);
    }

    // --- cities -------------------------------------------------------------------------------------------------

    function _addSupervisor(uint256 city, bytes32 organisation) internal {
        _decide(
            address(registry), abi.encodeCall(ICityRegistry.addSupervisor, (cities[city], organisation, uint256(0), 0))
        );
    }

    function _anchor(uint256 city, uint64 size) internal {
        IAnchorRegistry.TimedSignature[] memory signed = new IAnchorRegistry.TimedSignature[](2);
        bytes32 root = _root(size);
        uint64 now_ = uint64(block.timestamp);
        signed[0] = _seen(receivers[city], origins[city], size, root, now_);
        signed[1] = _seen(witnesses[(city + 1) % 3], origins[city], size, root, now_);
        (uint256 last,) = anchors.last(origins[city]);
        anchors.anchor(origins[city], size, root, ReferenceTree.proof(history, last, size), signed);
    }

    function _root(uint256 size) internal view returns (bytes32) {
        return ReferenceTree.head(history, 0, size);
    }

    function _seen(Actor memory actor, bytes32 origin, uint64 size, bytes32 root, uint64 at)
        internal
        view
        returns (IAnchorRegistry.TimedSignature memory)
    {
        Acts.BoxCheckpoint memory checkpoint = Acts.BoxCheckpoint(origin, size, root, at);
        return IAnchorRegistry.TimedSignature(at, _sign(actor, _registryDigest(Acts.hash(checkpoint))));
    }

    function _taken(uint256 city, bytes32 origin, bytes memory slip, uint64 at)
        internal
        view
        returns (ITenderBook.SlipAcknowledgement memory)
    {
        Acts.Acknowledgement memory act = Acts.Acknowledgement(origin, sha256(slip), at, at + 60);
        bytes memory signature = _sign(receivers[city], _registryDigest(Acts.hash(act)));
        return ITenderBook.SlipAcknowledgement(cities[city], at, at + 60, signature);
    }

    // --- people -------------------------------------------------------------------------------------------------

    function _signBook(Actor memory actor, bytes32 structHash) internal view returns (bytes memory) {
        return _sign(actor, _digestFor(address(book), structHash));
    }

    function _ownPapers() internal view returns (ICityRegistry.Chain memory) {
        return _chain(issuers[0], _credential(own.at, TENDERER, TENDERER, Role.TENDERER));
    }

    function _agentPapers() internal view returns (ICityRegistry.Chain memory) {
        Acts.Delegation memory delegation = Acts.Delegation(TENDERER, agent.at, Scope.CONDUCT, 0, LATER);
        return _delegated(issuers[0], own, _credential(own.at, TENDERER, TENDERER, Role.TENDERER), delegation);
    }

    function _clerkPapers() internal view returns (ICityRegistry.Chain memory) {
        return _chain(issuers[0], _credential(clerk.at, keccak256("clerk"), CENTRE, Role.CENTRE));
    }

    function _officerPapers() internal view returns (ICityRegistry.Chain memory) {
        return _chain(issuers[0], _credential(officer.at, keccak256("officer"), SUPERVISION, Role.SUPERVISOR));
    }

    function _papers(ITenderBook.Side side) internal view returns (Actor memory, ICityRegistry.Chain memory) {
        if (side == ITenderBook.Side.TENDERER) return (own, _ownPapers());
        return (officer, _officerPapers());
    }

    // --- the tender ---------------------------------------------------------------------------------------------

    /// @dev Two lots: 1 with qualification and price, 2 with all three envelopes.
    function _announcement() internal view returns (Acts.TenderAnnouncement memory act) {
        act.tenderer = TENDERER;
        act.agency = AGENCY;
        act.supervisor = SUPERVISION;
        act.nonce = keccak256("nonce");
        act.tender = _tenderId(act.tenderer, act.nonce);
        act.notice = NOTICE;
        act.rulePack = keccak256("rules");
        act.keyId = sealKeyId;
        act.boxKeyId = boxKeyId;
        act.origins = new bytes32[](3);
        for (uint256 i = 0; i < 3; i++) {
            act.origins[i] = origins[i];
        }
        act.lots = new Acts.Lot[](2);
        act.lots[0] = Acts.Lot(1, 5);
        act.lots[1] = Acts.Lot(2, 7);
        act.deadline = DEADLINE;
        act.grace = GRACE_MIN;
        act.openAfter = OPEN_AFTER_MIN;
        act.amendLead = AMEND_LEAD_MIN;
        act.minimumBidders = 2;
        act.committee = CommitteeMode.AFTER;
        act.committeeAfter = 1800;
    }

    /// @dev SHA-256(enc("tender", u64 chainId, TenderBook20, tenderer32, nonce32)).
    function _tenderId(bytes32 tenderer, bytes32 nonce) internal view returns (bytes32) {
        bytes memory head = abi.encodePacked(hex"00000006", "tender", hex"00000008", uint64(block.chainid));
        bytes memory tail = abi.encodePacked(hex"00000020", tenderer, hex"00000020", nonce);
        return sha256(bytes.concat(head, hex"00000014", bytes20(address(book)), tail));
    }

    function _announce(Acts.TenderAnnouncement memory act) internal {
        bytes32 hash = Acts.hash(act);
        book.announce(act, _signBook(own, hash), _ownPapers(), _signBook(clerk, hash), _clerkPapers());
    }

    function _announced() internal returns (bytes32 tender) {
        Acts.TenderAnnouncement memory act = _announcement();
        _announce(act);
        return act.tender;
    }

    function _amend(Acts.TenderAmendment memory act) internal {
        book.amend(act, _signBook(own, Acts.hash(act)), _ownPapers());
    }

    function _suspend(bytes32 tender, ITenderBook.Side side) internal {
        _suspend(side, Acts.TenderSuspension(tender, REASON, _step(tender, side)));
    }

    function _suspend(ITenderBook.Side side, Acts.TenderSuspension memory act) internal {
        (Actor memory actor, ICityRegistry.Chain memory chain) = _papers(side);
        book.suspend(side, act, _signBook(actor, Acts.hash(act)), chain);
    }

    function _resume(bytes32 tender, ITenderBook.Side side) internal {
        _resume(side, Acts.TenderResumption(tender, REASON, _step(tender, side)));
    }

    function _resume(ITenderBook.Side side, Acts.TenderResumption memory act) internal {
        (Actor memory actor, ICityRegistry.Chain memory chain) = _papers(side);
        book.resume(side, act, _signBook(actor, Acts.hash(act)), chain);
    }

    function _terminate(bytes32 tender, ITenderBook.Side side) internal {
        _terminate(side, Acts.TenderTermination(tender, REASON, _step(tender, side)));
    }

    function _terminate(ITenderBook.Side side, Acts.TenderTermination memory act) internal {
        (Actor memory actor, ICityRegistry.Chain memory chain) = _papers(side);
        book.terminate(side, act, _signBook(actor, Acts.hash(act)), chain);
    }

    function _step(bytes32 tender, ITenderBook.Side side) internal view returns (uint64) {
        ITenderBook.Tender memory t = book.tenderOf(tender);
        return uint64(side == ITenderBook.Side.TENDERER ? t.tendererSteps : t.supervisorSteps);
    }

    // --- the box ------------------------------------------------------------------------------------------------

    function _closing() internal returns (bytes32 tender) {
        tender = _announced();
        vm.warp(DEADLINE + 1);
        book.beginClose(tender);
    }

    /// @dev A cut as it should be: of the origin of `city`, witnessed by `witness`, both one minute before the deadline.
    function _cut(bytes32 tender, uint256 city, uint256 witness, uint64 size) internal {
        uint256 from = _cutSize(tender, city, witness);
        bytes32[] memory proof = ReferenceTree.proof(history, from, size);
        _cut(tender, city, witness, size, _root(size), proof, DEADLINE - 60);
    }

    function _cut(
        bytes32 tender,
        uint256 city,
        uint256 witness,
        uint64 size,
        bytes32 root,
        bytes32[] memory proof,
        uint64 at
    ) internal {
        IAnchorRegistry.TimedSignature memory byOrigin = _seen(receivers[city], origins[city], size, root, at);
        IAnchorRegistry.TimedSignature memory byWitness = _seen(witnesses[witness], origins[city], size, root, at);
        book.cut(tender, origins[city], cities[witness], size, root, proof, byOrigin, byWitness);
    }

    /// @dev The size of the cut so far, else of the start.
    function _cutSize(bytes32 tender, uint256 city, uint256 witness) internal view returns (uint256) {
        ITenderBook.Cut[] memory cuts = book.cutsOf(tender, origins[city]);
        for (uint256 i = 0; i < cuts.length; i++) {
            if (cuts[i].city == cities[witness]) return cuts[i].size;
        }
        return book.originsOf(tender)[city].startSize;
    }

    function _slip(uint256 seed) internal pure returns (bytes memory slip) {
        slip = new bytes(896);
        bytes32 head = keccak256(abi.encode(seed));
        for (uint256 i = 0; i < 32; i++) {
            slip[i] = head[i];
        }
    }

    /// @dev Acknowledgements of the origin's city and one other, a minute before the deadline.
    function _acknowledged(uint256 city, uint256 partner, bytes memory slip)
        internal
        view
        returns (ITenderBook.SlipAcknowledgement[] memory given)
    {
        given = new ITenderBook.SlipAcknowledgement[](2);
        given[0] = _taken(city, origins[city], slip, DEADLINE - 60);
        given[1] = _taken(partner, origins[city], slip, DEADLINE - 60);
    }

    // --- the list and after -------------------------------------------------------------------------------------

    function _closed() internal returns (bytes32 tender) {
        tender = _closing();
        _waitAndClose(tender);
    }

    function _waitAndClose(bytes32 tender) internal {
        vm.warp(block.timestamp + GRACE_MIN);
        vm.roll(block.number + CLOSE_BLOCKS);
        book.close(tender);
    }

    function _bidList(bytes32 tender, uint32 first, uint32 second) internal view returns (Acts.BidList memory act) {
        act.tender = tender;
        act.inputs = book.tenderOf(tender).inputs;
        act.root = keccak256("list");
        act.count = 9;
        act.counts = new Acts.LotCount[](2);
        act.counts[0] = Acts.LotCount(1, first);
        act.counts[1] = Acts.LotCount(2, second);
    }

    function _list(Acts.BidList memory act) internal {
        book.list(act, _signedBy(act, 0, 2));
    }

    function _signedBy(Acts.BidList memory act, uint256 one, uint256 other)
        internal
        view
        returns (bytes[] memory signatures)
    {
        signatures = new bytes[](2);
        signatures[0] = _signBook(holders[one], Acts.hash(act));
        signatures[1] = _signBook(holders[other], Acts.hash(act));
    }

    function _listed() internal returns (bytes32 tender) {
        tender = _closed();
        vm.warp(book.tenderOf(tender).openFrom);
        _list(_bidList(tender, 3, 4));
    }

    function _lotStep(bytes32 tender, uint32 lot) internal view returns (uint64) {
        return uint64(book.lotOf(tender, lot).steps);
    }

    function _record(bytes32 tender, uint32 lot, uint8 envelope) internal view returns (Acts.OpeningRecord memory) {
        return Acts.OpeningRecord(tender, lot, envelope, keccak256("opened"), _lotStep(tender, lot));
    }

    function _opened(Acts.OpeningRecord memory act) internal {
        book.opened(act, _signBook(own, Acts.hash(act)), _ownPapers());
    }

    /// @dev Waits for the window of the envelope and records it.
    function _openEnvelope(bytes32 tender, uint32 lot, uint8 envelope) internal {
        vm.warp(book.lotOf(tender, lot).since + 1800);
        _opened(_record(tender, lot, envelope));
    }

    function _exclusion(bytes32 tender, uint32 lot, uint8 envelope, bytes32[] memory excluded)
        internal
        view
        returns (Acts.EnvelopeExclusion memory)
    {
        return Acts.EnvelopeExclusion(tender, lot, envelope, excluded, keccak256("report"), _lotStep(tender, lot));
    }

    function _exclude(Acts.EnvelopeExclusion memory act) internal {
        book.exclude(act, _signBook(own, Acts.hash(act)), _ownPapers());
    }

    function _excludeNobody(bytes32 tender, uint32 lot, uint8 envelope) internal {
        _exclude(_exclusion(tender, lot, envelope, new bytes32[](0)));
    }

    /// @dev The first `count` of the bidders A, B, C …
    function _bidders(uint256 count) internal pure returns (bytes32[] memory bidders) {
        bidders = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            bidders[i] = bytes32(uint256(0xA) + i);
        }
    }

    function _award(bytes32 tender, uint32 lot, bytes32 replaces) internal view returns (Acts.AwardDecision memory) {
        uint64 step = _lotStep(tender, lot);
        return Acts.AwardDecision(tender, lot, bytes32(uint256(0xA)), 1, keccak256("basis"), replaces, step);
    }

    function _decideLot(Acts.AwardDecision memory act) internal returns (bytes32 digest) {
        book.decide(act, _signBook(own, Acts.hash(act)), _ownPapers());
        return _digestFor(address(book), Acts.hash(act));
    }

    function _failure(bytes32 tender, uint32 lot, uint8 reason, bytes32 replaces)
        internal
        view
        returns (Acts.LotFailure memory)
    {
        return Acts.LotFailure(tender, lot, reason, keccak256("basis"), replaces, _lotStep(tender, lot));
    }

    function _failLot(Acts.LotFailure memory act) internal returns (bytes32 digest) {
        book.fail(act, _signBook(own, Acts.hash(act)), _ownPapers());
        return _digestFor(address(book), Acts.hash(act));
    }

    /// @dev Lot 1 through its two envelopes.
    function _openLot1(bytes32 tender) internal {
        _openEnvelope(tender, 1, 1);
        _excludeNobody(tender, 1, 1);
        _openEnvelope(tender, 1, 3);
    }

    // --- what is expected ---------------------------------------------------------------------------------------

    function _expect(bytes4 error) internal {
        vm.expectPartialRevert(error);
    }

    function _assertState(bytes32 tender, ITenderBook.State state) internal view {
        assertEq(uint256(book.tenderOf(tender).state), uint256(state));
    }

    function _assertLot(bytes32 tender, uint32 lot, ITenderBook.LotState state, uint256 envelope) internal view {
        ITenderBook.Lot memory l = book.lotOf(tender, lot);
        assertEq(uint256(l.state), uint256(state));
        assertEq(l.envelope, envelope);
    }
}
