"""What a motion estimate can be told: every hyper-parameter of MEDiCINe, its unit, help, and when to change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, ClassVar, Self

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import changed, setting

OPTIMIZERS = ("Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "SGD")
DEPTH_BINS, KERNEL_WIDTH_S = 2, 30.0

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "num_depth_bins": "Wiggly, overfitted curves, few units or low rates: 1. Motion that bends with depth and is "
        "not followed: more.",
        "time_kernel_width": "Wiggly, overfitted curves, few units or low rates: larger. Fast motion that is not "
        "followed: smaller.",
        "motion_bound": "Large motion that is cut off: larger.",
        "amplitude_threshold_quantile": "Static bands of weak false peaks: about 0.25, which drops the weakest "
        "quarter. Strong artefacts: negative, which drops the strongest.",
        "time_bin_size": "Few peaks in a bin: larger. Fast motion that is not followed: smaller.",
        "batch_size": "A loss that jumps, or curves that differ from seed to seed: larger; 1024 and less is unstable.",
        "training_steps": "A loss that still falls at the end: more. It must be more than motion_noise_steps.",
        "motion_noise_steps": "Fewer training_steps: fewer of these too.",
        "initial_motion_noise": "Large motion locked onto a wrong match: larger.",
    }
)
"""Setting -> what is seen in the corrected raster, and what to do about it."""


class WholeNumbers(tuple[int, ...]):
    """Whole numbers above 0, from a sequence or from text such as "256, 256"."""

    def __new__(cls, values: Iterable[Any] | str = ()) -> WholeNumbers:
        parts = values.strip("()[] ").split(",") if isinstance(values, str) else values
        sizes = tuple(int(part) for part in parts if not (isinstance(part, str) and not part.strip()))
        if not sizes or min(sizes) < 1:
            raise ValueError("sizes must be whole numbers above 0")
        return super().__new__(cls, sizes)

    def __str__(self) -> str:
        return ", ".join(map(str, self))

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class MedicineSettings:
    """Hyper-parameters of a motion estimate; names and defaults are those of MEDiCINe."""

    motion_bound: float = setting(
        800.0, "Full allowed spread of the motion before smoothing, so half of it either way; be generous",
        unit="µm", minimum=1e-6,
    )  # fmt: skip
    time_bin_size: float = setting(1.0, "Time resolution of the motion", unit="s", minimum=1e-6)
    time_kernel_width: float = setting(
        KERNEL_WIDTH_S, "Support of the triangular smoothing in time; smaller for fast motion, larger for few spikes",
        unit="s", minimum=0.0,
    )  # fmt: skip
    activity_network_hidden_features: WholeNumbers = setting(  # noqa: RUF009
        WholeNumbers((256, 256)), "Hidden sizes of the activity network (exact model)"
    )
    num_depth_bins: int = setting(
        DEPTH_BINS, "Depth levels of the motion: 1 is rigid, 2 linear in depth, more bend", minimum=1, maximum=1000
    )
    choose_depth_bins: bool = setting(
        True, "Choose the levels by the likelihood of held-out peaks while num_depth_bins is 2 (fast solver)"
    )
    choose_smoothing: bool = setting(
        True, "Learn the smoothing in time from the peaks while time_kernel_width is 30 (fast solver)"
    )
    amplitude_threshold_quantile: float = setting(
        0.0, "Drop this fraction of the weakest peaks; negative drops the strongest", minimum=-1.0, maximum=1.0
    )
    signed_amplitudes: bool = setting(
        False, "Let amplitude_threshold_quantile order the amplitudes with their sign, as the first releases did"
    )
    batch_size: int = setting(4096, "Peaks drawn for each step (exact model); 1024 and less is unstable", minimum=1)
    training_steps: int = setting(
        10000, "Steps of training (exact model); must be more than motion_noise_steps", minimum=1
    )
    initial_motion_noise: float = setting(
        0.1, "Blur of the depths at the first step, a fraction of the depth range (exact model)", minimum=0.0
    )
    motion_noise_steps: int = setting(
        2000, "Steps until the blur is gone; lower it together with training_steps (exact model)", minimum=1
    )
    optimizer: str = setting("Adam", "Optimizer of torch (exact model)", choices=OPTIMIZERS)
    learning_rate: float = setting(0.0005, "Learning rate of the optimizer (exact model)", minimum=0.0)
    epsilon: float = setting(0.001, "Margin of the time range, against division by zero", unit="s", minimum=1e-12)
    plot_figures: bool = setting(True, "Draw the five figures; needs an output directory", files=True)
    exact: bool = setting(False, "Train the reference model instead of the fast solver")
    seed: int = setting(0, "Seed of every random number", minimum=0)
    device: str = setting("auto", "Where the exact model computes: auto, cpu, mps, cuda or cuda:N")

    advice: ClassVar[Mapping[str, str]] = ADVICE

    @property
    def chooses_levels(self) -> bool:
        """Whether the number of depth levels is left to the likelihood of held-out peaks."""
        return self.choose_depth_bins and not self.exact and self.num_depth_bins == DEPTH_BINS

    @property
    def chooses_smoothing(self) -> bool:
        """Whether the smoothing in time is left to what the peaks say."""
        return self.choose_smoothing and not self.exact and self.time_kernel_width == KERNEL_WIDTH_S

    def check(self) -> Self:
        """Return the settings when they can be used together.

        Raises
        ------
        PhyMedError : one sentence on what does not fit
        """
        if not -1 < self.amplitude_threshold_quantile < 1:
            raise PhyMedError(
                "amplitude_threshold_quantile must lie between -1 and 1 and be neither, "
                f"not {self.amplitude_threshold_quantile}."
            )
        if self.exact and self.training_steps <= self.motion_noise_steps:
            raise PhyMedError(
                f"training_steps must be more than motion_noise_steps, not {self.training_steps} and "
                f"{self.motion_noise_steps}; lower motion_noise_steps."
            )
        return self

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Make settings of checked values; levels and smoothing that are asked for are not chosen otherwise.

        Raises
        ------
        PhyMedError : unknown name, value out of range, or values that do not fit together
        """
        if isinstance(values.get("optimizer"), type):
            values["optimizer"] = values["optimizer"].__name__
        for name, choice in (("num_depth_bins", "choose_depth_bins"), ("time_kernel_width", "choose_smoothing")):
            if name in values:
                values.setdefault(choice, False)
        return changed(cls(), **values).check()

    def as_dict(self) -> dict[str, Any]:
        """Every value by name, as JSON can hold it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


METHODS = ("medicine", "dredge")


@dataclass(frozen=True, slots=True)
class MotionSettings(MedicineSettings):
    """What a job can be told: the method, the hyper-parameters of MEDiCINe, where files go beside the store."""

    method: str = setting(
        "medicine", "medicine, or dredge of SpikeInterface, which takes only time_bin_size and num_depth_bins = 1",
        choices=METHODS,
    )  # fmt: skip
    out: str = setting("", "Folder for motion.npy, time_bins.npy, depth_bins.npy, parameters and figures", files=True)
