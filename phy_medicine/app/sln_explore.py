"""The explorer of positions that lie in a folder instead of a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.app.explore import explored_of
from phy_medicine.app.explorer_page import PageOptions, make_page
from phy_medicine.app.sln_data import Data
from phy_medicine.app.sln_files import read_result
from phy_medicine.app.sln_score import located_of
from phy_medicine.base.errors import PhyMedError
from phy_medicine.io.durable import reason

if TYPE_CHECKING:
    from phy_medicine.compute.localize.explored import Explored
    from phy_medicine.compute.localize.located import Located


def write_explorer(
    data: Data, gl_pre: Path, out: Path, *, label: str, n_bg: int, n_interactive: int, svg: bool, seed: int
) -> None:
    """Write the page.

    Raises
    ------
    PhyMedError : the file exists or cannot be written, or the positions are of other spikes
    """
    if out.exists():
        raise PhyMedError(f"{out} exists; choose another file, nothing is overwritten.")
    result = read_result(gl_pre, len(data.samples))
    located = located_of(data, result)
    options = PageOptions(label or f"{data.folder.name}: {located.name}", min(n_bg, 3000) if svg else n_bg, svg, seed)
    page = make_page(located, _explored(data, located, result.peak_channels, n_interactive, seed), options)
    try:
        out.write_text(page, "utf-8")
    except OSError as error:
        raise PhyMedError(f"Could not write {out}: {reason(error)}.") from None


def _explored(data: Data, located: Located, channels: object, n: int, seed: int) -> Explored:
    """The spikes that can be picked, with their waveforms."""
    from phy_medicine.compute.localize.contacts import nearest
    from phy_medicine.compute.localize.explored import MOST_FITTED, chosen, explore
    from phy_medicine.compute.localize.settings import LocalizeSettings
    from phy_medicine.compute.localize.spike_source import FolderSource

    if data.session is not None:
        model = data.session.model
        peaks = model.template_peak_channels[model.spike_templates] if channels is None else channels
        return explored_of(model, np.asarray(peaks, np.int64), LocalizeSettings(), located, n, seed)
    files = data.files
    assert files is not None
    rows = np.sort(chosen(located, max(n, MOST_FITTED), seed))
    ids = located.spike_ids[rows]
    table = nearest(data.contacts).channel_ids
    source = FolderSource(files.waveforms[ids], files.channels[ids], table, files.sample_rate, files.peak)
    order = np.random.default_rng(seed).permutation(len(rows))  # the first n are shown
    return explore(located, rows[order], source, order, data.contacts, files.sample_rate, n)
