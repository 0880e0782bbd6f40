"""What views of a notebook hold and give: ids of spikes as a trait, and still pictures."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import traitlets
from PIL import Image

from phy_medicine.base.types import AnyArray


class SpikeIds(traitlets.TraitType[Any, Any]):
    """Spike ids, ascending, as a tuple: `traitlets.link` compares values, which arrays do not bear."""

    default_value = ()
    info_text = "ids of spikes"

    def validate(self, obj: Any, value: Any) -> tuple[int, ...]:
        """Return any collection of ids as it is kept.

        Raises
        ------
        traitlets.TraitError : they are no whole numbers
        """
        ids = np.asarray(value if isinstance(value, np.ndarray) else list(value))
        if ids.size and ids.dtype.kind not in "iu":
            raise traitlets.TraitError(f"Spike ids are whole numbers, not {ids.dtype}.")
        return tuple(np.unique(ids).tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A picture that was taken of a view: `data`, (h, w, 3) uint8, shown in `size`, px of the page."""

    data: AnyArray
    size: tuple[int, int]

    @property
    def png(self) -> bytes:
        """The picture as a file."""
        file = io.BytesIO()
        Image.fromarray(self.data).save(file, "PNG")
        return file.getvalue()

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return self.png, {"width": self.size[0], "height": self.size[1]}
