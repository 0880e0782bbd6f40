"""The monopole fit for all spikes of a block at once, for a graphics card; the steps are those of the compiled loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.device import in_halves
from phy_medicine.compute.localize.contacts import Neighbours
from phy_medicine.compute.localize.localizers import Positions
from phy_medicine.compute.localize.monopole import CARD_BATCH, MIN_CONTACTS, FitLimits

if TYPE_CHECKING:
    from torch import Tensor

_COMPACT_EVERY = 6
"""Steps between which fits that have ended are taken out of the batch."""


def fit_batched(
    amplitudes: FloatArray,
    channel_ids: IntArray,
    neighbours: Neighbours,
    limits: FitLimits | None = None,
    *,
    device: str = "cpu",
    block: int = CARD_BATCH,
) -> Positions:
    """Fit a point source to the amplitudes of each spike; as `monopole.fit`, on a device of torch.

    block : spikes at once; less where the memory of the card runs out
    """
    n, chosen = len(amplitudes), limits or FitLimits()
    out, converged = np.full((n, 4), np.nan), np.zeros(n, dtype=bool)
    start = 0
    while start < n:

        def step(size: int, start: int = start) -> int:
            part = slice(start, start + size)
            values = amplitudes[part], channel_ids[part]
            out[part], converged[part] = _fit_block(*values, neighbours, chosen, device)
            return min(size, n - start)

        done, block = in_halves(step, block)
        start += done
    return Positions(out[:, :3], out[:, 3], converged)


@dataclass(slots=True)
class _Batch:
    """Fits that go on, the last axis of every tensor.

    rows : which spikes they are
    x, y : (n_slots, n) places of contacts from the centre of mass; v : relative amplitudes; m : 1 where there is one
    count : contacts; point : (3, n), from the centre of mass; value, alpha, damping : (n,)
    slope : (3, n); curvature : (6, n); free : (3, n), 0 for a coordinate that stays at its bound
    """

    rows: Tensor
    x: Tensor
    y: Tensor
    v: Tensor
    m: Tensor
    count: Tensor
    point: Tensor
    value: Tensor
    alpha: Tensor
    damping: Tensor
    slope: Tensor
    curvature: Tensor
    free: Tensor

    def keep(self, which: Tensor) -> None:
        """Go on with some of the fits only."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name)[..., which])


def _fit_block(
    amplitudes: FloatArray, channel_ids: IntArray, neighbours: Neighbours, limits: FitLimits, device: str
) -> tuple[FloatArray, Any]:
    import torch

    dtype = torch.float32 if device.startswith("mps") else torch.float64
    places = neighbours.positions_um[channel_ids]
    known = (amplitudes >= 0) & np.isfinite(places[:, :, 0])
    values = np.where(known, amplitudes, 0).astype(np.float64)
    largest = values.max(axis=1, initial=0)
    usable = np.flatnonzero((known.sum(axis=1) >= MIN_CONTACTS) & (largest > 0) & np.isfinite(largest))
    out, converged = np.full((len(values), 4), np.nan), np.zeros(len(values), dtype=bool)
    if not len(usable):
        return out, converged
    places, known = np.where(known[:, :, None], places, 0)[usable], known[usable]
    values = values[usable] / largest[usable, None]
    centre = np.einsum("nk,nkd->nd", values, places) / values.sum(axis=1)[:, None]

    def tensor(array: Any) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(array.T), dtype=dtype, device=device)

    away = (places - centre[:, None]) * known[:, :, None]
    batch = _begin(tensor(away[:, :, 0]), tensor(away[:, :, 1]), tensor(values), tensor(known), limits)
    found = torch.full((5, len(usable)), torch.nan, dtype=dtype, device=device)
    _iterate(batch, limits, found)
    result = found.double().cpu().numpy().T
    out[usable, :3] = result[:, :3]
    out[usable, :2] += centre
    out[usable, 3] = result[:, 3] * largest[usable]
    converged[usable] = result[:, 4] > 0
    return out, converged


def _begin(x: Tensor, y: Tensor, v: Tensor, m: Tensor, limits: FitLimits) -> _Batch:
    import torch

    n = x.shape[1]
    point = torch.zeros((3, n), dtype=x.dtype, device=x.device)
    point[2] = limits.z_first_um
    rows, count = torch.arange(n, device=x.device), m.sum(0)
    value, alpha, sums = _value(x, y, v, m, count, point, limits.penalty)
    slope = _slope(alpha, point[2], count, sums, limits.penalty)
    curvature = _curvature(alpha, point[2], count, sums, limits.penalty)
    damping = torch.full_like(value, 1e-2)
    free = _free(point, slope, limits)
    return _Batch(rows, x, y, v, m, count, point, value, alpha, damping, slope, curvature, free)


def _iterate(batch: _Batch, limits: FitLimits, found: Tensor) -> None:
    """Take steps until all fits have ended, and write point, strength and whether it converged into `found` (5, n)."""
    import torch

    ended = torch.zeros(batch.rows.shape, dtype=torch.bool, device=found.device)
    for number in range(1, limits.n_steps + 1):
        step = _step(batch).clamp(-limits.longest_um, limits.longest_um)
        trial = batch.point + step
        trial[:2] = trial[:2].clamp(-limits.far_um, limits.far_um)
        trial[2] = trial[2].clamp(limits.z_low_um, limits.z_high_um)
        move = (trial - batch.point).abs().amax(0)
        value, alpha, sums = _value(batch.x, batch.y, batch.v, batch.m, batch.count, trial, limits.penalty)
        better = (value < batch.value) & ~ended
        batch.point = torch.where(better, trial, batch.point)
        batch.value = torch.where(better, value, batch.value)
        batch.alpha = torch.where(better, alpha, batch.alpha)
        slope = _slope(alpha, trial[2], batch.count, sums, limits.penalty)
        curvature = _curvature(alpha, trial[2], batch.count, sums, limits.penalty)
        batch.slope = torch.where(better, slope, batch.slope)
        batch.curvature = torch.where(better, curvature, batch.curvature)
        batch.free = torch.where(better, _free(batch.point, batch.slope, limits), batch.free)
        batch.damping = torch.where(better, batch.damping * 0.2, batch.damping * 6.0).clamp(1e-9, 1e9)
        ended |= move < limits.tolerance_um
        if number % _COMPACT_EVERY == 0 or number == limits.n_steps:
            last = number == limits.n_steps
            _take_out(batch, torch.ones_like(ended) if last else ended, ended, found)
            ended = ended[~ended]
            if last or not len(ended):
                return


def _take_out(batch: _Batch, which: Tensor, converged: Tensor, found: Tensor) -> None:
    rows = batch.rows[which]
    found[:3, rows], found[3, rows] = batch.point[:, which], batch.alpha[which]
    found[4, rows] = converged[which].to(found.dtype)
    batch.keep(~which)


def _value(
    x: Tensor, y: Tensor, v: Tensor, m: Tensor, count: Tensor, point: Tensor, penalty: float
) -> tuple[Tensor, Tensor, Any]:
    """What is minimised, the strength, and the sums of which slope and curvature are made."""
    dx, dy, z = point[0] - x, point[1] - y, point[2]
    q2 = m / (dx * dx + dy * dy + z * z)
    q = q2.sqrt()
    q3 = -q * q2
    d = (q3 * dx, q3 * dy, q3 * z)
    vq, qq, vv = (v * q).sum(0), q2.sum(0), (v * v).sum(0)
    alpha = vq / qq
    value = (vv - alpha * vq) / count - penalty * (1 + 10 * z).log()
    pairs = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    vd, qd = [(v * k).sum(0) for k in d], [(q * k).sum(0) for k in d]
    return value, alpha, (qq, vd, qd, [(d[i] * d[j]).sum(0) - qd[i] * qd[j] / qq for i, j in pairs])


def _slope(alpha: Tensor, z: Tensor, count: Tensor, sums: Any, penalty: float) -> Tensor:
    import torch

    _, vd, qd, _ = sums
    slope = torch.stack([-2 * alpha / count * (vd[k] - alpha * qd[k]) for k in range(3)])
    slope[2] -= 10 * penalty / (1 + 10 * z)
    return slope


def _curvature(alpha: Tensor, z: Tensor, count: Tensor, sums: Any, penalty: float) -> Tensor:
    import torch

    curvature = torch.stack([2 * alpha * alpha / count * h for h in sums[3]])
    curvature[2] += 100 * penalty / (1 + 10 * z) ** 2
    return curvature


def _free(point: Tensor, slope: Tensor, limits: FitLimits) -> Tensor:
    """1 for coordinates that are not held at a bound."""
    import torch

    low = point.new_tensor([-limits.far_um, -limits.far_um, limits.z_low_um])[:, None]
    high = point.new_tensor([limits.far_um, limits.far_um, limits.z_high_um])[:, None]
    held = ((point <= low) & (slope > 0)) | ((point >= high) & (slope < 0))
    return torch.where(held, torch.zeros_like(point), torch.ones_like(point))


def _step(batch: _Batch) -> Tensor:
    """Solve the damped equations by cofactors."""
    import torch

    f, g = batch.free, batch.slope * batch.free
    a, b, c = (batch.curvature[k] * (1 + batch.damping) * f[k] + 1 - f[k] + 1e-12 for k in range(3))
    ab, ac, bc = (batch.curvature[3 + k] * f[i] * f[j] for k, (i, j) in enumerate(((0, 1), (0, 2), (1, 2))))
    c00, c01, c02 = b * c - bc * bc, ac * bc - ab * c, ab * bc - ac * b
    c11, c12, c22 = a * c - ac * ac, ab * ac - a * bc, a * b - ab * ab
    det = a * c00 + ab * c01 + ac * c02 + 1e-30
    solved = (
        c00 * g[0] + c01 * g[1] + c02 * g[2],
        c01 * g[0] + c11 * g[1] + c12 * g[2],
        c02 * g[0] + c12 * g[1] + c22 * g[2],
    )
    return -torch.stack([part / det * f[k] for k, part in enumerate(solved)])
