// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CityRegistry} from "../../contracts/CityRegistry.sol";
import {ICityRegistry} from "../../contracts/interfaces/ICityRegistry.sol";
import {Deployment} from "./support/Deployment.sol";

contract CityRegistryTest is Deployment {
    event KeyAdded(
        bytes32 indexed city,
        address indexed key,
        ICityRegistry.KeyKind indexed kind,
        uint256 roles,
        uint256 from,
        uint256 to
    );

    // --- foundation ---------------------------------------------------------------------------------------------

    function test_constructor_registersCitiesAndGovernors() public view {
        assertEq(registry.cityCount(), 3);
        assertEq(registry.revocationDelay(), REVOCATION_DELAY);
        for (uint256 i = 0; i < 3; i++) {
            ICityRegistry.City memory city = registry.city(cities[i]);
            assertEq(city.from, START);
            assertEq(city.to, FOREVER);
            assertEq(city.endpoint, keccak256(bytes(names[i])));
            assertEq(city.open, 5);
            ICityRegistry.Key memory governor = registry.key(governors[i].at);
            assertEq(governor.city, cities[i]);
            assertEq(governor.kind, uint256(ICityRegistry.KeyKind.Governor));
        }
    }

    function test_constructor_failsIfOneCity() public {
        ICityRegistry.Founder[] memory one = new ICityRegistry.Founder[](1);
        one[0] = ICityRegistry.Founder("a", address(1), 0);
        vm.expectRevert(ICityRegistry.TooFewCities.selector);
        new CityRegistry(one, 1);
    }

    function test_constructor_failsIfCityTwice() public {
        ICityRegistry.Founder[] memory two = new ICityRegistry.Founder[](2);
        two[0] = ICityRegistry.Founder("a", address(1), 0);
        two[1] = ICityRegistry.Founder("a", address(2), 0);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.CityExists.selector, sha256("a")));
        new CityRegistry(two, 1);
    }

    function test_constructor_failsIfGovernorTwice() public {
        ICityRegistry.Founder[] memory two = new ICityRegistry.Founder[](2);
        two[0] = ICityRegistry.Founder("a", address(1), 0);
        two[1] = ICityRegistry.Founder("b", address(1), 0);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.KeyKnown.selector, bytes32(uint256(1))));
        new CityRegistry(two, 1);
    }

    /// @dev Verifiers compute slots by hand: this is the layout that base/CityRecords.sol states.
    function test_storage_isWhereItIsDocumented() public view {
        assertEq(uint256(vm.load(address(registry), 0)), 3);
        assertEq(uint256(vm.load(address(registry), bytes32(uint256(2)))), REVOCATION_DELAY);
        uint256 key = uint256(keccak256(abi.encode(issuers[1].at, uint256(4))));
        assertEq(vm.load(address(registry), bytes32(key)), cities[1]);
        assertEq(uint256(vm.load(address(registry), bytes32(key + 1))), uint256(ICityRegistry.KeyKind.Issuer));
        assertEq(uint256(vm.load(address(registry), bytes32(key + 2))), ALL_ROLES);
        assertEq(uint256(vm.load(address(registry), bytes32(key + 3))), START);
        assertEq(uint256(vm.load(address(registry), bytes32(key + 4))), FOREVER);
        assertEq(uint256(vm.load(address(registry), bytes32(key + 5))), 0);
    }

    // --- proposals ----------------------------------------------------------------------------------------------

    function test_quorum_isTwoThirdsRoundedUp() public {
        assertEq(registry.quorum(), 2);
        _decide(address(registry), abi.encodeCall(ICityRegistry.addCity, (_founder("fourth"))));
        assertEq(registry.quorum(), 3);
    }

    function test_propose_failsIfNotAGovernor() public {
        ICityRegistry.Call[] memory calls = _oneCall();
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.NotAGovernor.selector, submitters[0].at));
        vm.prank(submitters[0].at);
        registry.propose(calls, 0);
    }

    function test_propose_failsIfEmpty() public {
        vm.prank(governors[0].at);
        vm.expectRevert(ICityRegistry.ProposalEmpty.selector);
        registry.propose(new ICityRegistry.Call[](0), 0);
    }

    function test_propose_failsIfTooLong() public {
        vm.prank(governors[0].at);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.ProposalTooLong.selector, 65));
        registry.propose(new ICityRegistry.Call[](65), 0);
    }

    function test_propose_failsIfKnown() public {
        vm.startPrank(governors[0].at);
        bytes32 id = registry.propose(_oneCall(), 0);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.ProposalKnown.selector, id));
        registry.propose(_oneCall(), 0);
    }

    function test_confirm_executesAtTheQuorum() public {
        vm.prank(governors[0].at);
        bytes32 id = registry.propose(_oneCall(), 0);
        assertEq(registry.proposal(id).executedAt, 0);
        assertEq(registry.city(cities[2]).endpoint, keccak256(bytes(names[2])));
        vm.prank(governors[2].at);
        registry.confirm(_oneCall(), 0);
        assertEq(registry.proposal(id).executedAt, START);
        assertEq(registry.city(cities[2]).endpoint, bytes32(uint256(7)));
    }

    function test_confirm_failsIfSameCityTwice() public {
        Actor memory second = _actor("second governor", 0);
        _addKey(0, second, ICityRegistry.KeyKind.Governor, 0);
        vm.prank(governors[0].at);
        bytes32 id = registry.propose(_oneCall(), 0);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.AlreadyConfirmed.selector, id, cities[0]));
        vm.prank(second.at);
        registry.confirm(_oneCall(), 0);
    }

    function test_confirm_failsIfUnknown() public {
        ICityRegistry.Call[] memory calls = _oneCall();
        bytes32 id = keccak256(abi.encode(calls, bytes32(0)));
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.ProposalUnknown.selector, id));
        vm.prank(governors[0].at);
        registry.confirm(calls, 0);
    }

    function test_confirm_failsIfDone() public {
        vm.prank(governors[0].at);
        bytes32 id = registry.propose(_oneCall(), 0);
        vm.prank(governors[1].at);
        registry.confirm(_oneCall(), 0);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.ProposalDone.selector, id));
        vm.prank(governors[2].at);
        registry.confirm(_oneCall(), 0);
    }

    function test_confirm_failsIfExpired() public {
        vm.prank(governors[0].at);
        bytes32 id = registry.propose(_oneCall(), 0);
        vm.warp(START + 30 days + 1);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.ProposalStale.selector, id));
        vm.prank(governors[1].at);
        registry.confirm(_oneCall(), 0);
    }

    function test_confirm_failsIfVotersChanged() public {
        vm.prank(governors[0].at);
        bytes32 id = registry.propose(_oneCall(), 0);
        _addKey(2, _actor("new governor", 2), ICityRegistry.KeyKind.Governor, 0);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.ProposalStale.selector, id));
        vm.prank(governors[1].at);
        registry.confirm(_oneCall(), 0);
    }

    function test_confirm_failsIfGovernorEnded() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (governors[2].at, 0)));
        vm.prank(governors[0].at);
        registry.propose(_oneCall(), 0);
        vm.warp(START + 1);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.NotAGovernor.selector, governors[2].at));
        vm.prank(governors[2].at);
        registry.confirm(_oneCall(), 0);
    }

    function test_confirm_failsIfTargetIsNotNamed() public {
        _decideFails(address(this), "", abi.encodeWithSelector(ICityRegistry.TargetNotNamed.selector, address(this)));
    }

    function test_confirm_callsAContractNamedInTheSameProposal() public {
        Named named = new Named();
        ICityRegistry.Call[] memory calls = new ICityRegistry.Call[](2);
        bytes memory naming =
            abi.encodeCall(ICityRegistry.nameVersion, (ICityRegistry.ContractKind.KeySets, address(named)));
        calls[0] = ICityRegistry.Call(address(registry), naming);
        calls[1] = ICityRegistry.Call(address(named), abi.encodeCall(Named.touch, ()));
        vm.prank(governors[0].at);
        registry.propose(calls, 0);
        vm.prank(governors[1].at);
        registry.confirm(calls, 0);
        assertEq(named.toucher(), address(registry));
    }

    function test_everyChange_failsIfNotByQuorum() public {
        bytes[13] memory changes = [
            abi.encodeCall(ICityRegistry.addCity, (_founder("x"))),
            abi.encodeCall(ICityRegistry.removeCity, (cities[0])),
            abi.encodeCall(ICityRegistry.setEndpoint, (cities[0], bytes32(0))),
            abi.encodeCall(ICityRegistry.addKey, (cities[0], address(9), ICityRegistry.KeyKind.Submitter, 0, 0, 0)),
            abi.encodeCall(ICityRegistry.endKey, (submitters[0].at, 0)),
            abi.encodeCall(ICityRegistry.compromiseKey, (submitters[0].at)),
            abi.encodeCall(
                ICityRegistry.addNoteKey, (cities[0], bytes32(uint256(1)), ICityRegistry.NoteKeyKind.Log, 0, 0)
            ),
            abi.encodeCall(ICityRegistry.endNoteKey, (bytes32(uint256(1)), 0)),
            abi.encodeCall(ICityRegistry.compromiseNoteKey, (bytes32(uint256(1)))),
            abi.encodeCall(ICityRegistry.addSupervisor, (cities[0], bytes32(uint256(1)), 0, 0)),
            abi.encodeCall(ICityRegistry.endSupervisor, (cities[0], bytes32(uint256(1)), 0)),
            abi.encodeCall(ICityRegistry.endOrigin, (bytes32(0), 0)),
            abi.encodeCall(ICityRegistry.nameVersion, (ICityRegistry.ContractKind.KeySets, address(this)))
        ];
        vm.startPrank(governors[0].at);
        for (uint256 i = 0; i < changes.length; i++) {
            (bool ok, bytes memory answer) = address(registry).call(changes[i]);
            assertFalse(ok);
            assertEq(bytes4(answer), ICityRegistry.NotByQuorum.selector);
        }
        ICityRegistry.Schedule memory none;
        vm.expectRevert(ICityRegistry.NotByQuorum.selector);
        registry.addOrigin(cities[0], "x", ICityRegistry.OriginKind.Public, 0, none);
    }

    // --- cities -------------------------------------------------------------------------------------------------

    function test_removeCity_failsIfEntriesAreOpen() public {
        bytes memory error = abi.encodeWithSelector(ICityRegistry.CityHasOpenEntries.selector, cities[2], 5);
        _decideFails(address(registry), abi.encodeCall(ICityRegistry.removeCity, (cities[2])), error);
    }

    function test_removeCity_takesItsVoiceAndItsKeysHaveEnds() public {
        _endAllKeys(2);
        _decide(address(registry), abi.encodeCall(ICityRegistry.removeCity, (cities[2])));
        assertEq(registry.cityCount(), 2);
        assertEq(registry.city(cities[2]).to, START);
        vm.prank(governors[2].at);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.CityUnknown.selector, cities[2]));
        registry.propose(_oneCall(), 0);
        // What its issuer certified holds until the end that companies were told.
        assertEq(registry.cityOfKey(issuers[2].at, ICityRegistry.KeyKind.Issuer, START + 30 days), cities[2]);
    }

    function test_removeCity_failsIfTwoStand() public {
        _endAllKeys(2);
        _decide(address(registry), abi.encodeCall(ICityRegistry.removeCity, (cities[2])));
        address[5] memory keys = [submitters[1].at, witnesses[1].at, receivers[1].at, issuers[1].at, governors[1].at];
        for (uint256 i = 0; i < 5; i++) {
            _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (keys[i], START + 60 days)));
        }
        bytes memory error = abi.encodeWithSelector(ICityRegistry.TooFewCities.selector);
        _decideFails(address(registry), abi.encodeCall(ICityRegistry.removeCity, (cities[1])), error);
    }

    function test_addCity_failsIfNameless() public {
        bytes memory error = abi.encodeWithSelector(ICityRegistry.NameEmpty.selector);
        _decideFails(address(registry), abi.encodeCall(ICityRegistry.addCity, (_founder(""))), error);
    }

    // --- keys ---------------------------------------------------------------------------------------------------

    function test_addKey_isNeverBackdated() public {
        vm.warp(START + 100);
        bytes memory adding =
            abi.encodeCall(ICityRegistry.addKey, (cities[0], address(9), ICityRegistry.KeyKind.Witness, 0, START, 0));
        (ICityRegistry.Call[] memory calls, bytes32 salt) = _proposed(address(registry), adding);
        vm.expectEmit(address(registry));
        emit KeyAdded(cities[0], address(9), ICityRegistry.KeyKind.Witness, 0, START + 100, FOREVER);
        vm.prank(governors[1].at);
        registry.confirm(calls, salt);
        assertEq(registry.key(address(9)).from, START + 100);
    }

    function test_addKey_failsIfKeyHasARecord() public {
        bytes memory adding = abi.encodeCall(
            ICityRegistry.addKey, (cities[1], witnesses[0].at, ICityRegistry.KeyKind.Submitter, 0, 0, 0)
        );
        bytes memory error =
            abi.encodeWithSelector(ICityRegistry.KeyKnown.selector, bytes32(uint256(uint160(witnesses[0].at))));
        _decideFails(address(registry), adding, error);
    }

    function test_addKey_failsIfEndedKeyComesBack() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (witnesses[0].at, 0)));
        vm.warp(START + 10);
        bytes memory adding =
            abi.encodeCall(ICityRegistry.addKey, (cities[0], witnesses[0].at, ICityRegistry.KeyKind.Witness, 0, 0, 0));
        bytes memory error =
            abi.encodeWithSelector(ICityRegistry.KeyKnown.selector, bytes32(uint256(uint160(witnesses[0].at))));
        _decideFails(address(registry), adding, error);
    }

    function test_addKey_failsIfRolesDoNotFitTheKind() public {
        _addKeyFails(ICityRegistry.KeyKind.Issuer, 0);
        _addKeyFails(ICityRegistry.KeyKind.Issuer, 1);
        _addKeyFails(ICityRegistry.KeyKind.Issuer, 1 << 9);
        _addKeyFails(ICityRegistry.KeyKind.Witness, 1 << 3);
    }

    function test_addKey_failsIfCityUnknown() public {
        bytes memory adding = abi.encodeCall(
            ICityRegistry.addKey, (bytes32(uint256(5)), address(9), ICityRegistry.KeyKind.Witness, 0, 0, 0)
        );
        bytes memory error = abi.encodeWithSelector(ICityRegistry.CityUnknown.selector, bytes32(uint256(5)));
        _decideFails(address(registry), adding, error);
    }

    function test_addKey_failsIfPeriodIsEmpty() public {
        bytes memory adding = abi.encodeCall(
            ICityRegistry.addKey, (cities[0], address(9), ICityRegistry.KeyKind.Witness, 0, START + 5, START + 5)
        );
        bytes memory error = abi.encodeWithSelector(ICityRegistry.PeriodInvalid.selector, START + 5, START + 5);
        _decideFails(address(registry), adding, error);
    }

    function test_addKey_failsIfKindOrAddressIsZero() public {
        bytes memory kindless =
            abi.encodeCall(ICityRegistry.addKey, (cities[0], address(9), ICityRegistry.KeyKind.None, 0, 0, 0));
        _decideFails(address(registry), kindless, abi.encodeWithSelector(ICityRegistry.KeyKindInvalid.selector));
        bytes memory nobody =
            abi.encodeCall(ICityRegistry.addKey, (cities[0], address(0), ICityRegistry.KeyKind.Witness, 0, 0, 0));
        _decideFails(address(registry), nobody, abi.encodeWithSelector(ICityRegistry.KeyIsZero.selector));
    }

    function test_endKey_givesAnIssuerThirtyDays() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (issuers[0].at, START)));
        assertEq(registry.key(issuers[0].at).to, START + 30 days);
    }

    function test_endKey_failsIfEnded() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (witnesses[0].at, 0)));
        vm.warp(START + 1);
        bytes memory error = abi.encodeWithSelector(ICityRegistry.PeriodInvalid.selector, START, START + 9);
        _decideFails(address(registry), abi.encodeCall(ICityRegistry.endKey, (witnesses[0].at, START + 9)), error);
    }

    function test_endKey_failsIfUnknown() public {
        bytes memory error = abi.encodeWithSelector(ICityRegistry.KeyUnknown.selector, bytes32(uint256(9)));
        _decideFails(address(registry), abi.encodeCall(ICityRegistry.endKey, (address(9), 0)), error);
    }

    function test_compromiseKey_voidsAtOnceAlsoTimesBefore() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (witnesses[0].at, START + 9)));
        vm.warp(START + 100);
        _decide(address(registry), abi.encodeCall(ICityRegistry.compromiseKey, (witnesses[0].at)));
        ICityRegistry.Key memory record = registry.key(witnesses[0].at);
        assertEq(record.compromisedAt, START + 100);
        assertEq(record.to, START + 9, "the end that it had stands");
        assertEq(registry.cityOfKey(witnesses[0].at, ICityRegistry.KeyKind.Witness, START), 0);
        assertEq(registry.city(cities[0]).open, 4);
    }

    function test_compromiseKey_failsIfMarkedBefore() public {
        _decide(address(registry), abi.encodeCall(ICityRegistry.compromiseKey, (witnesses[0].at)));
        bytes memory error =
            abi.encodeWithSelector(ICityRegistry.KeyEnded.selector, bytes32(uint256(uint160(witnesses[0].at))));
        _decideFails(address(registry), abi.encodeCall(ICityRegistry.compromiseKey, (witnesses[0].at)), error);
    }

    function test_compromiseKey_failsIfUnknown() public {
        bytes memory error = abi.encodeWithSelector(ICityRegistry.KeyUnknown.selector, bytes32(uint256(9)));
        _decideFails(address(registry), abi.encodeCall(ICityRegistry.compromiseKey, (address(9))), error);
        bytes memory compromising = abi.encodeCall(ICityRegistry.compromiseNoteKey, (bytes32(uint256(9))));
        _decideFails(address(registry), compromising, error);
        _decideFails(address(registry), abi.encodeCall(ICityRegistry.endNoteKey, (bytes32(uint256(9)), 0)), error);
    }

    function test_compromiseKey_ofAGovernorEndsItsVoice() public {
        (ICityRegistry.Call[] memory calls, bytes32 salt) = _proposed(address(registry), "");
        _decide(address(registry), abi.encodeCall(ICityRegistry.compromiseKey, (governors[2].at)));
        bytes32 id = keccak256(abi.encode(calls, salt));
        vm.prank(governors[1].at);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.ProposalStale.selector, id));
        registry.confirm(calls, salt);
        vm.prank(governors[2].at);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.NotAGovernor.selector, governors[2].at));
        registry.propose(calls, 0);
    }

    function testFuzz_cityOfKey_countsInsideThePeriodOnly(uint64 from, uint64 to, uint64 at) public {
        from = uint64(bound(from, START, START + 1000 days));
        to = uint64(bound(to, uint256(from) + 1, START + 2000 days));
        _decide(
            address(registry),
            abi.encodeCall(ICityRegistry.addKey, (cities[0], address(9), ICityRegistry.KeyKind.Witness, 0, from, to))
        );
        bytes32 expected = from <= at && at <= to ? cities[0] : bytes32(0);
        assertEq(registry.cityOfKey(address(9), ICityRegistry.KeyKind.Witness, at), expected);
        assertEq(registry.cityOfKey(address(9), ICityRegistry.KeyKind.Receiving, at), 0);
    }

    function test_noteKeys_haveTheSameLife() public {
        bytes32 ed25519 = keccak256("ed25519");
        _decide(
            address(registry),
            abi.encodeCall(ICityRegistry.addNoteKey, (cities[0], ed25519, ICityRegistry.NoteKeyKind.Log, 0, 0))
        );
        assertEq(registry.noteKey(ed25519).city, cities[0]);
        assertEq(registry.noteKey(ed25519).to, FOREVER);
        _decide(address(registry), abi.encodeCall(ICityRegistry.endNoteKey, (ed25519, START + 5)));
        assertEq(registry.noteKey(ed25519).to, START + 5);
        _decide(address(registry), abi.encodeCall(ICityRegistry.compromiseNoteKey, (ed25519)));
        assertEq(registry.noteKey(ed25519).to, START);
        assertEq(registry.noteKey(ed25519).compromisedAt, START);
    }

    function test_addNoteKey_failsIfZeroOrKindless() public {
        bytes memory zero =
            abi.encodeCall(ICityRegistry.addNoteKey, (cities[0], 0, ICityRegistry.NoteKeyKind.Log, 0, 0));
        _decideFails(address(registry), zero, abi.encodeWithSelector(ICityRegistry.KeyIsZero.selector));
        bytes memory kindless = abi.encodeCall(
            ICityRegistry.addNoteKey, (cities[0], bytes32(uint256(1)), ICityRegistry.NoteKeyKind.None, 0, 0)
        );
        _decideFails(address(registry), kindless, abi.encodeWithSelector(ICityRegistry.KeyKindInvalid.selector));
    }

    // --- supervisors and logs -----------------------------------------------------------------------------------

    function test_supervisors_standForACityInTheirPeriod() public {
        bytes32 office = keccak256("office");
        _decide(address(registry), abi.encodeCall(ICityRegistry.addSupervisor, (cities[0], office, START + 10, 0)));
        assertFalse(registry.isSupervisor(cities[0], office));
        vm.warp(START + 10);
        assertTrue(registry.isSupervisor(cities[0], office));
        assertFalse(registry.isSupervisor(cities[1], office));
        _decide(address(registry), abi.encodeCall(ICityRegistry.endSupervisor, (cities[0], office, 0)));
        vm.warp(START + 11);
        assertFalse(registry.isSupervisor(cities[0], office));
    }

    function test_addSupervisor_failsIfZeroOrKnown() public {
        bytes memory zero = abi.encodeCall(ICityRegistry.addSupervisor, (cities[0], 0, 0, 0));
        _decideFails(address(registry), zero, abi.encodeWithSelector(ICityRegistry.KeyKnown.selector, bytes32(0)));
        bytes32 office = keccak256("office");
        bytes memory adding = abi.encodeCall(ICityRegistry.addSupervisor, (cities[0], office, 0, START + 7));
        _decide(address(registry), adding);
        assertEq(registry.supervisor(cities[0], office).to, START + 7);
        _decideFails(address(registry), adding, abi.encodeWithSelector(ICityRegistry.KeyKnown.selector, office));
    }

    function test_endSupervisor_failsIfUnknown() public {
        bytes memory error =
            abi.encodeWithSelector(ICityRegistry.SupervisorUnknown.selector, cities[0], bytes32(uint256(1)));
        bytes memory ending = abi.encodeCall(ICityRegistry.endSupervisor, (cities[0], bytes32(uint256(1)), 0));
        _decideFails(address(registry), ending, error);
    }

    function test_addOrigin_keepsScheduleAndQ() public {
        bytes32 id = _addSealed(0, "sunbid.example/sealed");
        ICityRegistry.Origin memory origin = registry.standingOrigin(id);
        assertEq(origin.city, cities[0]);
        assertEq(origin.kind, uint256(ICityRegistry.OriginKind.Sealed));
        assertEq(origin.q, 1);
        assertEq(origin.schedule.fastLead, 900);
    }

    function test_addOrigin_failsIfKnown() public {
        bytes32 id = _addPublic(0, "log");
        ICityRegistry.Schedule memory none;
        bytes memory adding =
            abi.encodeCall(ICityRegistry.addOrigin, (cities[1], "log", ICityRegistry.OriginKind.Public, 0, none));
        _decideFails(address(registry), adding, abi.encodeWithSelector(ICityRegistry.OriginExists.selector, id));
    }

    function test_addOrigin_failsIfSealedWithoutScheduleOrQ() public {
        ICityRegistry.Schedule memory none;
        _addOriginFails(ICityRegistry.OriginKind.Sealed, 1, none);
        _addOriginFails(ICityRegistry.OriginKind.Sealed, 0, _schedule());
        _addOriginFails(ICityRegistry.OriginKind.Sealed, 3, _schedule());
        _addOriginFails(ICityRegistry.OriginKind.Public, 0, _schedule());
        _addOriginFails(ICityRegistry.OriginKind.Public, 1, none);
        _addOriginFails(ICityRegistry.OriginKind.None, 0, none);
    }

    function test_addOrigin_failsIfNameless() public {
        ICityRegistry.Schedule memory none;
        bytes memory adding =
            abi.encodeCall(ICityRegistry.addOrigin, (cities[0], "", ICityRegistry.OriginKind.Public, 0, none));
        _decideFails(address(registry), adding, abi.encodeWithSelector(ICityRegistry.NameEmpty.selector));
    }

    function test_endOrigin_failsIfUnknown() public {
        bytes memory error = abi.encodeWithSelector(ICityRegistry.OriginUnknown.selector, bytes32(uint256(9)));
        _decideFails(address(registry), abi.encodeCall(ICityRegistry.endOrigin, (bytes32(uint256(9)), 0)), error);
    }

    function test_standingOrigin_failsIfEnded() public {
        bytes32 id = _addSealed(0, "sealed");
        _decide(address(registry), abi.encodeCall(ICityRegistry.endOrigin, (id, START + 5)));
        registry.standingOrigin(id);
        vm.warp(START + 6);
        vm.expectRevert(abi.encodeWithSelector(ICityRegistry.OriginUnknown.selector, id));
        registry.standingOrigin(id);
    }

    function testFuzz_witnessQuorum_isHalfOfTheOthersUpToThree(uint8 more) public {
        more = uint8(bound(more, 0, 9));
        for (uint256 i = 0; i < more; i++) {
            (ICityRegistry.Call[] memory calls, bytes32 salt) =
                _proposed(address(registry), abi.encodeCall(ICityRegistry.addCity, (_founder(vm.toString(i)))));
            for (uint256 j = 1; j < registry.quorum(); j++) {
                vm.prank(j < 3 ? governors[j].at : _governorOf(vm.toString(j - 3)));
                registry.confirm(calls, salt);
                if (registry.proposal(keccak256(abi.encode(calls, salt))).executedAt != 0) break;
            }
        }
        uint256 half = (uint256(3) + more - 1) / 2;
        assertEq(registry.cityCount(), 3 + uint256(more));
        assertEq(registry.witnessQuorum(), half > 3 ? 3 : half);
    }

    // --- versions -----------------------------------------------------------------------------------------------

    function test_nameVersion_keepsOldVersions() public {
        (Named first, Named second) = (new Named(), new Named());
        _nameVersion(ICityRegistry.ContractKind.TenderBook, address(first));
        _nameVersion(ICityRegistry.ContractKind.TenderBook, address(second));
        assertEq(registry.currentVersion(ICityRegistry.ContractKind.TenderBook), address(second));
        assertTrue(registry.isVersion(ICityRegistry.ContractKind.TenderBook, address(first)));
        assertFalse(registry.isVersion(ICityRegistry.ContractKind.KeySets, address(first)));
        assertFalse(registry.isVersion(ICityRegistry.ContractKind.None, address(9)));
    }

    function test_nameVersion_failsIfNoCodeOrNamedBefore() public {
        Named first = new Named();
        _nameVersion(ICityRegistry.ContractKind.TenderBook, address(first));
        _nameVersionFails(ICityRegistry.ContractKind.TenderBook, address(first));
        _nameVersionFails(ICityRegistry.ContractKind.KeySets, address(first));
        _nameVersionFails(ICityRegistry.ContractKind.KeySets, address(9));
        _nameVersionFails(ICityRegistry.ContractKind.None, address(new Named()));
    }

    // --- helpers ------------------------------------------------------------------------------------------------

    function _oneCall() private view returns (ICityRegistry.Call[] memory calls) {
        calls = new ICityRegistry.Call[](1);
        calls[0] = ICityRegistry.Call(
            address(registry), abi.encodeCall(ICityRegistry.setEndpoint, (cities[2], bytes32(uint256(7))))
        );
    }

    function _founder(string memory name) private returns (ICityRegistry.Founder memory) {
        return ICityRegistry.Founder(name, _governorOf(name), 0);
    }

    function _governorOf(string memory name) private returns (address) {
        return makeAddr(string.concat("governor of ", name));
    }

    function _endAllKeys(uint256 i) private {
        address[5] memory keys = [submitters[i].at, witnesses[i].at, receivers[i].at, issuers[i].at, governors[i].at];
        for (uint256 j = 0; j < 5; j++) {
            _decide(address(registry), abi.encodeCall(ICityRegistry.endKey, (keys[j], 0)));
        }
    }

    function _addKeyFails(ICityRegistry.KeyKind kind, uint256 roles) private {
        bytes memory adding = abi.encodeCall(ICityRegistry.addKey, (cities[0], address(9), kind, roles, 0, 0));
        _decideFails(address(registry), adding, abi.encodeWithSelector(ICityRegistry.RolesInvalid.selector, roles));
    }

    function _addOriginFails(ICityRegistry.OriginKind kind, uint256 q, ICityRegistry.Schedule memory schedule) private {
        bytes memory adding = abi.encodeCall(ICityRegistry.addOrigin, (cities[0], "log", kind, q, schedule));
        bytes memory error = abi.encodeWithSelector(ICityRegistry.OriginInvalid.selector, sha256("log"));
        _decideFails(address(registry), adding, error);
    }

    function _nameVersionFails(ICityRegistry.ContractKind kind, address version) private {
        bytes memory error = abi.encodeWithSelector(ICityRegistry.VersionInvalid.selector, version);
        _decideFails(address(registry), abi.encodeCall(ICityRegistry.nameVersion, (kind, version)), error);
    }
}

/// @dev A contract that a quorum may name and call.
contract Named {
    address public toucher;

    function touch() external {
        toucher = msg.sender;
    }
}
