// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title The EIP-712 domain in which acts on a contract are signed (acts.md): name "Sunbid", version "1", no salt.
/// @dev Computed at every call, so that after a split of the chain no act is valid on both sides.
abstract contract ActDomain {
    bytes32 private constant _DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant _NAME = keccak256("Sunbid");
    bytes32 private constant _VERSION = keccak256("1");

    /// @dev The id of the act whose EIP-712 struct hash this is; what its signer signs.
    function _digest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 separator = keccak256(abi.encode(_DOMAIN_TYPEHASH, _NAME, _VERSION, block.chainid, address(this)));
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }
}
