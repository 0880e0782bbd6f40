"""The display that goes away under a window: the X server was ended, or the connection to it broke."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from phy_medicine.base.crash_watch import WATCH
from phy_medicine.base.log import logger
from phy_medicine.gui.qt import QtGui

_SENTENCE = (
    "The display is gone, so the window ended. Every action is in the journal: open the dataset again to recover it."
)
# What C calls must live as long as the process.
_callbacks: list[object] = []


def end_without_display(close: Callable[[], object]) -> None:
    """End the process: nothing can be shown or asked any more, and Qt would tear it down under running threads.

    close : gives back lock and journal of the session
    """
    logger.error("%s", _SENTENCE)
    with suppress(Exception):
        close()
    WATCH.end()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(1)


def watch_display(lost: Callable[[], object]) -> None:
    """Call `lost` when Xlib, through which OpenGL draws, finds the display gone; it would end the process at once."""
    if QtGui.QGuiApplication.platformName() != "xcb":
        return
    with suppress(OSError, AttributeError):
        xlib = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(lambda _display: (lost(), 0)[1])
        _callbacks[:] = [callback]
        xlib.XSetIOErrorHandler(callback)
