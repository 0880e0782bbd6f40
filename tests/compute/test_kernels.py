from __future__ import annotations

import subprocess
import sys

import pytest

from phy_medicine.compute import kernels

PUBLIC = ("correlogram", "density", "filtering", "kernels", "pool", "quantiles", "reduction", "waveforms")


def test_importing_the_layer_loads_no_heavy_library():
    imports = ", ".join(f"phy_medicine.compute.{name}" for name in PUBLIC)
    code = f"import sys, {imports}; print(sorted({{'numba', 'scipy', 'torch'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_small_inputs_use_numpy_until_the_kernels_are_loaded(monkeypatch):
    monkeypatch.setattr(kernels, "_loaded", type(kernels._loaded)())
    assert [kernels.use_compiled(size, 100) for size in (100, 101)] == [False, True]
    kernels.warm_up()
    assert kernels.ready()
    assert kernels.use_compiled(1, 100)


def test_a_kernel_that_cannot_be_loaded_is_reported_and_leaves_numpy_in_use(monkeypatch):
    monkeypatch.setattr(kernels, "_loaded", type(kernels._loaded)())
    monkeypatch.setattr(kernels, "KERNEL_MODULES", ("_kernels_that_do_not_exist",))
    with pytest.raises(ModuleNotFoundError):
        kernels.warm_up()
    assert not kernels.ready()
