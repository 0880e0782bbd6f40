"""The actions of a session: everything that can be done without a window, with its key, snippet and help."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.filters import in_filter
from phy_medicine.session.actions import Action, Arg
from phy_medicine.session.sorter_groups import columns_with_groups, groups_from

if TYPE_CHECKING:
    from phy_medicine.base.types import LabelValue
    from phy_medicine.session.session import Session

WHICH = ("best", "similar", "all")
_WHICH_WORDS = {
    "best": "the selected clusters",
    "similar": "the selected similar clusters",
    "all": "all selected clusters",
}
WHICH_KEYS = {"best": "Alt", "similar": "Ctrl", "all": "Ctrl+Alt"}
"""What is held with a group's key to move which clusters."""


def session_actions(session: Session) -> tuple[Action, ...]:
    """Return the actions bound to a session, in menu order."""
    return (
        *_edit_actions(session),
        *move_actions(session),
        *_navigation_actions(session),
        *_workspace_actions(session),
        *_table_actions(session),
    )


def _edit_actions(s: Session) -> tuple[Action, ...]:
    def edit(id_: str, text: str, handler: Callable[..., Any], help_: str, **more: Any) -> Action:
        return Action(id_, text, handler, help_, "Edit", **more)

    label_args = (
        Arg("field", choices=lambda: s.label_fields),
        Arg("value", "rest", optional=True),
    )
    undo_text = "Undo the last merge, split, move or label, and select what was selected before it."
    return (
        edit("undo", "Undo", s.undo, undo_text, group="history", shortcuts=("Ctrl+Z",), when=lambda: s.can_undo,
             why_not="Nothing to undo", icon="fa5s.undo", toolbar=True, repeats=True),
        edit("redo", "Redo", s.redo, "Do again what was undone.", group="history",
             shortcuts=("Ctrl+Shift+Z", "Ctrl+Y"), when=lambda: s.can_redo,
             why_not="Nothing to do again", icon="fa5s.redo", toolbar=True, repeats=True),
        edit("merge", "Merge", partial(_merge, s), "Join all selected clusters into one new cluster.", group="clusters",
             shortcuts=("G",), alias="g", icon="fa5s.compress-alt"),
        edit("split_init", "Split into templates", s.split_init,
             "Cut the selected clusters back into the sorter's templates.", group="clusters",
             shortcuts=("Shift+Ctrl+K",)),
        edit("label", "Label...", partial(_label, s), "Give the selected clusters a label; without a value, remove it.",
             group="label", shortcuts=("L",), alias="l", args=label_args),
        edit("groups_from", "Groups from the sorter's labels", partial(groups_from, s),
             "Put every cluster without a group into the one that a label column names, KSLabel by default.",
             group="label", when=lambda: len(s.label_fields) > 1, why_not="There is no label column",
             args=(Arg("field", optional=True, choices=lambda: columns_with_groups(s)),)),
    )  # fmt: skip


def _merge(session: Session) -> object:
    supposed = session.suppose.current
    return session.suppose.accept() if supposed is not None and supposed.is_merge else session.merge()


def _label(session: Session, field: str, value: LabelValue | None = None) -> object:
    return session.label(field, None if value == "" else value)


def move_actions(session: Session) -> tuple[Action, ...]:
    """Return `move` and, for each group of clusters, the moves of the best, the similar and all selected."""
    groups = tuple(session.groups)
    move = Action(
        "move", "Move...", partial(_move, session), "Put clusters into a group; which is best, similar or all.",
        "Edit", "move", args=(Arg("group", choices=lambda: tuple(g.name for g in session.groups)),
                              Arg("which", "word", True, WHICH)),
    )  # fmt: skip
    return (move, *(_move_to(session, which, g.name, g.key) for which in WHICH for g in groups))


def move_action_ids(group: str) -> tuple[str, ...]:
    """Return the ids of the actions that move clusters to a group."""
    return tuple(f"move_{which}_to_{group}" for which in WHICH)


def _move_to(session: Session, which: str, group: str, key: str) -> Action:
    return Action(
        f"move_{which}_to_{group}",
        f"Move {which} to {group}",
        partial(session.move, group, which),
        f"Put {_WHICH_WORDS[which]} into the group {group}.",
        "Edit",
        f"move_{which}",
        shortcuts=(f"{WHICH_KEYS[which]}+{key.upper()}",) if key else (),
    )


def _move(session: Session, group: str, which: str = "best") -> object:
    if which not in WHICH:
        raise ActionError(f"Move which clusters? {which!r} is not one of best, similar, all.")
    return session.move(group, which)


def _navigation_actions(s: Session) -> tuple[Action, ...]:
    def go(id_: str, text: str, handler: Callable[..., Any], key: str, help_: str, **more: Any) -> Action:
        return Action(id_, text, handler, help_, "Select", shortcuts=(key,), **more)

    best = {"group": "best", "toolbar": True, "repeats": True}
    similar = {"group": "similar", "toolbar": True, "repeats": True}
    return (
        go("reset_wizard", "Reset wizard", s.reset_wizard, "Ctrl+Alt+Space",
           "Select the first cluster of the cluster table.", group="wizard", icon="fa5s.magic", toolbar=True),
        Action("start_wizard", "Start wizard", s.start_wizard, "Follow the wizard's order from its first cluster.",
               "Select", "wizard"),
        Action("pause_wizard", "Pause wizard", s.pause_wizard, "Stay where you are after an action.", "Select",
               "wizard"),
        go("previous_best", "Previous best", s.previous_best, "Up", "Select the row above in the cluster table.",
           icon="fa5s.angle-double-up", **best),
        go("next_best", "Next best", s.next_best, "Down", "Select the row below in the cluster table.",
           icon="fa5s.angle-double-down", **best),
        go("previous", "Previous similar", s.previous, "Shift+Space", "Select the row above in the similarity table.",
           icon="fa5s.angle-up", **similar),
        go("next", "Next similar", s.next, "Space", "Select the row below in the similarity table.",
           icon="fa5s.angle-down", **similar),
        go("first", "First", s.first, "Home", "Select the first cluster that is not noise or mua.", group="ends"),
        go("last", "Last", s.last, "End", "Select the last cluster that is not noise or mua.", group="ends"),
        go("unselect_similar", "Unselect similar", s.unselect_similar, "Backspace",
           "Keep only what is selected in the cluster table.", group="choose"),
        go("select_first_similar", "Select first similar", s.select_first_similar, "Ctrl+Space",
           "Select the first similar clusters; the number is remembered.", group="choose",
           args=(Arg("n", "value", optional=True),)),
        Action("select", "Select...", partial(_select, s), "Select clusters by their ids: 1 2 3, or 1,2, or 4-7.",
               "Select", "choose", alias="c", args=(Arg("ids", "ids"),)),
    )  # fmt: skip


def _workspace_actions(s: Session) -> tuple[Action, ...]:
    def work(id_: str, text: str, handler: Callable[..., Any], help_: str, key: str = "", **more: Any) -> Action:
        return Action(id_, text, handler, help_, "Select", "workspace", shortcuts=(key,) if key else (), **more)

    return (
        work("collect", "Collect for a merge", s.collect,
             "Add the selected similar clusters to the workspace, around the cluster that others are compared with; "
             "then Merge joins what is collected.", "B"),
        work("take_out", "Take out the last", s.take_out,
             "Take the cluster that was collected last out of the workspace.", "Shift+Backspace"),
        work("turn_workspace", "Next as reference", s.turn_workspace,
             "Compare with the next cluster of the workspace.", "Ctrl+Shift+B"),
        work("leave_workspace", "Leave the workspace", s.leave_workspace,
             "Select what was selected before the first cluster was collected.", "Shift+B"),
        work("order_workspace", "Order of the workspace...", partial(_order, s),
             "Bring the clusters of the workspace into this order; the first is the reference.", alias="ws",
             args=(Arg("ids", "ids"),)),
    )  # fmt: skip


def _order(session: Session, items: Iterable[int | range]) -> None:
    session.order_workspace(known_ids(items, session.cluster_ids))


def _select(session: Session, items: Iterable[int | range]) -> object:
    return session.select(known_ids(items, session.cluster_ids))


def known_ids(items: Iterable[int | range], cluster_ids: Sequence[int]) -> list[int]:
    """Return the ids in the order given: single ids as they are, of a range those that exist, each once."""
    alive = set(cluster_ids)
    ids: dict[int, None] = {}
    for item in items:
        ids.update(dict.fromkeys([item] if isinstance(item, int) else [i for i in item if i in alive]))
    if not ids:
        raise ActionError("None of these clusters exists.")
    return list(ids)


def _table_actions(s: Session) -> tuple[Action, ...]:
    def columns() -> tuple[str, ...]:
        return s.cluster_table.column_names

    def in_filters() -> tuple[str, ...]:
        return tuple(in_filter(name) for name in columns())

    order = Arg("order", "word", True, ("asc", "desc"))
    return (
        Action("filter", "Filter...", partial(_filter, s), "Show only the clusters for which this is true.", "Select",
               "table", alias="f", args=(Arg("expression", "rest", optional=True, choices=in_filters),)),
        Action("clear_filter", "Clear filter", partial(_clear, s), "Show all clusters again; after a what if, go back.",
               "Select", "table", shortcuts=("Esc",)),
        Action("sort", "Sort by...", partial(_sort, s), "Sort the cluster table, descending unless asc is given.",
               "Select", "table", alias="s", args=(Arg("column", choices=columns), order)),
        Action("sort_prefix", "Sort by first letters", partial(_sort_prefix, s),
               "Sort by the column whose name starts with these letters.",
               args=(Arg("letters"), order)),
        Action("similarity", "Similarity by...", partial(_similarity, s),
               "Compare templates as they are (template), with the motion taken out (drift), or as the motion in use "
               "says (auto), or all that is known of a pair (combined); where spikes are localized their positions "
               "(position), or both (template_position); or a similarity of a plugin.", "Select", "table",
               args=(Arg("metric", choices=lambda: (*s.similar.names, "auto")),)),
    )  # fmt: skip


def _filter(session: Session, expression: str = "") -> None:
    session.filter(expression)


def _clear(session: Session) -> None:
    if session.suppose.current is not None:
        session.suppose.nothing()
    else:
        session.filter("")


def _similarity(session: Session, metric: str) -> None:
    session.similar.metric = metric


def _sort(session: Session, column: str, order: str = "desc") -> None:
    if column not in session.cluster_table.column_names and column[:1] == column[-1:] == "`":
        column = column[1:-1]
    if column not in session.cluster_table.column_names:
        raise ActionError(f"There is no column {column}; there are {', '.join(session.cluster_table.column_names)}.")
    session.sort(column, ascending=order.startswith("asc"))


def _sort_prefix(session: Session, letters: str, order: str = "desc") -> None:
    _sort(session, column_by_prefix(letters, session.cluster_table.column_names), order)


def column_by_prefix(letters: str, columns: Sequence[str]) -> str:
    """Return the first column, other than the id, whose name without underscores starts with the letters.

    Raises
    ------
    ActionError : no column does
    """
    for column in columns:
        if column != "id" and column.replace("_", "").lower().startswith(letters.lower()):
            return column
    raise ActionError(f"No column starts with {letters}; there are {', '.join(c for c in columns if c != 'id')}.")
