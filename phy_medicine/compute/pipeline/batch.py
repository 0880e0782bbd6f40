"""Several recordings side by side: the stages of each in order, their pieces in one executor."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.pipeline.recording_run import RecordingRun, StageEnd

_POLL_S = 0.1
Ended = Callable[[RecordingRun, StageEnd], object]


class Batch:
    """Recordings that are run; `go` returns when all are done, and `cancel` ends it from anywhere.

    n_together : recordings under way at once; each waits most of the time for its workers
    """

    def __init__(self, runs: Sequence[RecordingRun], stages: Sequence[str], *, n_together: int) -> None:
        self.runs, self._stages = runs, stages
        self._n_together = max(1, min(n_together, len(runs)))
        self._stop = threading.Event()

    def go(self, ended: Ended, *, idle: Callable[[], object] = lambda: None) -> dict[str, PhyMedError]:
        """Run all, and return what went wrong by output folder; one recording that fails holds up no other.

        Parameters
        ----------
        ended : called in a thread after each stage
        idle : called ten times a second, here

        Raises
        ------
        Cancelled : `cancel` was called, or Ctrl+C was pressed
        """
        failed: dict[str, PhyMedError] = {}

        def one(run: RecordingRun) -> None:
            if self._stop.is_set():
                return
            try:
                for end in run.go(self._stages):
                    ended(run, end)
                run.report()
            except PhyMedError as error:
                failed[str(run.out)] = error

        with ThreadPoolExecutor(self._n_together, "recording") as pool:
            waiting = {pool.submit(one, run) for run in self.runs}
            try:
                while waiting:
                    done, waiting = wait(waiting, _POLL_S, FIRST_COMPLETED)
                    idle()
                    for future in done:
                        future.result()
            except BaseException as error:
                self.cancel()
                if isinstance(error, KeyboardInterrupt):
                    raise Cancelled from None
                raise
        return failed

    @property
    def stopped(self) -> bool:
        """Whether it was cancelled; what runs ask."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """End it: nothing more is begun, and workers are asked to leave what they are doing."""
        self._stop.set()
        for run in self.runs:
            run.stop()
