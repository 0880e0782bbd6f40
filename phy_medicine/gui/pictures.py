"""Pictures of the window and of its views, by menu, key and snippet."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.base.paths import user_dir
from phy_medicine.gui.busy import busy
from phy_medicine.gui.figure_path import picture_path
from phy_medicine.views.still import Pose
from phy_medicine.views.theme import LIGHT

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.panels import ViewPanel
    from phy_medicine.gui.picture_dialog import Wish

_SIZE = re.compile(r"(\d{2,5})[x×](\d{2,5})")
_SCALE = re.compile(r"(\d+(?:\.\d+)?)[x×]")
GROUNDS = ("screen", "white")
_MOST_SCALE = 8.0


class Pictures:
    """Makes the pictures of one window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def save_window(self, path: str = "") -> None:
        """Save a picture of the window.

        Raises
        ------
        ActionError : the ending is unknown, or the file cannot be written
        """
        from phy_medicine.gui.window_figure import save_window

        window = self._window
        target = picture_path(path, self._folder, window.session.name)
        window.menus.load_icons()
        save_window(window, target)
        self._say(target)

    def save_view(self, path: str = "", options: str = "") -> None:
        """Save a picture of a view; options : size, scale, background and name, each if wanted.

        Raises
        ------
        ActionError : no such view, or a file that cannot be written
        """
        words = options.split()
        size = _taken(words, _SIZE.fullmatch)
        scale = _taken(words, _SCALE.fullmatch)
        ground = _taken(words, lambda word: re.fullmatch("|".join(GROUNDS), word))
        panel = self._panel(" ".join(words))
        pose = self.pose_of(panel)
        if size is not None:
            pose = dataclasses.replace(pose, size=(int(size[1]), int(size[2])))
        if scale is not None:
            pose = dataclasses.replace(pose, ratio=_scale(float(scale[1])))
        if (ground[0] if ground else self.ground) == "white":
            pose = dataclasses.replace(pose, theme=LIGHT)
        self._save(panel, picture_path(path, self._folder, self._stem(panel)), pose)

    def save_panel(self, panel: ViewPanel) -> None:
        """Save a view as it is on the screen, as PNG, under a name of its own."""
        self._save(panel, picture_path("", self._folder, self._stem(panel)), self.pose_of(panel))

    def ask_window(self) -> None:
        """Ask for a name, and save a picture of the window."""
        from phy_medicine.gui.picture_dialog import PictureDialog

        window = self._window
        target = picture_path("", self._folder, window.session.name)
        PictureDialog(window, "Screenshot", target, put=lambda wish: self.save_window(str(wish.target))).open()

    def ask_view(self) -> None:
        """Ask for name and size, and save a picture of the view that has the keyboard.

        Raises
        ------
        ActionError : no view has it
        """
        self.ask_panel(self._panel(""))

    def ask_panel(self, panel: ViewPanel) -> None:
        """Ask for name and size, and save a picture of a view."""
        from phy_medicine.gui.picture_dialog import PictureDialog

        pose = self.pose_of(panel)
        target = picture_path("", self._folder, self._stem(panel))

        def put(wish: Wish) -> None:
            self._window.state.set("figure_background", "white" if wish.white else "screen")
            theme = LIGHT if wish.white else None
            asked = dataclasses.replace(pose, size=wish.size, ratio=wish.scale, theme=theme)
            self._save(panel, picture_path(str(wish.target), self._folder, self._stem(panel)), asked)

        dialog = PictureDialog(self._window, f"Picture of {panel.name}", target, put=put)
        dialog.ask_size(pose.size, scale=pose.ratio, white=self.ground == "white")
        dialog.open()

    @property
    def ground(self) -> str:
        """The background that was chosen last, one of `GROUNDS`."""
        known = str(self._window.state.get("figure_background", "screen"))
        return known if known in GROUNDS else "screen"

    def pose_of(self, panel: ViewPanel) -> Pose:
        """Return how a view is on the screen."""
        native, host = panel.view.canvas.native, self._window.host
        ratio = float(native.devicePixelRatioF())
        return Pose((native.width(), native.height()), ratio, fresh=not host.in_sight(panel.view))

    @property
    def _folder(self) -> Path:
        return user_dir() / "screenshots"

    def _stem(self, panel: ViewPanel) -> str:
        return f"{self._window.session.name}_{panel.kind}"

    def _panel(self, name: str) -> ViewPanel:
        panel = self._window.panels.named(name)
        if panel is None:
            there = ", ".join(dict.fromkeys(name for _, name in self._window.panels.names()))
            why = f"There is no view {name!r} open" if name else "No view has the keyboard: click on one or name it"
            raise ActionError(f"{why}; there are {there}.")
        return panel

    def _save(self, panel: ViewPanel, target: Path, pose: Pose) -> None:
        from phy_medicine.gui.figure import save_view

        ids = ", ".join(map(str, panel.view.cluster_ids))
        title = f"{panel.name}, {self._window.session.name}" + (f", clusters {ids}" if ids else "")
        with busy(self._window.status, "Drawing the picture..."):
            save_view(panel.view, target, pose, title=title)
        self._say(target)

    def _say(self, target: Path) -> None:
        self._window.say(f"Saved picture to {target}.")


def _taken(words: list[str], match: Callable[[str], re.Match[str] | None]) -> re.Match[str] | None:
    """Return the match of the first word that has this form, and take it out."""
    for word in words:
        found = match(word)
        if found is not None:
            words.remove(word)
            return found
    return None


def _scale(value: float) -> float:
    if not 0.5 <= value <= _MOST_SCALE:
        raise ActionError(f"The scale of a picture is from 0.5 to {_MOST_SCALE:g}, not {value:g}.")
    return value
