"""A screen for scripts that open windows, where there is no other."""

from __future__ import annotations

import os
import subprocess
import sys

VIRTUAL_DISPLAY = ("xvfb-run", "--auto-servernum", "--server-args", "-screen 0 1920x1200x24")
"""Put in front of a command, it runs on a screen that nobody sees."""


def has_display() -> bool:
    """Return whether windows can be shown."""
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def ensure_display() -> None:
    """Run this script once more on a virtual display if there is no other, and end with its exit code."""
    if not has_display():
        sys.exit(subprocess.run([*VIRTUAL_DISPLAY, sys.executable, *sys.argv], check=False).returncode)
