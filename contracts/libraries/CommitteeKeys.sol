// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The keys of a committee as one string Y ‖ h₁ ‖ … ‖ hₙ of SEC1-compressed points on secp256k1.
/// @dev Hashes are those of sealing.md for suite 0x01, `enc` puts four bytes of length before each item.
library CommitteeKeys {
    uint256 internal constant POINT_SIZE = 33;

    uint256 private constant _P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    /// @dev "sunbid-tdh2/v1/" ‖ role ‖ suite.
    bytes private constant _TAG = hex"73756e6269642d746468322f76312f6b657973657401";
    address private constant _MODEXP = address(5);

    error KeysLengthInvalid(uint256 length);

    /// @notice Return n of a string of n + 1 points; revert if it is not a whole number of them, or fewer than two.
    function membersIn(bytes calldata keys) internal pure returns (uint256) {
        bool whole = keys.length % POINT_SIZE == 0 && keys.length >= 2 * POINT_SIZE;
        if (!whole) revert KeysLengthInvalid(keys.length);
        return keys.length / POINT_SIZE - 1;
    }

    /// @notice Return `enc(u32 n, u32 k, Y, h₁…hₙ)`.
    function encode(bytes calldata keys, uint256 k) internal pure returns (bytes memory encoded) {
        uint256 n = membersIn(keys);
        // Both are far below 2³² (KeySets refuses more than a few dozen members).
        encoded = abi.encodePacked(uint32(4), uint32(n), uint32(4), uint32(k));
        for (uint256 i = 0; i <= n; i++) {
            encoded = bytes.concat(encoded, bytes4(uint32(POINT_SIZE)), at(keys, i));
        }
    }

    /// @notice Return `H("keyset"; u32 n, u32 k, Y, h₁…hₙ)`, the keyId when these are the keys of epoch 1.
    function keyId(bytes memory encoded) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(uint32(_TAG.length), _TAG, encoded));
    }

    /// @notice Return point `index`, 0 for Y, as 33 bytes.
    function at(bytes calldata keys, uint256 index) internal pure returns (bytes calldata) {
        return keys[index * POINT_SIZE:(index + 1) * POINT_SIZE];
    }

    /// @notice Return the first byte and the x coordinate of a compressed point of 33 bytes.
    function split(bytes calldata point) internal pure returns (uint256 prefix, bytes32 x) {
        return (uint8(point[0]), bytes32(point[1:POINT_SIZE]));
    }

    /// @notice Say whether `point` is the compressed encoding of a point of the curve: 02 or 03, x < p, and x³ + 7 is a
    /// square (Euler's criterion).
    function isPoint(bytes calldata point) internal view returns (bool) {
        if (point.length != POINT_SIZE) return false;
        (uint256 prefix, bytes32 encoded) = split(point);
        uint256 x = uint256(encoded);
        if ((prefix != 2 && prefix != 3) || x >= _P) return false;
        uint256 square = addmod(mulmod(mulmod(x, x, _P), x, _P), 7, _P);
        // The precompile has no other interface.
        // slither-disable-next-line low-level-calls
        (bool ok, bytes memory answer) =
            _MODEXP.staticcall(abi.encode(uint256(32), uint256(32), uint256(32), square, (_P - 1) / 2, _P));
        return ok && answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }
}
