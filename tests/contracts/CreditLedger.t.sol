// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CreditLedger} from "../../contracts/CreditLedger.sol";
import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {ICreditLedger} from "../../contracts/interfaces/ICreditLedger.sol";
import {Acts} from "../../contracts/libraries/Acts.sol";
import {Role} from "../../contracts/libraries/Codes.sol";
import {Deployment} from "./support/Deployment.sol";

contract CreditLedgerTest is Deployment {
    event CreditPosted(
        bytes32 indexed subject, bytes32 indexed act, bytes32 entry, uint256 index, bytes32 head, bytes32 city
    );

    bytes32 private constant BUREAU = keccak256("bureau");
    bytes32 private constant COMPANY = keccak256("company");
    CreditLedger private credit;
    Actor private officer;

    function setUp() public override {
        super.setUp();
        credit = new CreditLedger(registry);
        officer = _actor("officer", 0);
    }

    function test_postDecision_extendsTheSubjectsChain() public {
        bytes32 first = _post(1);
        assertEq(credit.subject(COMPANY).count, 1);
        bytes32 head = sha256(abi.encodePacked(bytes32(0), _body(1)));
        assertEq(credit.subject(COMPANY).head, head);
        vm.warp(START + 5);
        bytes32 second = _post(2);
        assertEq(credit.subject(COMPANY).head, sha256(abi.encodePacked(head, _body(2))));
        assertEq(credit.entry(first).index, 1);
        assertEq(credit.entry(second).index, 2);
        assertEq(credit.entry(second).postedAt, START + 5);
        assertEq(credit.entry(second).city, cities[0]);
        assertTrue(credit.entry(second).isDecision);
        assertEq(credit.subject(keccak256("another")).count, 0);
    }

    /// @dev Verifiers compute slots by hand: this is the layout that CreditLedger.sol states.
    function test_storage_isWhereItIsDocumented() public {
        bytes32 act = _post(1);
        uint256 slot = uint256(keccak256(abi.encode(COMPANY, uint256(0))));
        assertEq(uint256(vm.load(address(credit), bytes32(slot))), 1);
        assertEq(vm.load(address(credit), bytes32(slot + 1)), credit.subject(COMPANY).head);
        slot = uint256(keccak256(abi.encode(act, uint256(1))));
        assertEq(vm.load(address(credit), bytes32(slot)), COMPANY);
        assertEq(vm.load(address(credit), bytes32(slot + 1)), cities[0]);
        assertEq(uint256(vm.load(address(credit), bytes32(slot + 4))), 1);
    }

    function test_postDecision_tellsWhatItDid() public {
        Acts.CreditDecision memory act = _decision(1);
        bytes32 digest = _digestFor(address(credit), Acts.hash(act));
        (bytes memory signature, ICityRegistry.Chain memory chain) = (_sign(officer, digest), _papers(0));
        vm.expectEmit(address(credit));
        emit CreditPosted(COMPANY, digest, _body(1), 1, sha256(abi.encodePacked(bytes32(0), _body(1))), cities[0]);
        credit.postDecision(act, signature, chain);
    }

    function test_postDecision_failsIfPostedBefore() public {
        bytes32 act = _post(1);
        (Acts.CreditDecision memory decision, ICityRegistry.Chain memory chain) = (_decision(1), _papers(0));
        vm.expectRevert(abi.encodeWithSelector(ICreditLedger.ActAccepted.selector, act));
        credit.postDecision(decision, _sign(officer, act), chain);
    }

    function test_postDecision_failsIfSubjectIsZero() public {
        Acts.CreditDecision memory act = _decision(1);
        act.subject = 0;
        (bytes memory signature, ICityRegistry.Chain memory chain) =
            (_sign(officer, _digestFor(address(credit), Acts.hash(act))), _papers(0));
        vm.expectRevert(ICreditLedger.SubjectIsZero.selector);
        credit.postDecision(act, signature, chain);
    }

    function test_postDecision_failsIfNotACreditAuthority() public {
        Acts.CreditDecision memory act = _decision(1);
        bytes memory signature = _sign(officer, _digestFor(address(credit), Acts.hash(act)));
        ICityRegistry.Chain memory chain =
            _chain(issuers[0], _credential(officer.at, keccak256("person"), BUREAU, Role.SUPERVISOR));
        vm.expectPartialRevert(ICityRegistry.CredentialNotFitting.selector);
        credit.postDecision(act, signature, chain);
    }

    function test_postDecision_failsIfADelegateSigns() public {
        Actor memory own = _actor("own", 0);
        Acts.CreditDecision memory act = _decision(1);
        bytes memory signature = _sign(officer, _digestFor(address(credit), Acts.hash(act)));
        ICityRegistry.Chain memory chain = _delegated(
            issuers[0],
            own,
            _credential(own.at, BUREAU, BUREAU, Role.CREDIT_AUTHORITY),
            Acts.Delegation(BUREAU, officer.at, 0xff, 0, LATER)
        );
        vm.expectPartialRevert(ICityRegistry.DelegationNotFitting.selector);
        credit.postDecision(act, signature, chain);
    }

    function test_postDecision_failsIfSignedForAnotherContract() public {
        Acts.CreditDecision memory act = _decision(1);
        bytes memory signature = _sign(officer, _registryDigest(Acts.hash(act)));
        ICityRegistry.Chain memory chain = _papers(0);
        vm.expectPartialRevert(ICityRegistry.SignerNotFitting.selector);
        credit.postDecision(act, signature, chain);
    }

    function test_postRevocation_isAnEntryToo() public {
        bytes32 decision = _post(1);
        bytes32 before = credit.subject(COMPANY).head;
        bytes32 revocation = _revoke(COMPANY, decision, 0);
        assertEq(credit.subject(COMPANY).count, 2);
        assertEq(credit.subject(COMPANY).head, sha256(abi.encodePacked(before, _body(9))));
        assertFalse(credit.entry(revocation).isDecision);
    }

    function test_postRepair_isAnEntryToo() public {
        bytes32 decision = _post(1);
        bytes32 act = _repair(COMPANY, decision, 0);
        assertEq(credit.entry(act).index, 2);
        vm.expectRevert(abi.encodeWithSelector(ICreditLedger.ActAccepted.selector, act));
        this.repair(COMPANY, decision, 0);
    }

    function test_postRevocation_failsIfDecisionUnknown() public {
        _post(1);
        bytes32 none = keccak256("no decision");
        vm.expectRevert(abi.encodeWithSelector(ICreditLedger.DecisionUnknown.selector, none));
        this.revoke(COMPANY, none, 0);
    }

    function test_postRevocation_failsIfDecisionIsOnAnotherSubject() public {
        bytes32 decision = _post(1);
        vm.expectRevert(abi.encodeWithSelector(ICreditLedger.DecisionUnknown.selector, decision));
        this.revoke(keccak256("another"), decision, 0);
    }

    function test_postRevocation_failsIfItNamesARevocation() public {
        bytes32 revocation = _revoke(COMPANY, _post(1), 0);
        vm.expectRevert(abi.encodeWithSelector(ICreditLedger.DecisionUnknown.selector, revocation));
        this.revoke(COMPANY, revocation, 0);
    }

    function test_postRevocation_failsIfAuthorityOfAnotherCity() public {
        bytes32 decision = _post(1);
        vm.expectRevert(abi.encodeWithSelector(ICreditLedger.NotTheAuthority.selector, cities[1]));
        this.revoke(COMPANY, decision, 1);
        vm.expectRevert(abi.encodeWithSelector(ICreditLedger.NotTheAuthority.selector, cities[1]));
        this.repair(COMPANY, decision, 1);
    }

    /// @dev Any sequence of entries gives the head that a verifier folds from the bodies.
    function testFuzz_postDecision_headIsTheFoldOfTheBodies(uint8 entries) public {
        entries = uint8(bound(entries, 1, 12));
        bytes32 head = 0;
        for (uint256 i = 1; i <= entries; i++) {
            _post(i);
            head = sha256(abi.encodePacked(head, _body(i)));
        }
        assertEq(credit.subject(COMPANY).head, head);
        assertEq(credit.subject(COMPANY).count, entries);
    }

    // --- helpers ------------------------------------------------------------------------------------------------

    function revoke(bytes32 subject, bytes32 decision, uint256 city) external returns (bytes32) {
        return _revoke(subject, decision, city);
    }

    function repair(bytes32 subject, bytes32 decision, uint256 city) external returns (bytes32) {
        return _repair(subject, decision, city);
    }

    function _post(uint256 number) private returns (bytes32 digest) {
        Acts.CreditDecision memory act = _decision(number);
        digest = _digestFor(address(credit), Acts.hash(act));
        credit.postDecision(act, _sign(officer, digest), _papers(0));
    }

    function _revoke(bytes32 subject, bytes32 decision, uint256 city) private returns (bytes32 digest) {
        Acts.CreditRevocation memory act = Acts.CreditRevocation(subject, decision, keccak256("basis"), _body(9));
        digest = _digestFor(address(credit), Acts.hash(act));
        credit.postRevocation(act, _sign(officer, digest), _papers(city));
    }

    function _repair(bytes32 subject, bytes32 decision, uint256 city) private returns (bytes32 digest) {
        Acts.CreditRepair memory act = Acts.CreditRepair(subject, decision, keccak256("basis"), _body(9));
        digest = _digestFor(address(credit), Acts.hash(act));
        credit.postRepair(act, _sign(officer, digest), _papers(city));
    }

    function _papers(uint256 city) private view returns (ICityRegistry.Chain memory) {
        return _chain(issuers[city], _credential(officer.at, keccak256("person"), BUREAU, Role.CREDIT_AUTHORITY));
    }

    function _decision(uint256 number) private pure returns (Acts.CreditDecision memory) {
        return Acts.CreditDecision(
            COMPANY, keccak256("rule"), "-3.50", keccak256("basis"), uint64(START), LATER, _body(number)
        );
    }

    function _body(uint256 number) private pure returns (bytes32) {
        return keccak256(abi.encode("body", number));
    }
}
