"""`phy-med export` and `import`: what they print, what they refuse, and that what was last saved is taken."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from phy_medicine.app.cli import cli
from phy_medicine.session.session import Session
from tests.io import kwik_miniatures


def _export(path: Path, to: str, out: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["export", str(path), "--to", to, "--out", str(out), *more])


def test_what_was_last_saved_is_written_and_unsaved_work_is_told(dataset: Path, tmp_path: Path):
    session = Session.open(dataset)
    first, second, third = session.cluster_ids[:3]
    merged = session.merge([first, second]).added[0]
    session.save()
    session.merge([merged, third])
    session.close()
    result = _export(dataset, "cluster-info", tmp_path / "t.tsv")
    ids = [line.split("\t")[0] for line in (tmp_path / "t.tsv").read_text().splitlines()]
    assert result.exit_code == 0 and result.stdout == f"{tmp_path / 't.tsv'}\n"
    assert str(merged) in ids and str(third) in ids and str(first) not in ids
    assert "Note: unsaved actions of an earlier session are not in it" in result.stderr


@pytest.mark.parametrize("to", ["cluster-info", "spikeinterface", "nwb", "alf", "pynapple"])
def test_nothing_in_the_dataset_changes(dataset: Path, tmp_path: Path, to: str):
    before = {p: p.stat().st_mtime_ns for p in dataset.parent.rglob("*")}
    result = _export(dataset, to, tmp_path / "out")
    assert result.exit_code == 0 and all(Path(line).is_file() for line in result.stdout.splitlines())
    assert {p: p.stat().st_mtime_ns for p in dataset.parent.rglob("*")} == before


@pytest.mark.parametrize("to", ["cluster-info", "spikeinterface", "nwb", "alf", "pynapple"])
def test_an_earlier_export_is_replaced_with_force_only(dataset: Path, tmp_path: Path, to: str):
    assert _export(dataset, to, tmp_path / "out").exit_code == 0
    again = _export(dataset, to, tmp_path / "out")
    assert again.exit_code == 1 and "--force" in again.stderr and again.stderr.count("\n") == 1
    assert _export(dataset, to, tmp_path / "out", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["cluster-info", "--raw", "copy"], "--raw is not for cluster-info, only for kwik."),
        (["spikeinterface", "--uv-per-bit", "2"], "--uv-per-bit is not for spikeinterface, only for nwb, alf."),
        (["kwik", "--force"], "--force is not for kwik"),
        (["mat"], "'mat' cannot be written; available: cluster-info, spikeinterface, nwb, alf, pynapple, kwik."),
        (["nwb", "--session-start", "yesterday"], "'yesterday' does not match the formats"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path: Path, arguments: list[str], sentence: str):
    result = _export(tmp_path / "params.py", arguments[0], tmp_path / "x", *arguments[1:])
    assert result.exit_code == 2 and sentence in " ".join(result.stderr.split())


def test_a_channel_group_of_a_kwik_file_can_be_chosen(tmp_path: Path):
    path = kwik_miniatures.write(tmp_path, kwik_miniatures.Form(groups=(0, 1)))
    for group, n_spikes in ((0, Session.open(path, channel_group=0).model.n_spikes), (1, 90)):
        out = tmp_path / f"{group}.csv"
        assert _export(path, "cluster-info", out, "--channel-group", str(group)).exit_code == 0
        header, *rows = (line.split(",") for line in out.read_text().splitlines())
        assert sum(int(row[header.index("n_spikes")]) for row in rows) == n_spikes


def test_the_session_start_is_taken(dataset: Path, tmp_path: Path):
    import pynwb

    out = tmp_path / "a.nwb"
    more = ["--session-start", "2024-05-06T07:08:09+0200", "--identifier", "x", "--waveforms", "0"]
    assert "Note: The" not in _export(dataset, "nwb", out, *more).stderr
    with pynwb.NWBHDF5IO(str(out), "r") as io:
        file = io.read()
        assert file.session_start_time.isoformat() == "2024-05-06T07:08:09+02:00" and file.identifier == "x"
        assert "Template" in file.units["waveform_mean_raw"].description


# A curation of SpikeInterface


def _import(path: Path, curation: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["import", str(path), "--from", "spikeinterface", str(curation), *more])


def _curation(path: Path, out: Path) -> Path:
    """Merge the first two clusters, remove the third."""
    ids = np.unique(np.load(path.parent / "spike_clusters.npy")).tolist()
    out.write_text(json.dumps({"format_version": "2", "unit_ids": ids, "merges": [ids[:2]], "removed": ids[2:3]}))
    return out


def test_a_curation_is_imported_saved_and_exported_again(dataset: Path, tmp_path: Path):
    from spikeinterface.curation import load_curation

    before = np.load(dataset.parent / "spike_clusters.npy")
    first, second, third = np.unique(before).tolist()[:3]
    result = _import(dataset, _curation(dataset, tmp_path / "c.json"), "--save")
    assert (
        result.exit_code == 0 and "1 merges and 0 splits done" in result.stdout and result.stdout.endswith("Saved.\n")
    )
    assert "Note: Removed units were moved to noise" in result.stderr
    after = np.load(dataset.parent / "spike_clusters.npy")
    assert np.array_equal(
        np.flatnonzero(after == before.max() + 1), np.flatnonzero((before == first) | (before == second))
    )
    assert f"{third}\tnoise" in (dataset.parent / "cluster_group.tsv").read_text()
    exported = _export(dataset, "spikeinterface", tmp_path / "again.json")
    assert "begins with the clusters before the first save" in exported.stderr
    curation = load_curation(tmp_path / "again.json")
    assert [(m.unit_ids, m.new_unit_id) for m in curation.merges] == [([first, second], before.max() + 1)]


def test_without_save_the_actions_wait_for_the_next_opening(dataset: Path, tmp_path: Path):
    curation = _curation(dataset, tmp_path / "c.json")
    assert "Not saved yet" in _import(dataset, curation).stdout
    again = _import(dataset, curation)
    assert again.exit_code == 1 and "has unsaved work of an earlier session" in again.stderr
    session = Session.open(dataset, recover=True)
    assert len(session.history.items) == 2 and session.history.items[1].kind == "merge"
    session.close()


def test_a_curation_that_does_not_fit_is_one_sentence_and_leaves_no_work(dataset: Path, tmp_path: Path):
    (tmp_path / "c.json").write_text('{"format_version": "2", "unit_ids": [7000, 7001], "merges": [[7000, 7001]]}')
    result = _import(dataset, tmp_path / "c.json")
    assert result.exit_code == 1 and "Unit 7000 of the curation is no cluster" in result.stderr
    assert result.stderr.count("\n") == 1 and Session.open(dataset).storage.pending is None
