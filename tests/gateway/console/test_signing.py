from __future__ import annotations

import io

import pytest

from core.clock import ManualClock
from core.ids import UserId
from gateway.app import Services
from gateway.auth import Scope
from gateway.console.sessions import COOKIE, LIFETIME
from tests.gateway.conftest import ACME, MakeKey
from tests.gateway.console.conftest import Browser
from tests.support.world import BEN, CY, INCIDENTS

pytestmark = pytest.mark.slow


async def test_who_is_not_signed_in_is_asked_to_and_then_goes_on(visitor: Browser, make_key: MakeKey):
    asked = await visitor.get("/prompts/channel-summary?a=1")
    after = await visitor.post("/login", key=await make_key(), next="/prompts/channel-summary?a=1")

    assert asked.path.startswith("/login?next=/prompts/channel-summary")
    assert after.path == "/prompts/channel-summary?a=1"


async def test_the_link_of_make_run_signs_in_and_the_key_is_gone_from_address_page_and_log(
    visitor: Browser, make_key: MakeKey, log_stream: io.StringIO
):
    token = await make_key()

    for door in ("/login", "/"):
        page = await visitor.get(f"{door}?key={token}")

        assert (page.status, page.path) == (200, "/")
        assert token not in page.html
    cookies = {cookie.key: cookie for cookie in visitor.session.cookie_jar}
    secret = token.rpartition("_")[2]
    assert secret not in str(cookies[COOKIE].value)
    assert cookies[COOKIE]["httponly"]
    assert cookies[COOKIE]["samesite"] == "lax"
    assert secret not in log_stream.getvalue()


@pytest.mark.parametrize("key", ["", "nonsense", "ck_x_" + "a" * 43])
async def test_a_wrong_key_opens_nothing(visitor: Browser, key: str):
    page = await visitor.post("/login", key=key)

    assert page.status == 401
    assert "not one of ours" in page.html


async def test_a_session_dies_with_its_key(browser: Browser, services: Services):
    (key,) = await services.keys.list(ACME)
    await services.keys.revoke(ACME, key.id)

    assert (await browser.get("/")).path == "/login?next=/"


async def test_a_session_ends_after_its_time(browser: Browser, clock: ManualClock):
    clock.advance(LIFETIME)

    assert (await browser.get("/")).path == "/login?next=/"


async def test_signing_out_ends_the_session(browser: Browser):
    await browser.get("/")

    await browser.post("/logout")

    assert (await browser.get("/channels")).path == "/login?next=/channels"


async def test_no_form_works_without_its_token_or_from_another_site(browser: Browser):
    await browser.get("/acting")

    untold = await browser.post("/acting", person=CY, csrf="")
    foreign = await browser.post("/acting", person=CY, headers={"Origin": "https://evil.example"})
    cross = await browser.post("/acting", person=CY, headers={"Sec-Fetch-Site": "cross-site"})

    assert [page.status for page in (untold, foreign, cross)] == [403, 403, 403]
    assert "as Ana" in (await browser.get("/")).html or "as ana" in (await browser.get("/")).html


async def test_one_looks_through_the_eyes_of_the_person_chosen(browser: Browser):
    before = await browser.get("/channels")
    await browser.act_as(CY)
    after = await browser.get("/channels")

    assert "#board" not in before.html
    assert "#board" in after.html


async def test_nobody_who_is_not_there_can_be_acted_as(browser: Browser):
    page = await browser.act_as(UserId("U_NOBODY"))

    assert page.status == 404
    assert "Request id" in page.html


async def test_people_are_found_by_name(browser: Browser):
    page = await browser.get("/acting?q=BE")

    assert "Act as ben" in page.html
    assert "Act as cy" not in page.html


async def test_the_theme_is_remembered_without_signing_in(visitor: Browser):
    page = await visitor.post("/theme", theme="dark", next="/login")

    assert 'data-theme="dark"' in page.html
    assert "data-theme" not in (await visitor.post("/theme", theme="system", next="/login")).html


async def test_a_key_without_a_scope_is_told_so_on_a_page(visitor: Browser, make_key: MakeKey):
    home = await visitor.get(f"/login?key={await make_key(Scope.PROMPTS_READ)}")
    prompts = await visitor.get("/prompts")
    channel = await visitor.get(f"/channels/{INCIDENTS}")

    assert (home.status, prompts.status, channel.status) == (200, 200, 403)
    assert "lacks the scope summaries" in channel.html
    assert BEN not in channel.html


async def test_pages_run_nothing_that_is_not_ours_and_are_kept_nowhere(browser: Browser):
    page = await browser.get("/")

    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert " style=" not in page.html
    assert "<script>" not in page.html


async def test_the_files_of_the_console_are_served_and_may_be_kept(visitor: Browser):
    page = await visitor.get("/login")

    for href in page.links("/console/assets/"):
        found = await visitor.get(href)

        assert found.status == 200
        assert "immutable" in found.headers["Cache-Control"]
    assert (await visitor.get("/console/assets/..%2Fsessions.py")).status == 404
