"""The phases in which a network learns that the picture is the same at all times; import only where torch may be.

Joint: estimate the motion from the present positions, train with that motion taken as fixed, and so on. Fine-tuning:
the motion of the monopolar positions is kept. Batch statistics stay as they are after pretraining and nothing is
dropped out, so that positions in training are those when the network is applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from phy_medicine.base.types import AnyArray, BoolArray, FloatArray
from phy_medicine.compute.localize.examples import Examples
from phy_medicine.compute.localize.guard import fault, moved
from phy_medicine.compute.localize.joint_steps import JointSteps, rates_of
from phy_medicine.compute.localize.motions import ESTIMATES, Estimate, compare_motions
from phy_medicine.compute.localize.network_settings import FINETUNE, PRETRAIN, NetworkSettings
from phy_medicine.compute.localize.pictures import Grid, Scores, score_pictures
from phy_medicine.compute.localize.train import Trainer, TrainingHooks
from phy_medicine.compute.motion.motion import Motion


@dataclass(frozen=True, slots=True)
class Trained:
    """What training ends with.

    positions_um : (n_spikes, 3) float32, before the motion is taken out
    pretrained_um : the same after the first phase
    motion : None without one
    facts : losses, scores of each round, why it ended
    """

    trainer: Trainer
    positions_um: FloatArray
    pretrained_um: FloatArray
    motion: Motion | None
    facts: dict[str, Any]


def train(
    examples: Examples,
    settings: NetworkSettings,
    folder: Path,
    *,
    estimate: Estimate | None = None,
    device: str = "cpu",
    hooks: TrainingHooks | None = None,
) -> Trained:
    """Train a network on spikes through all phases of the settings.

    Parameters
    ----------
    folder : of the checkpoint; if one is there, training goes on from it
    estimate : of the motion, instead of the one that the settings name

    Raises
    ------
    PhyMedError : nothing to learn from, or the checkpoint is of another training
    Whatever a hook raises to end training, which can then be resumed
    """
    return train_on(Trainer(examples, settings, folder, device=device, hooks=hooks), estimate)


def train_on(trainer: Trainer, estimate: Estimate | None = None) -> Trained:
    """Train through all phases, from the trainer's checkpoint on if there is one; see `train`."""
    trainer.resume()
    if trainer.place.phase == PRETRAIN:
        trainer.pretrain()
        trainer.place.facts["pretrain_rmse_um"] = trainer.held_out_rmse()
    if trainer.settings.phases == PRETRAIN:
        um = trainer.positions()
        return Trained(trainer, um, um, None, trainer.place.facts)
    return JointPhase(trainer, estimate).run()


class JointPhase:
    """Rounds of an estimate of the motion and training with it."""

    def __init__(self, trainer: Trainer, estimate: Estimate | None = None) -> None:
        self.trainer, self.examples = trainer, trainer.examples
        self.estimate = estimate or ESTIMATES[trainer.settings.motion_method]
        self._um_now: FloatArray | None = None
        if trainer.place.phase == PRETRAIN:
            self._begin()
        self.pretrained_um = self._pretrained_positions()
        self.steps = JointSteps(trainer, self.pretrained_um)

    def _begin(self) -> None:
        """Leave pretraining: the network as it is now is what the tether holds on to."""
        t = self.trainer
        t.place.phase, t.place.round, t.place.epoch = t.settings.phases, 0, 0
        weights = t.networks_weights()
        t.place.tensors.update(pretrained=weights, good=weights)
        t.optimizer = t.new_optimizer(rates_of(t.settings)[0])

    def _pretrained_positions(self) -> FloatArray:
        t = self.trainer
        now = t.networks_weights()
        t.network.load_state_dict(t.place.tensors["pretrained"])
        um = t.positions()
        t.network.load_state_dict(now)
        return um

    def _positions(self) -> FloatArray:
        """Where the network puts all spikes now; computed once between steps."""
        if self._um_now is None:
            self._um_now = self.trainer.positions()
        return self._um_now

    def run(self) -> Trained:
        """Do all rounds that are left, or fewer."""
        t, place = self.trainer, self.trainer.place
        while place.round < self.steps.n_rounds and "ended" not in place.facts:
            if place.epoch == 0:
                t.hooks.progress(place.round / self.steps.n_rounds, f"motion of round {place.round + 1}")
            if place.epoch == 0 and self._same_motion(self._new_motion()):
                place.facts["ended"] = "the motion stayed the same"
                break
            while place.epoch < self.steps.n_epochs:
                self.steps.epoch(self.motion())
                self._um_now = None
                place.epoch += 1
                t.save()
            self._end_round()
            t.save()
        place.facts.setdefault("ended", "all rounds are done")
        t.save()
        motion = self.motion() if t.settings.phases == FINETUNE else self._last_motion()
        return Trained(t, self._positions(), self.pretrained_um, motion, place.facts)

    # -- the motion

    def motion(self, which: str = "motion") -> Motion:
        """Return a motion of the checkpoint."""
        arrays = self.trainer.place.tensors[which]
        return Motion.from_arrays({name: value.numpy() for name, value in arrays.items()})

    def _new_motion(self) -> Motion | None:
        """Estimate the motion for this round, and return the one of the round before."""
        t, e = self.trainer, self.examples
        before = self.motion() if "motion" in t.place.tensors else None
        depths = e.monopolar.um[:, 1] if t.settings.phases == FINETUNE else self._positions()[:, 1]
        known = np.isfinite(depths)
        found = self.estimate(e.times_s[known], depths[known].astype(np.float64), e.amplitudes[known])
        t.place.tensors["motion"] = {n: torch.from_numpy(np.array(a)) for n, a in found.to_arrays().items()}
        if "first" not in t.place.facts:
            t.place.facts["first"] = self._scores()
            self._tell(0, t.place.facts["first"])
        return before

    def _same_motion(self, before: Motion | None) -> bool:
        if before is None:
            return False
        s, likeness = self.trainer.settings, compare_motions(before, self.motion())
        self.trainer.place.facts.setdefault("motion_changes", []).append(likeness)
        return likeness[0] > s.same_correlation and likeness[1] < s.same_um and self._gain() < s.least_gain

    def _gain(self) -> float:
        """How much the likeness of the held-out part grew in the last round."""
        before, now = [self.trainer.place.facts["first"], *self.trainer.place.facts["rounds"]][-2:]
        return float(now["rho"] - before["rho"])

    def _last_motion(self) -> Motion:
        """Return the motion of the positions in the end."""
        self._new_motion()
        return self.motion()

    # -- after a round

    def _end_round(self) -> None:
        """Score the round; a network that collapsed or moved spikes too far goes back to the round before."""
        t, place = self.trainer, self.trainer.place
        scores = self._scores()
        place.facts.setdefault("rounds", []).append(scores)
        place.round, place.epoch = place.round + 1, 0
        self._tell(place.round, scores)
        wrong = fault(place.facts["first"], scores, t.settings)
        if wrong is None:
            place.tensors["good"] = t.networks_weights()
            return
        t.network.load_state_dict(place.tensors["good"])
        self._um_now = None
        place.facts["ended"] = f"round {place.round} was taken back: {wrong}"
        t.hooks.log(f"Training ends, {place.facts['ended']}.")

    def _scores(self) -> dict[str, float]:
        """Return rho-bar and H-bar of the scored part, how z is spread, and how far spikes moved."""
        um, part = self._positions(), self._scored_part()
        found = score(self.examples.times_s[part], um[part], self.motion(), self.steps.loss.grid, self.trainer.settings)
        z = np.percentile(um[:, 2], [5, 50, 95]).tolist()
        far = moved(um[part], self.pretrained_um[part], self.examples.monopolar.um[part])
        return {"rho": found.rho, "entropy": found.entropy, "z05_um": z[0], "z50_um": z[1], "z95_um": z[2], **far}

    def _scored_part(self) -> BoolArray:
        """The held-out part, or all where nothing is held out."""
        held = self.trainer.held_out
        return held if held.any() else np.ones(len(held), dtype=bool)

    def _tell(self, number: int, scores: dict[str, float]) -> None:
        self.trainer.hooks.log(f"Round {number}: rho {scores['rho']:.4f}, entropy {scores['entropy']:.3f}.")


def score(times_s: AnyArray, um: AnyArray, motion: Motion | None, grid: Grid, settings: NetworkSettings) -> Scores:
    """Score positions (n, 2 or more) with a motion taken out."""
    depths = um[:, 1] if motion is None else motion.corrected(times_s, um[:, 1])
    return score_pictures(
        grid, times_s, um[:, 0], depths,
        bin_s=settings.bin_s, window_s=settings.window_s, least_spikes=settings.least_spikes,
    )  # fmt: skip


def weight_changes(trained: Trained) -> dict[str, float]:
    """Return how much the last phase changed each layer's numbers, relative to their norm."""
    before, now = trained.trainer.place.tensors["pretrained"], trained.trainer.networks_weights()
    return {
        name: float((now[name] - old).norm() / old.norm().clamp_min(1e-12))
        for name, old in before.items()
        if old.is_floating_point() and not name.endswith(("running_mean", "running_var"))
    }
