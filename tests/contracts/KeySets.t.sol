// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {KeySets} from "../../contracts/KeySets.sol";
import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {IKeySets} from "../../contracts/interfaces/IKeySets.sol";
import {Purpose} from "../../contracts/libraries/Codes.sol";
import {CommitteeKeys} from "../../contracts/libraries/CommitteeKeys.sol";
import {Committee} from "./support/Committee.sol";

contract KeySetsTest is Committee {
    bytes32 private constant TENDER = keccak256("tender");

    // --- registration -------------------------------------------------------------------------------------------

    function test_register_storesKeysAndMembers() public {
        bytes32 keyId = _registerSeal(1);
        (uint256 n, uint256 k, uint256 epoch) = keySets.committeeOf(keyId);
        assertEq(n, 3);
        assertEq(k, 2);
        assertEq(epoch, 1);
        for (uint256 i = 0; i < 3; i++) {
            assertEq(keySets.seatOf(keyId, holders[i].at), i + 1);
            IKeySets.StoredMember memory member = keySets.member(keyId, 1, i + 1);
            assertEq(member.city, cities[i]);
            assertEq(abi.encodePacked(uint8(member.identityPrefix), member.identityX), _point(1000 + i));
        }
        IKeySets.Point memory joint = keySets.point(keyId, 1, 0);
        assertEq(abi.encodePacked(uint8(joint.prefix), joint.x), _point(1));
        assertEq(keySets.epochOf(keyId, 1).transcript, keccak256(abi.encode(uint256(1))));
        assertEq(keySets.seatOf(keyId, address(this)), 0);
    }

    /// @dev Verifiers compute slots by hand: this is the layout that KeySets.sol states.
    function test_storage_isWhereItIsDocumented() public {
        bytes32 keyId = _registerSeal(1);
        uint256 set = uint256(keccak256(abi.encode(keyId, uint256(0))));
        assertEq(uint256(_load(set)), Purpose.SEAL);
        assertEq(uint256(_load(set + 1)), 1);
        assertEq(uint256(_load(set + 3)), START);
        uint256 epoch = uint256(keccak256(abi.encode(uint256(1), keccak256(abi.encode(keyId, uint256(1))))));
        assertEq(uint256(_load(epoch)), 3);
        assertEq(uint256(_load(epoch + 1)), 2);
        bytes32 points = keccak256(abi.encode(uint256(1), keccak256(abi.encode(keyId, uint256(2)))));
        uint256 second = uint256(keccak256(abi.encode(uint256(2), points)));
        assertEq(abi.encodePacked(uint8(uint256(_load(second))), _load(second + 1)), _point(3));
        bytes32 members = keccak256(abi.encode(uint256(1), keccak256(abi.encode(keyId, uint256(3)))));
        uint256 third = uint256(keccak256(abi.encode(uint256(3), members)));
        assertEq(uint256(_load(third + 2)), uint256(uint160(holders[2].at)));
        assertEq(_load(third + 3), cities[2]);
    }

    function test_register_failsIfSealNotByQuorum() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        vm.expectRevert(IKeySets.NotByQuorum.selector);
        keySets.register(keyId, r);
        (keyId, r) = _registration(Purpose.COIN, 1, 0);
        vm.expectRevert(IKeySets.NotByQuorum.selector);
        keySets.register(keyId, r);
    }

    function test_register_failsIfPurposeUnknown() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        r.purpose = 4;
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.PurposeInvalid.selector, 4));
    }

    function test_register_failsIfKnown() public {
        bytes32 keyId = _registerSeal(1);
        (, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.KeySetKnown.selector, keyId));
        (, r) = _registration(Purpose.BOX, 1, keyId);
        vm.expectRevert(abi.encodeWithSelector(IKeySets.KeySetKnown.selector, keyId));
        keySets.register(keyId, r);
    }

    function testFuzz_register_failsIfKeyIdIsNotOfTheKeys(bytes32 noise) public {
        vm.assume(noise != 0);
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        bytes memory error = abi.encodeWithSelector(IKeySets.KeyIdMismatch.selector, keyId ^ noise, keyId);
        _registerFails(keyId ^ noise, r, error);
    }

    function test_register_failsIfPointIsNone() public {
        (, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        // x = 5: 132 is not a square modulo p
        _pointFails(r, 66, bytes.concat(bytes1(0x02), bytes32(uint256(5))), 2);
        _pointFails(r, 0, bytes.concat(bytes1(0x04), bytes32(uint256(1))), 0);
        _pointFails(r, 99, bytes.concat(bytes1(0x02), bytes32(type(uint256).max)), 3);
        r.members[1].identityKey = hex"02";
        _registerFails(_keyId(2, r.keys), r, abi.encodeWithSelector(IKeySets.PointInvalid.selector, 2));
    }

    function test_register_failsIfKeysAreNotWhole() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        r.keys = bytes.concat(r.keys, hex"02");
        _registerFails(keyId, r, abi.encodeWithSelector(CommitteeKeys.KeysLengthInvalid.selector, 133));
        r.keys = _point(1);
        _registerFails(keyId, r, abi.encodeWithSelector(CommitteeKeys.KeysLengthInvalid.selector, 33));
    }

    function test_register_failsIfKIsNoBareMajority() public {
        (, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        for (uint32 k = 0; k <= 4; k++) {
            if (k == 2) continue;
            r.k = k;
            bytes32 keyId = _keyId(k, r.keys);
            _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.CommitteeInvalid.selector, 3, k));
        }
    }

    function test_register_failsIfACityHoldsKShares() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        r.members[2].city = cities[0];
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.CityTooStrong.selector, cities[0]));
        r.purpose = Purpose.COIN;
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.CityTooStrong.selector, cities[0]));
    }

    function test_register_failsIfAnOrganisationHoldsKShares() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        bytes32 office = r.members[0].organisation;
        r.members[2].organisation = office;
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.OrganisationTooStrong.selector, office));
    }

    function test_register_failsIfMemberIsThereTwice() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        r.members[2].signer = r.members[0].signer;
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.MemberDuplicate.selector, 3));
        (keyId, r) = _registration(Purpose.SEAL, 1, 0);
        r.members[1].identityKey = r.members[0].identityKey;
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.MemberDuplicate.selector, 2));
    }

    function test_register_failsIfCityUnknown() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        r.members[2].city = keccak256("nowhere");
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.MemberCityUnknown.selector, keccak256("nowhere")));
    }

    function test_register_failsIfMemberCountDiffers() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        r.members = new IKeySets.Member[](2);
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.MembersMismatch.selector));
        (keyId, r) = _registration(Purpose.SEAL, 1, 0);
        r.sealKeyId = keyId;
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.MembersMismatch.selector));
    }

    function test_register_failsIfAMemberDidNotSign() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        r.signatures[1] = r.signatures[0];
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.SignatureMismatch.selector, 2));
        r.signatures = new bytes[](2);
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.SignatureMismatch.selector, 2));
    }

    function test_register_failsIfMembersSignedAnotherPurpose() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.COIN, 1, 0);
        r.purpose = Purpose.SEAL;
        _registerFails(keyId, r, abi.encodeWithSelector(IKeySets.SignatureMismatch.selector, 1));
    }

    function test_register_failsIfCommitteeIsTooLarge() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _large(32);
        vm.prank(address(registry));
        vm.expectRevert(abi.encodeWithSelector(IKeySets.CommitteeInvalid.selector, 32, 17));
        keySets.register(keyId, r);
    }

    /// @dev A proposal carries the same call, so it must fit with room to spare.
    function test_register_ofTheLargestCommitteeFitsABlock() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _large(31);
        vm.prank(address(registry));
        uint256 before = gasleft();
        keySets.register(keyId, r);
        assertLt(before - gasleft(), 15_000_000);
        assertEq(keySets.member(keyId, 1, 31).signer, r.members[30].signer);
    }

    // --- box sets -----------------------------------------------------------------------------------------------

    function test_register_takesABoxSetFromAnybody() public {
        bytes32 sealKeyId = _registerSeal(1);
        bytes32 boxKeyId = _registerBox(11, sealKeyId);
        assertEq(keySets.keySet(boxKeyId).sealKeyId, sealKeyId);
        assertEq(keySets.seatOf(boxKeyId, holders[2].at), 3);
        assertEq(keySets.member(boxKeyId, 1, 2).signer, holders[1].at);
    }

    function test_register_failsIfBoxNamesNoSealSet() public {
        bytes32 sealKeyId = _registerSeal(1);
        bytes32 boxKeyId = _registerBox(11, sealKeyId);
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.BOX, 21, boxKeyId);
        vm.expectRevert(abi.encodeWithSelector(IKeySets.NotASealSet.selector, boxKeyId));
        keySets.register(keyId, r);
        (keyId, r) = _registration(Purpose.BOX, 21, 0);
        vm.expectRevert(abi.encodeWithSelector(IKeySets.KeySetUnknown.selector, bytes32(0)));
        keySets.register(keyId, r);
    }

    function test_register_failsIfBoxHasAnotherCommittee() public {
        (, IKeySets.Registration memory r) = _registration(Purpose.BOX, 11, _registerSeal(1));
        r.k = 3;
        bytes32 keyId = _keyId(3, r.keys);
        vm.expectRevert(IKeySets.MembersMismatch.selector);
        keySets.register(keyId, r);
        r.k = 2;
        r.keys = _keys(11, 4);
        keyId = _keyId(2, r.keys);
        vm.expectRevert(IKeySets.MembersMismatch.selector);
        keySets.register(keyId, r);
    }

    function test_register_failsIfBoxMembersSignedInAnotherOrder() public {
        bytes32 sealKeyId = _registerSeal(1);
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.BOX, 11, sealKeyId);
        (r.signatures[0], r.signatures[1]) = (r.signatures[1], r.signatures[0]);
        vm.expectRevert(abi.encodeWithSelector(IKeySets.SignatureMismatch.selector, 1));
        keySets.register(keyId, r);
    }

    // --- spending -----------------------------------------------------------------------------------------------

    function test_spend_bindsABoxToOneTender() public {
        (bytes32 sealKeyId, bytes32 boxKeyId) = _spent();
        assertEq(keySets.keySet(boxKeyId).spentBy, TENDER);
        assertEq(keySets.keySet(sealKeyId).uses, 1);
        vm.expectRevert(abi.encodeWithSelector(IKeySets.BoxSpent.selector, boxKeyId, TENDER));
        keySets.spend(boxKeyId, sealKeyId, keccak256("another tender"));
    }

    function test_spend_failsIfNotATenderBook() public {
        bytes32 sealKeyId = _registerSeal(1);
        bytes32 boxKeyId = _registerBox(11, sealKeyId);
        vm.expectRevert(abi.encodeWithSelector(IKeySets.NotATenderBook.selector, address(this)));
        keySets.spend(boxKeyId, sealKeyId, TENDER);
    }

    function test_spend_failsIfBoxIsOfAnotherSealSet() public {
        _nameVersion(ICityRegistry.ContractKind.TenderBook, address(this));
        bytes32 first = _registerSeal(1);
        bytes32 second = _registerSeal(21);
        bytes32 boxKeyId = _registerBox(11, first);
        vm.expectRevert(abi.encodeWithSelector(IKeySets.NotABoxSetOf.selector, boxKeyId, second));
        keySets.spend(boxKeyId, second, TENDER);
        vm.expectRevert(abi.encodeWithSelector(IKeySets.NotABoxSetOf.selector, second, first));
        keySets.spend(second, first, TENDER);
        vm.expectRevert(abi.encodeWithSelector(IKeySets.NotASealSet.selector, boxKeyId));
        keySets.spend(boxKeyId, boxKeyId, TENDER);
        vm.expectRevert(abi.encodeWithSelector(IKeySets.KeySetUnknown.selector, bytes32(0)));
        keySets.spend(0, first, TENDER);
    }

    function test_release_failsIfNotSpentByThisTender() public {
        (bytes32 sealKeyId, bytes32 boxKeyId) = _spent();
        bytes memory error = abi.encodeWithSelector(IKeySets.NotSpentBy.selector, boxKeyId, bytes32(0));
        vm.expectRevert(error);
        keySets.release(boxKeyId, sealKeyId, 0);
        error = abi.encodeWithSelector(IKeySets.NotSpentBy.selector, boxKeyId, TENDER);
        vm.expectRevert(error);
        vm.prank(address(1));
        keySets.release(boxKeyId, sealKeyId, TENDER);
        keySets.release(boxKeyId, sealKeyId, TENDER);
        assertEq(keySets.keySet(sealKeyId).uses, 0);
        vm.expectRevert(error);
        keySets.release(boxKeyId, sealKeyId, TENDER);
    }

    function test_retire_waitsForTheLastTender() public {
        (bytes32 sealKeyId, bytes32 boxKeyId) = _spent();
        bytes memory inUse = abi.encodeWithSelector(IKeySets.KeySetInUse.selector, sealKeyId, 1);
        _decideFails(address(keySets), abi.encodeCall(IKeySets.retire, (sealKeyId)), inUse);
        inUse = abi.encodeWithSelector(IKeySets.KeySetInUse.selector, boxKeyId, 1);
        _decideFails(address(keySets), abi.encodeCall(IKeySets.retire, (boxKeyId)), inUse);
        keySets.release(boxKeyId, sealKeyId, TENDER);
        bytes32 unspent = _registerBox(31, sealKeyId);
        _decide(address(keySets), abi.encodeCall(IKeySets.retire, (sealKeyId)));
        vm.expectRevert(abi.encodeWithSelector(IKeySets.KeySetRetired.selector, sealKeyId));
        keySets.spend(unspent, sealKeyId, TENDER);
    }

    function test_retire_failsIfNotByQuorum() public {
        bytes32 keyId = _registerSeal(1);
        vm.expectRevert(IKeySets.NotByQuorum.selector);
        keySets.retire(keyId);
    }

    // --- epochs -------------------------------------------------------------------------------------------------

    function test_renew_keepsTheKeyAndChangesTheCommittee() public {
        bytes32 keyId = _registerSeal(1);
        Actor memory newcomer = _actor("newcomer", 0);
        _renewSeal(keyId, newcomer);
        assertEq(keySets.keySet(keyId).epoch, 2);
        assertEq(keySets.seatOf(keyId, newcomer.at), 2);
        assertEq(keySets.seatOf(keyId, holders[1].at), 0);
        assertEq(keySets.member(keyId, 1, 2).signer, holders[1].at);
    }

    function test_renew_failsIfJointKeyChanges() public {
        bytes32 keyId = _registerSeal(1);
        (, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 2, 0);
        r.signatures = _signAll(keyId, r, 2);
        bytes memory error = abi.encodeWithSelector(IKeySets.JointKeyChanged.selector, keyId);
        _renewFails(keyId, r, _dealers(1, 2), _dealerSignatures(keyId, r, 0, 1), error);
    }

    function test_renew_failsIfDealersDidNotAllSign() public {
        bytes32 keyId = _registerSeal(1);
        IKeySets.Registration memory r = _reshared(keyId);
        bytes memory error = abi.encodeWithSelector(IKeySets.DealersInvalid.selector);
        _renewFails(keyId, r, _dealers(1, 3), _dealerSignatures(keyId, r, 0, 1), error);
        _renewFails(keyId, r, _dealers(1, 1), _dealerSignatures(keyId, r, 0, 0), error);
        _renewFails(keyId, r, _dealers(2, 1), _dealerSignatures(keyId, r, 1, 0), error);
        _renewFails(keyId, r, _dealers(0, 1), _dealerSignatures(keyId, r, 0, 0), error);
        _renewFails(keyId, r, _dealers(1, 4), _dealerSignatures(keyId, r, 0, 1), error);
        _renewFails(keyId, r, new uint32[](1), new bytes[](1), error);
    }

    function test_renew_failsIfMembersSignedTheEpochBefore() public {
        bytes32 keyId = _registerSeal(1);
        IKeySets.Registration memory r = _reshared(keyId);
        r.signatures = _signAll(keyId, r, 1);
        bytes memory error = abi.encodeWithSelector(IKeySets.SignatureMismatch.selector, 1);
        _renewFails(keyId, r, _dealers(1, 2), _dealerSignatures(keyId, r, 0, 1), error);
    }

    function test_renew_failsIfNotByQuorum() public {
        bytes32 keyId = _registerSeal(1);
        IKeySets.Registration memory r = _reshared(keyId);
        bytes[] memory signed = _dealerSignatures(keyId, r, 0, 1);
        vm.expectRevert(IKeySets.NotByQuorum.selector);
        keySets.renew(keyId, r, _dealers(1, 2), signed);
    }

    function test_renew_failsIfPurposeOrSealSetChanges() public {
        bytes32 keyId = _registerSeal(1);
        IKeySets.Registration memory r = _reshared(keyId);
        r.purpose = Purpose.COIN;
        bytes memory error = abi.encodeWithSelector(IKeySets.PurposeInvalid.selector, Purpose.COIN);
        _renewFails(keyId, r, _dealers(1, 2), new bytes[](2), error);
        r.purpose = Purpose.SEAL;
        r.sealKeyId = keyId;
        error = abi.encodeWithSelector(IKeySets.NotABoxSetOf.selector, keyId, keyId);
        _renewFails(keyId, r, _dealers(1, 2), new bytes[](2), error);
    }

    function test_renew_failsIfUnknownOrRetired() public {
        (bytes32 keyId, IKeySets.Registration memory r) = _registration(Purpose.SEAL, 1, 0);
        bytes memory error = abi.encodeWithSelector(IKeySets.KeySetUnknown.selector, keyId);
        _renewFails(keyId, r, _dealers(1, 2), new bytes[](2), error);
        _registerSeal(1);
        _decide(address(keySets), abi.encodeCall(IKeySets.retire, (keyId)));
        error = abi.encodeWithSelector(IKeySets.KeySetRetired.selector, keyId);
        _renewFails(keyId, r, _dealers(1, 2), new bytes[](2), error);
    }

    function test_spend_failsUntilTheBoxFollowsItsSealSet() public {
        _nameVersion(ICityRegistry.ContractKind.TenderBook, address(this));
        bytes32 sealKeyId = _registerSeal(1);
        bytes32 boxKeyId = _registerBox(11, sealKeyId);
        Actor memory newcomer = _actor("newcomer", 0);
        Actor memory before = holders[1];
        _renewSeal(sealKeyId, newcomer);
        vm.expectRevert(abi.encodeWithSelector(IKeySets.BoxBehindSeal.selector, boxKeyId));
        keySets.spend(boxKeyId, sealKeyId, TENDER);
        assertEq(keySets.seatOf(boxKeyId, before.at), 2, "the box's shares are still with the committee before");

        (, IKeySets.Registration memory r) = _registration(Purpose.BOX, 11, sealKeyId);
        r.keys = bytes.concat(_point(11), _point(41), _point(42), _point(43));
        bytes[] memory dealt = new bytes[](2);
        (dealt[0], dealt[1]) =
        (_sign(holders[0], _registrationDigest(boxKeyId, r, 2)), _sign(before, _registrationDigest(boxKeyId, r, 2)));
        holders[1] = newcomer;
        r.signatures = _signAll(boxKeyId, r, 2);
        keySets.renew(boxKeyId, r, _dealers(1, 2), dealt);
        assertEq(keySets.seatOf(boxKeyId, newcomer.at), 2);
        keySets.spend(boxKeyId, sealKeyId, TENDER);
    }

    function test_committeeOf_failsIfUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IKeySets.KeySetUnknown.selector, bytes32(0)));
        keySets.committeeOf(0);
    }

    // --- helpers ------------------------------------------------------------------------------------------------

    function _load(uint256 slot) private view returns (bytes32) {
        return vm.load(address(keySets), bytes32(slot));
    }

    function _spent() private returns (bytes32 sealKeyId, bytes32 boxKeyId) {
        _nameVersion(ICityRegistry.ContractKind.TenderBook, address(this));
        sealKeyId = _registerSeal(1);
        boxKeyId = _registerBox(11, sealKeyId);
        keySets.spend(boxKeyId, sealKeyId, TENDER);
    }

    /// @dev n members, spread over the cities in turn, k the bare majority.
    function _large(uint256 n) private returns (bytes32 keyId, IKeySets.Registration memory r) {
        r.purpose = Purpose.SEAL;
        r.k = uint32(n / 2 + 1);
        r.keys = _keys(1, n);
        keyId = _keyId(r.k, r.keys);
        r.members = new IKeySets.Member[](n);
        r.signatures = new bytes[](n);
        bytes32 digest = _registrationDigest(keyId, r, 1);
        for (uint256 i = 0; i < n; i++) {
            Actor memory holder = _actor("one of many", i);
            r.members[i] = IKeySets.Member(_point(1000 + i), holder.at, cities[i % 3], bytes32(i + 1));
            r.signatures[i] = _sign(holder, digest);
        }
    }

    function _registerFails(bytes32 keyId, IKeySets.Registration memory r, bytes memory error) private {
        _decideFails(address(keySets), abi.encodeCall(IKeySets.register, (keyId, r)), error);
    }

    function _pointFails(IKeySets.Registration memory r, uint256 offset, bytes memory point, uint256 index) private {
        bytes memory keys = bytes.concat(r.keys);
        for (uint256 i = 0; i < 33; i++) {
            keys[offset + i] = point[i];
        }
        bytes memory before = r.keys;
        r.keys = keys;
        _registerFails(_keyId(2, keys), r, abi.encodeWithSelector(IKeySets.PointInvalid.selector, index));
        r.keys = before;
    }

    /// @dev Epoch 2 of the set of `_registerSeal(1)`: the same joint key, other shares, the same holders.
    function _reshared(bytes32 keyId) private returns (IKeySets.Registration memory r) {
        (, r) = _registration(Purpose.SEAL, 1, 0);
        r.keys = bytes.concat(_point(1), _point(51), _point(52), _point(53));
        r.signatures = _signAll(keyId, r, 2);
    }

    /// @dev Epoch 2 with `newcomer` in the second seat.
    function _renewSeal(bytes32 keyId, Actor memory newcomer) private {
        IKeySets.Registration memory r = _reshared(keyId);
        r.members[1].signer = newcomer.at;
        bytes[] memory dealt = _dealerSignatures(keyId, r, 0, 1);
        r.signatures[1] = _sign(newcomer, _registrationDigest(keyId, r, 2));
        _decide(address(keySets), abi.encodeCall(IKeySets.renew, (keyId, r, _dealers(1, 2), dealt)));
    }

    function _renewFails(
        bytes32 keyId,
        IKeySets.Registration memory r,
        uint32[] memory dealers,
        bytes[] memory signed,
        bytes memory error
    ) private {
        _decideFails(address(keySets), abi.encodeCall(IKeySets.renew, (keyId, r, dealers, signed)), error);
    }

    function _dealers(uint32 first, uint32 second) private pure returns (uint32[] memory dealers) {
        dealers = new uint32[](2);
        (dealers[0], dealers[1]) = (first, second);
    }

    function _dealerSignatures(bytes32 keyId, IKeySets.Registration memory r, uint256 first, uint256 second)
        private
        view
        returns (bytes[] memory signed)
    {
        signed = new bytes[](2);
        signed[0] = _sign(holders[first], _registrationDigest(keyId, r, 2));
        signed[1] = _sign(holders[second], _registrationDigest(keyId, r, 2));
    }
}
