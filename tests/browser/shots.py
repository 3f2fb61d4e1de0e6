"""Every page of the console as pictures, to be looked at: `python -m tests.browser.shots OUT [PAGE …]`.

Imports the sample workspace, serves it, and takes each page at 1280 and 390 pixels, light and dark.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import Page

from core.clock import SystemClock
from gateway.settings import EmbedderName
from samples.generate import generate
from tests.browser.chromium import OVERFLOW, chromium, path
from tests.browser.site import Site, served

Scheme = Literal["light", "dark"]
SIZES = ((1280, 900), (390, 844))
IN_WINDOW = ("home", "summary", "recommendations")
"""Taken once more as the window shows them: docs/images comes from these."""
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


async def take(out: Path, wanted: list[str]) -> None:
    """Take the pictures of all pages, or of those named."""
    executable = path()
    if executable is None:
        raise SystemExit("No Chromium is installed: apt-get install chromium, or the like.")
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "sample.zip"
        await asyncio.to_thread(generate, export, end=SystemClock().now())
        home = Path(folder) / "home"
        async with (
            served(export, home, embedder=EmbedderName.MINILM) as site,
            chromium(executable) as browser,
        ):
            await asyncio.to_thread(
                site.services.embedder.embed, ["the model loads before the pages ask for it"]
            )
            for size in SIZES:
                for scheme in SCHEMES:
                    context = await browser.new_context(
                        viewport={"width": size[0], "height": size[1]},
                        color_scheme=scheme,
                        base_url=site.base,
                        reduced_motion="reduce",
                    )
                    await _take_all(await context.new_page(), site, out / f"{size[0]}-{scheme}", wanted)
                    await context.close()


async def _take_all(page: Page, site: Site, out: Path, wanted: list[str]) -> None:
    """Take the pages in one size and scheme; those with an anchor as the window shows them, others whole."""
    await page.goto("/login")
    await page.screenshot(path=out / "login.png")
    await page.goto(site.link)
    for name, href in (await _pages(page)).items():
        if wanted and name not in wanted:
            continue
        await page.goto(href)
        await page.screenshot(path=out / f"{name}.png", full_page="#" not in href)
        if name in IN_WINDOW:
            await page.screenshot(path=out / f"{name}-window.png")
        too_wide = await page.evaluate(OVERFLOW)
        print(f"{out.name:12} {name:16} {f'{too_wide} px too wide' if too_wide > 0 else 'fits'}")  # noqa: T201


async def _pages(page: Page) -> dict[str, str]:
    """Return every page by name; some are found by following links."""
    channel = await _href(page, "/channels?q=incidents", ".channels .name")
    platform = await _href(page, "/channels?q=platform", ".channels .name")
    summary = f"{channel}?last=7d"
    return {
        "home": "/",
        "channels": "/channels",
        "channel": channel,
        "summary": summary,
        "empty": f"{channel}?last=custom&since=2020-01-01T00:00&until=2020-01-02T00:00",
        "message": await _href(page, summary, ".cite a"),
        "thread": await _href(page, platform, ".marks a"),
        "question": f"{summary}&question=What+was+decided%3F&language=en",
        "recap": "/recap?when=24h",
        "recap-week": "/recap?when=7d&detail=full",
        "recap-form": "/recap",
        "recommendations": "/recommendations",
        "people": "/recommendations?use_case=composer_dm",
        "prompts": "/prompts",
        "prompt": await _href(page, "/prompts", "td a"),
        "acting": "/acting",
        "problem": "/channels/no-such-channel",
    }


async def _href(page: Page, on: str, selector: str) -> str:
    await page.goto(on)
    return str(await page.locator(selector).first.get_attribute("href"))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    asyncio.run(take(Path(sys.argv[1]), sys.argv[2:]))
