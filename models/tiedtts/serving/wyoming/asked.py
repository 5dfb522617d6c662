"""Wishes of an event: the voice, and how the text is to be said."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, NamedTuple

from tiedtts.errors import VoiceError
from tiedtts.quoting import quoted
from tiedtts.serving.limits import Limits
from tiedtts.serving.refusal import Refusal, no_voice
from tiedtts.serving.roster import Roster
from tiedtts.serving.wyoming.description import LANGUAGE
from tiedtts.settings import Settings

TEXT, SSML = "text", "ssml"
"""Formats of text."""


class Asked(NamedTuple):
    """Wishes of one event."""

    voice: str
    """Own name of a voice that is served."""
    settings: Settings

    @classmethod
    def from_data(cls, data: Mapping[str, Any], voices: Roster, settings: Settings) -> "Asked":
        """Read the data of an event `synthesize` or `synthesize-start`.

        Args:
            data: As they were sent.
            voices: Those that are served.
            settings: How is spoken where nothing is said about it.

        Raises:
            Refusal: There is no such voice, or a field does not fit.
        """
        form = data.get("text_format")
        if form not in (None, TEXT, SSML):
            raise _misfit(f"`text_format` must be {TEXT} or {SSML}, got: {quoted(form)}")
        name = voice(data.get("voice"), voices)
        return cls(name, replace(settings, ssml=True) if form == SSML else settings)


def text(data: Mapping[str, Any], limits: Limits, before: int = 0) -> str:
    """Return the text of an event.

    Args:
        data: Those of the event.
        limits: The longest text.
        before: Characters of the same text that came before.

    Raises:
        Refusal: It has none, or it is too long.
    """
    found = data.get("text")
    if not isinstance(found, str):
        raise _misfit("`text` is missing: the text to be said" if found is None else "`text` must be text")
    if before + len(found) > limits.characters:
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            f"a text may have {limits.characters} characters, and this one has {before + len(found)} "
            "or more; send it in pieces",
            code="string_above_max_length",
        )
    return found


def voice(asked: object, voices: Roster) -> str:
    """Return the name of the voice that is asked for by name, language or speaker.

    Args:
        asked: An object with `name`, `language` and `speaker`, all of which may be missing.
        voices: Those that are served.

    Raises:
        Refusal: There is no such voice.
    """
    if asked is None:
        return voices.name(None)
    if not isinstance(asked, dict):
        raise _misfit(f'`voice` must be an object such as {{"name": "{voices.name(None)}"}}')
    name, language, speaker = (_name(asked, key) for key in ("name", "language", "speaker"))
    try:
        if name is not None:
            found = voices.name(name)
            # A voice has one speaker, who is called as it is.
            if speaker is not None and voices.name(speaker) != found:
                raise VoiceError(f"the voice {found} has no speaker {quoted(speaker)}", hint="leave it out")
            return found
        if speaker is not None:
            return voices.name(speaker)
        if language is not None:
            _check_language(language)
        return voices.name(None)
    except VoiceError as error:
        raise no_voice(error) from error


def _check_language(language: str) -> None:
    """Refuse a language that no voice speaks; another country's kind of one that it does is fine."""
    if language.replace("_", "-").lower().partition("-")[0] != LANGUAGE.partition("-")[0]:
        raise VoiceError(f"no voice speaks {quoted(language)}", hint=f"all of them speak {LANGUAGE}")


def _name(asked: Mapping[str, Any], key: str) -> str | None:
    value = asked.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    raise _misfit(f"`{key}` of the voice must be text")


def _misfit(message: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, message, code="invalid_value")
