"""Command-line options made from a table of parameters, so that a setting is described once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import click

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import Param, params_of, without_unit


def option_name(name: str) -> str:
    """Return the option of a setting: `n_channels` is --channels, `duration_s` is --duration."""
    return "--" + without_unit(name.removeprefix("n_")).replace("_", "-")


def options_of(settings: type, *, leave_out: Collection[str] = ()) -> Callable[[Any], Any]:
    """Return a decorator that gives a command one option for each setting; values arrive checked, by setting name.

    leave_out : names of settings without an option
    """
    table = [param for param in params_of(settings) if param.name not in leave_out]
    names = [option_name(param.name) for param in table]

    def decorate(command: Any) -> Any:
        for param, name in reversed(list(zip(table, names, strict=True))):
            unique = name if names.count(name) == 1 else "--" + param.name.replace("_", "-")
            command = _option(param, unique)(command)
        return command

    return decorate


def _option(param: Param, name: str) -> Callable[[Any], Any]:
    """One option; the parameter itself checks the value."""

    def check(ctx: click.Context, option: click.Parameter, value: Any) -> Any:
        try:
            return param.check(value)
        except PhyMedError as error:
            raise click.BadParameter(str(error), ctx, option) from error

    declarations = f"{name}/--no-{name[2:]}" if param.type is bool else name
    kind: Any = (
        click.Choice([str(c) for c in param.choices]) if param.choices else (param.type, None)[param.type is bool]
    )
    return click.option(
        declarations, param.name, default=param.default, type=kind, callback=check, show_default=True, help=_help(param)
    )


def _help(param: Param) -> str:
    """The line of help, ending in the unit where there is one."""
    return f"{param.help} [{param.unit}]" if param.unit and param.unit not in param.help else param.help
