"""`Context`: what functions of plugins gave, kept in memory and beside the dataset.

What is kept under a cluster id is right as long as the id has the same spikes, also in the next session. So what is on
disk is tied to the labels of the dataset, and holds no cluster that these labels do not have. The files are read
without running code: those with anything but numbers, text, arrays and containers of these are passed over.
"""

from __future__ import annotations

import hashlib
import inspect
import pickle
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from phy_medicine.app.phy_compat.files import _fullname, load_json, save_json
from phy_medicine.base.log import logger
from phy_medicine.base.paths import phy_dir

F = TypeVar("F", bound=Callable[..., Any])

_HARMLESS = {
    ("numpy._core.multiarray", "_reconstruct"), ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"), ("numpy.core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"), ("numpy.core.numeric", "_frombuffer"),
    ("numpy", "ndarray"), ("numpy", "dtype"), ("builtins", "set"), ("builtins", "frozenset"),
    ("builtins", "complex"), ("builtins", "slice"), ("builtins", "range"), ("collections", "OrderedDict"),
    ("phy_medicine.app.phy_compat.bunch", "Bunch"),
}  # fmt: skip


class _PlainUnpickler(pickle._Unpickler):
    """Reads data, runs nothing.

    The reader that is written in Python: that in C makes room for as many objects as nine bytes of a file claim.
    """

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _HARMLESS:
            raise pickle.UnpicklingError(f"{module}.{name} is not plain data.")
        return super().find_class(module, name)


class Context:
    """Caches of one dataset.

    cache_dir : folder of the files, made when the first is written
    labels_hash : gives what ties files to the labels on disk; cluster_ids : gives the clusters of these labels
    writable : gives whether files may be written
    """

    def __init__(
        self,
        cache_dir: str | Path,
        verbose: int = 0,
        *,
        labels_hash: Callable[[], str] = lambda: "",
        cluster_ids: Callable[[], frozenset[int]] | None = None,
        writable: Callable[[], bool] = lambda: True,
    ) -> None:
        self.cache_dir = Path(cache_dir).expanduser()
        self.verbose = verbose
        self._labels_hash = labels_hash
        self._cluster_ids = cluster_ids
        self._writable = writable
        self._memcache: dict[str, dict[tuple[Any, ...], Any]] = {}

    # In memory

    def memcache(self, f: F) -> F:
        """Keep what a function gives in memory, by its positional arguments, until the next session and longer."""
        cache = self.load_memcache(_fullname(f))

        @wraps(f)
        def memcached(*args: Any, **kwargs: Any) -> Any:
            out = cache.get(args)
            if out is None:
                out = cache[args] = f(*args, **kwargs)
            return out

        return memcached  # type: ignore[return-value]

    def load_memcache(self, name: str) -> dict[tuple[Any, ...], Any]:
        """Return what is kept of a function, from its file if it is of the labels of now."""
        cache = self._memcache.get(name)
        if cache is None:
            found = self._read(self._memcache_file(name))
            labels, values = (found.get("labels"), found.get("values")) if isinstance(found, dict) else (None, None)
            current = isinstance(labels, str) and labels == self._labels_hash()
            cache = self._memcache[name] = dict(values) if current and isinstance(values, dict) else {}
        return cache

    def save_memcache(self) -> None:
        """Write what is kept of every function, without clusters that are not on disk."""
        for name, cache in self._memcache.items():
            values = {args: value for args, value in cache.items() if self._lasts(args)}
            if values:
                self._write(self._memcache_file(name), {"labels": self._labels_hash(), "values": values})

    def _memcache_file(self, name: str) -> Path:
        return self.cache_dir / "memcache" / f"{_file_name(name)}.pkl"

    def _lasts(self, args: Any) -> bool:
        """Whether all whole numbers among the arguments are clusters that the labels on disk have."""
        if self._cluster_ids is None:
            return True
        known = self._cluster_ids()
        return all(number in known for number in _integers(args))

    # On disk

    def cache(self, f: F) -> F:
        """Keep what a function gives on disk, by its arguments and code."""
        code = hashlib.sha1(_source(f).encode(), usedforsecurity=False).hexdigest()[:12]
        folder = self.cache_dir / "functions" / f"{_file_name(_fullname(f))}-{code}"
        is_method = "self" in inspect.signature(f).parameters
        recent: dict[str, Any] = {}

        @wraps(f)
        def cached(*args: Any, **kwargs: Any) -> Any:
            given = args[1:] if is_method else args
            try:
                text = pickle.dumps((given, sorted(kwargs.items()), self._labels_hash()))
            except Exception:
                return f(*args, **kwargs)
            key = hashlib.sha1(text, usedforsecurity=False).hexdigest()
            lasts = self._lasts((given, kwargs))
            found = self._read(folder / f"{key}.pkl") if lasts else recent.get(key)
            if found is None:
                found = f(*args, **kwargs)
                if lasts:
                    self._write(folder / f"{key}.pkl", found)
                else:
                    recent[key] = found
            return found

        return cached  # type: ignore[return-value]

    # By name

    def _get_path(self, name: str, location: str, file_ext: str = ".json") -> Path:
        folder = phy_dir() if location == "global" else self.cache_dir
        return folder / f"{name}{file_ext}"

    def save(self, name: str, data: Any, location: str = "local", kind: str = "json") -> None:
        """Keep data under a name; location : "local" to the dataset or "global"; kind : "json" or "pickle"."""
        if kind == "json":
            if self._writable():
                save_json(self._get_path(name, location), data)
        else:
            self._write(self._get_path(name, location, ".pkl"), data)

    def load(self, name: str, location: str = "local") -> Any:
        """Return data that was kept under a name, {} when there is none."""
        path = self._get_path(name, location)
        if path.exists():
            return load_json(path)
        found = self._read(self._get_path(name, location, ".pkl"))
        return {} if found is None else found

    # Files

    @staticmethod
    def _read(path: Path) -> Any:
        if not path.exists():
            return None
        try:
            with path.open("rb") as file:
                return _PlainUnpickler(file).load()
        except Exception as error:
            logger.info("%s is passed over: %s", path, error)
            return None

    def _write(self, path: Path, data: Any) -> None:
        if not self._writable():
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_bytes(pickle.dumps(data))
            part.replace(path)
        except Exception as error:
            logger.info("%s could not be written: %s", path, error)


def _integers(value: Any) -> Iterator[int]:
    """All whole numbers in arguments, however they are nested."""
    if isinstance(value, bool | str | bytes):
        return
    if isinstance(value, int | np.integer):
        yield int(value)
    elif isinstance(value, np.ndarray):
        if value.dtype.kind in "iu":
            yield from map(int, np.unique(value))
    elif isinstance(value, dict):
        yield from _integers(list(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _integers(item)


def _source(f: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(f)
    except (OSError, TypeError):
        code = getattr(f, "__code__", None)
        return repr((code.co_code, code.co_consts)) if code else repr(f)


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)
