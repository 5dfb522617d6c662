"""A headless Chromium, driven over its pipe: each message is JSON and ends with a zero byte."""

import base64
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

if sys.platform != "win32":
    import fcntl

PROGRAMS = () if sys.platform == "win32" else ("chromium", "chromium-browser", "google-chrome")
PROGRAM = next(filter(None, map(shutil.which, PROGRAMS)), None)
"""The browser, if there is one; on Windows, its pipe is another."""
PATIENCE_SECONDS = 60.0
"""A busy machine makes browsers slow."""


class Browser:
    """A browser with one page; a context manager that ends it.

    Args:
        folder: An empty folder for its profile.
        dark: Whether the screen is dark.
    """

    def __init__(self, folder: Path, *, dark: bool = False) -> None:
        assert PROGRAM is not None
        theirs, self._write = os.pipe()
        self._read, answers = os.pipe()
        arguments = (
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(
                "--remote-debugging-pipe",
                "--autoplay-policy=no-user-gesture-required",
                "--window-size=900,1000",
            ),
            f"--user-data-dir={folder}",
            "about:blank",
        )
        # The pipe is descriptors 3 and 4 of the browser; here its ends have numbers that are neither.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs, answers)]
        self._process = os.posix_spawn(
            PROGRAM,
            [PROGRAM, *arguments],
            os.environ,
            file_actions=[
                *((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)),
                *((os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate(ends, 3)),
            ],
            setsid=True,
        )
        for end in (theirs, answers, *ends):
            os.close(end)
        self._number, self._kept = 0, b""
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        (page,) = [one for one in self.send("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        attached = self.send("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[feature])

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(Exception):
            self._session = None
            self.send("Browser.close")
        end = time.monotonic() + 20
        while os.waitpid(self._process, os.WNOHANG) == (0, 0):
            if time.monotonic() > end:
                os.killpg(self._process, signal.SIGKILL)
            time.sleep(0.02)
        os.close(self._read)
        os.close(self._write)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; what happens in the meantime is kept in `events`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            received = self._receive()
            if received.get("id") == self._number:
                if "error" in received:
                    raise RuntimeError(f"{method}: {received['error']}")
                result: dict[str, Any] = received["result"]
                return result
            self.events.append(received)

    def open(self, url: str) -> None:
        """Open a page."""
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def value(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript."""
        done = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        if "exceptionDetails" in done:
            raise RuntimeError(done["exceptionDetails"])
        return done["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.value(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.03)

    def press(self, key: str, code: int, modifiers: int = 0) -> None:
        """Press a key and let it go.

        Args:
            key: Its name, such as `Enter`.
            code: Its number on Windows, by which browsers tell it.
            modifiers: 1 for Alt, 2 for Control, 8 for Shift.
        """
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        text = {"text": "\r"} if key == "Enter" and not modifiers else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", **about, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **about)

    def picture(self, path: Path) -> None:
        """Save a picture of the page."""
        data = self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._kept:
            data = os.read(self._read, 65_536)
            if not data:
                raise RuntimeError("the browser has ended")
            self._kept += data
        line, _, self._kept = self._kept.partition(b"\0")
        received: dict[str, Any] = json.loads(line)
        return received
