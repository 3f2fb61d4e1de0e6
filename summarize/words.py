"""Word lists."""

from __future__ import annotations


def wordset(text: str) -> frozenset[str]:
    """Return the words of a text, as a set."""
    return frozenset(text.split())


AGREEMENT = wordset(
    """
    +1 100 ballot_box_with_check clap eyes fire handshake heart heavy_check_mark heavy_plus_sign muscle
    ok_hand pray raised_hands rocket star tada thumbsup white_check_mark
    """
)
"""Reactions that say a message is worth something."""

ASSENT = wordset(
    """
    +1 100 clap handshake heavy_check_mark ok_hand tada thumbsup white_check_mark
    """
)
"""Reactions that say yes."""

FILLER = wordset(
    """
    a ah aha and at awesome brb bye cheers congrats congratulations cool cute gg good great haha hahaha he
    heh hello hey hi hm hmm hmmm i indeed is it just kk lmao lol love me morning nice np of off oh ok okay
    omg ooh perfect rip so sorry sure sweet ta thank thanks that the this thx to too totally true ty tyvm
    ugh very welcome well whoa wow yay yes you your yw
    """
)
"""Words that say nothing on their own."""

TELLING = wordset(
    """
    agreed approved deployed done fixed merged never no nope resolved shipped tomorrow yep yes
    """
)
"""Words that answer on their own."""

COMMON = wordset(
    """
    about actually after been before could decided decision does done from going have instead into just only
    should than that their them then there they this were what when where which while will with would your
    """
)
"""Longer words that two messages share without being about the same."""

ABBREVIATIONS = wordset(
    """
    a.m al approx apr aug bzw ca cf co corp dec dept dr e.g est etc feb fig fri i.e inc jan jul jun ltd mar
    max min mon mr mrs ms no nov nr oct p.m prof resp sat sep sept st sun thu tue u.s usw vs wed z.b
    """
)
"""What a full stop does not end."""
