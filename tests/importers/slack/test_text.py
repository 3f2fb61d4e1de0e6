from __future__ import annotations

import pytest

from gateway.importers.slack.text import normalise

NAMES = {"C0GENERAL": "general"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("plain", "plain"),
        ("grüße 🎉 日本", "grüße 🎉 日本"),
        ("<@U1> and <@W2|wanda>", "<@U1> and <@W2>"),
        ("<@U1|>", "<@U1>"),
        (
            "<#C0GENERAL|general> <#C0GENERAL> <#C0GENERAL|>",
            "<#C0GENERAL|general> " * 2 + "<#C0GENERAL|general>",
        ),
        ("<#C9>", "<#C9>"),
        ("<!here> <!here|here> <!channel> <!everyone|@everyone>", "<!here> <!here> <!channel> <!everyone>"),
        ("<!subteam^S1|@ops> <!subteam^S2>", "@ops @S2"),
        ("<!date^1392734382^{date_short}|18 Feb 2014>", "18 Feb 2014"),
        ("<!date^1392734382^{date_short}>", "2014-02-18 14:39 UTC"),
        ("<!unknown|label> <!other>", "label @other"),
        ("<https://x.org/a?b=1&amp;c=2|a &gt; b>", "<https://x.org/a?b=1&c=2|a › b>"),
        ("<https://x.org>", "<https://x.org>"),
        ("<https://x.org|https://x.org>", "<https://x.org>"),
        ("<mailto:a@b.org|a@b.org> <mailto:c@d.org>", "a@b.org c@d.org"),
        ("<tel:+4930|030>", "030"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&amp;amp;", "&amp;"),
        ("&quot;&#39;", "&quot;&#39;"),
        ("a < b > c", "a < b > c"),
        ("<>", "<>"),
        ("<not a token>", "<not a token>"),
    ],
)
def test_tokens_are_kept_and_entities_decoded_once(written: str, expected: str) -> None:
    assert normalise(written, NAMES) == expected


@pytest.mark.parametrize(
    "typed", ["&lt;@U1&gt;", "&lt;!here&gt;", "&lt;https://evil|bank&gt;", "&lt;#C1|x&gt;"]
)
def test_what_somebody_typed_never_becomes_a_token(typed: str) -> None:
    text = normalise(f"see {typed}", NAMES)

    assert normalise(text.replace("\u2060", ""), NAMES) != text
    assert text.startswith("see <\u2060")
