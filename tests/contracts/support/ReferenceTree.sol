// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title RFC 6962 §2.1 written down as its definitions stand, to check the iterative verifier against.
library ReferenceTree {
    /// @dev MTH of the leaf hashes from `start` up to `end`, not included.
    function head(bytes32[] memory leaves, uint256 start, uint256 end) internal pure returns (bytes32) {
        if (start == end) return sha256("");
        if (end - start == 1) return leaves[start];
        uint256 middle = start + _split(end - start);
        return _node(head(leaves, start, middle), head(leaves, middle, end));
    }

    /// @dev PROOF(size1, D[0:size2]).
    function proof(bytes32[] memory leaves, uint256 size1, uint256 size2) internal pure returns (bytes32[] memory) {
        if (size1 == 0 || size1 == size2) return new bytes32[](0);
        return _subproof(leaves, size1, 0, size2, true);
    }

    function _subproof(bytes32[] memory leaves, uint256 m, uint256 start, uint256 end, bool whole)
        private
        pure
        returns (bytes32[] memory)
    {
        if (m == end - start) {
            return whole ? new bytes32[](0) : _append(new bytes32[](0), head(leaves, start, end));
        }
        uint256 k = _split(end - start);
        if (m <= k) {
            return _append(_subproof(leaves, m, start, start + k, whole), head(leaves, start + k, end));
        }
        return _append(_subproof(leaves, m - k, start + k, end, false), head(leaves, start, start + k));
    }

    /// @dev The largest power of two below n.
    function _split(uint256 n) private pure returns (uint256 k) {
        k = 1;
        while (k * 2 < n) k *= 2;
    }

    function _append(bytes32[] memory list, bytes32 item) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; i++) {
            longer[i] = list[i];
        }
        longer[list.length] = item;
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }
}
