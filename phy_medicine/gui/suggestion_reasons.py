"""What speaks for and against the suggestion that is looked at, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from phy_medicine.base.reasons import Reason
from phy_medicine.curation.suggestions import Suggestion
from phy_medicine.gui.job_row import small_button
from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.gui.suggestion_list import KIND_WORDS
from phy_medicine.views.theme import Theme

_FOR, _AGAINST = "\N{CHECK MARK}", "\N{MULTIPLICATION X}"
_DOT = " \N{MIDDLE DOT} "


class SuggestionReasons(QtWidgets.QWidget):
    """One suggestion in words.

    order : clusters in the order of their colours
    """

    def __init__(
        self, theme: Theme, *, accept: Callable[[], object], reject: Callable[[], object], later: Callable[[], object]
    ) -> None:
        super().__init__()
        self._theme = theme
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
        self._lay_out()

    def _lay_out(self) -> None:
        inner = QtWidgets.QWidget()
        text = QtWidgets.QVBoxLayout(inner)
        text.setContentsMargins(10, 8, 8, 4)
        text.setSpacing(4)
        text.addWidget(self.title)
        text.addWidget(self.reasons)
        text.addStretch(1)
        scroll = QtWidgets.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.NoFocus)
        scroll.setWidget(inner)
        buttons = QtWidgets.QHBoxLayout()
        buttons.setContentsMargins(10, 4, 8, 8)
        buttons.setSpacing(5)
        for button in (self.accept, self.reject, self.later):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scroll, 1)
        self.buttons = QtWidgets.QWidget()
        self.buttons.setLayout(buttons)
        column.addWidget(self.buttons)

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
        self.buttons.setVisible(suggestion is not None and not rejected)
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
        """The reasons for it, then those against it, each with its sign."""
        if not reasons:
            return ""
        rows = []
        for speaks, sign, color in (("for", _FOR, self._theme.accent), ("against", _AGAINST, self._theme.warning)):
            rows += [
                f"<tr><td style='color: {color}; padding-right: 8px'>{sign}</td><td>{escape(_begun(r.text))}</td></tr>"
                for r in reasons
                if r.speaks == speaks
            ]
        return f"<table cellspacing='0' cellpadding='1'>{''.join(rows)}</table>"


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
