"""`phy.utils.tempdir`, a file that plugins tell people to copy into phy's package."""

from __future__ import annotations

from tempfile import TemporaryDirectory

__all__ = ["TemporaryDirectory"]
