"""Clusters on this machine for tests: started by a test, small, and silent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def dask_cluster(n_workers: int = 2) -> Iterator[str]:
    """Start a dask cluster of processes, and give the address of its scheduler."""
    distributed = pytest.importorskip("distributed", reason="dask is not installed (extra cluster)")
    import dask

    quiet = {"distributed.admin.tick.interval": "1h", "distributed.scheduler.worker-ttl": None}
    with (
        dask.config.set(quiet),
        distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
    ):  # fmt: skip
        yield cluster.scheduler_address


@contextmanager
def ipyparallel_cluster(n_engines: int = 2) -> Iterator[str]:
    """Start a controller and engines, and give the name of their profile."""
    ipyparallel = pytest.importorskip("ipyparallel", reason="ipyparallel is not installed (extra cluster)")
    # A killed engine is missed after half a second instead of half a minute.
    beats = ["--HeartMonitor.period=200", "--HeartMonitor.max_heartmonitor_misses=2"]
    with ipyparallel.Cluster(
        n=n_engines,
        profile="phymedtest",
        cluster_id="",
        controller_args=beats,
        log_level=logging.CRITICAL,
        shutdown_atexit=True,
    ) as client:
        client.wait_for_engines(n_engines, timeout=60)
        yield "phymedtest"
