"""What can be chosen about a simulated recording, and the named random streams it is drawn from."""

from __future__ import annotations

import dataclasses
import zlib
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.params import changed, setting

DRIFTS = ("none", "zigzag", "jump", "walk", "nonrigid")
GAMMA = "gamma"
MIXED = "mixed"
OVERSPLIT_BY = ("auto", MIXED)
INTERVALS = (GAMMA, "log-normal")
PROBES = ("neuropixels", "linear", "multi-shank")


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """Settings of `simulate`; the command line options are made from this table."""

    channels: int = setting(64, "Contacts of the probe", minimum=4, maximum=20000)
    units: int = setting(30, "Neurons near the probe", minimum=1, maximum=20000)
    duration_s: float = setting(120.0, "Length of the recording", unit="s", minimum=0.5, maximum=1e6)
    sample_rate_hz: float = setting(30000.0, "Sampling frequency", unit="Hz", minimum=10000.0, maximum=100000.0)
    drift: str = setting("none", "How the tissue moves along the probe", choices=DRIFTS)
    drift_um: float = setting(40.0, "Full range of the drift", unit="µm", minimum=0.0, maximum=500.0)
    oversplit: float = setting(0.15, "Share of the units written as two clusters", minimum=0.0, maximum=1.0)
    oversplit_by: str = setting(
        "auto",
        "Auto: by the motion where there is any, else by amplitude; mixed: one unit so, the next the other way",
        choices=OVERSPLIT_BY,
    )
    overmerge: float = setting(
        0.05, "Share of the units that share a cluster with a neighbour", minimum=0.0, maximum=1.0
    )
    rate_hz: float = setting(3.0, "Median firing rate", unit="Hz", minimum=0.01, maximum=50.0)
    bursty: float = setting(0.3, "Share of the units that fire bursts", minimum=0.0, maximum=1.0)
    intervals: str = setting(GAMMA, "Distribution of the intervals of units that fire no bursts", choices=INTERVALS)
    jitter: float = setting(0.06, "Standard deviation of a spike's amplitude, of its own", minimum=0.0, maximum=0.5)
    modulation: float = setting(
        0.04, "Standard deviation of the slow change of a unit's amplitude, of its own", minimum=0.0, maximum=0.5
    )
    noise_uv: float = setting(9.0, "Standard deviation of the noise", unit="µV", minimum=0.1, maximum=1000.0)
    lfp_uv: float = setting(35.0, "Standard deviation of the slow field", unit="µV", minimum=0.0, maximum=5000.0)
    hash: float = setting(60.0, "Far-away spikes a second for each channel", unit="Hz", minimum=0.0, maximum=5000.0)
    far_units: int = setting(
        0, "Units that the far-away spikes come from; 0: one for each channel", minimum=0, maximum=100000
    )
    probe: str = setting("neuropixels", "Layout of the contacts", choices=PROBES)
    n_shanks: int = setting(4, "Shanks of a multi-shank probe", minimum=1, maximum=64)
    gain_uv: float = setting(0.195, "Microvolts for one bit of the raw file", unit="µV", minimum=0.001, maximum=100.0)
    artifacts: int = setting(0, "Clusters of artifacts, which all contacts see at once", minimum=0, maximum=1000)
    far_clusters: int = setting(0, "Clusters of far-away neurons together, no single one", minimum=0, maximum=1000)
    session: int = setting(
        0, "Which recording of the same neurons: each has other spikes, noise and mistakes", minimum=0, maximum=10000
    )
    moved_um: float = setting(
        0.0,
        "How far the tissue moved since session 0, a fifth less at the tip, a fifth more at the top",
        unit="µm",
        minimum=-500.0,
        maximum=500.0,
    )
    turnover: float = setting(
        0.0, "Share of the neurons of session 0 that another took the place of", minimum=0.0, maximum=1.0
    )
    events: int = setting(0, "Stimuli, of two kinds, that some of the units answer", minimum=0, maximum=100000)
    raw: bool = setting(True, "Write the raw file; without it features are drawn, not measured, which is much faster")
    seed: int = setting(0, "Seed of everything random", minimum=0, maximum=2**32 - 1)

    @property
    def own_seed(self) -> int:
        """Seed of what differs between recordings of the same neurons."""
        return (self.seed + 0x9E3779B1 * self.session) % 2**32


def checked(settings: SimulationSettings) -> SimulationSettings:
    """Return the settings with every value in its type and range.

    Raises
    ------
    PhyMedError : a value has the wrong type or lies out of range
    """
    return changed(settings, **dataclasses.asdict(settings))


def stream(seed: int, name: str, *keys: int) -> np.random.Generator:
    """Return the generator of one named step, so that a change in one step leaves the others' draws alone."""
    return np.random.default_rng([seed, zlib.crc32(name.encode()), *keys])


@dataclass(frozen=True, slots=True)
class Clock:
    """Samples of one spike waveform: how many, and where its trough lies."""

    sample_rate_hz: float

    @property
    def n_before(self) -> int:
        """Samples before the trough: 20 at 30 kHz."""
        return round(20 * self.sample_rate_hz / 30000)

    @property
    def n_samples(self) -> int:
        """Samples of a waveform: 61 at 30 kHz."""
        return 3 * self.n_before + 1

    @property
    def n_padding(self) -> int:
        """Empty samples put before a template so that its trough is the middle one: 21 at 30 kHz, 82 in all."""
        return self.n_samples - 2 * self.n_before

    @property
    def times_ms(self) -> np.ndarray:
        """(n_samples,) float64, ms from the trough."""
        return (np.arange(self.n_samples) - self.n_before) * (1000.0 / self.sample_rate_hz)
