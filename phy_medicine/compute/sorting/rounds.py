"""Units of a recording without knowing any: found, learned, and looked for again in what they leave unexplained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.detection import PeakDetector
from phy_medicine.compute.peak_settings import BOTH, TROUGHS
from phy_medicine.compute.sorting.averages import shapes_from
from phy_medicine.compute.sorting.bank import Bank, sample_of
from phy_medicine.compute.sorting.filter_bank import BankDetector, Footprints, prototype_noise, prototypes_of
from phy_medicine.compute.sorting.first_units import FirstUnits, first_units
from phy_medicine.compute.sorting.joining import joined as join
from phy_medicine.compute.sorting.learning import Pass, empty_averages, learned, moments, run_pass
from phy_medicine.compute.sorting.likeness import similarities
from phy_medicine.compute.sorting.matching import in_order
from phy_medicine.compute.sorting.model import Model, Setting
from phy_medicine.compute.sorting.settings import DETECT_THRESHOLD, SortingSettings
from phy_medicine.compute.sorting.spike_features import (
    PeakFinder,
    PeakList,
    Peaks,
    exclude_samples,
    shapes_of,
    threshold_detector,
)
from phy_medicine.compute.sorting.stretch_data import Data, on_host
from phy_medicine.compute.sorting.stretch_spikes import Sorted
from phy_medicine.compute.sorting.stretches import Stretch, Surroundings, spread
from phy_medicine.compute.sorting.tidy import Tidying, give_back, kept_units, pieces, same_size

ALIKE = 0.9
"""Cosine of the templates of a cluster in what is left and of a unit, from which it is no other."""
MOST_APART = 0.15
"""Energy of the difference of the waveforms of two clusters, of that of the larger, below which they are one unit."""
PASSES, LAST_PASSES = 2, 3
LEAST_SNIPPET = 6.0
"""Height of a waveform, in units of the noise, that prototypes are made of."""
_FIRST_SPREAD = 0.15
_LOOKS = 8
_LEAST_TRIED = 4
"""Stretches to try new units on, and spikes of each there."""
_STEADY = 1e-4


@dataclass(frozen=True, slots=True)
class Learner:
    """Learns the units of a recording from some of its stretches.

    show : called with the units after each pass; likelihoods : log likelihood of each pass so far, per data point
    folder : for files of what is too large for memory; None is that of temporary files
    """

    source: Surroundings
    every: Sequence[Stretch]
    setting: Setting
    settings: SortingSettings
    rng: np.random.Generator
    n_threads: int = 1
    progress: Callable[[float], object] = lambda fraction: None
    log: Callable[[str], object] = lambda line: None
    show: Callable[[Model], object] = lambda model: None
    likelihoods: list[float] = field(default_factory=list)
    folder: Path | None = None

    def __call__(self) -> tuple[Model, list[float], FloatArray]:
        """Return the units, the log likelihood per data point of each pass, and shapes of waveforms (P, D).

        Raises
        ------
        PhyMedError : there are no spikes to begin with
        """
        snippets = self._snippets()
        detectors, shapes = self._detectors(snippets), shapes_of(snippets)
        finder = self._finder(detectors[TROUGHS], shapes)
        model = self._model(self._clusters(self._peaks(finder)))
        if not model.n_units:
            raise PhyMedError(
                f"No units were found: no group of spikes reaches {self.settings.detect_threshold:g} times the noise. "
                "Lower the threshold, or look at the recording."
            )
        self.log(f"{model.n_units} units to begin with")
        look = _Look(self._finder(detectors[BOTH], shapes), self.setting.at_rest)
        for number in range(self.settings.rounds):
            last = number + 1 == self.settings.rounds
            for i in range(PASSES):
                again = look if i + 1 == PASSES and not last else None
                left = PeakList(look.finder, self.folder)
                model, found = self._learn(model, again, left.add, Tidying(pieces=i > 0))
            if last:
                break
            added = self._new(model, found, left.peaks())
            before = model.n_units
            if added.n_units:
                model = self._tried(model.and_also(added), before)
            self.log(f"{added.n_units} clusters more in what is left, {model.n_units - before} of them not noise")
            if model.n_units == before:
                break
        for _ in range(LAST_PASSES):
            before = model.n_units
            model, _ = self._learn(model)
            if before == model.n_units and abs(np.diff(self.likelihoods[-2:])[0]) < _STEADY:
                break
        return model, self.likelihoods, shapes

    def _learn(
        self,
        model: Model,
        look: Any = None,
        take: Callable[[Any], object] = lambda seen: None,
        how: Tidying = Tidying(),  # noqa: B008
    ) -> tuple[Model, Pass]:
        """One pass; the units that are none go."""
        bank = Bank(model, self.setting, sample_of(self.source, self.every))
        found = run_pass(
            self.source, self.every, bank, self.setting, look=look, take=take, n_threads=self.n_threads,
            progress=self._tell,
        )  # fmt: skip
        self.likelihoods.append(found.log_likelihood)
        give_back(found, bank, how)
        found, pairs = join(found, model, self.setting.contacts)
        model, _ = learned(model, found, self.setting)
        kept, gone = kept_units(model, found, bank.noise, how)
        why = ", ".join(f"{n} {reason}" for reason, n in gone.items() if n)
        self.log(
            f"{len(found.spikes.times):,} spikes of {len(kept)} units, log likelihood {found.log_likelihood:.5f}"
            + (f"; gone: {why}" if why else "")
            + (f"; {len(pairs)} joined with others" if pairs else "")
        )
        if not kept.size:
            raise PhyMedError(
                f"No units were found: of {model.n_units} groups of peaks none is a neuron ({why}). "
                "Change the threshold, or look at the recording."
            )
        self.show(model.of(kept))
        return model.of(kept), found

    def _tell(self, fraction: float) -> None:
        """Say how much is done of all passes that there may be; it may be fewer."""
        self.progress((1 + len(self.likelihoods) + fraction) / (1 + PASSES * self.settings.rounds + LAST_PASSES))

    def _tried(self, model: Model, n_known: int) -> Model:
        """The units without those new ones that a few stretches show to be noise: most are, and all cost time."""
        some = spread(list(self.every), max(_LEAST_TRIED, len(self.every) // 4))
        bank = Bank(model, self.setting, sample_of(self.source, some))
        found = run_pass(self.source, some, bank, self.setting, n_threads=self.n_threads)
        how = Tidying(pieces=False, least_spikes=_LEAST_TRIED, most_alike=2.0)
        kept, _ = kept_units(model, found, bank.noise, how)
        return model.of(np.union1d(np.arange(n_known), kept))

    def _detectors(self, snippets: FloatArray) -> Mapping[str, PeakDetector | BankDetector]:
        """What finds the first spikes, and those in what is left.

        There are no large spikes any more there, whose flanks would be taken for peaks.
        """
        s, contacts, rate = self.settings, self.setting.contacts, self.setting.sample_rate
        if s.detect == DETECT_THRESHOLD:
            levels = {TROUGHS: s.detect_threshold, BOTH: s.left_threshold}
            return {sign: threshold_detector(contacts, rate, level, sign) for sign, level in levels.items()}
        large = snippets[-snippets[:, self.setting.trough] >= LEAST_SNIPPET]
        prototypes = prototypes_of(large, self.setting.trough, rate, s.seed)
        noise = prototype_noise(prototypes, on_host(self.source(self.every[0])))
        footprints = Footprints.of(contacts)
        return {
            sign: BankDetector(
                prototypes, self.setting.trough, noise, footprints, s.bank_threshold, exclude_samples(rate),
                both=sign == BOTH,
            )
            for sign in (TROUGHS, BOTH)
        }  # fmt: skip

    def _finder(self, detector: PeakDetector | BankDetector, shapes: FloatArray | None) -> PeakFinder:
        width, trough = self.setting.width, self.setting.trough
        return PeakFinder(self.setting.contacts, detector, width=width, trough=trough, shapes=shapes)

    def _snippets(self) -> FloatArray:
        """Waveforms of peaks in a few stretches, each on its own channel, (n, D)."""
        setting, threshold = self.setting, self.settings.detect_threshold
        finder = self._finder(threshold_detector(setting.contacts, setting.sample_rate, threshold, TROUGHS), None)
        snippets = []
        for stretch in spread(list(self.every), _LOOKS):
            begin, _ = self.source.bounds(stretch)
            snippets.append(finder.snippets(self.source(stretch), stretch.start - begin, stretch.stop - begin))
        every = np.concatenate(snippets)
        if len(every) < 2:
            raise PhyMedError(
                f"No spikes were found: no peak reaches {self.settings.detect_threshold:g} times the noise. "
                "Lower the threshold, or look at the recording."
            )
        return every

    def _peaks(self, finder: PeakFinder) -> Peaks:
        def one(i: int) -> Any:
            stretch = self.every[i]
            begin, _ = self.source.bounds(stretch)
            data = self.setting.at_rest(self.source(stretch), stretch)
            return _later(finder.find(data, stretch.start - begin, stretch.stop - begin), begin)

        peaks = PeakList(finder, self.folder)
        for i, part in enumerate(in_order(one, range(len(self.every)), self.n_threads)):
            peaks.add(part)
            self._tell((i + 1) / len(self.every) - 1)
        return peaks.peaks()

    def _clusters(self, peaks: Peaks) -> FirstUnits:
        found = first_units(peaks, self.setting.contacts, self.rng, most_peaks=self.settings.max_spikes_per_region)
        self.log(f"{len(peaks.samples):,} peaks in {len(found.counts)} clusters")
        return found

    def _new(self, model: Model, found: Pass, peaks: Peaks) -> Model:
        """Units among what is left that are not there yet, and no pieces of those."""
        first = self._clusters(peaks)
        sizes = first.sizes
        means, _ = moments(found.spikes, int(found.spikes.units.max(initial=-1)) + 1)
        new = self._model(first.of(np.flatnonzero(~pieces(first.samples, sizes, found, means, Tidying()))))
        if not new.n_units:
            return new
        rest = [m.shapes.at(np.zeros(m.n_units)) for m in (model, new)]
        alike, _ = similarities(np.concatenate(rest))
        alike = alike[model.n_units :, : model.n_units]
        return new.of(np.flatnonzero(alike.max(axis=1) < ALIKE))

    def _model(self, first: FirstUnits) -> Model:
        """Clusters as units, each once."""
        setting = self.setting
        sizes = first.sizes
        mains = np.abs(first.templates).max(axis=2).argmax(axis=1).astype(np.int64)
        averages = empty_averages(mains, setting, np.zeros(1))
        averages.energies[:, 0] = first.counts * sizes**2
        averages.counts[:, 0], averages.totals[:, 0] = first.counts, first.counts * sizes
        for k, channels in enumerate(averages.channels):
            some = np.flatnonzero(channels >= 0)
            window = slice(averages.shift, averages.shift + setting.width)
            averages.sums[k, 0, some, window] = first.templates[k, channels[some]] * (first.counts[k] * sizes[k])
        contacts = setting.contacts
        shapes, _ = shapes_from(
            averages, contacts.positions_um, contacts.shanks, setting.width, setting.trough,
            still=setting.moved is None,
        )  # fmt: skip
        n_samples = sum(s.stop - s.start for s in self.every)
        model = Model(shapes, sizes, _FIRST_SPREAD * sizes, first.counts, first.counts / n_samples, mains)
        again = same_size(shapes.at(np.zeros(len(sizes))), sizes, first.counts, MOST_APART)
        return model.of(np.flatnonzero(~again))


@dataclass(frozen=True, slots=True)
class _Look:
    """Finds peaks in what a pass leaves of a stretch."""

    finder: PeakFinder
    at_rest: Callable[[Data, Stretch], Data]

    def __call__(self, s: Sorted) -> Any:
        data = self.at_rest(s.data, s.stretch)
        return _later(self.finder.find(data, s.stretch.start - s.begin, s.stretch.stop - s.begin), s.begin)


def _later(found: tuple[IntArray, IntArray, FloatArray, FloatArray], by: int) -> Any:
    return (found[0] + by, *found[1:])
