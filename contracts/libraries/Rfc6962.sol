// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Consistency proofs of an append-only Merkle tree, by the SHA-256 precompile.
/// @dev RFC 6962 §2.1.2 with the verification procedure of RFC 9162 §2.1.4.2.
library Rfc6962 {
    /// @notice Say whether `proof` shows that the tree of `size1` leaves with `root1` is the start of the tree of `size2`
    /// leaves with `root2`. Every tree extends the empty one (`size1` = 0, `root1` is not looked at), without a proof.
    /// At most 64 + 64 hashes are read, whatever the caller sends.
    function isConsistent(uint64 size1, uint64 size2, bytes32 root1, bytes32 root2, bytes32[] memory proof)
        internal
        pure
        returns (bool)
    {
        if (size1 > size2) return false;
        if (size1 == 0) return proof.length == 0;
        if (size1 == size2) return proof.length == 0 && root1 == root2;
        return _verify(size1, size2, root1, root2, proof);
    }

    function _verify(uint64 size1, uint64 size2, bytes32 root1, bytes32 root2, bytes32[] memory proof)
        private
        pure
        returns (bool)
    {
        // `first` and `second` are the paths of the last leaf of each tree, seen from the lowest complete subtree of the
        // smaller one that the proof can start from.
        uint256 first = uint256(size1) - 1;
        uint256 second = uint256(size2) - 1;
        while (first & 1 == 1) {
            first >>= 1;
            second >>= 1;
        }
        // A smaller tree whose size is a power of two is itself that subtree, and the proof leaves it out.
        bool omitted = first == 0;
        if (proof.length == 0 && !omitted) return false;
        bytes32 hash1 = omitted ? root1 : proof[0];
        bytes32 hash2 = hash1;
        for (uint256 i = omitted ? 0 : 1; i < proof.length; i++) {
            if (second == 0) return false;
            if (first & 1 == 1 || first == second) {
                hash1 = node(proof[i], hash1);
                hash2 = node(proof[i], hash2);
                while (first & 1 == 0 && first != 0) {
                    first >>= 1;
                    second >>= 1;
                }
            } else {
                hash2 = node(hash2, proof[i]);
            }
            first >>= 1;
            second >>= 1;
        }
        return second == 0 && hash1 == root1 && hash2 == root2;
    }

    /// @notice Return the hash of an inner node.
    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }
}
