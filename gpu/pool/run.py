"""One request on its way through the pool."""

from __future__ import annotations

from gpu.pool.node import Node
from gpu.pool.resume import Progress
from gpu.pool.routing import Ask


class Run:
    """What was asked, how far the answer has come, and which nodes were tried; `voided` until the caller is told."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.progress = Progress(ask.request)
        self.tried: list[Node] = []
        self.voided = False
