"""Chains to develop and test against besides anvil: Ganache, and a real network of four go-ethereum validators."""
