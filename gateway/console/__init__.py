"""The console: a server-rendered view of the workspace, its summaries, recommendations and prompts."""
