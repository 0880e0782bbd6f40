"""Training of a localization network: what all phases share, and the first one, which learns monopolar positions.

Import only where torch may be. Everything random comes from two generators whose states are in the checkpoints, so
that training which was interrupted and resumed gives, on the processor, the same numbers as training which was not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.localize import checkpoints
from phy_medicine.compute.localize.apply import predict
from phy_medicine.compute.localize.examples import Examples
from phy_medicine.compute.localize.network_settings import NetworkSettings
from phy_medicine.compute.localize.networks import UNIT_UM, make_network, scaled

CHECKPOINT = "checkpoint.pt"
_ON_CARD_SHARE = 0.4
"""Waveforms go to a graphics card as a whole where they need less than this part of its free memory."""


@dataclass(frozen=True, slots=True)
class TrainingHooks:
    """Who is told of each step how far the phase is; `progress` may raise to end training, which can be resumed."""

    progress: Callable[[float, str], object] = lambda fraction, text: None
    log: Callable[[str], object] = lambda text: None


@dataclass(slots=True)
class Place:
    """How far training is; what it says was done is in the checkpoint."""

    phase: str = "pretrain"
    round: int = 0
    epoch: int = 0
    facts: dict[str, Any] = field(default_factory=dict)  # of JSON values: losses, scores
    tensors: dict[str, Any] = field(default_factory=dict)  # motions, networks of before


class Trainer:
    """A network, its optimizer and the spikes it learns from, on one device."""

    def __init__(
        self,
        examples: Examples,
        settings: NetworkSettings,
        folder: Path,
        *,
        device: str = "cpu",
        hooks: TrainingHooks | None = None,
    ) -> None:
        self.examples, self.settings, self.folder, self.device = examples, settings, folder, device
        self.hooks = hooks or TrainingHooks()
        self.network = make_network(settings.network, n_outputs=checkpoints.n_outputs(settings), seed=settings.seed).to(
            device
        )
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.dropout_state = torch.Generator().manual_seed(settings.seed + 1).get_state()
        self.optimizer = self.new_optimizer(settings.pretrain_rate)
        self.place = Place()
        self._waveforms = self._on_device()
        self.held_out = examples.held_out(settings.held_out)
        if not (~self.held_out & examples.learn).any():
            raise PhyMedError("No spike is left to learn from: none outside of the held-out part has a good fit.")

    def _on_device(self) -> Tensor | None:
        """All waveforms on a card that has room for them."""
        if not self.device.startswith("cuda"):
            return None
        free, _ = torch.cuda.mem_get_info(self.device)
        if self.examples.waveforms.nbytes > _ON_CARD_SHARE * free:
            return None
        return torch.from_numpy(np.ascontiguousarray(self.examples.waveforms)).to(self.device)

    def new_optimizer(self, rate: float) -> torch.optim.Optimizer:
        """Return AdamW without a past."""
        return torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=self.settings.weight_decay)

    def waveforms(self, spikes: Tensor) -> Tensor:
        """Return the blocks of some spikes as the network takes them."""
        if self._waveforms is not None:
            return scaled(self._waveforms[spikes.to(self.device)])[0]
        return scaled(torch.from_numpy(self.examples.waveforms[spikes.numpy()]).to(self.device))[0]

    def offsets(self, spikes: IntArray | slice = slice(None)) -> FloatArray:
        """Return what the network gives now for some spikes, (n, n_outputs), offsets in µm."""
        return predict(self.network, self.examples.waveforms[spikes], device=self.device)

    def positions(self) -> FloatArray:
        """Return where the network puts all spikes now, (n_spikes, 3) float32 µm."""
        um = self.offsets()[:, :3]
        um[:, :2] += self.examples.anchors_um
        return um

    # -- checkpoints

    def save(self) -> None:
        """Write all that is needed to go on from here."""
        place = self.place
        facts = {"phase": place.phase, "round": place.round, "epoch": place.epoch, **place.facts}
        state = {
            "settings": json.dumps(asdict(self.settings)),
            "spikes": self._fingerprint(),
            "place": json.dumps(facts),
            "tensors": place.tensors,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "dropout": self.dropout_state,
        }
        checkpoints.write(self.folder / CHECKPOINT, state)

    def resume(self) -> bool:
        """Go on from the folder's checkpoint, if there is one.

        Raises
        ------
        PhyMedError : it belongs to other spikes or settings
        """
        path = self.folder / CHECKPOINT
        if not path.exists():
            return False
        state = checkpoints.read(path)
        same = json.loads(state["settings"]) == asdict(self.settings) and state["spikes"] == self._fingerprint()
        if not same:
            raise PhyMedError(
                f"{path} is of a training with other settings or spikes; delete it or use another folder."
            )
        facts = json.loads(state["place"])
        self.place = Place(facts.pop("phase"), facts.pop("round"), facts.pop("epoch"), facts, state["tensors"])
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        self.dropout_state = state["dropout"]
        return True

    def _fingerprint(self) -> str:
        """Enough to tell other spikes from these."""
        e = self.examples
        return f"{e.n_spikes} {e.times_s[0]} {e.times_s[-1]} {float(np.abs(e.amplitudes, dtype=np.float64).sum())}"

    def networks_weights(self) -> dict[str, Tensor]:
        """Return a copy of the network's numbers."""
        return {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}

    # -- the first phase

    def pretrain(self) -> None:
        """Learn the monopolar positions; goes on where a checkpoint left it."""
        place, s = self.place, self.settings
        learned = np.flatnonzero(~self.held_out & self.examples.learn)
        targets = torch.from_numpy(self.targets()).to(self.device)
        while place.epoch < s.pretrain_epochs:
            loss = self._pretrain_epoch(learned, targets)
            place.epoch += 1
            place.facts.setdefault("pretrain_losses", []).append(loss)
            self.save()
            self.hooks.log(f"Epoch {place.epoch} of {s.pretrain_epochs}: loss {loss:.4f}.")

    def targets(self) -> FloatArray:
        """Return what is to be learned: offsets in units of 50 µm, and the strength over the scale, logarithm."""
        e = self.examples
        um = e.monopolar.um.copy()
        um[:, :2] -= e.anchors_um
        columns = um / UNIT_UM
        if self.settings.strength:
            with np.errstate(divide="ignore", invalid="ignore"):
                columns = np.column_stack([columns, np.log10(e.monopolar.alpha / e.amplitudes)])
        return columns.astype(np.float32)

    def _pretrain_epoch(self, learned: IntArray, targets: Tensor) -> float:
        s = self.settings
        order = torch.from_numpy(learned)[torch.randperm(len(learned), generator=self.generator)]
        batches = [b for b in order.split(s.pretrain_batch) if len(b) > 1]
        n_steps, total = len(batches) * s.pretrain_epochs, 0.0
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self.dropout_state)
            self.network.train()
            for k, spikes in enumerate(batches):
                done = (self.place.epoch * len(batches) + k) / n_steps
                self.hooks.progress(done, f"epoch {self.place.epoch + 1}")
                self.set_rate(cosine(done, s.pretrain_rate, s.pretrain_last_rate))
                loss = nn.functional.huber_loss(
                    self.network(self.waveforms(spikes)), targets[spikes.to(self.device)], delta=s.huber_delta
                )
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                total += float(loss.detach()) * len(spikes)
            self.dropout_state = torch.get_rng_state()
        return total / max(1, sum(map(len, batches)))

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the next step."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def held_out_rmse(self) -> float:
        """Return the distance from the monopolar positions, 3-D, rms over the held-out spikes with a good fit, µm."""
        spikes = np.flatnonzero(self.held_out & self.examples.learn)
        if not len(spikes):
            return math.nan
        away = self.offsets(spikes)[:, :3] - self.targets()[spikes, :3] * UNIT_UM
        return float(np.sqrt((away.astype(np.float64) ** 2).sum(axis=1).mean()))


def cosine(part: float, first: float, last: float) -> float:
    """Return the learning rate when this part of the steps is done."""
    return last + 0.5 * (first - last) * (1 + math.cos(math.pi * min(part, 1.0)))
