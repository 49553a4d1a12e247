"""`python -m bidding.sealing.vectors FILE`."""

from __future__ import annotations

import sys

from bidding.sealing.vectors.check import main

sys.exit(main(sys.argv[1:]))
