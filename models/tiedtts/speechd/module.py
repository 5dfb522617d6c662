"""The module: answers the requests of the server, and speaks."""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from tiedtts.choices import PITCH_RANGES
from tiedtts.errors import TextError, TiedTTSError
from tiedtts.speechd import curves, pace, protocol, reading, sounds, trimming
from tiedtts.speechd.log import Log
from tiedtts.speechd.options import Options
from tiedtts.speechd.outlet import Outlet
from tiedtts.speechd.parameters import Parameters
from tiedtts.speechd.utterance import Part, Utterance

if TYPE_CHECKING:
    from tiedtts.speechd.voices import Voices
    from tiedtts.text.markup.spans import Span

SWITCH_SECONDS = 0.001
"""How long a thread may keep Python to itself: a request to stop must not wait for one that makes sound."""
WARM_UP = "Ready."
"""Text that is spoken once and thrown away, so that the first message need not wait for tables to be read."""
STOP_SECONDS = 1.0
"""How long a message that was stopped may take to end."""


class Module:
    """A module of Speech Dispatcher.

    Args:
        requests: Where requests come from, usually stdin.
        descriptor: Where replies go, usually that of stdout.
        options: Its configuration.
    """

    def __init__(self, requests: BinaryIO, descriptor: int, options: Options | None = None) -> None:
        self._requests = protocol.Requests(requests)
        self._outlet = Outlet(descriptor)
        self._options = Options() if options is None else options
        self._log = Log()
        self._parameters = Parameters()
        self._voices: Voices | None = None
        self._utterance: Utterance | None = None
        self._commands: dict[str, Callable[[], None]] = {
            "INIT": self._init,
            "AUDIO": self._audio,
            "LOGLEVEL": self._log_level,
            "LIST VOICES": self._list_voices,
            "SET": self._set,
            "SPEAK": lambda: self._say(reading.message),
            "CHAR": lambda: self._say(reading.character),
            "KEY": lambda: self._say(reading.key),
            "SOUND_ICON": self._sound_icon,
            "STOP": self._stop,
            "PAUSE": self._pause,
        }

    def run(self) -> None:
        """Answer requests until the server asks to quit, or is gone."""
        interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            for warning in self._options.warnings:
                self._log.problem(warning)
            while self._outlet.is_open and (request := self._requests.next()) is not None:
                self._log.detail(request)
                if request == "QUIT":
                    self._stop()
                    self._is_free()
                    self._outlet.send(protocol.QUIT)
                    return
                if request == "DEBUG" or request.startswith("DEBUG "):
                    self._debug(request)
                else:
                    self._commands.get(request, lambda: self._outlet.send(protocol.UNKNOWN))()
        finally:
            self._stop()
            sys.setswitchinterval(interval)
            self._log.close()

    def _init(self) -> None:
        try:
            from tiedtts.speechd.voices import Voices

            self._voices = Voices(self._options.voice, self._options.lexicon)
            voice = self._voices.get(self._voices.names[0])
        except TiedTTSError as error:
            self._voices = None
            self._log.problem(str(error))
            self._outlet.send(protocol.failure(str(error)))
            return
        self._outlet.send(protocol.LOADED)
        threading.Thread(target=lambda: voice.say(WARM_UP), name="tiedtts-warm-up", daemon=True).start()

    def _audio(self) -> None:
        self._outlet.send(protocol.RECEIVING_AUDIO)
        method = dict(line.partition("=")[::2] for line in self._requests.data().splitlines())
        found = method.get("audio_output_method") == "server"
        if not found:
            self._log.problem("needs a server that plays for its modules, Speech Dispatcher 0.11 or later")
        self._outlet.send(protocol.AUDIO_READY if found else protocol.NO_SUCH_AUDIO)

    def _log_level(self) -> None:
        self._outlet.send(protocol.RECEIVING_LOG_LEVEL)
        name, _, value = self._requests.data().strip().partition("=")
        if name != "log_level" or not value.isdecimal():
            self._outlet.send(protocol.BAD_VALUE)
            return
        self._log.level = int(value)
        self._outlet.send(protocol.LOG_LEVEL_SET)

    def _debug(self, request: str) -> None:
        _, _, rest = request.partition(" ")
        switch, _, path = rest.partition(" ")
        if switch == "ON" and path:
            done = self._log.open(path.strip())
            self._outlet.send(protocol.DEBUGGING % b"ON" if done else protocol.CANNOT_DEBUG)
        elif switch == "OFF":
            self._log.close()
            self._outlet.send(protocol.DEBUGGING % b"OFF")
        else:
            self._outlet.send(protocol.BAD_SYNTAX)

    def _list_voices(self) -> None:
        from tiedtts.speechd.voices import LANGUAGE, Voices

        names = (self._voices or Voices(self._options.voice)).names
        lines = (protocol.voice(name, LANGUAGE) for name in names)
        self._outlet.send(b"".join((*lines, protocol.VOICES_SENT)))

    def _set(self) -> None:
        self._outlet.send(protocol.RECEIVING_SETTINGS)
        lines = self._requests.data().splitlines()
        try:
            self._parameters = self._parameters.changed(lines)
        except ValueError as error:
            self._log.problem(f"cannot set {error}")
            self._outlet.send(protocol.BAD_VALUE)
            return
        self._outlet.send(protocol.SETTINGS_RECEIVED)

    def _say(self, read: "Callable[[str, Parameters], Sequence[Span]]") -> None:
        self._outlet.send(protocol.RECEIVING_MESSAGE)
        text, parameters = self._requests.data(), self._parameters
        self._begin(lambda voices: self._speech(lambda: read(text, parameters), parameters, voices))

    def _sound_icon(self) -> None:
        self._outlet.send(protocol.RECEIVING_MESSAGE)
        name, parameters = self._requests.data().strip(), self._parameters

        def parts(voices: "Voices") -> Iterator[Part]:
            found = sounds.icon(name)
            if found is not None:
                yield Part(*found)
                return
            # The name says what the sound would.
            words = name.replace("-", " ").replace("_", " ")
            yield from self._speech(lambda: reading.message(words, parameters), parameters, voices)

        self._begin(parts)

    def _begin(self, parts: "Callable[[Voices], Iterator[Part]]") -> None:
        """Speak, unless a message is being spoken."""
        if self._voices is None or not self._is_free():
            self._outlet.send(protocol.CANNOT_SPEAK)
            return
        self._utterance = Utterance(parts(self._voices), self._outlet, self._log.problem)
        self._outlet.send(protocol.SPEAKING)
        self._utterance.start()

    def _is_free(self) -> bool:
        """Tell whether no message is being spoken; one that was told to stop has a moment to do so."""
        if self._utterance is None:
            return True
        return self._utterance.wait(STOP_SECONDS if self._utterance.is_stopping else 0)

    def _speech(
        self, read: "Callable[[], Sequence[Span]]", parameters: Parameters, voices: "Voices"
    ) -> Iterator[Part]:
        """Make a message, part by part."""
        name, semitones = voices.choose(parameters)
        voice = voices.speaking(name)
        spans = _with_range(read(), curves.pitch_range(parameters.pitch_range))
        speed, pitch = curves.speed(parameters.rate), curves.semitones(parameters.pitch)
        stream = voice.stream_spans(
            spans,
            speed=pace.own_speed(speed),
            pitch=pitch + semitones,
            volume=curves.decibels(parameters.volume),
        )
        is_first = True
        try:
            for part in stream:
                if is_first:
                    part = trimming.at_start(part)
                if part.is_last:
                    part = trimming.at_end(part)
                is_first = False
                yield from pace.parts(part, speed)
        except TextError as error:
            self._log.detail(str(error))
            if is_first:
                # Nothing is said between its marks, but who waits for them gets them.
                marks = tuple((span.mark, 0) for span in spans if span.mark is not None)
                yield Part(sounds.NOTHING, voice.sample_rate, marks)

    def _stop(self) -> None:
        if self._utterance is not None:
            self._utterance.stop()

    def _pause(self) -> None:
        if self._utterance is not None:
            self._utterance.pause()


def _with_range(spans: "Sequence[Span]", factor: float) -> "Sequence[Span]":
    """Return spans in which the pitch moves more or less than their own markup says."""
    if factor == 1:
        return spans
    largest = PITCH_RANGES[1]
    return [replace(span, pitch_range=min(span.pitch_range * factor, largest)) for span in spans]


def run(options: Options | None = None) -> None:
    """Be a module on stdin and stdout; whatever else writes to stdout goes to stderr."""
    own = os.dup(1)
    os.dup2(2, 1)
    try:
        Module(sys.stdin.buffer, own, options).run()
    finally:
        os.close(own)
