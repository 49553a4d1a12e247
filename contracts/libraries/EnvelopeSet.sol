// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The envelopes of a lot, opened in ascending order: bit 0 qualification (1), bit 1 technical (2), bit 2 price (3).
library EnvelopeSet {
    uint256 internal constant ALL = 7;

    /// @notice Return the first envelope of the set after `envelope` (0: the first of all), 0 if there is none.
    function next(uint256 envelopes, uint256 envelope) internal pure returns (uint256) {
        for (uint256 e = envelope + 1; e <= 3; e++) {
            if (envelopes & (1 << (e - 1)) != 0) return e;
        }
        return 0;
    }

    /// @notice Return the last envelope of the set before `envelope`, 0 if there is none.
    function former(uint256 envelopes, uint256 envelope) internal pure returns (uint256 found) {
        for (uint256 e = next(envelopes, 0); e != 0 && e < envelope; e = next(envelopes, e)) {
            found = e;
        }
    }
}
