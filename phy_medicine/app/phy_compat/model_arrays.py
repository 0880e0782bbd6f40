"""Arrays of a dataset as phylib lays them out: sparse ones as Bunches, all read when they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.ephys import EphysTraces
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.io.features import FeatureStore
from phy_medicine.io.model import Model


class DataArray(np.ndarray):
    """An array whose `data` is the array again: in some versions of phy such answers were Bunches with `data`."""

    @property
    def data(self) -> AnyArray:  # type: ignore[override]
        """The numbers as a plain array."""
        return np.asarray(self)


class StoredScores:
    """PC scores (n_rows, n_loc, n_pcs) of a file that cannot be mapped as one array; rows are read when asked for."""

    ndim = 3
    dtype = np.dtype(np.float32)

    def __init__(self, store: FeatureStore, n_loc: int) -> None:
        self._store = store
        self.shape = (store.n_rows, n_loc, store.n_pcs)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, item: Any) -> AnyArray:
        rows, *rest = item if isinstance(item, tuple) else (item,)
        spike_ids = np.arange(len(self))[rows]
        data = np.nan_to_num(self._store.read(np.atleast_1d(spike_ids)).data)
        data = data[0] if np.ndim(spike_ids) == 0 else data
        found: AnyArray = data[(..., *rest)] if np.ndim(spike_ids) == 0 else data[(slice(None), *rest)]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        return np.asarray(self[:], dtype=dtype)


class ModelArrays:
    """What the model of phy reads of a dataset; each when it is first asked for."""

    _model: Model

    @property
    def sparse_templates(self) -> Bunch | None:
        """Whitened templates: data (n_templates, n_samples, n_loc), cols (n_templates, n_loc) or None."""
        if self._model.templates is None:
            return None
        files = self._model.templates.files
        return Bunch(data=files.data, cols=files.channels)

    @property
    def sparse_features(self) -> Bunch | None:
        """PC scores: data (n_rows, n_loc, n_pcs), cols (n_templates, n_loc) or None, rows (n_rows,) or None."""
        store = self._model.features
        if store is None:
            return None
        data: Any = store.stored
        if data is None:
            data = StoredScores(store, self._model.n_channels)
        return Bunch(data=data, cols=store.sparse.index, rows=store.sparse.row_spike_ids)

    def _load_features(self) -> Bunch | None:
        return self.sparse_features

    @property
    def features(self) -> Any:
        """PC scores, (n_rows, n_loc, n_pcs), or None."""
        found = self.sparse_features
        return None if found is None else found.data

    @property
    def features_rows(self) -> IntArray | None:
        """(n_rows,) spikes that have features, None when all have."""
        return None if self._model.features is None else self._model.features.sparse.row_spike_ids

    @property
    def n_features_per_channel(self) -> int:
        """PC scores of a channel."""
        return 0 if self._model.features is None else self._model.features.n_pcs

    @property
    def sparse_template_features(self) -> Bunch | None:
        """Template features: data (n_rows, n_loc), cols (n_templates, n_loc) or None, rows (n_rows,) or None."""
        store = self._model.template_features
        if store is None:
            return None
        return Bunch(data=store.stored, cols=store.sparse.index, rows=store.sparse.row_spike_ids)

    @property
    def template_features(self) -> FloatArray | None:
        """Template features, (n_rows, n_loc), or None."""
        store = self._model.template_features
        return None if store is None else store.stored

    @property
    def similar_templates(self) -> FloatArray:
        """(n_templates, n_templates) similarity; zeros where the sorter gave none."""
        found, n = self._model.similar_templates, self._model.n_templates
        return np.zeros((n, n), dtype=np.float32) if found is None else found

    @property
    def wmi(self) -> FloatArray:
        """(n_channels, n_channels) inverse whitening matrix."""
        inverse = getattr(self._model, "whitening_inverse", None)
        return np.eye(self._model.n_channels) if inverse is None else np.asarray(inverse)

    @property
    def wm(self) -> FloatArray:
        """(n_channels, n_channels) whitening matrix."""
        path = self._model.dir_path / "whitening_mat.npy"
        if path.exists():
            found: FloatArray = np.atleast_2d(np.load(path, allow_pickle=False)).astype(np.float64)
            return found
        return np.linalg.inv(self.wmi)

    @property
    def traces(self) -> EphysTraces | None:
        """The recording on the displayed channels, None without raw data."""
        return None if self._model.traces is None else EphysTraces(self._model.traces)

    @property
    def spike_waveforms(self) -> Bunch | None:
        """Waveforms stored beside the dataset: waveforms, spike_channels, spike_ids; None without."""
        subset: Any = self._model.waveform_subset
        if subset is None or not hasattr(subset, "stored"):
            return None
        data, channels, spike_ids = subset.stored
        return Bunch(waveforms=data, spike_channels=channels, spike_ids=spike_ids)
