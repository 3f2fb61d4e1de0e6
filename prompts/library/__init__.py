"""The prompts that Catchup ships."""
