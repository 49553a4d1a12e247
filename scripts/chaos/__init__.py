"""Processes are killed while tenders go on; at the end nothing that was acknowledged is lost or doubled."""
