"""How much memory a sort may take, and what it is divided among.

A sort of 384 channels stays under 1.5 GB, however long the recording: its peaks and features and the data that it needs
again are in files (`SpilledRows`, `StepFile`, `Stages.rows`), and what grows with something else has a share here. The
rest, 500 MB, is for the program, the templates of all units, and what is made of them on the way.
"""

from __future__ import annotations

IN_FLIGHT = 600 << 20
"""Of stretches that are worked on."""
MATCHERS = 150 << 20
"""Of matchers that are kept for displacements that come again."""
AVERAGES = 100 << 20
"""Of mean waveforms by displacement; what is made of them takes up to four times as much."""
_COPIES = 3
"""Of a stretch, as it is read, filtered, made white and searched."""


def threads_within(n_threads: int, n_channels: int, n_samples: int) -> int:
    """Return on how many stretches of so many samples to work at once, at least 1."""
    return max(1, min(n_threads, IN_FLIGHT // (_COPIES * 4 * n_channels * max(1, n_samples))))


def width_within(n_steps: int, step_bytes: int) -> int:
    """Return how many steps of displacement to average as one, so that the averages of all of them have room."""
    return max(1, -(-n_steps * step_bytes // AVERAGES))
