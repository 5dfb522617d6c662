"""A request for speech: what a client sends, checked field by field."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from tiedtts import choices
from tiedtts.errors import ConfigError, VoiceError
from tiedtts.quoting import quoted
from tiedtts.serving import formats, json_input, refusal
from tiedtts.serving.formats import Format
from tiedtts.serving.limits import Limits
from tiedtts.serving.refusal import Refusal
from tiedtts.serving.roster import Roster
from tiedtts.settings import CHOICES, Settings
from tiedtts.settings import NAMES as SETTINGS

MODEL = "tiedtts"
"""Name of the one model."""
MODELS = (MODEL, "tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Names that the model answers to; those of OpenAI, which clients send, also with a date behind them."""
AUDIO, EVENTS = "audio", "sse"
"""Forms of the answer: the sound, or events with pieces of it."""
SUBTITLES = "subtitles"
"""The markup that is not taken: its times may ask for hours of silence."""
FIELDS = (
    *("model", "input", "voice", "response_format", "speed", "stream_format", "instructions"),
    *(name for name in SETTINGS if name != "speed"),
    *("sample_rate", "timestamps", "stream", "user"),
)
"""All fields: OpenAI's, then our settings and what we add to the answer, then two that other clients send."""


class SpeechRequest(NamedTuple):
    """A request: the text, the voice, and how the sound is sent."""

    text: str
    voice: str
    """Own name of a voice that is served."""
    settings: Settings
    format: Format
    events: bool
    """Whether the sound comes in events."""
    timestamps: bool
    """Whether the events tell the times of words."""

    @classmethod
    def from_json(
        cls, body: bytes, voices: Roster, limits: Limits, settings: Settings | None = None
    ) -> "SpeechRequest":
        """Read the body of a request.

        Args:
            body: As it was sent.
            voices: Those that are served.
            limits: The longest text.
            settings: Those that hold where the request says nothing.

        Raises:
            Refusal: It is not JSON, or a field does not fit.
        """
        fields = _Fields(_object(body))
        text = fields.take("input", str)
        if text is None:
            raise _misfit("input", "`input` is missing: the text to be said", "missing_required_parameter")
        if len(text) > limits.characters:
            raise _misfit(
                "input",
                f"`input` may have {limits.characters} characters, and has {len(text)}; send it in pieces",
                "string_above_max_length",
            )
        _check_model(fields.take("model", str))
        voice = fields.voice()
        try:
            name = voices.name(voice)
        except VoiceError as error:
            raise refusal.no_voice(error) from error
        chosen = fields.settings(settings or Settings())
        for other in chosen.roles.values():
            try:
                voices.name(other)
            except VoiceError as error:
                raise _misfit("cast", refusal.said(error)) from error
        form = fields.one_of("stream_format", (AUDIO, EVENTS)) or AUDIO
        timestamps = bool(fields.take("timestamps", bool))
        if timestamps and form != EVENTS:
            raise _misfit("timestamps", f'`timestamps` come in events only: `"stream_format": "{EVENTS}"`')
        return cls(
            text=text,
            voice=name,
            settings=chosen,
            format=Format(
                formats.named(fields.take("response_format", str) or formats.DEFAULT), fields.rate()
            ),
            events=form == EVENTS,
            timestamps=timestamps,
        )


class _Fields:
    """The fields of an object, none of them unknown."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        for name in values:
            if name not in FIELDS:
                raise _misfit(
                    quoted(name),
                    f"there is no field `{quoted(name)}`; known are {', '.join(FIELDS)}",
                    "unknown_parameter",
                )
        # As everywhere in JSON, null stands for a field that was not sent.
        self._values = {name: value for name, value in values.items() if value is not None}
        for name, kind in (("instructions", str), ("user", str), ("stream", bool)):
            self.take(name, kind)

    def take(self, name: str, kind: type[Any]) -> Any:
        """Return the value of a field, None if it was not sent."""
        value = self._values.get(name)
        if value is None or isinstance(value, kind):
            return value
        raise _misfit(
            name, f"`{name}` must be {_KINDS[kind]}, got: {quoted(json.dumps(value))}", "invalid_type"
        )

    def one_of(self, name: str, known: tuple[str, ...]) -> str | None:
        """Return the value of a field of a few choices."""
        value: str | None = self.take(name, str)
        if value is None or value in known:
            return value
        raise _misfit(name, f"`{name}` must be one of {', '.join(known)}, got: {quoted(value)}")

    def voice(self) -> str | None:
        """Return the voice, which newer clients may name in an object."""
        value = self._values.get("voice")
        if isinstance(value, dict) and list(value) == ["id"]:
            value = value["id"]
        if value is None or isinstance(value, str):
            return value
        raise _misfit(
            "voice", f"`voice` must be the name of a voice, got: {quoted(json.dumps(value))}", "invalid_type"
        )

    def rate(self) -> int | None:
        """Return the sampling rate that is wanted, Hz."""
        value = self._values.get("sample_rate")
        if value is None or (value in choices.SAMPLE_RATES and type(value) is int):
            return value
        known = ", ".join(map(str, choices.SAMPLE_RATES))
        raise _misfit(
            "sample_rate", f"`sample_rate` must be one of {known}, got: {quoted(json.dumps(value))}"
        )

    def settings(self, usual: Settings) -> Settings:
        """Return how the text is to be said.

        Args:
            usual: Settings that hold where nothing else was sent.
        """
        made = usual
        for name in SETTINGS:
            if name in self._values:
                value = self._values[name]
                if value == SUBTITLES:
                    raise _misfit(
                        name,
                        "subtitles are not spoken at their times here; `tiedtts synth` does so, and `markup` "
                        "may be text, markdown or html",
                    )
                if isinstance(value, str) and name not in CHOICES:
                    raise _misfit(
                        name, f"`{name}` must be no text, got: {quoted(json.dumps(value))}", "invalid_type"
                    )
                try:
                    made = made.changed({name: value})
                except ConfigError as error:
                    raise _misfit(name, refusal.said(error)) from error
        return made


_KINDS: dict[type[Any], str] = {str: "a string", bool: "true or false"}


def _check_model(model: str | None) -> None:
    if model is None or any(model == name or model.startswith(f"{name}-") for name in MODELS):
        return
    raise Refusal(
        HTTPStatus.NOT_FOUND,
        f"there is no model `{quoted(model)}`; use one of {', '.join(MODELS)}",
        param="model",
        code="model_not_found",
    )


def _object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a body is."""
    try:
        value = json_input.read(body, "the body")
    except ValueError as error:
        raise _not_read(str(error)) from error
    if not isinstance(value, dict):
        raise _not_read('the body must be a JSON object such as {"input": "Hello there."}')
    return value


def _not_read(message: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, message, code="invalid_json")


def _misfit(param: str, message: str, code: str = "invalid_value") -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, message, param=param, code=code)
