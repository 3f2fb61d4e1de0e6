"""What a browser sends: small url-encoded forms, from our own pages."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from core.errors import InvalidInput, NotPermitted, TooLarge

_LIMIT = 16 * 1024
_FIELDS = 64


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a posted form, the last of each name.

    Raises NotPermitted for a form on another site, TooLarge, InvalidInput.
    """
    _same_site(request)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LIMIT:
            raise TooLarge(f"the form is larger than {_LIMIT} bytes.", remedy="Send less.")
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError as error:
        raise InvalidInput(
            "form", f"{len(body)} bytes", "is not url-encoded", remedy="Use the forms of the console."
        ) from error


def local(path: str, otherwise: str = "/") -> str:
    r"""Return a path on this server to go on to; anything that could lead elsewhere (`//x`, `/\x`) is replaced."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours else otherwise


def _same_site(request: Request) -> None:
    """Browsers say where a form comes from; who says nothing has no cookie to abuse."""
    site = request.headers.get("sec-fetch-site", "")
    origin = request.headers.get("origin", "")
    foreign = site in {"cross-site", "same-site"} if site else bool(origin) and not _is_ours(origin, request)
    if foreign:
        raise NotPermitted(
            "the form comes from another site.", remedy="Open the console and repeat it there."
        )


def _is_ours(origin: str, request: Request) -> bool:
    return urlsplit(origin).netloc == request.headers.get("host", "")
