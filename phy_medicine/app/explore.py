"""`phy-med explore`: positions and waveforms of spikes in one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.base.errors import PhyMedError

if TYPE_CHECKING:
    from phy_medicine.app.explorer_page import PageOptions
    from phy_medicine.base.types import IntArray
    from phy_medicine.compute.localize.explored import Explored
    from phy_medicine.compute.localize.located import Located
    from phy_medicine.compute.localize.settings import LocalizeSettings
    from phy_medicine.io.model import Model
    from phy_medicine.io.store_runs import Run
    from phy_medicine.session.session import Session


@click.command("explore")
@click.argument("params_py", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE", help="The HTML file."
)
@click.option("--run", "run_name", default="", help="Id or name of the positions; the latest by default.")
@click.option("--label", default="", help="Title of the page.")
@click.option(
    "--n-bg", default=20_000, show_default=True, type=click.IntRange(0, 500_000), help="Spikes drawn in each panel."
)
@click.option(
    "--n-interactive", default=1000, show_default=True, type=click.IntRange(1, 10_000), help="Spikes to be picked."
)
@click.option("--svg", is_flag=True, help="Draw points without WebGL, at most 3,000 of them.")
@click.option("--seed", default=0, show_default=True, help="Of the choice of spikes.")
@debug_option
def command(
    params_py: Path, *, out: Path, run_name: str, label: str, n_bg: int, n_interactive: int, svg: bool, seed: int
) -> None:
    """Write an explorer of the positions of spikes: one HTML file that needs no network.

    A click in any of nine panels picks the nearest spike and shows its waveforms at their contacts and where each
    method puts it. The positions are those of the latest run of phy-med localize.

    \b
    phy-med localize params.py
    phy-med explore params.py --out spikes.html
    """
    from phy_medicine.app.build import open_session
    from phy_medicine.app.explorer_page import PageOptions, make_page
    from phy_medicine.io.durable import reason
    from phy_medicine.session.localized import localization_run, make_located

    if out.exists():
        raise PhyMedError(f"{out} exists; choose another file, nothing is overwritten.")
    session = open_session(params_py, read_only=True, recover=None, use_runs=False)
    try:
        run, columns = localization_run(session, run_name)
        located = make_located(session, str(run.facts["method"]), columns, session.motion.current)
        title = label or f"{params_py.resolve().parent.name}: {run.name} ({located.name})"
        options = PageOptions(title, min(n_bg, 3000) if svg else n_bg, svg, seed)
        page = make_page(located, explored(session, run, located, n_interactive, options), options)
    finally:
        session.close()
    try:
        out.write_text(page, "utf-8")
    except OSError as error:
        raise PhyMedError(f"Could not write {out}: {reason(error)}.") from None
    click.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB.")


def explored(session: Session, run: Run, located: Located, n: int, options: PageOptions) -> Explored:
    """Return the spikes that can be picked, with their waveforms from the recording, or else from those stored.

    Raises
    ------
    PhyMedError : there are neither
    """
    import numpy as np

    from phy_medicine.session.explored_spikes import signal_settings

    settings = signal_settings(run.params)
    channels = np.asarray(session.store.read(run.id)["peak_channels"], np.int64)
    return explored_of(session.model, channels, settings, located, n, options.seed)


def explored_of(
    model: Model, channels: IntArray, settings: LocalizeSettings, located: Located, n: int, seed: int
) -> Explored:
    """Return the spikes that can be picked; channels : (n_spikes,), where each peaks; see `explored`."""
    import numpy as np

    from phy_medicine.compute.localize.contacts import Contacts
    from phy_medicine.compute.localize.explored import MOST_FITTED, chosen, explore, shown_window
    from phy_medicine.compute.localize.job import shanks_of, signal_source
    from phy_medicine.compute.localize.settings import STORED

    samples = np.asarray(model.spike_samples)
    ids: IntArray
    wanted: IntArray
    window, most = shown_window(model.sample_rate), max(n, MOST_FITTED)
    if model.traces is not None and settings.signal != STORED:
        rows = chosen(located, most, seed)
        ids, wanted = located.spike_ids[rows], np.arange(len(rows))
    else:
        stored = model.waveform_subset
        rows = chosen(located, most, seed, None if stored is None else stored.spike_ids)
        ids, wanted = np.arange(len(samples)), located.spike_ids[rows]
    source, _ = signal_source(model, samples[ids], channels[ids], settings, max(window.before, window.after))
    contacts = Contacts.of(model.channel_positions, shanks_of(model))
    return explore(located, rows, source, wanted, contacts, model.sample_rate, n)
