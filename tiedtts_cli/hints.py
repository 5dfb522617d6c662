"""Flags of other speech programs, and what is meant by them here."""

import difflib
from collections.abc import Mapping, Sequence

from tiedtts.quoting import quoted

_OUTPUT = "`-o FILE`"
_FASTER = "`--speed`: larger is faster, 1 is the voice's own speed"
_SPEED = f"{_FASTER}; a length scale of 1.25 is --speed 0.8"
_RATE = f"{_FASTER}; 260 words a minute are about --speed 1.5"
_NOISE = "nothing: its noise has no scale; `--seed` changes it"
_ONE_SPEAKER = "`--voice`: each voice is one speaker"
_CPU = "nothing: it speaks on the processor"
_VOICE = "`--voice NAME` or `--voice FILE`"
_SPEAK: Mapping[str, str] = {
    # Piper.
    **dict.fromkeys(("-m", "--model", "--model-path", "--model-name"), _VOICE),
    **dict.fromkeys(("-c", "--config"), "nothing: a voice file holds its own settings"),
    **dict.fromkeys(
        ("--output-file", "--out-path", "--out", "--outfile", "--write-media", "--output-path"), _OUTPUT
    ),
    **dict.fromkeys(("--output-dir", "--out-dir", "--outdir"), "`-d DIR`: a file for each line"),
    **dict.fromkeys(("--output-raw", "--raw-output"), "`-o - --raw`"),
    **dict.fromkeys(("--speaker", "--speaker-id", "--speaker-idx", "--sid"), _ONE_SPEAKER),
    **dict.fromkeys(("--length-scale", "--duration-scale"), _SPEED),
    **dict.fromkeys(("--noise-scale", "--noise-w", "--noise-w-scale"), _NOISE),
    **dict.fromkeys(("--sentence-silence", "--sentence-pause", "--silence"), "`--pause SECONDS`"),
    "--json-input": "`-i LINES.jsonl -d DIR`, or `-d DIR --read-as jsonl` for what comes through a pipe",
    **dict.fromkeys(("--cuda", "--use-cuda", "--gpu", "--device"), _CPU),
    **dict.fromkeys(("--input-file", "--text-file", "--file"), "`-i FILE`"),
    **dict.fromkeys(("--data-dir", "--download-dir", "--espeak-data", "--update-voices"), _VOICE),
    **dict.fromkeys(("--debug", "--progress"), "`--verbose`"),
    # espeak-ng, flite, pico2wave; some of their letters mean different things.
    "-w": _OUTPUT,
    "-s": _FASTER,
    "-f": "`-i FILE` for the text, or `-o FILE` for the sound",
    "-p": "`--pitch SEMITONES`",
    "-a": "`--volume DECIBELS`",
    "-g": "`--pause SECONDS`",
    "-l": _VOICE,
    "-t": 'the text itself, in quotes: tiedtts synth "Hello there." -o hello.wav',
    **dict.fromkeys(("-x", "-X", "--ipa"), '`tiedtts explain "Hello there."`, which shows the phones'),
    "--stdout": "`-o -`",
    "--stdin": "`-` in place of the text",
    **dict.fromkeys(("--voices", "--list-voices", "--list-models", "--list-speakers"), "tiedtts voices"),
    # say.
    **dict.fromkeys(("-r", "--rate", "--words-per-minute"), _RATE),
    "--file-format": "`--format NAME`",
    "--data-format": "`--subtype NAME`",
    "--audio-device": "`--play`",
    # gTTS, edge-tts, Coqui.
    "--text": 'the text itself, in quotes: tiedtts synth "Hello there." -o hello.wav',
    **dict.fromkeys(("--lang", "--language", "--language-idx", "--locale"), f"{_VOICE}: they speak English"),
    "--slow": "`--speed 0.7`",
    **dict.fromkeys(("--write-subtitles", "--subtitles", "--srt"), "`--timestamps srt`"),
    **dict.fromkeys(("--gain", "--loudness"), "`--volume DECIBELS`"),
    **dict.fromkeys(("--samplerate", "--sampling-rate", "--sr"), "`--sample-rate HZ`"),
}
_TRAIN: Mapping[str, str] = {
    **dict.fromkeys(("--config", "-c"), "`--recipe FILE`"),
    **dict.fromkeys(
        ("--epochs", "--max-epochs", "--max-steps", "--steps", "--batch-size", "--lr", "--learning-rate"),
        "`--recipe FILE`: steps, sizes and rates stand there",
    ),
    **dict.fromkeys(("--resume-from-checkpoint", "--restore-path", "--continue-path"), "`--resume`"),
    **dict.fromkeys(("--checkpoint", "--ckpt", "--ckpt-path", "--finetune"), "`--init-from CKPT`"),
    **dict.fromkeys(("--gpus", "--num-gpus"), "`--devices N`"),
    **dict.fromkeys(("--output-dir", "--out-dir", "--default-root-dir"), "`-o RUN`"),
}
_ANY: Mapping[str, str] = {
    **dict.fromkeys(("-V", "--version"), "tiedtts --version"),
    **dict.fromkeys(("-?", "-help"), "`--help`"),
    **dict.fromkeys(("--output-dir", "--output-file", "--out"), "`-o`"),
}
_WITH_TEXT = ("synth", "explain")
_OWN: Mapping[str, Mapping[str, str]] = {"synth": _SPEAK, "explain": _SPEAK, "train": _TRAIN}


def meant(command: str, flag: str, known: Sequence[str], arguments: Sequence[str] = ()) -> str | None:
    """Return a hint for a flag that a command does not have, or None where nobody knows what is meant.

    Args:
        command: Name of the command; empty where none was named.
        flag: The flag as it was written, without its value.
        known: The command's own options.
        arguments: All arguments, for the value of the flag.
    """
    written = flag.replace("_", "-")
    own = next((name for name in known if name in (written, f"-{written}") and name != flag), None)
    if own is not None:
        return f"you mean `{own}`"
    table = {**_ANY, **_OWN.get(command, {})} if command else {**_SPEAK, **_ANY}
    found = table.get(flag, table.get(written))
    if found is None:
        return None
    if written == "--length-scale":
        found = _counted(arguments, flag) or found
    if not command and found != "tiedtts --version" and found != "tiedtts voices":
        return f'speaking is a command: tiedtts synth "Hello there." -o hello.wav; for `{flag}`, {found}'
    return f"you mean {found}" if found[0] == "`" or found.startswith("the text") else _other(found)


def dashed(command: str, flag: str, arguments: Sequence[str]) -> str | None:
    """Return a hint for a text that begins with a dash, which was taken for an option."""
    text = next((argument for argument in arguments if argument.startswith(flag) and " " in argument), None)
    if text is None and flag[1:2].isdigit():
        text = next((argument for argument in arguments if argument.startswith(flag)), flag)
    if text is None or command not in _WITH_TEXT:
        return None
    output = " -o speech.wav" if command == "synth" else ""
    return f'write two dashes before a text that begins with one: tiedtts {command}{output} -- "{text}"'


def alike(flag: str, known: Sequence[str]) -> str | None:
    """Return a hint for an option that is nearly one of those that there are."""
    found = difflib.get_close_matches(flag, known, cutoff=0.75)
    return f"you may mean `{'` or `'.join(found)}`" if found else None


def text_for_command(arguments: Sequence[str]) -> str | None:
    """Return a hint for a text in the place of a command."""
    text = next((argument for argument in arguments if not argument.startswith("-")), "")
    if " " not in text.strip():
        return None
    return f'to say a text: tiedtts synth "{quoted(text)}" -o speech.wav'


def _other(found: str) -> str:
    """Return a hint that is a command, or says that nothing takes the flag's place."""
    return f"leave it out: {found.partition(': ')[2]}" if found.startswith("nothing: ") else found


def _counted(arguments: Sequence[str], flag: str) -> str | None:
    """Return which speed a length scale is."""
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name != flag:
            continue
        try:
            scale = float(value if equals else arguments[index + 1])
        except (ValueError, IndexError):
            return None
        return f"`--speed {1 / scale:.3g}`: larger is faster" if scale > 0 else None
    return None
