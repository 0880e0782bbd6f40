"""Networks and unfinished training in files that can hold nothing but numbers; import only where torch may be."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.localize.network_settings import NETWORKS, NetworkSettings
from phy_medicine.compute.localize.networks import make_network
from phy_medicine.io.durable import sync_file

FORMAT = 1


def write(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers and texts; a reader sees the old file or the whole new one."""
    draft = path.with_suffix(".part")
    try:
        torch.save({"format": FORMAT, **state}, draft)
        sync_file(draft)
        draft.replace(path)
    except OSError as error:
        raise PhyMedError(f"Could not write {path}: {error.strerror or error}.") from error


def read(path: Path) -> dict[str, Any]:
    """Read what `write` wrote, also as the bytes in an `.npy` that the store exports; nothing in the file is run.

    Raises
    ------
    PhyMedError : it cannot be read, or is something else
    """
    try:
        file = io.BytesIO(np.load(path, allow_pickle=False).tobytes()) if path.suffix == ".npy" else path
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its archive, its unpickler or the file system does
        raise PhyMedError(f"Could not read the network in {path}: {error}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise PhyMedError(f"{path} holds no network of this program, or one of another version.")
    return state


def write_network(path: Path, network: nn.Module, settings: NetworkSettings) -> None:
    """Write a trained network and how it was trained."""
    cpu = {name: value.detach().cpu() for name, value in network.state_dict().items()}
    write(path, {"settings": json.dumps(asdict(settings)), "network": cpu})


def read_network(path: Path) -> tuple[nn.Module, NetworkSettings]:
    """Read a network, ready to be applied.

    Raises
    ------
    PhyMedError : the file cannot be read, or its numbers do not fit the network that it names
    """
    state = read(path)
    try:
        settings = NetworkSettings(**json.loads(state["settings"]))
        if settings.network not in NETWORKS:
            raise ValueError(settings.network)
        network = make_network(settings.network, n_outputs=n_outputs(settings))
        network.load_state_dict(state["network"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise PhyMedError(f"The network in {path} is damaged or of another version: {error}") from error
    return network.eval(), settings


def n_outputs(settings: NetworkSettings) -> int:
    """Return how many numbers the network gives for a spike."""
    return 4 if settings.strength else 3
