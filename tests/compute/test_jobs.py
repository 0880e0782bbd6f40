"""The queue of jobs: what each way of ending looks like, and that none of them harms the process that waits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute import job, worker
from phy_medicine.compute.jobs import Job, JobError, JobQueue, JobRequest, QueueSettings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the toy jobs fork and kill as Unix does")
HERE = Path(__file__).parent
LIMIT_S = 60


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch):
    """The module of toy jobs, which a worker finds too."""
    monkeypatch.syspath_prepend(str(HERE))
    import toy_jobs

    return toy_jobs


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    queue = JobQueue()
    yield queue
    queue.close()


Start = Callable[..., Job]


@pytest.fixture
def start(queue: JobQueue, toys, tmp_path: Path) -> Start:
    """Submits a toy job to the queue."""

    def submit(name: str, *, to: JobQueue | None = None, inputs=None, deliver=None, **settings) -> Job:
        kind = toys.toy(name)
        to = to or queue
        folder = tmp_path / f"job{len(list(tmp_path.iterdir())) + len(to.jobs)}"
        return to.submit(JobRequest(kind, toys.ToySettings(**settings), folder, inputs or {}, deliver=deliver))

    return submit


def until(fact: Callable[[], bool]) -> None:
    """Wait for a fact; the time limit is only there to end a test that hangs."""
    end = time.monotonic() + LIMIT_S
    while not fact():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def is_gone(pid: int) -> bool:
    """Whether a process ended (one that nobody asked for its exit code yet counts as ended)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return not Path("/proc").exists() and False


def test_a_job_computes_on_its_inputs_and_says_how_far_it_is(queue, start, tmp_path):
    np.save(tmp_path / "times.npy", np.array([1.0, 2.5]))
    heard: list[tuple[str, float]] = []
    previews: list[np.ndarray] = []
    queue.changed.connect(lambda j: heard.append((j.state, j.fraction)))
    queue.preview.connect(lambda _job, arrays: previews.append(arrays["so_far"]))
    done = start("double", inputs={"times_s": tmp_path / "times.npy"}, steps=4, factor=3.0)
    assert queue.wait(done, LIMIT_S)
    assert (done.state, done.error, done.fraction, done.device) == ("done", "", 1.0, "cpu")
    arrays = done.result.load(done.folder / "result")
    assert arrays["doubled"].tolist() == [3.0, 7.5]
    assert done.result.units["doubled"] == "s"
    assert done.result.facts == {"steps": 4}
    assert done.result.settings["factor"] == 3.0
    assert "did 4 steps on cpu" in done.log
    assert "did 4 steps on cpu" in done.log_path.read_text()
    states = [state for state, _ in heard]
    assert list(dict.fromkeys(states)) == ["queued", "running", "done"]
    assert [fraction for _, fraction in heard] == sorted(fraction for _, fraction in heard)
    assert previews[0].tolist() == [1.0] * 4


def test_the_worker_leaves_a_processor_to_the_window(start, queue, tmp_path):
    with_limit = start("double")
    queue.wait(with_limit, LIMIT_S)
    threads = int(with_limit.result.load(with_limit.folder / "result")["threads"])
    assert threads == max(1, len(os.sched_getaffinity(0)) - 1)


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="only Linux has a class for idle work")
@pytest.mark.parametrize(
    ("nice", "most", "policy", "priority"),
    [(20, "", 5, 19), (7, "", 0, 7), (0, "", 0, 0), (20, "4", 0, 4), (3, "4", 0, 3), (7, "far", 0, 7)],
)
def test_the_worker_stands_back_as_far_as_it_is_told(start, monkeypatch, nice, most, policy, priority):
    monkeypatch.setenv("PHY_MEDICINE_NICE", most)
    queue = JobQueue(QueueSettings(nice=nice))
    running = start("forever", to=queue)
    until(lambda: running.fraction > 0)
    pid = _worker_of(running)
    assert os.sched_getscheduler(pid) == policy
    assert os.getpriority(os.PRIO_PROCESS, pid) - os.getpriority(os.PRIO_PROCESS, 0) == priority
    assert (Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "700") == (nice > 0)
    queue.close()


WAYS = [
    ("memory", "Out of memory", "smaller settings"),
    ("real memory", "Out of memory", "smaller settings"),
    ("card", "Out of memory (RuntimeError: CUDA out of memory", "smaller settings"),
    ("sentence", "There are no peaks; use another threshold.", ""),
    ("fault", "KeyError: 'level'", "report it"),
    ("kill", "SIGKILL", "ran out of memory"),
    ("segfault", "SIGSEGV", "device cpu"),
    ("exit", "without a result", "log"),
    ("objects", "'x' of type object", ""),
    ("nothing", "returned NoneType", ""),
    ("quit", "SystemExit: good bye", "report it"),
]


@pytest.mark.parametrize(("how", "words", "advice"), WAYS)
def test_each_way_of_going_wrong_fails_the_job_with_a_sentence_and_the_next_job_runs(start, queue, how, words, advice):
    failed, after = start("wrong", how=how), start("double")
    assert queue.wait(after, LIMIT_S)
    assert failed.state == "failed"
    assert words in failed.error and advice in failed.error
    assert failed.log[-1] == failed.error
    assert failed.error in failed.log_path.read_text()
    assert not (failed.folder / "result" / "manifest.json").exists()
    assert after.state == "done"


def test_a_worker_killed_from_outside_fails_its_job(start, queue):
    killed = start("forever")
    until(lambda: killed.fraction > 0)
    pid = _worker_of(killed)
    os.kill(pid, signal.SIGKILL)
    assert queue.wait(killed, LIMIT_S)
    assert (killed.state, "SIGKILL" in killed.error) == ("failed", True)


def _worker_of(running: Job) -> int:
    """Process id of the worker of a job."""
    target = str(running.folder / "job.json")
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if target.encode() in words:
            return int(path.parent.name)
    raise AssertionError("no worker")


def test_what_a_worker_prints_goes_to_the_log_and_never_among_the_events(start, queue):
    done = start("chatty")
    queue.wait(done, LIMIT_S)
    assert done.state == "done"
    lines = {"printed by python", "printed by a library", "to the error stream", "said properly", "in two lines"}
    assert lines <= set(done.log)


GARBAGE = """
import os, sys
out = sys.stdout.buffer
out.write(b"\\xff\\xfe\\x00garbage\\n")
out.write(b"{" * 100_000 + b"\\n")
out.write(b"[" * 100_000 + b"\\n")
out.write(b"x" * 5_000_000 + b"\\n")
out.write(b'{"event": "progress"}\\n{"event": "progress", "fraction": "NaN"}\\n')
out.write(b'{"event": "progress", "fraction": 1e999}\\n')
out.write(b'{"event": "preview", "arrays": {"a": "!!!"}}\\n{"event": "preview", "file": "/nowhere.npz"}\\n')
out.write(b'{"event": "preview", "arrays": [1]}\\n{"event": ["progress"]}\\n{"event": "reboot"}\\n[1, 2]\\nnull\\n')
out.write(b'{"event": "progress", "fraction": 7, "message": "line\\\\nbreak"}\\n')
out.write(b'{"event": "progress", "frac')
out.flush()
sys.exit(7)
"""


def test_garbage_on_stdout_goes_to_the_log(toys, tmp_path):
    queue = JobQueue(command=[sys.executable, "-c", GARBAGE])
    previews: list[object] = []
    queue.preview.connect(lambda *facts: previews.append(facts))
    failed = queue.submit(JobRequest(toys.toy("double"), toys.ToySettings(), tmp_path / "job"))
    assert queue.wait(failed, LIMIT_S)
    assert failed.state == "failed"
    assert "code 7" in failed.error
    assert (failed.fraction, failed.message) == (1.0, "line break")
    assert previews == []
    assert sum(len(line) for line in failed.log) < 100_000
    assert any("garbage" in line for line in failed.log)
    assert any(line.startswith('{"event": "progress", "frac') for line in failed.log)
    queue.close()


def test_a_worker_that_cannot_be_started_fails_the_job(toys, tmp_path):
    queue = JobQueue(command=["/no/such/python"])
    failed = queue.submit(JobRequest(toys.toy("double"), toys.ToySettings(), tmp_path / "job"))
    assert queue.wait(failed, LIMIT_S)
    assert failed.state == "failed"
    assert "/no/such/python" in failed.error


def test_cancelling_a_job_that_listens(start, queue):
    running = start("forever")
    until(lambda: running.fraction > 0)
    queue.cancel(running.id)
    assert running.state in ("cancelling", "cancelled")
    assert queue.wait(running, LIMIT_S)
    assert (running.state, running.result, running.error) == ("cancelled", None, "")
    assert not (running.folder / "result" / "manifest.json").exists()


def test_cancelling_a_deaf_job_ends_it_and_its_children(start, queue):
    running = start("deaf")
    until(lambda: running.message.startswith("child ") and "deaf" in running.log)
    pids = [int(running.message.split()[1]), _worker_of(running)]
    queue.cancel(running.id)
    assert queue.wait(running, LIMIT_S)
    assert running.state == "cancelled"
    until(lambda: all(is_gone(pid) for pid in pids))


def test_the_limits_of_a_cancel_add_up_to_less_than_two_seconds():
    from phy_medicine.compute import jobs

    assert jobs._POLL_S + jobs._OWN_WAY_S + jobs._POLITE_S < 1.9


def test_a_waiting_job_is_cancelled_at_once_and_never_starts(start, queue):
    first, second = start("forever"), start("double")
    ended: list[str] = []
    queue.finished.connect(lambda j: ended.append(j.id))
    queue.cancel(second.id)
    assert (second.state, ended) == ("cancelled", [second.id])
    queue.cancel(second.id)
    assert ended == [second.id]
    queue.cancel(first.id)
    assert queue.wait(first, LIMIT_S)
    assert not second.folder.exists()


def test_jobs_run_in_the_order_in_which_they_came_one_at_a_time(start, queue):
    running: set[str] = set()
    order: list[str] = []
    most: list[int] = []

    def note(j: Job) -> None:
        if j.state == "running" and j.id not in order:
            order.append(j.id)
        (running.add if j.state == "running" else running.discard)(j.id)
        most.append(len(running))

    queue.changed.connect(note)
    jobs = [start("double") for _ in range(4)]
    for j in jobs:
        queue.wait(j, LIMIT_S)
    assert order == [j.id for j in jobs]
    assert max(most) == 1


def test_two_processor_jobs_run_together_when_told_so(start):
    queue = JobQueue(QueueSettings(n_cpu=2))
    first, second, third = (start("forever", to=queue) for _ in range(3))
    until(lambda: first.fraction > 0 and second.fraction > 0)
    assert third.state == "queued"
    queue.close()
    assert {j.state for j in (first, second, third)} == {"cancelled"}


def test_one_job_at_a_time_on_the_card_beside_one_on_the_processor(toys, queue, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "cards", lambda: ("cuda:0",))
    on_card = toys.toy("forever", uses_gpu=True)
    first, second = (queue.submit(JobRequest(on_card, toys.ToySettings(), tmp_path / n)) for n in "ab")
    other = queue.submit(JobRequest(toys.toy("forever"), toys.ToySettings(), tmp_path / "c"))
    asked_for_cpu = queue.submit(JobRequest(on_card, toys.ToySettings(), tmp_path / "d", device="cpu"))
    until(lambda: other.fraction > 0)
    assert [j.on_card for j in (first, second, other, asked_for_cpu)] == [True, True, False, False]
    assert first.state == "running"
    assert (second.state, asked_for_cpu.state) == ("queued", "queued")
    queue.cancel(first.id)
    until(lambda: second.state == "running")


def test_a_device_that_is_not_there_is_a_sentence(toys, queue, tmp_path):
    pytest.importorskip("torch")
    kind = toys.toy("double", uses_gpu=True)
    failed = queue.submit(JobRequest(kind, toys.ToySettings(), tmp_path / "a", device="cuda:77"))
    queue.wait(failed, LIMIT_S)
    assert failed.error.startswith("The device cuda:77 is not available")


def test_inputs_are_made_in_a_thread_when_the_job_starts(start, queue):
    threads: list[str] = []

    def make(folder: Path) -> dict[str, Path]:
        threads.append(threading.current_thread().name)
        folder.mkdir()
        np.save(folder / "times_s.npy", np.array([4.0]))
        return {"times_s": folder / "times_s.npy"}

    done = start("double", inputs=make)
    queue.wait(done, LIMIT_S)
    assert threads == [f"job {done.id}"]
    assert done.result.load(done.folder / "result")["doubled"].tolist() == [8.0]


def test_inputs_that_cannot_be_made_fail_the_job(start, queue):
    def make(_folder: Path) -> dict[str, Path]:
        raise PhyMedError("This dataset has no amplitudes.")

    failed = start("double", inputs=make)
    queue.wait(failed, LIMIT_S)
    assert (failed.state, failed.error) == ("failed", "This dataset has no amplitudes.")


def test_an_input_that_changes_after_the_job_was_made_is_refused(toys, tmp_path):
    np.save(tmp_path / "times.npy", np.arange(3.0))
    slow = f"import time, runpy, numpy; numpy.save({str(tmp_path / 'times.npy')!r}, numpy.arange(4.0)); " \
           "runpy.run_module('phy_medicine.compute.worker', run_name='__main__')"  # fmt: skip
    queue = JobQueue(command=[sys.executable, "-c", slow])
    request = JobRequest(toys.toy("double"), toys.ToySettings(), tmp_path / "j", {"times_s": tmp_path / "times.npy"})
    failed = queue.submit(request)
    queue.wait(failed, LIMIT_S)
    assert failed.error.startswith("The input times_s changed since the job was made")
    queue.close()


def test_a_result_that_was_tampered_with_is_refused(start, queue):
    done = start("double")
    queue.wait(done, LIMIT_S)
    path = done.folder / "result" / "doubled.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(JobError, match="doubled of the result cannot be used"):
        done.result.load(done.folder / "result")


def test_a_result_is_delivered_before_the_job_is_done_and_a_refusal_fails_it(start, queue):
    states: list[str] = []

    def deliver(j: Job, manifest) -> str:
        states.append(j.state)
        return f"run of {manifest.kind}"

    def refuse(_job: Job, _manifest) -> None:
        raise PhyMedError("The disk is full.")

    good, bad = start("double", deliver=deliver), start("double", deliver=refuse)
    queue.wait(bad, LIMIT_S)
    assert (states, good.delivered) == (["running"], "run of double")
    assert (bad.state, bad.error) == ("failed", "The disk is full.")


def test_a_listener_that_fails_harms_nothing(start, queue):
    def fail(*_facts: object) -> None:
        raise RuntimeError("a listener's own fault")

    for signal_ in (queue.changed, queue.preview, queue.finished):
        signal_.connect(fail)
    done = start("double")
    assert queue.wait(done, LIMIT_S)
    assert done.state == "done"


def test_closing_ends_all_jobs_and_takes_no_more(start, queue):
    running, waiting = start("forever"), start("forever")
    until(lambda: running.fraction > 0)
    pid = _worker_of(running)
    queue.close()
    assert (running.state, waiting.state) == ("cancelled", "cancelled")
    assert is_gone(pid)
    with pytest.raises(JobError, match="being closed"):
        start("double")


PARENT = """
import sys, time
from pathlib import Path
from phy_medicine.compute.jobs import JobQueue, JobRequest
import toy_jobs
queue = JobQueue()
job = queue.submit(JobRequest(toy_jobs.toy("deaf"), toy_jobs.ToySettings(), Path(sys.argv[1])))
while not (job.message.startswith("child ") and "deaf" in job.log):
    time.sleep(0.01)
print(job.message.split()[1], flush=True)
time.sleep(600)
"""


def test_a_worker_ends_with_its_children_when_its_parent_is_killed(toys, tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path / "job")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    child = int(parent.stdout.readline())
    worker_pid = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
    assert not is_gone(worker_pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: is_gone(worker_pid) and is_gone(child))


def test_the_worker_is_a_command_of_its_own(toys, start, queue, tmp_path):
    done = start("double", steps=2)
    queue.wait(done, LIMIT_S)
    (done.folder / "result" / "manifest.json").unlink()
    command = [sys.executable, "-m", "phy_medicine.compute.worker", str(done.folder / "job.json")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    names = [line.split(b'"')[3] for line in result.stdout.splitlines()]
    assert names[0] == b"started" and names[-1] == b"result"
    assert (done.folder / "result" / "manifest.json").exists()


@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_a_worker_without_a_job_says_how_it_is_called(arguments, capsys):
    assert worker.main(arguments) == worker.NOT_UNDERSTOOD
    assert "job.json" in capsys.readouterr().err
