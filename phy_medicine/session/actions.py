"""One table of everything a person can do: it makes menus, keys, snippets, the help window and the docs page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from phy_medicine.base.errors import SnippetError
from phy_medicine.base.words import shown

ArgKind = Literal["ids", "value", "word", "rest"]
Choices = Sequence[str] | Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of an action.

    kind : "ids" takes all remaining words as cluster ids, "rest" the rest of the line as it was typed, "value" one
    number or text, "word" one text; choices : offered by completion, not enforced
    """

    name: str
    kind: ArgKind = "word"
    optional: bool = False
    choices: Choices = ()

    def candidates(self) -> tuple[str, ...]:
        """Return the values to offer now."""
        return tuple(self.choices() if callable(self.choices) else self.choices)


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do by key, menu, toolbar or snippet.

    menu : title of its menu, "" for none; shortcuts : key sequences, the first is shown; alias : short snippet name;
    when : tells whether it makes sense now (None: always); handler : called with the parsed arguments;
    owner : class name of the view it belongs to, "" for the program's own; group : actions of one menu with the same
    group stand together; why_not : a few words on what is missing when `when` says no
    """

    id: str
    text: str
    handler: Callable[..., Any]
    help: str = ""
    menu: str = ""
    group: str = ""
    shortcuts: tuple[str, ...] = ()
    alias: str = ""
    args: tuple[Arg, ...] = ()
    when: Callable[[], bool] | None = None
    icon: str = ""
    toolbar: bool = False
    owner: str = ""
    repeats: bool = False
    why_not: str = ""

    @property
    def usage(self) -> str:
        """How to type it: `:c ids`."""
        words = [f"[{a.name}]" if a.optional else a.name for a in self.args]
        return " ".join([f":{self.alias or self.id}", *words])

    @property
    def needs_arguments(self) -> bool:
        return any(not a.optional for a in self.args)


class ActionTable:
    """Actions in menu order, found by id or by snippet alias."""

    def __init__(self, actions: Iterable[Action] = ()) -> None:
        self._actions: dict[str, Action] = {}
        self._aliases: dict[str, str] = {}
        self.add(actions)

    def add(self, actions: Iterable[Action]) -> None:
        """Add actions; one with a known id takes the place of the old one."""
        for action in actions:
            self._actions[action.id] = action
            if action.alias:
                self._aliases[action.alias] = action.id

    def remove(self, action_id: str) -> None:
        """Forget an action."""
        action = self._actions.pop(action_id)
        self._aliases = {alias: id_ for alias, id_ in self._aliases.items() if id_ != action.id}

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions.values())

    def __contains__(self, action_id: str) -> bool:
        return action_id in self._actions

    def __getitem__(self, action_id: str) -> Action:
        return self._actions[action_id]

    def find(self, word: str) -> Action | None:
        """Return the action with this id or alias; hyphens may stand for underscores."""
        action_id = self._aliases.get(word, word)
        return self._actions.get(action_id) or self._actions.get(action_id.replace("-", "_"))

    def names(self) -> tuple[str, ...]:
        """Return all aliases and ids, sorted."""
        return tuple(sorted({*self._actions, *self._aliases}))

    def resolve(self, word: str) -> Action:
        """Return the action with this id or alias.

        Raises
        ------
        SnippetError : there is none; the sentence names the nearest
        """
        import difflib

        action = self.find(word)
        if action is None:
            near = difflib.get_close_matches(word, self.names(), n=1)
            hint = f"; did you mean {near[0]}?" if near else "; press H for the list."
            raise SnippetError(f"Unknown action {shown(word)}{hint}")
        return action

    def conflicts(self) -> dict[str, tuple[str, ...]]:
        """Return the keys that several of the program's own actions claim, with their ids."""
        claims: dict[str, list[str]] = {}
        for action in self:
            for key in action.shortcuts:
                if not action.owner:
                    claims.setdefault(key.lower(), []).append(action.id)
        return {key: tuple(ids) for key, ids in claims.items() if len(ids) > 1}
