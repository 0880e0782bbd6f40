"""Reading assignments of a Python file without running it."""

from __future__ import annotations

import ast
import operator
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.durable import reason
from phy_medicine.io.plain_file import read_plain

_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
}
_CALLS: Mapping[str, Callable[..., Any]] = {
    "Path": Path,
    "pathlib.Path": Path,
    "str": str,
    "int": int,
    "float": float,
    "os.path.join": os.path.join,
    "os.path.dirname": os.path.dirname,
    "os.path.abspath": os.path.abspath,
    "os.path.expanduser": os.path.expanduser,
}
_NUMPY_MODULES = ("np.", "numpy.")
_MOST_BYTES = 1 << 20  # of such a file, which holds a dozen lines
_SHOWN = 60
_LARGEST_POWER = 64  # 2**64 is as far as any header size or count goes; a larger one could hang the reader


class _Unreadable(Exception):
    """The expression is more than constants."""


def read_literals(path: Path) -> dict[str, Any]:
    """Read the constant assignments of a Python file; nothing of it is executed.

    Constants, lists, tuples, dicts, arithmetic, earlier names, `Path(...)` and `os.path.join(...)` are understood;
    keys are lower-cased, as phy does.

    Raises
    ------
    DatasetError : the file is missing, is no Python, or holds anything else; names the line
    """
    try:
        source = read_plain(path, _MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({reason(error)}); check the path and the rights.") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not written in UTF-8 (byte {error.start:,}); save it as UTF-8.") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # '\d' in a Windows path: kept as written, as phy does
            tree = ast.parse(source)
    except (MemoryError, RecursionError):
        raise DatasetError(f"{path} is nested too deeply to be read; write the values themselves.") from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        hint = "write Windows paths as r'...'" if "unicode" in str(error) else "correct that line"
        raise DatasetError(f"{path}, line {line}: this is not valid Python; {hint}.") from None
    names: dict[str, Any] = {"__file__": str(path)}
    for statement in tree.body:
        _read_statement(statement, names, path)
    del names["__file__"]
    return {name.lower(): value for name, value in names.items()}


def _read_statement(statement: ast.stmt, names: dict[str, Any], path: Path) -> None:
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
        return
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return
    try:
        if isinstance(statement, ast.Assign):
            targets: list[ast.expr] = statement.targets
            value = _evaluate(statement.value, names)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], _evaluate(statement.value, names)
        else:
            raise _Unreadable
        for target in targets:
            if not isinstance(target, ast.Name):
                raise _Unreadable
            names[target.id] = value
    except (_Unreadable, TypeError, ValueError, ArithmeticError, KeyError):
        raise DatasetError(
            f"{path}, line {statement.lineno}: `{_shown(statement)}` is not a constant, and code of a dataset is not "
            "run; write the value itself."
        ) from None
    except RecursionError:
        raise DatasetError(
            f"{path}, line {statement.lineno}: the value is nested too deeply; write it itself."
        ) from None


def _shown(statement: ast.stmt) -> str:
    """The beginning of a statement."""
    try:
        text = ast.unparse(statement).splitlines()[0]
    except RecursionError:
        return "..."
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _evaluate(node: ast.expr, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        items = [_evaluate(item, names) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Dict):
        return _evaluate_dict(node, names)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_evaluate(node.operand, names))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _evaluate_binary(node, names)
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.Call):
        return _evaluate_call(node, names)
    if isinstance(node, ast.Attribute):
        return _evaluate_attribute(node, names)
    raise _Unreadable


def _evaluate_dict(node: ast.Dict, names: Mapping[str, Any]) -> dict[Any, Any]:
    if any(key is None for key in node.keys):
        raise _Unreadable
    return {_evaluate(k, names): _evaluate(v, names) for k, v in zip(node.keys, node.values, strict=True) if k}


def _evaluate_binary(node: ast.BinOp, names: Mapping[str, Any]) -> Any:
    left, right = _evaluate(node.left, names), _evaluate(node.right, names)
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    if isinstance(node.op, ast.Pow) and not (numbers and abs(right) <= _LARGEST_POWER and abs(left) <= 1e9):
        raise _Unreadable
    if isinstance(node.op, ast.Mult | ast.Mod) and not numbers:
        raise _Unreadable  # 'x' * 10**9 would fill the memory
    return _BINARY[type(node.op)](left, right)


def _evaluate_call(node: ast.Call, names: Mapping[str, Any]) -> Any:
    name = _dotted(node.func)
    if node.keywords:
        raise _Unreadable
    if name in _CALLS:
        return _CALLS[name](*(_evaluate(argument, names) for argument in node.args))
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("resolve", "absolute", "expanduser"):
        owner = _evaluate(node.func.value, names)
        if isinstance(owner, Path) and not node.args:
            return getattr(owner, node.func.attr)()
    if name.startswith((*_NUMPY_MODULES,)) and name.endswith(".dtype") and len(node.args) == 1:
        return _evaluate(node.args[0], names)
    raise _Unreadable


def _evaluate_attribute(node: ast.Attribute, names: Mapping[str, Any]) -> Any:
    name = _dotted(node)
    for module in _NUMPY_MODULES:
        if name.startswith(module):
            return name.removeprefix(module)  # np.int16 is the text 'int16'
    if node.attr in ("parent", "name", "stem"):
        owner = _evaluate(node.value, names)
        if isinstance(owner, Path):
            return getattr(owner, node.attr)
    raise _Unreadable


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
