"""Templates wherever the tissue is, and what finds their spikes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.sorting import memory
from phy_medicine.compute.sorting.changes import NONE, Changes
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


@dataclass(frozen=True, slots=True)
class Where:
    """What templates depend on: where the tissue is, and how waveforms have changed by then.

    steps : displacement of each unit; window : of the recording, of `Changes`
    """

    steps: tuple[int, ...]
    window: int = -1


class Bank:
    """Templates of a model wherever the probe is; safe in any thread.

    sample : data that show the noise of scores; changes : of waveforms in the course of the recording
    noise : of scores, where it is known
    """

    def __init__(
        self, model: Model, setting: Setting, sample: Iterable[Data], changes: Changes = NONE,
        noise: FloatArray | None = None,
    ) -> None:  # fmt: skip
        self.model, self.changes = model, changes
        self._setting, self._sample = setting, sample
        self._kept: OrderedDict[Where, Placed] = OrderedDict()
        self._noise = noise
        self._depths = setting.contacts.positions_um[model.mains, 1]
        self.placed(self.where(0))

    def changed(self, changes: Changes) -> Bank:
        """Return templates of the same units that change."""
        return Bank(self.model, self._setting, (), changes, self.noise)

    def model_in(self, window: int) -> Model:
        """Return the units with the waveforms that they have in a window."""
        return replace(self.model, shapes=self.changes.shapes(self.model.shapes, window))

    def where(self, sample: int) -> Where:
        """Return what the templates at a sample depend on."""
        moved, window = self._setting.moved, self.changes.window(sample)
        if moved is None:
            return Where((0,) * self.model.n_units, window)
        return Where(tuple(moved.steps(sample, self._depths).tolist()), window)

    def placed(self, where: Where) -> Placed:
        """Return the templates there."""
        kept = self._kept.get(where)
        if kept is None:
            kept = self._make(where)
            self._kept[where] = kept
            self._forget_oldest()
        return kept

    def _forget_oldest(self) -> None:
        sizes = [placed.matcher.n_bytes + placed.waveforms.nbytes for placed in list(self._kept.values())]
        for n in range(len(sizes) - 1):
            if sum(sizes[n:]) > memory.MATCHERS:
                self._kept.popitem(last=False)

    def _make(self, where: Where) -> Placed:
        model = self.model_in(where.window)
        waveforms = model.shapes.at(np.array(where.steps, np.int64) * STEP_UM)
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
