"""Names of keys, as a screen reader says them: `control_shift_a` is "control shift A"."""

from tiedtts.speechd import characters

NAMES = {
    "alt": "alt",
    "altgr": "alt graph",
    "backspace": "backspace",
    "break": "break",
    "caps-lock": "caps lock",
    "control": "control",
    "ctrl": "control",
    "delete": "delete",
    "double-quote": "quote",
    "esc": "escape",
    "hyper": "hyper",
    "iso-left-tab": "left tab",
    "kp-*": "keypad star",
    "kp-+": "keypad plus",
    "kp--": "keypad minus",
    "kp-.": "keypad dot",
    "kp-/": "keypad slash",
    "kp-enter": "keypad enter",
    "menu": "menu",
    "meta": "meta",
    "next": "page down",
    "num-lock": "num lock",
    "page-down": "page down",
    "page-up": "page up",
    "prior": "page up",
    "print": "print screen",
    "scroll-lock": "scroll lock",
    "shift": "shift",
    "space": "space",
    "super": "super",
    "tab": "tab",
    "underscore": "underscore",
    "window": "windows",
}
"""Names of keys that are not said as they are written."""


def spoken(name: str) -> str:
    """Return what to say for a key, with letters as phones in braces.

    Args:
        name: Its name in the protocol, after the names of keys that are held: `shift_kp-5`.
    """
    held, _, last = name.rpartition("_")
    if not last:
        # The key of the underscore itself: `shift__`.
        held, last = held.removesuffix("_"), "_"
    parts = [part for part in held.split("_") if part]
    return ", ".join(filter(None, (_part(part) for part in (*parts, last))))


def _part(part: str) -> str:
    if len(part) == 1:
        return characters.spoken(part)
    name = part.lower()
    if name in NAMES:
        return NAMES[name]
    if name.startswith("kp-") and len(name) == 4:
        return f"keypad {characters.spoken(name[3])}"
    if name[0] == "f" and name[1:].isdigit() and len(name) <= 3:
        return f"{characters.spoken('f')} {int(name[1:])}"
    return part.replace("-", " ")
