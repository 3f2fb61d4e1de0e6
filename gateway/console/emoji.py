"""Emoji names as characters: the hundred that a work chat is made of; others keep their :name:."""

from __future__ import annotations

_GLYPHS = {
    "+1": "👍", "thumbsup": "👍", "-1": "👎", "thumbsdown": "👎", "100": "💯", "alarm_clock": "⏰", "art": "🎨",
    "beer": "🍺", "bell": "🔔", "birthday": "🎂", "blush": "😊", "books": "📚", "bow": "🙇", "bug": "🐛",
    "bulb": "💡", "cake": "🍰", "calendar": "📅", "cat": "🐱", "chart_with_upwards_trend": "📈", "clap": "👏",
    "coffee": "☕", "confetti_ball": "🎊", "construction": "🚧", "crescent_moon": "🌙", "cry": "😢", "dart": "🎯",
    "dog": "🐶", "eyes": "👀", "face_palm": "🤦", "facepalm": "🤦", "fingers_crossed": "🤞", "crossed_fingers": "🤞",
    "fire": "🔥", "frog": "🐸", "gear": "⚙️", "grimacing": "😬", "grin": "😁", "grinning": "😀", "handshake": "🤝",
    "heart": "❤️", "heart_eyes": "😍", "heavy_check_mark": "✔️", "heavy_plus_sign": "➕", "joy": "😂", "key": "🔑",
    "laughing": "😆", "link": "🔗", "lock": "🔒", "mag": "🔍", "mega": "📣", "memo": "📝", "moneybag": "💰",
    "muscle": "💪", "musical_note": "🎵", "ok_hand": "👌", "open_mouth": "😮", "package": "📦", "palm_tree": "🌴",
    "party_popper": "🎉", "partying_face": "🥳", "pensive": "😔", "pizza": "🍕", "point_up": "☝️", "popcorn": "🍿",
    "pray": "🙏", "pushpin": "📌", "question": "❓", "raised_hand": "✋", "raised_hands": "🙌", "rainbow": "🌈",
    "recycle": "♻️", "relaxed": "☺️", "rocket": "🚀", "rotating_light": "🚨", "saluting_face": "🫡", "scream": "😱",
    "see_no_evil": "🙈", "ship": "🚢", "shrug": "🤷", "skull": "💀", "sleeping": "😴", "slightly_smiling_face": "🙂",
    "smile": "😄", "smiley": "😃", "smirk": "😏", "snowflake": "❄️", "sob": "😭", "sparkles": "✨", "star": "⭐",
    "star-struck": "🤩", "sun_with_face": "🌞", "sunny": "☀️", "sweat_smile": "😅", "tada": "🎉", "thinking_face": "🤔",
    "truck": "🚚", "turtle": "🐢", "upside_down_face": "🙃", "warning": "⚠️", "wave": "👋", "white_check_mark": "✅",
    "wink": "😉", "wrench": "🔧", "x": "❌", "zap": "⚡", "zzz": "💤", "heavy_multiplication_x": "✖️", "sloth": "🦥",
    "large_green_circle": "🟢", "red_circle": "🔴", "large_yellow_circle": "🟡", "hourglass": "⌛",
}  # fmt: skip


def glyph(name: str) -> str:
    """Return the character of an emoji name, or `:name:`; skin tones (`+1::skin-tone-3`) are left out."""
    return _GLYPHS.get(name.partition("::")[0], f":{name}:")
