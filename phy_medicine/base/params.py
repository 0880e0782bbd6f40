"""Parameter tables: one description of a setting serves the dialog, the command line and the docs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, TypeVar

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.words import shown

S = TypeVar("S")

UNIT_SUFFIXES = ("_s", "_ms", "_um", "_uv", "_hz")


def without_unit(name: str) -> str:
    """Return the name of a setting without the unit at its end."""
    suffix = next((s for s in UNIT_SUFFIXES if name.endswith(s)), "")
    return name.removesuffix(suffix)


@dataclass(frozen=True, slots=True)
class Param:
    """One setting: its name, type, default, unit, limits and one line of help.

    more : plugins may add choices, so others are not refused here
    files : matters only where the result is written as files; not offered where it goes into the store
    """

    name: str
    type: type
    default: Any
    unit: str = ""
    help: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    files: bool = False
    more: bool = False

    @property
    def words(self) -> str:
        """The name as a label beside a value that shows its unit."""
        return (without_unit(self.name) if self.unit else self.name).replace("_", " ")

    @property
    def limits(self) -> str:
        """The limits in words, "lie between 1 and 5 µm", "" without."""
        low, high = self.minimum, self.maximum
        if low is not None and high is not None:
            words = f"lie between {low} and {high} {self.unit}"
        elif low is not None or high is not None:
            words = f"be at {f'least {low}' if high is None else f'most {high}'} {self.unit}"
        else:
            words = ""
        return words.strip()

    def check(self, value: Any) -> Any:
        """Return the value in the parameter's type.

        Raises
        ------
        PhyMedError : wrong type, out of range, or not among the choices
        """
        try:
            if self.type is bool and isinstance(value, str):
                value = {"true": True, "1": True, "false": False, "0": False}[value.lower()]
            if self.type is int and isinstance(value, float) and not value.is_integer():
                raise ValueError(value)
            value = self.type(value)
        except (TypeError, ValueError, KeyError, OverflowError):
            raise PhyMedError(f"{self.name} must be {self.type.__name__}, not {shown(value)}.") from None
        if self.choices and value not in self.choices and not self.more:
            raise PhyMedError(f"{self.name} must be one of {', '.join(map(str, self.choices))}, not {shown(value)}.")
        low, high = self.minimum, self.maximum
        if (low is not None and value < low) or (high is not None and value > high) or value != value:
            raise PhyMedError(f"{self.name} must {self.limits or 'be a number'}, not {shown(value)}.")
        return value


def setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] = (),
    files: bool = False,
    more: bool = False,
) -> Any:
    """Declare a field of a frozen settings dataclass together with its `Param` facts."""
    facts = {
        "unit": unit, "help": help, "minimum": minimum, "maximum": maximum, "choices": choices, "files": files,
        "more": more,
    }  # fmt: skip
    return field(default=default, metadata={"param": facts})


def params_of(settings: Any) -> tuple[Param, ...]:
    """Return the parameter table of a settings class or instance, in field order."""
    return tuple(
        Param(f.name, type(f.default), f.default, **f.metadata["param"])
        for f in dataclasses.fields(settings)
        if "param" in f.metadata
    )


def changed(settings: S, **values: Any) -> S:
    """Return a copy of the settings with checked new values.

    Raises
    ------
    PhyMedError : unknown name or value out of range
    """
    table = {p.name: p for p in params_of(settings)}
    unknown = sorted(set(values) - set(table))
    if unknown:
        raise PhyMedError(f"Unknown setting {unknown[0]}; known: {', '.join(table)}.")
    checked = {name: table[name].check(value) for name, value in values.items()}
    return dataclasses.replace(settings, **checked)  # type: ignore[type-var]
