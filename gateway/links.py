"""Where things are in the console: every path of it is made here, for its own pages and for answers of the API."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from core.ids import ChannelId, MessageId


def channel_path(channel: ChannelId, **query: str) -> str:
    """Return a channel's page, with the summary that the query asks for."""
    return _with(f"/channels/{_part(channel)}", query)


def message_path(channel: ChannelId, message: MessageId, *, back: str = "") -> str:
    """Return a message in its context; `back` is the page to return to."""
    path = f"/channels/{_part(channel)}/messages/{_part(message)}"
    return f"{_with(path, {'from': back} if back else {})}#m-{_part(message)}"


def feedback_path(channel: ChannelId) -> str:
    """Return where feedback on a channel's summary is posted."""
    return f"/channels/{_part(channel)}/feedback"


def prompt_path(name: str, **query: str) -> str:
    """Return a prompt's page."""
    return _with(f"/prompts/{_part(name)}", query)


def use_case_path(name: str) -> str:
    """Return the recommendations of a use case."""
    return _with("/recommendations", {"use_case": name})


def with_notice(path: str, notice: str) -> str:
    """Return a path that says something at the top of its page, once; an earlier notice makes way."""
    base, _, query = path.partition("?")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("notice="))
    return f"{base}?{kept}{'&' if kept else ''}{urlencode({'notice': notice})}"


def _with(path: str, query: dict[str, str]) -> str:
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def _part(value: str) -> str:
    return quote(value, safe="")
