"""First templates from the data alone, one unit after the other; import only where torch may be.

Each new unit is the stretch of the residual that, as a template, explains most of it, made better by a few steps of its
own; then all units that are there are fitted together, so that the next is looked for in what they leave. At the end
the spikes of all units are found at once, again and again: a solver that takes one unit after the other gives the first
ones spikes of those to come, and finds its way back only in part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.signal import find_peaks
from torch import Tensor

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorting import dense
from phy_medicine.compute.sorting.convolution import FFT, convolve, correlate
from phy_medicine.compute.sorting.matching import Matcher
from phy_medicine.compute.sorting.priors import Exponential
from phy_medicine.compute.sorting.pursuit import PursuitOptions
from phy_medicine.compute.sorting.reference import Options, map_estimate_fast
from phy_medicine.compute.sorting.sparse_templates import compress


@dataclass(frozen=True, slots=True)
class Search:
    """How units are looked for.

    n_samples : of the data, from their begin, that are looked at
    n_stretches, n_refined : stretches tried for a new unit, and how many of the best of them are refined
    n_steps : of refinement; n_passes, n_last : over all units after each new one, and once all are there
    n_trials : units that are taken away and looked for again, those that explain least, until none of them helps
    n_rounds, n_between : how often the spikes of all units are found at once, and passes over the units after each
    trough : sample of the template at which its largest value is to be; None is the middle
    """

    n_samples: int = 100_000
    n_stretches: int = 32
    n_refined: int = 4
    n_steps: int = 3
    n_passes: int = 2
    n_last: int = 8
    n_trials: int = 3
    n_rounds: int = 6
    n_between: int = 3
    trough: int | None = None


def initial_templates(
    data: Tensor, n_units: int, width: int, options: Options | None = None, search: Search | None = None
) -> Tensor:
    """Return templates found in data (N, T): (K, N, D), each of norm 1.

    Parameters
    ----------
    n_units, width : how many, and samples of each

    Raises
    ------
    PhyMedError : data that are flat, shorter than a template, or not finite
    """
    how, chosen = search or Search(), options or Options()
    part = data[:, : how.n_samples]
    found = _Found(part, width, chosen, how)
    for _ in range(n_units):
        found.add()
        found.fit(how.n_passes)
    found.fit(how.n_last)
    found.improve()
    found.settle()
    return found.templates


def joint_amplitudes(templates: Tensor, data: Tensor, options: Options | None = None) -> Tensor:
    """Return amplitudes (K, T) of the spikes of all units found at once in data (N, T), to start the solver from."""
    chosen = options or Options()
    host = templates.detach().cpu().numpy()
    sparse = compress(host, most_channels=host.shape[1], least_share=0.0, rank=chosen.rank)
    how = PursuitOptions(min_isi=min(PursuitOptions().min_isi, sparse.width))
    prior = Exponential(chosen.amp_rate)
    matcher = Matcher(sparse, [prior] * sparse.n_units, noise_std=chosen.noise_std, options=how)
    signal = data.detach().cpu().numpy()
    spikes = matcher.match(lambda start, stop: signal[:, start:stop], signal.shape[1]).spikes
    out = np.zeros((sparse.n_units, signal.shape[1]), signal.dtype)
    out[spikes.units, spikes.times] = spikes.amplitudes
    return torch.as_tensor(out, device=data.device)


class _Found:
    """The units found so far, with their amplitudes in a part of the data."""

    def __init__(self, data: Tensor, width: int, options: Options, search: Search) -> None:
        self._data, self._width = data, width
        self._options, self._search = options, search
        self._trough = width // 2 if search.trough is None else search.trough
        self.templates = data.new_zeros((0, len(data), width))
        self._amplitudes = data.new_zeros((0, data.shape[1]))
        self._prior = Exponential(options.amp_rate)
        self.likelihood = -float("inf")

    def add(self) -> None:
        """Look for one more unit in the residual."""
        explained = convolve(self.templates, self._amplitudes, method=FFT) if len(self.templates) else 0.0
        new = self._new_template(self._data - explained)
        self.templates = torch.cat([self.templates, new[None]])
        self._amplitudes = torch.cat([self._amplitudes, self._amplitudes.new_zeros((1, self._data.shape[1]))])

    def fit(self, n_passes: int) -> None:
        """Fit all units together."""
        options = replace(self._options, num_iters=n_passes, progress=Options().progress)
        found = map_estimate_fast(self.templates, self._amplitudes, self._data, options)
        fix_gauge(self.templates, self._amplitudes, self._trough)
        self.likelihood = float(found[-1])

    def improve(self) -> None:
        """Take one unit away and look for another, the one that explains least first, as long as that helps."""
        tried = 0
        while tried < min(self._search.n_trials, len(self.templates)):
            before = self.templates, self._amplitudes, self.likelihood
            least = int(self._amplitudes.square().sum(1).argsort()[tried])
            keep = [j for j in range(len(self.templates)) if j != least]
            self.templates, self._amplitudes = before[0][keep].clone(), before[1][keep].clone()
            self.add()
            self.fit(self._search.n_last)
            tried += 1
            if self.likelihood > before[2] + self._options.tol:
                tried = 0
            else:
                self.templates, self._amplitudes, self.likelihood = before

    def settle(self) -> None:
        """Find the spikes of all units at once and fit on from there, and keep what is best."""
        best = self.templates, self._amplitudes, self.likelihood
        for _ in range(self._search.n_rounds):
            self.templates = self.templates.clone()
            self._amplitudes = joint_amplitudes(self.templates, self._data, self._options)
            self.fit(self._search.n_between)
            best = max(best, (self.templates, self._amplitudes, self.likelihood), key=lambda state: state[2])
        self.templates, self._amplitudes, self.likelihood = best

    def _new_template(self, residual: Tensor) -> Tensor:
        stretches = [self._factored(s) for s in self._stretches(residual)]
        worth = torch.stack([self._explained(pair, residual)[0] for pair in stretches])
        best, most = stretches[int(worth.argmax())], -1.0
        for i in worth.argsort(descending=True)[: self._search.n_refined].tolist():
            pair = stretches[i]
            for _ in range(self._search.n_steps):
                _, amplitude = self._explained(pair, residual)
                if not dense.can_learn(amplitude, self._width):
                    break
                pair = self._factored(dense.template_target(amplitude, residual, self._width))
            energy = float(self._explained(pair, residual)[0])
            if energy > most:
                best, most = pair, energy
        return best[0] @ best[1]

    def _factored(self, target: Tensor) -> tuple[Tensor, Tensor]:
        return dense.factors(target, self._options.rank)

    def _stretches(self, residual: Tensor) -> list[Tensor]:
        """Stretches of the residual around its largest values, evenly over the times of the hundreds of these."""
        size = residual.abs().amax(0).cpu().numpy()
        size[: self._trough] = 0
        size[len(size) - (self._width - self._trough) :] = 0
        peaks, found = find_peaks(size, distance=self._width, height=0.0)
        if not len(peaks):
            raise PhyMedError(f"In {len(size)} samples nothing stands out of which a template could be made.")
        largest = found["peak_heights"].argsort(kind="stable")[::-1][: 8 * self._search.n_stretches]
        starts = peaks[largest[:: max(1, len(largest) // self._search.n_stretches)]] - self._trough
        return [residual[:, t : t + self._width] for t in starts.tolist()]

    def _explained(self, pair: tuple[Tensor, Tensor], residual: Tensor) -> tuple[Tensor, Tensor]:
        """Energy that a template explains, and its amplitudes."""
        score = correlate(pair[1], pair[0].T @ residual, method=FFT)
        amplitude = dense.peak_amplitudes(score, self._width, noise_std=self._options.noise_std, prior=self._prior)
        return amplitude.square().sum(), amplitude


def fix_gauge(templates: Tensor, amplitudes: Tensor, trough: int) -> None:
    """Shift each template so that the largest value of its main channel is at a sample; its spikes follow; in place.

    Parameters
    ----------
    templates, amplitudes : (K, N, D), (K, T); what is shifted out of either is lost, the norm is 1 again
    """
    width, n_samples = templates.shape[2], amplitudes.shape[1]
    for template, amplitude in zip(templates, amplitudes, strict=True):
        place = int(template.abs().max(dim=0).values.argmax())
        shift = place - trough
        template.copy_(_shifted(template, shift, width))
        template.div_(torch.linalg.vector_norm(template).clamp_min(torch.finfo(template.dtype).tiny))
        amplitude.copy_(_shifted(amplitude, -shift, n_samples))


def _shifted(values: Tensor, by: int, n: int) -> Tensor:
    """Values from `by` on along the last axis, 0 where there are none."""
    out = torch.zeros_like(values)
    if abs(by) < n:
        out[..., max(0, -by) : n - max(0, by)] = values[..., max(0, by) : n + min(0, by)]
    return out
