"""The policies that Catchup ships."""
