"""The HTTP door: REST, problems, middleware."""
