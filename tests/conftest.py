"""Fixtures every test may use; services that are absent are reported once, by name, at the end of the run."""
