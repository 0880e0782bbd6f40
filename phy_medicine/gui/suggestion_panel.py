"""The panel of suggestions: what may be worth doing, why, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from phy_medicine.curation.suggestions import KINDS, Kind, Suggestion
from phy_medicine.gui.job_row import Elided, small_button
from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.gui.suggestion_list import KIND_WORDS, SuggestionDelegate, SuggestionModel, SuggestionTable
from phy_medicine.gui.suggestion_reasons import SuggestionReasons

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.suggestion_walk import Counts
    from phy_medicine.views.theme import Theme

_WIDE, _LOW = 400, 280
_DOT = " \N{MIDDLE DOT} "
_NONE_REJECTED = "No suggestion was rejected."


class SuggestionPanel(QtWidgets.QWidget):
    """Content of the dock "Suggestions"; shows those that wait, or those that were rejected."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window, self._session = window, window.session
        walk = self._session.walk
        self.shows_rejected = False
        self.model = SuggestionModel(lambda s: walk.selection_of(s).cluster_ids)
        delegate = SuggestionDelegate(self.model, self._session.colors.of, window.theme)
        self.table = SuggestionTable(self.model, delegate)
        self.table.looked.connect(self._look)
        self.table.chosen.connect(self._choose)
        self.setFocusPolicy(Qt.StrongFocus)
        run = window.commands.run
        self.reasons = SuggestionReasons(
            window.theme,
            accept=lambda: run("accept_suggestion"),
            reject=lambda: run("reject_suggestion"),
            later=lambda: run("postpone_suggestion"),
            again=self._offer_again,
        )
        self.again = self.reasons.again
        self.chips = {kind: self._chip(kind) for kind in KINDS}
        self.own_order = self._own_order_chip()
        self.preset = self._preset_box()
        self.progress = QtWidgets.QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(3)
        self.empty = QtWidgets.QLabel()
        self.empty.setProperty("dim", True)
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignCenter)
        self.empty.setContentsMargins(16, 8, 16, 8)
        self.counts = Elided()
        self.rejected = small_button("Rejected", "Show those that were rejected", lambda: run("show_rejected"))
        self.rejected.setCheckable(True)
        self._lay_out()
        self.refresh()

    # How it looks

    def _chip(self, kind: Kind) -> QtWidgets.QToolButton:
        chip = QtWidgets.QToolButton()
        chip.setCheckable(True)
        chip.setChecked(True)
        chip.setProperty("chip", True)
        chip.setFocusPolicy(Qt.TabFocus)
        chip.setToolTip(f"Walk through suggestions of this kind: {KIND_WORDS[kind]}")
        chip.clicked.connect(lambda _on: self._choose_kinds())
        return chip

    def _own_order_chip(self) -> QtWidgets.QToolButton:
        chip = QtWidgets.QToolButton()
        chip.setText("Own order")
        chip.setCheckable(True)
        chip.setProperty("chip", True)
        chip.setFocusPolicy(Qt.TabFocus)
        chip.clicked.connect(lambda _on: self._window.commands.run("own_order"))
        return chip

    def _preset_box(self) -> QtWidgets.QComboBox:
        box = QtWidgets.QComboBox()
        box.setToolTip("How merges are found: by all that is known, by a model, or as in SpikeInterface")
        box.setFocusPolicy(Qt.TabFocus)
        box.addItems(self._session.suggestions.presets)
        box.activated[str].connect(lambda name: self._window.commands.run("suggestion_preset", name))
        return box

    def _lay_out(self) -> None:
        self._head = head = QtWidgets.QHBoxLayout()
        head.setContentsMargins(8, 4, 8, 4)
        head.setSpacing(4)
        for chip in self.chips.values():
            head.addWidget(chip)
        head.addSpacing(8)
        head.addStretch(1)
        head.addWidget(self.own_order)
        head.addWidget(self.preset)
        self._stack = QtWidgets.QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        self._foot = foot = QtWidgets.QHBoxLayout()
        foot.setContentsMargins(8, 4, 8, 8)
        foot.addWidget(self.counts, 1)
        foot.addWidget(self.rejected)
        left = QtWidgets.QWidget()
        list_ = QtWidgets.QVBoxLayout(left)
        list_.setContentsMargins(0, 0, 0, 0)
        list_.setSpacing(0)
        list_.addWidget(self._stack, 1)
        list_.addLayout(foot)
        self._splitter = QtWidgets.QSplitter(Qt.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(left)
        self._splitter.addWidget(self.reasons)
        for place, share in enumerate((2, 3)):
            self._splitter.setStretchFactor(place, share)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.progress)
        column.addWidget(self._splitter, 1)

    def resizeEvent(self, event: Any) -> None:
        """List and reasons side by side where there is room, else one above the other."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE and self.width() > self.height()
        wanted = Qt.Horizontal if wide else Qt.Vertical
        fresh = event.oldSize().width() < 1
        if self._splitter.orientation() != wanted or fresh:
            self._splitter.setOrientation(wanted)
            self._splitter.setSizes([3_600, 6_400] if wide else [4_700, 5_300])
        self._set_low(wide and self.height() < _LOW)

    def _set_low(self, low: bool) -> None:
        """Where there is no height for lines of their own, put counts and buttons into the lines that are there."""
        self.reasons.set_low(low)
        moved = self._head.indexOf(self.counts) >= 0
        if low and not moved:
            self._head.insertWidget(len(self.chips) + 1, self.counts, 100)
            self._head.insertWidget(len(self.chips) + 2, self.rejected)
        elif moved and not low:
            self._foot.addWidget(self.counts, 1)
            self._foot.addWidget(self.rejected)
        self._foot.setContentsMargins(*((0, 0, 0, 0) if low else (8, 4, 8, 8)))

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.table.delegate.set_theme(theme)
        self.reasons.set_theme(theme)
        self.table.viewport().update()

    # What it shows

    def refresh(self) -> None:
        """Show the suggestions as they are now, the current one in sight."""
        session = self._session
        queue, walk = session.suggestions.queue, session.walk
        key = self._window.commands.key_of
        self.reasons.show_keys(key("accept_suggestion"), key("reject_suggestion"), key("postpone_suggestion"))
        self._show_head()
        counts = walk.counts
        self.counts.setText(_in_words(counts))
        self.rejected.setText(f"{counts.rejected:,} rejected")
        self.rejected.setChecked(self.shows_rejected)
        kept = self.chosen_rejected
        rows = queue.refused if self.shows_rejected else queue.waiting
        self.model.show(rows, queue.late)
        if self.shows_rejected:
            row = next((i for i, s in enumerate(rows) if s is kept), 0 if rows else -1)
            self.table.show_current(row, looking=False)
            why = _NONE_REJECTED
        else:
            place = queue.place
            self.table.show_current(-1 if place is None else place, looking=walk.looking)
            why = "" if rows else walk.why_nothing()
        self.empty.setText(why)
        self._stack.setCurrentIndex(0 if rows else 1)
        self.setFocusProxy(self.table if rows else None)  # what is not seen takes no keys
        self._show_reasons()

    def _show_head(self) -> None:
        suggestions = self._session.suggestions
        n_of = dict.fromkeys(KINDS, 0)
        for suggestion in suggestions.queue.open:
            n_of[suggestion.kind] += 1
        for kind, chip in self.chips.items():
            chip.setText(f"{KIND_WORDS[kind]}  {n_of[kind]:,}")
            chip.setChecked(kind in suggestions.queue.kinds)
        self.own_order.setChecked(suggestions.own_order.on)
        self.own_order.setToolTip(f"Order merges as learned of your own decisions. {suggestions.own_order.text}")
        self.preset.setVisible(self.preset.count() > 1)
        self.preset.setCurrentText(suggestions.preset)
        busy = suggestions.busy
        self.progress.setProperty("idle", not busy)
        self.progress.setValue(round(1000 * suggestions.progress) if busy else 0)
        self.progress.setToolTip(f"{suggestions.progress:.0%} of the clusters were looked at" if busy else "")

    def _show_reasons(self) -> None:
        """Show what speaks for the row that is marked."""
        row = self.table.delegate.current
        suggestion = self.model.rows[row] if 0 <= row < len(self.model.rows) else None
        order = () if suggestion is None else self.model.clusters(row)
        self.reasons.show_suggestion(suggestion, order, rejected=self.shows_rejected)

    @property
    def chosen_rejected(self) -> Suggestion | None:
        """The rejected suggestion that is marked, None unless these are shown."""
        row = self.table.delegate.current
        return self.model.rows[row] if self.shows_rejected and 0 <= row < len(self.model.rows) else None

    # What it does

    def show_rejected(self, on: bool) -> None:
        """Show the suggestions that were rejected, or those that wait."""
        self.shows_rejected = on
        self.table.delegate.current = -1
        self.refresh()

    def _look(self, row: int) -> None:
        suggestion = self.model.rows[row]
        if self.shows_rejected:
            self.table.show_current(row, looking=False)
            self._show_reasons()
            wanted = self._session.walk.selection_of(suggestion)
            self._guard(lambda: self._session.select(wanted.best_ids, wanted.similar_ids))
        else:
            self._guard(lambda: self._session.walk.go_to(suggestion))

    def _choose(self, row: int) -> None:
        if self.shows_rejected:
            self._guard(partial(self._session.walk.take_back, self.model.rows[row]))
        else:
            self._look(row)

    def _offer_again(self) -> None:
        suggestion = self.chosen_rejected
        if suggestion is not None:
            self._guard(lambda: self._session.walk.take_back(suggestion))

    def _choose_kinds(self) -> None:
        self._session.suggestions.queue.kinds = frozenset(kind for kind, chip in self.chips.items() if chip.isChecked())
        self.refresh()

    def _guard(self, call: Callable[[], object]) -> None:
        self._window.commands.guard(call)


def _in_words(counts: Counts) -> str:
    """`3 accepted · 1 later`; how many are rejected is on the button that shows them."""
    named = (("accepted", counts.accepted), ("later", counts.later))
    return _DOT.join(f"{n:,} {word}" for word, n in named)
