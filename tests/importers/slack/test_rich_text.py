from __future__ import annotations

from typing import Any

import pytest

from core.ids import ChannelId, WorkspaceId
from gateway.importers.slack.messages import Setting, parse

SETTING = Setting(
    workspace=WorkspaceId("T1"), channel=ChannelId("C1"), names={"C2": "ops"}, bots={}, people=frozenset()
)


def _text(**fields: Any) -> str:
    parsed = parse({"type": "message", "user": "U1", "ts": "1772452800.000000", **fields}, SETTING)
    assert not isinstance(parsed, str)
    return parsed.message.text


def _section(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def _say(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def test_rich_text_stands_in_for_empty_text_with_every_element() -> None:
    inline = _section(
        _say("Hi "),
        {"type": "user", "user_id": "U2"},
        _say(" in "),
        {"type": "channel", "channel_id": "C2"},
        _say(" "),
        {"type": "broadcast", "range": "here"},
        _say(" "),
        {"type": "emoji", "name": "tada", "unicode": "1f389"},
        _say(" "),
        {"type": "link", "url": "https://x.org?a=1&b=2", "text": "x"},
        _say(" "),
        {"type": "usergroup", "usergroup_id": "S1"},
        _say(" "),
        {"type": "date", "timestamp": 1772452800, "format": "{date}", "fallback": "March 2"},
        _say(" "),
        {"type": "color", "value": "#ff0000"},
        _say(" "),
        {"type": "brand_new_thing", "text": "new"},
    )

    text = _text(text="", blocks=[{"type": "rich_text", "elements": [inline]}])

    assert text == "Hi <@U2> in <#C2|ops> <!here> :tada: <https://x.org?a=1&b=2|x> @S1 March 2 #ff0000 new"


def test_lists_quotes_and_code_keep_their_shape() -> None:
    elements = [
        {
            "type": "rich_text_list",
            "style": "ordered",
            "offset": 1,
            "elements": [_section(_say("b")), _section(_say("c"))],
        },
        {"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [_section(_say("d"))]},
        {"type": "rich_text_quote", "elements": [_say("said\nthen")]},
        {"type": "rich_text_preformatted", "elements": [_say("x = 1 < 2")]},
    ]

    text = _text(blocks=[{"type": "rich_text", "elements": elements}])

    assert text == "2. b\n3. c\n  • d\n> said\n> then\n```x = 1 < 2```"


def test_blocks_of_apps_give_their_words() -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Deploy &amp; go"}},
        {"type": "divider"},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*web* by <@U2|x>"},
            "fields": [{"type": "mrkdwn", "text": "a &lt; b"}, {"type": "plain_text", "text": "ok"}],
        },
        {
            "type": "context",
            "elements": [{"type": "image", "alt_text": "logo"}, {"type": "mrkdwn", "text": "CI"}],
        },
        {"type": "image", "title": {"type": "plain_text", "text": "Graph"}, "alt_text": "a graph"},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Retry"}}],
        },
        {"type": "table", "rows": [[{"type": "raw_text", "text": "1"}, {"type": "raw_text", "text": "2"}]]},
        {
            "type": "unheard_of",
            "text": {"type": "mrkdwn", "text": "still read"},
            "elements": [{"text": "inner"}],
        },
    ]

    text = _text(text="This content can't be displayed.", blocks=blocks)

    assert text.split("\n")[:6] == ["Deploy & go", "*web* by <@U2>", "a < b", "ok", "logo CI", "Graph"]
    assert text.split("\n")[6:] == ["Retry", "1 | 2", "still read", "inner"]


def test_attachments_speak_where_text_and_blocks_do_not() -> None:
    attachment = {
        "fallback": "never shown",
        "pretext": "Alert",
        "title": "CPU high",
        "title_link": "https://mon.org/1",
        "text": "host <https://h.org|h1>",
        "fields": [{"title": "Load", "value": "9"}, {"value": "alone"}],
    }

    text = _text(text="", attachments=[attachment, {"fallback": "only &amp; fallback"}, "junk", None])

    assert text == (
        "Alert\n<https://mon.org/1|CPU high>\nhost <https://h.org|h1>\nLoad: 9\nalone\nonly & fallback"
    )


def test_a_link_preview_does_not_repeat_itself_into_the_text() -> None:
    preview = {"from_url": "https://x.org", "title": "X", "text": "about x"}

    assert _text(text="see <https://x.org>", attachments=[preview]) == "see <https://x.org>"


def test_an_apps_attachments_are_added_to_its_text() -> None:
    assert _text(text="Build", bot_id="B1", attachments=[{"text": "failed"}]) == "Build\nfailed"


@pytest.mark.parametrize(
    "blocks", [None, "x", 5, [], [None], [{}], [{"type": []}], [{"type": "rich_text", "elements": 3}]]
)
def test_blocks_of_no_known_shape_are_no_error(blocks: Any) -> None:
    assert _text(text="", blocks=blocks) == ""


def test_nesting_without_end_is_cut_not_followed() -> None:
    block: dict[str, Any] = {"type": "x", "text": "deep"}
    for _ in range(900):
        block = {"type": "x", "elements": [block]}

    assert _text(text="", blocks=[block]) == ""


def test_plain_words_in_rich_text_never_become_tokens() -> None:
    text = _text(text="", blocks=[{"type": "rich_text", "elements": [_section(_say("<@U9> <!here>"))]}])

    assert text == "<\u2060@U9> <\u2060!here>"
