"""Slack's export, standard and corporate: https://slack.com/help/articles/220556107."""
