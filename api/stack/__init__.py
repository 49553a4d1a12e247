"""The embedded stack: everything on one machine, for development, demonstrations and tests. Never for production."""
