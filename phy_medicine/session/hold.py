"""Clusters and selection kept as they are while something long depends on them."""

from __future__ import annotations

from phy_medicine.base.errors import ActionError


class Hold:
    """Refuses changes while it is taken, with a sentence."""

    def __init__(self) -> None:
        self._why = ""

    @property
    def taken(self) -> bool:
        """Whether changes are refused."""
        return bool(self._why)

    def take(self, why: str) -> None:
        """Refuse every change from now on; why : the sentence that says so, and what can be done."""
        self._why = why

    def release(self) -> None:
        """Accept changes again."""
        self._why = ""

    def check(self) -> None:
        """Refuse a change while it is taken.

        Raises
        ------
        ActionError : with the sentence
        """
        if self._why:
            raise ActionError(self._why)
