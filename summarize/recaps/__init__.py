"""Recaps: one digest over somebody's channels, made of summaries. A recap holds no text of its own."""
