"""The gallery of a part: pictures and sounds of a sentence side by side, step by step, as HTML."""

import base64
import contextlib
import html
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tiedtts.audio import files
from tiedtts.errors import TiedTTSError
from tiedtts.training.page_words import PICTURES, SOUNDS
from tiedtts.training.speaker import RECORDED

MOST_STEPS = 12
"""Steps of a part that are shown: with all of them, a page could have a hundred megabytes."""
_STEP = re.compile(r"step_([0-9]{1,12})")

Steps = Sequence[tuple[int, Path]]
"""Steps with their folders."""


class Gallery:
    """Pictures and sounds of a run, encoded once each, to stand in one file with all else."""

    def __init__(self) -> None:
        self._encoded: dict[tuple[Path, int], str] = {}

    def rows(self, shown: Steps, texts: Sequence[str]) -> Iterator[str]:
        """Yield a row for each sentence: its recording, then step by step what was made.

        Args:
            shown: Steps with pictures.
            texts: The sentences, in the order of the numbers in file names.
        """
        chosen = thinned(shown)
        for number, text in enumerate(texts):
            figures = []
            for step, folder in chosen:
                made = "".join(self._figure(folder, number, recorded=False))
                if made:
                    figures.append(f"<figure><figcaption>step {step:,}</figcaption>{made}</figure>")
            if not figures:
                continue
            recorded = "".join(self._figure(chosen[-1][1], number, recorded=True))
            first = f'<figure class="first">{recorded}</figure>'
            yield f'<h3>“{html.escape(text)}”</h3><div class="steps">{first}{"".join(figures)}</div>'
        if len(chosen) < len(shown):
            yield f"<p>{len(chosen)} of {len(shown)} steps; the folder of the part has the others."

    def _figure(self, folder: Path, number: int, *, recorded: bool) -> Iterator[str]:
        """Yield the pictures of a sentence at a step, then its sounds; or only the recording."""
        for path in sorted(folder.glob(f"*{number}.*"), key=lambda p: (p.suffix == ".wav", p.name)):
            kind = path.stem.rstrip("0123456789")
            if path.stem != f"{kind}{number}" or (kind == RECORDED) is not recorded:
                continue
            # A file that is damaged, or removed while it is read, is left out.
            with contextlib.suppress(OSError, ValueError, KeyError, TiedTTSError):
                if path.suffix == ".png":
                    told = PICTURES.get(kind, kind)
                    yield f'<img alt="{told}" title="{told}; click to enlarge" src="{self._address(path)}">'
                elif path.suffix == ".wav":
                    player = f'<audio controls preload="metadata" src="{self._address(path)}"></audio>'
                    yield f"<label>{SOUNDS.get(kind, kind)}{player}</label>"

    def _address(self, path: Path) -> str:
        """Return an address that holds all of a picture or of a sound."""
        key = path, path.stat().st_mtime_ns
        if key not in self._encoded:
            kind, data = _sound(path) if path.suffix == ".wav" else _picture(path)
            self._encoded[key] = f"data:{kind};base64,{base64.b64encode(data).decode()}"
        return self._encoded[key]


def _sound(path: Path) -> tuple[str, bytes]:
    """Return the kind and the bytes of a sound, without loss in half of them."""
    sound = files.read(path)
    return "audio/flac", files.encode(sound.mono, sound.rate, "FLAC")


def _picture(path: Path) -> tuple[str, bytes]:
    """Return the kind and the bytes of a picture, in a tenth of them."""
    from PIL import Image

    made = io.BytesIO()
    with Image.open(path) as picture:
        picture.save(made, "WEBP", quality=80)
    return "image/webp", made.getvalue()


def illustrated(part: Path) -> list[tuple[int, Path]]:
    """Return the steps with pictures and sounds in the folder of a part, in order."""
    found = ((_STEP.fullmatch(path.name), path) for path in part.glob("step_*"))
    return sorted((int(match[1]), path) for match, path in found if match and any(path.glob("*.*")))


def thinned(shown: Steps, most: int = MOST_STEPS) -> list[tuple[int, Path]]:
    """Return so many of the steps at most, evenly chosen, the first and the last among them."""
    if len(shown) <= most:
        return list(shown)
    return [shown[round(place * (len(shown) - 1) / (most - 1))] for place in range(most)]
