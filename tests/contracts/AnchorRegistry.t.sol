// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AnchorRegistry} from "../../contracts/AnchorRegistry.sol";
import {IAnchorRegistry} from "../../contracts/interfaces/IAnchorRegistry.sol";
import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {Acts} from "../../contracts/libraries/Acts.sol";
import {Deployment} from "./support/Deployment.sol";
import {ReferenceTree} from "./support/ReferenceTree.sol";

contract AnchorRegistryTest is Deployment {
    event Anchored(bytes32 indexed origin, uint256 indexed index, uint256 size, bytes32 root, uint256 cosignedAt);

    AnchorRegistry private anchors;
    bytes32 private publicLog;
    bytes32 private sealedLog;
    bytes32[] private leaves;

    function setUp() public override {
        super.setUp();
        anchors = new AnchorRegistry(registry, IAnchorRegistry(address(0)));
        _nameVersion(ICityRegistry.ContractKind.AnchorRegistry, address(anchors));
        publicLog = _addPublic(0, "ezhou.example/public");
        sealedLog = _addSealed(0, "ezhou.example/sealed");
        for (uint256 i = 0; i < 20; i++) {
            leaves.push(sha256(abi.encodePacked(bytes1(0x00), i)));
        }
        vm.warp(START + 1000);
    }

    // --- public logs --------------------------------------------------------------------------------------------

    function test_anchor_growsAPublicLog() public {
        vm.expectEmit(address(anchors));
        emit Anchored(publicLog, 0, 5, _root(5), 0);
        _anchorPublic(0, 5);
        vm.warp(START + 2000);
        _anchorPublic(5, 12);
        assertEq(anchors.count(publicLog), 2);
        (uint256 size, bytes32 root) = anchors.last(publicLog);
        assertEq(size, 12);
        assertEq(root, _root(12));
        assertEq(anchors.checkpoint(publicLog, 0).anchoredAt, START + 1000);
        assertEq(anchors.checkpoint(publicLog, 1).anchoredAt, START + 2000);
        assertEq(anchors.checkpoint(publicLog, 1).cosignedAt, 0);
    }

    /// @dev Verifiers compute slots by hand: this is the layout that AnchorRegistry.sol states.
    function test_storage_isWhereItIsDocumented() public {
        _anchorPublic(0, 5);
        assertEq(uint256(vm.load(address(anchors), keccak256(abi.encode(publicLog, uint256(0))))), 1);
        uint256 slot = uint256(keccak256(abi.encode(uint256(0), keccak256(abi.encode(publicLog, uint256(1))))));
        assertEq(uint256(vm.load(address(anchors), bytes32(slot))), 5);
        assertEq(vm.load(address(anchors), bytes32(slot + 1)), _root(5));
        assertEq(uint256(vm.load(address(anchors), bytes32(slot + 3))), START + 1000);
    }

    function test_anchor_repeatsTheLastSilently() public {
        _anchorPublic(0, 5);
        vm.prank(governors[2].at);
        anchors.anchor(publicLog, 5, _root(5), new bytes32[](0), _none());
        assertEq(anchors.count(publicLog), 1);
    }

    function test_anchor_failsIfSameSizeAndOtherRoot() public {
        _anchorPublic(0, 5);
        bytes32 other = _root(6);
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.RootContradicts.selector, 5));
        vm.prank(submitters[0].at);
        anchors.anchor(publicLog, 5, other, new bytes32[](0), _none());
    }

    function test_anchor_failsIfSmaller() public {
        _anchorPublic(0, 5);
        (bytes32 shorter, bytes32 empty) = (_root(4), _root(0));
        vm.startPrank(submitters[0].at);
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.SizeTooSmall.selector, 4, 5));
        anchors.anchor(publicLog, 4, shorter, new bytes32[](0), _none());
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.SizeTooSmall.selector, 0, 0));
        anchors.anchor(sealedLog, 0, empty, new bytes32[](0), _none());
    }

    function test_anchor_failsIfHistoryIsRewritten() public {
        _anchorPublic(0, 5);
        leaves[2] = keccak256("another history");
        bytes32[] memory proof = ReferenceTree.proof(leaves, 5, 9);
        bytes32 root = _root(9);
        vm.expectRevert(IAnchorRegistry.ProofInvalid.selector);
        vm.prank(submitters[0].at);
        anchors.anchor(publicLog, 9, root, proof, _none());
    }

    function test_anchor_failsIfSubmitterOfAnotherCity() public {
        bytes32 root = _root(5);
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.NotTheSubmitter.selector, submitters[1].at));
        vm.prank(submitters[1].at);
        anchors.anchor(publicLog, 5, root, new bytes32[](0), _none());
    }

    function test_anchor_failsIfSubmitterHasEnded() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (submitters[0].at, 0)));
        vm.warp(START + 1001);
        bytes32 root = _root(5);
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.NotTheSubmitter.selector, submitters[0].at));
        vm.prank(submitters[0].at);
        anchors.anchor(publicLog, 5, root, new bytes32[](0), _none());
    }

    function test_anchor_failsIfOriginUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.OriginUnknown.selector, bytes32(uint256(9))));
        vm.prank(submitters[0].at);
        anchors.anchor(bytes32(uint256(9)), 1, leaves[0], new bytes32[](0), _none());
    }

    // --- sealed logs --------------------------------------------------------------------------------------------

    function test_anchor_growsASealedLogForAnybody() public {
        _anchorSealed(8, _signed(8, START + 700, START + 800));
        IAnchorRegistry.Checkpoint memory first = anchors.checkpoint(sealedLog, 0);
        assertEq(first.cosignedAt, START + 800);
        assertEq(first.anchoredAt, START + 1000);
        _anchorSealed(16, _signed(16, START + 900, START + 850));
        assertEq(anchors.checkpoint(sealedLog, 1).cosignedAt, START + 900);
    }

    function test_anchor_failsIfSignaturesAreMissing() public {
        IAnchorRegistry.TimedSignature[] memory one = new IAnchorRegistry.TimedSignature[](1);
        one[0] = _signed(8, START, START)[0];
        _sealedFails(one, abi.encodeWithSelector(IAnchorRegistry.SignaturesMissing.selector, 2));
        _sealedFails(_none(), abi.encodeWithSelector(IAnchorRegistry.SignaturesMissing.selector, 2));
    }

    function test_anchor_failsIfSignedInTheFuture() public {
        _sealedFails(
            _signed(8, START, START + 1001),
            abi.encodeWithSelector(IAnchorRegistry.SignatureFromTheFuture.selector, START + 1001)
        );
    }

    function test_anchor_failsIfReceivingKeyOfAnotherCity() public {
        IAnchorRegistry.TimedSignature[] memory signed = _signed(8, START, START);
        signed[0] = _timed(receivers[1], 8, START);
        _sealedFails(signed, abi.encodeWithSelector(IAnchorRegistry.NotTheReceivingKey.selector, receivers[1].at));
    }

    function test_anchor_failsIfTheOriginsOwnWitness() public {
        IAnchorRegistry.TimedSignature[] memory signed = _signed(8, START, START);
        signed[1] = _timed(witnesses[0], 8, START);
        _sealedFails(signed, abi.encodeWithSelector(IAnchorRegistry.NotAnotherCity.selector, witnesses[0].at));
    }

    function test_anchor_failsIfWitnessIsNoWitness() public {
        IAnchorRegistry.TimedSignature[] memory signed = _signed(8, START, START);
        signed[1] = _timed(receivers[1], 8, START);
        _sealedFails(signed, abi.encodeWithSelector(IAnchorRegistry.NotAnotherCity.selector, receivers[1].at));
    }

    function test_anchor_failsIfWitnessKeyStoodLater() public {
        _sealedFails(
            _signed(8, START, START - 1),
            abi.encodeWithSelector(IAnchorRegistry.NotAnotherCity.selector, witnesses[1].at)
        );
    }

    function test_anchor_countsAWitnessThatEndedAfterItSigned() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (witnesses[1].at, 0)));
        vm.warp(START + 5000);
        _anchorSealed(8, _signed(8, START + 900, START + 1000));
        assertEq(anchors.count(sealedLog), 1);
    }

    function test_anchor_failsIfWitnessIsCompromised() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.compromiseKey, (witnesses[1].at)));
        _sealedFails(
            _signed(8, START, START), abi.encodeWithSelector(IAnchorRegistry.NotAnotherCity.selector, witnesses[1].at)
        );
    }

    function test_anchor_failsIfOneCityStandsForTwo() public {
        ICityRegistry.Schedule memory schedule = _schedule();
        bytes memory adding =
            abi.encodeCall(ICityRegistry.addOrigin, (cities[0], "q2", ICityRegistry.OriginKind.Sealed, 2, schedule));
        _decide(address(registry), adding);
        sealedLog = sha256("q2");
        Actor memory second = _actor("second witness", 1);
        _addKey(1, second, ICityRegistry.KeyKind.Witness, 0);
        IAnchorRegistry.TimedSignature[] memory signed = new IAnchorRegistry.TimedSignature[](3);
        signed[0] = _timed(receivers[0], 8, START);
        signed[1] = _timed(witnesses[1], 8, START);
        signed[2] = _timed(second, 8, START + 1000);
        _sealedFails(signed, abi.encodeWithSelector(IAnchorRegistry.NotAnotherCity.selector, second.at));
        signed[2] = _timed(witnesses[2], 8, START);
        _anchorSealed(8, signed);
    }

    function testFuzz_anchor_failsIfSignaturesAreForAnotherCheckpoint(bytes32 noise) public {
        vm.assume(noise != 0);
        IAnchorRegistry.TimedSignature[] memory signed = _signed(8, START, START);
        bytes32 root = _root(8) ^ noise;
        vm.expectPartialRevert(IAnchorRegistry.NotTheReceivingKey.selector);
        anchors.anchor(sealedLog, 8, root, new bytes32[](0), signed);
    }

    // --- successors ---------------------------------------------------------------------------------------------

    function test_retire_theSuccessorExtendsTheLastCheckpoint() public {
        _anchorPublic(0, 5);
        bytes32 next = _addPublic(0, "ezhou.example/public-2");
        _decide(address(anchors), abi.encodeCall(IAnchorRegistry.retire, (publicLog, next)));
        assertEq(anchors.successorOf(publicLog), next);
        assertEq(anchors.predecessorOf(next), publicLog);
        (uint256 size, bytes32 root) = anchors.last(next);
        assertEq(size, 5);
        assertEq(root, _root(5));
        bytes32[] memory proof = ReferenceTree.proof(leaves, 5, 9);
        (bytes32 root9, bytes32 forged) = (_root(9), keccak256("forged"));
        vm.startPrank(submitters[0].at);
        vm.expectRevert(IAnchorRegistry.ProofInvalid.selector);
        anchors.anchor(next, 9, forged, proof, _none());
        anchors.anchor(next, 9, root9, proof, _none());
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.OriginRetired.selector, publicLog));
        anchors.anchor(publicLog, 9, root9, proof, _none());
    }

    function test_retire_failsIfNotByQuorum() public {
        vm.expectRevert(IAnchorRegistry.NotByQuorum.selector);
        vm.prank(governors[0].at);
        anchors.retire(publicLog, sealedLog);
    }

    function test_retire_failsIfSuccessorDoesNotFit() public {
        bytes32 next = _addPublic(0, "next");
        _retireFails(publicLog, publicLog, publicLog);
        _retireFails(publicLog, sealedLog, sealedLog);
        bytes32 elsewhere = _addPublic(1, "another city");
        _retireFails(publicLog, elsewhere, elsewhere);
        _anchorPublic(0, 5);
        _retireFails(next, publicLog, publicLog);
        _decide(address(anchors), abi.encodeCall(IAnchorRegistry.retire, (publicLog, next)));
        bytes32 third = _addPublic(0, "third");
        bytes memory error = abi.encodeWithSelector(IAnchorRegistry.OriginRetired.selector, publicLog);
        _decideFails(address(anchors), abi.encodeCall(IAnchorRegistry.retire, (publicLog, third)), error);
        _retireFails(third, next, next);
    }

    // --- versions -----------------------------------------------------------------------------------------------

    function test_newVersion_goesOnFromTheOldOne() public {
        _anchorPublic(0, 5);
        AnchorRegistry second = new AnchorRegistry(registry, anchors);
        (uint256 size,) = second.last(publicLog);
        assertEq(size, 5);
        bytes32[] memory proof = ReferenceTree.proof(leaves, 5, 9);
        bytes32 root = _root(9);
        vm.prank(submitters[0].at);
        vm.expectRevert(IAnchorRegistry.NotTheCurrentVersion.selector);
        second.anchor(publicLog, 9, root, proof, _none());
        _nameVersion(ICityRegistry.ContractKind.AnchorRegistry, address(second));
        vm.startPrank(submitters[0].at);
        vm.expectRevert(IAnchorRegistry.NotTheCurrentVersion.selector);
        anchors.anchor(publicLog, 9, root, proof, _none());
        second.anchor(publicLog, 9, root, proof, _none());
        assertEq(second.count(publicLog), 1);
    }

    function test_newVersion_knowsWhatWasRetired() public {
        bytes32 next = _addPublic(0, "next");
        _decide(address(anchors), abi.encodeCall(IAnchorRegistry.retire, (publicLog, next)));
        AnchorRegistry second = new AnchorRegistry(registry, anchors);
        _nameVersion(ICityRegistry.ContractKind.AnchorRegistry, address(second));
        assertEq(second.successorOf(publicLog), next);
        assertEq(second.predecessorOf(next), publicLog);
        bytes32 root = _root(5);
        vm.prank(submitters[0].at);
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.OriginRetired.selector, publicLog));
        second.anchor(publicLog, 5, root, new bytes32[](0), _none());
    }

    function test_constructor_failsIfPredecessorWasNeverNamed() public {
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.PredecessorInvalid.selector, address(this)));
        new AnchorRegistry(registry, IAnchorRegistry(address(this)));
    }

    // --- helpers ------------------------------------------------------------------------------------------------

    function _root(uint256 size) private view returns (bytes32) {
        return ReferenceTree.head(leaves, 0, size);
    }

    function _none() private pure returns (IAnchorRegistry.TimedSignature[] memory) {
        return new IAnchorRegistry.TimedSignature[](0);
    }

    function _anchorPublic(uint64 from, uint64 to) private {
        bytes32[] memory proof = ReferenceTree.proof(leaves, from, to);
        bytes32 root = _root(to);
        vm.prank(submitters[0].at);
        anchors.anchor(publicLog, to, root, proof, _none());
    }

    function _anchorSealed(uint64 size, IAnchorRegistry.TimedSignature[] memory signed) private {
        (uint256 before,) = anchors.last(sealedLog);
        anchors.anchor(sealedLog, size, _root(size), ReferenceTree.proof(leaves, before, size), signed);
    }

    function _sealedFails(IAnchorRegistry.TimedSignature[] memory signed, bytes memory error) private {
        bytes32 root = _root(8);
        vm.expectRevert(error);
        anchors.anchor(sealedLog, 8, root, new bytes32[](0), signed);
    }

    function _retireFails(bytes32 origin, bytes32 successor, bytes32 named) private {
        bytes memory error = abi.encodeWithSelector(IAnchorRegistry.SuccessorInvalid.selector, named);
        _decideFails(address(anchors), abi.encodeCall(IAnchorRegistry.retire, (origin, successor)), error);
    }

    function _timed(Actor memory signer, uint64 size, uint256 at)
        private
        view
        returns (IAnchorRegistry.TimedSignature memory)
    {
        Acts.BoxCheckpoint memory act = Acts.BoxCheckpoint(sealedLog, size, _root(size), uint64(at));
        return IAnchorRegistry.TimedSignature(uint64(at), _sign(signer, _registryDigest(Acts.hash(act))));
    }

    function _signed(uint64 size, uint256 ownAt, uint256 witnessAt)
        private
        view
        returns (IAnchorRegistry.TimedSignature[] memory signed)
    {
        signed = new IAnchorRegistry.TimedSignature[](2);
        signed[0] = _timed(receivers[0], size, ownAt);
        signed[1] = _timed(witnesses[1], size, witnessAt);
    }
}
