"""Takes over what jobs find out about the motion: previews while they run, the new run when one is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.session.motion import KIND, MotionState

if TYPE_CHECKING:
    from phy_medicine.base.types import FloatArray
    from phy_medicine.compute.job import Job
    from phy_medicine.session.jobs import SessionJobs


def follow_jobs(motion: MotionState, jobs: SessionJobs) -> None:
    """Keep the motion up to date with the jobs of the session; called in the threads of the jobs."""
    jobs.preview.connect(lambda job, arrays: show_preview(motion, job, arrays), check_nargs=False)
    jobs.imported.connect(motion.use_new, check_nargs=False)
    jobs.finished.connect(lambda job: end_preview(motion, job), check_nargs=False)


def show_preview(motion: MotionState, job: Job, arrays: Mapping[str, FloatArray]) -> None:
    """Show how far a motion job is."""
    if job.kind.name != KIND:
        return
    from phy_medicine.compute.motion.motion import Motion

    try:
        motion.preview = Motion.from_arrays(arrays)
    except PhyMedError as error:
        logger.debug("A preview of the motion cannot be shown: %s", error)


def end_preview(motion: MotionState, job: Job) -> None:
    """Show the motion in use again, however the job ended."""
    if job.kind.name == KIND:
        motion.preview = None
