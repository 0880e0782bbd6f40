"""The log that stays: a few files that follow each other, beside the state of the window."""

from __future__ import annotations

import contextlib
import logging
from logging.handlers import MemoryHandler, RotatingFileHandler
from pathlib import Path

from phy_medicine.base.log import logger

LOG_NAME = "phy-medicine.log"
MAX_BYTES = 1 << 20
N_OLD = 3
_MANY = 1000
"""Lines while a dataset is opened."""
_FORMAT = "%(asctime)s %(levelname).1s %(process)d %(name)s: %(message)s"


class LogFile(RotatingFileHandler):
    """Log lines in a file, which is made at the first of them; at most (1 + N_OLD) * MAX_BYTES in all.

    A folder that cannot be written costs one line elsewhere.

    Parameters
    ----------
    folder : made when there is something to write
    head : a line before the first
    """

    def __init__(self, folder: Path, head: str = "") -> None:
        super().__init__(folder / LOG_NAME, maxBytes=MAX_BYTES, backupCount=N_OLD, encoding="utf-8", delay=True)
        self.path = folder / LOG_NAME
        self.setFormatter(logging.Formatter(_FORMAT))
        self._head = head

    def emit(self, record: logging.LogRecord) -> None:
        if self._head:
            head, self._head = self._head, ""
            with contextlib.suppress(OSError):  # said below, by the line itself
                self.path.parent.mkdir(parents=True, exist_ok=True)
            super().emit(logger.makeRecord(logger.name, logging.INFO, __file__, 0, head, (), None))
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Give up the file, and say so once where log lines are read otherwise."""
        if self not in logger.handlers:  # said already
            return
        logger.removeHandler(self)
        logger.warning("The log %s cannot be written; the work itself is not touched by that.", self.path)


_held = MemoryHandler(_MANY, flushLevel=logging.CRITICAL + 1, flushOnClose=False)


def hold_log() -> None:
    """Remember the lines from now on for the file that `keep_log` will begin; where it is, is not known yet."""
    _held.buffer.clear()
    logger.addHandler(_held)


def keep_log(folder: Path, head: str) -> LogFile:
    """Write the log into a folder from now on, the lines that were held first, until `stop_log`."""
    file = LogFile(folder, head)
    logger.addHandler(file)
    logger.removeHandler(_held)
    _held.setTarget(file)
    _held.flush()
    _held.setTarget(None)
    return file


def stop_log(file: LogFile | None = None) -> None:
    """End a log that `keep_log` began, or the wait for one."""
    logger.removeHandler(_held)
    _held.buffer.clear()
    if file is not None:
        logger.removeHandler(file)
        with contextlib.suppress(OSError):
            file.close()
