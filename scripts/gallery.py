"""The gallery: a picture of every view for the documents, drawn by the program itself on a simulated recording.

    make gallery                                   # docs/images/views/<kind>.png, and their places in docs/views.md,
                                                   # then docs/images/first_steps (scripts/first_steps.py)
    python scripts/gallery.py --check DIR          # every view at 400x300 and 1200x900 into DIR, to be looked at
    python scripts/gallery.py --check DIR --theme light
    python scripts/gallery.py Drift Raster         # only these

The recording drifts and was sorted into too many clusters; it is simulated once, into `demo/gallery`. Without a display
everything runs on a virtual one. The pictures are the same at every run.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from virtual_display import VIRTUAL_DISPLAY, has_display

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "demo" / "gallery"
PARAMS_PY = DATA / "params.py"
VIEWS_MD = ROOT / "docs" / "views.md"
PICTURES = ROOT / "docs" / "images" / "views"
SIMULATION = (
    "--channels", "64", "--units", "30", "--duration", "180", "--drift", "zigzag", "--oversplit", "0.25",
    "--events", "60",
)  # fmt: skip
PHY_MED = (sys.executable, "-m", "phy_medicine")
SIZE, CHECK_SIZES = "900x600", ("400x300", "1200x900")
WINDOW_SIZE = "1600x1000"
WINDOW = "The window with two halves of one neuron selected: the same colours in every view"
# With fewer than 64 colours some are seen to be wrong.
N_COLORS = (128, 64)
LARGEST = 60_000


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture.

    kind : of the view; section : heading of docs/views.md under which it stands, if there is one; caption : what is
    seen; selection, before : snippets to run first; name : of the file, if not that of the kind

    `{a}` and `{b}` in the texts are the two halves of the largest neuron that was split, `{c}` and `{d}` those of the
    next, `{n}` a neighbour of the first.
    """

    kind: str
    section: str
    caption: str
    selection: str = "c {a} {b}"
    before: tuple[str, ...] = ()
    name: str = ""

    @property
    def file(self) -> str:
        """Name of the picture without size and ending."""
        return self.name or self.kind


SHOTS = (
    Shot("WaveformView", "Waveforms",
         "Waveforms of the two halves of a neuron that drift has split, on the channels around them; white: the mean"),
    Shot("FeatureView", "Features",
         "Principal components on two channels: the two halves take turns in time; grey: the spikes around them"),
    Shot("AmplitudeView", "Amplitudes",
         "Amplitudes over time: where the one half ends the other begins; at the right how often each value occurs"),
    Shot("CorrelogramView", "Correlograms",
         "Autocorrelograms on the diagonal, crosscorrelograms beside it; lines: the refractory period and the mean",
         "c {a} {b} {n}"),
    Shot("ProbeView", "Probe", "The contacts on which the selected clusters are; the strip at the right is the whole "
         "probe", "c {a} {b} {n}"),
    Shot("TraceView", "Traces", "A quarter of a second of the signal, with the spikes of the selected clusters",
         "c {a} {b} {n}"),
    Shot("DriftView", "Drift", "All spikes by time and depth; the curves are the motion of the probe",
         "c {a} {b} {c}"),
    Shot("HistogramView", "Histograms, ISI and firing rate", "Amplitudes of three clusters", "c {a} {b} {n}"),
    Shot("ISIView", "Histograms, ISI and firing rate",
         "Intervals between spikes; dashed: the refractory period of 2 ms", "c {a} {b} {n}"),
    Shot("FiringRateView", "Histograms, ISI and firing rate",
         "Firing rates: the blue and the red cluster take turns, the green one does not", "c {a} {b} {n}"),
    Shot("ClusterScatterView", "Cluster scatter",
         "Every cluster by amplitude, depth and firing rate; the selected ones have their colours", "c {a} {b} {c}"),
    Shot("TemplateView", "Templates", "Templates of all clusters in the order of the table, the selected ones shaded"),
    Shot("TemplateFeatureView", "Template features",
         "Each spike of two clusters by how much it looks like the one and like the other"),
    Shot("SpikePositionsView", "Attributes of spikes",
         "`spike_positions.npy`, two numbers for each spike, of three clusters; grey: the spikes around them",
         "c {a} {b} {n}"),
    Shot("RasterView", "Raster", "All spikes of all clusters; gaps in a row that another row fills are drift",
         "c {a} {b} {c}"),
    Shot("EventView", "Events", "Spikes of two clusters around thirty tones, and their rates: the red one answers",
         "c {a} {n}"),
    Shot("TraceImageView", "Trace image", "A quarter of a second on 64 channels"),
    Shot("SimilarityMatrixView", "Similarity matrix",
         "Similarity of the clusters around the selection, by depth; bright pairs may be one neuron"),
    Shot("ExplorerView", "Explorer",
         "Spikes of two neurons by offset from their contacts and on the probe, waveforms of one, and where three "
         "methods put it", "c {a} {n}", ("use_localization 'localization 1'",)),
    Shot("SteadinessView", "Steadiness",
         "Every second of the recording against every other one, as observed: the tissue moves to and fro; below the "
         "entropy", before=("use_localization 'localization 1'",)),
    Shot("LDAView", "LDA of clusters",
         "A neuron's half, the other half that it was parted from, and the next by template: 15 % of the spikes of the "
         "halves are taken for the other's", "c {a}"),
    Shot("ClusterGridView", "All clusters",
         "Each cluster and its nearest, told apart as well as can be; above: the largest error. Both halves of a "
         "neuron are selected", "c {a} {b}"),
    Shot("PositionView", "Positions",
         "Spikes of three clusters by distance from the probe and depth, coloured by the strength of their source",
         "c {a} {b} {n}", ("use_localization 'localization 1'", "pp z-depth", "next_position_colors", "mc")),
)  # fmt: skip

WINDOWS: dict[str, tuple[str, ...]] = {
    "window": (), "what_if": ("what_if",), "model_split": ("c {a} {n}", "model_split"),
    "outliers": ("c {n}", "find_outliers"), "reassign": ("c {a}", "reassign"),
    "suggestions": ("show_suggestions", *["previous_suggestion"] * 20),
}  # fmt: skip
"""Pictures of the whole window, and what is done before."""


def main() -> None:
    """Draw what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", help="parts of the names of views; all of them by default")
    parser.add_argument("--check", type=Path, metavar="DIR", help="draw at 400x300 and 1200x900 into this folder")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark", help="of the views that are checked")
    chosen = parser.parse_args()
    wanted = [kind.lower() for kind in chosen.kinds]

    def is_wanted(name: str) -> bool:
        return not wanted or any(kind in name.lower() for kind in wanted)

    shots, windows = [s for s in SHOTS if is_wanted(s.file)], [name for name in WINDOWS if is_wanted(name)]
    if not shots and not windows:
        sys.exit(f"No picture is called like that; there are {', '.join([*(s.file for s in SHOTS), *WINDOWS])}.")
    if not PARAMS_PY.exists():
        simulate()
    if chosen.check is not None:
        for size in CHECK_SIZES:
            draw(shots, chosen.check, size, f"_{size}", chosen.theme)
        return
    pictures = draw(shots, PICTURES, SIZE, "") if shots else []
    pictures += [draw_window(PICTURES / f"{name}.png", *WINDOWS[name]) for name in windows]
    for picture in pictures:
        shrink(picture, N_COLORS[:1] if picture.stem in WINDOWS else N_COLORS)
        print(f"  {picture.relative_to(ROOT)}  {picture.stat().st_size / 1000:.0f} kB")
    VIEWS_MD.write_text(with_pictures(VIEWS_MD.read_text(encoding="utf-8")), encoding="utf-8")
    if not wanted:
        run(sys.executable, str(ROOT / "scripts" / "first_steps.py"))


def simulate() -> None:
    """Write the recording, its sorted dataset, the motion of the probe, template features and positions of spikes."""
    print("Simulating 180 s of a drifting recording on 64 channels", flush=True)
    run(*PHY_MED, "simulate", str(DATA), *SIMULATION, "--overwrite")
    write_template_features()
    run(*PHY_MED, "motion", str(PARAMS_PY))
    run(*PHY_MED, "localize", str(PARAMS_PY))


def write_template_features() -> None:
    """Write how much each spike looks like each template: the product of its features with the template's mean."""
    features = np.load(DATA / "pc_features.npy").astype(np.float32)
    channels = np.load(DATA / "pc_feature_ind.npy").astype(np.int64)
    templates = np.load(DATA / "spike_templates.npy").ravel().astype(np.int64)
    n_templates, n_channels = len(channels), int(channels.max()) + 1
    dense = np.zeros((len(features), features.shape[1], n_channels), dtype=np.float32)
    np.put_along_axis(dense, np.broadcast_to(channels[templates][:, None], features.shape), features, axis=2)
    dense = dense.reshape(len(features), -1)
    means = np.stack([dense[templates == t].mean(axis=0) if (templates == t).any() else 0 * dense[0]
                      for t in range(n_templates)])  # fmt: skip
    lengths = np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
    np.save(DATA / "template_features.npy", (dense @ (means / lengths).T).astype(np.float32))
    np.save(DATA / "template_feature_ind.npy", np.tile(np.arange(n_templates, dtype=np.int32), (n_templates, 1)))


def draw(shots: list[Shot], folder: Path, size: str, ending: str, theme: str = "dark") -> list[Path]:
    """Draw views in one window, one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    words = clusters()
    steps, pictures = [f"theme {theme}", "use_localization"], []
    for shot in shots:
        picture = folder.resolve() / f"{shot.file}{ending}.png"
        steps += [f"add_view {shot.kind}", *(text.format(**words) for text in (shot.selection, *shot.before))]
        steps.append(f"save_view {shlex.quote(str(picture))} {size} 1x {shot.kind}")
        pictures.append(picture)
    print(f"Drawing {len(shots)} views of {size} pixels", flush=True)
    window(*steps)
    return pictures


def draw_window(picture: Path, *steps: str) -> Path:
    """Draw the whole window, after some more steps."""
    words = clusters()
    print(f"Drawing the window of {WINDOW_SIZE} pixels", flush=True)
    chosen = (step.format(**words) for step in ("c {a} {b}", *steps))
    window("use_localization", *chosen, f"screenshot {picture.resolve()}")
    return picture


def clusters() -> dict[str, int]:
    """Return the clusters that the shots name."""
    labels = np.load(DATA / "spike_clusters.npy").ravel()
    with np.load(DATA / "ground_truth.npz") as truth:
        units = truth["spike_units"]
    pairs = []
    for unit in np.unique(units[units >= 0]):
        ids, counts = np.unique(labels[units == unit], return_counts=True)
        large = ids[counts > 0.2 * counts.sum()]
        if len(large) == 2:
            pairs.append((int(counts.sum()), int(large[0]), int(large[1])))
    (_, a, b), (_, c, d) = sorted(pairs, reverse=True)[:2]
    depths = np.load(DATA / "spike_positions.npy")[:, 1]
    ids, counts = np.unique(labels, return_counts=True)
    middles = np.array([np.median(depths[labels == i]) for i in ids])
    far = np.where(np.isin(ids, (a, b)) | (counts < 500), np.inf, np.abs(middles - middles[ids == a]))
    return {"a": a, "b": b, "c": c, "d": d, "n": int(ids[np.argmin(far)])}


def window(*steps: str) -> None:
    """Open the window without remembering anything, run the steps, close."""
    does = [word for step in steps for word in ("--do", step)]
    display = () if has_display() else VIRTUAL_DISPLAY
    options = ("--size", WINDOW_SIZE, "--clear-state", "--discard-journal", "--read-only", "--quit")
    run(*display, *PHY_MED, "template-gui", str(PARAMS_PY), *does, *options)


def shrink(picture: Path, n_colors: Sequence[int]) -> None:
    """Write a PNG with a palette, with as many colours as leave it small."""
    with Image.open(picture) as image:
        full = image.convert("RGB")
    for n in n_colors:
        small = full.quantize(n, method=Image.Quantize.MAXCOVERAGE, kmeans=3)
        small.save(picture, optimize=True)
        if picture.stat().st_size < LARGEST:
            return


def with_pictures(text: str) -> str:
    """Return a text of the documents with its pictures, and no others of the gallery, under its headings."""
    text = re.sub(r"(?m)^(!\[.*\]\(images/views/.*\)\n)+\n", "", text)
    text = text.replace("# Views\n\n", f"# Views\n\n![{WINDOW}](images/views/window.png)\n\n", 1)
    for section in dict.fromkeys(shot.section for shot in SHOTS):
        shots = [shot for shot in SHOTS if shot.section == section and (PICTURES / f"{shot.file}.png").exists()]
        pictures = "".join(f"![{shot.caption}](images/views/{shot.file}.png)\n" for shot in shots)
        if shots:
            text = text.replace(f"\n## {section}\n\n", f"\n## {section}\n\n{pictures}\n", 1)
    return text


def run(*command: str) -> None:
    """Run a program with state and pictures of its own; end with its exit code when it fails."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"XDG_RUNTIME_DIR": home, **os.environ, "PHY_MEDICINE_HOME": home}
        code = subprocess.run(command, check=False, env=environment).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
