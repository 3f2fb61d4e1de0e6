from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.directory import Channel, ChannelKind, Membership, Person
from core.events.models import EventKind, Offset
from core.ids import ChannelId, MessageId, UserId
from gateway.app import Services
from gateway.auth import Scope
from summarize.models import Message, MessageKind, Reaction
from tests.gateway.conftest import ACME, MakeKey
from tests.gateway.console.conftest import Browser
from tests.support.world import ANA, BEN, BOARD, CY, INCIDENTS, LUNCH

pytestmark = pytest.mark.slow


def message(
    id: str, text: str, clock: ManualClock, channel: ChannelId = INCIDENTS, **more: object
) -> Message:
    values: dict[str, object] = {"author": BEN, "at": clock.now() - timedelta(minutes=5), **more}
    return Message(id=MessageId(id), workspace=ACME, channel=channel, text=text, **values)  # pyright: ignore[reportArgumentType]


async def kinds(services: Services) -> list[EventKind]:
    return [record.event.kind for record in await services.events.read(after=Offset(0), limit=1000)]


async def test_the_home_page_shows_the_workspace_as_the_reader_sees_it(browser: Browser):
    page = await browser.get("/")

    assert page.status == 200
    for expected in ("Acme", "What did I miss", "#incidents", "#lunch", "extractive/1", "channel-summary"):
        assert expected in page.html
    assert "#board" not in page.html


async def test_a_summary_cites_messages_that_open_in_context(browser: Browser):
    page = await browser.get(f"/channels/{INCIDENTS}?last=7d&detail=full")
    (first, *_) = page.links(f"/channels/{INCIDENTS}/messages/")
    opened = await browser.get(first.partition("#")[0])

    assert "<b>6</b> messages found" in page.html
    assert "How it was made" in page.html
    assert opened.html.count("Cited message") == 1
    assert "Back to the summary" in opened.html
    assert f"/channels/{INCIDENTS}?last=7d&amp;detail=full" in opened.html


async def test_the_channel_without_a_window_shows_its_latest_messages(browser: Browser):
    page = await browser.get(f"/channels/{INCIDENTS}")

    assert "Latest messages" in page.html
    assert "please write the postmortem" in page.html
    assert "@ben" in page.html


async def test_an_empty_window_and_an_empty_channel_say_so(browser: Browser, clock: ManualClock):
    clock.advance(timedelta(days=3))

    window = await browser.get(f"/channels/{INCIDENTS}?last=24h")
    channel = await browser.get(f"/channels/{LUNCH}")

    assert "Nothing happened" in window.html
    assert "The 7 days up to the last message" in window.html
    assert "No message yet" in channel.html


async def test_a_reply_is_shown_in_its_thread_and_an_opening_with_its_replies(
    browser: Browser, services: Services, clock: ManualClock
):
    await services.intake.put(
        [
            message("M_root", "Shall we move the release?", clock, at=clock.now() - timedelta(minutes=9)),
            message("M_reply", "Yes, to Monday.", clock, root=MessageId("M_root"), author=CY),
        ]
    )

    channel = await browser.get(f"/channels/{INCIDENTS}")
    root = await browser.get(f"/channels/{INCIDENTS}/messages/M_root")
    reply = await browser.get(f"/channels/{INCIDENTS}/messages/M_reply")

    assert "1 reply" in channel.html
    assert "Yes, to Monday." not in channel.html
    assert "1 reply" in root.html
    assert "Yes, to Monday." in root.html
    assert "A thread in #incidents" in reply.html
    assert "Summarize the thread" in reply.html


async def test_edits_deletions_reactions_and_bots_can_be_seen(
    browser: Browser, services: Services, clock: ManualClock
):
    await services.directory.put_people(ACME, [Person(id=UserId("B1"), handle="beacon", is_bot=True)])
    await services.intake.put(
        [
            message("M1", "now right", clock, edited_at=clock.now()),
            message("M2", "", clock, kind=MessageKind.DELETED),
            message("M3", "alarm", clock, author="B1", kind=MessageKind.BOT),
            message("M4", "done", clock, reactions=(Reaction(name="tada", users=(ANA, CY)),)),
        ]
    )

    page = await browser.get(f"/channels/{INCIDENTS}")

    for expected in ("(edited)", "This message was deleted.", ">bot<", "🎉", ":tada: ana, cy"):
        assert expected in page.html


async def test_hostile_messages_names_and_topics_stay_text_on_every_page(
    browser: Browser, services: Services, clock: ManualClock
):
    attack = "<script>alert(1)</script>"
    await services.directory.put_people(ACME, [Person(id=BEN, handle=attack, title=attack)])
    await services.directory.put_channels(ACME, [Channel(id=INCIDENTS, name=attack, topic=attack)])
    await services.intake.put([message("M1", f"We decided to ship {attack} today.", clock)])

    for path in (
        "/",
        "/channels",
        f"/channels/{INCIDENTS}",
        f"/channels/{INCIDENTS}?last=7d&detail=full",
        f"/channels/{INCIDENTS}/messages/M1",
        "/acting",
        "/recommendations?use_case=composer_dm",
        f"/channels?q={attack}",
        f"/?notice={attack}",
        f"/login?next={attack}",
    ):
        page = await browser.get(path)

        assert page.status == 200, path
        assert attack not in page.html, path


async def test_a_private_channel_is_not_there_for_who_may_not_read_it(
    browser: Browser, services: Services, clock: ManualClock
):
    await services.intake.put(
        [message("M_secret", "the takeover of Globex", clock, channel=BOARD, author=CY)]
    )
    await services.intake.put([message("M1", f"see <#{BOARD}|board>", clock)])
    unknown = await browser.get("/channels/C_NOTHING")

    for path in (
        f"/channels/{BOARD}",
        f"/channels/{BOARD}?last=7d",
        f"/channels/{BOARD}/messages/M_secret",
        f"/channels/{INCIDENTS}/messages/M_secret",
    ):
        page = await browser.get(path)

        assert page.status == unknown.status == 404
        assert "Globex" not in page.html
        assert "board" not in page.html
    for path in ("/", "/channels", f"/channels/{INCIDENTS}", "/recommendations"):
        page = await browser.get(path)

        assert page.status == 200
        assert "Globex" not in page.html
        assert "board" not in page.html


async def test_who_loses_a_membership_loses_the_page_at_once(browser: Browser, services: Services):
    await browser.act_as(CY)
    before = await browser.get(f"/channels/{BOARD}")

    await services.directory.set_members(ACME, BOARD, [Membership(channel=BOARD, person=BEN)])

    assert (before.status, (await browser.get(f"/channels/{BOARD}")).status) == (200, 404)


async def test_feedback_on_a_summary_is_logged_once(browser: Browser, services: Services):
    page = await browser.get(f"/channels/{INCIDENTS}?last=7d")
    id = page.html.partition('name="summary" value="')[2].partition('"')[0]

    first = await browser.post(f"/channels/{INCIDENTS}/feedback", summary=id, kind="wrong", next="/")
    again = await browser.post(f"/channels/{INCIDENTS}/feedback", summary=id, kind="wrong", next="/")
    odd = await browser.post(f"/channels/{INCIDENTS}/feedback", summary=id, kind="rude", next="/")

    assert "Thank you" in first.html
    assert "You had said so already" in again.html
    assert odd.status == 422
    assert (await kinds(services)).count(EventKind.SUMMARY_FEEDBACK) == 1


async def test_recommendations_say_why_and_take_a_dismissal(browser: Browser, services: Services):
    page = await browser.get("/recommendations")
    fields = {
        name: page.html.partition(f'name="{name}" value="')[2].partition('"')[0]
        for name in ("request", "item")
    }

    after = await browser.post("/recommendations/feedback", kind="dismiss", next="/recommendations", **fields)

    assert "#lunch" in page.html
    assert 'aria-label="Why"' in page.html
    assert fields["item"] == LUNCH
    assert "will not be recommended again" in after.html
    assert "#lunch" not in after.html
    assert {EventKind.IMPRESSION, EventKind.DISMISS} <= set(await kinds(services))


async def test_following_a_recommendation_counts_as_a_click(browser: Browser, services: Services):
    page = await browser.get("/recommendations")
    (href, *_) = page.links("/recommendations/open")

    opened = await browser.get(href)

    assert opened.path == f"/channels/{LUNCH}"
    assert EventKind.CLICK in await kinds(services)


async def test_an_unknown_answer_or_use_case_gets_a_page_that_says_so(browser: Browser):
    unknown = await browser.get("/recommendations?use_case=horoscope")
    stale = await browser.post("/recommendations/feedback", kind="accept", request="rec_1", item="C1")

    assert (unknown.status, stale.status) == (404, 404)
    assert "horoscope" in unknown.html


async def test_prompts_are_listed_shown_and_compared(browser: Browser, services: Services):
    live = await services.prompts.find("channel-summary")
    changed = live.prompt.source.replace("colleague", "friend", 1)
    pushed = await services.prompts.push(changed, by="ada", message="warmer")
    a, b = live.prompt.version, pushed.standing.prompt.version

    listed = await browser.get("/prompts")
    shown = await browser.get("/prompts/channel-summary")
    compared = await browser.get(f"/prompts/channel-summary?a={a}&b={b}")

    assert "judge" in listed.html
    assert a[:8] in listed.html
    assert "warmer" in shown.html
    assert "<del>colleague</del><ins>friend</ins>" in compared.html
    assert (await browser.get("/prompts/none-such")).status == 404


@pytest.mark.parametrize(
    "query",
    [
        "last=yesterday",
        "last=custom",
        "last=custom&since=soon",
        "thread=M_none",
        "last=7d&detail=epic",
        "last=99999999w",
    ],
)
async def test_a_window_that_cannot_be_read_gets_a_page_that_says_why(browser: Browser, query: str):
    page = await browser.get(f"/channels/{INCIDENTS}?{query}")

    assert page.status in {404, 422}
    assert "Request id" in page.html
    assert page.headers["Content-Type"].startswith("text/html")


async def test_a_workspace_without_people_gets_a_page_that_says_what_to_do(
    services: Services, browser: Browser, make_key: MakeKey
):
    from core.directory import Workspace
    from core.ids import WorkspaceId

    empty = WorkspaceId("T_EMPTY")
    await services.directory.put_workspace(Workspace(id=empty, name="Empty", created_at=services.clock.now()))

    page = await browser.get(f"/login?key={await make_key(Scope.ADMIN, workspace=empty)}")

    assert page.status == 404
    assert "catchup import slack" in page.html


async def test_a_direct_message_is_listed_for_its_members_alone(browser: Browser, services: Services):
    direct = ChannelId("D_1")
    await services.directory.put_channels(ACME, [Channel(id=direct, name="ana, cy", kind=ChannelKind.DIRECT)])
    await services.directory.set_members(ACME, direct, [Membership(channel=direct, person=CY)])

    assert "ana, cy" not in (await browser.get("/channels")).html
    await browser.act_as(CY)
    assert "ana, cy" in (await browser.get("/channels")).html


async def test_a_recap_puts_the_readers_todos_first_and_names_the_quiet_channels(browser: Browser):
    await browser.act_as(BEN)

    form = await browser.get("/recap")
    page = await browser.get("/recap?when=24h&detail=full")

    assert "Make a recap" in form.html
    assert "Yours to do" not in form.html
    assert page.status == 200
    assert page.html.index("Yours to do") < page.html.index("6 of 6 messages used")
    assert "Due <b>Friday</b>" in page.html
    assert "1 mentions" in page.html
    assert page.html.index("Quiet") < page.html.index(f'href="/channels/{LUNCH}"')
    assert "#board" not in page.html
    assert "%2Frecap%3Fwhen%3D24h%26detail%3Dfull" in str(
        page.links("/messages/")
    )  # a citation leads back here


async def test_feedback_on_one_item_of_a_recap_names_the_item(browser: Browser, services: Services):
    page = await browser.get("/recap?when=24h")
    summary = re.search(r'name="summary" value="(\w+)"', page.html)
    assert summary is not None

    answer = await browser.post(
        f"/channels/{INCIDENTS}/feedback", summary=summary[1], item="0", kind="wrong", next="/recap?when=24h"
    )
    wrong = await browser.post(f"/channels/{INCIDENTS}/feedback", summary=summary[1], item="-1", kind="wrong")

    records = await services.events.read(after=Offset(0), limit=1000)
    data = [r.event.data for r in records if r.event.kind is EventKind.SUMMARY_FEEDBACK]
    assert answer.path.startswith("/recap?when=24h&notice=")
    assert [(one["summary"], one["item"], one["feedback"]) for one in data] == [(summary[1], 0, "wrong")]
    assert wrong.status == 422


async def test_a_question_is_shown_above_its_answer_and_kept_in_the_form(browser: Browser):
    page = await browser.get(f"/channels/{INCIDENTS}?last=7d&question=Who+<b>rolled</b>+back%3F&language=en")

    assert page.status == 200
    assert "Who &lt;b&gt;rolled&lt;/b&gt; back?" in page.html
    assert 'value="en"' in page.html


@pytest.mark.parametrize(
    "path",
    [
        f"/channels/{INCIDENTS}?last=7d&language=de_DE",
        f"/channels/{INCIDENTS}?last=7d&question={'x' * 501}",
        "/recap?when=day&day=soon",
        "/recap?when=day&day=2126-01-01",
        "/recap?when=soon",
    ],
)
async def test_a_wish_that_cannot_be_met_is_a_page_that_says_so(browser: Browser, path: str):
    page = await browser.get(path)

    assert page.status == 422
    assert "Traceback" not in page.html
