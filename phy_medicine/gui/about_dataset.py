"""Keeps the window about the dataset and the count of its remarks in the status bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.gui.dataset_window import DatasetWindow, counted

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.io.model import Description
    from phy_medicine.views.theme import Theme


class AboutDataset:
    """Opens the window; the description is worked out in the background, because it reads some raw data."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._dialog: DatasetWindow | None = None
        window.status.checks.clicked.connect(self.show)

    def update(self) -> None:
        """Count the remarks again; some files are read only when a view asks for them."""
        checks = self._window.session.model.checks
        warning = any(check.severity == "warning" for check in checks)
        tip = "\n".join(str(check) for check in checks)
        self._window.status.show_checks(counted(checks), tip, warning=warning)

    def show(self) -> None:
        """Open the window."""
        window = self._window
        if self._dialog is None:
            self._dialog = DatasetWindow(window.session.name, window.theme, window)
            self._dialog.finished.connect(window.activateWindow)
        self._dialog.show_description("Looking at the files \N{HORIZONTAL ELLIPSIS}")
        self._dialog.show_checks(window.session.model.checks)
        self._dialog.show()
        self._dialog.raise_()
        window.session.pool.submit("describe", self._describe, on_done=self._described)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        if self._dialog is not None:
            self._dialog.set_theme(theme)

    def _describe(self) -> Description:
        return self._window.session.model.describe()

    def _described(self, description: Description) -> None:
        text = description.to_text(remarks=False)
        self._window.bridge.post(lambda: self._show_text(text))

    def _show_text(self, text: str) -> None:
        if self._dialog is not None:
            self._dialog.show_description(text)
            self._dialog.show_checks(self._window.session.model.checks)
            self.update()
