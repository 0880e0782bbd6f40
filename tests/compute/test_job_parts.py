"""Parts of the jobs: lines of a pipe, events, previews, time left, kinds, devices, files."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute import device, job_context, job_events, job_files, job_kinds
from phy_medicine.compute.job_context import Cancelled, EventWriter, JobContext
from phy_medicine.compute.job_events import LONGEST_LINE, parse
from phy_medicine.compute.job_kinds import JobKind
from phy_medicine.compute.time_left import TimeLeft, in_words


class Trickle(io.RawIOBase):
    """A pipe that gives its content in pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = list(pieces)

    def read1(self, _n: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


@given(st.lists(st.binary(min_size=1, max_size=12).map(lambda b: b.replace(b"a", b"\n")), max_size=20))
def test_lines_are_those_of_the_whole_however_the_pipe_cuts_it(pieces: list[bytes]):
    whole = b"".join(pieces).split(b"\n")
    expected = whole if whole[-1] else whole[:-1]
    assert list(job_events.lines(Trickle(pieces))) == expected


def test_a_line_that_is_too_long_is_cut_and_the_next_one_is_read():
    pieces = [b"x" * (1 << 16)] * (2 * LONGEST_LINE // (1 << 16)) + [b"xx\nnext\n"]
    cut, after = job_events.lines(Trickle(pieces))
    assert len(cut) < 3000
    assert after == b"next"


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_of_events_fail(line: bytes):
    parse(line)
    parse(b'{"event": "progress", ' + line)
    job_events.as_text(line)


FIELDS = ["event", "fraction", "message", "arrays", "file", "text", "kind", "device"]
VALUES = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.floats(),
    st.integers(),
    st.just([1, "a"]),
    st.just({"a": "!!"}),
    st.sampled_from(job_events._EVENTS),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_no_json_makes_the_reader_of_events_fail(content):
    event = parse(json.dumps(content).encode())
    assert event is None or event.name in job_events._EVENTS


@pytest.mark.parametrize("n", [10, 100_000])
def test_a_preview_arrives_as_it_was_sent(n: int, tmp_path: Path):
    pipe = io.BytesIO()
    context = JobContext(None, {}, folder=tmp_path, send=EventWriter(pipe).send)
    sent = np.linspace(0, 1, n)
    context.preview(motion=sent, bins=np.arange(3))
    context.preview(motion=sent)
    (line,) = pipe.getvalue().splitlines()
    event = parse(line)
    assert len(line) < LONGEST_LINE
    assert np.array_equal(event.arrays["motion"], sent)
    assert event.arrays["bins"].tolist() == [0, 1, 2]
    assert not context.preview_due


def test_a_preview_that_is_too_large_is_left_out_and_said_once(monkeypatch, tmp_path):
    monkeypatch.setattr(job_context, "PREVIEW_BYTES", 10)
    pipe = io.BytesIO()
    context = JobContext(None, {}, folder=tmp_path, send=EventWriter(pipe).send)
    for _ in range(3):
        context.preview(motion=np.zeros(100))
    assert [parse(line).name for line in pipe.getvalue().splitlines()] == ["log"]


def test_progress_is_cut_to_its_range_and_its_last_is_never_dropped():
    pipe = io.BytesIO()
    context = JobContext(None, {}, send=EventWriter(pipe).send)
    for fraction in (-1.0, 0.2, 0.3, 1.5):
        context.progress(fraction, "now")
    assert [parse(line).fraction for line in pipe.getvalue().splitlines()] == [0.0, 1.0]


def test_a_cancelled_job_hears_of_it_at_its_next_progress():
    context = JobContext(None, {}, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        context.progress(0.5)
    with pytest.raises(Cancelled):
        context.check_cancelled()


def test_an_event_for_a_reader_that_is_gone_is_dropped():
    pipe = io.BytesIO()
    pipe.close()
    EventWriter(pipe).send("log", text="nobody hears")


def test_facts_become_json_values():
    facts = {"n": np.int64(3), "a": np.array([1.0, np.nan]), "p": Path("x"), "o": object, "d": {"k": (1, True)}}
    checked = job_context.checked_facts(facts)
    assert json.loads(json.dumps(checked)) == {
        "n": 3, "a": [1.0, None], "p": "x", "o": "<class 'object'>", "d": {"k": [1, True]},
    }  # fmt: skip


def test_time_left_of_steady_work_counts_down():
    left = TimeLeft()
    told = [left.update(t / 100, float(t)) for t in range(51)]
    assert told[0] is None
    assert told[10] == pytest.approx(90)
    assert told[50] == pytest.approx(50)
    assert left.at(55.0) == pytest.approx(45)


def test_time_left_does_not_jump_when_the_speed_changes():
    left = TimeLeft()
    before = [left.update(0.005 * t, float(t)) for t in range(1, 101)][-1]
    after = left.update(0.6, 101.0)
    assert before == pytest.approx(100)
    assert 75 < after < 99


def test_time_left_starts_anew_when_the_work_does():
    left = TimeLeft()
    for t in range(10):
        left.update(t / 10, float(t))
    assert left.update(0.1, 10.0) is None
    assert left.at(10.0) == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.2, "about done"), (7.4, "7 s left"), (43, "45 s left"), (150, "2 min left"), (9000, "2.5 h left")],
)
def test_time_left_in_words(seconds, words):
    assert in_words(seconds) == words


def test_a_kind_is_found_by_its_name_and_its_settings_are_loaded_when_asked_for():
    kind = job_kinds.register(JobKind("toy", "Toy", "collections:OrderedDict", "a:b"))
    try:
        assert job_kinds.kind("toy") is kind
        assert kind in job_kinds.kinds()
        assert kind.settings_class.__name__ == "OrderedDict"
        assert kind.settings_path == "collections:OrderedDict"
    finally:
        job_kinds.unregister("toy")
    with pytest.raises(PhyMedError, match="There is no job 'toy'"):
        job_kinds.kind("toy")


@pytest.mark.parametrize("path", ["no_such_module:x", "os:no_such_name", "os", ":x"])
def test_what_cannot_be_loaded_is_a_sentence(path):
    with pytest.raises(PhyMedError, match="cannot be loaded"):
        job_kinds.load(path)


def test_the_processor_needs_no_torch(monkeypatch):
    import builtins

    real = builtins.__import__

    def no_torch(name, *more):
        assert name != "torch"
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", no_torch)
    monkeypatch.setattr(device, "cards", lambda: ())
    assert device.resolve("cpu") == device.resolve("auto") == "cpu"


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "cpu:0"])
def test_a_name_that_is_no_device_is_refused(name):
    with pytest.raises(PhyMedError, match="no device"):
        device.resolve(name)


def test_batches_are_halved_until_they_fit():
    asked, said = [], []

    def step(batch: int) -> int:
        asked.append(batch)
        if batch > 30:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return batch * 2

    assert device.in_halves(step, 100, say=said.append) == (50, 25)
    assert asked == [100, 50, 25]
    assert len(said) == 2


def test_batches_are_not_halved_for_other_reasons_nor_below_the_smallest():
    def fail(_batch: int) -> None:
        raise RuntimeError("shapes do not fit")

    def full(_batch: int) -> None:
        raise MemoryError

    with pytest.raises(RuntimeError, match="shapes"):
        device.in_halves(fail, 8)
    with pytest.raises(MemoryError):
        device.in_halves(full, 8, smallest=4)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"version": 99}', '{"version": 1, "inputs": 3}'])
def test_a_job_file_that_is_none_is_a_sentence(content, tmp_path):
    (tmp_path / "job.json").write_text(content)
    with pytest.raises(job_files.JobError, match="no job that can be run"):
        job_files.JobFile.read(tmp_path / "job.json")


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"arrays": {"a": {}}}'])
def test_a_manifest_that_is_none_is_a_sentence(content, tmp_path):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(job_files.JobError, match="cannot be understood"):
        job_files.Manifest.read(tmp_path)


def test_an_array_outside_of_the_result_is_never_read(tmp_path):
    facts = job_files.write_array(tmp_path, "a", np.arange(3))
    (tmp_path / "result").mkdir()
    outside = job_files.ArrayFile("../a.npy", facts.shape, facts.dtype, facts.sha256)
    with pytest.raises(job_files.JobError, match="outside"):
        job_files._load(tmp_path / "result", "a", outside)


def test_an_array_name_that_is_a_path_is_refused(tmp_path):
    with pytest.raises(job_files.JobError):
        job_files.write_array(tmp_path, "../a", np.arange(3))


@pytest.mark.parametrize(
    "array", [np.float32(3), np.zeros((0, 2)), np.asfortranarray(np.arange(6).reshape(2, 3)), True]
)
def test_arrays_of_all_shapes_come_back(array, tmp_path):
    array = np.asarray(array)
    facts = job_files.write_array(tmp_path, "a", array, "um")
    back = job_files._load(tmp_path, "a", facts)
    assert (back.shape, back.dtype, back.tolist()) == (array.shape, array.dtype, array.tolist())
