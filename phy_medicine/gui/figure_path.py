"""Where pictures go, and what the ending of their name says; without Qt, for the command line."""

from __future__ import annotations

from pathlib import Path

from phy_medicine.base.errors import ActionError

ENDINGS = (".png", ".svg", ".pdf")


def picture_path(path: str, folder: Path, stem: str, ending: str = ".png") -> Path:
    """Return where a picture goes: as given, with an ending; without a name into a folder of its own, numbered.

    Raises
    ------
    ActionError : the ending is none of a picture's
    """
    if path:
        given = Path(path).expanduser()
        if not given.suffix:
            return given.with_name(given.name + ending)
        check_ending(given)
        return given
    number = 1
    while (target := folder / f"{stem}_{number}{ending}").exists():
        number += 1
    return target


def check_ending(path: Path) -> None:
    """Refuse a name that is not a picture's.

    Raises
    ------
    ActionError : its ending is another
    """
    if path.suffix and path.suffix.lower() not in ENDINGS:
        raise ActionError(f"{path.name}: a picture is written as {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.")
