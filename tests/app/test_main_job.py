"""The main job from the command line on real data: open, merge, save; then other programs read the result."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

REAL = ("kilosort4_small", "si_export_small")


@pytest.fixture(params=REAL)
def real_dataset(request, shared_data, tmp_path) -> Path:
    folder = tmp_path / "a folder with spaces"
    shutil.copytree(shared_data / request.param, folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder / "params.py"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "phy_medicine", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def _files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


@pytest.mark.usefixtures("qapp")
def test_a_scripted_merge_and_save_leaves_the_right_labels_for_phylib(real_dataset):
    folder = real_dataset.parent
    before = _files(folder)
    labels = np.load(folder / "spike_clusters.npy").ravel()
    a, b = (int(c) for c in np.unique(labels)[[1, 4]])
    new_id = int(labels.max()) + 1

    done = _run(
        "template-gui",
        str(real_dataset),
        "--do",
        f"c {a} {b}",
        "--do",
        "merge",
        "--do",
        "move good",
        "--do",
        "save",
        "--quit",
    )

    assert (done.returncode, done.stderr.count("Error")) == (0, 0), done.stderr
    expected = np.where(np.isin(labels, [a, b]), new_id, labels)
    saved = np.load(folder / "spike_clusters.npy")
    assert (saved.dtype, saved.shape) == (np.dtype(np.int32), labels.shape)
    np.testing.assert_array_equal(saved, expected)
    after = _files(folder)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"spike_clusters.npy", "cluster_info.tsv"} | {n for n in after if n.startswith("cluster_")}
    assert set(before) <= set(after)

    phylib_model = pytest.importorskip("phylib.io.model")
    copy = folder.parent / "as phylib sees it"
    shutil.copytree(folder, copy)  # phylib writes into the folders it opens
    model = phylib_model.load_model(copy / "params.py")
    np.testing.assert_array_equal(model.spike_clusters, expected)
    assert model.metadata["group"][new_id] == "good"
    model.close()


def test_real_datasets_open_without_a_warning(real_dataset):
    described = json.loads(_run("template-describe", str(real_dataset), "--json").stdout)
    assert [c for c in described["checks"] if c["severity"] == "warning"] == []


def test_looking_at_a_real_dataset_changes_no_file_of_it(real_dataset):
    before = _files(real_dataset.parent)
    assert _run("template-describe", str(real_dataset)).returncode == 0
    done = _run("template-gui", str(real_dataset), "--do", "next", "--do", "next", "--quit")
    assert done.returncode == 0, done.stderr
    assert _files(real_dataset.parent) == before
    own = real_dataset.parent / ".phy_medicine"
    assert {p.name for p in own.glob("*")} <= {"cache"}, "values that were computed may be kept, and nothing else"
