"""Plugin classes: how they register, are found by name, and are attached."""

from __future__ import annotations

from pathlib import Path

import pytest

from phy_medicine.app.phy_compat.config import load_config, load_master_config
from phy_medicine.app.phy_compat.plugin import (
    IPluginRegistry,
    attach_plugins,
    discover_plugins,
    get_plugin,
)


def test_an_exact_name_comes_before_one_that_contains_it(run_plugin, caplog):
    run_plugin("from phy import IPlugin\nclass ReclusterUMAP(IPlugin): pass\nclass Recluster(IPlugin): pass")
    assert get_plugin("Recluster").__name__ == "Recluster"
    assert get_plugin("UMAP").__name__ == "ReclusterUMAP"
    assert not caplog.records
    assert get_plugin("Reclu").__name__ == "ReclusterUMAP"
    assert "Several plugins match Reclu: plugin_of_test.ReclusterUMAP, plugin_of_test.Recluster" in caplog.text
    with pytest.raises(ValueError, match=r"Absent cannot be found. Found are: .*Recluster"):
        get_plugin("Absent")


def test_a_class_registers_once_for_each_module_until_its_module_is_forgotten(run_plugin):
    source = "from phy import IPlugin\nclass Twice(IPlugin): pass"
    first = run_plugin(source).Twice
    run_plugin(source)
    run_plugin(source, "plugin_of_test_2")
    assert [p.__module__ for p in IPluginRegistry.plugins if p.__name__ == "Twice"] == [
        "plugin_of_test",
        "plugin_of_test_2",
    ]
    assert get_plugin("Twice") is first
    IPluginRegistry.forget("plugin_of_test")
    assert get_plugin("Twice").__module__ == "plugin_of_test_2"


def test_a_file_that_fails_does_not_stop_the_others(tmp_path: Path, caplog):
    (tmp_path / "plugin_of_test_a.py").write_text("1 / 0")
    (tmp_path / "plugin_of_test_b.py").write_text("from phy import IPlugin\nclass Found(IPlugin): pass")
    assert "Found" in [p.__name__ for p in discover_plugins([tmp_path])]
    assert "plugin_of_test_a.py failed: ZeroDivisionError" in caplog.text


def test_plugins_of_the_configuration_are_attached_and_failures_passed_over(tmp_path: Path, caplog):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "plugin_of_test.py").write_text(
        "from phy import IPlugin\n"
        "class Good(IPlugin):\n    def attach_to_controller(self, c): c.heard.append('good')\n"
        "class Bad(IPlugin):\n    def attach_to_controller(self, c): 1 / 0\n"
    )
    (tmp_path / "phy_config.py").write_text(
        "from phy import IPlugin\n"
        "c = get_config()\n"
        f"c.Plugins.dirs = [{str(tmp_path / 'plugins')!r}]\n"
        "c.TemplateGUI.plugins = ['Bad', 'Absent', 'Own', 'Good']\n"
        "class OwnInConfig(IPlugin):\n    def attach_to_controller(self, c): c.heard.append('own')\n"
    )

    class Controller:
        gui_name, heard = "TemplateGUI", []

    assert attach_plugins(Controller, config_dir=tmp_path) == ["Own", "Good"]
    assert Controller.heard == ["own", "good"]
    assert "Plugin Bad could not be attached" in caplog.text and "Absent cannot be found" in caplog.text


def test_a_configuration_that_fails_or_is_absent_is_empty_and_never_made(tmp_path: Path, caplog):
    assert load_master_config(tmp_path) == {} == load_config()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "phy_config.py").write_text("1 / 0")
    assert load_master_config(tmp_path) == {}
    assert "phy_config.py failed: ZeroDivisionError" in caplog.text
