"""Transforms of points: translate, scale, rotate, from one rectangle to another, clip, and chains of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bounds import NDC, subplot_bounds
from phy_medicine.app.phy_compat.geometry import range_transform
from phy_medicine.app.phy_compat.shader_hooks import skipped
from phy_medicine.base.types import AnyArray


def _now(value: Any) -> Any:
    return value() if callable(value) else value


class BaseTransform:
    """One step; what it depends on may be a function that is called when the transform is applied."""

    gpu_var: Any = None

    def __init__(self, **kwargs: Any) -> None:
        self.__dict__.update({k: v for k, v in kwargs.items() if v is not None})

    def apply(self, arr: Any, **kwargs: Any) -> Any:
        """Return the points, (n, 2), transformed; an empty array or None as it is."""
        if arr is None or not len(arr):
            return arr
        points = np.atleast_2d(np.asarray(arr))
        points = points if points.dtype.kind == "f" else points.astype(np.float64)
        return np.atleast_2d(self._moved(points, **kwargs)).astype(points.dtype)

    def _moved(self, points: AnyArray, *args: Any, **kwargs: Any) -> AnyArray:
        raise NotImplementedError

    def inverse(self) -> BaseTransform:
        """Return the transform that leads back."""
        raise NotImplementedError

    def glsl(self, var: str) -> str:
        """Return no shader code: drawing needs none."""
        skipped(f"{type(self).__name__}.glsl")
        return ""

    def __add__(self, other: BaseTransform) -> TransformChain:
        return TransformChain().add([self, other])


class Translate(BaseTransform):
    """Move by an amount, (x, y)."""

    amount: Any = None

    def __init__(self, amount: Any = None, **kwargs: Any) -> None:
        super().__init__(amount=amount, **kwargs)

    def _moved(self, points: AnyArray, param: Any = None) -> AnyArray:
        moved: AnyArray = points + np.asarray(_now(self.amount) if param is None else param)
        return moved

    def inverse(self) -> Translate:
        """Return the opposite move."""
        return Translate(None if self.amount is None else -np.asarray(_now(self.amount)))


class Scale(BaseTransform):
    """Multiply by an amount, (x, y) or one number."""

    amount: Any = None

    def __init__(self, amount: Any = None, **kwargs: Any) -> None:
        super().__init__(amount=amount, **kwargs)

    def _moved(self, points: AnyArray, param: Any = None) -> AnyArray:
        moved: AnyArray = points * np.asarray(_now(self.amount) if param is None else param)
        return moved

    def inverse(self) -> Scale:
        """Return the division."""
        return Scale(None if self.amount is None else 1.0 / np.asarray(_now(self.amount), dtype=np.float64))


class Rotate(BaseTransform):
    """Turn by a right angle, "cw" or "ccw"."""

    direction = "cw"

    def __init__(self, direction: str | None = None, **kwargs: Any) -> None:
        super().__init__(direction=direction, **kwargs)

    def _moved(self, points: AnyArray, direction: str | None = None) -> AnyArray:
        x, y = points.T
        return np.stack([-y, x] if (direction or self.direction) == "ccw" else [y, -x], axis=1)

    def inverse(self) -> Rotate:
        """Return the turn the other way."""
        return Rotate("cw" if self.direction == "ccw" else "ccw")


class Range(BaseTransform):
    """From one rectangle to another, each x0, y0, x1, y1 or one for every point."""

    from_bounds: Any = NDC
    to_bounds: Any = NDC

    def __init__(self, from_bounds: Any = None, to_bounds: Any = None, **kwargs: Any) -> None:
        super().__init__(from_bounds=from_bounds, to_bounds=to_bounds, **kwargs)

    def _moved(self, points: AnyArray, from_bounds: Any = None, to_bounds: Any = None) -> AnyArray:
        source = _now(self.from_bounds if from_bounds is None else from_bounds)
        target = _now(self.to_bounds if to_bounds is None else to_bounds)
        return range_transform(np.atleast_2d(source), np.atleast_2d(target), points)

    def inverse(self) -> Range:
        """Return the transform with source and target exchanged."""
        return Range(self.to_bounds, self.from_bounds)


def Subplot(shape: Any = None, index: Any = None, **gpu: Any) -> Range:
    """Return the transform from NDC to a cell of a grid; shape, index : pairs, or functions that give them."""
    if callable(shape) and callable(index):
        return Range(NDC, lambda: subplot_bounds(shape(), index()))
    if shape is None or isinstance(shape, str):
        return Range(NDC, NDC)
    return Range(NDC, subplot_bounds(shape, index))


class Clip(BaseTransform):
    """Leave out the points outside of a rectangle."""

    bounds: Any = NDC

    def __init__(self, bounds: Any = None, **kwargs: Any) -> None:
        super().__init__(bounds=bounds, **kwargs)

    def _moved(self, points: AnyArray, bounds: Any = None) -> AnyArray:
        x0, y0, x1, y1 = _now(self.bounds) if bounds is None else bounds
        x, y = points[:, 0], points[:, 1]
        kept: AnyArray = points[(x >= x0) & (y >= y0) & (x <= x1) & (y <= y1)]
        return kept

    def inverse(self) -> Clip:
        """Return itself: nothing brings points back."""
        return self


class TransformChain:
    """Transforms one after the other; a clip in between moves nothing."""

    def __init__(self, transforms: Any = None, origin: Any = None) -> None:
        self.origin = origin
        self._transforms: list[tuple[BaseTransform, Any]] = []
        if transforms:
            self.add(transforms)

    @property
    def transforms(self) -> list[BaseTransform]:
        """The steps in their order."""
        return [transform for transform, _ in self._transforms]

    def add(self, transforms: Any, origin: Any = None) -> TransformChain:
        """Add a transform, or a list of them, at the end."""
        steps: Sequence[BaseTransform] = transforms if isinstance(transforms, list) else [transforms]
        self._transforms += [(step, origin or self.origin) for step in steps]
        return self

    def get(self, class_name: str) -> BaseTransform | None:
        """Return the first transform of a class, by its name."""
        return next((t for t in self.transforms if type(t).__name__ == class_name), None)

    def apply(self, arr: Any) -> Any:
        """Return the points after all steps."""
        for step in self.transforms:
            if not isinstance(step, Clip):
                arr = step.apply(arr)
        return arr

    def inverse(self) -> TransformChain:
        """Return the chain that leads back."""
        chain = TransformChain()
        chain._transforms = [(step.inverse(), origin) for step, origin in reversed(self._transforms)]
        return chain

    def __getitem__(self, i: int) -> BaseTransform:
        return self._transforms[i][0]

    def __add__(self, other: BaseTransform | TransformChain) -> TransformChain:
        if isinstance(other, TransformChain):
            self._transforms += other._transforms
            return self
        return self.add(other)
