"""A motion for other programs; the examples of docs/motion.md are run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import params_of
from phy_medicine.compute.motion.handover import (
    correct_recording,
    from_spikeinterface,
    peaks_of_spikeinterface,
    to_kilosort,
    to_spikeinterface,
)
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.outputs import save_motion
from phy_medicine.compute.motion.settings import MedicineSettings

PAGE = Path(__file__).parents[3] / "docs" / "motion.md"
EXAMPLES = dict(re.findall(r"<!-- example: (\S+) -->\n```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
RATE, N_CHANNELS = 1000, 32
DEPTHS = np.arange(N_CHANNELS) * 20.0


def bump(depths: np.ndarray, centre: float) -> np.ndarray:
    return np.exp(-0.5 * ((depths - centre) / 30) ** 2)


def moving_recording(shift_um: float, n: int = 2000):
    """A recording of one source at 300 µm that jumps by some µm in the middle."""
    from probeinterface import Probe
    from spikeinterface.core import NumpyRecording

    centre = np.where(np.arange(n) < n // 2, 300.0, 300.0 + shift_um)
    traces = 100 * np.exp(-0.5 * ((DEPTHS[None] - centre[:, None]) / 30) ** 2)
    recording = NumpyRecording([traces.astype(np.float32)], sampling_frequency=RATE)
    probe = Probe(ndim=2, si_units="um")
    probe.set_contacts(np.column_stack([np.zeros(N_CHANNELS), DEPTHS]))
    probe.set_device_channel_indices(np.arange(N_CHANNELS))
    return recording.set_probe(probe) or recording


def jump(shift_um: float) -> Motion:
    return Motion([[0.0], [0.0], [shift_um], [shift_um]], [0.0, 0.999, 1.001, 2.0], [300.0])


def test_spikeinterface_gets_the_same_displacement_and_gives_it_back():
    pytest.importorskip("spikeinterface")
    motion = Motion([[0.0, 10.0], [20.0, 50.0]], [0.0, 2.0], [100.0, 200.0])
    theirs = to_spikeinterface(motion)
    where = np.array([0.5, 1.5]), np.array([120.0, 180.0])
    assert theirs.get_displacement_at_time_and_depth(*where, segment_index=0) == pytest.approx(motion.at(*where))
    assert from_spikeinterface(theirs).displacement.tolist() == motion.displacement.tolist()


def test_the_corrected_recording_has_the_source_where_it_was():
    pytest.importorskip("spikeinterface")
    corrected = correct_recording(moving_recording(40.0), jump(40.0))
    after = corrected.get_traces(start_frame=1500, end_frame=1501)[0]
    # Kriging cannot be exact: within a tenth of the contacts' distance.
    assert corrected.get_num_channels() == N_CHANNELS
    assert (after @ DEPTHS) / after.sum() == pytest.approx(300, abs=2)


def test_whole_numbers_are_corrected_as_floating_point():
    pytest.importorskip("spikeinterface")
    from spikeinterface.preprocessing import astype

    corrected = correct_recording(astype(moving_recording(40.0), "int16"), jump(40.0))
    assert corrected.get_dtype() == np.float32 and corrected.get_traces(end_frame=5).shape == (5, N_CHANNELS)


def test_kilosort_gets_one_shift_a_batch_that_moves_data_back():
    motion = Motion([[0.0, 10.0], [20.0, 40.0], [30.0, 50.0]], [0.0, 1.0, 2.0], [0.0, 100.0])
    assert to_kilosort(motion, 6).tolist() == [[-5.0], [-5.0], [-30.0], [-30.0], [-40.0], [-40.0]]
    assert to_kilosort(motion, 2).tolist() == [[-5.0], [-30.0]]


def test_kilosorts_interpolation_with_our_shift_takes_the_motion_out():
    # Kilosort: data at contacts x are read at x - dshift, by kriging.
    shift = float(to_kilosort(jump(40.0), 2)[1, 0])

    def kernel(a, b):
        return np.exp(-((a[:, None] - b[None]) ** 2) / (2 * 20.0**2))

    matrix = kernel(DEPTHS - shift, DEPTHS) @ np.linalg.inv(kernel(DEPTHS, DEPTHS) + 0.01 * np.eye(N_CHANNELS))
    moved = matrix @ bump(DEPTHS, 340.0)
    assert (moved @ DEPTHS) / moved.sum() == pytest.approx(300, abs=2)


def test_several_segments_are_refused():
    pytest.importorskip("spikeinterface")
    theirs = to_spikeinterface(jump(5.0))
    theirs.displacement = theirs.displacement * 2
    with pytest.raises(PhyMedError, match="one segment along y"):
        from_spikeinterface(theirs)

    class Two:
        def get_num_segments(self):
            return 2

    with pytest.raises(PhyMedError, match="several segments"):
        peaks_of_spikeinterface(Two(), None, None)


# The page


def drifting(n: int = 6000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    times, unit = np.sort(rng.uniform(0, 30, n)), rng.integers(0, 8, n)
    return times, rng.uniform(0, 600, 8)[unit] + times + rng.normal(0, 2, n), rng.uniform(50, 200, 8)[unit]


@pytest.fixture
def names() -> dict[str, object]:
    """What the examples take for granted."""
    times, depths, amplitudes = drifting()
    peaks = np.zeros(times.size, [("sample_index", "i8"), ("amplitude", "f8")])
    locations = np.zeros(times.size, [("x", "f8"), ("y", "f8")])
    peaks["sample_index"], peaks["amplitude"], locations["y"] = times * RATE, amplitudes, depths
    return {
        "np": np, "peak_times": times, "peak_depths": depths, "peak_amplitudes": amplitudes, "peaks": peaks,
        "peak_locations": locations, "st": np.column_stack([times, depths, amplitudes]), "ops": {"Nbatches": 15},
    }  # fmt: skip


def test_the_page_has_every_example():
    assert set(EXAMPLES) == {"arrays", "spikeinterface-motion", "spikeinterface-interpolation", "kilosort"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_of_the_page_run(name, names, tmp_path, monkeypatch):
    lines = [line for line in EXAMPLES[name].splitlines() if line]
    assert len(lines) <= 5
    if "spikeinterface" in name:
        pytest.importorskip("spikeinterface")
        names["recording"] = moving_recording(40.0)
    monkeypatch.chdir(tmp_path)
    save_motion("motion", jump(40.0), {})
    exec("\n".join(lines), names)
    if name == "arrays":
        corrected = names["corrected_depths"]
        assert np.ptp(corrected[-50:]) < 620 and Path("motion/corrected_motion_raster.png").exists()
    elif name == "kilosort":
        assert names["ops"]["dshift"].shape == (15, 1)
        assert names["ops"]["dshift"][0] - names["ops"]["dshift"][-1] == pytest.approx(28, abs=2)
    elif name == "spikeinterface-motion":
        moved = names["si_motion"].displacement[0]
        assert moved[-1].mean() - moved[0].mean() == pytest.approx(29, abs=2)
    else:
        assert names["traces"].shape == (1000, N_CHANNELS)


def table() -> str:
    """The parameters as the page lists them."""
    advice = MedicineSettings.advice
    rows = ["| parameter | default | unit | meaning | when to change |", "|---|---|---|---|---|"]
    for param in params_of(MedicineSettings):
        default = str(param.default).lower() if param.type is bool else param.default
        cells = (f"`{param.name}`", default, param.unit, param.help, advice.get(param.name, ""))
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(rows)


def test_the_page_lists_every_parameter():
    page = re.search(r"<!-- parameters -->\n(.*?)\n<!-- /parameters -->", PAGE.read_text("utf-8"), re.DOTALL)
    assert page is not None and page[1] == table()
