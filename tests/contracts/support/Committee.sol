// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {KeySets} from "../../../contracts/KeySets.sol";
import {ICityRegistry} from "../../../contracts/interfaces/ICityRegistry.sol";
import {IKeySets} from "../../../contracts/interfaces/IKeySets.sol";
import {Acts} from "../../../contracts/libraries/Acts.sol";
import {Purpose} from "../../../contracts/libraries/Codes.sol";
import {Deployment} from "./Deployment.sol";

/// @title Committees of one member a city, with keys of any purpose.
/// @dev Points are those of known secrets; hashes are computed here by sealing.md's text.
abstract contract Committee is Deployment {
    KeySets internal keySets;
    Actor[3] internal holders;

    function setUp() public virtual override {
        super.setUp();
        keySets = new KeySets(registry);
        _nameVersion(ICityRegistry.ContractKind.KeySets, address(keySets));
        for (uint256 i = 0; i < 3; i++) {
            holders[i] = _actor("holder", i);
        }
    }

    /// @dev Three holders, k = 2, their points from the secrets `seed` … `seed + 3`.
    function _registration(uint8 purpose, uint256 seed, bytes32 sealKeyId)
        internal
        returns (bytes32 keyId, IKeySets.Registration memory r)
    {
        r.purpose = purpose;
        r.sealKeyId = sealKeyId;
        r.k = 2;
        r.keys = _keys(seed, 3);
        r.transcript = keccak256(abi.encode(seed));
        keyId = _keyId(2, r.keys);
        if (purpose != Purpose.BOX) {
            r.members = new IKeySets.Member[](3);
            for (uint256 i = 0; i < 3; i++) {
                r.members[i] =
                    IKeySets.Member(_point(1000 + i), holders[i].at, cities[i], keccak256(abi.encode("office", i)));
            }
        }
        r.signatures = _signAll(keyId, r, 1);
    }

    function _signAll(bytes32 keyId, IKeySets.Registration memory r, uint32 epoch)
        internal
        view
        returns (bytes[] memory signatures)
    {
        signatures = new bytes[](3);
        for (uint256 i = 0; i < 3; i++) {
            signatures[i] = _sign(holders[i], _registrationDigest(keyId, r, epoch));
        }
    }

    function _registrationDigest(bytes32 keyId, IKeySets.Registration memory r, uint32 epoch)
        internal
        view
        returns (bytes32)
    {
        Acts.KeySetRegistration memory act =
            Acts.KeySetRegistration(keyId, r.purpose, epoch, sha256(_encoded(r.k, r.keys)));
        return _digestFor(address(keySets), Acts.hash(act));
    }

    function _registerSeal(uint256 seed) internal returns (bytes32 keyId) {
        IKeySets.Registration memory r;
        (keyId, r) = _registration(Purpose.SEAL, seed, 0);
        _decide(address(keySets), abi.encodeCall(IKeySets.register, (keyId, r)));
    }

    function _registerBox(uint256 seed, bytes32 sealKeyId) internal returns (bytes32 keyId) {
        IKeySets.Registration memory r;
        (keyId, r) = _registration(Purpose.BOX, seed, sealKeyId);
        keySets.register(keyId, r);
    }

    function _keys(uint256 seed, uint256 n) internal returns (bytes memory keys) {
        for (uint256 i = 0; i <= n; i++) {
            keys = bytes.concat(keys, _point(seed + i));
        }
    }

    function _keyId(uint32 k, bytes memory keys) internal pure returns (bytes32) {
        bytes memory tag = abi.encodePacked("sunbid-tdh2/v1/", "keyset", bytes1(0x01));
        return sha256(bytes.concat(abi.encodePacked(uint32(tag.length), tag), _encoded(k, keys)));
    }

    /// @dev enc(u32 n, u32 k, Y, h₁…hₙ).
    function _encoded(uint32 k, bytes memory keys) internal pure returns (bytes memory encoded) {
        encoded = abi.encodePacked(uint32(4), uint32(keys.length / 33 - 1), uint32(4), k);
        for (uint256 i = 0; i < keys.length; i += 33) {
            encoded = bytes.concat(encoded, abi.encodePacked(uint32(33)), _slice(keys, i));
        }
    }

    function _slice(bytes memory keys, uint256 start) internal pure returns (bytes memory point) {
        point = new bytes(33);
        for (uint256 i = 0; i < 33; i++) {
            point[i] = keys[start + i];
        }
    }
}
