"""Gradient descent on the loss of the joint phase, the motion taken as fixed; import only where torch may be."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.localize.features import Features
from phy_medicine.compute.localize.losses import JointLoss, Terms
from phy_medicine.compute.localize.network_settings import FINETUNE, HEAD, NetworkSettings
from phy_medicine.compute.localize.networks import UNIT_UM
from phy_medicine.compute.localize.pictures import Grid
from phy_medicine.compute.localize.train import Trainer, cosine
from phy_medicine.compute.motion.motion import Motion

CHUNK = 1024
"""Spikes whose gradients through all layers are in memory at once: 100 MB of the small network, 0.5 GB of the
transformer."""


class JointSteps:
    """Passes over the spikes that are learned from.

    n_rounds, n_epochs : of all rounds, and passes of each
    """

    def __init__(self, trainer: Trainer, before_um: FloatArray) -> None:
        s = trainer.settings
        self.trainer, self.examples = trainer, trainer.examples
        self.loss = JointLoss(Grid.around(self.examples.contacts_um, step_um=s.voxel_um), s)
        frozen = s.phases == FINETUNE
        self.n_rounds, self.n_epochs = (1, s.finetune_epochs) if frozen else (s.rounds, s.joint_epochs)
        self.clip = s.finetune_clip if frozen else s.joint_clip
        self.bins = np.floor(self.examples.times_s / s.bin_s).astype(np.int64)
        self.before_um = torch.from_numpy(before_um)
        self.trained = self._trained_spikes()
        self.features = Features(trainer) if s.joint_layers == HEAD else None

    def _trained_spikes(self) -> Tensor:
        """All spikes outside of the held-out part, or as many as the settings allow."""
        spikes, most = np.flatnonzero(~self.trainer.held_out), self.trainer.settings.most_spikes
        if most and len(spikes) > most:
            spikes = np.sort(np.random.default_rng(self.trainer.settings.seed).choice(spikes, most, replace=False))
        return torch.from_numpy(spikes)

    def epoch(self, motion: Motion) -> None:
        """Go once over all spikes."""
        t = self.trainer
        t.network.eval()
        curve, n_done = t.place.facts.setdefault("losses", []), 0
        text = f"round {t.place.round + 1}, epoch {t.place.epoch + 1}"
        for spikes in self.batches():
            epochs = t.place.round * self.n_epochs + t.place.epoch + n_done / len(self.trained)
            done = epochs / (self.n_rounds * self.n_epochs)
            t.hooks.progress(done, text)
            t.set_rate(cosine(done, *rates_of(t.settings)))
            curve.append(self._step(spikes, motion))
            n_done += len(spikes)

    def batches(self) -> Iterator[Tensor]:
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
        t = self.trainer
        t.optimizer.zero_grad()
        if self.features is not None:
            um = self._um(self.trainer.network.head(self.features(spikes)), spikes)
            terms = self._terms(um, spikes, motion)
            terms.loss.backward()
        else:
            terms = self._through_all_layers(spikes, motion)
        torch.nn.utils.clip_grad_norm_(t.network.parameters(), self.clip)
        t.optimizer.step()
        return [float(terms.loss.detach()), terms.rho, terms.entropy, terms.tether]

    def _through_all_layers(self, spikes: Tensor, motion: Motion) -> Terms:
        """Gradients piece by piece, each computed twice: the graph of all spikes of a batch would take gigabytes."""
        t = self.trainer
        with torch.no_grad():
            um = torch.cat([self._um(t.network(t.waveforms(part)), part) for part in spikes.split(CHUNK)])
        um.requires_grad_()
        terms = self._terms(um, spikes, motion)
        terms.loss.backward()
        assert um.grad is not None
        for part, gradient in zip(spikes.split(CHUNK), um.grad.split(CHUNK), strict=True):
            self._um(t.network(t.waveforms(part)), part).backward(gradient)
        return terms

    def _um(self, outputs: Tensor, spikes: Tensor) -> Tensor:
        """Positions, (n, 3), of what the network gives."""
        anchors = torch.from_numpy(self.examples.anchors_um[spikes.numpy()]).to(self.trainer.device)
        return outputs[:, :3] * UNIT_UM + torch.nn.functional.pad(anchors, (0, 1))

    def _terms(self, um: Tensor, spikes: Tensor, motion: Motion) -> Terms:
        """The loss of spikes at these positions."""
        times, device = self.examples.times_s[spikes.numpy()], self.trainer.device
        displaced = motion.at(times, um[:, 1].detach().cpu().numpy())
        return self.loss(
            um,
            torch.from_numpy(displaced).to(device, um.dtype),
            torch.from_numpy(self.bins[spikes.numpy()]).to(device),
            self.before_um[spikes].to(device),
        )


def rates_of(settings: NetworkSettings) -> tuple[float, float]:
    """Return the learning rates at first and in the end."""
    if settings.phases == FINETUNE:
        return settings.finetune_rate, settings.finetune_last_rate
    return settings.joint_rate, settings.joint_last_rate
