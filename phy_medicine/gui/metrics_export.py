"""Writing the quality metrics to a file, once they are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from phy_medicine.base.errors import PhyMedError
from phy_medicine.gui import ask_path
from phy_medicine.io.metadata import METRICS_FILE
from phy_medicine.session.actions import Action, Arg

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow


class MetricsExport:
    """Writes at once what is known already; else goes on computing in the background, and writes then."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._waiting: Path | None = None
        window.bridge.connect(window.session.quality.arrived, self._arrived)

    def actions(self) -> tuple[Action, ...]:
        """Return what the File menu offers."""
        return (
            Action("export_metrics", "Export metrics...", self.export,
                   "Write the quality metrics of all clusters to a .tsv, .csv or .json file.", "File", "dataset",
                   args=(Arg("path", "rest", optional=True),)),
        )  # fmt: skip

    def export(self, path: str = "") -> None:
        """Write the metrics of all clusters, in place of what the file held.

        Raises
        ------
        PhyMedError : the file cannot be written
        """
        window, session = self._window, self._window.session
        start = session.model.dir_path / METRICS_FILE
        target = ask_path.to_write(path, window, "Export metrics", scripted=window.scripted, suffix=".tsv", start=start)
        if target is None:
            return
        if window.scripted or session.quality.complete():
            self._write(target)
            return
        self._waiting = target
        session.quality.ask_all()
        window.say(f"{target.name} is written once all metrics are known.")

    def _arrived(self, _names: frozenset[str]) -> None:
        target = self._waiting
        if target is None or not self._window.session.quality.complete():
            return
        self._waiting = None
        try:
            self._write(target)
        except PhyMedError as error:
            self._window.say(str(error))

    def _write(self, target: Path) -> None:
        session = self._window.session
        session.export_metrics(target, force=True)
        self._window.say(f"Wrote the metrics of {len(session.cluster_ids):,} clusters to {target}.")
