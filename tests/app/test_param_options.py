"""Options made from parameter tables."""

from __future__ import annotations

from dataclasses import dataclass

import click
import pytest
from click.testing import CliRunner

from phy_medicine.app.param_options import option_name, options_of
from phy_medicine.base.params import params_of, setting


@dataclass(frozen=True, slots=True)
class Settings:
    n_channels: int = setting(64, "Contacts", minimum=4)
    duration_s: float = setting(120.0, "Length", unit="s")
    drift: str = setting("none", "How it moves", choices=("none", "jump"))
    drift_um: float = setting(40.0, "How far", unit="um")
    raw: bool = setting(True, "Write the raw file")


@click.command()
@options_of(Settings)
def command(**values: object) -> None:
    click.echo(str(Settings(**values)))


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("n_channels", "--channels"),
        ("duration_s", "--duration"),
        ("sample_rate_hz", "--sample-rate"),
        ("seed", "--seed"),
    ],
)
def test_option_name_leaves_out_count_and_unit(name: str, option: str):
    assert option_name(name) == option


def test_defaults_are_those_of_the_table():
    assert CliRunner().invoke(command).output.strip() == str(Settings())


def test_values_arrive_under_the_name_of_the_setting_and_in_its_type():
    given = ["--channels", "8", "--duration", "3", "--drift", "jump", "--drift-um", "5", "--no-raw"]
    expected = Settings(n_channels=8, duration_s=3.0, drift="jump", drift_um=5.0, raw=False)
    assert CliRunner().invoke(command, given).output.strip() == str(expected)


def test_value_out_of_range_is_a_usage_error_that_names_the_limit():
    result = CliRunner().invoke(command, ["--channels", "3"])
    assert result.exit_code == 2
    assert "at least 4" in result.stderr


def test_help_shows_unit_and_default():
    output = CliRunner().invoke(command, ["--help"]).output
    assert "Length [s]" in output
    assert "120.0" in output


def test_a_label_leaves_out_the_unit_that_its_value_shows():
    params = {param.name: param.words for param in params_of(Settings)}
    assert params["duration_s"] == "duration" and params["drift_um"] == "drift" and params["n_channels"] == "n channels"
