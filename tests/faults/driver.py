"""A curator without hands: random actions on a dataset, each told before and after, until the process is killed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.session.session import Session
from tests.faults.zygote import DIE, DIE_HALFWAY, Disk, tell

KINDS = ("merge", "split", "split", "group", "label", "undo", "undo", "redo", "save")


_CALLS_OF_A_SAVE = 90


def curate(path: str, seed: int, n_steps: int, death: str) -> None:
    """Open a dataset, recover what is there, and curate.

    death : "save" to die in a save, at a random call on the disk; "call" at a random call from the opening on; "" to
        wait for the parent
    """
    disk, rng = Disk(Path(path).parent), np.random.default_rng(seed)
    if death == "call":
        disk.arm(int(rng.choice([DIE, DIE_HALFWAY])), int(rng.integers(1, 150)))
    session = Session.open(path, recover=True)
    tell(ready=True)
    for _ in range(n_steps):
        step = choose(session, rng)
        tell(try_=step)
        if step[0] == "save" and death == "save":
            disk.arm(int(rng.choice([DIE, DIE_HALFWAY])), int(rng.integers(1, _CALLS_OF_A_SAVE)))
        try:
            take(session, step)
        except ActionError:
            tell(refused=True)
            continue
        tell(done=True)
        if step[0] == "save" and death == "save":
            disk.disarm()
    os._exit(0)


def choose(session: Session, rng: np.random.Generator) -> list[Any]:
    """Return a random step, which need not make sense."""
    kind = str(rng.choice(KINDS))
    ids = [int(c) for c in rng.choice(session.cluster_ids, size=min(len(session.cluster_ids), 2), replace=False)]
    match kind:
        case "merge":
            # Below 9 clusters the others are split again and again until there is something to merge.
            return ["merge", ids] if len(session.cluster_ids) > 3 else _split(session, ids, rng)
        case "split":
            return _split(session, ids, rng) if len(session.cluster_ids) < 12 else ["merge", ids]
        case "group":
            return ["set", "group", ids, rng.choice(["good", "mua", "noise", "weird one"]).item()]
        case "label":
            field, values = [("note", ["a b", "drifts", None]), ("quality", [3, 0.5, None])][int(rng.integers(2))]
            return ["set", field, ids, values[int(rng.integers(3))]]
    return [kind]


def _split(session: Session, ids: list[int], rng: np.random.Generator) -> list[Any]:
    spikes = np.concatenate([session.manager.assignment.spikes(c) for c in ids])
    chosen = np.sort(rng.choice(spikes, size=max(1, len(spikes) // 3), replace=False))
    return ["split", chosen.tolist(), [0] * len(chosen)]


def take(session: Session, step: list[Any]) -> None:
    """Do a step."""
    match step:
        case ["merge", ids]:
            session.merge(ids)
        case ["split", spikes, _]:
            session.split(spikes)
        case ["set", "group", ids, value]:
            session.move(value, cluster_ids=ids)
        case ["set", field, ids, value]:
            session.label(field, value, ids)
        case ["undo"]:
            session.undo()
        case ["redo"]:
            session.redo()
        case ["save"]:
            session.save()
