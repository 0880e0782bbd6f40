"""The phases in which a network learns that the picture is the same at all times; import only where torch may be.

Joint: estimate the motion from the present positions, train with that motion taken as fixed, and so on. Fine-tuning:
the motion of the first positions is kept. Batch statistics stay as they are after pretraining and nothing is dropped
out, so that positions in training are those when the network is applied.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.localize.examples import Examples
from phy_medicine.compute.localize.losses import JointLoss
from phy_medicine.compute.localize.network_settings import FINETUNE, PRETRAIN, NetworkSettings
from phy_medicine.compute.localize.networks import UNIT_UM
from phy_medicine.compute.localize.pictures import Grid, Scores, score_pictures
from phy_medicine.compute.localize.train import Trainer, TrainingHooks
from phy_medicine.compute.motion.motion import Motion

Estimate = Callable[[AnyArray, AnyArray, AnyArray], Motion]
"""The motion of times (s), depths (µm) and amplitudes."""
CHUNK = 1024
"""Spikes whose gradients are in memory at once: 100 MB of the small network, 0.5 GB of the transformer."""


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


def dredge(times_s: AnyArray, depths_um: AnyArray, amplitudes: AnyArray) -> Motion:
    """Estimate a motion with DREDge, at SpikeInterface's settings."""
    from phy_medicine.compute.motion.dredge import run_dredge
    from phy_medicine.compute.motion.peaks import Peaks

    return run_dredge(Peaks(times_s, depths_um, amplitudes), device="cpu")


def train(
    examples: Examples,
    settings: NetworkSettings,
    folder: Path,
    *,
    estimate: Estimate = dredge,
    device: str = "cpu",
    hooks: TrainingHooks | None = None,
) -> Trained:
    """Train a network on spikes through all phases of the settings.

    Parameters
    ----------
    folder : of the checkpoint; if one is there, training goes on from it

    Raises
    ------
    PhyMedError : nothing to learn from, or the checkpoint is of another training
    Whatever a hook raises to end training, which can then be resumed
    """
    return train_on(Trainer(examples, settings, folder, device=device, hooks=hooks), estimate)


def train_on(trainer: Trainer, estimate: Estimate = dredge) -> Trained:
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

    def __init__(self, trainer: Trainer, estimate: Estimate) -> None:
        self.trainer, self.estimate, self.examples = trainer, estimate, trainer.examples
        s = trainer.settings
        self.loss = JointLoss(Grid.around(self.examples.contacts_um, step_um=s.voxel_um), s)
        frozen = s.phases == FINETUNE
        self.n_rounds, self.n_epochs = (1, s.finetune_epochs) if frozen else (s.rounds, s.joint_epochs)
        self.rate, self.clip = (s.finetune_rate, s.finetune_clip) if frozen else (s.joint_rate, s.joint_clip)
        self.bins = np.floor(self.examples.times_s / s.bin_s).astype(np.int64)
        if trainer.place.phase == PRETRAIN:
            self._begin()
        self.pretrained_um = self._pretrained_positions()
        self.before_um = torch.from_numpy(self.pretrained_um)
        self.trained = self._trained_spikes()

    def _begin(self) -> None:
        """Leave pretraining: the network as it is now is what the tether holds on to."""
        t = self.trainer
        t.place.phase, t.place.round, t.place.epoch = t.settings.phases, 0, 0
        weights = t.networks_weights()
        t.place.tensors.update(pretrained=weights, good=weights)
        t.optimizer = t.new_optimizer(self.rate)

    def _pretrained_positions(self) -> FloatArray:
        t = self.trainer
        now = t.networks_weights()
        t.network.load_state_dict(t.place.tensors["pretrained"])
        um = t.positions()
        t.network.load_state_dict(now)
        return um

    def _trained_spikes(self) -> Tensor:
        """All spikes outside of the held-out part, or as many as the settings allow."""
        spikes, most = np.flatnonzero(~self.trainer.held_out), self.trainer.settings.most_spikes
        if most and len(spikes) > most:
            spikes = np.sort(np.random.default_rng(self.trainer.settings.seed).choice(spikes, most, replace=False))
        return torch.from_numpy(spikes)

    def run(self) -> Trained:
        """Do all rounds that are left, or fewer."""
        t, place = self.trainer, self.trainer.place
        while place.round < self.n_rounds and "ended" not in place.facts:
            if place.epoch == 0:
                t.hooks.progress(place.round / self.n_rounds, f"motion of round {place.round + 1}")
            if place.epoch == 0 and self._same_motion(self._new_motion()):
                place.facts["ended"] = "the motion stayed the same"
                break
            while place.epoch < self.n_epochs:
                self._epoch()
                place.epoch += 1
                t.save()
            self._end_round()
            t.save()
        place.facts.setdefault("ended", "all rounds are done")
        t.save()
        motion = self.motion() if t.settings.phases == FINETUNE else self._last_motion()
        return Trained(t, t.positions(), self.pretrained_um, motion, place.facts)

    # -- the motion

    def motion(self, which: str = "motion") -> Motion:
        """Return a motion of the checkpoint."""
        arrays = self.trainer.place.tensors[which]
        return Motion.from_arrays({name: value.numpy() for name, value in arrays.items()})

    def _new_motion(self) -> Motion | None:
        """Estimate the motion for this round, and return the one of the round before."""
        t, e = self.trainer, self.examples
        before = self.motion() if "motion" in t.place.tensors else None
        depths = e.monopolar.um[:, 1] if t.settings.phases == FINETUNE else t.positions()[:, 1]
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
        return likeness[0] > s.same_correlation and likeness[1] < s.same_um

    def _last_motion(self) -> Motion:
        """Return the motion of the positions in the end."""
        self._new_motion()
        return self.motion()

    # -- training with the motion as it is

    def _epoch(self) -> None:
        t = self.trainer
        t.network.eval()
        t.set_rate(self.rate)
        motion, curve = self.motion(), t.place.facts.setdefault("losses", [])
        n_done, n_epochs = 0, self.n_rounds * self.n_epochs
        text = f"round {t.place.round + 1}, epoch {t.place.epoch + 1}"
        for spikes in self._batches():
            epochs = t.place.round * self.n_epochs + t.place.epoch + n_done / len(self.trained)
            t.hooks.progress(epochs / n_epochs, text)
            curve.append(self._step(spikes, motion))
            n_done += len(spikes)

    def _batches(self) -> Iterator[Tensor]:
        """All spikes once, in runs of stretches long enough to hold all pairs; a full run in several parts."""
        s, generator = self.trainer.settings, self.trainer.generator
        length = max(1, math.ceil((s.window_s + s.window_margin_s) / s.bin_s))
        offset = int(torch.randint(length, (1,), generator=generator))
        runs = (torch.from_numpy(self.bins)[self.trained] - int(self.bins[0]) + offset) // length
        for k in torch.randperm(int(runs.max()) + 1, generator=generator).tolist():
            members = self.trained[runs == k]
            n_parts = math.ceil(len(members) / s.joint_batch)
            if n_parts:
                yield from members[torch.randperm(len(members), generator=generator)].tensor_split(n_parts)

    def _step(self, spikes: Tensor, motion: Motion) -> list[float]:
        """One step of the optimizer; returns the loss and its terms."""
        t, device = self.trainer, self.trainer.device
        anchors = torch.from_numpy(self.examples.anchors_um[spikes.numpy()]).to(device)
        chunks = list(zip(spikes.split(CHUNK), anchors.split(CHUNK), strict=True))
        with torch.no_grad():
            um = torch.cat([self._um(part, at) for part, at in chunks])
        moved = motion.at(self.examples.times_s[spikes.numpy()], um[:, 1].cpu().numpy())
        um.requires_grad_()
        terms = self.loss(
            um,
            torch.from_numpy(moved).to(device, um.dtype),
            torch.from_numpy(self.bins[spikes.numpy()]).to(device),
            self.before_um[spikes].to(device),
        )
        terms.loss.backward()
        assert um.grad is not None
        t.optimizer.zero_grad()
        # Again, piece by piece: the graph of all spikes of a batch would take gigabytes.
        for (part, at), gradient in zip(chunks, um.grad.split(CHUNK), strict=True):
            self._um(part, at).backward(gradient)
        torch.nn.utils.clip_grad_norm_(t.network.parameters(), self.clip)
        t.optimizer.step()
        return [float(terms.loss.detach()), terms.rho, terms.entropy, terms.tether]

    def _um(self, spikes: Tensor, anchors: Tensor) -> Tensor:
        offsets = self.trainer.network(self.trainer.waveforms(spikes))[:, :3] * UNIT_UM
        return offsets + torch.nn.functional.pad(anchors, (0, 1))

    # -- after a round

    def _end_round(self) -> None:
        """Score the round; a network that collapsed goes back to the round before."""
        t, place = self.trainer, self.trainer.place
        scores = self._scores()
        place.facts.setdefault("rounds", []).append(scores)
        place.round, place.epoch = place.round + 1, 0
        self._tell(place.round, scores)
        least = (1 - t.settings.most_entropy_loss) * place.facts["first"]["entropy"]
        if scores["entropy"] < least:
            t.network.load_state_dict(place.tensors["good"])
            place.facts["ended"] = f"the positions collapsed in round {place.round}, which was taken back"
            t.hooks.log(f"The entropy fell below {least:.2f}: {place.facts['ended']}.")
        else:
            place.tensors["good"] = t.networks_weights()

    def _scores(self) -> dict[str, float]:
        """Return rho-bar and H-bar of the held-out part, or of all where nothing is held out, and how z is spread."""
        t = self.trainer
        um = t.positions()
        part = t.held_out if t.held_out.any() else np.ones(len(um), dtype=bool)
        found = score(self.examples.times_s[part], um[part], self.motion(), self.loss.grid, t.settings)
        z = np.percentile(um[:, 2], [5, 50, 95]).tolist()
        return {"rho": found.rho, "entropy": found.entropy, "z05_um": z[0], "z50_um": z[1], "z95_um": z[2]}

    def _tell(self, number: int, scores: dict[str, float]) -> None:
        self.trainer.hooks.log(f"Round {number}: rho {scores['rho']:.4f}, entropy {scores['entropy']:.3f}.")


def score(times_s: AnyArray, um: AnyArray, motion: Motion | None, grid: Grid, settings: NetworkSettings) -> Scores:
    """Score positions (n, 2 or more) with a motion taken out."""
    depths = um[:, 1] if motion is None else motion.corrected(times_s, um[:, 1])
    return score_pictures(
        grid, times_s, um[:, 0], depths,
        bin_s=settings.bin_s, window_s=settings.window_s, least_spikes=settings.least_spikes,
    )  # fmt: skip


def compare_motions(a: Motion, b: Motion) -> tuple[float, float]:
    """Return the correlation of two motions on the grid of the first, and the rms of their difference, µm."""
    one, other = a.centred().displacement.ravel(), b.on_grid(a.temporal_bins_s, a.spatial_bins_um).displacement.ravel()
    rms = float(np.sqrt(((one - other) ** 2).mean()))
    spread = float(np.linalg.norm(one) * np.linalg.norm(other))
    return (float(one @ other) / spread if spread else float(rms == 0)), rms


def weight_changes(trained: Trained) -> dict[str, float]:
    """Return how much the last phase changed each layer's numbers, relative to their norm."""
    before, now = trained.trainer.place.tensors["pretrained"], trained.trainer.networks_weights()
    return {
        name: float((now[name] - old).norm() / old.norm().clamp_min(1e-12))
        for name, old in before.items()
        if old.is_floating_point() and not name.endswith(("running_mean", "running_var"))
    }
