"""Small drawings: 24 units square, in the colour of the text around them."""

from __future__ import annotations

from markupsafe import Markup

_PATHS = {
    "home": "M4 11.2 12 4.5l8 6.7V19a1 1 0 0 1-1 1h-4.5v-5.5h-5V20H5a1 1 0 0 1-1-1z",
    "hash": "M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h15.5M4 15h15.5",
    "lock": "M7.5 10.5V8a4.5 4.5 0 0 1 9 0v2.5M6 10.5h12a1 1 0 0 1 1 1V19a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7.5a1 1 0 0 1 1-1z",
    "compass": "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM15.6 8.4l-2 5.2-5.2 2 2-5.2z",
    "scroll": "M6 4h9.5L19 7.5V20H6zM15 4v4h4M9 12h7M9 15.5h7",
    "decision": "m8 12.3 2.8 2.8L16.2 9.500M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17z",
    "action": "M4.500 12h14M13 6.500l5.500 5.500-5.500 5.500",
    "question": "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM9.600 9.700a2.500 2.500 0 1 1 3.700 2.200c-.9.500-1.300 1-1.300 1.900M12 16.700v.100",
    "incident": "M12 4.200 2.900 19.500h18.200zM12 10v4.500M12 17v.100",
    "update": "M4.500 12.500a7.500 7.500 0 0 1 12.900-5.200L19.500 9.500M19.500 4.500v5h-5M19.500 11.500a7.500 7.500 0 0 1-12.900 5.200L4.500 14.500M4.500 19.500v-5h5",
    "topic": "M4.500 5.500h15v10.500H12l-4.500 3.500V16h-3z",
    "check": "m5 12.500 4.500 4.500L19 7.500",
    "close": "M6.500 6.500l11 11M17.500 6.500l-11 11",
    "arrow-left": "M19.500 12H5M10.500 6.500 5 12l5.500 5.500",
    "people": "M9 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM3 19.500c0-3 2.600-5 6-5s6 2 6 5M16 4.800a3.500 3.500 0 0 1 0 6.400M18 14.900c1.900.700 3 2.300 3 4.600",
    "sun": "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v1.800M12 19.200V21M3 12h1.800M19.200 12H21M5.600 5.600l1.300 1.300M17.100 17.100l1.300 1.300M18.400 5.600l-1.300 1.300M6.900 17.100l-1.300 1.300",
    "moon": "M19.500 14.200A8 8 0 0 1 9.800 4.500a8 8 0 1 0 9.700 9.700z",
    "screen": "M4 5h16v11H4zM9 20h6M12 16v4",
    "info": "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 11v5M12 7.900v.100",
    "search": "M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5",
    "bookmark": "M7 4h10v16l-5-3.800L7 20z",
    "file": "M7 3.500h7l4 4V20H7zM14 3.500v4h4",
    "inbox": "M4 13.500 6.500 5h11L20 13.500V19H4zM4 13.500h4.500l1.200 2.500h4.600l1.200-2.500H20",
}
_LOGO = Markup(
    '<svg viewBox="0 0 32 32" aria-hidden="true" focusable="false"><rect width="32" height="32" rx="9" fill="#4d5fe0"/>'
    '<path d="M8 11.5h10M8 16h7M13.5 21.5l3.600 3.400 7.400-8.600" stroke="#fff" stroke-width="2.6" stroke-linecap="round"'
    ' stroke-linejoin="round" fill="none"/></svg>'
)
_FRAME = Markup(
    '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false" fill="none" stroke="currentColor"'
    ' stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"><path d="{}"/></svg>'
)


def icon(name: str) -> Markup:
    """Return a drawing by name; beside words only, so it is hidden from screen readers. `logo` is the mark."""
    return _LOGO if name == "logo" else _FRAME.format(_PATHS[name])
