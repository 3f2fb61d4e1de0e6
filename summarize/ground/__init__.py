"""Every claim is held against the messages it cites, in code: mended once where that can be done, else dropped."""

from summarize.ground.grounding import Grounding, Settled
from summarize.ground.reversals import Reversals
from summarize.ground.stream import Grounded

__all__ = ["Grounded", "Grounding", "Reversals", "Settled"]
