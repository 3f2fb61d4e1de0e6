"""What the summary form asks for, and back: windows in the address, so that a summary's page can be linked."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from pydantic import BaseModel, ConfigDict

from core.errors import InvalidInput
from summarize.asks import Span, span_of
from summarize.models import Detail

CUSTOM = "custom"
_FORMAT = "%Y-%m-%dT%H:%M"


class Asked(BaseModel):
    """The query of a channel's page."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    last: str = ""
    since: str = ""
    until: str = ""
    thread: str = ""
    question: str = ""
    language: str = ""
    detail: Detail = Detail.STANDARD

    @property
    def is_asking(self) -> bool:
        """Tell whether a summary is wanted at all."""
        return bool(self.last or self.thread or self.since)

    @property
    def chosen(self) -> str:
        """Return the window that the form shows as chosen."""
        return CUSTOM if self.since and self.last in {"", CUSTOM} else self.last or "7d"

    @property
    def span(self) -> Span:
        """Return what to summarize; raises InvalidInput."""
        if self.thread:
            return span_of(thread=self.thread)
        if self.chosen != CUSTOM:
            return span_of(last=self.last)
        if not self.since:
            raise InvalidInput(
                "since",
                "",
                "is missing",
                remedy="Say from when on a custom range goes, or choose another window.",
            )
        return span_of(since=self.since, until=self.until or None)


def up_to(last_at: datetime, zone: tzinfo, days: int = 7) -> dict[str, str]:
    """Return the query for the days up to a message, that message included, on somebody's clock."""
    until = (last_at + timedelta(minutes=1)).astimezone(zone)
    since = (last_at - timedelta(days=days)).astimezone(zone)
    return {"last": CUSTOM, "since": since.strftime(_FORMAT), "until": until.strftime(_FORMAT)}
