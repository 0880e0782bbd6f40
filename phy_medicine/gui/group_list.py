"""The groups that clusters can be moved to: the user's own, those of the dataset, and keys that are free for them."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.curation.actions import GROUP
from phy_medicine.curation.groups import DEFAULT_GROUPS, Group
from phy_medicine.gui.keys import MNEMONICS, pretty_key
from phy_medicine.session.action_list import WHICH_KEYS, move_action_ids

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

_DEFAULTS = {group.name: group for group in DEFAULT_GROUPS}
_MNEMONICS = {key: f"the {name} menu" for key, name in MNEMONICS.items()}


class GroupList:
    """Adds, changes and removes groups, and remembers for all datasets what the user chose."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._groups = window.session.manager.groups
        self._chosen: dict[str, dict[str, Any]] = {}
        for name, facts in window.state.configuration.section("groups").items():
            self._restore({"name": name, **facts})
        self._configured = {name: dict(facts) for name, facts in self._chosen.items()}
        for entry in window.state.get("groups", ()):
            if not (isinstance(entry, dict) and window.state.is_fresh(f"groups.{entry.get('name')}")):
                self._restore(entry)
        self._meet()

    def __iter__(self) -> Any:
        return iter(tuple(self._groups))

    def _restore(self, entry: Any) -> None:
        try:
            self._put(str(entry["name"]), {k: entry[k] for k in ("key", "color", "masked") if k in entry})
        except (PhyMedError, KeyError, TypeError) as error:
            logger.warning("A group of the window state was left out: %s", error)

    def _meet(self) -> None:
        """Know every group of the dataset."""
        for name in set(self._window.session.manager.labels.values(GROUP).values()):
            self._groups.get(str(name))

    def _put(self, name: str, values: Mapping[str, Any]) -> Group:
        """Add a group or change one, and remember it as chosen by the user."""
        before = next((g for g in self if g.name == name), None)
        known = {} if before is None else {"color": before.color, "key": before.key, "masked": before.masked}
        merged = {**known, **values}
        group = self._groups.add(name, color=merged.get("color", ""), key=merged.get("key", ""),
                                 masked=bool(merged.get("masked", False)))  # fmt: skip
        chosen = {"color": group.color, "masked": group.masked}
        if values.get("key") or "key" in self._chosen.get(name, {}):
            chosen["key"] = group.key
        self._chosen[name] = chosen
        return group

    def add(self, name: str, key: str = "", color: str = "") -> Group:
        """Add a group, or change the key and the colour of one; `#RRGGBB` may stand in place of the key.

        Raises
        ------
        ActionError : a name, key or colour that cannot be
        """
        if key.startswith("#") and not color:
            key, color = "", key
        values: dict[str, Any] = {"key": self._checked(key, name)} if key else {}
        group = self._put(name.strip(), {**values, **({"color": color} if color else {})})
        self._show()
        return group

    def mask(self, name: str, masked: bool) -> None:
        """Let navigation skip the clusters of a group, or not."""
        self._put(name, {"masked": masked})
        self._show()

    def remove(self, name: str) -> None:
        """Forget a group of the user.

        Raises
        ------
        ActionError : one of phy's four, or clusters are still in it
        """
        labels = self._window.session.manager.labels.values(GROUP).values()
        n = sum(value == name for value in labels)
        if n:
            raise ActionError(f"{n} clusters are in {name}; move them to another group first.")
        self._groups.remove(name)
        self._chosen.pop(name, None)
        self._window.commands.drop_group(name)
        self._show()

    def take_new(self) -> bool:
        """Know groups that were made by a move; True when there are some, or one got another key."""
        known = {group.name for group in self}
        self._meet()
        return self.settle() or {group.name for group in self} != known

    def settle(self) -> bool:
        """Give groups whose key nobody chose one that means nothing else; True when a key changed."""
        changed = False
        for group in self:
            if group.name in _DEFAULTS or "key" in self._chosen.get(group.name, {}):
                continue
            if not group.key or self.taken_by(group.key, group.name):
                free = self._free_key(group.name)
                if free and free != group.key:
                    self._groups.add(group.name, color=group.color, key=free, masked=group.masked)
                    changed = True
        return changed

    def taken_by(self, key: str, name: str) -> str:
        """Return what a key means already, with Alt, Ctrl or both, when it is to move to a group; "" if it is free."""
        mine = move_action_ids(name)
        wanted = {f"{held}+{key}".lower() for held in WHICH_KEYS.values()}
        others = [a for a in self._window.commands.table if a.id not in mine]
        others.sort(key=lambda a: bool(a.owner))
        meanings = [(s, a.text.rstrip(".")) for a in others for s in a.shortcuts] + list(_MNEMONICS.items())
        return next((f"{pretty_key(s)} is {meaning}" for s, meaning in meanings if s.lower() in wanted), "")

    def to_state(self) -> list[dict[str, Any]]:
        """Return what the user chose, and did not configure."""
        chosen = {name: values for name, values in self._chosen.items() if values != self._configured.get(name)}
        return [{"name": name, **values} for name, values in chosen.items()]

    def _checked(self, key: str, name: str) -> str:
        key = key.lower()
        if len(key) != 1 or key not in string.ascii_lowercase + string.digits:
            raise ActionError(f"{key!r} is not a key for a group; choose one letter or digit.")
        taken = self.taken_by(key, name)
        if taken:
            raise ActionError(f"The key {key} cannot move clusters to {name}: {taken}. Choose another.")
        return key

    def _free_key(self, name: str) -> str:
        """Return the first letter of the name, else any, that means nothing yet."""
        letters = [c for c in name.lower() if c in string.ascii_lowercase]
        others = {g.key for g in self if g.name != name}
        free = (c for c in [*letters, *string.ascii_lowercase] if c not in others and not self.taken_by(c, name))
        return next(free, "")

    def _show(self) -> None:
        self.settle()
        self._window.commands.show_groups()
        self._window.tables.refresh_groups()
