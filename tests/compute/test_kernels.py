from __future__ import annotations

import subprocess
import sys

from phy_medicine.compute import kernels

PUBLIC = ("correlogram", "density", "filtering", "kernels", "pool", "quantiles", "reduction", "waveforms")


def test_importing_the_layer_loads_no_heavy_library():
    imports = ", ".join(f"phy_medicine.compute.{name}" for name in PUBLIC)
    code = f"import sys, {imports}; print(sorted({{'numba', 'scipy', 'torch'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_small_inputs_use_numpy_until_the_kernels_are_loaded(monkeypatch):
    monkeypatch.setattr(kernels, "ready", lambda: False)
    assert [kernels.use_compiled(size, 100) for size in (100, 101)] == [False, True]


def test_all_kernels_are_there_once_warm():
    kernels.warm_up()
    assert kernels.ready()
    assert kernels.use_compiled(1, 100)
