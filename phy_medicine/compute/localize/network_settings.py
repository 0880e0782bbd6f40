"""What the training of a localization network can be told; the defaults are those of the specification."""

from __future__ import annotations

from dataclasses import dataclass

from phy_medicine.base.params import setting

CNN, WIDE_CNN, TRANSFORMER = "cnn", "wide-cnn", "transformer"
NETWORKS = (CNN, WIDE_CNN, TRANSFORMER)
JOINT, FINETUNE, PRETRAIN = "joint", "finetune", "pretrain"
PHASES = (JOINT, FINETUNE, PRETRAIN)


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """How a network learns where spikes come from."""

    network: str = setting(
        CNN, "cnn filters the waveforms, wide-cnn with longer filters, transformer compares the channels (slower)",
        choices=NETWORKS,
    )  # fmt: skip
    strength: bool = setting(False, "Learn the strength of the source too, as a fourth output")
    phases: str = setting(
        JOINT, "After learning the monopolar positions: joint alternates with estimates of the motion, finetune keeps "
        "the first estimate, pretrain ends there",
        choices=PHASES,
    )  # fmt: skip
    held_out: float = setting(
        0.1, "Last part of the recording that is not learned from but scored", minimum=0.0, maximum=0.5
    )
    seed: int = setting(0, "Seed of every random number", minimum=0)

    pretrain_epochs: int = setting(50, "Passes over the spikes while learning the monopolar positions", minimum=0)
    pretrain_batch: int = setting(1024, "Spikes of a step while learning the monopolar positions", minimum=2)
    pretrain_rate: float = setting(1e-3, "Learning rate at first; it falls like a cosine", minimum=0.0)
    pretrain_last_rate: float = setting(1e-5, "Learning rate at the end", minimum=0.0)
    weight_decay: float = setting(1e-4, "Weight decay of AdamW, in all phases", minimum=0.0)
    huber_delta: float = setting(1.0, "Error from which on it counts linearly, in units of 50 µm", minimum=1e-3)

    rounds: int = setting(8, "Estimates of the motion, each followed by training (joint)", minimum=1)
    joint_epochs: int = setting(5, "Passes over the spikes after each estimate of the motion (joint)", minimum=1)
    joint_rate: float = setting(1e-4, "Learning rate (joint)", minimum=0.0)
    joint_clip: float = setting(5.0, "Largest norm of the gradient (joint)", minimum=1e-6)
    same_correlation: float = setting(
        0.995, "Two successive motions that correlate more, and differ less, end the rounds", minimum=-1.0, maximum=1.0
    )
    same_um: float = setting(2.0, "See same_correlation: difference of two motions, rms", unit="µm", minimum=0.0)

    finetune_epochs: int = setting(20, "Passes over the spikes (finetune)", minimum=1)
    finetune_rate: float = setting(1e-5, "Learning rate (finetune)", minimum=0.0)
    finetune_clip: float = setting(1.0, "Largest norm of the gradient (finetune)", minimum=1e-6)
    most_spikes: int = setting(0, "Train on a random subset of so many spikes; 0: on all", minimum=0)

    consistency_weight: float = setting(1.0, "Weight of the likeness of the pictures of different times", minimum=0.0)
    entropy_weight: float = setting(0.1, "Weight of the entropy, which keeps positions from collapsing", minimum=0.0)
    tether_weight: float = setting(
        0.01, "Weight of the squared distance, in units of 50 µm, from where the network was before", minimum=0.0
    )
    tether_z: float = setting(0.0, "What z counts in that distance; x and depth count 1", minimum=0.0)
    bin_s: float = setting(1.0, "Length of the stretches whose pictures are compared", unit="s", minimum=1e-3)
    window_s: float = setting(30.0, "Pictures further apart in time are not compared", unit="s", minimum=0.0)
    window_margin_s: float = setting(
        10.0, "A batch is a run of stretches longer than the window by this", unit="s", minimum=0.0
    )
    least_spikes: int = setting(20, "Stretches with fewer spikes are left out", minimum=1)
    voxel_um: float = setting(4.0, "Pixels of the pictures, and width of the blur of a spike", unit="µm", minimum=0.1)
    joint_batch: int = setting(8192, "Most spikes of a batch; of more, a random part", minimum=64)
    most_entropy_loss: float = setting(
        0.15, "Training goes back to the round before, and ends, when the entropy of the held-out part falls by more "
        "than this part of it",
        minimum=0.0, maximum=1.0,
    )  # fmt: skip
