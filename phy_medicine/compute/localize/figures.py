"""All figures of positions of one method, in one folder; `projections.png` is the one to look at first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray
from phy_medicine.compute.localize import figures_space as space
from phy_medicine.compute.localize import figures_time as time
from phy_medicine.compute.localize.figure_parts import strength_limits
from phy_medicine.compute.localize.likeness import Likeness, likeness
from phy_medicine.compute.localize.located import Located, both
from phy_medicine.compute.localize.movie import write_movie
from phy_medicine.compute.motion.motion import Motion

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST_SPIKES = 2


def draw_figures(
    folder: Path,
    located: Located,
    *,
    baseline: Located | None = None,
    motions: Mapping[str, Motion] | None = None,
    terms: Mapping[str, AnyArray] | None = None,
    movie: bool = False,
    check: Callable[[str], object] = lambda name: None,
) -> tuple[Path, ...]:
    """Draw the figures that what is given allows.

    Parameters
    ----------
    baseline : another method, to compare with
    motions : name -> motion, at least two for their comparison
    terms : name -> loss or a term of it by iteration
    check : called with the name of each figure before it is drawn; may raise to end the work

    Returns
    -------
    Their files

    Raises
    ------
    PhyMedError : fewer than two spikes have a position
    """
    if located.n_spikes < FEWEST_SPIKES:
        raise PhyMedError("Fewer than two spikes have a position; there is nothing to draw.")
    alike = likeness(located)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, draw in _figures(located, alike, baseline, motions or {}, terms or {}).items():
        check(name)
        files.append(folder / f"{name}.png")
        draw().savefig(files[-1])
    if movie:
        files.append(write_movie(folder, located, alike, lambda fraction: check(f"movie, {fraction:.0%}")))
    return tuple(files)


def _figures(
    located: Located,
    alike: Likeness,
    baseline: Located | None,
    motions: Mapping[str, Motion],
    terms: Mapping[str, AnyArray],
) -> dict[str, Callable[[], Figure]]:
    """What can be drawn, by the name of its file."""
    compared = baseline is not None and both(located, baseline)[0].n_spikes >= FEWEST_SPIKES
    limits = strength_limits([located, baseline] if compared and baseline is not None else [located])
    drawn: dict[str, Callable[[], Figure]] = {
        "projections": partial(space.projections, located),
        "depth_raster": partial(time.depth_raster, located, limits=limits),
        "depth_raster_by_z": partial(time.depth_raster, located, by="z"),
        "pairwise_correlation": partial(time.likeness_matrix, alike, located.name),
        "spatial_entropy": partial(time.entropy_trace, alike, located.name),
        "local_scatter": partial(space.local_scatter, located, limits=limits),
        "alpha": partial(space.strength_plots, located),
    }
    if compared and baseline is not None:
        drawn["displacement"] = partial(space.displacement, located, baseline)
        drawn["comparison"] = partial(space.comparison, located, baseline)
    if len(motions) > 1:
        drawn["motion_comparison"] = partial(time.motion_comparison, motions)
    if terms:
        drawn["convergence"] = partial(time.convergence, terms)
    return drawn
