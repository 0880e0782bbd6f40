"""Asks torch which devices it can use and prints JSON; run as a program of its own: torch takes seconds to load."""

from __future__ import annotations

import json
from typing import Any


def facts() -> dict[str, Any]:
    """Return the version of torch, of CUDA, and each graphics card with its memory in GB."""
    import torch

    cards = []
    for i in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(i)
        name = torch.cuda.get_device_name(i)
        cards.append({"device": f"cuda:{i}", "name": name, "free_gb": free / 1e9, "total_gb": total / 1e9})
    mps = torch.backends.mps.is_available()
    return {"version": torch.__version__, "cuda": torch.version.cuda or "", "cards": cards, "mps": mps}


if __name__ == "__main__":
    print(json.dumps(facts()))
