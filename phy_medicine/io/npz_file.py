"""Several arrays in one `.npz` file, which is a zip of `.npy` files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray
from phy_medicine.base.words import shortened
from phy_medicine.io.durable import reason


def read_npz(path: Path, wanted: Iterable[str] | None = None) -> dict[str, AnyArray]:
    """Return the arrays of a file, those wanted or all.

    Raises
    ------
    DatasetError : missing or damaged, or without one that is wanted
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: np.asarray(file[name]) for name in (file.files if wanted is None else wanted)}
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({reason(error)}); check the file and its rights.") from None
    except Exception as error:  # what zip, zlib and numpy each have for damaged files, and memory that is not there
        why = shortened(str(error) or type(error).__name__).rstrip(".")
        raise DatasetError(f"{path} does not hold the arrays that belong there ({why}); write it again.") from None
