"""The base class of plugins, and the module that plugins import from."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import phy_medicine.plugin
from phy_medicine.session import plugin as register
from phy_medicine.session.plugin import Plugin


def test_a_plugin_is_known_from_its_definition_by_module_and_class():
    class Known(Plugin):
        """Does nothing."""

    key = f"{__name__}.Known"
    assert register.defined()[key] is Known
    register.forget(__name__)
    assert key not in register.defined()


def test_a_plugin_is_called_as_its_class_unless_it_says_a_name():
    class Base(Plugin):
        name = "quality of units"

    class Child(Base):
        """Has no name of its own."""

    register.forget(__name__)
    assert (Base.name, Child.name) == ("quality of units", "Child")


def test_the_last_definition_of_a_class_counts():
    def define() -> type[Plugin]:
        class Twice(Plugin):
            """Is loaded again."""

        return Twice

    first, second = define(), define()
    found = register.defined()[f"{__name__}.Twice"]
    register.forget(__name__)
    assert found is second and found is not first


def test_every_name_of_the_plugin_module_is_the_one_of_the_program():
    tree = ast.parse(Path(phy_medicine.plugin.__file__).read_text("utf-8"))
    typed = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("phy_medicine")
        for alias in node.names
    }
    assert sorted(typed) == sorted(phy_medicine.plugin.__all__) == sorted(phy_medicine.plugin._WHERE)
    for name, module in typed.items():
        assert getattr(phy_medicine.plugin, name) is getattr(import_module(module), name)
