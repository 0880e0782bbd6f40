"""Handing the curation of a session over to other programs, and taking one over from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from phy_medicine.base.errors import DatasetError, ReadOnlyError
from phy_medicine.curation.actions import GROUP
from phy_medicine.io.curation_start import AUTO, curation_start
from phy_medicine.io.export.handover import Handover
from phy_medicine.io.export.output import ExportReport, Progress, no_progress
from phy_medicine.session.handover import N_WAVEFORMS, Wanted, gather
from phy_medicine.session.si_curation import CurationReport, apply_steps

if TYPE_CHECKING:
    from phy_medicine.io.export.waveform_subset import SubsetReport
    from phy_medicine.session.session import Session


@dataclass(frozen=True, slots=True)
class Format:
    """A format of `Session.export`.

    writer : module and function in `phy_medicine.io.export`
    waveforms, depths : whether it holds mean waveforms, and the depth of each spike
    """

    writer: str
    waveforms: bool = False
    depths: bool = False

    def load(self) -> Callable[..., ExportReport]:
        """Return the function that writes it."""
        module, _, function = self.writer.partition(":")
        found: Callable[..., ExportReport] = getattr(import_module(f"phy_medicine.io.export.{module}"), function)
        return found


FORMATS = {
    "cluster-info": Format("cluster_info:export_cluster_info"),
    "spikeinterface": Format("spikeinterface:export_sorting"),
    "nwb": Format("nwb:export_nwb", waveforms=True, depths=True),
    "alf": Format("alf:export_alf", waveforms=True, depths=True),
    "pynapple": Format("pynapple:export_pynapple"),
}
"""Name of a format -> how it is written; Kwik files are copies of the dataset and made by `io.export.kwik`."""


class Exports:
    """The part of the session that other programs are given, and give."""

    def export(
        self,
        to: str,
        out: str | Path,
        *,
        force: bool = False,
        n_waveforms: int = N_WAVEFORMS,
        uv_per_bit: float | None = None,
        progress: Progress = no_progress,
        **options: Any,
    ) -> ExportReport:
        """Write the curation as it is now, saved or not, for another program.

        Parameters
        ----------
        to : "cluster-info", "spikeinterface", "nwb", "alf" or "pynapple"
        out : file or folder, as the format wants; a `.json` file of "spikeinterface" gets the curation, not the spikes
        force : replace an earlier export
        n_waveforms : averaged for the mean waveform of each cluster, where the format has one; 0: templates
        uv_per_bit : µV per raw unit
        progress : called with the clusters that are done, and all
        options : of the format: `options=NwbOptions(...)` of "nwb"; `before` and `as_text` of a curation, see
            `io.curation_start.curation_start`

        Raises
        ------
        DatasetError : an unknown format, a package that is missing, or a file that cannot be written
        """
        if to not in FORMATS:
            raise DatasetError(f"{to!r} cannot be written; available: {', '.join(FORMATS)}.")
        if to == "spikeinterface" and Path(out).suffix == ".json":
            return self._export_curation(Path(out), force=force, progress=progress, **options)
        format_ = FORMATS[to]
        write = format_.load()
        wanted = Wanted(n_waveforms if format_.waveforms else None, format_.depths, uv_per_bit)
        return write(gather(cast("Session", self), wanted, progress), Path(out), force=force, **options)

    def _export_curation(
        self, out: Path, *, force: bool, progress: Progress, before: str | Path = AUTO, as_text: bool = False
    ) -> ExportReport:
        from phy_medicine.io.export.si_curation import export_curation

        session = cast("Session", self)
        start = curation_start(session.model, before, as_text=as_text)
        fields = [f for f in session.label_fields if f != GROUP and f not in session.manager.labels.measured]
        return export_curation(gather(session, progress=progress), start, out, fields=fields, force=force)

    def export_metrics(
        self,
        out: str | Path,
        *,
        names: Sequence[str] | None = None,
        force: bool = False,
        progress: Progress = no_progress,
    ) -> ExportReport:
        """Write the quality metrics of all clusters; what is missing is computed now.

        Parameters
        ----------
        out : a `.tsv`, `.csv` or `.json` file, or a folder, which gets a `cluster_metrics.tsv`
        names : columns, all by default
        force : replace a file
        progress : called with the clusters that are done, and all

        Raises
        ------
        DatasetError : there is no such metric, or the file exists or cannot be written
        """
        from phy_medicine.io.export.metrics import export_metrics
        from phy_medicine.session.quality_columns import TABLE
        from phy_medicine.session.quality_rows import metric_rows

        session, wanted = cast("Session", self), tuple(TABLE if names is None else names)
        unknown = [name for name in wanted if name not in TABLE]
        if unknown:
            raise DatasetError(f"There is no metric {unknown[0]}; available: {', '.join(TABLE)}.")
        session.quality.compute(names=wanted, done=progress)
        return export_metrics(wanted, metric_rows(session, wanted), Path(out), force=force)

    def extract_waveforms(
        self,
        n: int = 500,
        *,
        n_channels: int = 16,
        seed: int = 0,
        sample2unit: float = 1.0,
        force: bool = False,
        progress: Progress = no_progress,
    ) -> SubsetReport:
        """Store raw waveforms of some spikes of each template beside the dataset, in phy's files; all three, or none.

        This session goes on reading the recording; a dataset opened without it shows them.

        Parameters
        ----------
        n : spikes of each template of the sorter at most, chosen at random
        n_channels : of each spike, the best of its template; at least `n_closest_channels` of params.py
        seed : of the choice, 0 or more
        sample2unit : unit of the waveforms per raw unit
        force : replace those that are stored already
        progress : called with the spikes that are done, and all

        Raises
        ------
        ReadOnlyError : the session does not accept changes
        DatasetError : no recording, files that are there without `force`, no room; see `io.export.waveform_subset`
        """
        from phy_medicine.io.export.waveform_subset import extract_subset

        session = cast("Session", self)
        if session.read_only:
            raise ReadOnlyError(f"{session.model.name} does not accept changes. {session.storage.why_read_only}")
        return extract_subset(
            session.model, n, n_channels=n_channels, seed=seed, sample2unit=sample2unit, force=force, progress=progress
        )

    def apply_curation(self, curation: str | Path | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> CurationReport:
        """Do a curation of SpikeInterface, by actions that can be undone one by one; all of it, or nothing.

        Parameters
        ----------
        curation : path of a JSON file, or what is in one; a list is done one after the other

        Raises
        ------
        DatasetError : no curation, or one of other units
        ReadOnlyError, JournalError : the actions cannot be kept safe
        """
        from phy_medicine.io.si_curation import read_curation

        source = Path(curation) if isinstance(curation, str | Path) else curation
        return apply_steps(cast("Session", self), read_curation(source))

    def handover(self, wanted: Wanted | None = None) -> Handover:
        """Return the curation as it is now, as arrays."""
        return gather(cast("Session", self), wanted)

    def to_pynapple(self) -> Any:
        """Return the clusters as a `pynapple.TsGroup` with the columns of the cluster table as metadata.

        Raises
        ------
        DatasetError : pynapple is not installed
        """
        from phy_medicine.io.export.pynapple import to_ts_group

        return to_ts_group(self.handover())

    def to_spikeinterface(self) -> Any:
        """Return the clusters as a sorting of SpikeInterface with the columns of the cluster table as properties."""
        from phy_medicine.io.export.spikeinterface import to_sorting

        return to_sorting(self.handover())
