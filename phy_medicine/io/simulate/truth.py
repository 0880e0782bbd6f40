"""A simulated recording with its truth at hand, for whoever wants to know how well something finds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.io.array_files import load_array
from phy_medicine.io.checks import CheckList
from phy_medicine.io.npz_file import read_npz
from phy_medicine.io.params_py import read_params
from phy_medicine.io.simulate.dataset import simulate
from phy_medicine.io.simulate.drift import Drift
from phy_medicine.io.simulate.settings import SimulationSettings
from phy_medicine.io.traces import Traces, open_flat


@dataclass(frozen=True, slots=True)
class ProbeSimulation:
    """A recording and what is true of it.

    params_path : of the sorted dataset around it; `probe.json` and `recording.dat` lie beside it
    recording : int16; gain_uv : µV of one unit of it
    positions_um : (n_channels, 2) float64; shanks : (n_channels,) int32
    spike_samples : (n_spikes,) int64, of the trough, ascending; spike_units : (n_spikes,) int32
    spike_amplitudes_uv : (n_spikes,) float32, of the trough on the largest channel
    unit_positions_um : (n_units, 3) float64, at rest
    drift : of the tissue along the probe, by the depth at rest
    """

    params_path: Path
    recording: Traces
    gain_uv: float
    positions_um: FloatArray
    shanks: IntArray
    spike_samples: IntArray
    spike_units: IntArray
    spike_amplitudes_uv: FloatArray
    unit_positions_um: FloatArray
    drift: Drift

    @property
    def n_units(self) -> int:
        """How many neurons."""
        return len(self.unit_positions_um)


def simulate_probe(
    out_dir: Path,
    settings: SimulationSettings | None = None,
    *,
    progress: Callable[[float, str], None] | None = None,
    overwrite: bool = False,
) -> ProbeSimulation:
    """Write a simulated recording, with a probe file, and open it with its truth.

    settings, progress, overwrite : as of `simulate`, whose dataset it is; a raw file is always written

    Raises
    ------
    PhyMedError, DatasetError : as of `simulate`
    """
    chosen = replace(settings or SimulationSettings(), raw=True)
    path = simulate(out_dir, chosen, progress=progress, overwrite=overwrite)
    return open_simulation(path.parent)


def open_simulation(folder: Path) -> ProbeSimulation:
    """Open a recording that `simulate` wrote, with its truth.

    Raises
    ------
    DatasetError : the folder holds no finished one, or one without a recording
    """
    try:
        params = read_params(folder / "params.py")
        truth = {name: frozen(array) for name, array in read_npz(folder / "ground_truth.npz", _TRUTH).items()}
        arrays = {name: frozen(load_array(folder / f"{name}.npy")) for name in _ARRAYS}
        gain_uv = float(truth["gain_uv"])
    except (ValueError, TypeError, DatasetError) as error:
        raise DatasetError(f"{folder} holds no recording of phy-med simulate: {error}") from None
    if not params.dat_paths:
        raise DatasetError(f"{folder} was simulated without a recording; simulate it with one (--raw).")
    data = open_flat(params.dat_paths[0], len(arrays["channel_map"]), params.dtype, params.offset, CheckList())
    return ProbeSimulation(
        params_path=folder / "params.py",
        recording=Traces([data], arrays["channel_map"], params.sample_rate, params.dat_paths[0].name),
        gain_uv=gain_uv,
        positions_um=arrays["channel_positions"],
        shanks=arrays["channel_shanks"],
        spike_samples=arrays["spike_times"],
        spike_units=truth["spike_units"],
        spike_amplitudes_uv=truth["spike_amplitudes_uv"],
        unit_positions_um=truth["unit_positions_um"],
        drift=Drift(truth["displacement"], truth["temporal_bins_s"], truth["spatial_bins_um"]),
    )


_ARRAYS = ("spike_times", "channel_map", "channel_positions", "channel_shanks")
_TRUTH = (
    "gain_uv", "spike_units", "spike_amplitudes_uv", "unit_positions_um", "displacement", "temporal_bins_s",
    "spatial_bins_um",
)  # fmt: skip
