"""Finished segments, kept so that a grown window costs only what is new (docs/reference/encryption.md)."""
