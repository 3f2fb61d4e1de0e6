from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.directory import Channel, ChannelKind, Person
from core.ids import ChannelId, UserId
from gateway.console.mrkdwn import inline, render
from gateway.console.names import names_of

ANA = Person(id=UserId("U1"), handle="ana", display_name="Ana")
OPEN = Channel(id=ChannelId("C1"), name="open")
BOARD = Channel(id=ChannelId("C2"), name="board", kind=ChannelKind.PRIVATE)
NAMES = names_of([ANA], [OPEN], [OPEN, BOARD])

ALLOWED = {
    "p": set(),
    "br": set(),
    "strong": set(),
    "em": set(),
    "s": set(),
    "code": set(),
    "pre": set(),
    "blockquote": set(),
    "span": {"class", "title"},
    "a": {"href", "rel", "target"},
}
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<https://a.example/" onmouseover="alert(1)|x>',
    "<javascript:alert(1)|click>",
    "<JaVaScRiPt://a.example/%0aalert(1)|click>",
    "<data:text/html;base64,PHNjcmlwdD4=|click>",
    "<vbscript:x|y>",
    "<@U1\"><script>>",
    "<#C1|<b>x</b>>",
    "<!subteam^S1|<svg onload=alert(1)>>",
    "```</code></pre><script>alert(1)</script>```",
    "`</code><script>`",
    "> </blockquote><iframe src=//evil.example>",
    "*<script>*_<b>_~</s>~",
    ":<img>:",
    ":x\" onclick=\"alert(1):",
    "https://a.example/<script>",
    "http://[::1",
    "<http://[bad|x>",
    "<https://|x>",
    "{{ 7 * 7 }} {% raw %} ${x}",
)  # fmt: skip


class Tags(HTMLParser):
    """Every tag with its attributes, and the text between."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    tags.close()
    return tags


def must_be_harmless(html: str) -> None:
    for tag, attributes in parsed(html).found:
        assert tag in ALLOWED
        assert attributes.keys() <= ALLOWED[tag]
        if tag == "a":
            assert urlsplit(attributes["href"] or "").scheme.lower() in {"http", "https", "mailto"}
            assert attributes["rel"] == "noopener nofollow noreferrer"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str):
    must_be_harmless(render(text, NAMES))
    must_be_harmless(inline(text, NAMES))


@given(
    st.lists(
        st.sampled_from(
            [*HOSTILE, "<", ">", "|", "`", "```", "*", "_", "~", "\n", "> ", '"', "'", "&", ":", "a"]
        )
    )
)
def test_no_mixture_of_hostile_pieces_makes_a_tag_that_is_not_ours(pieces: list[str]):
    text = "".join(pieces)

    must_be_harmless(render(text, NAMES))
    must_be_harmless(inline(text, NAMES))


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=200))
def test_any_text_renders_to_harmless_html(text: str):
    must_be_harmless(render(text, NAMES))


def test_characters_that_reorder_text_are_removed():
    found = render("pay \u202eecila\u202c \u2067now\u2069", NAMES)

    assert found == "<p>pay ecila now</p>"


def test_a_label_cannot_hide_where_its_link_leads():
    lying = render("<https://evil.example/login|https://good.example>", NAMES)
    honest = render("<https://good.example/a|good.example/a>", NAMES)

    assert "(evil.example)" in lying
    assert "host" not in honest


def test_a_name_before_an_at_sign_is_not_taken_for_the_host():
    found = render("https://good.example@evil.example/", NAMES)

    assert "(evil.example)" in found


def test_mentions_become_names():
    found = render("<@U1> in <#C1|old-name>, <!here> and <!subteam^S1|@crew>", NAMES)

    assert parsed(found).text == "@Ana in #open, @here and @crew"


def test_the_name_of_a_channel_that_one_may_not_read_is_not_told():
    found = render("see <#C2|board>", NAMES)

    assert parsed(found).text == "see a private channel"


def test_somebody_unknown_keeps_their_id():
    assert parsed(render("<@U9>", NAMES)).text == "@U9"


def test_styles_quotes_and_code_are_rendered():
    found = render("*b* _i_ ~s~ `a*b*c`\n> said\n```\nx = 1\n```", NAMES)

    assert found == (
        "<p><strong>b</strong> <em>i</em> <s>s</s> <code>a*b*c</code></p>"
        "<blockquote><p>said</p></blockquote><pre><code>x = 1</code></pre>"
    )


@pytest.mark.parametrize(
    "text", ["snake_case_name", "2*3*4", "10:30:45", "a ~ b ~ c", "5 * 3 * 2", "* not bold *"]
)
def test_signs_that_are_part_of_words_style_nothing(text: str):
    assert render(text, NAMES) == f"<p>{text}</p>"


def test_a_full_stop_after_a_link_is_not_part_of_it():
    found = parsed(render("see https://a.example/x.", NAMES))

    assert found.found[1][1]["href"] == "https://a.example/x"


def test_emoji_names_become_characters_and_unknown_ones_stay():
    assert parsed(render(":tada: :our_own: :+1::skin-tone-2:", NAMES)).text == "🎉 :our_own: 👍"


def test_a_long_message_of_opening_signs_renders_in_time():
    render("*a _b ~c <@ `d ```" * 5_000, NAMES)
