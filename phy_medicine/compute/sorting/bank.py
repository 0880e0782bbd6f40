"""Templates wherever the tissue is, and what finds their spikes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting import memory
from phy_medicine.compute.sorting.matching import Matcher
from phy_medicine.compute.sorting.model import MOST_RANK, Model, Setting, seen
from phy_medicine.compute.sorting.moving import STEP_UM
from phy_medicine.compute.sorting.priors import LEAST_SPREAD, TruncatedNormal
from phy_medicine.compute.sorting.sparse_templates import SparseTemplates, compress
from phy_medicine.compute.sorting.stretch_data import Data, score_noise
from phy_medicine.compute.sorting.stretches import Stretch, Surroundings

MOST_CHANNELS = 64
LEAST_AMPLITUDE = 0.5
"""Of a unit's mean: smaller ones are taken for spikes of neurons too far away to be units, of which there are many."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Templates of a model with the tissue at one place.

    waveforms : (K, C, D) float32, on the channels of each; scales : (K,), norm of what is there of each unit
    """

    matcher: Matcher
    templates: SparseTemplates
    waveforms: FloatArray
    scales: FloatArray


class Bank:
    """Templates of a model wherever the probe is; safe in any thread."""

    def __init__(self, model: Model, setting: Setting, sample: Iterable[Data]) -> None:
        self.model, self._setting, self._sample = model, setting, sample
        self._kept: OrderedDict[tuple[int, ...], Placed] = OrderedDict()
        self._noise: FloatArray | None = None
        self._depths = setting.contacts.positions_um[model.mains, 1]
        self.placed(self.steps(0))

    def steps(self, sample: int) -> IntArray:
        """Return the displacement of each unit at a sample, in steps."""
        if self._setting.moved is None:
            return np.zeros(self.model.n_units, np.int64)
        return self._setting.moved.steps(sample, self._depths)

    def placed(self, steps: IntArray) -> Placed:
        """Return the templates at displacements of each unit (K,), in steps."""
        key = tuple(steps.tolist())
        kept = self._kept.get(key)
        if kept is None:
            kept = self._make(steps)
            self._kept[key] = kept
            self._forget_oldest()
        return kept

    def _forget_oldest(self) -> None:
        sizes = [placed.matcher.n_bytes + placed.waveforms.nbytes for placed in list(self._kept.values())]
        for n in range(len(sizes) - 1):
            if sum(sizes[n:]) > memory.MATCHERS:
                self._kept.popitem(last=False)

    def _make(self, steps: IntArray) -> Placed:
        model = self.model
        waveforms = model.shapes.at(steps * STEP_UM)
        scales = np.sqrt(np.einsum("knd,knd->k", waveforms, waveforms, dtype=np.float64))
        # A unit that has left the probe: something that no data are like.
        gone = scales < 1e-3
        waveforms[gone, 0, 0] = 1.0
        templates = _compressed(seen(waveforms, model.means))
        if self._noise is None:
            self._noise = score_noise(templates, self._sample)
            self._sample = ()
        scales = np.where(gone, 1.0, scales)
        priors = [
            TruncatedNormal(
                float(m * s), float(max(d, LEAST_SPREAD * m) * s), float(p), least=LEAST_AMPLITUDE * float(m * s)
            )
            for m, d, p, s in zip(model.means, model.stds, model.rates, scales, strict=True)
        ]
        matcher = Matcher(templates, priors, noise_std=self._noise, options=self._setting.pursuit)
        return Placed(matcher, templates, templates.waveforms(), scales)

    @property
    def noise(self) -> FloatArray:
        """Standard deviation of the scores of each unit in noise, (K,)."""
        assert self._noise is not None
        return self._noise


def _compressed(waveforms: FloatArray) -> SparseTemplates:
    return compress(waveforms, most_channels=MOST_CHANNELS, least_share=0.0, most_lost=1e-4, rank=MOST_RANK)


def sample_of(source: Surroundings, every: Sequence[Stretch], most: int = 4) -> Iterator[Data]:
    """Give data that show the noise, one stretch in memory at a time."""
    return (source(every[i]) for i in np.linspace(0, len(every) - 1, min(most, len(every))).astype(int))
