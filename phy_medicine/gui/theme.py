"""The palette and the style sheet made from the colours of a theme, and the arithmetic of readable text."""

from __future__ import annotations

import dataclasses

from phy_medicine.gui.qt import QtGui, QtWidgets
from phy_medicine.views.theme import DARK, LIGHT, THEMES, Theme

__all__ = ["DARK", "LIGHT", "THEMES", "Theme", "palette", "style_sheet", "wear"]


def palette(theme: Theme) -> QtGui.QPalette:
    """Return the Qt palette of a theme, for whatever the style sheet leaves open."""
    p = QtGui.QPalette()
    roles = {
        QtGui.QPalette.Window: theme.window,
        QtGui.QPalette.WindowText: theme.text,
        QtGui.QPalette.Base: theme.view,
        QtGui.QPalette.AlternateBase: theme.panel,
        QtGui.QPalette.Text: theme.text,
        QtGui.QPalette.Button: theme.panel,
        QtGui.QPalette.ButtonText: theme.text,
        QtGui.QPalette.ToolTipBase: theme.panel,
        QtGui.QPalette.ToolTipText: theme.text,
        QtGui.QPalette.Highlight: theme.accent,
        QtGui.QPalette.HighlightedText: "#ffffff",
        QtGui.QPalette.Link: theme.accent,
        QtGui.QPalette.PlaceholderText: theme.dim,
    }
    for role, color in roles.items():
        p.setColor(role, QtGui.QColor(color))
    for role in (QtGui.QPalette.WindowText, QtGui.QPalette.Text, QtGui.QPalette.ButtonText):
        p.setColor(QtGui.QPalette.Disabled, role, QtGui.QColor(theme.dim))
    return p


_SHEET = """
QMainWindow, QDialog {{ background: {window}; }}
QMainWindow::separator {{ background: {window}; width: 4px; height: 4px; }}
QMainWindow::separator:hover {{ background: {accent}; }}
QMenuBar {{ background: {window}; color: {text}; padding: 1px 4px; }}
QMenuBar::item {{ padding: 4px 8px; background: transparent; border-radius: 3px; }}
QMenuBar::item:selected {{ background: {hover}; }}
QMenu {{ background: {panel}; color: {text}; border: 1px solid {line}; padding: 4px; }}
QMenu::item {{ padding: 4px 24px 4px 24px; border-radius: 3px; }}
QMenu::item:selected {{ background: {hover}; }}
QMenu::item:disabled {{ color: {dim}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 8px; }}
QToolBar {{ background: {window}; border: 0; border-bottom: 1px solid {line}; padding: 0 4px 3px 4px; spacing: 2px; }}
QToolBar::separator {{ background: {line}; width: 1px; margin: 4px 6px; }}
QToolButton {{ color: {text}; background: transparent; border: 0; border-radius: 3px; padding: 3px 5px; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:pressed, QToolButton:checked {{ background: {line}; }}
QToolButton:disabled {{ color: {dim}; }}
QStatusBar {{ background: {window}; color: {text}; border-top: 1px solid {line}; }}
QStatusBar::item {{ border: 0; }}
QTabBar {{ background: {window}; qproperty-drawBase: 0; }}
QTabBar::tab {{ background: {window}; color: {dim}; padding: 3px 12px; border: 0; border-top: 2px solid transparent; }}
QTabBar::tab:selected {{ background: {panel}; color: {text}; border-top: 2px solid {accent}; }}
QTabBar::tab:hover {{ color: {text}; }}
QLineEdit {{ background: {view}; color: {text}; border: 1px solid {line}; border-radius: 3px; padding: 2px 6px;
  selection-background-color: {accent}; selection-color: #ffffff; }}
QLineEdit:focus {{ border: 1px solid {accent}; }}
QLineEdit[wrong="true"] {{ border: 1px solid {error}; }}
#filter-error {{ color: {error}; }}
#palette {{ background: {panel}; border: 1px solid {dim}; }}
#palette QLineEdit {{ background: {panel}; border: 0; padding: 8px 10px; font-size: {large}pt; }}
#palette QListView {{ background: {panel}; border-top: 1px solid {line}; border-bottom: 1px solid {line}; }}
#what-if {{ background: {panel}; border: 2px solid {accent}; }}
#what-if QTableView, #what-if QHeaderView {{ background: {panel}; border: 0; }}
#what-if QHeaderView::section {{ background: {panel}; border: 0; padding: 1px 6px; }}
#what-if QTableCornerButton::section {{ background: {panel}; border: 0; }}
#completion {{ background: {panel}; border: 1px solid {dim}; }}
#completion::item, #completion::item:selected {{ border: 0; padding: 2px 6px; }}
#pressed-key {{ background: {view}; color: {text}; border: 1px solid {line}; border-radius: 3px; font-size: {huge}pt; }}
QLabel[dim="true"] {{ color: {dim}; }}
QHeaderView {{ background: {panel}; border: 0; }}
QTableView, QTreeView, QListView {{ background: {view}; color: {text}; border: 0; gridline-color: {line}; }}
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected {{ background: {line}; color: {text}; }}
QTreeView::branch:selected {{ background: {line}; }}
QTableCornerButton::section {{ background: {panel}; border: 0; }}
QTableWidget[report="true"]::item, QTableWidget[report="true"]::item:selected {{ border: 0; padding: 0 8px; }}
QTableWidget[report="true"] QHeaderView::section {{ background: {panel}; color: {dim}; border: 0; padding: 3px 10px; }}
QScrollBar:vertical {{ background: {view}; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: {view}; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {line}; border-radius: 4px; min-height: 24px; min-width: 24px; margin: 1px; }}
QScrollBar::handle:hover {{ background: {dim}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QToolTip {{ background: {panel}; color: {text}; border: 1px solid {line}; padding: 3px; }}
QCheckBox::indicator {{ width: 13px; height: 13px; border: 1px solid {dim}; border-radius: 3px; background: {view}; }}
QCheckBox::indicator:checked {{ width: 9px; height: 9px; border: 3px solid {view}; background: {accent}; }}
QCheckBox::indicator:disabled {{ border-color: {line}; }}
QProgressBar {{ background: {line}; border: 0; border-radius: 2px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 2px; }}
QPushButton {{ background: {panel}; color: {text}; border: 1px solid {line}; border-radius: 3px; padding: 4px 14px; }}
QPushButton[small="true"] {{ padding: 1px 8px; }}
QPushButton:disabled {{ color: {dim}; background: transparent; border-color: {line}; }}
QPushButton::menu-indicator {{ subcontrol-position: right center; right: 6px; width: 8px; }}
QPushButton[main="true"] {{ border: 1px solid {accent}; }}
QToolButton[chip="true"] {{ border: 1px solid {line}; border-radius: 9px; padding: 1px 9px; color: {dim}; }}
QToolButton[chip="true"]:checked {{ background: {hover}; border: 1px solid {accent}; color: {text}; }}
QToolButton[chip="true"]:focus {{ border: 1px solid {text}; }}
QProgressBar[idle="true"] {{ background: transparent; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QPushButton:hover {{ background: {hover}; }}
QPushButton:default {{ border: 1px solid {accent}; }}
"""


def style_sheet(theme: Theme) -> str:
    """Return the style sheet of the whole application."""
    roles = {f.name: getattr(theme, f.name) for f in dataclasses.fields(theme)}
    return _SHEET.format(**roles, large=round(1.2 * theme.points), huge=round(1.4 * theme.points))


def wear(theme: Theme) -> None:
    """Give the application the colours and the size of text of a theme."""
    app = QtWidgets.QApplication.instance()
    font = app.font()
    if font.pointSizeF() != theme.points:
        font.setPointSizeF(theme.points)
        app.setFont(font)
    sheet = style_sheet(theme)
    if app.styleSheet() != sheet:
        app.setPalette(palette(theme))
        app.setStyleSheet(sheet)


def luminance(red: float, green: float, blue: float) -> float:
    """Return the relative luminance of an sRGB colour with components 0..1.

    Source: WCAG 2.1, relative luminance.
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    """Return the contrast ratio of two colours, 1..21.

    Source: WCAG 2.1, contrast ratio.
    """
    high, low = sorted((luminance(*a), luminance(*b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def blend(
    over: tuple[float, float, float], under: tuple[float, float, float], alpha: float
) -> tuple[float, float, float]:
    """Return the colour seen when `over` is laid on `under` with this opacity."""
    return tuple(alpha * o + (1 - alpha) * u for o, u in zip(over, under, strict=True))  # type: ignore[return-value]


def rgb(color: str) -> tuple[float, float, float]:
    """Return the components 0..1 of `#rrggbb`."""
    return tuple(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]


def text_color_on(ground: tuple[float, float, float]) -> str:
    """Return black or white, whichever is easier to read on this ground."""
    return "#000000" if contrast(ground, (0, 0, 0)) >= contrast(ground, (1, 1, 1)) else "#ffffff"
