"""The loggers of phy and phylib: what plugins tell them is in the program's log and in the status bar."""

from __future__ import annotations

import logging
from collections.abc import Callable

from phy_medicine.base.log import logger
from phy_medicine.session.session import Session

NAMES = ("phy", "phylib")


class _ToSession(logging.Handler):
    def __init__(self, session: Session) -> None:
        super().__init__(logging.DEBUG)
        self._session = session

    def emit(self, record: logging.LogRecord) -> None:
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)
        if record.levelno >= logging.INFO:
            self._session.message.emit(record.getMessage())


def follow_logs(session: Session) -> Callable[[], None]:
    """Listen to both loggers until the function that is returned is called."""
    handler = _ToSession(session)
    before = {name: logging.getLogger(name).level for name in NAMES}
    for name in NAMES:
        found = logging.getLogger(name)
        found.addHandler(handler)
        if found.level == logging.NOTSET:
            found.setLevel(logging.INFO)

    def stop() -> None:
        for name in NAMES:
            found = logging.getLogger(name)
            found.removeHandler(handler)
            found.setLevel(before[name])

    return stop
