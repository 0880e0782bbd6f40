"""`python -m benchmarks NAME ...`: runs a benchmark of this folder, and ends with a sentence where it cannot."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

from phy_medicine.base.errors import PhyMedError

_OWN = ("benchmarks", "phy_medicine")


def run(name: str) -> None:
    """Run the benchmark of a module, which reads its own command line.

    Raises
    ------
    SystemExit : it cannot be run, with a sentence; or it ended so itself
    """
    try:
        import_module(f"benchmarks.{name}").main()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in _OWN:
            raise
        sys.exit(f"The benchmark {name} needs the package {package}, which is not installed.")
    except subprocess.CalledProcessError as error:
        sys.exit(f"The benchmark {name} did not end: a process of it failed ({error.returncode}); see above.")
    except PhyMedError as error:
        sys.exit(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"{error.filename}: {error.strerror}.")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("Name a benchmark; `phy-med bench` lists them.")
    chosen = sys.argv.pop(1)
    sys.argv[0] = f"phy-med bench {chosen}"  # what its help says
    run(chosen)
