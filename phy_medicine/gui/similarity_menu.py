"""The menu of the similarity table: how clusters are compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phy_medicine.gui.qt import QtWidgets
from phy_medicine.session.similar import SimilarClusters

_HELP = {
    "template": "Templates as the sorter saw them.",
    "drift": "Templates with the motion in use taken out, so that a neuron split by drift finds its other part.",
    "auto": "Drift-aware while a motion is in use, templates otherwise.",
}


def fill_similarity_menu(
    menu: QtWidgets.QMenu, similar: SimilarClusters, guard: Callable[[Callable[[], Any]], Any]
) -> QtWidgets.QMenu:
    """Add one entry for each metric, and one that leaves the choice to the motion in use; the choice is ticked.

    guard : runs what a person asked for and shows its error
    """
    chosen = "auto" if similar.automatic else similar.metric
    group = QtWidgets.QActionGroup(menu)
    for name in ("auto", *similar.names):
        text = "automatic" if name == "auto" else similar.name_of(name)
        entry = menu.addAction((text[0].upper() + text[1:]).replace("&", "&&"))
        entry.setData(name)
        entry.setToolTip(similar.help_of(name) or _HELP.get(name, ""))
        entry.setCheckable(True)
        entry.setChecked(name == chosen)
        entry.setEnabled(name != "drift" or similar.drift_possible)
        entry.triggered.connect(lambda _on, n=name: guard(lambda: _choose(similar, n)))
        group.addAction(entry)
    menu.setToolTipsVisible(True)
    return menu


def _choose(similar: SimilarClusters, name: str) -> None:
    similar.metric = name
