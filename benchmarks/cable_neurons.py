"""Waveforms of neurons by cable theory: a soma with an action potential, dendrites as passive cables, in a medium.

The membrane potential of the soma is given; in each dendrite the linear cable is solved exactly, frequency by
frequency, and what leaves through its membrane is the current of line sources. All currents of a neuron add up to zero
at every moment. Potentials are means over the area of a contact, in a homogeneous medium.

Source: Holt & Koch 1999, J. Comput. Neurosci. 6:169, line sources; Pettersen & Einevoll 2008, Biophys. J. 94:784, ball
and stick with an action potential.
"""

from __future__ import annotations

import numpy as np

_N_FFT = 512
_HIGHEST_HZ = 10000.0


def cable_templates(
    contacts: np.ndarray, places: np.ndarray, *, rate: float, before: int, after: int, seed: int, width: float = 12.0
) -> np.ndarray:
    """Return waveforms, (n, before + after, n_channels) float32, trough at `before`; the median peak is some 150."""
    rng = np.random.default_rng(seed)
    found = np.stack([_neuron(contacts, place, rng, rate, before, after, width) for place in places])
    peaks = np.ptp(found, axis=1).max(axis=1)
    sizes = 150 / np.median(peaks) * rng.uniform(0.5, 1.5, (len(places), 1, 1))
    return (found * sizes).astype(np.float32)


def _neuron(
    contacts: np.ndarray,
    place: np.ndarray,
    rng: np.random.Generator,
    rate: float,
    before: int,
    after: int,
    width: float,
) -> np.ndarray:
    omega = 2 * np.pi * np.fft.rfftfreq(_N_FFT, 1 / rate)
    omega = omega[omega <= 2 * np.pi * _HIGHEST_HZ]
    t_ms = (np.arange(_N_FFT) - _N_FFT // 2) / rate * 1000
    potential = np.fft.rfft(_action_potential(t_ms, rng))[: len(omega)]
    tau = rng.uniform(5e-3, 20e-3)
    corners = width / 2 / np.sqrt(3) * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])  # Gauss points of the area
    points = np.pad((contacts[:, None] + corners).reshape(-1, 2), [(0, 0), (0, 1)])
    soma_um = rng.uniform(5, 10)
    transfer, into = np.zeros((len(omega), len(points)), complex), np.zeros(len(omega), complex)
    for way, length, diameter in _dendrites(rng):
        constant = 1000 * np.sqrt(diameter / 2) * rng.uniform(0.8, 1.2)  # 1 mm for 2 µm
        edges = np.append(0, np.geomspace(4, length, 12))
        axial = _axial(np.sqrt(1 + 1j * omega * tau)[:, None] / constant, edges, length) * diameter**2
        into += axial[:, 0]
        transfer += (axial[:, :-1] - axial[:, 1:]) @ _lines(points, place + way * soma_um, way, edges)
    transfer -= into[:, None] / np.maximum(np.linalg.norm(points - place, axis=1), soma_um)
    spectrum = np.zeros((_N_FFT // 2 + 1, len(points)), complex)
    spectrum[: len(omega)] = transfer * potential[:, None]
    waves = np.fft.irfft(spectrum, n=_N_FFT, axis=0).reshape(_N_FFT, len(contacts), 4).mean(axis=2)
    trough = int(waves[:, np.abs(waves).max(axis=0).argmax()].argmin())
    return waves[trough - before : trough + after]


def _action_potential(t_ms: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rise, fall, after, slow = (
        rng.uniform(0.08, 0.16),
        rng.uniform(0.18, 0.45),
        rng.uniform(0.02, 0.12),
        rng.uniform(1.5, 4),
    )
    spike = np.exp(-((t_ms / np.where(t_ms < 0, rise, fall)) ** 2) / 2)
    since = np.clip(t_ms - fall, 0, None)
    return spike - after * (1 - np.exp(-since / 0.4)) * np.exp(-since / slow)


def _dendrites(rng: np.random.Generator) -> list[tuple[np.ndarray, float, float]]:
    """Way, length and diameter, µm: three of four neurons have one long dendrite and short ones away from it."""
    main = _unit(rng.normal(size=3))
    if rng.random() < 0.75:
        short = [(_unit(rng.normal(size=3) - 0.8 * main), rng.uniform(60, 160), rng.uniform(0.7, 1.8)) for _ in
                 range(rng.integers(2, 6))]  # fmt: skip
        return [(main, rng.uniform(150, 400), rng.uniform(1.5, 4.0)), *short]
    n = rng.integers(3, 7)
    return [(_unit(rng.normal(size=3)), rng.uniform(60, 200), rng.uniform(0.7, 1.8)) for _ in range(n)]


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def _axial(gamma: np.ndarray, at: np.ndarray, length: float) -> np.ndarray:
    """Current along a cable with a sealed end, 1 its potential at the start: g sinh(g (L - s)) / cosh(g L)."""
    return gamma * (np.exp(-gamma * at) - np.exp(-gamma * (2 * length - at))) / (1 + np.exp(-2 * gamma * length))


def _lines(points: np.ndarray, start: np.ndarray, way: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Potential of a unit current spread evenly over each piece of a line, (n_pieces, n_points)."""
    away = points[None] - (start + way * edges[:-1, None])[:, None]
    along = away @ way
    across = np.sqrt(np.maximum((away**2).sum(axis=2) - along**2, 1.0))
    lengths = np.diff(edges)[:, None]
    return (np.arcsinh(along / across) - np.arcsinh((along - lengths) / across)) / lengths
