"""The event log: what happened, without a word of what was said."""
