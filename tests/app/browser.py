"""A headless Chromium without a network, by its driver's own protocol; nothing to install but the browser."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ARGUMENTS = (
    "--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-dev-shm-usage",
)  # fmt: skip


def missing() -> str:
    """Return why there is no browser, "" where there is one."""
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(absent)} not installed" if absent else ""


class Browser:
    """One window."""

    def __init__(self, address: str, folder: Path, size: tuple[int, int]) -> None:
        self.address = address
        options = {
            "binary": shutil.which("chromium"),
            "args": [*ARGUMENTS, f"--window-size={size[0]},{size[1]}", f"--user-data-dir={folder}"],
        }
        wanted = {
            "capabilities": {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}
        }
        self.session = f"/session/{self.call('/session', wanted)['sessionId']}"

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send one command and return its value; without a body it is a question."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=90) as answer:
            return json.load(answer)["value"]

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a function body in the page returns."""
        return self.call(f"{self.session}/execute/sync", {"script": script, "args": list(arguments)})

    def open(self, page: Path, ready: str) -> None:
        """Load a file and wait until an expression is true."""
        self.call(f"{self.session}/url", {"url": page.resolve().as_uri()})
        wait = "const done = arguments[0]; (function look() { (%s) ? done(true) : setTimeout(look, 50); })();" % ready  # noqa: UP031
        assert self.call(f"{self.session}/execute/async", {"script": wait, "args": []})

    def click(self, x: float, y: float) -> None:
        """Move the mouse there and click."""
        move = {"type": "pointerMove", "duration": 0, "x": round(x), "y": round(y)}
        presses = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [move, *presses]}
        self.call(f"{self.session}/actions", {"actions": [mouse]})

    def press(self, key: str) -> None:
        """Press and release a key; special keys by their code point of the protocol."""
        keys = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.call(f"{self.session}/actions", {"actions": [{"type": "key", "id": "keys", "actions": keys}]})

    def complaints(self) -> list[str]:
        """Return the errors of the page's console."""
        lines = self.call(f"{self.session}/se/log", {"type": "browser"})
        return [line["message"] for line in lines if line["level"] == "SEVERE"]

    def screenshot(self, path: Path) -> None:
        """Write a PNG of the window."""
        path.write_bytes(base64.b64decode(self.call(f"{self.session}/screenshot")))


@contextmanager
def browser(folder: Path, size: tuple[int, int] = (1400, 1000)) -> Iterator[Browser]:
    """Give a browser that ends with the block."""
    command = [shutil.which("chromedriver") or "chromedriver", "--port=0"]
    driver = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | {"HOME": str(folder)}
    )
    try:
        assert driver.stdout is not None
        words = next(line for line in driver.stdout if "successfully on port" in line).split()
        started = Browser(f"http://127.0.0.1:{words[-1].rstrip('.')}", folder / "profile", size)
        try:
            yield started
        finally:
            request = urllib.request.Request(started.address + started.session, method="DELETE")
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()
    finally:
        driver.terminate()
        driver.wait(30)
