// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {CommitteeKeys} from "../../contracts/libraries/CommitteeKeys.sol";

/// @dev The library, over the vectors that Python and TypeScript share.
contract CommitteeKeysTest is Test {
    string private vectors;

    function setUp() public {
        vectors = vm.readFile("tests/vectors/tdh2-0x01.json");
    }

    function test_keyId_equalsTheSharedVectors() public view {
        string[] memory names = vm.parseJsonKeys(vectors, ".keysets");
        uint256 first = 0;
        for (uint256 i = 0; i < names.length; i++) {
            string memory path = string.concat(".keysets.", names[i]);
            uint256 k = vm.parseJsonUint(vectors, string.concat(path, ".k"));
            bytes memory encoded = this.encode(_keys(path), k);
            assertEq(
                vm.toString(CommitteeKeys.keyId(encoded)),
                _hex(vm.parseJsonString(vectors, string.concat(path, ".setHash")))
            );
            if (vm.parseJsonUint(vectors, string.concat(path, ".epoch")) != 1) continue;
            first++;
            assertEq(
                vm.toString(CommitteeKeys.keyId(encoded)),
                _hex(vm.parseJsonString(vectors, string.concat(path, ".keyId")))
            );
        }
        assertGt(first, 0);
    }

    function test_isPoint_acceptsTheSharedVectors() public view {
        bytes memory keys = _keys(".keysets.n5k3");
        for (uint256 i = 0; i < 6; i++) {
            assertTrue(this.isPointAt(keys, i));
        }
    }

    function testFuzz_isPoint_acceptsEveryPublicKey(uint256 secret, bool mirrored) public {
        secret = bound(secret, 1, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364140);
        uint256 x = vm.createWallet(secret).publicKeyX;
        assertTrue(this.isPoint(abi.encodePacked(uint8(mirrored ? 2 : 3), x)));
        assertFalse(this.isPoint(abi.encodePacked(uint8(4), x)));
        assertFalse(this.isPoint(abi.encodePacked(uint8(0), x)));
        assertFalse(this.isPoint(abi.encodePacked(uint8(2), x, uint8(0))));
    }

    /// @dev −2 is no cube's neighbour: x³ + 7 = −1 has no root, since p ≡ 3 (mod 4).
    function test_isPoint_failsIfOffTheCurve() public view {
        assertFalse(this.isPoint(abi.encodePacked(uint8(2), uint256(5))));
        uint256 p = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
        assertFalse(this.isPoint(abi.encodePacked(uint8(2), p - 2)));
        assertTrue(this.isPoint(abi.encodePacked(uint8(2), uint256(1))));
        assertFalse(this.isPoint(abi.encodePacked(uint8(2), p + 1)), "x is not reduced");
    }

    function test_isPoint_failsIfEmpty() public view {
        assertFalse(this.isPoint(""));
    }

    // --- the library takes calldata -----------------------------------------------------------------------------

    function encode(bytes calldata keys, uint256 k) external pure returns (bytes memory) {
        return CommitteeKeys.encode(keys, k);
    }

    function isPoint(bytes calldata point) external view returns (bool) {
        return CommitteeKeys.isPoint(point);
    }

    function isPointAt(bytes calldata keys, uint256 index) external view returns (bool) {
        return CommitteeKeys.isPoint(CommitteeKeys.at(keys, index));
    }

    function _keys(string memory path) private view returns (bytes memory keys) {
        keys = vm.parseBytes(_hex(vm.parseJsonString(vectors, string.concat(path, ".Y"))));
        string[] memory h = vm.parseJsonStringArray(vectors, string.concat(path, ".h"));
        for (uint256 i = 0; i < h.length; i++) {
            keys = bytes.concat(keys, vm.parseBytes(_hex(h[i])));
        }
    }

    function _hex(string memory digits) private pure returns (string memory) {
        return string.concat("0x", digits);
    }
}
