"""Simulated recordings with known truth, written as a sorter's export that the window opens.

`simulate(out_dir, settings)` returns the path of `params.py`. Conventions of the files:

- `recording.dat`: int16, C order, `gain_uv` microvolts a bit; band noise, far-away spikes, slow field and the units.
- `templates.npy`: dense, whitened by `whitening_mat.npy` (measured on the noise), at the mean amplitude of the
  cluster; unwhitened they are in bits of the raw file. The trough lies at the middle sample, as in Kilosort 2.5.
- `amplitudes.npy`: projection of the whitened spike on its unit-norm template (in noise standard deviations).
- `pc_features.npy`: three temporal components of the whitened signal, noise and overlaps included. Only without a
  raw file (`raw=False`) are they drawn: the clean feature plus noise of the right covariance.
- `ground_truth.npz`: the position of a unit at time t is `unit_positions_um` with `displacement`, interpolated at
  (t, rest depth of the unit), added to y. `displacement_at` does it.
"""

from __future__ import annotations

from phy_medicine.io.simulate.dataset import simulate
from phy_medicine.io.simulate.drift import Drift, displacement_at
from phy_medicine.io.simulate.settings import SimulationSettings
from phy_medicine.io.simulate.truth import ProbeSimulation, open_simulation, simulate_probe

__all__ = [
    "Drift",
    "ProbeSimulation",
    "SimulationSettings",
    "displacement_at",
    "open_simulation",
    "simulate",
    "simulate_probe",
]
