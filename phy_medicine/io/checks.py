"""What was found odd in a dataset, as sentences for the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from phy_medicine.base.log import logger

Severity = Literal["note", "warning"]


@dataclass(frozen=True, slots=True)
class Check:
    """One remark about one file: a note is harmless, a warning means that something is off or missing."""

    severity: Severity
    file: str
    message: str

    def __str__(self) -> str:
        return self.message if self.message.startswith(f"{self.file} ") else f"{self.file}: {self.message}"


class CheckList:
    """Collects remarks while files are read; the same remark is kept once."""

    def __init__(self, checks: tuple[Check, ...] = ()) -> None:
        self._checks: dict[Check, None] = dict.fromkeys(checks)

    def note(self, file: str, message: str) -> None:
        """Remember something harmless."""
        self._add(Check("note", file, message))

    def warn(self, file: str, message: str) -> None:
        """Remember something that costs the user a view or a right number."""
        self._add(Check("warning", file, message))

    def extend(self, checks: tuple[Check, ...]) -> None:
        """Take over the remarks of another reader."""
        for check in checks:
            self._add(check)

    def all(self) -> tuple[Check, ...]:
        """Return the remarks so far, in order of discovery."""
        return tuple(self._checks)

    def _add(self, check: Check) -> None:
        if check not in self._checks:
            self._checks[check] = None
            logger.debug("%s: %s", check.severity, check)
