"""`python -m api.cli` is the `sunbid` command."""

from api.cli import main

main()
