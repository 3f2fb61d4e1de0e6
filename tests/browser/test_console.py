from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.chromium import OVERFLOW
from tests.browser.site import Site
from tests.support.slack_export import GENERAL

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SUMMARY = f"/channels/{GENERAL}?last=7d&detail=full"
PAGES = (
    "/",
    "/channels",
    f"/channels/{GENERAL}",
    SUMMARY,
    f"/channels/{GENERAL}?last=custom&since=2026-03-01T00:00&until=2026-03-01T01:00",
    "/recap",
    "/recap?when=24h&detail=full",
    f"{SUMMARY}&question=What+was+decided%3F&language=de",
    "/recommendations",
    "/recommendations?use_case=composer_dm",
    "/prompts",
    "/prompts/channel-summary",
    "/acting",
)


async def test_from_the_link_to_a_highlighted_message_and_back(page: Page, site: Site):
    await page.goto(site.link)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Voltmoor")
    assert "key=" not in page.url

    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Channels").click()
    await page.get_by_role("link", name="#general").click()
    await page.get_by_label("7 days").check()
    await page.get_by_role("button", name="Summarize").click()
    await expect(page.get_by_role("heading", name="Summary", exact=True)).to_be_visible()
    await page.locator(".cite a").first.click()

    cited = page.locator(".message.cited")
    await expect(cited).to_contain_text("Cited message")
    await expect(cited).to_be_in_viewport()
    await page.get_by_role("link", name="Back to the summary").first.click()
    await expect(page.get_by_role("heading", name="What it covers")).to_be_visible()


async def test_a_message_runs_nothing_and_links_nowhere_unsafe(page: Page, site: Site):
    await page.goto(site.link)
    await page.goto(f"/channels/{GENERAL}")

    await expect(page.locator(".log")).to_contain_text("<script>document.title = 'hacked'</script>")
    assert "hacked" not in await page.title()
    assert await page.locator("a[href^='javascript']").count() == 0
    link = page.get_by_role("link", name="the template")
    assert await link.get_attribute("rel") == "noopener nofollow noreferrer"


async def test_recommendations_say_why_and_a_dismissed_one_does_not_come_back(page: Page, site: Site):
    await page.goto(site.link)
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Recommended").click()
    card = page.locator(".rec", has_text="#releases")
    await expect(card.get_by_role("list", name="Why").get_by_role("listitem").first).to_be_visible()
    await card.get_by_text("How this rank came about").click()
    await expect(card.get_by_text("Propensity")).to_be_visible()

    await card.get_by_role("button", name="Not for me").click()

    await expect(page.get_by_role("status")).to_contain_text("will not be recommended again")
    await expect(page.locator(".rec", has_text="#releases")).to_have_count(0)


async def test_another_person_sees_other_channels(page: Page, site: Site):
    await page.goto(site.link)
    await expect(page.locator(".channels")).to_contain_text("#secret")

    await page.get_by_role("link", name="Acting as").click()
    await page.get_by_role("button", name="Act as ben").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Voltmoor")
    await expect(page.locator(".channels")).not_to_contain_text("#secret")


async def test_prompts_are_listed_with_their_live_version(page: Page, site: Site):
    await page.goto(site.link)
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Prompts").click()
    await page.get_by_role("link", name="channel-summary").click()

    await expect(page.get_by_role("region", name="Text of version")).to_contain_text("{{messages}}")
    await expect(page.locator(".versions")).to_contain_text("live")


async def test_the_keyboard_alone_leads_from_signing_in_to_a_cited_message(page: Page, site: Site):
    await page.goto(f"{site.base}/login?next=/channels/{GENERAL}")
    await page.keyboard.type(site.token)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("#general")
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")

    await reach(page, "button[type=submit]")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Summary", exact=True)).to_be_visible()
    await reach(page, ".cite a")
    await page.keyboard.press("Enter")

    await expect(page.locator(".message.cited")).to_be_in_viewport()


async def test_every_page_fits_phones_and_desks_and_names_its_parts(page: Page, site: Site):
    await page.goto(site.link)

    for path in PAGES:
        await page.goto(path)

        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
        for landmark in ("banner", "main", "contentinfo"):
            await expect(page.get_by_role(landmark)).to_have_count(1)
        await page.evaluate(_OPEN)
        assert await page.evaluate(_NAMELESS) == [], path
        assert await page.evaluate(_REPEATED_IDS) == [], path
        for width in (1280, 768, 390, 320):
            await page.set_viewport_size({"width": width, "height": 844})
            assert await page.evaluate(OVERFLOW) <= 0, (path, width)


async def test_a_recap_leads_to_messages_and_takes_a_verdict_on_one_item(page: Page, site: Site):
    await page.goto(site.link)
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Recap").click()
    await page.get_by_label("24 h").check()
    await page.get_by_role("button", name="Make the recap").click()
    await expect(page.get_by_role("heading", name="#general")).to_be_visible()
    await page.get_by_text("Rate", exact=False).first.click()
    await page.locator(".rate[open]").get_by_role("button", name="Wrong").click()
    await expect(page.get_by_role("status")).to_contain_text("Thank you")

    await page.locator(".cite a").first.click()
    await expect(page.locator(".message.cited")).to_be_in_viewport()


async def reach(page: Page, selector: str, limit: int = 60) -> None:
    """Press Tab until what the selector names has the focus."""
    for _ in range(limit):
        await page.keyboard.press("Tab")
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with {limit} presses of Tab")


_OPEN = """() => document.querySelectorAll("details").forEach((e) => e.setAttribute("open", ""))"""
_NAMELESS = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select")]
    .filter((e) => !(e.innerText || e.getAttribute("aria-label") || e.labels?.length || e.title))
    .map((e) => e.outerHTML)"""
_REPEATED_IDS = """() => [...document.querySelectorAll("[id]")].map((e) => e.id)
    .filter((id, place, all) => all.indexOf(id) !== place)"""
