"""Looking at some values of files that are too large to be read at opening: are they numbers, can they be read?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.io.checks import CheckList
from phy_medicine.io.traces import Traces

if TYPE_CHECKING:
    from phy_medicine.io.kwik_model import KwikModel
    from phy_medicine.io.template_model import TemplateModel

_N_ROWS, _N_STRETCHES, _N_SAMPLES = 200, 20, 100
_Look = tuple[str, Callable[[], AnyArray]]


def look_closer(model: TemplateModel | KwikModel, checks: CheckList) -> None:
    """Read some rows of every large file, spread evenly, and say what is wrong with them."""
    rows = np.unique(np.linspace(0, model.n_spikes - 1, _N_ROWS).astype(np.int64))
    for name, read in _looks(model, rows):
        try:
            values = read()
        except DatasetError as error:
            checks.warn(name, str(error))
            continue
        if values.dtype.kind != "f" or len(values) == 0:
            continue
        n_bad = int(np.count_nonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1)))
        if n_bad:
            checks.warn(
                name, f"{n_bad} of {len(values)} places looked at hold NaN or infinite values, which are not drawn."
            )


def _looks(model: TemplateModel | KwikModel, rows: IntArray) -> Iterator[_Look]:
    """Name of a file, and what reads some rows of it."""
    reordered = model.spike_times_reordered  # read when first asked for, with remarks of its own
    if reordered is not None:
        yield "spike_times_reordered.npy", lambda: reordered[rows]
    if model.features is not None:
        name = "pc_features.npy" if model.features.stored is not None else f"{model.path.stem}.kwx"
        yield name, partial(model.features.as_stored, rows)
    if model.template_features is not None:
        stored = model.template_features.stored
        yield "template_features.npy", lambda: stored[rows[rows < len(stored)]]
    if model.waveform_subset is not None:
        yield "stored waveforms", partial(model.waveform_subset.as_stored, _N_ROWS)
    positions = model.spikes.positions_um
    if positions is not None:
        yield "spike_positions.npy", lambda: positions[rows]
    for name, values in model.spike_attributes.items():
        yield f"spike_{name}.npy", lambda values=values: values[rows]  # type: ignore[misc]
    if model.traces is not None:
        yield model.traces.name, partial(_stretches, model.traces)


def _stretches(traces: Traces) -> AnyArray:
    """(n, samples * channels) short pieces of the recording."""
    starts = np.linspace(0, max(0, traces.n_samples - _N_SAMPLES), _N_STRETCHES).astype(np.int64)
    return traces.read_many(starts, _N_SAMPLES).reshape(len(starts), -1)
