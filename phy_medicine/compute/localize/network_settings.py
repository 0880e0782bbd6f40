"""What the training of a localization network can be told.

The defaults keep positions near the truth and train within minutes; `DESCRIBED` has the values of the method's
description, which do neither. Why: docs/decisions/0011-training-of-networks.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from phy_medicine.base.params import setting

CNN, WIDE_CNN, TRANSFORMER = "cnn", "wide-cnn", "transformer"
NETWORKS = (CNN, WIDE_CNN, TRANSFORMER)
JOINT, FINETUNE, PRETRAIN = "joint", "finetune", "pretrain"
PHASES = (JOINT, FINETUNE, PRETRAIN)
MEDICINE, DREDGE = "medicine", "dredge"
HEAD, ALL = "head", "all"


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

    motion_method: str = setting(
        MEDICINE, "Who estimates the motion: medicine follows one that bends with depth also on short probes; dredge "
        "at SpikeInterface's settings takes 400 µm as one",
        choices=(MEDICINE, DREDGE),
    )  # fmt: skip
    pretrain_epochs: int = setting(8, "Passes over the spikes while learning the monopolar positions", minimum=0)
    pretrain_batch: int = setting(1024, "Spikes of a step while learning the monopolar positions", minimum=2)
    pretrain_rate: float = setting(1e-3, "Learning rate at first; it falls like a cosine", minimum=0.0)
    pretrain_last_rate: float = setting(1e-5, "Learning rate at the end", minimum=0.0)
    weight_decay: float = setting(1e-4, "Weight decay of AdamW, in all phases", minimum=0.0)
    huber_delta: float = setting(0.2, "Error from which on it counts linearly, in units of 50 µm", minimum=1e-3)

    joint_layers: str = setting(
        HEAD, "What learns after pretraining: head, the last three layers, is several times faster; all layers",
        choices=(HEAD, ALL),
    )  # fmt: skip
    rounds: int = setting(3, "Estimates of the motion, each followed by training (joint)", minimum=1)
    joint_epochs: int = setting(5, "Passes over the spikes after each estimate of the motion (joint)", minimum=1)
    joint_rate: float = setting(8e-4, "Learning rate at first (joint); it falls like a cosine", minimum=0.0)
    joint_last_rate: float = setting(2e-5, "Learning rate at the end (joint)", minimum=0.0)
    joint_clip: float = setting(5.0, "Largest norm of the gradient (joint)", minimum=1e-6)
    same_correlation: float = setting(
        0.995, "Two successive motions that correlate more, and differ less, end the rounds once a round gains little",
        minimum=-1.0, maximum=1.0,
    )  # fmt: skip
    same_um: float = setting(2.0, "See same_correlation: difference of two motions, rms", unit="µm", minimum=0.0)
    least_gain: float = setting(
        0.002, "See same_correlation: a round gains little when the likeness of the held-out part grows by less",
        minimum=0.0, maximum=2.0,
    )  # fmt: skip

    finetune_epochs: int = setting(15, "Passes over the spikes (finetune)", minimum=1)
    finetune_rate: float = setting(8e-4, "Learning rate at first (finetune)", minimum=0.0)
    finetune_last_rate: float = setting(2e-5, "Learning rate at the end (finetune)", minimum=0.0)
    finetune_clip: float = setting(5.0, "Largest norm of the gradient (finetune)", minimum=1e-6)
    most_spikes: int = setting(0, "Train on a random subset of so many spikes; 0: on all", minimum=0)

    consistency_weight: float = setting(1.0, "Weight of the likeness of the pictures of different times", minimum=0.0)
    entropy_weight: float = setting(0.1, "Weight of the entropy, which keeps positions from collapsing", minimum=0.0)
    tether_weight: float = setting(
        3.0, "Weight of the squared distance, in units of 50 µm, from where the network was before", minimum=0.0
    )
    tether_depth: float = setting(5.0, "What depth counts in that distance; x counts 1", minimum=0.0)
    tether_z: float = setting(1.0, "What z counts in that distance; x counts 1", minimum=0.0)
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
    most_moved: float = setting(
        2.0, "The same when spikes of the held-out part moved, in x or depth, more times as far as pretrained network "
        "and monopolar positions disagree (medians); 0: not looked at",
        minimum=0.0,
    )  # fmt: skip


DESCRIBED = NetworkSettings(
    motion_method=DREDGE, pretrain_epochs=50, huber_delta=1.0, joint_layers=ALL, rounds=8, joint_epochs=5,
    joint_rate=1e-4, joint_last_rate=1e-4, least_gain=2.0, finetune_epochs=20, finetune_rate=1e-5,
    finetune_last_rate=1e-5, finetune_clip=1.0, tether_weight=0.01, tether_depth=1.0, tether_z=0.0, most_moved=0.0,
)  # fmt: skip
"""The values of the method's description: steadier pictures, and on known truth wrong positions."""
