// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ITenderBook} from "../interfaces/ITenderBook.sol";
import {Acts} from "./Acts.sol";
import {Committee} from "./Codes.sol";
import {EnvelopeSet} from "./EnvelopeSet.sol";

/// @title The limits of an announcement (contracts.md, TenderBook).
library TenderTerms {
    uint256 private constant _MAX_LOTS = 256;
    uint256 private constant _MAX_ORIGINS = 8;
    uint256 internal constant MAX_AHEAD = 400 days;
    uint256 internal constant MAX_GRACE = 7 days;
    uint256 internal constant MAX_OPEN_AFTER = 7 days;
    uint256 internal constant MAX_AMEND_LEAD = 60 days;

    /// @notice Revert unless the announcement's deadline, periods, codes, lots and number of origins are within bounds.
    function check(Acts.TenderAnnouncement calldata act, uint256 graceMin, uint256 openAfterMin, uint256 amendLeadMin)
        internal
        view
    {
        if (act.deadline <= block.timestamp || act.deadline > block.timestamp + MAX_AHEAD) {
            revert ITenderBook.InvalidDeadline();
        }
        bool inTime = _within(act.grace, graceMin, MAX_GRACE) && _within(act.openAfter, openAfterMin, MAX_OPEN_AFTER)
            && _within(act.amendLead, amendLeadMin, MAX_AMEND_LEAD);
        if (!inTime || act.minimumBidders == 0 || act.committee > Committee.NEVER) revert ITenderBook.InvalidTerms();
        if (act.origins.length == 0 || act.origins.length > _MAX_ORIGINS) revert ITenderBook.InvalidOrigins();
        _checkLots(act.lots);
    }

    function _within(uint256 value, uint256 least, uint256 most) private pure returns (bool) {
        return least <= value && value <= most;
    }

    function _checkLots(Acts.Lot[] calldata lots) private pure {
        if (lots.length == 0 || lots.length > _MAX_LOTS) revert ITenderBook.InvalidLots();
        if (lots[0].number == 0 && lots.length > 1) revert ITenderBook.InvalidLots();
        for (uint256 i = 0; i < lots.length; i++) {
            if (i > 0 && lots[i].number <= lots[i - 1].number) revert ITenderBook.InvalidLots();
            if (lots[i].envelopes == 0 || lots[i].envelopes > EnvelopeSet.ALL) revert ITenderBook.InvalidLots();
        }
    }
}
