"""`phy-med trace-gui`: a raw recording alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phy_medicine.app.build import run_window
from phy_medicine.app.window_command import prepared, window_only_options

if TYPE_CHECKING:
    from phy_medicine.base.configuration import Configuration
    from phy_medicine.compute.motion.recordings import RecordingFile
    from phy_medicine.session.session import Session


@click.command("trace-gui")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-s", "--sample-rate", type=float, default=0.0, help="Of a flat binary file. [Hz]")
@click.option("-n", "--n-channels", "--channels", type=int, default=0, help="Columns of a flat binary file.")
@click.option("-d", "--dtype", default="int16", show_default=True, help="Of a flat binary file.")
@click.option("--offset", type=int, default=0, help="Bytes before the samples of a flat binary file.")
@click.option(
    "--probe", default="", metavar="PROBE",
    help="Where the channels are, as for phy-med sort; without it those of a file that does not know stand in a line.",
)  # fmt: skip
@click.option("--format", "format_name", default="", help="Reader of SpikeInterface for FILE, such as spikeglx.")
@window_only_options
def command(
    file: Path, *, sample_rate: float, n_channels: int, dtype: str, offset: int, probe: str, format_name: str,
    **values: Any,
) -> None:  # fmt: skip
    """Look at a raw recording alone, before it is sorted.

    FILE is a flat binary file, a .cbin or .npy file, the params.py of a dataset, or anything that SpikeInterface reads.
    Nothing is written beside it.

    \b
    phy-med trace-gui raw.bin --sample-rate 30000 --n-channels 384
    phy-med trace-gui params.py --do "tg 12.5"
    """
    from phy_medicine.compute.motion.recordings import RecordingFile

    path = file.expanduser().absolute()
    options = prepared(path, values, plugins=False)
    recording = RecordingFile(str(path), format_name, sample_rate, n_channels, dtype, offset, probe)
    code = run_window(partial(open_recording, recording, options.configuration), options)
    click.get_current_context().exit(code)


def open_recording(recording: RecordingFile, configuration: Configuration) -> Session:
    """Open a session without spikes on a recording; nothing in it can be changed.

    Raises
    ------
    PhyMedError : it cannot be read
    """
    import numpy as np

    from phy_medicine.compute.sorting.source import open_source
    from phy_medicine.io.channels import Channels
    from phy_medicine.io.contacts import PROBE_NAME
    from phy_medicine.io.recording_model import RecordingModel
    from phy_medicine.session.session import Session

    source = open_source(recording, to_sort=False)
    path = Path(recording.path)
    found = source.channels
    channels = Channels(found.map, found.positions, found.shanks, np.zeros(len(found.map), np.int32))
    # Of a dataset, or the one that was named; what else lies beside may be of another recording.
    probe = path.with_name(PROBE_NAME) if path.suffix == ".py" else Path(recording.probe)
    shapes = probe if probe.suffix == ".json" else None
    model = RecordingModel(path, source.recorded, source.raw, channels, probe=shapes, notes=source.notes)
    return Session(model, read_only=True, configuration=configuration)
