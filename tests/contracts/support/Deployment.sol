// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {CityRegistry} from "../../../contracts/CityRegistry.sol";
import {ICityRegistry} from "../../../contracts/interfaces/ICityRegistry.sol";
import {Acts} from "../../../contracts/libraries/Acts.sol";

/// @title Three cities on a fresh chain, and the papers of whoever acts in a test.
/// @dev Digests are computed here by EIP-712's text and not by the contracts' own code.
abstract contract Deployment is Test {
    struct Actor {
        address at;
        uint256 secret;
    }

    uint256 internal constant START = 1_750_000_000;
    uint256 internal constant FOREVER = type(uint64).max;
    uint256 internal constant REVOCATION_DELAY = 1 days;
    uint256 internal constant ALL_ROLES = 0x1fe;
    uint64 internal constant LATER = uint64(START + 3650 days);

    CityRegistry internal registry;
    string[3] internal names = [unicode"鄂州市", unicode"黄石市", unicode"黄冈市"];
    bytes32[3] internal cities;
    Actor[3] internal governors;
    Actor[3] internal submitters;
    Actor[3] internal witnesses;
    Actor[3] internal receivers;
    Actor[3] internal issuers;
    uint256 private _salt;

    function setUp() public virtual {
        vm.warp(START);
        ICityRegistry.Founder[] memory founders = new ICityRegistry.Founder[](3);
        for (uint256 i = 0; i < 3; i++) {
            cities[i] = sha256(bytes(names[i]));
            governors[i] = _actor("governor", i);
            submitters[i] = _actor("submitter", i);
            witnesses[i] = _actor("witness", i);
            receivers[i] = _actor("receiver", i);
            issuers[i] = _actor("issuer", i);
            founders[i] = ICityRegistry.Founder(names[i], governors[i].at, keccak256(bytes(names[i])));
        }
        registry = new CityRegistry(founders, REVOCATION_DELAY);
        for (uint256 i = 0; i < 3; i++) {
            _addKey(i, submitters[i], ICityRegistry.KeyKind.Submitter, 0);
            _addKey(i, witnesses[i], ICityRegistry.KeyKind.Witness, 0);
            _addKey(i, receivers[i], ICityRegistry.KeyKind.Receiving, 0);
            _addKey(i, issuers[i], ICityRegistry.KeyKind.Issuer, ALL_ROLES);
        }
    }

    // --- the quorum ---------------------------------------------------------------------------------------------

    function _addKey(uint256 city, Actor memory actor, ICityRegistry.KeyKind kind, uint256 roles) internal {
        _decide(address(registry), abi.encodeCall(ICityRegistry.addKey, (cities[city], actor.at, kind, roles, 0, 0)));
    }

    function _nameVersion(ICityRegistry.ContractKind kind, address version) internal {
        _decide(address(registry), abi.encodeCall(ICityRegistry.nameVersion, (kind, version)));
    }

    function _addSealed(uint256 city, string memory line) internal returns (bytes32) {
        ICityRegistry.Schedule memory schedule = _schedule();
        _decide(
            address(registry),
            abi.encodeCall(ICityRegistry.addOrigin, (cities[city], line, ICityRegistry.OriginKind.Sealed, 1, schedule))
        );
        return sha256(bytes(line));
    }

    function _addPublic(uint256 city, string memory line) internal returns (bytes32) {
        ICityRegistry.Schedule memory none;
        _decide(
            address(registry),
            abi.encodeCall(ICityRegistry.addOrigin, (cities[city], line, ICityRegistry.OriginKind.Public, 0, none))
        );
        return sha256(bytes(line));
    }

    function _schedule() internal pure returns (ICityRegistry.Schedule memory) {
        return ICityRegistry.Schedule(8, 60, 16, 2, 900);
    }

    /// @dev The governors of two of the three cities make the call.
    function _decide(address target, bytes memory data) internal {
        (ICityRegistry.Call[] memory calls, bytes32 salt) = _proposed(target, data);
        vm.prank(governors[1].at);
        registry.confirm(calls, salt);
    }

    /// @dev The same, for a call that has to fail with `error`.
    function _decideFails(address target, bytes memory data, bytes memory error) internal {
        (ICityRegistry.Call[] memory calls, bytes32 salt) = _proposed(target, data);
        vm.prank(governors[1].at);
        vm.expectRevert(error);
        registry.confirm(calls, salt);
    }

    function _proposed(address target, bytes memory data)
        internal
        returns (ICityRegistry.Call[] memory calls, bytes32 salt)
    {
        calls = new ICityRegistry.Call[](1);
        calls[0] = ICityRegistry.Call(target, data);
        salt = bytes32(++_salt);
        vm.prank(governors[0].at);
        registry.propose(calls, salt);
    }

    // --- papers -------------------------------------------------------------------------------------------------

    function _credential(address key, bytes32 subject, bytes32 organisation, uint8 role)
        internal
        pure
        returns (Acts.Credential memory)
    {
        return Acts.Credential(key, subject, organisation, role, uint64(START), LATER);
    }

    /// @dev The papers of a staff member, or of the organisation's own key if `subject` is `organisation`.
    function _chain(Actor memory issuer, Acts.Credential memory credential)
        internal
        view
        returns (ICityRegistry.Chain memory chain)
    {
        chain.credential = credential;
        chain.credentialSignature = _sign(issuer, _registryDigest(Acts.hash(credential)));
    }

    /// @dev The papers of a delegate, appointed by `own`, the organisation's own key.
    function _delegated(
        Actor memory issuer,
        Actor memory own,
        Acts.Credential memory credential,
        Acts.Delegation memory delegation
    ) internal view returns (ICityRegistry.Chain memory chain) {
        chain = _chain(issuer, credential);
        chain.delegation = delegation;
        chain.delegationSignature = _sign(own, _registryDigest(Acts.hash(delegation)));
    }

    function _registryDigest(bytes32 structHash) internal view returns (bytes32) {
        return _digestFor(address(registry), structHash);
    }

    function _digestFor(address verifying, bytes32 structHash) internal view returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Sunbid"),
                keccak256("1"),
                block.chainid,
                verifying
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    function _sign(Actor memory actor, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(actor.secret, digest);
        return abi.encodePacked(r, s, v);
    }

    function _actor(string memory name, uint256 number) internal returns (Actor memory actor) {
        (actor.at, actor.secret) = makeAddrAndKey(string.concat(name, vm.toString(number)));
    }

    /// @dev SEC1-compressed public key of `secret`.
    function _point(uint256 secret) internal returns (bytes memory) {
        (uint256 x, uint256 y) = (vm.createWallet(secret).publicKeyX, vm.createWallet(secret).publicKeyY);
        return abi.encodePacked(uint8(2 + (y & 1)), x);
    }
}
