"""Written English to spoken words."""


def spoken(text: str) -> str:
    return text
