"""The page, in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serving import browser
from tests.serving.browser import Browser
from tests.serving.conftest import Running
from tiedtts.serving import page
from tiedtts.serving.guard import Access

TEXT = "She paid $5, (yes) on May 3rd. Then she left."
HTML = page.FILE.read_text("utf-8")
needs_browser = pytest.mark.skipif(browser.PROGRAM is None, reason="no Chromium on this machine")


def test_the_page_fetches_nothing_from_elsewhere() -> None:
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)[^\s'\"]+", HTML) == []
    assert not re.search(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=(?!\"data:)", HTML)
    # The policy would keep them from running.
    assert not re.search(r"<[a-z]+[^>]*\s(?:style|on[a-z]+)=", HTML)


def test_every_field_has_a_name() -> None:
    labelled = set(re.findall(r'for="(\w+)"', HTML))
    fields = re.findall(r"<(?:input|select|textarea)\b[^>]*>", HTML)
    assert len(fields) == 6
    for field in fields:
        (name,) = re.findall(r' id="(\w+)"', field)
        assert name in labelled or "aria-label=" in field or f"<label>{field}" in HTML, field


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours, by the guidelines for accessible pages."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    dark, bright = sorted((light(first), light(second)))
    return bright / dark


def test_colours_can_be_read_in_the_light_and_in_the_dark() -> None:
    schemes = [
        dict(re.findall(r"--([\w-]+): (#\w{6})", block))
        for block in re.findall(r":root \{(.*?)\}", HTML, re.DOTALL)
    ]
    assert len(schemes) == 2
    for scheme in schemes:
        for ink, ground in (
            *(
                ("ink", "ground"),
                ("ink", "sheet"),
                ("faint", "ground"),
                ("faint", "sheet"),
                ("wrong", "sheet"),
            ),
            *(("accent", "sheet"), ("on-accent", "accent"), ("spoken-ink", "spoken")),
        ):
            assert contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, ground)


@needs_browser
def test_it_speaks_and_shows_what_it_says(start: Callable[..., Running], tmp_path: Path) -> None:
    key = "a-key-of-this-test"
    server = start(access=Access(key=key, only_local_names=False))
    with Browser(tmp_path) as page_:
        page_.open(f"{server.url}/")
        page_.until("document.activeElement.id === 'key'")
        assert "there is no key" in page_.value("document.getElementById('status').textContent")
        page_.value(f"""(() => {{ const key = document.getElementById('key');
            key.value = '{key}'; key.dispatchEvent(new Event('change')); }})()""")
        page_.until("document.getElementById('voice').options.length > 1")
        page_.value(f"document.getElementById('text').value = {TEXT!r}")
        page_.value("document.getElementById('text').focus()")
        page_.press("Enter", 13, modifiers=2)
        page_.until("document.getElementById('result').dataset.seconds > 2")
        assert page_.value("document.getElementById('spoken').textContent.includes('D AA1 L ER0 Z')")
        written = "[...document.querySelectorAll('.word')].map(word => word.firstChild.textContent)"
        assert page_.value(written) == [
            *("She", "paid", "$5,", "(yes)", "on", "May", "3rd.", "Then", "she", "left.")
        ]
        # The sound is heard, and the word that is spoken is marked.
        page_.until("document.querySelector('.word.now') !== null")
        page_.until("[...document.querySelectorAll('.word')].findIndex(word => word.matches('.now')) > 2")
        page_.press("Escape", 27)
        page_.until("document.getElementById('status').textContent === 'Stopped.'")
        assert page_.value("document.querySelector('.word.now') === null")
        assert page_.value("document.getElementById('stop').disabled")
        # From word to word by the keyboard, and on from there.
        page_.value("document.querySelector('.word').focus()")
        page_.press("ArrowRight", 39)
        page_.press("ArrowRight", 39)
        assert page_.value("document.activeElement.getAttribute('aria-label')") == "$5"
        assert page_.value("document.getElementById('about').textContent").startswith(
            "five F AY1 V, dollars D"
        )
        page_.press("Enter", 13)
        page_.until("document.getElementById('status').textContent.startsWith('Speaking from')")
        assert complaints(page_.events) == []


@needs_browser
def test_it_tells_what_is_wrong_and_saves_a_file(running: Running, tmp_path: Path) -> None:
    with Browser(tmp_path / "profile", dark=True) as page_:
        page_.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        page_.open(f"{running.url}/")
        page_.until("document.getElementById('voice').options.length > 1")
        assert page_.value("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 27)"
        page_.value("document.getElementById('text').value = '\\u2603'")
        page_.value("document.getElementById('speak').click()")
        page_.until("document.getElementById('status').textContent.includes('nothing to say')")
        page_.value("document.getElementById('text').value = 'Hello.'")
        page_.value("document.getElementById('format').value = 'wav'")
        page_.value("document.getElementById('download').click()")
        page_.until("document.getElementById('status').textContent === 'Saved as speech.wav.'")
        # All formats play in a browser, also those whose header tells no length.
        lengths = page_.value(
            """Promise.all(["mp3", "opus", "flac", "wav"].map(async response_format => {
                const body = JSON.stringify({input: "Here is one. Here are two.", response_format});
                const answer = await fetch("v1/audio/speech", {method: "POST", body});
                const data = await answer.arrayBuffer();
                return (await new OfflineAudioContext(1, 1, 24000).decodeAudioData(data)).duration;
            }))"""
        )
        assert max(lengths) - min(lengths) < 0.1
        assert min(lengths) > 1.5


def complaints(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the browser complains of, but for the answer without a key."""
    names = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
    return [event for event in events if event.get("method") in names and "401" not in str(event)]
