"""The sorter: from a raw recording to units, without knowing anything about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute import kernels
from phy_medicine.compute.device import exact_products
from phy_medicine.compute.filtered_recording import Recorded
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting.bad_channels import good_channels
from phy_medicine.compute.sorting.bank import Bank, sample_of
from phy_medicine.compute.sorting.changes import NONE, Changes
from phy_medicine.compute.sorting.draft import Draft
from phy_medicine.compute.sorting.drift import motion_arrays, motion_from, motion_of
from phy_medicine.compute.sorting.final_pass import by_depth, final_pass
from phy_medicine.compute.sorting.learning import PAD
from phy_medicine.compute.sorting.memory import threads_within
from phy_medicine.compute.sorting.model import Model, Setting, templates_at_rest
from phy_medicine.compute.sorting.model_arrays import arrays_of, model_from
from phy_medicine.compute.sorting.moving import Moved
from phy_medicine.compute.sorting.place import Place
from phy_medicine.compute.sorting.postprocess import postprocess
from phy_medicine.compute.sorting.preprocess import FilteredChannels, SortingRecording
from phy_medicine.compute.sorting.pursuit import PursuitOptions
from phy_medicine.compute.sorting.result import SortedChannels, SortedSpikes, Sorting
from phy_medicine.compute.sorting.rounds import Learner
from phy_medicine.compute.sorting.settings import DRIFT_NONE, DRIFT_TEMPLATES, SortingSettings, of_spikes
from phy_medicine.compute.sorting.slow_change import followed
from phy_medicine.compute.sorting.stages import Stages
from phy_medicine.compute.sorting.stretches import Surroundings, spread, stretches

BETWEEN_FROM = 20.0
"""Scores, in standard deviations of the noise, from which spikes may lie between samples."""

MOTION_THREADS = 4
"""At most, of which each has a second of the recording in memory a few times over."""

_SPIKES = tuple(one.name for one in fields(SortedSpikes))
Told = Callable[[str, float], object]


@dataclass(slots=True)
class Sorter:
    """One sort of one recording.

    recording : all channels of the file; gain_uv : of one of its units
    motion : of the tissue, known beforehand; None estimates it, unless the settings say that there is none
    stages : in which what was found is kept
    progress : called with the stage and the share of it that is done; may raise to end the work
    log : called with a line of text
    """

    recording: Recorded
    channels: SortedChannels
    settings: SortingSettings
    gain_uv: float = 1.0
    motion: Motion | None = None
    stages: Stages = field(default_factory=Stages)
    progress: Told = lambda stage, fraction: None
    log: Callable[[str], object] = lambda line: None
    n_threads: int = 1
    timings: dict[str, float] = field(default_factory=dict)
    _good: SortedChannels = field(init=False)
    _place: Place = field(init=False)

    def __post_init__(self) -> None:
        self._place = Place.of(self.settings.device)
        self.n_threads = self._place.threads(self.n_threads)

    def run(self) -> Sorting:
        """Sort.

        Raises
        ------
        PhyMedError : there are no spikes, or the recording cannot be sorted
        """
        # What is not loaded yet would not be limited; threads of k-means wait for each other in a busy loop.
        import scipy.linalg  # noqa: F401
        import sklearn.cluster  # noqa: F401
        from threadpoolctl import threadpool_limits

        # Without them the filter is another, slower one, whose last bits differ.
        kernels.warm_up()
        # Stretches are done side by side; threads within each product would only wait for each other.
        with threadpool_limits(1), exact_products(self._place.device):
            return self._run()

    def _run(self) -> Sorting:
        if self._place.words:
            self.log(self._place.words)
        self.progress("channels", 0.0)
        self._good = good_channels(self.recording, self.channels, self.settings.bad_channels)
        for column, reason in self._good.left_out.items():
            self.log(f"Channel {column} is left out: {reason}.")
        signal = self._place.signal(
            FilteredChannels.of(self.recording, self._good, self.settings, gain_uv=self.gain_uv)
        )
        motion = motion_from(self._stage("motion", lambda: self._find_motion(signal)))
        recording = SortingRecording.of_signal(signal, self._good, self.settings, motion=motion)
        setting = self._setting(recording, motion)
        edges = setting.moved.edges(recording.n_samples) if setting.moved else ()
        every = stretches(recording.n_samples, round(self.settings.batch_s * recording.sample_rate), edges)
        margin = 3 * setting.width + PAD
        longest = max(stretch.stop - stretch.start for stretch in every) + 2 * margin
        self.n_threads = threads_within(self.n_threads, recording.n_channels, longest)

        def learn() -> Mapping[str, AnyArray]:
            return self._learn(self._place.source(recording, margin, folder=self.stages.folder), every, setting)

        kept = self._stage("templates", learn)
        model = by_depth(model_from(kept, setting), setting.contacts)
        source = self._place.source(recording, margin, keeps=False)
        changes = self._changes(source, every, model, setting)
        bank = Bank(model, setting, sample_of(source, every), changes)
        found = self._stage("spikes", lambda: self._spikes(source, every, bank, setting, kept["shapes"]))
        if recording.artifacts:
            self.log(f"{len(recording.artifacts)} artifacts were set to 0.")
        return self._finish(recording, setting, model, kept, found, motion)

    def _stage(self, name: str, compute: Callable[[], Mapping[str, AnyArray]]) -> Mapping[str, AnyArray]:
        self.progress(name, 0.0)
        began = time.perf_counter()
        found = self.stages.get(name, compute, uses=of_spikes())
        self.timings[name] = time.perf_counter() - began
        self.progress(name, 1.0)
        return found

    def _find_motion(self, signal: FilteredChannels) -> Mapping[str, AnyArray]:
        if self.settings.drift == DRIFT_NONE:
            return {}
        motion = self.motion
        if motion is None:
            motion = motion_of(
                signal, self._good, seed=self.settings.seed, n_threads=min(self.n_threads, MOTION_THREADS),
                progress=lambda done, text: self.progress("motion", done),
            )  # fmt: skip
        arrays = motion_arrays(motion)
        span = np.ptp(arrays["displacement_um"], axis=0).max() if arrays else 0.0
        self.log(f"The tissue moves by up to {span:.1f} µm." if arrays else "The tissue does not move.")
        return arrays

    def _setting(self, recording: SortingRecording, motion: Motion | None) -> Setting:
        rate = recording.sample_rate
        width = round(self.settings.template_ms * rate / 1000) | 1
        follow = motion is not None and self.settings.drift == DRIFT_TEMPLATES
        return Setting(
            Contacts.of(self._good.positions, self._good.shanks), rate, width,
            round(self.settings.trough_fraction * width), Moved(motion, rate) if motion and follow else None,
            PursuitOptions(min_isi=max(1, round(self.settings.min_isi_ms * rate / 1000)), between_from=BETWEEN_FROM),
        )  # fmt: skip

    def _learn(self, source: Surroundings, every: list[Any], setting: Setting) -> Mapping[str, AnyArray]:
        seconds = self.settings.learn_batches * setting.sample_rate
        most = max(1, round(seconds * len(every) / source.n_samples))
        learner = Learner(
            source, spread(every, most), setting, self.settings, np.random.default_rng(self.settings.seed),
            self.n_threads, lambda done: self.progress("templates", done), self.log,
            lambda model: self.stages.show("templates", arrays_of(model)), folder=self.stages.folder,
        )  # fmt: skip
        model, likelihoods, shapes = learner()
        return {**arrays_of(model), "log_likelihood": np.array(likelihoods), "shapes": shapes}

    def _changes(self, source: Surroundings, every: list[Any], model: Model, setting: Setting) -> Changes:
        """How waveforms change from window to window, where there is more than one."""
        length = round(self.settings.change_window_s * setting.sample_rate)
        if not 0 < length < source.n_samples:
            return NONE

        def follow() -> Mapping[str, AnyArray]:
            arrays = followed(
                source, every, model, setting, length, n_threads=self.n_threads,
                progress=lambda done: self.progress("changes", done),
            ).arrays  # fmt: skip
            n_units = len(np.unique(arrays.get("units", ())))
            words = f"The waveforms of {n_units} units change" if n_units else "No waveform changes"
            self.log(f"{words} within the recording.")
            return arrays

        return Changes(length, self._stage("changes", follow))

    def _spikes(
        self, source: Surroundings, every: list[Any], bank: Bank, setting: Setting, shapes: FloatArray
    ) -> Mapping[str, AnyArray]:
        found = final_pass(
            source, every, bank, setting, np.asarray(shapes), self.stages, n_threads=self.n_threads,
            progress=lambda done: self.progress("spikes", done),
        )  # fmt: skip
        s = found.spikes
        self.log(f"{len(s.times):,} spikes of {bank.model.n_units} units, log likelihood {found.log_likelihood:.5f}")
        columns = {name: getattr(s, name) for name in _SPIKES}
        return {**columns, "channels": found.channels, "log_likelihood": np.array(found.log_likelihood)}

    def _finish(
        self, recording: SortingRecording, setting: Setting, model: Model, learned: Mapping[str, AnyArray],
        found: Mapping[str, AnyArray], motion: Motion | None,
    ) -> Sorting:  # fmt: skip
        began = time.perf_counter()
        draft = Draft(
            SortedSpikes(*(found[name] for name in _SPIKES)),
            templates_at_rest(model), setting.trough, found["channels"],
            np.asarray(learned["shapes"]), self._good, recording.whitening, recording.sample_rate,
            recording.n_samples,
        )  # fmt: skip
        joined = self.stages.array("joined_features")
        draft, table, suggested = postprocess(
            draft, self.settings, lambda done, text: self.progress("units", done), joined
        )
        self.timings["units"] = time.perf_counter() - began
        likelihoods = np.append(learned["log_likelihood"], found["log_likelihood"])
        return Sorting(
            draft.spikes, draft.templates, draft.trough, draft.feature_channels, draft.feature_shapes, table, suggested,
            self._good, recording.whitening, recording.sample_rate, recording.n_samples, self.settings,
            motion_arrays(motion), likelihoods, dict(self.timings),
        )  # fmt: skip


def sort(recording: Recorded, channels: SortedChannels, settings: SortingSettings | None = None, **how: Any) -> Sorting:
    """Sort a recording.

    Parameters
    ----------
    recording : all channels of the file
    channels : to be sorted
    how : other fields of `Sorter`

    Raises
    ------
    PhyMedError : there are no spikes, or the recording cannot be sorted
    """
    return Sorter(recording, channels, settings or SortingSettings(), **how).run()
