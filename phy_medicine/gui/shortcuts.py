"""The keys of the user: what takes the place of default keys, checked, remembered, exported and imported."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import ActionError
from phy_medicine.base.json_text import parse_json
from phy_medicine.base.log import logger
from phy_medicine.gui.keys import canonical, checked_key, owner_words, pretty_key
from phy_medicine.session.actions import Action, ActionTable

FORMAT, VERSION = "phy-medicine shortcuts", 1

Keys = tuple[str, ...]


def name_of(action: Action) -> str:
    """Return the name of an action in files: its id, for actions of views `TraceView.widen`."""
    return f"{action.owner}.{action.id.removeprefix(f'{action.owner}_')}" if action.owner else action.id


class Shortcuts:
    """Chosen keys by name of the action; what is named but not known here is kept for when it will be.

    table : the actions as they are now, with the keys that they have
    configured : name of an action -> keys that it has by default instead of the program's
    """

    def __init__(
        self, table: ActionTable, remembered: Any = None, configured: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._table = table
        self._defaults: dict[str, Keys] = {}
        self._configured = _usable(configured or {})
        self._claimed: set[str] = set()
        self._chosen: dict[str, Keys] = {}
        try:
            self._chosen = _checked_map(remembered or {})
        except ActionError as error:
            logger.warning("The remembered shortcuts were left out: %s", error)

    def worn(self, action: Action) -> Action:
        """Return an action that is new in the table, with its chosen keys."""
        name = name_of(action)
        if name in self._configured:
            action = dataclasses.replace(action, shortcuts=self._configured[name])
        self._defaults[name] = tuple(map(canonical, action.shortcuts))
        if self._chosen.get(name) == self._defaults[name]:
            del self._chosen[name]
        return dataclasses.replace(action, shortcuts=self._chosen.get(name, action.shortcuts))

    def names(self) -> tuple[str, ...]:
        """Names of all actions, as in files."""
        return tuple(map(name_of, self._table))

    def claim(self) -> list[Action]:
        """Take keys that were configured for an action from the others; return these, as they are now."""
        lost: dict[str, Action] = {}
        fresh = [a for a in self._table if name_of(a) in self._configured and name_of(a) not in self._claimed]
        for action in fresh:
            self._claimed.add(name_of(action))
            for other in self.clashes(action, self._configured[name_of(action)]):
                if name_of(other) in self._configured or self.is_chosen(other):
                    logger.warning("Two actions are to have one key: %s", clash_words([other], action.shortcuts))
                    continue
                kept = tuple(k for k in self._defaults[name_of(other)] if k not in self._configured[name_of(action)])
                self._defaults[name_of(other)] = kept
                lost[other.id] = dataclasses.replace(lost.get(other.id, other), shortcuts=kept)
        return list(lost.values())

    def is_chosen(self, action: Action) -> bool:
        """Whether an action has other keys than it would have by default."""
        return name_of(action) in self._chosen

    def is_given(self, action: Action) -> bool:
        """Whether somebody gave an action its keys, by hand or in the configuration."""
        return name_of(action) in self._chosen or name_of(action) in self._configured

    def clashes(self, action: Action, keys: Iterable[str]) -> list[Action]:
        """Return the actions that have one of these keys already and would get in the way.

        Views of different kinds may share a key: the one that has the keyboard decides.
        """
        wanted = set(map(canonical, keys))
        return [
            other
            for other in self._table
            if other.id != action.id
            and (not action.owner or not other.owner or action.owner == other.owner)
            and wanted & set(map(canonical, other.shortcuts))
        ]

    def change(self, action: Action, keys: Sequence[str], *, take: bool = False) -> list[Action]:
        """Give an action these keys and return every action that has other keys now.

        take : actions that have one of the keys lose it; without it they are a reason not to

        Raises
        ------
        ActionError : a key that cannot be, or that another action has
        """
        wanted = tuple(dict.fromkeys(map(checked_key, keys)))
        others = self.clashes(action, wanted)
        if others and not take:
            raise ActionError(clash_words(others, wanted))
        changed = [self._set(action, wanted)]
        for other in others:
            changed.append(self._set(other, tuple(k for k in map(canonical, other.shortcuts) if k not in wanted)))
        return changed

    def reset(self, action: Action, *, take: bool = False) -> list[Action]:
        """Give an action its default keys again, as `change` does."""
        return self.change(action, self._defaults[name_of(action)], take=take)

    def reset_all(self) -> list[Action]:
        """Give every action its default keys again."""
        self._chosen = {}
        return self._worn_again()

    def _set(self, action: Action, keys: Keys) -> Action:
        name = name_of(action)
        self._chosen.pop(name, None)
        if keys != self._defaults[name]:
            self._chosen[name] = keys
        return dataclasses.replace(action, shortcuts=keys)

    def _worn_again(self) -> list[Action]:
        """Return the actions whose keys in the table are not those they should have now."""
        wanted = [(a, self._chosen.get(name_of(a), self._defaults[name_of(a)])) for a in self._table]
        return [
            dataclasses.replace(a, shortcuts=keys) for a, keys in wanted if tuple(map(canonical, a.shortcuts)) != keys
        ]

    def to_state(self) -> dict[str, list[str]]:
        """Return what the user chose."""
        return {name: list(keys) for name, keys in self._chosen.items()}

    def export(self, path: Path) -> int:
        """Write the keys of all actions as JSON and return how many actions have one.

        Raises
        ------
        ActionError : the file cannot be written
        """
        keys = {name_of(a): list(map(canonical, a.shortcuts)) for a in self._table if a.shortcuts or self.is_chosen(a)}
        text = json.dumps({"format": FORMAT, "version": VERSION, "shortcuts": {**self.to_state(), **keys}}, indent=1)
        try:
            path.write_text(text + "\n", "utf-8")
        except OSError as error:
            raise ActionError(f"Could not write the shortcuts to {path}: {error.strerror}.") from None
        return len(keys)

    def take_over(self, path: Path) -> tuple[list[Action], tuple[str, ...]]:
        """Read keys from JSON; actions that the file does not name get their default keys.

        Returns
        -------
        (actions, names) : those that have other keys now, and the names that mean nothing here

        Raises
        ------
        ActionError : the file cannot be used; nothing has changed
        """
        given = _read(path)
        chosen = {name: keys for name, keys in given.items() if keys != self._defaults.get(name)}
        self._refuse_shared(path, chosen)
        self._chosen = chosen
        known = {name_of(a) for a in self._table}
        return self._worn_again(), tuple(name for name in given if name not in known)

    def _refuse_shared(self, path: Path, chosen: Mapping[str, Keys]) -> None:
        """Refuse a file that gives one key to two actions that would be in each other's way."""
        holders: dict[str, list[Action]] = {}
        for action in self._table:
            for key in chosen.get(name_of(action), self._defaults[name_of(action)]):
                for other in holders.setdefault(key, []):
                    news = name_of(action) in chosen or name_of(other) in chosen
                    if news and (not action.owner or not other.owner or action.owner == other.owner):
                        both = f"{name_of(other)} and {name_of(action)}"
                        raise ActionError(f"{path.name} gives {pretty_key(key)} to both {both}; nothing was changed.")
                holders[key].append(action)


def clash_words(others: Sequence[Action], keys: Iterable[str]) -> str:
    """Say in a sentence which actions have which of the keys: `G is the key of Merge, of the program.`"""
    wanted = set(map(canonical, keys))
    words = []
    for other in others:
        shared = " and ".join(pretty_key(k) for k in map(canonical, other.shortcuts) if k in wanted)
        words.append(f"{shared} is the key of {other.text.rstrip('.')}, of {owner_words(other)}.")
    return " ".join(words)


def _read(path: Path) -> dict[str, Keys]:
    try:
        content = parse_json(path.read_text("utf-8"))
    except OSError as error:
        raise ActionError(f"Could not read {path}: {error.strerror}.") from None
    except ValueError:
        raise ActionError(f"{path.name} is not a JSON file; nothing was changed.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT or content.get("version") != VERSION:
        raise ActionError(f"{path.name} holds no shortcuts of phy-medicine (version {VERSION}); nothing was changed.")
    try:
        return _checked_map(content.get("shortcuts"))
    except ActionError as error:
        raise ActionError(f"{path.name}: {error} Nothing was changed.") from None


def _usable(configured: Mapping[str, Sequence[str]]) -> dict[str, Keys]:
    """Return configured keys without those that cannot be, which are told of."""
    keys: dict[str, Keys] = {}
    for name, given in configured.items():
        try:
            keys[name] = tuple(dict.fromkeys(map(checked_key, given)))
        except ActionError as error:
            logger.warning("shortcuts.%s: %s", name, error)
    return keys


def _checked_map(content: Any) -> dict[str, Keys]:
    """Return keys by name of the action, from JSON."""
    if not isinstance(content, dict):
        raise ActionError("There is no list of shortcuts.")
    keys: dict[str, Keys] = {}
    for name, given in content.items():
        if not isinstance(given, list) or not all(isinstance(key, str) for key in given):
            raise ActionError(f"The keys of {name} are not a list of texts.")
        keys[str(name)] = tuple(dict.fromkeys(map(checked_key, given)))
    return keys
