"""The activity network of the reference model: the odds that a point of (depth, amplitude) is a real peak.

The gradients are written out and the buffers are kept: at a few thousand points a step, most of the time of automatic
differentiation goes into bookkeeping.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator, Tensor

FREQUENCIES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
N_FEATURES = 2 * (1 + len(FREQUENCIES))
FLOOR = 1e-4
"""Added to probabilities under the logarithm."""


def n_parameters(hidden: Sequence[int]) -> int:
    """Return how many weights and biases there are."""
    sizes = (N_FEATURES, *hidden, 1)
    return sum((a + 1) * b for a, b in itertools.pairwise(sizes))


class ActivityNetwork:
    """Fully connected, rectified between layers, sigmoid at the end; its parameters are views into flat tensors.

    Parameters
    ----------
    flat, flat_gradient : (n_parameters(hidden),) that the optimizer changes, and where `backward` writes
    n_points : points at a time, the first half real, the second noise
    """

    def __init__(self, flat: Tensor, flat_gradient: Tensor, hidden: Sequence[int], n_points: int) -> None:
        sizes = (N_FEATURES, *hidden, 1)
        self._weights = _views(flat, sizes)
        self._gradients = _views(flat_gradient, sizes)
        self._frequencies = flat.new_tensor(FREQUENCIES)
        self._inputs = flat.new_empty((n_points, N_FEATURES))
        self._layers = [flat.new_empty((n_points, size)) for size in sizes[1:]]
        self._back = [flat.new_empty((n_points, size)) for size in sizes[1:-1]]

    def initialize(self, generator: Generator) -> None:
        """Draw weights and biases uniformly within 1 / sqrt(inputs), as torch's own layers do.

        generator : of the processor, so that every device starts from the same network
        """
        import torch

        for weight, bias in self._weights:
            limit = weight.shape[1] ** -0.5
            for tensor in (weight, bias):
                drawn = torch.rand(tensor.shape, generator=generator, dtype=torch.float32)
                tensor.copy_(drawn.mul_(2 * limit).sub_(limit))

    def features(self, depths: Tensor, amplitudes: Tensor, out: Tensor) -> Tensor:
        """Write depth, its sines, amplitude, its sines into `out` (n_points, 14)."""
        half = N_FEATURES // 2
        for column, values in ((0, depths), (half, amplitudes)):
            out[:, column] = values
            out[:, column + 1 : column + half] = (values[:, None] * self._frequencies).sin_()
        return out

    def probabilities(self, depths: Tensor, amplitudes: Tensor) -> Tensor:
        """Return p at any number of points, (n,)."""
        values = self.features(depths, amplitudes, depths.new_empty((depths.shape[0], N_FEATURES)))
        for weight, bias in self._weights[:-1]:
            values = (values @ weight.T).add_(bias).clamp_(min=0)
        weight, bias = self._weights[-1]
        return (values @ weight.T).add_(bias).sigmoid_()[:, 0]

    def step(self, depths: Tensor, amplitudes: Tensor, loss: Tensor) -> Tensor:
        """One forward and backward pass.

        Parameters
        ----------
        depths, amplitudes : (n_points,), the first half real peaks, the second half noise
        loss : 0-dimensional, is written to

        Returns
        -------
        (n_points,), gradient of the loss by depth; the gradients of the parameters are in the flat gradient
        """
        import torch

        values = self.features(depths, amplitudes, self._inputs)
        for (weight, bias), layer in zip(self._weights[:-1], self._layers[:-1], strict=True):
            torch.addmm(bias, values, weight.T, out=layer)
            values = layer.clamp_(min=0)
        weight, bias = self._weights[-1]
        p = torch.addmm(bias, values, weight.T, out=self._layers[-1]).sigmoid_()[:, 0]
        return self._backward(depths, _loss_gradient(p, loss)[:, None])

    def _backward(self, depths: Tensor, delta: Tensor) -> Tensor:
        """From the gradient of the last layer's sum to those of the parameters and of the depths."""
        import torch

        for index in range(len(self._weights) - 1, -1, -1):
            weight, _ = self._weights[index]
            weight_gradient, bias_gradient = self._gradients[index]
            below = self._layers[index - 1] if index else self._inputs
            torch.mm(delta.T, below, out=weight_gradient)
            torch.sum(delta, dim=0, out=bias_gradient)
            if index:
                delta = torch.mm(delta, weight, out=self._back[index - 1])
                torch.ops.aten.threshold_backward.grad_input(delta, below, 0, grad_input=delta)
        # The amplitude does not move: only the first half of the inputs is followed further.
        by_input = delta @ self._weights[0][0][:, : N_FEATURES // 2]
        slopes = (depths[:, None] * self._frequencies).cos_().mul_(self._frequencies).mul_(by_input[:, 1:])
        return slopes.sum(dim=1).add_(by_input[:, 0])


def _loss_gradient(p: Tensor, loss: Tensor) -> Tensor:
    """Write -(mean log(1e-4 + p) of real + mean log(1e-4 + 1 - p) of noise), return its gradient by the logit."""
    import torch

    n = p.shape[0] // 2
    real, noise = p[:n] + FLOOR, (1 + FLOOR) - p[n:]
    loss.copy_(real.log().mean().add_(noise.log().mean()).neg_())
    by_p = torch.cat([real.reciprocal_().neg_(), noise.reciprocal_()])
    return by_p.mul_(p).mul_(1 - p).div_(n)


def _views(flat: Tensor, sizes: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
    """Weights (outputs, inputs) and biases (outputs,) of each layer as parts of one flat tensor."""
    views, start = [], 0
    for a, b in itertools.pairwise(sizes):
        stop = start + a * b
        views.append((flat[start:stop].view(b, a), flat[stop : stop + b]))
        start = stop + b
    return views
