"""How far a job of several phases is: one fraction over all, a sentence, and positions to look at meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.compute.job_context import JobContext
from phy_medicine.compute.localize.job import thinned
from phy_medicine.compute.localize.localize import Columns
from phy_medicine.compute.localize.network_job_settings import APPLY, NetworkJobSettings
from phy_medicine.compute.localize.network_settings import ALL, FINETUNE, HEAD, JOINT, PRETRAIN

if TYPE_CHECKING:
    from phy_medicine.compute.localize.train import Trainer, TrainingHooks

_WORDS = {
    "waveforms": "Waveforms", PRETRAIN: "Pretraining", JOINT: "Training", FINETUNE: "Training",
    "positions": "Positions", "motion": "Motion",
}  # fmt: skip
_STEADY = {HEAD: 0.3, ALL: 1.5}
_ESTIMATE, _PASS = 2.0, 4.0
"""What a pass of the later phases, an estimate of the motion, and reading the signal cost, in passes of the first."""
_LOOK_S, _LOOK_SPIKES = 10.0, 1000


class Report:
    """Tells the job's context how far each phase is."""

    def __init__(self, context: JobContext, settings: NetworkJobSettings) -> None:
        self._context = context
        self._starts = _starts(settings)
        self._n_epochs = settings.of_training.pretrain_epochs
        self._trainer: Trainer | None = None
        self._looked_s = time.monotonic()

    @property
    def hooks(self) -> TrainingHooks:
        """What training calls."""
        from phy_medicine.compute.localize.train import TrainingHooks

        return TrainingHooks(self._step, self._context.log)

    def follow(self, trainer: Trainer) -> None:
        """Report on this training from now on."""
        self._trainer = trainer

    def tell(self, phase: str, fraction: float, text: str) -> None:
        """Report how far a phase is.

        Raises
        ------
        Cancelled : the job is to end
        """
        start, share = self._starts[phase]
        self._context.progress(start + share * min(fraction, 1.0), f"{_WORDS[phase]}: {text}")

    def waveforms(self, n_done: int, n_known: int) -> None:
        """Report on the reading of waveforms."""
        self.tell("waveforms", n_done / max(1, n_known), f"{n_done:,} of {n_known:,} spikes")

    def positions(self, n_done: int, n_known: int, columns: Columns) -> None:
        """Report on the positions in the end."""
        self.tell("positions", n_done / max(1, n_known), f"{n_done:,} of {n_known:,} spikes")
        if self._context.preview_due:
            self._context.preview(**thinned(columns))

    def _step(self, fraction: float, text: str) -> None:
        assert self._trainer is not None
        phase = self._trainer.place.phase
        self.tell(phase, fraction, f"{text} of {self._n_epochs}" if phase == PRETRAIN else text)
        if time.monotonic() - self._looked_s > _LOOK_S:
            self._look(self._trainer)
            self._looked_s = time.monotonic()

    def _look(self, trainer: Trainer) -> None:
        """Show where the network puts some spikes now."""
        examples, training = trainer.examples, trainer.network.training
        rows = np.arange(0, examples.n_spikes, max(1, examples.n_spikes // _LOOK_SPIKES))
        um = trainer.offsets(rows)[:, :2] + examples.anchors_um[rows]
        trainer.network.train(training)
        self._context.preview(spike_ids=rows, x_um=um[:, 0], depth_um=um[:, 1])


def _starts(settings: NetworkJobSettings) -> dict[str, tuple[float, float]]:
    """Where each phase begins, and its share of the whole."""
    s, last = settings.of_training, settings.phases
    rounds, epochs = (1, s.finetune_epochs) if last == FINETUNE else (s.rounds, s.joint_epochs)
    learns = last != APPLY
    costs = {
        "waveforms": _PASS * learns,
        PRETRAIN: float(s.pretrain_epochs * learns),
        last: rounds * (_STEADY[s.joint_layers] * epochs + _ESTIMATE),
        "positions": _PASS,
        "motion": _ESTIMATE,
    }
    if not learns or last == PRETRAIN:
        costs[last] = float(s.pretrain_epochs) if last == PRETRAIN else 0.0
    total, starts, done = sum(costs.values()), {}, 0.0
    for phase, cost in costs.items():
        starts[phase] = (done / total, cost / total)
        done += cost
    return starts
