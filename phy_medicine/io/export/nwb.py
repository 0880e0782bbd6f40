"""A curation as an NWB file: units with spikes, waveforms and the cluster table, electrodes, events."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray
from phy_medicine.io.durable import reserve
from phy_medicine.io.export.handover import Handover, MeanWaveforms
from phy_medicine.io.export.output import ExportReport, needed, new_file

# Columns with a meaning of their own in the units table, which a label of the same name must not take.
_TAKEN = {"id", "spike_times", "obs_intervals", "electrodes", "electrode_group", "waveforms", "waveform_mean",
          "waveform_sd", "waveform_mean_raw", "spike_depths", "spike_amplitudes"}  # fmt: skip
_GROUP_HELP = "The curator's verdict; empty when the cluster was not looked at"


@dataclass(frozen=True, slots=True)
class NwbOptions:
    """What an NWB file must say and a sorting does not know; None is guessed, and said so.

    session_start : when the recording began; without a time zone it is local time
    identifier : unique name of the file
    """

    session_start: datetime | None = None
    identifier: str = ""
    description: str = ""


def export_nwb(content: Handover, out: Path, *, options: NwbOptions | None = None, force: bool = False) -> ExportReport:
    """Write a curation as NWB.

    Parameters
    ----------
    out : an `.nwb` file, or a folder for one with the dataset's name

    Raises
    ------
    DatasetError : pynwb is missing, the file exists and `force` is not set, or it cannot be written
    """
    pynwb = needed("pynwb", "nwb")
    path = out if out.suffix == ".nwb" else out / f"{content.name}.nwb"
    file, notes = _new_nwb(pynwb, content, options or NwbOptions())
    _add_electrodes(file, content)
    file.units = _units(pynwb, file, content)
    notes += _note_on_waveforms(content)
    for one in _events(pynwb, content):
        file.add_time_intervals(one)
    n_bytes = 40 * content.n_spikes + (0 if content.waveforms is None else 2 * content.waveforms.data.nbytes)
    with new_file(path, force=force, n_bytes=n_bytes) as temporary:
        _write(pynwb, file, temporary, n_bytes)
    return ExportReport((path,), tuple(notes))


def _new_nwb(pynwb: Any, content: Handover, options: NwbOptions) -> tuple[Any, list[str]]:
    notes = []
    start = options.session_start
    if start is None:
        start = datetime.fromtimestamp(content.source.stat().st_mtime, UTC)
        notes.append(
            f"The start of the session is not known: {start:%Y-%m-%d %H:%M} UTC, when {content.source.name} was last "
            "written, stands for it; say it with --session-start."
        )
    identifier = options.identifier or str(uuid.uuid4())
    if not options.identifier:
        notes.append(f"The identifier {identifier} was made up; give your own with --identifier.")
    file = pynwb.NWBFile(
        session_description=options.description or f"Curated spike sorting of {content.name}",
        identifier=identifier,
        session_start_time=start if start.tzinfo else start.astimezone(),
        source_script=None,
    )
    return file, notes


def _add_electrodes(file: Any, content: Handover) -> None:
    """Add a row for each channel, in the order of the dataset's channels."""
    channels = content.channels
    device = file.create_device(name="probe", description="Probe of the dataset")
    groups = {}
    for probe, shank in sorted({*zip(channels.probes.tolist(), channels.shanks.tolist(), strict=True)}):
        name = f"probe{probe}shank{shank}"
        groups[probe, shank] = file.create_electrode_group(
            name=name, description=f"Shank {shank} of probe {probe}", location="unknown", device=device
        )
    file.add_electrode_column(name="channel_name", description="Name of the channel in the dataset")
    file.add_electrode_column(name="raw_column", description="Column of the channel in the raw file, from 0")
    for row, (x, y) in enumerate(channels.positions.tolist()):
        group = groups[int(channels.probes[row]), int(channels.shanks[row])]
        file.add_electrode(
            group=group, location="unknown", rel_x=x, rel_y=y, channel_name=content.channel_labels[row],
            raw_column=int(channels.map[row]),
        )  # fmt: skip


def _units(pynwb: Any, file: Any, content: Handover) -> Any:
    """Make the table from whole columns: row by row, 10 M spikes would pass through Python lists."""
    columns = [*_spike_columns(content), *_waveform_columns(file, content), *_table_columns(content)]
    return pynwb.misc.Units(
        name="units",
        description="Clusters of a curated spike sorting; id is the cluster's number in the dataset",
        id=list(content.cluster_ids),
        columns=columns,
        colnames=[c.name for c in columns if not c.name.endswith("_index")],
        electrode_table=file.electrodes,
        resolution=1 / content.sample_rate,
        waveform_rate=content.sample_rate,
    )


def _ragged(name: str, description: str, values: AnyArray, ends: AnyArray) -> list[Any]:
    """Two columns: the values of all clusters, and where those of each cluster end."""
    common = needed("hdmf.common", "nwb")
    data = common.VectorData(name=name, description=description, data=values)
    return [data, common.VectorIndex(name=f"{name}_index", target=data, data=ends.astype(np.uint64))]


def _spike_columns(content: Handover) -> Iterator[Any]:
    order, ends = content.by_cluster()
    yield from _ragged(
        "spike_times", "Times of the spikes, s from the start of the recording", content.times_s[order], ends
    )
    whole = np.tile(
        [min(0.0, float(content.times_s[0])), max(content.duration_s, float(content.times_s[-1]))], (len(ends), 1)
    )
    yield from _ragged("obs_intervals", "The whole recording, s", whole, np.arange(1, len(ends) + 1))
    if content.amplitudes is not None:
        text = "Amplitude of each spike as the sorter gives it, in its own unit"
        yield from _ragged("spike_amplitudes", text, content.amplitudes[order], ends)
    if content.depths_um is not None:
        text = "Position of each spike along the probe, µm, as observed"
        yield from _ragged("spike_depths", text, content.depths_um[order], ends)


def _waveform_columns(file: Any, content: Handover) -> Iterator[Any]:
    common = needed("hdmf.common", "nwb")
    means = content.waveforms
    near = content.peaks[:, None] if means is None else means.channels
    region = common.DynamicTableRegion(
        name="electrodes", description="Electrodes around the peak, which comes first", data=near.reshape(-1),
        table=file.electrodes,
    )  # fmt: skip
    ends = np.arange(1, len(near) + 1) * near.shape[1]
    yield region
    yield common.VectorIndex(name="electrodes_index", target=region, data=ends.astype(np.uint64))
    if means is None:
        return
    text = f"{_kind(means)}, the spike at sample {means.n_before}, on the channels of the column electrodes"
    if content.uv_per_bit is None:
        yield common.VectorData(name="waveform_mean_raw", description=f"{text}; in raw units", data=means.data)
        return
    volts = (means.data * (content.uv_per_bit * 1e-6)).astype(np.float32)
    yield common.VectorData(name="waveform_mean", description=f"{text}; volts", data=volts)


def _kind(means: MeanWaveforms) -> str:
    return f"Mean of up to {means.n_spikes} filtered waveforms" if means.n_spikes else "Template of the sorter"


def _note_on_waveforms(content: Handover) -> list[str]:
    if content.waveforms is None:
        return ["The dataset has neither raw data nor templates, so there are no mean waveforms."]
    if content.uv_per_bit is None:
        return [
            "NWB wants waveforms in volts, and nothing says how many µV a raw unit is: they are in the column "
            "waveform_mean_raw, in raw units; give --uv-per-bit for waveform_mean."
        ]
    return []


def _table_columns(content: Handover) -> Iterator[Any]:
    common = needed("hdmf.common", "nwb")
    for name in content.columns:
        text = content.helps.get(name) or (_GROUP_HELP if name == "group" else f"{name} of the cluster table")
        free = name if name not in _TAKEN and not name.endswith("_index") else f"{name}_label"
        values = content.column(name)
        data = values.tolist() if values.dtype.kind == "U" else values
        yield common.VectorData(name=_safe(free), description=text, data=data)


def _events(pynwb: Any, content: Handover) -> Iterator[Any]:
    """Time ranges and events as intervals; an event without an end stops when it starts."""
    trains = [(f"range_{name}", "Time range of the session", [a], [b]) for name, (a, b) in content.ranges.items()]
    for name, train in content.events.items():
        ends = np.where(np.isfinite(train.ends_s), train.ends_s, train.times_s)
        text = f"Events {name!r} from {train.file}; one that stops when it starts has no end"
        trains.append((_safe(name), text, train.times_s.tolist(), ends.tolist()))
    for name, text, starts, stops in trains:
        table = pynwb.epoch.TimeIntervals(name=name, description=text)
        for start_s, stop_s in zip(starts, stops, strict=True):
            table.add_interval(start_time=start_s, stop_time=stop_s)
        yield table


def _safe(name: str) -> str:
    """A name that NWB allows."""
    return name.replace("/", "_").replace(":", "_")


def _write(pynwb: Any, file: Any, path: Path, n_bytes: int) -> None:
    """Write into space that the disk has given already: HDF5 does not survive a disk that fills up under it."""
    import h5py

    h5py.File(path, "w").close()
    reserve(path, path.stat().st_size + n_bytes + (4 << 20))
    try:
        with h5py.File(path, "r+") as target, pynwb.NWBHDF5IO(path=str(path), file=target, mode="r+") as io:
            io.write(file)
    except (RuntimeError, ValueError, TypeError) as error:
        raise DatasetError(f"{path.name} could not be written as NWB: {error}. Nothing was left there.") from error
