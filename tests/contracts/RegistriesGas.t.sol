// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AnchorRegistry} from "../../contracts/AnchorRegistry.sol";
import {CreditLedger} from "../../contracts/CreditLedger.sol";
import {IAnchorRegistry} from "../../contracts/interfaces/IAnchorRegistry.sol";
import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {IKeySets} from "../../contracts/interfaces/IKeySets.sol";
import {Acts} from "../../contracts/libraries/Acts.sol";
import {Purpose, Role, Scope} from "../../contracts/libraries/Codes.sol";
import {Committee} from "./support/Committee.sol";
import {ReferenceTree} from "./support/ReferenceTree.sol";

/// @dev What the calls that happen often cost, kept in tests/contracts/gas/ and compared there (scripts/contracts.sh).
contract RegistriesGas is Committee {
    bytes32 private constant ACME = keccak256("acme");
    AnchorRegistry private anchors;
    CreditLedger private credit;
    bytes32 private publicLog;
    bytes32 private sealedLog;
    bytes32[] private leaves;

    function setUp() public override {
        super.setUp();
        anchors = new AnchorRegistry(registry, IAnchorRegistry(address(0)));
        credit = new CreditLedger(registry);
        _nameVersion(ICityRegistry.ContractKind.AnchorRegistry, address(anchors));
        publicLog = _addPublic(0, "public");
        sealedLog = _addSealed(0, "sealed");
        for (uint256 i = 0; i < 300; i++) {
            leaves.push(keccak256(abi.encode(i)));
        }
    }

    function test_gas_anchor() public {
        _anchor(publicLog, 0, 200, new IAnchorRegistry.TimedSignature[](0));
        vm.snapshotGasLastCall("anchor a public log, first checkpoint");
        _anchor(publicLog, 200, 300, new IAnchorRegistry.TimedSignature[](0));
        vm.snapshotGasLastCall("anchor a public log, 200 to 300 leaves");
        IAnchorRegistry.TimedSignature[] memory signed = new IAnchorRegistry.TimedSignature[](2);
        signed[0] = _checkpoint(receivers[0], 300);
        signed[1] = _checkpoint(witnesses[1], 300);
        _anchor(sealedLog, 0, 300, signed);
        vm.snapshotGasLastCall("anchor a sealed log, q = 1");
    }

    function test_gas_keySets() public {
        (bytes32 sealKeyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        vm.prank(address(registry));
        keySets.register(sealKeyId, r);
        vm.snapshotGasLastCall("register a seal set, n = 3");
        bytes32 boxKeyId;
        (boxKeyId, r) = _registration(Purpose.BOX, 11, sealKeyId);
        keySets.register(boxKeyId, r);
        vm.snapshotGasLastCall("register a box set, n = 3");
        _nameVersion(ICityRegistry.ContractKind.TenderBook, address(this));
        keySets.spend(boxKeyId, sealKeyId, bytes32(uint256(1)));
        vm.snapshotGasLastCall("spend");
        keySets.release(boxKeyId, sealKeyId, bytes32(uint256(1)));
        vm.snapshotGasLastCall("release");
    }

    function test_gas_authorise() public {
        (Actor memory own, Actor memory delegate) = (_actor("own", 0), _actor("delegate", 0));
        Acts.Credential memory credential = _credential(own.at, ACME, ACME, Role.TENDERER);
        ICityRegistry.Chain memory chain = _chain(issuers[0], credential);
        bytes32 act = keccak256("act");
        registry.authorise(act, _sign(own, act), chain, ACME, Role.TENDERER, 0, 0);
        vm.snapshotGasLastCall("authorise an own key");
        Acts.Delegation memory delegation = Acts.Delegation(ACME, delegate.at, Scope.CONDUCT, 0, LATER);
        chain = _delegated(issuers[0], own, credential, delegation);
        registry.authorise(act, _sign(delegate, act), chain, ACME, Role.TENDERER, Scope.CONDUCT, 0);
        vm.snapshotGasLastCall("authorise a delegate");
        Acts.Revocation memory revocation = Acts.Revocation(_registryDigest(Acts.hash(delegation)), uint64(START));
        Acts.Credential memory none;
        registry.revoke(revocation, _sign(issuers[0], _registryDigest(Acts.hash(revocation))), chain, none, "");
        vm.snapshotGasLastCall("revoke a delegation, by an issuer");
    }

    function test_gas_credit() public {
        Actor memory officer = _actor("officer", 0);
        ICityRegistry.Chain memory chain =
            _chain(issuers[0], _credential(officer.at, keccak256("person"), ACME, Role.CREDIT_AUTHORITY));
        Acts.CreditDecision memory act =
            Acts.CreditDecision(ACME, keccak256("rule"), "-3.50", keccak256("basis"), uint64(START), LATER, "body");
        credit.postDecision(act, _sign(officer, _digestFor(address(credit), Acts.hash(act))), chain);
        vm.snapshotGasLastCall("post a credit decision");
    }

    function _anchor(bytes32 origin, uint64 from, uint64 to, IAnchorRegistry.TimedSignature[] memory signed) private {
        bytes32[] memory proof = ReferenceTree.proof(leaves, from, to);
        bytes32 root = ReferenceTree.head(leaves, 0, to);
        vm.prank(submitters[0].at);
        anchors.anchor(origin, to, root, proof, signed);
    }

    function _checkpoint(Actor memory signer, uint64 size)
        private
        view
        returns (IAnchorRegistry.TimedSignature memory)
    {
        Acts.BoxCheckpoint memory act = Acts.BoxCheckpoint(
            sealedLog, size, ReferenceTree.head(leaves, 0, size), uint64(START)
        );
        return IAnchorRegistry.TimedSignature(uint64(START), _sign(signer, _registryDigest(Acts.hash(act))));
    }
}
