"""How other systems' data come in: Slack exports, message files, interaction tables, live chat events."""
