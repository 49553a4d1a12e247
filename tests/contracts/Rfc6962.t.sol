// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {Rfc6962} from "../../contracts/libraries/Rfc6962.sol";
import {ReferenceTree} from "./support/ReferenceTree.sol";

contract Rfc6962Test is Test {
    uint256 private constant MOST = 40;
    bytes32[] private leaves;

    function setUp() public {
        for (uint256 i = 0; i < MOST; i++) {
            leaves.push(sha256(abi.encodePacked(bytes1(0x00), i)));
        }
    }

    function test_isConsistent_acceptsEveryPairOfSizes() public view {
        bytes32[] memory all = leaves;
        for (uint64 size2 = 1; size2 <= 24; size2++) {
            bytes32 root2 = ReferenceTree.head(all, 0, size2);
            for (uint64 size1 = 0; size1 <= size2; size1++) {
                bytes32 root1 = ReferenceTree.head(all, 0, size1);
                bytes32[] memory proof = ReferenceTree.proof(all, size1, size2);
                assertTrue(Rfc6962.isConsistent(size1, size2, root1, root2, proof));
            }
        }
    }

    function testFuzz_isConsistent_failsIfAnythingIsAltered(uint64 size1, uint64 size2, uint8 what, bytes32 noise)
        public
        view
    {
        (bytes32[] memory all, bytes32[] memory proof, bytes32 root1, bytes32 root2) = _case(size1, size2);
        (size1, size2) = _sizes(size1, size2);
        vm.assume(noise != 0);
        what = uint8(bound(what, 0, proof.length + 1));
        if (what == 0) root1 ^= noise;
        else if (what == 1) root2 ^= noise;
        else proof[what - 2] ^= noise;
        assertFalse(Rfc6962.isConsistent(size1, size2, root1, root2, proof));
        assertEq(all.length, MOST);
    }

    function testFuzz_isConsistent_failsIfProofHasAnotherLength(uint64 size1, uint64 size2, bool longer, bytes32 noise)
        public
        view
    {
        (, bytes32[] memory proof, bytes32 root1, bytes32 root2) = _case(size1, size2);
        (size1, size2) = _sizes(size1, size2);
        bytes32[] memory other = new bytes32[](longer ? proof.length + 1 : proof.length - 1);
        for (uint256 i = 0; i < other.length; i++) {
            other[i] = i < proof.length ? proof[i] : noise;
        }
        assertFalse(Rfc6962.isConsistent(size1, size2, root1, root2, other));
    }

    function testFuzz_isConsistent_failsIfSizeDiffers(uint64 size1, uint64 size2, uint64 other) public view {
        (bytes32[] memory all, bytes32[] memory proof, bytes32 root1, bytes32 root2) = _case(size1, size2);
        (size1, size2) = _sizes(size1, size2);
        other = uint64(bound(other, 1, size2));
        vm.assume(other != size1);
        vm.assume(ReferenceTree.head(all, 0, other) != root1);
        assertFalse(Rfc6962.isConsistent(other, size2, root1, root2, proof));
    }

    function test_isConsistent_failsIfProofIsMissing() public view {
        (bytes32 root3, bytes32 root4) = (ReferenceTree.head(leaves, 0, 3), ReferenceTree.head(leaves, 0, 4));
        assertFalse(Rfc6962.isConsistent(3, 4, root3, root4, new bytes32[](0)));
        assertFalse(Rfc6962.isConsistent(2, 4, ReferenceTree.head(leaves, 0, 2), root4, new bytes32[](0)));
    }

    function test_isConsistent_failsIfSmaller() public view {
        assertFalse(Rfc6962.isConsistent(2, 1, leaves[0], leaves[0], new bytes32[](0)));
    }

    function test_isConsistent_failsIfSameSizeAndOtherRoot() public view {
        assertFalse(Rfc6962.isConsistent(1, 1, leaves[0], leaves[1], new bytes32[](0)));
        assertTrue(Rfc6962.isConsistent(1, 1, leaves[0], leaves[0], new bytes32[](0)));
    }

    function test_isConsistent_failsIfProofBringsTooMuch() public view {
        assertFalse(Rfc6962.isConsistent(0, 1, 0, leaves[0], new bytes32[](1)));
        assertFalse(Rfc6962.isConsistent(1, 1, leaves[0], leaves[0], new bytes32[](1)));
    }

    function testFuzz_isConsistent_neverPanics(
        uint64 size1,
        uint64 size2,
        bytes32 root1,
        bytes32 root2,
        bytes32[] memory proof
    ) public pure {
        vm.assume(size1 != 0 && root1 != root2);
        assertFalse(Rfc6962.isConsistent(size1, size2, root1, root2, proof));
    }

    function _sizes(uint64 size1, uint64 size2) private pure returns (uint64, uint64) {
        size2 = uint64(bound(size2, 2, MOST));
        return (uint64(bound(size1, 1, size2 - 1)), size2);
    }

    function _case(uint64 size1, uint64 size2)
        private
        view
        returns (bytes32[] memory all, bytes32[] memory proof, bytes32 root1, bytes32 root2)
    {
        (size1, size2) = _sizes(size1, size2);
        all = leaves;
        proof = ReferenceTree.proof(all, size1, size2);
        (root1, root2) = (ReferenceTree.head(all, 0, size1), ReferenceTree.head(all, 0, size2));
    }
}
