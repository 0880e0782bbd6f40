"""Both ways to compute: every test that asks for `either_path` runs with numpy and with the compiled kernels."""

from __future__ import annotations

import pytest

from phy_medicine.compute import kernels


@pytest.fixture(params=["numpy", "compiled"])
def either_path(request, monkeypatch):
    compiled = request.param == "compiled"
    monkeypatch.setattr(kernels, "use_compiled", lambda size, numpy_limit: compiled)
    monkeypatch.setattr(kernels, "ready", lambda: compiled)
    return request.param
