"""Templates into answers."""

from __future__ import annotations

from typing import Any, cast

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.console.assets import url
from gateway.console.icons import icon
from gateway.console.views import Shell, Trouble

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Cookie",
}
_ENVIRONMENT = Environment(
    loader=PackageLoader("gateway.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
cast("dict[str, object]", _ENVIRONMENT.globals).update(asset=url, icon=icon)


def page(template: str, shell: Shell, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
    """Return a page; every value is escaped unless it is Markup that `mrkdwn` or `icons` made."""
    html = _ENVIRONMENT.get_template(template).render(shell=shell, **values)
    return HTMLResponse(html, status, headers=_HEADERS)


def problem(shell: Shell, trouble: Trouble) -> Response:
    """Return the page of an error."""
    return page("problem.html", shell, status=trouble.status, trouble=trouble)


def go(path: str) -> Response:
    """Send the browser on with GET."""
    return RedirectResponse(path, 303, headers=_HEADERS)
