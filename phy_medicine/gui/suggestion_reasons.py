"""What speaks for and against the suggestion that is looked at, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from phy_medicine.base.reasons import Reason
from phy_medicine.curation.suggestions import Suggestion
from phy_medicine.gui.job_row import small_button
from phy_medicine.gui.qt import Qt, QtGui, QtWidgets
from phy_medicine.gui.suggestion_list import KIND_WORDS
from phy_medicine.views.theme import Theme

_FOR, _AGAINST = "\N{CHECK MARK}", "\N{MULTIPLICATION X}"
_DOT = " \N{MIDDLE DOT} "
_COLUMN = 300
"""Pixels at the default text size that a column of reasons needs."""


class SuggestionReasons(QtWidgets.QWidget):
    """One suggestion in words.

    order : clusters in the order of their colours
    accept, reject, later, again : called by the buttons; the last one for a suggestion that was rejected
    """

    def __init__(
        self, theme: Theme, *, accept: Callable[[], object], reject: Callable[[], object], later: Callable[[], object],
        again: Callable[[], object],
    ) -> None:  # fmt: skip
        super().__init__()
        self._theme, self._low, self._n_columns = theme, False, 1
        self._shown: tuple[Suggestion | None, tuple[int, ...], bool] = (None, (), False)
        self.title = QtWidgets.QLabel()
        self.title.setWordWrap(True)
        self.title.setTextFormat(Qt.RichText)
        self.reasons = QtWidgets.QLabel()
        self.reasons.setWordWrap(True)
        self.reasons.setTextFormat(Qt.RichText)
        self.reasons.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.reasons.setAlignment(Qt.AlignTop | Qt.AlignLeft)
        self.accept = small_button("Accept", "Do it, as one action that can be undone", accept)
        self.accept.setProperty("main", True)
        self.reject = small_button("Reject", "Never propose it again", reject)
        self.later = small_button("Later", "Put it behind all others", later)
        self.again = small_button("Offer again", "Put it back among the suggestions", again)
        self._lay_out()

    def _lay_out(self) -> None:
        inner = QtWidgets.QWidget()
        text = QtWidgets.QVBoxLayout(inner)
        text.setContentsMargins(10, 2, 8, 4)
        text.addWidget(self.reasons)
        text.addStretch(1)
        scroll = QtWidgets.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.NoFocus)
        scroll.setWidget(inner)
        buttons = QtWidgets.QHBoxLayout()
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(5)
        for button in (self.accept, self.reject, self.later, self.again):
            buttons.addWidget(button)
        self.buttons = QtWidgets.QWidget()
        self.buttons.setLayout(buttons)
        self._head, self._foot = QtWidgets.QHBoxLayout(), QtWidgets.QHBoxLayout()
        self._head.setContentsMargins(10, 4, 8, 2)
        self._head.setSpacing(12)
        self._head.addWidget(self.title, 1)
        self._foot.setContentsMargins(10, 2, 8, 8)
        self._foot.addWidget(self.buttons)
        self._foot.addStretch(1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head)
        column.addWidget(scroll, 1)
        column.addLayout(self._foot)

    def set_low(self, low: bool) -> None:
        """Put the buttons beside the title, where there is no height for a line of their own, or below the reasons."""
        if low == self._low:
            return
        self._low = low
        if low:
            self._head.addWidget(self.buttons, 0, Qt.AlignTop)
        else:
            self._foot.insertWidget(0, self.buttons)
        self._foot.setContentsMargins(*((0, 0, 0, 0) if low else (10, 2, 8, 8)))

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Write the reasons in two columns where there is room for them."""
        super().resizeEvent(event)
        room = self.fontMetrics().averageCharWidth() * _COLUMN // 7
        n_columns = 2 if self.width() >= 2 * room else 1
        if n_columns != self._n_columns:
            self._n_columns = n_columns
            self.show_suggestion(*self._shown[:2], rejected=self._shown[2])

    def show_keys(self, accept: str, reject: str, later: str) -> None:
        """Write the keys of the buttons on them."""
        for button, word, key in ((self.accept, "Accept", accept), (self.reject, "Reject", reject),
                                  (self.later, "Later", later)):  # fmt: skip
            button.setText(f"{word}  {key}" if key else word)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.show_suggestion(*self._shown[:2], rejected=self._shown[2])

    def show_suggestion(self, suggestion: Suggestion | None, order: tuple[int, ...], *, rejected: bool = False) -> None:
        """Show another suggestion, or none."""
        self._shown = (suggestion, order, rejected)
        self.buttons.setVisible(suggestion is not None)
        for button in (self.accept, self.reject, self.later):
            button.setVisible(not rejected)
        self.again.setVisible(rejected)
        if suggestion is None:
            for label in (self.title, self.reasons):
                label.setText("")
            return
        facts = (f"{suggestion.gain:,.0f} spikes to gain", f"{suggestion.confidence:.0%} sure", suggestion.source)
        large, words = round(1.2 * self._theme.points), escape(in_words(suggestion, order))
        title = f"<span style='font-size: {large}pt; font-weight: bold'>{words}</span>"
        dim = f"<span style='color: {self._theme.dim}'>{escape(_DOT.join(filter(None, facts)))}</span>"
        self.title.setText(f"{title} &nbsp; {dim}")
        self.reasons.setText(self._table(suggestion.reasons))

    def _table(self, reasons: tuple[Reason, ...]) -> str:
        """The reasons for it, then those against it, each with its sign; the second column goes on where one ends."""
        signs = {"for": (_FOR, self._theme.accent), "against": (_AGAINST, self._theme.warning)}
        cells = [
            f"<td style='color: {color}; padding-right: 8px'>{sign}</td>"
            f"<td width='{98 // self._n_columns}%' style='padding-right: 12px'>{escape(_begun(reason.text))}</td>"
            for speaks, (sign, color) in signs.items()
            for reason in reasons
            if reason.speaks == speaks
        ]
        n_rows = -(-len(cells) // self._n_columns)
        rows = ("".join(cells[row::n_rows]) for row in range(n_rows))
        table = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table width='100%' cellspacing='0' cellpadding='1'>{table}</table>" if cells else ""


def in_words(suggestion: Suggestion, order: tuple[int, ...]) -> str:
    """Return what is proposed: `Merge 3 and 5`, `Split 7`, `Call 9 noise`."""
    ids = [str(c) for c in order]
    listed = ids[0] if len(ids) == 1 else f"{', '.join(ids[:-1])} and {ids[-1]}"
    if suggestion.kind in ("noise", "mua"):
        return f"Call {listed} {suggestion.kind}"
    words = f"{KIND_WORDS[suggestion.kind]} {listed}"
    if suggestion.parts is not None and len(suggestion.parts):
        n_parts = len(set(suggestion.parts.tolist()))
        words += f" into {n_parts}"
    return words


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]
