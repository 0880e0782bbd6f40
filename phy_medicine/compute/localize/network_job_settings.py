"""What a job that trains or applies a localization network can be told: the network, its training, the signal."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import changed, setting
from phy_medicine.compute.localize.network_settings import JOINT, NETWORKS, PHASES, PRETRAIN, NetworkSettings
from phy_medicine.compute.localize.settings import MONOPOLAR, LocalizeSettings

APPLY = "apply"
PREFIX = "sln-"
"""Of the names by which methods are known: sln-cnn."""
METHODS = tuple(PREFIX + name for name in NETWORKS)
FIRST = ("network", "phases", "weights", "strength", "motion_method", "most_spikes", "motion", "seed")
"""Settings that most people may want to change; the others are for those who know the method."""


def _as_in_localize(name: str) -> Any:
    """The same setting as that of the other methods."""
    found = LocalizeSettings.__dataclass_fields__[name]
    return dataclasses.field(default=found.default, metadata=found.metadata)


@dataclass(frozen=True, slots=True)
class NetworkJobSettings(NetworkSettings):
    """How a network finds positions: its training, then which signal it and the monopolar fit are given."""

    phases: str = setting(
        JOINT, "After learning the monopolar positions: joint alternates with estimates of the motion, finetune keeps "
        "the first estimate, pretrain ends there; apply uses the network in weights as it is",
        choices=(*PHASES, APPLY),
    )  # fmt: skip
    weights: str = setting(
        "", "File of a trained network to begin with, network.pt or network.npy of another run; then joint and "
        "finetune do not learn the monopolar positions first"
    )  # fmt: skip
    motion: bool = setting(
        True, "Estimate the motion of the positions in the end where training did not (pretrain, apply)"
    )
    signal: str = _as_in_localize("signal")
    radius_um: float = _as_in_localize("radius_um")
    decrease: bool = _as_in_localize("decrease")
    follow: bool = _as_in_localize("follow")
    before_ms: float = _as_in_localize("before_ms")
    after_ms: float = _as_in_localize("after_ms")
    low_cut_hz: float = _as_in_localize("low_cut_hz")
    high_cut_hz: float = _as_in_localize("high_cut_hz")
    common_median: bool = _as_in_localize("common_median")

    first: ClassVar[tuple[str, ...]] = FIRST

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Make settings of checked values.

        Raises
        ------
        PhyMedError : unknown name, value out of range, or no network where one is needed
        """
        made = changed(cls(), **values)
        if made.weights:
            path = Path(made.weights).expanduser().absolute()
            if not path.is_file():
                raise PhyMedError(f"There is no network {path}; name its file, such as network.pt.")
            made = dataclasses.replace(made, weights=str(path))
        if made.phases == APPLY and not made.weights:
            raise PhyMedError("There is no network to apply: name its file as weights, or train one.")
        return made

    @property
    def method(self) -> str:
        """Name of the method in results."""
        return PREFIX + self.network

    @property
    def of_training(self) -> NetworkSettings:
        """The part that training knows; with a network to begin with there is no first phase but when asked for."""
        names = [f.name for f in dataclasses.fields(NetworkSettings)]
        values = {name: getattr(self, name) for name in names}
        if self.weights and self.phases != PRETRAIN:
            values["pretrain_epochs"] = 0
        return NetworkSettings(**values)

    @property
    def of_signal(self) -> LocalizeSettings:
        """The part that the monopolar fit and the reading of the signal know."""
        names = {f.name for f in dataclasses.fields(LocalizeSettings)} & {f.name for f in dataclasses.fields(self)}
        return LocalizeSettings(method=MONOPOLAR, **{name: getattr(self, name) for name in names})
