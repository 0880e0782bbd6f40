"""One broken dataset: how it is made, and what the program says when it is opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.broken import sound

Damage = Callable[[Path], None]
HERE = "DIR"
"""Stands for the folder of the dataset in what is said of it."""
ANYTHING = "\N{HORIZONTAL ELLIPSIS}"
"""In a sentence: what differs from time to time."""
USUAL_NAME = "sorted"


@dataclass(frozen=True, slots=True)
class Case:
    """A dataset that something is wrong with.

    name : of the case; topic : heading it stands under; what : is wrong, in words
    damage : told the folder of a sound dataset
    refused : whether it must not open
    says : the sentence that is said, in a remark when it opens; "" when it opens as if nothing were wrong
    kwik : a Kwik file instead of a `params.py`
    read_only : it opens, and no change is accepted
    as_user : cannot be made for root, who may read and write everything
    folder : name of the folder
    """

    name: str
    topic: str
    what: str
    damage: Damage
    refused: bool = False
    says: str = ""
    kwik: bool = False
    read_only: bool = False
    as_user: bool = False
    folder: str = USUAL_NAME

    @property
    def command(self) -> str:
        """What opens it, without its ending."""
        return "kwik" if self.kwik else "template"

    def make(self, place: Path) -> Path:
        """Write the dataset into a new folder in `place`, and return the file that is opened."""
        folder = place / self.folder
        folder.mkdir(parents=True)
        path = (sound.kwik if self.kwik else sound.template)(folder)
        self.damage(folder)
        return path

    def can_be_made(self) -> bool:
        """Whether this process can make it."""
        return not (self.as_user and hasattr(os, "geteuid") and os.geteuid() == 0)


class Topic:
    """Collects the cases of one heading; `broken` and `refused` are put in front of the function that damages."""

    def __init__(self, name: str, *, kwik: bool = False) -> None:
        self.name = name
        self._kwik = kwik
        self.cases: list[Case] = []

    def opens(self, what: str, says: str = "", **more: object) -> Callable[[Damage], Damage]:
        """The dataset opens, with this remark."""
        return self._add(what, says, refused=False, **more)

    def refused(self, what: str, says: str, **more: object) -> Callable[[Damage], Damage]:
        """The dataset does not open, and this is said."""
        return self._add(what, says, refused=True, **more)

    def _add(self, what: str, says: str, **more: object) -> Callable[[Damage], Damage]:
        def add(damage: Damage) -> Damage:
            name = damage.__name__
            self.cases.append(Case(name, self.name, what, damage, says=says, kwik=self._kwik, **more))  # type: ignore[arg-type]
            return damage

        return add

    def each(
        self, names: Sequence[str], what: str, says: str, damage: Callable[[Path, str], None], **more: object
    ) -> None:
        """Add a case for each of several files; `{}` in the texts is its name."""
        for name in names:
            stem = f"{damage.__name__}_{name.replace('.', '_')}"
            self.cases.append(
                Case(
                    stem,
                    self.name,
                    what.format(name),
                    lambda d, n=name: damage(d, n),
                    says=says.format(name),
                    kwik=self._kwik,
                    **more,
                )  # type: ignore[misc,arg-type]
            )
