"""phy's model of a dataset, `TemplateModel`, over the program's own."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.files import read_python, write_tsv_simple
from phy_medicine.app.phy_compat.model_clusters import ModelClusters
from phy_medicine.app.phy_compat.sparse import read_array, write_array
from phy_medicine.base.errors import ActionError, DatasetError, ReadOnlyError
from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.curation.actions import GROUP
from phy_medicine.io.export.waveform_subset import extract_subset
from phy_medicine.io.model import Model
from phy_medicine.io.open_model import open_model
from phy_medicine.session.session import Session
from phy_medicine.session.waveform_source import WaveformSource


class TemplateModel(ModelClusters):
    """A dataset on disk; what the curator changes shows in `metadata` after a save.

    kwargs : those of `params.py`; `dir_path` names the folder that is opened
    """

    def __init__(self, **kwargs: Any) -> None:
        self._open(open_model(Path(kwargs["dir_path"])), None)

    @classmethod
    def of(cls, model: Model, session: Session | None = None) -> TemplateModel:
        """Return phy's view of a dataset that is open."""
        made = cls.__new__(cls)
        made._open(model, session)
        return made

    def _open(self, model: Model, session: Session | None) -> None:
        self._model = model
        self._session = session
        self._waveform_source = (
            session.data.waveform_source if session is not None else WaveformSource(model, cast(Any, None))
        )
        params = model.params
        self._n_closest, self._threshold = params.n_closest_channels, params.amplitude_threshold
        self.dir_path = model.dir_path
        self.dat_path = list(params.dat_paths)
        self.sample_rate = model.sample_rate
        self.n_channels_dat = params.n_channels_dat
        self.dtype, self.offset = params.dtype, params.offset
        self.show_mapped_channels = params.show_mapped_channels
        self.template_scaling = params.template_scaling
        fields = {GROUP: {}, **model.metadata.fields}
        self.metadata: dict[str, dict[int, Any]] = {field: dict(values) for field, values in fields.items()}

    # Sizes

    @property
    def duration(self) -> float:
        """Length of the recording, s."""
        return self._model.duration_s

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return self._model.n_spikes

    @property
    def n_channels(self) -> int:
        """Number of displayed channels."""
        return self._model.n_channels

    @property
    def n_templates(self) -> int:
        """One more than the largest template."""
        return self._model.n_templates

    @property
    def n_samples_waveforms(self) -> int:
        """Samples of a waveform."""
        return self._model.n_samples_template

    @property
    def n_channels_loc(self) -> int:
        """Channels that a template has in the file."""
        sparse = self.sparse_templates
        return 0 if sparse is None else int(sparse.data.shape[2])

    @property
    def n_clusters(self) -> int:
        """One more than the largest cluster on disk."""
        return int(self._model.spike_clusters.max()) + 1

    @property
    def n_closest_channels(self) -> int:
        """Best channels are among so many around the peak; when it is set, all views go by it."""
        return self._n_closest

    @n_closest_channels.setter
    def n_closest_channels(self, n: int) -> None:
        self._n_closest = int(n)
        self._choose_channels()

    @property
    def amplitude_threshold(self) -> float:
        """Best channels have this share of the peak's amplitude; when it is set, all views go by it."""
        return self._threshold

    @amplitude_threshold.setter
    def amplitude_threshold(self, share: float) -> None:
        self._threshold = float(share)
        self._choose_channels()

    def _choose_channels(self) -> None:
        if self._model.templates is not None:
            self._model.templates.use_neighbourhood(self._n_closest, self._threshold)

    # Spikes

    @property
    def spike_samples(self) -> IntArray:
        """(n_spikes,) samples."""
        return self._model.spike_samples

    @property
    def spike_times(self) -> FloatArray:
        """(n_spikes,) s."""
        return self._model.spike_times

    @property
    def spike_times_reordered(self) -> FloatArray | None:
        """(n_spikes,) other times, s, or None."""
        return self._model.spike_times_reordered

    @property
    def spike_templates(self) -> IntArray:
        """(n_spikes,) template of each spike."""
        return self._model.spike_templates

    @property
    def spike_clusters(self) -> IntArray:
        """(n_spikes,) cluster of each spike on disk; `supervisor.clustering` has those of now."""
        return self._model.spike_clusters

    @property
    def amplitudes(self) -> FloatArray | None:
        """(n_spikes,) amplitude of each spike, or None."""
        return self._model.amplitudes

    @cached_property
    def template_ids(self) -> IntArray:
        """Templates that have spikes, ascending."""
        return np.unique(self._model.spike_templates)

    @cached_property
    def cluster_ids(self) -> IntArray:
        """Clusters on disk, ascending."""
        return np.unique(self._model.spike_clusters)

    @property
    def spike_attributes(self) -> Bunch:
        """Name -> (n_spikes, ...) of every further `spike_<name>.npy`."""
        return Bunch(self._model.spike_attributes)

    # Channels

    @property
    def channel_mapping(self) -> IntArray:
        """(n_channels,) column of the raw file."""
        return self._model.channel_map

    @property
    def channel_positions(self) -> FloatArray:
        """(n_channels, 2) µm."""
        return self._model.channel_positions

    @property
    def channel_shanks(self) -> IntArray:
        """(n_channels,) shank."""
        return self._model.channel_shanks

    @property
    def channel_probes(self) -> IntArray:
        """(n_channels,) probe."""
        return self._model.channel_probes

    @property
    def probes(self) -> IntArray:
        """Probes, ascending."""
        return np.unique(self._model.channel_probes)

    @property
    def n_probes(self) -> int:
        """Number of probes."""
        return len(self.probes)

    @property
    def templates_channels(self) -> IntArray:
        """(n_templates,) channel where each template is largest."""
        return self._model.template_peak_channels

    @property
    def templates_probes(self) -> IntArray:
        """(n_templates,) probe of that channel."""
        return self._model.channel_probes[self._model.template_peak_channels]

    # Files

    def _find_path(self, *names: str, multiple_ok: bool = True, mandatory: bool = True) -> Path | None:
        found = [path for name in names for path in sorted(self.dir_path.glob(name))[:1]]
        if not found and mandatory:
            raise OSError(f"None of these files could be found in {self.dir_path}: {', '.join(names)}.")
        if len(found) > 1 and not multiple_ok:
            raise OSError(f"Several of these files are in {self.dir_path}: {', '.join(names)}.")
        return found[0] if found else None

    def _read_array(self, path: str | Path | None, mmap_mode: Any = None) -> AnyArray:
        if not path:
            raise OSError("There is no file to read.")
        return read_array(path, mmap_mode).squeeze()

    def _write_array(self, path: str | Path, arr: AnyArray) -> None:
        self._check_writable()
        write_array(path, arr)

    def _load_metadata(self) -> dict[str, dict[int, Any]]:
        return {field: dict(values) for field, values in self.metadata.items()}

    def refresh_metadata(self) -> None:
        """Take over the labels that were just saved."""
        if self._session is not None:
            self.metadata = self._session.manager.labels.to_dict()

    def save_metadata(self, name: str, values: dict[int, Any]) -> None:
        """Write labels; those of a column that the tables show go through the session, and can be undone.

        Raises
        ------
        ReadOnlyError : the dataset does not accept changes
        """
        self._check_writable()
        kept = {int(c): v for c, v in values.items() if v is not None}
        session = self._session
        if session is None or name not in session.label_fields:
            write_tsv_simple(self.dir_path / f"cluster_{name}.tsv", name, kept)
            return
        now = session.manager.labels.values(name)
        for value in dict.fromkeys(kept.values()):
            changed = [c for c in session.cluster_ids if kept.get(c) == value and now.get(c) != value]
            if changed:
                session.label(name, value, changed)

    def save_spike_clusters(self, spike_clusters: AnyArray) -> None:
        """Save, when these are the labels of the session.

        Raises
        ------
        ActionError : they are not; merge and split through the supervisor, so that it can be undone
        """
        session = self._session
        if session is None or not np.array_equal(np.asarray(spike_clusters), session.spike_clusters()):
            raise ActionError("These are not the labels of the session: change them with supervisor.merge and .split.")
        session.save()

    def save_spikes_subset_waveforms(
        self, max_n_spikes_per_template: int = 500, max_n_channels: int | None = None, sample2unit: float = 1.0
    ) -> None:
        """Write waveforms of some spikes of each template beside the dataset; used when it is opened again."""
        self._check_writable()
        if self.traces is None:
            logger.warning("Spike waveforms need the raw data: %s", self._model.traces_missing)
            return
        extract_subset(
            self._model, max_n_spikes_per_template, n_channels=max(max_n_channels or 0, self.n_closest_channels),
            sample2unit=sample2unit, force=True,
        )  # fmt: skip

    def _check_writable(self) -> None:
        if self._session is not None and self._session.read_only:
            raise ReadOnlyError(f"{self._model.name} does not accept changes. {self._session.storage.why_read_only}")

    def describe(self) -> None:
        """Print what the dataset is."""
        print(self._model.describe().to_text())

    def close(self) -> None:
        """Let go of the dataset; the session of the program does that itself."""


def get_template_params(params_path: str | Path) -> dict[str, Any]:
    """Return what a `params.py` says, paths made absolute; the file is run.

    Raises
    ------
    DatasetError : there is no such file
    """
    path = Path(params_path)
    if not path.is_file():
        raise DatasetError(f"{path} does not exist; give the params.py of the dataset.")
    params = read_python(path)
    params["dtype"] = np.dtype(params["dtype"])
    params["dir_path"] = folder = Path(params.get("dir_path", path.parent))
    given = params.get("dat_path") or []
    files = given if isinstance(given, list | tuple) else [given]
    params["dat_path"] = [folder / file for file in files if str(file).strip()]
    return params


def load_model(params_path: str | Path) -> TemplateModel:
    """Open a dataset by its `params.py`.

    Raises
    ------
    DatasetError : a required file is missing or wrong
    """
    return TemplateModel.of(open_model(Path(params_path)))
