"""`phy-med suggest`: what it prints, writes and refuses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from phy_medicine.app.cli import cli
from phy_medicine.io.simulate import SimulationSettings, simulate
from phy_medicine.session.session import Session


def suggest(*words: str) -> Result:
    return CliRunner().invoke(cli, ["suggest", *words])


def test_what_the_session_suggests_is_printed_and_the_dataset_is_left_as_it_was(dataset: Path):
    before = {p: p.stat().st_mtime_ns for p in dataset.parent.rglob("*")}
    result = suggest(str(dataset))
    rows = list(csv.DictReader(io.StringIO(result.stdout), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert result.exit_code == 0 and {p: p.stat().st_mtime_ns for p in dataset.parent.rglob("*")} == before
    session = Session.open(dataset, read_only=True)
    session.suggestions.compute()
    expected = [(s.kind, ",".join(map(str, s.cluster_ids))) for s in session.suggestions.queue.waiting]
    session.close()
    assert [(row["kind"], row["clusters"]) for row in rows] == expected != []
    assert all(row["for"] for row in rows)


def test_kinds_and_preset_are_chosen_and_json_has_the_values_of_the_reasons(tmp_path: Path):
    made = SimulationSettings(channels=12, units=6, duration_s=60, sample_rate_hz=10_000.0, oversplit=0.5, raw=False)
    params = simulate(tmp_path / "split", made)
    result = suggest(str(params), "--preset", "slay", "--kinds", "merge", "--json")
    rows = json.loads(result.stdout)
    assert rows and {row["kind"] for row in rows} == {"merge"}
    for row in rows:
        assert row["source"].startswith("slay, ")
        assert {r["name"] for r in row["reasons"]} >= {"template_difference", "slay_score"}


def test_what_was_rejected_is_left_out(dataset: Path):
    session = Session.open(dataset)
    session.suggestions.compute()
    rejected = session.suggestions.reject()
    session.close()
    rows = json.loads(suggest(str(dataset), "--json").stdout)
    assert [rejected.kind, list(rejected.cluster_ids)] not in [[row["kind"], row["clusters"]] for row in rows]


def test_a_file_is_written_once(dataset: Path, tmp_path: Path):
    out = tmp_path / "s.json"
    assert suggest(str(dataset), "--out", str(out)).stdout == f"{out}\n"
    assert isinstance(json.loads(out.read_text()), list)
    again = suggest(str(dataset), "--out", str(out))
    assert again.exit_code == 1 and "exists already" in again.stderr and again.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--preset", "fast"), "Error: There is no preset 'fast'; there are default, model, similarity_correlograms"),
        (("--kinds", "merge,join"), "Error: There is no kind of suggestion join; available: merge, split, noise, mua."),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(dataset: Path, words: tuple[str, str], sentence: str):
    result = suggest(str(dataset), *words)
    assert result.exit_code == 1 and result.stderr.startswith(sentence) and result.stderr.count("\n") == 1


def test_only_what_is_recommended_is_listed_unless_less_is_asked_for(dataset: Path):
    session = Session.open(dataset, read_only=True)
    whole = [c for c in session.cluster_ids if session.facts.template_counts(c)[0].tolist() == [c]]
    session.close()
    table = [f"{whole[0]}\t{other}\t0.69\tcosine 0.9" for other in whole[1:]]
    (dataset.parent / "suggested_merges.tsv").write_text("\n".join(["first\tsecond\tscore\treason", *table]))
    rows, everything = (json.loads(suggest(str(dataset), "--json", *w).stdout) for w in ((), ("--least", "0")))
    assert rows == [row for row in everything if row["confidence"] >= 0.7]
    assert [row["recommended"] for row in everything] == [True] * len(rows) + [False] * (len(everything) - len(rows))
    assert 0 < len(rows) < len(everything)
