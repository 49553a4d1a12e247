// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Acts} from "../libraries/Acts.sol";

/// @title Who the cities are, which keys stand for them, and whether an act's chain of papers holds now.
/// @notice Every change after the foundation is a proposal that ⌈2/3⌉ of the cities' governors confirm. Periods run
/// from `from` to `to`, both included, by block time; neither is ever set before the block that sets it, and a key that
/// ended never stands again: it is replaced by another one.
interface ICityRegistry {
    /// @notice What a city's secp256k1 key is for; one key serves one kind for ever.
    /// Governor 1 proposes and confirms; Submitter 2 sends the city's own transactions; Witness 3 signs checkpoints of
    /// other cities' logs and attests blocks; Receiving 4 acknowledges slips and signs the own box; Issuer 5 signs
    /// credentials.
    enum KeyKind {
        None,
        Governor,
        Submitter,
        Witness,
        Receiving,
        Issuer
    }

    /// @notice What a city's Ed25519 key is for: Log 1 signs C2SP checkpoints, Witness 2 cosigns those of others.
    enum NoteKeyKind {
        None,
        Log,
        Witness
    }

    /// @notice A public log holds commitments and is anchored by its city; a sealed one holds slips.
    enum OriginKind {
        None,
        Public,
        Sealed
    }

    /// @notice The other contracts of a deployment, by number: 1 … 4.
    enum ContractKind {
        None,
        AnchorRegistry,
        TenderBook,
        KeySets,
        CreditLedger
    }

    /// @notice A founding city. Its id is SHA-256 of the registered name in UTF-8.
    struct Founder {
        string name;
        address governor;
        bytes32 endpoint;
    }

    /// @notice Storage of a city; `to` is type(uint64).max while it has no end. `endpoint` is SHA-256 of its base URL,
    /// `open` the number of its keys, logs and supervisors that have no end yet.
    struct City {
        uint256 from;
        uint256 to;
        bytes32 endpoint;
        uint256 open;
    }

    /// @notice Storage of a key: six whole slots. `roles` has bit `1 << role` for each role an issuer may certify.
    /// `compromisedAt` is zero, or the block time from which the key counts for nothing.
    struct Key {
        bytes32 city;
        uint256 kind;
        uint256 roles;
        uint256 from;
        uint256 to;
        uint256 compromisedAt;
    }

    /// @notice When an organisation supervises tenders of a city.
    struct Period {
        uint256 from;
        uint256 to;
    }

    /// @notice How a sealed log grows on public ticks (sealing.md, The bid box): batches and intervals outside and
    /// inside the window that starts `fastLead` seconds before an announced deadline. All zero for a public log.
    struct Schedule {
        uint256 slowSlips;
        uint256 slowSeconds;
        uint256 fastSlips;
        uint256 fastSeconds;
        uint256 fastLead;
    }

    /// @notice Storage of a log origin. Its id is SHA-256 of the origin line. `q` is how many other cities sign each
    /// checkpoint of a sealed log before it is anchored, 1 … 3; zero for a public log.
    struct Origin {
        bytes32 city;
        uint256 kind;
        uint256 q;
        uint256 from;
        uint256 to;
        Schedule schedule;
    }

    /// @notice The papers behind an act's signature (acts.md): a credential by an issuer, and, if a delegate signed, the
    /// delegation by the organisation's own key, whose credential then is the one here. Without a delegate
    /// `delegation.key` is zero and `delegationSignature` empty.
    struct Chain {
        Acts.Credential credential;
        bytes credentialSignature;
        Acts.Delegation delegation;
        bytes delegationSignature;
    }

    /// @notice One call of a proposal: to the registry itself or to a contract that it ever named.
    struct Call {
        address target;
        bytes data;
    }

    /// @notice Storage of a proposal; `epoch` is the membership it was made under.
    struct Proposal {
        uint256 epoch;
        uint256 confirmations;
        uint256 expiresAt;
        uint256 executedAt;
    }

    error TooFewCities();
    error NotByQuorum();
    error NotAGovernor(address sender);
    error CityUnknown(bytes32 city);
    error CityExists(bytes32 city);
    error CityHasOpenEntries(bytes32 city, uint256 open);
    error KeyIsZero();
    error KeyKnown(bytes32 key);
    error KeyUnknown(bytes32 key);
    error KeyEnded(bytes32 key);
    error KeyKindInvalid();
    error RolesInvalid(uint256 roles);
    error OriginExists(bytes32 origin);
    error OriginUnknown(bytes32 origin);
    error OriginInvalid(bytes32 origin);
    error SupervisorUnknown(bytes32 city, bytes32 organisation);
    error PeriodInvalid(uint256 from, uint256 to);
    error NameEmpty();
    error VersionInvalid(address version);
    error ProposalEmpty();
    error ProposalTooLong(uint256 calls);
    error ProposalKnown(bytes32 proposal);
    error ProposalUnknown(bytes32 proposal);
    error ProposalStale(bytes32 proposal);
    error ProposalDone(bytes32 proposal);
    error AlreadyConfirmed(bytes32 proposal, bytes32 city);
    error TargetNotNamed(address target);
    error CredentialOutOfForce(bytes32 credential);
    error CredentialNotFitting(bytes32 credential);
    error DelegationOutOfForce(bytes32 delegation);
    error DelegationNotFitting(bytes32 delegation);
    error IssuerNotStanding(address issuer);
    error Revoked(bytes32 digest);
    error SignerNotFitting(address signer);
    error KeyServesACity(address key);
    error RevocationNotFitting(bytes32 digest);

    event CityJoined(bytes32 indexed city, string name, bytes32 endpoint);
    event CityLeft(bytes32 indexed city);
    event EndpointChanged(bytes32 indexed city, bytes32 endpoint);
    event KeyAdded(
        bytes32 indexed city, address indexed key, KeyKind indexed kind, uint256 roles, uint256 from, uint256 to
    );
    event KeyPeriodEnded(address indexed key, uint256 to);
    event KeyCompromised(address indexed key);
    event NoteKeyAdded(bytes32 indexed city, bytes32 indexed key, NoteKeyKind indexed kind, uint256 from, uint256 to);
    event NoteKeyPeriodEnded(bytes32 indexed key, uint256 to);
    event NoteKeyCompromised(bytes32 indexed key);
    event SupervisorAdded(bytes32 indexed city, bytes32 indexed organisation, uint256 from, uint256 to);
    event SupervisorEnded(bytes32 indexed city, bytes32 indexed organisation, uint256 to);
    event OriginAdded(
        bytes32 indexed city, bytes32 indexed origin, OriginKind kind, uint256 q, Schedule schedule, string line
    );
    event OriginEnded(bytes32 indexed origin, uint256 to);
    event VersionNamed(ContractKind indexed kind, address indexed version);
    event ProposalMade(bytes32 indexed proposal, bytes32 indexed city, Call[] calls, bytes32 salt, uint256 expiresAt);
    event ProposalConfirmed(bytes32 indexed proposal, bytes32 indexed city);
    event ProposalExecuted(bytes32 indexed proposal);
    event RevocationRecorded(bytes32 indexed digest, uint256 effectiveAt, bytes32 indexed organisation, bytes32 city);

    // --- what other contracts ask -------------------------------------------------------------------------------

    /// @notice Return who signed `digest` and the city of the credential's issuer, if `signature` and `chain` let the
    /// signer act now in `role` for `organisation`; revert otherwise.
    /// @dev Holds when all of this does at block time (acts.md, "Rules"):
    /// without a delegation, the signer is the credential's key; with one, the signer is the delegation's key, the
    /// delegation names `organisation`, holds every bit of `scope` and is for `tender` or for all, and was signed by the
    /// credential's key, which is the organisation's own (subject = organisation). Credential: this `role` and
    /// `organisation`, in force, signed by an issuer that stands and has this role. Neither paper is revoked.
    /// @param digest The act's EIP-712 digest under the calling contract's domain.
    /// @param scope The scope a delegate needs; zero refuses every delegate.
    /// @param tender The tender that a delegation may be limited to; zero for acts that concern none.
    /// @return signer Who signed the act.
    /// @return issuerCity The city of the issuer: for trading-centre staff (role 5), the city the centre serves.
    function authorise(
        bytes32 digest,
        bytes calldata signature,
        Chain calldata chain,
        bytes32 organisation,
        uint8 role,
        uint8 scope,
        bytes32 tender
    ) external view returns (address signer, bytes32 issuerCity);

    /// @notice Return the EIP-712 digest of a struct hash under CityRegistry's domain (`Acknowledgement`,
    /// `BoxCheckpoint`, credentials).
    function digestOf(bytes32 structHash) external view returns (bytes32);

    /// @notice Return the city for which `id` stood as `kind` at the time `at`, or zero if it did not stand then or is
    /// marked compromised by now. For a caller's own city: `cityOfKey(msg.sender, KeyKind.Submitter, block.timestamp)`.
    function cityOfKey(address id, KeyKind kind, uint256 at) external view returns (bytes32);

    /// @notice Say whether `organisation` is a registered supervisor of this city now.
    function isSupervisor(bytes32 city_, bytes32 organisation) external view returns (bool);

    /// @notice Return an origin; `kind` is zero if it is unknown.
    function origin(bytes32 id) external view returns (Origin memory);

    /// @notice Return a sealed or public origin that stands now; revert if it is unknown or has ended.
    function standingOrigin(bytes32 id) external view returns (Origin memory);

    /// @notice Return how many other cities must attest a tender's box that is announced now:
    /// max(1, ⌊(cities − 1) / 2⌋), at most 3.
    function witnessQuorum() external view returns (uint256);

    /// @notice Say whether `version` was ever named as a contract of this kind.
    function isVersion(ContractKind kind, address version) external view returns (bool);

    /// @notice Return the version of a contract named last, zero if none was.
    function currentVersion(ContractKind kind) external view returns (address);

    /// @notice Return when a revocation of this credential or delegation takes effect, zero if there is none.
    function revokedFrom(bytes32 digest) external view returns (uint256);

    // --- reading ------------------------------------------------------------------------------------------------

    /// @notice Return the number of cities that stand.
    function cityCount() external view returns (uint256);

    /// @notice Return the number of cities whose governors have to confirm a proposal: ⌈2/3⌉ of those that stand.
    function quorum() external view returns (uint256);

    /// @notice Return a city; `from` is zero if it never was one.
    function city(bytes32 id) external view returns (City memory);

    /// @notice Return a key's record; `kind` is zero if it has none.
    function key(address id) external view returns (Key memory);

    /// @notice Return the record of an Ed25519 key, 32 raw bytes; `roles` is always zero.
    function noteKey(bytes32 id) external view returns (Key memory);

    /// @notice Return when an organisation supervises a city; `from` is zero if it never did.
    function supervisor(bytes32 city_, bytes32 organisation) external view returns (Period memory);

    /// @notice Return a proposal; `expiresAt` is zero if it is unknown.
    function proposal(bytes32 id) external view returns (Proposal memory);

    /// @notice Return the seconds after which an issuer's revocation takes effect.
    function revocationDelay() external view returns (uint256);

    // --- anyone -------------------------------------------------------------------------------------------------

    /// @notice Record that a credential or delegation ends: at once if its organisation says so, after
    /// `revocationDelay` if an issuer does. Anyone may carry it; the earliest effect counts, so repeating is harmless.
    /// @param target The papers to revoke: the delegation if there is one, else the credential. The other paper and the
    /// signatures matter only when an issuer revokes, because they prove whose paper it is.
    /// @param own The credential of the organisation's own key that signed (subject = organisation); `own.key` zero if
    /// an issuer signed: the one of `target.credential`, or a standing issuer of the same city.
    function revoke(
        Acts.Revocation calldata revocation,
        bytes calldata signature,
        Chain calldata target,
        Acts.Credential calldata own,
        bytes calldata ownSignature
    ) external;

    // --- governors ----------------------------------------------------------------------------------------------

    /// @notice Propose calls that are made together, and confirm them for the sender's city.
    /// @param salt Tells apart two proposals of the same calls.
    /// @return id What `confirm` and the events name.
    function propose(Call[] calldata calls, bytes32 salt) external returns (bytes32 id);

    /// @notice Confirm a proposal for the sender's city; the confirmation that completes the quorum makes the calls.
    function confirm(Call[] calldata calls, bytes32 salt) external;

    // --- the quorum (only through a proposal) -------------------------------------------------------------------

    /// @notice A city joins, with its governor.
    function addCity(Founder calldata founder) external returns (bytes32 id);

    /// @notice A city leaves, once every key, log and supervisor of it has an end.
    function removeCity(bytes32 id) external;

    /// @notice A city's services move; `endpoint` is SHA-256 of the base URL.
    function setEndpoint(bytes32 city_, bytes32 endpoint) external;

    /// @notice A city gets a key, from `from` or from now, whichever is later, until `to` (zero: without an end).
    function addKey(bytes32 city_, address id, KeyKind kind, uint256 roles, uint256 from, uint256 to) external;

    /// @notice A key's period ends at `to` or now, whichever is later; an issuer's 30 days from now at the earliest.
    function endKey(address id, uint256 to) external;

    /// @notice A key was stolen: it counts for nothing from now on.
    function compromiseKey(address id) external;

    /// @notice A city gets an Ed25519 key for C2SP notes.
    function addNoteKey(bytes32 city_, bytes32 id, NoteKeyKind kind, uint256 from, uint256 to) external;

    /// @notice An Ed25519 key's period ends at `to` or now, whichever is later.
    function endNoteKey(bytes32 id, uint256 to) external;

    /// @notice An Ed25519 key was stolen.
    function compromiseNoteKey(bytes32 id) external;

    /// @notice An organisation supervises tenders of a city, from `from` or now until `to` (zero: without an end).
    function addSupervisor(bytes32 city_, bytes32 organisation, uint256 from, uint256 to) external;

    /// @notice An organisation's supervision of a city ends at `to` or now, whichever is later.
    function endSupervisor(bytes32 city_, bytes32 organisation, uint256 to) external;

    /// @notice A city gets a log. `line` is the C2SP origin line; the id is its SHA-256.
    function addOrigin(bytes32 city_, string calldata line, OriginKind kind, uint256 q, Schedule calldata schedule)
        external
        returns (bytes32 id);

    /// @notice A log ends at `to` or now, whichever is later: no tender names it from then on.
    function endOrigin(bytes32 id, uint256 to) external;

    /// @notice Name a contract as the current version of its kind; versions named before stay versions.
    function nameVersion(ContractKind kind, address version) external;
}
