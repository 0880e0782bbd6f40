"""Inputs made by hypothesis: the structure of the format with wrong content, or good ones with bytes changed."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.attempt import Trial
from tests.fuzz.shapes import mutated

_AT_ONCE = 2000
"""Examples of one search: hypothesis remembers all of them."""


def feed(trial: Trial, n: int, first_seed: int) -> None:
    """Feed a target `n` inputs that follow from a seed."""
    target = trial.target
    plain = mutated(target.seeds, target.words)
    inputs: st.SearchStrategy[bytes] = plain if target.shapes is None else st.one_of(target.shapes, plain)
    number = first_seed
    while (left := n - trial.n) > 0:
        _search(trial, inputs, min(left, _AT_ONCE), number)
        number += 1


def _search(trial: Trial, inputs: st.SearchStrategy[bytes], n: int, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=n, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(inputs)
    def search(data: bytes) -> None:
        trial.feed(data)

    search()
