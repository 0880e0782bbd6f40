"""What the next key will probably ask for, made ready while the curator looks.

Each step runs what a view would run, in the pool and after everything that somebody waits for; what it reads and
computes stays in the cache of arrays, within a bound of its own. A step ends early, between one array and the next,
once the curator goes elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from phy_medicine.base.configuration import Configuration
from phy_medicine.compute.pool import Pool, Priority
from phy_medicine.session.cache import Ahead, ArrayCache, NotWanted

if TYPE_CHECKING:
    from phy_medicine.session.quality import QualityMetrics
    from phy_medicine.session.similar import SimilarClusters
    from phy_medicine.session.view_host import ViewRequest

N_AHEAD = 3
MAX_MB = 64


def prefetch_limits(configuration: Configuration) -> dict[str, int]:
    """Return the limits that a person configured, as arguments of `Prefetch`."""
    return {
        "n_ahead": int(configuration.get("prefetch", N_AHEAD)),
        "max_mb": int(configuration.get("prefetch_mb", MAX_MB)),
    }


class Prefetch:
    """The one round of making ready that goes on now, if any.

    n_ahead : selections that are made ready, the likeliest first; 0: none
    max_bytes : of what was made ready and not asked for since; at most half of what the cache holds
    """

    def __init__(
        self, pool: Callable[[], Pool], cache: ArrayCache, *, n_ahead: int = N_AHEAD, max_mb: int = MAX_MB
    ) -> None:
        self._pool, self._cache = pool, cache
        self.n_ahead, self.max_bytes = n_ahead, max_mb << 20
        self._round = Ahead(self.max_bytes, over=True)
        self._keys: list[Hashable] = []

    @property
    def n_bytes(self) -> int:
        """Bytes that are ready and were not asked for yet."""
        return self._cache.n_bytes_ahead

    def begin(self) -> None:
        """Begin a round; what is left of the one before is dropped."""
        self.cancel()
        self._round = Ahead(self.max_bytes)

    def add(self, key: Hashable, function: Callable[..., object], *args: object) -> None:
        """Have a function called in this round, after those added before; what it raises is logged."""
        self._keys.append(("prefetch", key))
        self._pool().submit(self._keys[-1], self._step, self._round, function, *args, priority=Priority.PREFETCH)

    def cancel(self) -> None:
        """Drop what waits, and have what runs end soon."""
        self._round.over = True
        for key in self._keys:
            self._pool().cancel(key)
        self._keys.clear()

    def _step(self, round_: Ahead, function: Callable[..., object], *args: object) -> None:
        try:
            round_.check()
            with self._cache.ahead(round_):
                function(*args)
        except NotWanted:
            pass


def ask_ahead(requests: Sequence[ViewRequest], quality: QualityMetrics, similar: SimilarClusters) -> None:
    """Have what the tables show of some selections computed before what nobody will ask for soon."""
    quality.ask_ahead(tuple(dict.fromkeys(c for request in requests for c in request.cluster_ids)))
    for reference in dict.fromkeys(request.best_ids[-1] for request in requests if request.best_ids):
        similar.ask_ahead(reference)
