"""`python -m gateway` is `catchup`."""

from __future__ import annotations

from gateway.cli.main import main

main()
