"""`KeyValueWidget` and `Barrier` of `phy.gui.widgets`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from phy_medicine.app.phy_compat.loose_qt import QtWidgets
from phy_medicine.app.phy_compat.timing import _block

_FAR = 10**9


class Barrier:
    """Waits until every callback that it has given out was called."""

    def __init__(self) -> None:
        self._keys: list[Any] = []
        self._results: dict[Any, tuple[tuple[Any, ...], dict[str, Any]]] = {}
        self._after: Callable[[], Any] | None = None

    def __call__(self, key: Any) -> Callable[..., None]:
        """Return a callback whose arguments are kept under a key."""
        self._keys.append(key)
        return partial(self._called, key)

    def _called(self, key: Any, *args: Any, **kwargs: Any) -> None:
        self._results[key] = args, kwargs
        if self._after is not None and self.have_all_finished():
            self._after()

    def have_all_finished(self) -> bool:
        """Say whether all were called."""
        return set(self._keys) == set(self._results)

    def wait(self) -> None:
        """Let events pass until all were called."""
        _block(self.have_all_finished)

    def after_all_finished(self, callback: Callable[[], Any]) -> None:
        """Call this once all were called."""
        self._after = callback

    def result(self, key: Any) -> Any:
        """Return the arguments that a callback was called with, None before."""
        return self._results.get(key)


class KeyValueWidget(QtWidgets.QWidget):  # type: ignore[misc]
    """A form: one row for each name, with a field for its kind of value."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._items: list[tuple[str, str, Any]] = []
        self._layout = QtWidgets.QGridLayout(self)

    def add_pair(self, name: str, default: Any = None, vtype: str | None = None) -> None:
        """Add a row; a list makes one for each item.

        vtype : str, multiline, int, float or bool; by default that of the value

        Raises
        ------
        ValueError : there is no field for such values
        """
        if isinstance(default, list):
            for i, value in enumerate(default):
                self.add_pair(f"{name}[{i}]", value, vtype)
            return
        kind = vtype or type(default).__name__
        field = _field(kind, default)
        label = QtWidgets.QLabel(name)
        label.setBuddy(field)
        self._layout.addWidget(label, len(self._items), 0)
        self._layout.addWidget(field, len(self._items), 1)
        self._items.append((name, kind, field))

    @property
    def names(self) -> list[str]:
        """Names, those of lists once."""
        return sorted({name.partition("[")[0] for name, _, _ in self._items})

    def get_widget(self, name: str) -> Any:
        """Return the field of a name, or None."""
        return next((field for known, _, field in self._items if known == name), None)

    def get_value(self, name: str) -> Any:
        """Return what stands in a field; the list of a list's."""
        fields = {known: (kind, field) for known, kind, field in self._items}
        if f"{name}[0]" in fields:
            n = sum(known.startswith(f"{name}[") for known in fields)
            return [_value(*fields[f"{name}[{i}]"]) for i in range(n)]
        return _value(*fields[name]) if name in fields else None

    def to_dict(self) -> dict[str, Any]:
        """Return all values by name."""
        return {name: self.get_value(name) for name in self.names}


def _field(kind: str, default: Any) -> Any:
    if kind == "str":
        return QtWidgets.QLineEdit(default or "")
    if kind == "multiline":
        field = QtWidgets.QPlainTextEdit(default or "")
        field.setMinimumHeight(120)
        return field
    if kind in ("int", "float"):
        number = QtWidgets.QSpinBox() if kind == "int" else QtWidgets.QDoubleSpinBox()
        number.setRange(-_FAR, _FAR)
        number.setValue(default or 0)
        return number
    if kind == "bool":
        box = QtWidgets.QCheckBox()
        box.setChecked(bool(default))
        return box
    raise ValueError(f"There is no field for values of the kind {kind}; there are str, multiline, int, float, bool.")


def _value(kind: str, field: Any) -> Any:
    if kind == "str":
        return str(field.text())
    if kind == "multiline":
        return str(field.toPlainText())
    return bool(field.isChecked()) if kind == "bool" else field.value()
