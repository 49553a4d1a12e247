"""Recompute a file of known answers from its inputs: `python -m bidding.sealing.vectors FILE`."""
