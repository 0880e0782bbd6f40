"""What a program of many libraries runs on, for a report of a fault; asked without importing any of them."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = {
    "PyQt5": "PyQt5", "Qt": "PyQt5-Qt5", "vispy": "vispy", "numpy": "numpy", "scipy": "scipy", "numba": "numba",
    "h5py": "h5py", "torch": "torch", "psygnal": "psygnal",
}  # fmt: skip
"""Name in the report -> name of the package."""


def versions() -> dict[str, str]:
    """Return name -> version of the program, Python, the system and the libraries it stands on."""
    import phy_medicine

    found = {"phy-medicine": phy_medicine.__version__, "Python": platform.python_version()}
    found["System"] = f"{platform.system()} {platform.release()}, {platform.machine()}"
    for name, package in PACKAGES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = "missing"
    return found
