// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {TenderRules} from "./TenderRules.sol";
import {ActDomain} from "./base/ActDomain.sol";
import {TenderStore} from "./base/TenderStore.sol";
import {IAnchorRegistry} from "./interfaces/IAnchorRegistry.sol";
import {ICityRegistry} from "./interfaces/ICityRegistry.sol";
import {IKeySets} from "./interfaces/IKeySets.sol";
import {ITenderBook} from "./interfaces/ITenderBook.sol";
import {ITenderRules} from "./interfaces/ITenderRules.sol";
import {Acts} from "./libraries/Acts.sol";
import {Committee, Role, Scope} from "./libraries/Codes.sol";
import {EnvelopeSet} from "./libraries/EnvelopeSet.sol";
import {TenderTerms} from "./libraries/TenderTerms.sol";

/// @title The steps of every tender, each taken only with the signatures it needs.
/// @dev ITenderBook documents the calls, TenderStore the storage. The contracts asked are fixed for ever; a new version
/// of any of them needs a new TenderBook, and this one serves its tenders to their end. Acts whose hash is all that is
/// made of most members come as memory: the contract would not fit under EIP-170's limit if each read were a decoding.
contract TenderBook is TenderStore, ActDomain {
    uint256 private constant _SLIP_LENGTH = 896;
    /// @dev Only a list gives this reason; a tenderer gives higher ones.
    uint256 private constant _TOO_FEW_BIDDERS = 1;

    ICityRegistry public immutable registry;
    IKeySets public immutable keySets;
    ITenderRules public immutable rules;
    uint256 public immutable closeBlocks;

    constructor(
        ICityRegistry registry_,
        IAnchorRegistry anchors_,
        IKeySets keySets_,
        uint32 graceMin_,
        uint32 openAfterMin_,
        uint32 amendLeadMin_,
        uint32 closeBlocks_
    ) {
        registry = registry_;
        keySets = keySets_;
        rules = new TenderRules(registry_, anchors_, keySets_, graceMin_, openAfterMin_, amendLeadMin_);
        closeBlocks = closeBlocks_;
    }

    // --- announcement and amendment ---------------------------------------------------------------------------------

    /// @inheritdoc ITenderBook
    function announce(
        Acts.TenderAnnouncement calldata act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain,
        bytes calldata centreSignature,
        ICityRegistry.Chain calldata centre
    ) external {
        bytes32 digest = _keepAnnouncement(_tenders[act.tender], act);
        _authorise(digest, signature, chain, act.tenderer, Role.TENDERER, Scope.CONDUCT, act.tender);
        _checkCentre(digest, centreSignature, centre, _origins[act.tender][0].city);
        emit Announced(act.tender, act.tenderer, digest, act.deadline);
        keySets.spend(act.boxKeyId, act.keyId, act.tender);
    }

    function _keepAnnouncement(Tender storage t, Acts.TenderAnnouncement calldata act)
        private
        returns (bytes32 digest)
    {
        if (t.state != State.UNKNOWN) revert AlreadyAnnounced(act.tender);
        (bytes32 structHash, uint256 q, Origin[] memory origins) = rules.examine(act);
        digest = _digest(structHash);
        t.announcement = digest;
        t.q = q;
        for (uint256 i = 0; i < origins.length; i++) {
            _origins[act.tender].push(origins[i]);
        }
        _keepTerms(t, act);
        _keepLots(act.tender, act.lots);
    }

    function _keepTerms(Tender storage t, Acts.TenderAnnouncement calldata act) private {
        t.state = State.ANNOUNCED;
        t.tenderer = act.tenderer;
        t.supervisor = act.supervisor;
        t.keyId = act.keyId;
        t.boxKeyId = act.boxKeyId;
        t.grace = act.grace;
        t.openAfter = act.openAfter;
        t.amendLead = act.amendLead;
        t.minimumBidders = act.minimumBidders;
        t.committee = act.committee;
        t.committeeAfter = act.committeeAfter;
        t.announcedAt = block.timestamp;
        t.firstDeadline = act.deadline;
        t.deadline = act.deadline;
        t.unfinishedLots = act.lots.length;
        _addNotice(t, act.tender, act.notice);
    }

    function _keepLots(bytes32 tender, Acts.Lot[] calldata lots) private {
        for (uint256 i = 0; i < lots.length; i++) {
            uint32 number = lots[i].number;
            _lotNumbers[tender].push(number);
            Lot storage lot = _lots[tender][number];
            lot.number = number;
            lot.state = LotState.WAITING;
            lot.envelopes = lots[i].envelopes;
        }
    }

    function _checkCentre(bytes32 digest, bytes calldata signature, ICityRegistry.Chain calldata chain, bytes32 city)
        private
        view
    {
        bytes32 centre = chain.credential.organisation;
        if (_authorise(digest, signature, chain, centre, Role.CENTRE, 0, 0) != city) revert NotTheCentre();
    }

    /// @inheritdoc ITenderBook
    function amend(Acts.TenderAmendment memory act, bytes calldata signature, ICityRegistry.Chain calldata chain)
        public
    {
        Tender storage t = _running(act.tender, State.ANNOUNCED);
        if (block.timestamp > t.deadline) revert DeadlinePassed(t.deadline);
        bool tooFar = act.deadline > block.timestamp + TenderTerms.MAX_AHEAD;
        if (act.deadline < t.deadline || tooFar) revert InvalidDeadline();
        bool isNew = act.notice != _notices[act.tender][t.noticeCount - 1];
        if (isNew && isNotice[act.tender][act.notice]) revert NoticeKnown(act.notice);
        if ((isNew || act.supersedes) && act.deadline < block.timestamp + t.amendLead) revert TooLateToAmend();

        bytes32 digest = _take(t, Side.TENDERER, act.tender, act.step, Acts.hash(act), signature, chain);
        if (isNew) _addNotice(t, act.tender, act.notice);
        if (act.supersedes) t.superseded = t.noticeCount - 1;
        t.deadline = act.deadline;
        emit Amended(act.tender, digest, act.notice, act.deadline, act.supersedes);
    }

    function _addNotice(Tender storage t, bytes32 tender, bytes32 notice) private {
        _notices[tender].push(notice);
        t.noticeCount++;
        isNotice[tender][notice] = true;
        t.noticesHead = _fold(t.noticesHead, notice);
    }

    // --- suspension and termination --------------------------------------------------------------------------------

    /// @inheritdoc ITenderBook
    function suspend(
        Side side,
        Acts.TenderSuspension memory act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) public {
        Tender storage t = _unfinished(act.tender);
        if (_hasSuspended(t, side)) revert AlreadySuspended(act.tender);
        bytes32 digest = _take(t, side, act.tender, act.step, Acts.hash(act), signature, chain);
        if (!_isSuspended(t)) t.suspendedAt = block.timestamp;
        _setSuspended(t, side, true);
        emit SuspensionSet(act.tender, side, digest);
    }

    /// @inheritdoc ITenderBook
    function resume(
        Side side,
        Acts.TenderResumption memory act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) public {
        Tender storage t = _unfinished(act.tender);
        if (!_hasSuspended(t, side)) revert NotSuspended(act.tender);
        bytes32 digest = _take(t, side, act.tender, act.step, Acts.hash(act), signature, chain);
        _setSuspended(t, side, false);
        if (!_isSuspended(t)) _moveOn(t);
        emit SuspensionLifted(act.tender, side, digest, t.deadline, t.openFrom);
    }

    function _hasSuspended(Tender storage t, Side side) private view returns (bool) {
        return side == Side.TENDERER ? t.suspendedByTenderer : t.suspendedBySupervisor;
    }

    function _isSuspended(Tender storage t) private view returns (bool) {
        return t.suspendedByTenderer || t.suspendedBySupervisor;
    }

    function _setSuspended(Tender storage t, Side side, bool set) private {
        if (side == Side.TENDERER) t.suspendedByTenderer = set;
        else t.suspendedBySupervisor = set;
    }

    /// @dev A deadline that had not passed when the suspension came cannot have been closed since, nor can a list have
    /// come; so the two comparisons alone tell what still lay ahead.
    function _moveOn(Tender storage t) private {
        uint256 since = t.suspendedAt;
        t.suspendedAt = 0;
        if (t.deadline >= since) t.deadline += block.timestamp - since;
        else if (t.openFrom > since) t.openFrom += block.timestamp - since;
    }

    /// @inheritdoc ITenderBook
    function terminate(
        Side side,
        Acts.TenderTermination memory act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) public {
        Tender storage t = _unfinished(act.tender);
        bytes32 digest = _take(t, side, act.tender, act.step, Acts.hash(act), signature, chain);
        t.state = State.TERMINATED;
        emit Terminated(act.tender, side, digest);
        keySets.release(t.boxKeyId, t.keyId, act.tender);
    }

    // --- closing the box -------------------------------------------------------------------------------------------

    /// @inheritdoc ITenderBook
    function beginClose(bytes32 tender) external {
        Tender storage t = _running(tender, State.ANNOUNCED);
        if (block.timestamp <= t.deadline) revert DeadlineAhead(t.deadline);
        t.state = State.CLOSING;
        t.closingAt = block.timestamp;
        t.closingBlock = block.number;
        emit ClosingBegun(tender);
    }

    /// @inheritdoc ITenderBook
    function cut(
        bytes32 tender,
        bytes32 origin,
        bytes32 city,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof,
        IAnchorRegistry.TimedSignature calldata byOrigin,
        IAnchorRegistry.TimedSignature calldata byWitness
    ) external {
        uint256 deadline = _in(tender, State.CLOSING).deadline;
        Origin storage o = _originOf(tender, origin);
        Cut storage line = _lineOf(_cuts[tender][origin], o, city);
        _extend(o, line, Cut(city, size, root), deadline, proof, byOrigin, byWitness);
        emit CutTaken(tender, origin, city, size, root);
    }

    function _extend(
        Origin storage o,
        Cut storage line,
        Cut memory next,
        uint256 deadline,
        bytes32[] calldata proof,
        IAnchorRegistry.TimedSignature calldata byOrigin,
        IAnchorRegistry.TimedSignature calldata byWitness
    ) private {
        rules.checkCut(o, line, next, deadline, proof, byOrigin, byWitness);
        line.size = next.size;
        line.root = next.root;
    }

    /// @dev The cut of a city among those of an origin, which ascend by city; a new line begins at the origin's start.
    function _lineOf(Cut[] storage cuts, Origin storage o, bytes32 city) private returns (Cut storage line) {
        uint256 place = 0;
        while (place < cuts.length && cuts[place].city < city) place++;
        if (place < cuts.length && cuts[place].city == city) return cuts[place];
        cuts.push();
        for (uint256 i = cuts.length - 1; i > place; i--) {
            cuts[i] = cuts[i - 1];
        }
        cuts[place] = Cut(city, o.startSize, o.startRoot);
        return cuts[place];
    }

    /// @inheritdoc ITenderBook
    function admit(bytes32 tender, bytes32 origin, bytes calldata slip, SlipAcknowledgement[] calldata acknowledgements)
        external
    {
        Tender storage t = _in(tender, State.CLOSING);
        if (slip.length != _SLIP_LENGTH) revert WrongSlipLength(slip.length);
        bytes32 id = sha256(slip);
        if (isAdmitted[tender][id]) revert AlreadyAdmitted(id);
        Origin storage o = _originOf(tender, origin);
        rules.checkAcknowledgements(o, t.q, t.announcedAt, t.deadline, id, acknowledgements);
        isAdmitted[tender][id] = true;
        t.admittedHead = _fold(t.admittedHead, id);
        emit SlipAdmitted(tender, origin, t.admittedCount, id);
        t.admittedCount++;
    }

    /// @inheritdoc ITenderBook
    function close(bytes32 tender) external {
        Tender storage t = _running(tender, State.CLOSING);
        bool waited = block.timestamp >= t.closingAt + t.grace && block.number >= t.closingBlock + closeBlocks;
        if (!waited) revert TooEarlyToClose();
        t.state = State.CLOSED;
        t.inputs = _inputsOf(tender);
        t.openFrom = block.timestamp + t.openAfter;
        emit Closed(tender, t.inputs, t.openFrom);
    }

    // --- the list --------------------------------------------------------------------------------------------------

    /// @inheritdoc ITenderBook
    function list(Acts.BidList memory act, bytes[] calldata signatures) public {
        Tender storage t = _running(act.tender, State.CLOSED);
        if (block.timestamp < t.openFrom) revert TooEarlyToList(t.openFrom);
        if (act.inputs != t.inputs) revert WrongInputs(t.inputs);
        bytes32 digest = _digest(Acts.hash(act));
        rules.checkMembers(t.keyId, digest, signatures);
        t.state = State.LISTED;
        t.listedAt = block.timestamp;
        t.list = digest;
        t.listRoot = act.root;
        t.listCount = act.count;
        emit Listed(act.tender, digest, act.root, act.count);
        _startLots(t, act);
        // Counted down one lot at a time; slither takes it for an amount that somebody could miss.
        // slither-disable-next-line incorrect-equality
        if (t.unfinishedLots == 0) _finish(t, act.tender);
    }

    function _startLots(Tender storage t, Acts.BidList memory act) private {
        uint32[] memory numbers = _lotNumbers[act.tender];
        if (act.counts.length != numbers.length) revert WrongCounts();
        for (uint256 i = 0; i < numbers.length; i++) {
            if (act.counts[i].lot != numbers[i]) revert WrongCounts();
            Lot storage lot = _lots[act.tender][numbers[i]];
            lot.bidders = act.counts[i].bidders;
            if (lot.bidders < t.minimumBidders) {
                _keepDecision(lot, LotState.FAILED, _TOO_FEW_BIDDERS, 0);
                t.unfinishedLots--;
                emit LotFailed(act.tender, numbers[i], _TOO_FEW_BIDDERS, 0);
            } else {
                _open(lot, act.tender, EnvelopeSet.next(lot.envelopes, 0));
            }
        }
    }

    // --- opening and exclusion -------------------------------------------------------------------------------------

    /// @inheritdoc ITenderBook
    function opened(Acts.OpeningRecord memory act, bytes calldata signature, ICityRegistry.Chain calldata chain)
        public
    {
        Tender storage t = _running(act.tender, State.LISTED);
        Lot storage lot = _lots[act.tender][act.lot];
        if (lot.state != LotState.OPENING || lot.envelope != act.envelope) _refuse(lot);
        uint256 until = lot.since + (t.committee == Committee.AT_ONCE ? 0 : t.committeeAfter);
        if (block.timestamp < until) revert WindowOpen(until);
        bytes32 digest = _takeOnLot(lot, act.tender, act.step, Acts.hash(act), Scope.CONDUCT, signature, chain);
        bool isLast = EnvelopeSet.next(lot.envelopes, act.envelope) == 0;
        lot.reachedOpened = isLast;
        lot.state = isLast ? LotState.OPENED : LotState.EXAMINING;
        lot.since = block.timestamp;
        emit LotOpened(act.tender, act.lot, act.envelope, digest);
    }

    /// @inheritdoc ITenderBook
    function exclude(Acts.EnvelopeExclusion memory act, bytes calldata signature, ICityRegistry.Chain calldata chain)
        public
    {
        _running(act.tender, State.LISTED);
        Lot storage lot = _lots[act.tender][act.lot];
        bool isReinstatement = lot.state == LotState.OPENING;
        if (!isReinstatement && lot.state != LotState.EXAMINING) _refuse(lot);
        uint256 examined = isReinstatement ? EnvelopeSet.former(lot.envelopes, lot.envelope) : lot.envelope;
        if (examined == 0 || act.envelope != examined) _refuse(lot);
        bytes32 digest = _takeOnLot(lot, act.tender, act.step, Acts.hash(act), 0, signature, chain);
        _keepExclusion(act, digest, isReinstatement);
        emit BiddersExcluded(act.tender, act.lot, examined, digest, act.excluded.length);
        _open(lot, act.tender, EnvelopeSet.next(lot.envelopes, examined));
    }

    /// @dev Each act is a round of its own: who is not named again in the next round is reinstated.
    function _keepExclusion(Acts.EnvelopeExclusion memory act, bytes32 digest, bool isReinstatement) private {
        Exclusion storage kept = _exclusions[act.tender][act.lot][act.envelope];
        mapping(bytes32 => uint256) storage rounds = _rounds[act.tender][act.lot][act.envelope];
        uint256 round = kept.round;
        if (isReinstatement && act.excluded.length >= kept.count) revert NotAStrictSubset();
        for (uint256 i = 0; i < act.excluded.length; i++) {
            uint256 last = rounds[act.excluded[i]];
            if (last > round) revert ExcludedTwice(act.excluded[i]);
            if (isReinstatement && last != round) revert NotAStrictSubset();
            rounds[act.excluded[i]] = round + 1;
        }
        _exclusions[act.tender][act.lot][act.envelope] = Exclusion(digest, act.excluded.length, round + 1);
    }

    function _open(Lot storage lot, bytes32 tender, uint256 envelope) private {
        lot.state = LotState.OPENING;
        lot.envelope = envelope;
        lot.since = block.timestamp;
        emit LotOpening(tender, lot.number, envelope);
    }

    // --- decision --------------------------------------------------------------------------------------------------

    /// @inheritdoc ITenderBook
    function decide(Acts.AwardDecision memory act, bytes calldata signature, ICityRegistry.Chain calldata chain)
        public
    {
        Lot storage lot = _decidable(act.tender, act.lot, act.replaces);
        if (lot.state < LotState.OPENED) _refuse(lot);
        bool isFirst = lot.state == LotState.OPENED;
        bytes32 digest = _takeOnLot(lot, act.tender, act.step, Acts.hash(act), 0, signature, chain);
        _keepDecision(lot, LotState.AWARDED, 0, digest);
        emit LotAwarded(act.tender, act.lot, act.winner, digest);
        if (isFirst) _countFinished(act.tender);
    }

    /// @inheritdoc ITenderBook
    function fail(Acts.LotFailure memory act, bytes calldata signature, ICityRegistry.Chain calldata chain) public {
        Lot storage lot = _decidable(act.tender, act.lot, act.replaces);
        if (act.reason <= _TOO_FEW_BIDDERS) revert InvalidReason(act.reason);
        bool isFirst = lot.state <= LotState.OPENED;
        bytes32 digest = _takeOnLot(lot, act.tender, act.step, Acts.hash(act), 0, signature, chain);
        _keepDecision(lot, LotState.FAILED, act.reason, digest);
        emit LotFailed(act.tender, act.lot, act.reason, digest);
        if (isFirst) _countFinished(act.tender);
    }

    /// @dev The lot, if a decision that replaces `replaces` may come: it is unfinished, and then has none to replace; or
    /// it was decided after it reached OPENED. A tender that is DONE cannot be suspended.
    function _decidable(bytes32 tender, uint32 number, bytes32 replaces) private view returns (Lot storage lot) {
        Tender storage t = _tenders[tender];
        if (t.state != State.LISTED && t.state != State.DONE) revert WrongState(tender, t.state);
        if (_isSuspended(t)) revert Suspended(tender);
        lot = _lots[tender][number];
        bool isUnfinished = lot.state >= LotState.OPENING && lot.state <= LotState.OPENED;
        if (!isUnfinished && !lot.reachedOpened) _refuse(lot);
        if (replaces != lot.decision) revert WrongReplaces(lot.decision);
    }

    function _keepDecision(Lot storage lot, LotState state, uint256 reason, bytes32 digest) private {
        lot.state = state;
        lot.reason = reason;
        lot.since = block.timestamp;
        lot.decision = digest;
    }

    function _countFinished(bytes32 tender) private {
        Tender storage t = _tenders[tender];
        t.unfinishedLots--;
        if (t.unfinishedLots == 0) _finish(t, tender);
    }

    function _finish(Tender storage t, bytes32 tender) private {
        t.state = State.DONE;
        emit Done(tender);
        keySets.release(t.boxKeyId, t.keyId, tender);
    }

    // --- the tender's events ---------------------------------------------------------------------------------------

    /// @inheritdoc ITenderBook
    function setHead(bytes32 tender, bytes32 head, uint64 count) external {
        Tender storage t = _tenders[tender];
        if (t.state == State.UNKNOWN) revert WrongState(tender, t.state);
        bytes32 city = registry.cityOfKey(msg.sender, ICityRegistry.KeyKind.Submitter, block.timestamp);
        if (city != _origins[tender][0].city) revert WrongCity(city);
        if (count <= t.headCount) revert HeadNotGrowing(t.headCount);
        t.head = head;
        t.headCount = count;
        emit HeadSet(tender, head, count);
    }

    // --- which tender, and when ------------------------------------------------------------------------------------

    function _in(bytes32 tender, State state) private view returns (Tender storage t) {
        t = _tenders[tender];
        if (t.state != state) revert WrongState(tender, t.state);
    }

    function _running(bytes32 tender, State state) private view returns (Tender storage t) {
        t = _in(tender, state);
        if (_isSuspended(t)) revert Suspended(tender);
    }

    function _unfinished(bytes32 tender) private view returns (Tender storage t) {
        t = _tenders[tender];
        if (t.state == State.UNKNOWN || t.state >= State.DONE) revert WrongState(tender, t.state);
    }

    /// @dev At most 8 to look through.
    function _originOf(bytes32 tender, bytes32 origin) private view returns (Origin storage) {
        Origin[] storage origins = _origins[tender];
        for (uint256 i = 0; i < origins.length; i++) {
            if (origins[i].origin == origin) return origins[i];
        }
        revert UnknownOrigin(origin);
    }

    function _refuse(Lot storage lot) private view {
        revert WrongLotState(lot.state, lot.envelope);
    }

    // --- who signed ------------------------------------------------------------------------------------------------

    /// @dev Takes an act on the track of one side; an agency acts for the tenderer, nobody for the supervisor.
    function _take(
        Tender storage t,
        Side side,
        bytes32 tender,
        uint64 step,
        bytes32 structHash,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) private returns (bytes32 digest) {
        digest = _digest(structHash);
        if (side == Side.TENDERER) {
            if (step != t.tendererSteps) revert WrongStep(t.tendererSteps);
            _authorise(digest, signature, chain, t.tenderer, Role.TENDERER, Scope.CONDUCT, tender);
            t.tendererSteps++;
            t.tendererActs = _fold(t.tendererActs, digest);
        } else {
            if (step != t.supervisorSteps) revert WrongStep(t.supervisorSteps);
            _authorise(digest, signature, chain, t.supervisor, Role.SUPERVISOR, 0, tender);
            t.supervisorSteps++;
            t.supervisorActs = _fold(t.supervisorActs, digest);
        }
    }

    /// @dev Takes an act of the tenderer on a lot's track; without a scope nobody may act for it.
    function _takeOnLot(
        Lot storage lot,
        bytes32 tender,
        uint64 step,
        bytes32 structHash,
        uint8 scope,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) private returns (bytes32 digest) {
        if (step != lot.steps) revert WrongStep(lot.steps);
        digest = _digest(structHash);
        _authorise(digest, signature, chain, _tenders[tender].tenderer, Role.TENDERER, scope, tender);
        lot.steps++;
        lot.acts = _fold(lot.acts, digest);
    }

    function _authorise(
        bytes32 digest,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain,
        bytes32 organisation,
        uint8 role,
        uint8 scope,
        bytes32 tender
    ) private view returns (bytes32 city) {
        // Which of an organisation's keys signed is not kept: the act names its credential.
        // slither-disable-next-line unused-return
        (, city) = registry.authorise(digest, signature, chain, organisation, role, scope, tender);
    }
}
