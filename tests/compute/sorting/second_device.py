"""A second device for tests where there is none: tensors that are put on one may not be mixed with those of the host.

Both are in the same memory, so that the same code runs; what a graphics card would refuse is refused: an operation on
tensors of both, numbers alone excepted, and the array of a tensor that was not fetched with `cpu`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten


class SecondDevice(TorchFunctionMode):
    """While it is entered, whatever is made with a device named is on the second one."""

    def __torch_function__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call a function of torch, and keep book of where its tensors are."""
        kwargs, name = kwargs or {}, getattr(call, "__name__", "")
        tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, Tensor)]
        there = any(_is_there(t) for t in tensors)
        if there and name == "numpy":
            raise RuntimeError("A tensor of the second device was taken as an array.")
        if there and any(not _is_there(t) and t.dim() for t in tensors):
            raise RuntimeError(f"{name} was given tensors of two devices.")
        out = call(*args, **kwargs)
        if name == "cpu":
            out = out.clone()
            there = False
        there |= kwargs.get("device") is not None
        there |= name == "to" and any(isinstance(arg, str | torch.device) for arg in args[1:])
        for tensor in tree_flatten(out if isinstance(out, tuple | list) else [out])[0]:
            if isinstance(tensor, Tensor):
                tensor._is_there = there
        return out


def _is_there(tensor: Tensor) -> bool:
    return getattr(tensor, "_is_there", False)
