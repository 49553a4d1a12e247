// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICityRegistry} from "../interfaces/ICityRegistry.sol";

/// @title The records of CityRegistry and the changes that a quorum makes to them.
/// @dev Every record is a struct of whole slots in a plain mapping, so that a verifier finds a value with one
/// `eth_getProof`: slot = keccak256(key ‖ mapping's slot) + index of the field. `to` is `FOREVER` while there is no end.
abstract contract CityRecords is ICityRegistry {
    uint256 internal constant FOREVER = type(uint64).max;
    /// @dev Companies need this long to renew what an issuer's old key certified (acts.md, "A key counts at a moment").
    uint256 private constant _ISSUER_NOTICE = 30 days;
    /// @dev A bit for each of the roles 1 … 8.
    uint256 private constant _ALL_ROLES = 0x1fe;
    uint256 private constant _MAX_ORIGIN_QUORUM = 3;

    /// @dev Slot 0: number of cities that stand.
    uint256 internal _cityCount;
    /// @dev Slot 1: grows whenever a city or a governor comes or goes; proposals made before are stale.
    uint256 internal _epoch;
    /// @dev Slot 2: seconds until an issuer's revocation takes effect; in storage and not in the code, so that it can be
    /// proven.
    // slither-disable-next-line immutable-states
    uint256 internal _revocationDelay;
    /// @dev Slot 3: city id → from, to, endpoint, open.
    mapping(bytes32 => City) private _cities;
    /// @dev Slot 4: address → city, kind, roles, from, to, compromisedAt.
    mapping(address => Key) private _keys;
    /// @dev Slot 5: Ed25519 key → the same fields.
    mapping(bytes32 => Key) private _noteKeys;
    /// @dev Slot 6: city id → organisation → from, to.
    mapping(bytes32 => mapping(bytes32 => Period)) private _supervisors;
    /// @dev Slot 7: origin → city, kind, q, from, to, slowSlips, slowSeconds, fastSlips, fastSeconds, fastLead.
    mapping(bytes32 => Origin) private _origins;
    /// @dev Slot 8: contract address → its `ContractKind`.
    mapping(address => uint256) private _kindOfVersion;
    /// @dev Slot 9: `ContractKind` → the version named last.
    mapping(uint256 => address) private _currentVersion;

    modifier onlyQuorum() {
        if (msg.sender != address(this)) revert NotByQuorum();
        _;
    }

    // --- cities -------------------------------------------------------------------------------------------------

    /// @inheritdoc ICityRegistry
    function addCity(Founder calldata founder) external onlyQuorum returns (bytes32 id) {
        return _addCity(founder.name, founder.governor, founder.endpoint);
    }

    /// @inheritdoc ICityRegistry
    function removeCity(bytes32 id) external onlyQuorum {
        City storage record = _standing(id);
        if (record.open != 0) revert CityHasOpenEntries(id, record.open);
        if (_cityCount == 2) revert TooFewCities();
        record.to = block.timestamp;
        _cityCount--;
        _epoch++;
        emit CityLeft(id);
    }

    /// @inheritdoc ICityRegistry
    function setEndpoint(bytes32 city_, bytes32 endpoint) external onlyQuorum {
        _standing(city_).endpoint = endpoint;
        emit EndpointChanged(city_, endpoint);
    }

    function _addCity(string memory name, address governor, bytes32 endpoint) internal returns (bytes32 id) {
        if (bytes(name).length == 0) revert NameEmpty();
        id = sha256(bytes(name));
        if (_cities[id].from != 0) revert CityExists(id);
        _cities[id] = City({from: block.timestamp, to: FOREVER, endpoint: endpoint, open: 0});
        // Only the constructor adds cities in a loop.
        // slither-disable-next-line costly-loop
        _cityCount++;
        emit CityJoined(id, name, endpoint);
        _addKey(id, governor, KeyKind.Governor, 0, 0, 0);
    }

    // --- keys ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ICityRegistry
    function addKey(bytes32 city_, address id, KeyKind kind, uint256 roles, uint256 from, uint256 to)
        external
        onlyQuorum
    {
        _addKey(city_, id, kind, roles, from, to);
    }

    /// @inheritdoc ICityRegistry
    function endKey(address id, uint256 to) external onlyQuorum {
        Key storage record = _keys[id];
        uint256 notice = record.kind == uint256(KeyKind.Issuer) ? _ISSUER_NOTICE : 0;
        uint256 end = _endKey(record, bytes32(uint256(uint160(id))), to, block.timestamp + notice);
        if (record.kind == uint256(KeyKind.Governor)) _epoch++;
        emit KeyPeriodEnded(id, end);
    }

    /// @inheritdoc ICityRegistry
    function compromiseKey(address id) external onlyQuorum {
        Key storage record = _keys[id];
        _compromise(record, bytes32(uint256(uint160(id))));
        if (record.kind == uint256(KeyKind.Governor)) _epoch++;
        emit KeyCompromised(id);
    }

    /// @inheritdoc ICityRegistry
    function addNoteKey(bytes32 city_, bytes32 id, NoteKeyKind kind, uint256 from, uint256 to) external onlyQuorum {
        if (id == 0) revert KeyIsZero();
        if (kind == NoteKeyKind.None) revert KeyKindInvalid();
        (uint256 start, uint256 end) = _storeKey(_noteKeys[id], id, city_, uint256(kind), 0, from, to);
        emit NoteKeyAdded(city_, id, kind, start, end);
    }

    /// @inheritdoc ICityRegistry
    function endNoteKey(bytes32 id, uint256 to) external onlyQuorum {
        emit NoteKeyPeriodEnded(id, _endKey(_noteKeys[id], id, to, block.timestamp));
    }

    /// @inheritdoc ICityRegistry
    function compromiseNoteKey(bytes32 id) external onlyQuorum {
        _compromise(_noteKeys[id], id);
        emit NoteKeyCompromised(id);
    }

    function _addKey(bytes32 city_, address id, KeyKind kind, uint256 roles, uint256 from, uint256 to) private {
        if (id == address(0)) revert KeyIsZero();
        if (kind == KeyKind.None) revert KeyKindInvalid();
        bool rolesFit = kind == KeyKind.Issuer ? roles != 0 && roles & ~_ALL_ROLES == 0 : roles == 0;
        if (!rolesFit) revert RolesInvalid(roles);
        (uint256 start, uint256 end) =
            _storeKey(_keys[id], bytes32(uint256(uint160(id))), city_, uint256(kind), roles, from, to);
        // Only the constructor adds governors in a loop.
        // slither-disable-next-line costly-loop
        if (kind == KeyKind.Governor) _epoch++;
        emit KeyAdded(city_, id, kind, roles, start, end);
    }

    function _storeKey(
        Key storage record,
        bytes32 id,
        bytes32 city_,
        uint256 kind,
        uint256 roles,
        uint256 from,
        uint256 to
    ) private returns (uint256 start, uint256 end) {
        if (record.kind != 0) revert KeyKnown(id);
        (start, end) = _period(city_, from, to);
        record.city = city_;
        record.kind = kind;
        record.roles = roles;
        record.from = start;
        record.to = end;
    }

    function _endKey(Key storage record, bytes32 id, uint256 to, uint256 earliest) private returns (uint256 end) {
        if (record.kind == 0) revert KeyUnknown(id);
        end = _end(record.city, record.from, record.to, to, earliest);
        record.to = end;
    }

    /// @dev A key may be found stolen long after its period; only then is there no end to set.
    function _compromise(Key storage record, bytes32 id) private {
        if (record.kind == 0) revert KeyUnknown(id);
        if (record.compromisedAt != 0) revert KeyEnded(id);
        record.compromisedAt = block.timestamp;
        if (record.to <= block.timestamp) return;
        // FOREVER is a mark that nobody can reach by time.
        // slither-disable-next-line incorrect-equality
        if (record.to == FOREVER) _cities[record.city].open--;
        record.to = block.timestamp;
    }

    // --- supervisors and logs -----------------------------------------------------------------------------------

    /// @inheritdoc ICityRegistry
    function addSupervisor(bytes32 city_, bytes32 organisation, uint256 from, uint256 to) external onlyQuorum {
        Period storage record = _supervisors[city_][organisation];
        if (organisation == 0 || record.from != 0) revert KeyKnown(organisation);
        (record.from, record.to) = _period(city_, from, to);
        emit SupervisorAdded(city_, organisation, record.from, record.to);
    }

    /// @inheritdoc ICityRegistry
    function endSupervisor(bytes32 city_, bytes32 organisation, uint256 to) external onlyQuorum {
        Period storage record = _supervisors[city_][organisation];
        if (record.from == 0) revert SupervisorUnknown(city_, organisation);
        record.to = _end(city_, record.from, record.to, to, block.timestamp);
        emit SupervisorEnded(city_, organisation, record.to);
    }

    /// @inheritdoc ICityRegistry
    function addOrigin(bytes32 city_, string calldata line, OriginKind kind, uint256 q, Schedule calldata schedule)
        external
        onlyQuorum
        returns (bytes32 id)
    {
        if (bytes(line).length == 0) revert NameEmpty();
        id = sha256(bytes(line));
        if (_origins[id].kind != 0) revert OriginExists(id);
        if (!(kind == OriginKind.Sealed ? _fitsSealed(q, schedule) : _fitsPublic(kind, q, schedule))) {
            revert OriginInvalid(id);
        }
        (uint256 from, uint256 to) = _period(city_, 0, 0);
        _origins[id] = Origin({city: city_, kind: uint256(kind), q: q, from: from, to: to, schedule: schedule});
        emit OriginAdded(city_, id, kind, q, schedule, line);
    }

    /// @inheritdoc ICityRegistry
    function endOrigin(bytes32 id, uint256 to) external onlyQuorum {
        Origin storage record = _origins[id];
        if (record.kind == 0) revert OriginUnknown(id);
        record.to = _end(record.city, record.from, record.to, to, block.timestamp);
        emit OriginEnded(id, record.to);
    }

    /// @dev As many other cities sign as there are, and no fewer than a tender announced now needs.
    function _fitsSealed(uint256 q, Schedule calldata s) private view returns (bool) {
        if (q < witnessQuorum() || q > _MAX_ORIGIN_QUORUM || q >= _cityCount) return false;
        bool grows = s.slowSlips != 0 && s.slowSeconds != 0 && s.fastSlips != 0 && s.fastSeconds != 0;
        uint256 most = type(uint32).max;
        bool small = s.slowSlips <= most && s.slowSeconds <= most && s.fastSlips <= most && s.fastSeconds <= most;
        return grows && small && s.fastLead <= most;
    }

    function _fitsPublic(OriginKind kind, uint256 q, Schedule calldata s) private pure returns (bool) {
        return kind == OriginKind.Public && q == 0
            && s.slowSlips | s.slowSeconds | s.fastSlips | s.fastSeconds | s.fastLead == 0;
    }

    // --- the other contracts ------------------------------------------------------------------------------------

    /// @inheritdoc ICityRegistry
    function nameVersion(ContractKind kind, address version) external onlyQuorum {
        bool named = kind == ContractKind.None || _kindOfVersion[version] != 0;
        if (named || version.code.length == 0) revert VersionInvalid(version);
        _kindOfVersion[version] = uint256(kind);
        _currentVersion[uint256(kind)] = version;
        emit VersionNamed(kind, version);
    }

    // --- periods ------------------------------------------------------------------------------------------------

    /// @dev The period of a new entry of a city: never backdated, not empty; an open one is counted.
    function _period(bytes32 city_, uint256 from, uint256 to) private returns (uint256 start, uint256 end) {
        City storage record = _standing(city_);
        start = from < block.timestamp ? block.timestamp : from;
        end = to == 0 ? FOREVER : to;
        if (start >= end || end > FOREVER) revert PeriodInvalid(from, to);
        if (end == FOREVER) record.open++;
    }

    /// @dev The end of an entry that has not ended: at `to`, but not before `earliest`.
    function _end(bytes32 city_, uint256 from, uint256 old, uint256 to, uint256 earliest)
        private
        returns (uint256 end)
    {
        end = to < earliest ? earliest : to;
        if (old < block.timestamp || end >= FOREVER) revert PeriodInvalid(from, end);
        if (old == FOREVER) _cities[city_].open--;
    }

    function _standing(bytes32 id) internal view returns (City storage record) {
        record = _cities[id];
        if (record.to != FOREVER) revert CityUnknown(id);
    }

    // --- reading ------------------------------------------------------------------------------------------------

    /// @inheritdoc ICityRegistry
    function cityOfKey(address id, KeyKind kind, uint256 at) public view returns (bytes32) {
        Key storage record = _keys[id];
        bool stood = record.kind == uint256(kind) && record.from <= at && at <= record.to && record.compromisedAt == 0;
        return stood ? record.city : bytes32(0);
    }

    /// @inheritdoc ICityRegistry
    function witnessQuorum() public view returns (uint256) {
        uint256 half = (_cityCount - 1) / 2;
        return half == 0 ? 1 : half > _MAX_ORIGIN_QUORUM ? _MAX_ORIGIN_QUORUM : half;
    }

    /// @inheritdoc ICityRegistry
    function isSupervisor(bytes32 city_, bytes32 organisation) external view returns (bool) {
        Period storage record = _supervisors[city_][organisation];
        return record.from != 0 && record.from <= block.timestamp && block.timestamp <= record.to;
    }

    /// @inheritdoc ICityRegistry
    function standingOrigin(bytes32 id) external view returns (Origin memory record) {
        record = _origins[id];
        bool stands = record.kind != 0 && record.from <= block.timestamp && block.timestamp <= record.to;
        if (!stands) revert OriginUnknown(id);
    }

    /// @inheritdoc ICityRegistry
    function origin(bytes32 id) external view returns (Origin memory) {
        return _origins[id];
    }

    /// @inheritdoc ICityRegistry
    function isVersion(ContractKind kind, address version) external view returns (bool) {
        return kind != ContractKind.None && _kindOfVersion[version] == uint256(kind);
    }

    /// @inheritdoc ICityRegistry
    function currentVersion(ContractKind kind) external view returns (address) {
        return _currentVersion[uint256(kind)];
    }

    /// @inheritdoc ICityRegistry
    function cityCount() external view returns (uint256) {
        return _cityCount;
    }

    /// @inheritdoc ICityRegistry
    function city(bytes32 id) external view returns (City memory) {
        return _cities[id];
    }

    /// @inheritdoc ICityRegistry
    function key(address id) public view returns (Key memory) {
        return _keys[id];
    }

    /// @inheritdoc ICityRegistry
    function noteKey(bytes32 id) external view returns (Key memory) {
        return _noteKeys[id];
    }

    /// @inheritdoc ICityRegistry
    function supervisor(bytes32 city_, bytes32 organisation) external view returns (Period memory) {
        return _supervisors[city_][organisation];
    }

    /// @inheritdoc ICityRegistry
    function revocationDelay() external view returns (uint256) {
        return _revocationDelay;
    }

    /// @dev Zero for what was never named: proposals may call only the registry and its versions.
    function _isNamed(address target) internal view returns (bool) {
        return target == address(this) || _kindOfVersion[target] != 0;
    }
}
