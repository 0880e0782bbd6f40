"""A model of units as arrays, to be kept between stages."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.sorting.averages import Moving, Still
from phy_medicine.compute.sorting.model import Model, Setting

_COLUMNS = ("means", "stds", "counts", "rates", "mains")


def arrays_of(model: Model) -> dict[str, AnyArray]:
    """Return a model as arrays; `waveforms` are those at rest."""
    arrays: dict[str, AnyArray] = {name: getattr(model, name) for name in _COLUMNS}
    arrays["waveforms"] = model.shapes.at(np.zeros(model.n_units))
    if isinstance(model.shapes, Still):
        return arrays
    shapes = model.shapes
    bounds = np.cumsum([0, *(len(places) for places in shapes.places)])
    return {
        **arrays, "place_bounds": bounds, "places": np.concatenate(shapes.places),
        "weights": np.concatenate(shapes.weights), "of_shank": shapes.of_shank,
    }  # fmt: skip


def model_from(arrays: Mapping[str, AnyArray], setting: Setting) -> Model:
    """Return the model of such arrays."""
    columns = (np.asarray(arrays[name]) for name in _COLUMNS)
    if "places" not in arrays:
        return Model(Still(np.asarray(arrays["waveforms"])), *columns)
    bounds = np.asarray(arrays["place_bounds"])
    places, weights = (_cut(np.asarray(arrays[name]), bounds[1:-1]) for name in ("places", "weights"))
    contacts = setting.contacts
    shapes = Moving(places, weights, contacts.positions_um, contacts.shanks, np.asarray(arrays["of_shank"]))
    return Model(shapes, *columns)


def _cut(values: FloatArray, bounds: FloatArray) -> tuple[FloatArray, ...]:
    return tuple(np.split(values, bounds))
