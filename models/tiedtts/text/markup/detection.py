"""Detection of SSML: whether a text is marked up."""


def looks_like_ssml(text: str) -> bool:
    """Tell whether a text means to be SSML: its first tag is `<speak`."""
    start = text[:1000].lstrip("\ufeff \t\r\n")
    if start.startswith("<?xml"):
        start = start.partition("?>")[2].lstrip()
    return start.startswith(("<speak>", "<speak ", "<speak\n", "<speak\t", "<speak/"))
