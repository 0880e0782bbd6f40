"""Positions of networks in folders, compared with the monopolar ones in a table and in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from phy_medicine.app.localize import terms_of
from phy_medicine.app.sln_data import Data, Say
from phy_medicine.app.sln_files import GL_PRE, Result, is_result, read_result
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.localize.located import Located
from phy_medicine.compute.localize.network_settings import MEDICINE
from phy_medicine.compute.localize.pictures import Grid
from phy_medicine.compute.localize.scoreboard import Known, Method, scoreboard, text_table, write_csv
from phy_medicine.compute.localize.settings import MONOPOLAR
from phy_medicine.io.durable import reason

BASELINE = f"{MONOPOLAR} + motion"
SCOREBOARD = "scoreboard.csv"


def score_results(
    data: Data,
    out: Path,
    folders: Sequence[Path],
    *,
    held_out: float = 0.0,
    bin_s: float = 1.0,
    window_s: float = 30.0,
    motion_method: str = MEDICINE,
    device: str = "auto",
    say: Say = None,
) -> str:
    """Write the scoreboard of results into a folder and return it as text.

    held_out : last part of the recording that is scored; 0 is all of it
    motion_method : who estimates the motion of the monopolar positions

    Raises
    ------
    PhyMedError : there is no result, one is of other spikes, or the scoreboard exists
    """
    file = out / SCOREBOARD
    if file.exists():
        raise PhyMedError(f"{file} exists; choose another folder, nothing is overwritten.")
    results = found_results(out, folders, len(data.samples))
    columns = data.monopolar(say, device)
    fit = positions_of(columns)
    motion = data.motion_of(columns, motion_method, say)
    methods = [Method(MONOPOLAR, fit), Method(BASELINE, fit, motion)]
    for name, result in results.items():
        methods.append(Method(name, result.um))
        if result.motion is not None:
            methods.append(Method(f"{name} + motion", result.um, result.motion))
    channels = np.asarray(columns["peak_channels"])
    known = Known(fit, data.anchors_um[channels], *data.truth())
    times = data.times_s
    part = times >= times.max() - held_out * np.ptp(times) if held_out else None
    grid = Grid.around(data.contacts.positions_um)
    rows = scoreboard(times, methods, known, grid, baseline=BASELINE, part=part, bin_s=bin_s, window_s=window_s)
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_csv(file, rows)
    except OSError as error:
        raise PhyMedError(f"Could not write {file}: {reason(error)}.") from None
    return text_table(rows)


def found_results(out: Path, folders: Sequence[Path], n_spikes: int) -> dict[str, Result]:
    """Return results by names that differ: of the folders, or else of `out` and of those in it."""
    if not folders:
        inside = sorted(out.iterdir()) if out.is_dir() else []
        folders = [folder for folder in (out, *inside) if is_result(folder)]
    if not folders:
        raise PhyMedError(f"There are no positions in {out}; name folders with --result.")
    results = {folder: read_result(folder / GL_PRE, n_spikes) for folder in folders}
    names = [result.name for result in results.values()]
    return {
        result.name if names.count(result.name) == 1 else f"{result.name} ({folder.name})": result
        for folder, result in results.items()
    }


def positions_of(columns: Mapping[str, AnyArray]) -> FloatArray:
    """Return positions (n_spikes, 3) of the columns of a run."""
    return np.stack([np.asarray(columns[name], np.float64) for name in ("x_um", "depth_um", "z_um")], axis=1)


def located_of(data: Data, result: Result, monopolar: Mapping[str, AnyArray] | None = None) -> Located:
    """Return a result as pictures take it; strength and peak channels that it does not know are the monopolar ones.

    Raises
    ------
    PhyMedError : it does not know them, and no monopolar positions are given
    """
    alpha, channels = result.alpha, result.peak_channels
    if alpha is None or channels is None:
        monopolar = data.monopolar() if monopolar is None else monopolar
        alpha = monopolar["alpha"] if alpha is None else alpha
        channels = monopolar["peak_channels"] if channels is None else channels
    columns = dict(zip(("x_um", "depth_um", "z_um"), result.um.T, strict=True))
    columns |= {"alpha": alpha, "peak_channels": np.asarray(channels)}
    contacts = data.contacts.positions_um
    return Located.of(result.name, data.times_s, columns, data.anchors_um, contacts, motion=result.motion)


def draw_result(
    data: Data,
    folder: Path,
    figures: Path,
    *,
    movie: bool = False,
    motion_method: str = MEDICINE,
    device: str = "auto",
    say: Say = None,
) -> tuple[Path, ...]:
    """Draw the figures of one result and return their files.

    Raises
    ------
    PhyMedError : there is no result, or it is of other spikes
    """
    from phy_medicine.compute.localize.figures import draw_figures

    result = read_result(folder / GL_PRE, len(data.samples))
    columns = data.monopolar(say, device)
    motions = {BASELINE: data.motion_of(columns, motion_method, say)}
    if result.motion is not None:
        motions = {result.name: result.motion, **motions}
    located = located_of(data, result, columns)
    contacts = data.contacts.positions_um
    baseline = Located.of(MONOPOLAR, data.times_s, columns, data.anchors_um, contacts, motion=motions[BASELINE])
    return draw_figures(
        figures, located, baseline=baseline, motions=motions, terms=terms_of(result.losses), movie=movie,
        check=lambda name: say(f"Drawing {name}") if say is not None else None,
    )  # fmt: skip
