"""Replay: real tenders from public records, acted out over the HTTP API by robots of every role."""
