// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Acts} from "../libraries/Acts.sol";
import {IAnchorRegistry} from "./IAnchorRegistry.sol";
import {ICityRegistry} from "./ICityRegistry.sol";
import {IKeySets} from "./IKeySets.sol";
import {ITenderRules} from "./ITenderRules.sol";

/// @title TenderBook: what several parties rely on in a tender, from notice to award.
/// @notice Every step is an act signed by whoever makes it; who sends the transaction does not matter, so nobody can
/// block another. A refused call changes nothing; `step` refuses replay and overtaking by equality.
///
/// State of a tender: ANNOUNCED → CLOSING → CLOSED → LISTED → DONE, and TERMINATED from anywhere before DONE. Beside it
/// stand two suspension flags, each set and lifted by its own side; *suspended* means that either is set. While suspended
/// only cuts, admissions, the other side's suspension, resumption and termination are taken.
/// State of a lot from LISTED on: OPENING(e) → EXAMINING(e) → OPENING(next e) → … → OPENED → AWARDED | FAILED(reason).
///
/// ## `inputs`: what the list is computed from
/// `inputs = SHA-256(w₀ ‖ w₁ ‖ …)` over 32-byte words; numbers are big-endian, padded with zeros on the left:
///
///     tender
///     deadline                      as it stands at `close`
///     noticeCount                   1 + number of notices added by amendments
///     superseded                    the first `superseded` notices are superseded
///     noticesHead                   fold of the notices, oldest first
///     originCount
///     for each origin, in announced order:
///         origin
///         startSize, startRoot      as anchored at `announce`
///         cutCount
///         for each cut, ascending by city id:
///             city, size, root
///     admittedCount
///     admittedHead                  fold of SHA-256(slip), in the order of admission
///
/// A *fold* of x₁…xₙ is Hₙ with H₀ = 32 zero bytes and Hᵢ = SHA-256(Hᵢ₋₁ ‖ xᵢ).
///
/// ## Ids
/// tender = SHA-256(enc("tender", u64 chainId, TenderBook20, tenderer32, nonce32)), `enc` of sealing.md: each item behind
/// its length as four bytes, big-endian. An act's id is its EIP-712 digest in the domain of this contract.
interface ITenderBook {
    // --- values ----------------------------------------------------------------------------------------------------

    /// @notice Where a tender stands. UNKNOWN is a tender that was never announced.
    enum State {
        UNKNOWN,
        ANNOUNCED,
        CLOSING,
        CLOSED,
        LISTED,
        DONE,
        TERMINATED
    }

    /// @notice Where a lot stands. WAITING is an announced lot before the list.
    enum LotState {
        UNKNOWN,
        WAITING,
        OPENING,
        EXAMINING,
        OPENED,
        AWARDED,
        FAILED
    }

    /// @notice Whose track a suspension, resumption or termination is on.
    enum Side {
        TENDERER,
        SUPERVISOR
    }

    /// @notice A city's `Acknowledgement` of a slip, less what all of them share (origin and SHA-256 of the slip).
    struct SlipAcknowledgement {
        bytes32 city;
        uint64 receivedAt;
        uint64 mergeBy;
        bytes signature;
    }

    /// @notice A tender as it stands, and as it is stored: each member has a whole slot, in this order. Times are block times in
    /// seconds, 0 while the step has not happened; a fold is described above.
    struct Tender {
        State state;
        /// @dev digest of the `TenderAnnouncement`, and what later calls need of it
        bytes32 announcement;
        bytes32 tenderer;
        bytes32 supervisor;
        bytes32 keyId;
        bytes32 boxKeyId;
        uint256 grace;
        uint256 openAfter;
        uint256 amendLead;
        uint256 minimumBidders;
        uint256 committee;
        uint256 committeeAfter;
        /// @dev witnesses of one origin that make a slip in time, and partners that make an acknowledgement
        uint256 q;
        uint256 announcedAt;
        uint256 firstDeadline;
        uint256 deadline;
        /// @dev the two flags, and since when any of them stands
        bool suspendedByTenderer;
        uint256 suspendedAt;
        bool suspendedBySupervisor;
        /// @dev acts accepted on the two tracks, and folds of their digests
        uint256 tendererSteps;
        uint256 supervisorSteps;
        bytes32 tendererActs;
        bytes32 supervisorActs;
        /// @dev the first `superseded` of the notices are superseded
        uint256 noticeCount;
        uint256 superseded;
        bytes32 noticesHead;
        uint256 closingAt;
        uint256 closingBlock;
        uint256 admittedCount;
        bytes32 admittedHead;
        bytes32 inputs;
        uint256 openFrom;
        /// @dev digest of the `BidList` that was accepted, and what it says
        uint256 listedAt;
        bytes32 list;
        bytes32 listRoot;
        uint256 listCount;
        /// @dev lots that are neither AWARDED nor FAILED
        uint256 unfinishedLots;
        /// @dev the tender's event head (witness-log.md)
        bytes32 head;
        uint256 headCount;
    }

    /// @notice A sealed log that slips of the tender may be in, its city, and the checkpoint it starts from, as anchored
    /// at `announce`; stored in four whole slots.
    struct Origin {
        bytes32 origin;
        bytes32 city;
        uint256 startSize;
        bytes32 startRoot;
    }

    /// @notice The largest checkpoint of an origin that `city` witnessed in time; stored in three whole slots.
    struct Cut {
        bytes32 city;
        uint256 size;
        bytes32 root;
    }

    /// @notice A lot as it stands, and as it is stored: each member has a whole slot, in this order.
    struct Lot {
        uint256 number;
        LotState state;
        /// @dev the announced set: bit 0 qualification, bit 1 technical, bit 2 price
        uint256 envelopes;
        /// @dev the envelope that is OPENING or EXAMINING, later the last one that was, 0 before the list
        uint256 envelope;
        /// @dev block time since when it is in this state and envelope; a reinstatement starts the window again
        uint256 since;
        /// @dev bidders with a valid entry on the first envelope, by the list
        uint256 bidders;
        /// @dev why it FAILED: 1 too few bidders, 2 no valid bid, 3 not comparable, 4 all rejected, 5 withdrawn, or
        /// another of the rule pack; else 0
        uint256 reason;
        bool reachedOpened;
        /// @dev acts accepted on the lot's track, and the fold of their digests
        uint256 steps;
        bytes32 acts;
        /// @dev digest of the last `AwardDecision` or `LotFailure`, zero if there is none
        bytes32 decision;
    }

    /// @notice The exclusions after one envelope of a lot; stored in three whole slots.
    struct Exclusion {
        /// @dev the `EnvelopeExclusion` that stands, zero if none does
        bytes32 digest;
        /// @dev bidders it names
        uint256 count;
        /// @dev acts accepted for this envelope; a bidder is excluded if its round equals this one and is not zero
        uint256 round;
    }

    // --- errors ----------------------------------------------------------------------------------------------------

    /// @notice The deployment's minima or addresses make no usable TenderBook.
    error InvalidDeployment();
    /// @notice The act names another tender id than its fields give.
    error WrongTenderId(bytes32 expected);
    /// @notice The tender was announced before.
    error AlreadyAnnounced(bytes32 tender);
    /// @notice The call does not belong to the tender's state.
    error WrongState(bytes32 tender, State state);
    /// @notice The tender is suspended.
    error Suspended(bytes32 tender);
    /// @notice This side has suspended already.
    error AlreadySuspended(bytes32 tender);
    /// @notice This side has not suspended.
    error NotSuspended(bytes32 tender);
    /// @notice The act's step is not the number of acts accepted before on its track.
    error WrongStep(uint256 expected);
    /// @notice The deadline is not ahead, is earlier than before, or is more than 400 days away.
    error InvalidDeadline();
    /// @notice The deadline has not passed.
    error DeadlineAhead(uint256 deadline);
    /// @notice The deadline has passed.
    error DeadlinePassed(uint256 deadline);
    /// @notice A period, minimum or code of the announcement is outside its limits.
    error InvalidTerms();
    /// @notice Lots are missing, too many, not ascending, lot 0 beside others, or envelopes are no subset.
    error InvalidLots();
    /// @notice Origins are missing or more than 8, not sealed logs, or of one city.
    error InvalidOrigins();
    /// @notice The supervisor is not registered in the first origin's city, or is the tenderer.
    error InvalidSupervisor();
    /// @notice The credential of the centre was not issued in the first origin's city.
    error NotTheCentre();
    /// @notice The amendment leaves less than amendLead until the deadline.
    error TooLateToAmend();
    /// @notice The notice was the tender's before.
    error NoticeKnown(bytes32 notice);
    /// @notice The origin is not among the announced ones.
    error UnknownOrigin(bytes32 origin);
    /// @notice The city cannot witness this origin: it is the origin's own, or none.
    error NotAWitness(bytes32 city);
    /// @notice A checkpoint or acknowledgement carries a time outside its bounds.
    error WrongTime(uint64 at);
    /// @notice The proof does not show that the checkpoint extends the cut before, or the start.
    error InconsistentCheckpoint();
    /// @notice The key is not of the city that has to sign or send, or did not stand for it at that time (city zero).
    error WrongCity(bytes32 city);
    /// @notice The checkpoint is not larger than this witness's cut, or than the start.
    error NotLarger(uint256 size);
    /// @notice A slip has 896 bytes.
    error WrongSlipLength(uint256 length);
    /// @notice Not q + 1 acknowledgements, or not by the origin's city and then by others, ascending.
    error WrongAcknowledgements(uint256 expected);
    /// @notice The slip was admitted before.
    error AlreadyAdmitted(bytes32 slip);
    /// @notice Grace seconds and blocks since `beginClose` have not both passed.
    error TooEarlyToClose();
    /// @notice The block time is before openFrom.
    error TooEarlyToList(uint256 openFrom);
    /// @notice The list was computed from other inputs.
    error WrongInputs(bytes32 expected);
    /// @notice The counts are not the announced lots, ascending.
    error WrongCounts();
    /// @notice Fewer than k members signed.
    error TooFewSignatures(uint256 k);
    /// @notice The signer is no member of the seal set's current epoch, or its seat is not above the one before.
    error WrongMember(address signer);
    /// @notice The call does not belong to the lot's state or envelope.
    error WrongLotState(LotState state, uint256 envelope);
    /// @notice The window in which bidders open has not passed.
    error WindowOpen(uint256 until);
    /// @notice A bidder stands twice in an exclusion.
    error ExcludedTwice(bytes32 bidder);
    /// @notice A reinstatement is not a strict subset of the exclusions that stand.
    error NotAStrictSubset();
    /// @notice `replaces` is not the lot's last decision (zero for the first).
    error WrongReplaces(bytes32 expected);
    /// @notice The reason is none that a tenderer may give.
    error InvalidReason(uint8 reason);
    /// @notice The count of events does not grow.
    error HeadNotGrowing(uint256 count);

    // --- events ----------------------------------------------------------------------------------------------------

    event Announced(bytes32 indexed tender, bytes32 indexed tenderer, bytes32 digest, uint256 deadline);
    event Amended(bytes32 indexed tender, bytes32 digest, bytes32 notice, uint256 deadline, bool supersedes);
    event SuspensionSet(bytes32 indexed tender, Side side, bytes32 digest);
    event SuspensionLifted(bytes32 indexed tender, Side side, bytes32 digest, uint256 deadline, uint256 openFrom);
    event Terminated(bytes32 indexed tender, Side side, bytes32 digest);
    event ClosingBegun(bytes32 indexed tender);
    event CutTaken(bytes32 indexed tender, bytes32 indexed origin, bytes32 indexed city, uint64 size, bytes32 root);
    event SlipAdmitted(bytes32 indexed tender, bytes32 indexed origin, uint256 number, bytes32 slip);
    event Closed(bytes32 indexed tender, bytes32 inputs, uint256 openFrom);
    event Listed(bytes32 indexed tender, bytes32 digest, bytes32 root, uint32 count);
    event LotOpening(bytes32 indexed tender, uint256 indexed lot, uint256 envelope);
    event LotOpened(bytes32 indexed tender, uint256 indexed lot, uint256 envelope, bytes32 digest);
    event BiddersExcluded(bytes32 indexed tender, uint256 indexed lot, uint256 envelope, bytes32 digest, uint256 count);
    event LotAwarded(bytes32 indexed tender, uint256 indexed lot, bytes32 winner, bytes32 digest);
    /// @notice `digest` is zero where the list itself failed the lot.
    event LotFailed(bytes32 indexed tender, uint256 indexed lot, uint256 reason, bytes32 digest);
    event Done(bytes32 indexed tender);
    event HeadSet(bytes32 indexed tender, bytes32 head, uint64 count);

    // --- calls -----------------------------------------------------------------------------------------------------

    /// @notice A tender begins, by an act of the tenderer (or its agency under delegation) and of the trading centre of
    /// the first origin's city.
    /// @dev Refused unless the id recomputes; the deadline is ahead, within 400 days; 1–256 lots, unique and ascending,
    /// lot 0 only alone, envelopes a non-empty subset; grace, openAfter, amendLead within 7, 7 and 60 days and not under
    /// the deployment's minima; minimumBidders ≥ 1; the seal set is registered and the box set of that seal set unspent;
    /// 1–8 sealed origins of different cities, each with q other cities; the supervisor registered in the first's city.
    /// @param chain the papers behind the tenderer side's signature
    /// @param centre the papers behind the trading centre's signature: role 5, no delegation
    function announce(
        Acts.TenderAnnouncement calldata act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain,
        bytes calldata centreSignature,
        ICityRegistry.Chain calldata centre
    ) external;

    /// @notice A later notice, a later deadline; `supersedes` makes bids on the notices before the last one void.
    /// @dev Refused unless ANNOUNCED, not suspended, block time ≤ deadline ≤ new deadline. A notice other than the last,
    /// or `supersedes`, leaves at least amendLead until the new deadline; a notice enters once.
    function amend(Acts.TenderAmendment calldata act, bytes calldata signature, ICityRegistry.Chain calldata chain)
        external;

    /// @notice The tender stands still.
    /// @dev Refused if the tender has ended or this side's flag is set.
    function suspend(
        Side side,
        Acts.TenderSuspension calldata act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) external;

    /// @notice This side's flag goes; with the last flag, what still lay ahead when the first came (the deadline, or
    /// else openFrom) moves by the time between.
    /// @dev Refused if the tender has ended or this side's flag is not set.
    function resume(
        Side side,
        Acts.TenderResumption calldata act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) external;

    /// @notice The tender ends without an award (终止招标) and gives its key sets back; what was not opened stays sealed.
    /// @dev Refused if DONE or TERMINATED.
    function terminate(
        Side side,
        Acts.TenderTermination calldata act,
        bytes calldata signature,
        ICityRegistry.Chain calldata chain
    ) external;

    /// @notice After the deadline cuts and admissions are taken.
    /// @dev Refused unless ANNOUNCED, not suspended, block time > deadline.
    function beginClose(bytes32 tender) external;

    /// @notice The cut of (origin, city) becomes this checkpoint.
    /// @dev Refused unless CLOSING; `city` is a registered witness other than the origin's; receiving key of the origin's
    /// city and witness key of `city` stand at their times, both ≤ deadline; larger than this witness's cut of the origin
    /// (else than the start) and consistent with it by RFC 6962.
    /// @param proof the consistency proof from that cut (or the start) to (size, root)
    function cut(
        bytes32 tender,
        bytes32 origin,
        bytes32 city,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof,
        IAnchorRegistry.TimedSignature calldata byOrigin,
        IAnchorRegistry.TimedSignature calldata byWitness
    ) external;

    /// @notice A slip that was taken but not merged in time gets the next place among the admitted.
    /// @dev Refused unless CLOSING; 896 bytes; acknowledged by the origin's city first and then by q others, ascending by
    /// city, receivedAt between announcement and deadline; not admitted before.
    function admit(bytes32 tender, bytes32 origin, bytes calldata slip, SlipAcknowledgement[] calldata acknowledgements)
        external;

    /// @notice The box is complete: `inputs` is fixed and the list may come from openFrom = now + openAfter.
    /// @dev Refused unless CLOSING, not suspended, `grace` seconds and `closeBlocks` blocks after `beginClose`.
    function close(bytes32 tender) external;

    /// @notice All lots and envelopes are fixed at once by k key-holders' list. A lot under minimumBidders has FAILED, the
    /// others are OPENING their first envelope; if none is left the tender is DONE.
    /// @dev Refused unless CLOSED, not suspended, block time ≥ openFrom; `inputs` equal; counts are the announced lots,
    /// ascending; k different members of the seal set's current epoch signed, given ascending by seat.
    function list(Acts.BidList calldata act, bytes[] calldata signatures) external;

    /// @notice What was opened of the lot's envelope is on record; the lot is EXAMINING, or OPENED after the last envelope.
    /// @dev Refused unless LISTED, not suspended, the lot OPENING this envelope since the window: committeeAfter seconds, 0
    /// where the committee opens at once.
    function opened(Acts.OpeningRecord calldata act, bytes calldata signature, ICityRegistry.Chain calldata chain)
        external;

    /// @notice The bidders rejected after this envelope stand excluded (否决), and the next envelope opens, its window from
    /// its start. While the next is OPENING a strict subset replaces them (a lawful reinstatement).
    /// @dev Refused unless LISTED, not suspended; signed by the tenderer without delegation.
    function exclude(Acts.EnvelopeExclusion calldata act, bytes calldata signature, ICityRegistry.Chain calldata chain)
        external;

    /// @notice The lot is AWARDED (定标); after the last lot the tender is DONE.
    /// @dev Refused unless not suspended and: LISTED, the lot OPENED, `replaces` zero; or LISTED or DONE, the lot decided
    /// after it reached OPENED, `replaces` its last decision. Signed by the tenderer without delegation.
    function decide(Acts.AwardDecision calldata act, bytes calldata signature, ICityRegistry.Chain calldata chain)
        external;

    /// @notice The lot has FAILED (流标) for a reason ≥ 2; after the last lot the tender is DONE.
    /// @dev As `decide`, and any unfinished lot of a LISTED tender may fail.
    function fail(Acts.LotFailure calldata act, bytes calldata signature, ICityRegistry.Chain calldata chain) external;

    /// @notice The tender's event head moves on.
    /// @dev Refused unless by a submitter of the first origin's city, and the count grows.
    function setHead(bytes32 tender, bytes32 head, uint64 count) external;

    // --- what clients read -----------------------------------------------------------------------------------------

    /// @notice The contracts that this one asks, fixed for its tenders; `rules` names the deployment's minima too.
    function registry() external view returns (ICityRegistry);
    function keySets() external view returns (IKeySets);
    function rules() external view returns (ITenderRules);

    /// @notice Blocks that have to pass between `beginClose` and `close`.
    function closeBlocks() external view returns (uint256);

    /// @notice The tender as it stands; all zero if it was never announced.
    function tenderOf(bytes32 tender) external view returns (Tender memory);

    /// @notice All notices, oldest first; the first `superseded` of them are superseded.
    function noticesOf(bytes32 tender) external view returns (bytes32[] memory notices, uint256 superseded);

    /// @notice The origins in announced order.
    function originsOf(bytes32 tender) external view returns (Origin[] memory);

    /// @notice The cuts of one origin, ascending by city id.
    function cutsOf(bytes32 tender, bytes32 origin) external view returns (Cut[] memory);

    /// @notice The lots, ascending by number.
    function lotsOf(bytes32 tender) external view returns (Lot[] memory);

    /// @notice One lot; all zero if it was not announced.
    function lotOf(bytes32 tender, uint32 number) external view returns (Lot memory);

    /// @notice The exclusion that stands after this envelope.
    function exclusionOf(bytes32 tender, uint32 lot, uint8 envelope) external view returns (Exclusion memory);

    /// @notice Whether the exclusion that stands after this envelope names the bidder.
    function isExcluded(bytes32 tender, uint32 lot, uint8 envelope, bytes32 bidder) external view returns (bool);

    /// @notice Whether the slip with this SHA-256 was admitted.
    function isAdmitted(bytes32 tender, bytes32 slip) external view returns (bool);

    /// @notice Whether the notice is or was one of the tender's.
    function isNotice(bytes32 tender, bytes32 notice) external view returns (bool);
}
