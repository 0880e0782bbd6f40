"""Print the Debian/Ubuntu packages that are missing for the window and its tests, one line, empty when nothing is.

Looks for the library or the program itself, not for the package, so that it also holds on other distributions and for
libraries that came another way. Runs with the standard library alone: it is called before anything is installed.
"""

from __future__ import annotations

import ctypes
import shutil
import sys
from pathlib import Path

LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xinput.so.0": "libxcb-xinput0",
}
FILES = {
    "libgl1-mesa-dri": ("lib*/dri/*_dri.so", "lib*/*/dri/*_dri.so"),
    "fonts-dejavu-core": ("share/fonts/**/*.ttf", "share/fonts/**/*.otf"),
}
VIRTUAL_DISPLAY = {
    "Xvfb": "xvfb",
    "xauth": "xauth",
    "xdpyinfo": "x11-utils",
    "xdotool": "xdotool",
    "import": "imagemagick",
}


def missing_packages(*, virtual_display: bool) -> list[str]:
    """Return the packages to install, in the order of the tables above; empty where the program is not for Linux."""
    if not sys.platform.startswith("linux"):
        return []
    missing = [package for name, package in LIBRARIES.items() if not _loads(name)]
    missing += [package for package, patterns in FILES.items() if not _exists(*patterns)]
    if virtual_display:
        missing += [package for name, package in VIRTUAL_DISPLAY.items() if shutil.which(name) is None]
    return missing


def _loads(name: str) -> bool:
    """Whether the dynamic linker finds the library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _exists(*patterns: str) -> bool:
    """Whether a file below /usr fits one of the patterns."""
    return any(any(Path("/usr").glob(pattern)) for pattern in patterns)


if __name__ == "__main__":
    print(" ".join(missing_packages(virtual_display="--virtual-display" in sys.argv)))
