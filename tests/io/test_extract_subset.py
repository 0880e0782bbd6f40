"""Stored waveforms: what is written is what a slow loop over spikes reads, and appears whole or not at all."""

from __future__ import annotations

import errno
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import DatasetError
from phy_medicine.io import together
from phy_medicine.io.export import spike_choice, waveform_subset
from phy_medicine.io.export.spike_choice import choose_spikes, kept_pieces
from phy_medicine.io.export.waveform_subset import extract_subset
from phy_medicine.io.kwik_model import KwikModel
from phy_medicine.io.template_model import TemplateModel
from phy_medicine.io.waveform_subset import NAMES
from tests.io import kwik_miniatures
from tests.io import miniatures as mini
from tests.io.small_disk import small_disk


@pytest.fixture
def model(tmp_path: Path) -> TemplateModel:
    (tmp_path / "data").mkdir()
    return TemplateModel.open(mini.plain(tmp_path / "data"))


def _stored(folder: Path) -> tuple[np.ndarray, ...]:
    return tuple(np.load(folder / name) for name in NAMES)


def _same(a: tuple[np.ndarray, ...], b: tuple[np.ndarray, ...]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


# What is written


def _slow(model: TemplateModel, n: int, n_channels: int, seed: int, unit: float) -> tuple[np.ndarray, ...]:
    """All three arrays, spike by spike."""
    size = round(600 * model.sample_rate)
    n_pieces = ceil(model.traces.n_samples / size)
    step = ceil(n_pieces / 20)
    inside = [
        i
        for i, s in enumerate(model.spike_samples.tolist())
        if 0 <= s < model.traces.n_samples and (s // size) % step == 0
    ]
    keys = dict(zip(inside, np.random.default_rng(seed).random(len(inside)), strict=True))
    chosen = []
    for template_id in range(model.n_templates):
        own = [i for i in inside if model.spike_templates[i] == template_id]
        chosen += sorted(own, key=lambda i: keys[i])[:n]
    width, nt = max(n_channels, model.params.n_closest_channels), model.n_samples_template
    waveforms = np.zeros((len(chosen), nt, width))
    channels = np.full((len(chosen), width), -1)
    for row, spike in enumerate(sorted(chosen)):
        best = model.template_channels(int(model.spike_templates[spike]))[:width]
        channels[row, : len(best)] = best
        start = int(model.spike_samples[spike]) - nt // 2
        waveforms[row] = model.traces.read(start, start + nt, channels[row]).astype(np.float64) * unit
    return waveforms, channels, np.array(sorted(chosen))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    n=st.sampled_from([1, 3, 7, 10**30]),
    n_channels=st.integers(1, 20),
    n_closest=st.integers(1, 10),
    seed=st.integers(0, 2**70),
    unit=st.sampled_from([1.0, 0.195, -2.0]),
    dtype=st.sampled_from(["int16", "float32", "uint8"]),
    samples=st.lists(st.integers(-30, 40_030), min_size=1, max_size=200),
    make=st.sampled_from([mini.plain, mini.circus]),
)
def test_a_slow_loop_over_spikes_writes_the_same(
    brief_folder, monkeypatch, n, n_channels, n_closest, seed, unit, dtype, samples, make
):
    monkeypatch.setattr(waveform_subset, "_BLOCK", 20_000)
    monkeypatch.setattr(spike_choice, "_STEP", 13)
    with brief_folder() as folder:
        params = make(folder)
        mini.recording().astype(dtype).tofile(folder / "recording.dat")
        # At 1 Hz the 40,000 samples are 67 pieces, of which every fourth is kept.
        text = [line for line in params.read_text().splitlines() if line.split(" ")[0] not in ("sample_rate", "dtype")]
        more = [f"sample_rate = 1.0\ndtype = '{dtype}'\nn_closest_channels = {n_closest}\n"]
        params.write_text("\n".join(text + more))
        times = np.sort(np.resize(samples, mini.N_SPIKES))
        np.save(folder / "spike_times.npy", times)
        model = TemplateModel.open(params)
        expected = _slow(model, n, n_channels, seed, unit)
        if not len(expected[2]):
            with pytest.raises(DatasetError, match="None of the 200 spikes is inside the recording"):
                extract_subset(model, n, n_channels=n_channels, seed=seed, sample2unit=unit)
            return
        report = extract_subset(model, n, n_channels=n_channels, seed=seed, sample2unit=unit)
        found = _stored(folder)
        assert _same(found, expected)
        assert [a.dtype for a in found] == [np.float64, np.int32, np.int64]
        assert (report.n_spikes, report.n_samples, report.n_channels) == found[0].shape
        assert sum(a.nbytes for a in found) == report.n_bytes
        _read_back(TemplateModel.open(params), found)


def _read_back(model: TemplateModel, found: tuple[np.ndarray, ...]) -> None:
    """Our reader gives what the files hold."""
    assert _same(model.waveform_subset.stored, found)
    every = np.arange(model.n_channels)
    data = model.waveform_subset.get(found[2], every)
    for row, own in enumerate(found[1]):
        used = own[own >= 0]
        assert np.array_equal(data[row][:, used], found[0][row][:, : len(used)].astype(np.float32))
        assert not data[row][:, np.setdiff1d(every, used)].any()


@pytest.mark.parametrize("exporter", [name for name in mini.EXPORTERS if name not in ("spikeinterface", "alf")])
def test_phylib_reads_what_is_written_as_it_reads_the_recording(tmp_path: Path, exporter: str):
    reference = pytest.importorskip("phylib.io.model")
    (tmp_path / "data").mkdir()
    params = mini.EXPORTERS[exporter](tmp_path / "data")
    model = TemplateModel.open(params)
    if model.traces is None:
        mini.recording().tofile(tmp_path / "data" / model.params.dat_paths[0].name)
        model = TemplateModel.open(params)
    extract_subset(model, 10, n_channels=3)
    theirs = reference.load_model(params)
    spikes, channels = theirs.spike_waveforms.spike_ids, theirs.spike_waveforms.spike_channels
    assert len(spikes) == 50
    every = np.arange(model.n_channels)
    stored = theirs.get_waveforms(spikes, every)
    theirs.spike_waveforms = None
    raw = theirs.get_waveforms(spikes, every)
    own = np.array([np.isin(every, row) for row in channels])
    assert np.array_equal(stored, np.where(own[:, np.newaxis], raw, 0)) and own.any()
    for spike, row in zip(spikes, channels, strict=True):
        best = theirs.get_template(theirs.spike_templates[spike]).channel_ids
        assert set(row[row >= 0]) == set(best[:12])


def test_every_spike_is_as_probable_as_another():
    pieces = np.array([0, 100, 200, 300])
    samples, templates = np.arange(300), np.arange(300) % 2
    times_chosen = np.zeros(300)
    for seed in range(400):
        times_chosen[choose_spikes(samples, templates, pieces, 5, seed)] += 1
    assert not times_chosen[100:200].any()
    assert times_chosen.sum() == 400 * 10
    # 20 of 400 expected, s.d. 4.4.
    assert times_chosen[:100].min() >= 3 and times_chosen[200:].max() <= 45


def test_the_seed_decides(model: TemplateModel):
    chosen = []
    for seed in (0, 0, 1):
        extract_subset(model, 5, seed=seed, force=True)
        chosen.append(_stored(model.dir_path)[2].tolist())
    assert chosen[0] == chosen[1] != chosen[2]


@pytest.mark.parametrize(
    ("n_pieces", "kept"), [(1, [0]), (3, [0, 1, 2]), (20, list(range(20))), (21, list(range(0, 21, 2)))]
)
def test_at_most_twenty_pieces_are_kept(n_pieces: int, kept: list[int]):
    pieces = kept_pieces(list(range(0, 10 * n_pieces + 1, 10)))
    assert pieces.reshape(-1, 2).tolist() == [[10 * i, 10 * i + 10] for i in kept]


def test_spikes_at_the_edges_and_outside_are_told(tmp_path: Path):
    params = mini.plain(tmp_path)
    times = np.sort(mini.spike_times())
    times[0], times[-2:] = 3, (mini.N_RECORDED - 1, mini.N_RECORDED + 7)
    np.save(tmp_path / "spike_times.npy", times)
    report = extract_subset(TemplateModel.open(params), 1000)
    waveforms, _, spikes = _stored(tmp_path)
    assert (report.n_at_edges, report.n_spikes) == (2, 199) and spikes[-1] == 198
    assert report.notes == (
        "2 waveforms go beyond an end of the recording and are zero there.",
        "1 spikes are outside of the recording and were left out.",
    )
    assert not waveforms[0, :7].any() and waveforms[0, 7:].any() and not waveforms[-1, 11:].any()


def test_without_templates_the_channels_of_the_features_are_taken(tmp_path: Path):
    params = mini.plain(tmp_path)
    (tmp_path / "templates.npy").unlink()
    model = TemplateModel.open(params)
    report = extract_subset(model, 5)
    assert any("There is no templates.npy" in note for note in report.notes)
    assert _stored(tmp_path)[1][0, 0] == mini.local_channels()[model.spike_templates[_stored(tmp_path)[2][0]], 0]


# What is refused


def _without(*names: str):
    def damage(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return damage


def _late(folder: Path) -> None:
    np.save(folder / "spike_times.npy", mini.spike_times() + 10**6)


@pytest.mark.parametrize(
    ("damage", "options", "sentence"),
    [
        (_without("recording.dat"), {}, "recording.dat not found. Waveforms are cut out of the recording"),
        (_without("templates.npy", "pc_features.npy"), {}, "neither templates.npy nor pc_features.npy"),
        (_late, {}, "None of the 200 spikes is inside the recording recording.dat"),
        (_without(), {"n": 0}, "0 spikes of each template on 16 channels is nothing"),
        (_without(), {"n_channels": 10**12}, "has no room for 200 waveforms"),
        (_without(), {"seed": -1}, "The seed -1 is negative"),
        (_without(), {"sample2unit": float("nan")}, "Samples cannot be multiplied by nan"),
        (lambda folder: (folder / NAMES[1]).mkdir(), {"force": True}, "is a folder, where a file must be"),
        (lambda folder: (folder / NAMES[1]).touch(), {}, "exists already; --force replaces it"),
        (lambda folder: (folder / "._phy_spikes_subset.new").touch(), {}, "is no folder. Nothing was changed"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_is_written(tmp_path: Path, damage, options, sentence: str):
    params = mini.plain(tmp_path)
    damage(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DatasetError) as error:
        extract_subset(TemplateModel.open(params), **options)
    assert sentence in str(error.value) and "\n" not in str(error.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_kwik_file_is_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"rec\.kwik is no dataset of phy"):
        extract_subset(KwikModel.open(kwik_miniatures.write(tmp_path, kwik_miniatures.Form())))


def test_arrays_in_another_folder_are_not_written(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    mini.plain(tmp_path / "a")
    text = (tmp_path / "a" / "params.py").read_text()
    (tmp_path / "b" / "params.py").write_text(text + f"\ndir_path = r'{tmp_path / 'a'}'\n")
    with pytest.raises(DatasetError, match="nothing is written there"):
        extract_subset(TemplateModel.open(tmp_path / "b" / "params.py"))


# All three, or none


def test_force_replaces_all_three(model: TemplateModel):
    extract_subset(model, 3)
    first = _stored(model.dir_path)
    extract_subset(model, 4, n_channels=20, force=True)
    assert _stored(model.dir_path)[0].shape == (20, mini.N_SAMPLES, 20)
    assert not _same(first[:1], _stored(model.dir_path)[:1])
    assert not list(model.dir_path.glob("._*"))


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("had_some", [False, True])
def test_after_an_error_while_writing_all_is_as_before(model: TemplateModel, monkeypatch, error, had_some: bool):
    monkeypatch.setattr(waveform_subset, "_BLOCK", 1)
    if had_some:
        extract_subset(model, 2)
    before = {path: path.read_bytes() for path in model.dir_path.iterdir()}

    def stop(done: int, _: int) -> None:
        if done == 7:
            raise error

    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else DatasetError
    with pytest.raises(expected) as caught:
        extract_subset(model, 3, force=True, progress=stop)
    assert {path: path.read_bytes() for path in model.dir_path.iterdir()} == before
    if expected is DatasetError:
        assert str(caught.value).endswith("no space left on device. Nothing was changed there.")


class _Stopped(BaseException):
    """The process was killed."""


def _fail_at(monkeypatch: pytest.MonkeyPatch, nth: int, error: BaseException) -> None:
    """Let the nth renaming raise, before anything moved."""
    calls, rename = [0], Path.rename

    def counted(path: Path, target: Path) -> Path:
        calls[0] += 1
        if calls[0] == nth:
            raise error
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", counted)


@pytest.mark.parametrize("had_some", [False, True])
@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5, 6])
def test_a_disk_that_fails_while_files_are_replaced_leaves_the_old_ones(
    model: TemplateModel, monkeypatch, nth: int, had_some: bool
):
    if had_some:
        extract_subset(model, 2)
    before = {path: path.read_bytes() for path in model.dir_path.iterdir()}
    with monkeypatch.context() as patch:
        _fail_at(patch, nth, OSError(errno.EIO, "Input/output error"))
        with pytest.raises(DatasetError, match=r"input/output error\. Nothing was changed there\."):
            extract_subset(model, 3, force=True)
    assert {path: path.read_bytes() for path in model.dir_path.iterdir()} == before


@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5, 6])
def test_a_process_that_is_killed_leaves_old_or_none_and_the_next_one_tidies_up(
    model: TemplateModel, monkeypatch, nth: int
):
    extract_subset(model, 2)
    old = _stored(model.dir_path)
    with monkeypatch.context() as patch:
        _fail_at(patch, nth, _Stopped())
        patch.setattr(together, "_put_back", lambda *_: None)
        patch.setattr(together.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(_Stopped):
            extract_subset(model, 3, force=True)
    seen = TemplateModel.open(model.path).waveform_subset
    assert seen is None if nth > 1 else _same(seen.stored, old)
    with (
        pytest.raises(DatasetError, match="never begun"),
        together.replaced_together(model.dir_path, "_phy_spikes_subset", NAMES),
    ):
        raise DatasetError("never begun")
    assert _same(_stored(model.dir_path), old) and not list(model.dir_path.glob("._*"))


def test_a_process_that_is_killed_at_the_very_end_leaves_the_new_ones(model: TemplateModel, monkeypatch):
    extract_subset(model, 2)
    with monkeypatch.context() as patch:
        patch.setattr(together.shutil, "rmtree", lambda *_, **__: None)
        extract_subset(model, 3, force=True)
    new = _stored(model.dir_path)
    assert list(model.dir_path.glob("._*"))
    with pytest.raises(DatasetError), together.replaced_together(model.dir_path, "_phy_spikes_subset", NAMES):
        raise DatasetError("never begun")
    assert _same(_stored(model.dir_path), new) and not list(model.dir_path.glob("._*"))


def test_where_the_old_ones_cannot_come_back_it_is_said_where_they_are(model: TemplateModel, monkeypatch):
    extract_subset(model, 2)
    old = _stored(model.dir_path)
    with monkeypatch.context() as patch:

        def broken(*_: object) -> None:
            raise OSError(errno.EIO, "Input/output error")

        _fail_at(patch, 5, OSError(errno.EIO, "Input/output error"))
        patch.setattr(together, "_put_back", broken)
        with pytest.raises(DatasetError, match=r"\.new/old; the next extraction puts them back"):
            extract_subset(model, 3, force=True)
    with pytest.raises(DatasetError, match="exists already"):
        extract_subset(model, 3)
    extract_subset(model, 2, force=True)
    assert _same(_stored(model.dir_path), old)


def test_two_at_a_time_are_refused(model: TemplateModel):
    with (
        pytest.raises(DatasetError, match="Another process is storing waveforms"),
        together.replaced_together(model.dir_path, "_phy_spikes_subset", NAMES),
    ):
        extract_subset(model, 2)
    assert not list(model.dir_path.glob("*_phy*"))


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(model: TemplateModel, tmp_path: Path):
    (tmp_path / "precious").write_text("precious")
    (model.dir_path / NAMES[0]).symlink_to(tmp_path / "precious")
    extract_subset(model, 2, force=True)
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (model.dir_path / NAMES[0]).is_symlink() and len(_stored(model.dir_path)[0]) == 10


def test_a_hidden_link_out_of_the_dataset_is_not_followed(model: TemplateModel, tmp_path: Path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine").touch()
    (model.dir_path / "._phy_spikes_subset.new").symlink_to(tmp_path / "other")
    with pytest.raises(DatasetError, match="is no folder"):
        extract_subset(model, 2)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["mine"]


def test_a_folder_that_may_not_be_written_is_said(model: TemplateModel, monkeypatch):
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DatasetError, match=r"could not be written: permission denied\. Nothing was changed there\."):
        extract_subset(model, 2)


def test_on_a_disk_that_is_full_nothing_is_left(tmp_path: Path, monkeypatch):
    with small_disk(tmp_path / "disk", "4m") as folder:
        params = mini.plain(folder)
        before = sorted(folder.iterdir())
        with pytest.raises(DatasetError, match="ask for fewer spikes or channels, or free space"):
            extract_subset(TemplateModel.open(params), 1000, n_channels=500)
        monkeypatch.setattr(waveform_subset, "_check_room", lambda *_: None)
        with pytest.raises(DatasetError, match=r"no space left on device\. Nothing was changed there\."):
            extract_subset(TemplateModel.open(params), 1000, n_channels=500)
        assert sorted(folder.iterdir()) == before
