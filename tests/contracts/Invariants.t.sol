// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AnchorRegistry} from "../../contracts/AnchorRegistry.sol";
import {IAnchorRegistry} from "../../contracts/interfaces/IAnchorRegistry.sol";
import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {IKeySets} from "../../contracts/interfaces/IKeySets.sol";
import {Committee} from "./support/Committee.sol";
import {ReferenceTree} from "./support/ReferenceTree.sol";

/// @dev Whatever order cities, tenders, tricksters and time come in: no period moves into the past, no log loses a leaf,
/// no box serves two tenders, and a key set's uses are its unfinished tenders. The test contract is its own handler; it
/// expects refusals, so that whatever still reverts is an assertion.
contract InvariantsTest is Committee {
    uint256 private constant LEAVES = 24;
    uint256 private constant BOXES = 4;

    AnchorRegistry private anchors;
    bytes32 private origin;
    bytes32 private sealKeyId;
    bytes32[] private boxes;
    bytes32[] private history;
    bytes32[] private forgery;

    /// @dev What the handler saw, to compare with what the contracts say.
    mapping(bytes32 box => bytes32 tender) private announced;
    mapping(bytes32 box => bool) private finished;
    mapping(address key => ICityRegistry.Key) private seen;
    address[] private watched;
    uint256 private largest;
    uint256 private accepted;

    function setUp() public override {
        super.setUp();
        anchors = new AnchorRegistry(registry, IAnchorRegistry(address(0)));
        _nameVersion(ICityRegistry.ContractKind.AnchorRegistry, address(anchors));
        _nameVersion(ICityRegistry.ContractKind.TenderBook, address(this));
        origin = _addPublic(0, "log");
        sealKeyId = _registerSeal(1);
        for (uint256 i = 0; i < BOXES; i++) {
            boxes.push(_registerBox(100 + 10 * i, sealKeyId));
        }
        for (uint256 i = 0; i < LEAVES; i++) {
            history.push(keccak256(abi.encode(i)));
            forgery.push(keccak256(abi.encode(i / 8, i)));
        }
        for (uint256 i = 0; i < 3; i++) {
            watched.push(witnesses[i].at);
            watched.push(issuers[i].at);
            seen[witnesses[i].at] = registry.key(witnesses[i].at);
            seen[issuers[i].at] = registry.key(issuers[i].at);
        }
        _target();
    }

    function _target() private {
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = this.pass.selector;
        selectors[1] = this.anchor.selector;
        selectors[2] = this.forge.selector;
        selectors[3] = this.announce.selector;
        selectors[4] = this.finish.selector;
        selectors[5] = this.retire.selector;
        selectors[6] = this.end.selector;
        targetContract(address(this));
        targetSelector(FuzzSelector(address(this), selectors));
    }

    // --- what may happen ----------------------------------------------------------------------------------------

    function pass(uint256 duration) external {
        vm.warp(block.timestamp + bound(duration, 1, 40 days));
    }

    /// @dev The city goes on, mostly from where it was, at times from an old checkpoint.
    function anchor(uint256 from, uint256 to, bool late) external {
        from = late ? bound(from, 0, LEAVES) : largest;
        to = bound(to, from, from + 5 < LEAVES ? from + 5 : LEAVES);
        _try(to, ReferenceTree.head(history, 0, to), ReferenceTree.proof(history, from, to));
    }

    /// @dev The city's own submitter offers another history.
    function forge(uint256 from, uint256 to) external {
        (from, to) = (bound(from, 1, LEAVES), bound(to, 1, LEAVES));
        if (from > to) (from, to) = (to, from);
        bytes32[] memory proof = ReferenceTree.proof(forgery, from, to);
        if (accepted == 0) return;
        _try(to, ReferenceTree.head(forgery, 0, to), proof);
    }

    function announce(uint256 box, bytes32 tender) external {
        bytes32 boxKeyId = boxes[box % BOXES];
        try keySets.spend(boxKeyId, sealKeyId, tender) {
            assertEq(keySets.keySet(boxKeyId).uses, 1);
            assertEq(announced[boxKeyId], 0, "spent twice");
            announced[boxKeyId] = keccak256(abi.encode(tender));
            finished[boxKeyId] = false;
        } catch {}
    }

    function finish(uint256 box) external {
        bytes32 boxKeyId = boxes[box % BOXES];
        try keySets.release(boxKeyId, sealKeyId, keySets.keySet(boxKeyId).spentBy) {
            assertTrue(announced[boxKeyId] != 0 && !finished[boxKeyId], "released without a tender");
            finished[boxKeyId] = true;
        } catch {}
    }

    function retire() external {
        vm.prank(address(registry));
        try keySets.retire(sealKeyId) {
            assertEq(_unfinished(), 0, "retired under a tender");
        } catch {}
    }

    function end(uint256 which, uint256 to, bool compromised) external {
        address id = watched[which % watched.length];
        vm.prank(address(registry));
        if (compromised) {
            try registry.compromiseKey(id) {} catch {}
        } else {
            try registry.endKey(id, bound(to, 0, block.timestamp + 100 days)) {} catch {}
        }
        _compareKey(id);
    }

    // --- what has to hold ---------------------------------------------------------------------------------------

    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_aLogOnlyGrowsAndKeepsItsLeaves() public view {
        (uint256 size, bytes32 root) = anchors.last(origin);
        assertEq(size, largest);
        if (size != 0) assertEq(root, ReferenceTree.head(history, 0, size));
        assertEq(anchors.count(origin), accepted);
        for (uint256 i = 1; i < accepted; i++) {
            assertLt(anchors.checkpoint(origin, i - 1).size, anchors.checkpoint(origin, i).size);
            assertLe(anchors.checkpoint(origin, i - 1).anchoredAt, anchors.checkpoint(origin, i).anchoredAt);
        }
    }

    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_usesAreTheUnfinishedTenders() public view {
        assertEq(keySets.keySet(sealKeyId).uses, _unfinished());
    }

    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_openEntriesAreTheKeysWithoutAnEnd() public view {
        for (uint256 i = 0; i < 3; i++) {
            uint256 open = i == 0 ? 4 : 3; // governor, submitter, receiving key; the log of the first city
            if (registry.key(witnesses[i].at).to == FOREVER) open++;
            if (registry.key(issuers[i].at).to == FOREVER) open++;
            assertEq(registry.city(cities[i]).open, open);
        }
    }

    // --- helpers ------------------------------------------------------------------------------------------------

    function _try(uint256 size, bytes32 root, bytes32[] memory proof) private {
        vm.prank(submitters[0].at);
        try anchors.anchor(origin, uint64(size), root, proof, new IAnchorRegistry.TimedSignature[](0)) {
            if (size > largest) accepted++;
            assertGe(size, largest, "a log shrank");
            largest = size;
        } catch {}
    }

    function _unfinished() private view returns (uint256 number) {
        for (uint256 i = 0; i < BOXES; i++) {
            if (announced[boxes[i]] != 0 && !finished[boxes[i]]) number++;
        }
    }

    /// @dev What a key was until now it stays: start, owner and kind never change, an end is never set in the past.
    function _compareKey(address id) private {
        ICityRegistry.Key memory before = seen[id];
        ICityRegistry.Key memory record = registry.key(id);
        assertEq(record.city, before.city);
        assertEq(record.kind, before.kind);
        assertEq(record.from, before.from);
        if (record.to != before.to) {
            assertGe(record.to, block.timestamp);
            assertGe(before.to, block.timestamp);
        }
        if (before.compromisedAt != 0) assertEq(record.compromisedAt, before.compromisedAt);
        seen[id] = record;
    }
}
