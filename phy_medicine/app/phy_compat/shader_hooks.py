"""Shader code of plugins is taken, told of once, and left aside: drawing works without it."""

from __future__ import annotations

from functools import cache
from typing import Any

from phy_medicine.base.log import logger


@cache
def skipped(what: str) -> None:
    """Say once that a hook into shaders does nothing here."""
    logger.warning("A plugin changes shaders (%s); pictures are drawn without them, and this is left aside.", what)


class GLSLInserter:
    """Takes pieces of shader code, and keeps them for who asks."""

    def __init__(self) -> None:
        self._to_insert: list[tuple[str, str | None, Any, str]] = []

    def insert_vert(
        self, glsl: str, location: str = "transforms", origin: Any = None, index: int | None = None
    ) -> None:
        """Take code for the vertex shader."""
        self._insert("vert", glsl, location, origin)

    def insert_frag(self, glsl: str, location: str | None = None, origin: Any = None, index: int | None = None) -> None:
        """Take code for the fragment shader."""
        self._insert("frag", glsl, location, origin)

    def add_varying(self, vtype: str, name: str, value: str) -> None:
        """Take a value that goes from one shader to the other."""
        self._insert("vert", f"{name} = {value};", "end", None)

    def add_gpu_transforms(self, chain: Any) -> None:
        """Take transforms."""
        skipped("add_gpu_transforms")

    def insert_into_shaders(self, vertex: str, fragment: str, exclude_origins: Any = ()) -> tuple[str, str]:
        """Return the shaders as they are."""
        return vertex, fragment

    def _insert(self, kind: str, glsl: str, location: str | None, origin: Any) -> None:
        skipped(f"insert_{kind}")
        self._to_insert.append((kind, location, origin, glsl))

    def __add__(self, other: GLSLInserter) -> GLSLInserter:
        self._to_insert += other._to_insert
        return self


class Program(dict[str, Any]):
    """The values that a plugin gives to a shader program; nothing reads them but the plugin."""

    def __setitem__(self, name: str, value: Any) -> None:
        skipped(f"program[{name!r}]")
        super().__setitem__(name, value)
