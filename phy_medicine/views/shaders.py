"""Source of the shaders: GLSL 1.20 from the package, or from the folder beside it in an editable install."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path

from phy_medicine.base.errors import PhyMedError


def shader_dir() -> Path:
    """Return the folder of the shaders.

    Raises
    ------
    PhyMedError : neither the package `phy_medicine.glsl` nor `../glsl` holds them
    """
    beside = Path(__file__).resolve().parents[2] / "glsl"
    try:
        packaged = Path(str(resources.files("phy_medicine.glsl")))
    except ModuleNotFoundError:
        packaged = beside
    for folder in (packaged, beside):
        if (folder / "sheet.vert").is_file():
            return folder
    raise PhyMedError(f"The shaders are missing in {packaged}; install phy-medicine again.")


@lru_cache(maxsize=64)
def source(name: str) -> str:
    """Return the text of a shader, for instance `sheet.vert`."""
    return (shader_dir() / name).read_text(encoding="utf-8")
