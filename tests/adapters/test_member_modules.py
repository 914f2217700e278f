"""Member modules are all alike: named by their member, with a basis and an example that holds."""

import doctest
import importlib
import pkgutil

import pytest

from adapters import members
from adapters.registry import FORMATS
from exchange.core.members import BY_CODE

MODULES = sorted(module.name for module in pkgutil.iter_modules(members.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_the_example_in_the_docstring_holds(name: str) -> None:
    module = importlib.import_module(f"adapters.members.{name}")
    failed, attempted = doctest.testmod(module)
    assert attempted > 0
    assert failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_the_docstring_names_member_basis_and_formats(name: str) -> None:
    module = importlib.import_module(f"adapters.members.{name}")
    said = module.__doc__ or ""
    assert said.startswith(f"{name[1:7]} ")
    assert "Basis" in said
    for format_ in module.FORMATS:
        assert format_.member == name[1:7]
        assert f"``{format_.id}``" in said


def test_every_member_has_a_module_and_every_module_is_registered() -> None:
    assert {name[1:7] for name in MODULES} == set(BY_CODE)
    listed = {format_id for member in BY_CODE.values() for format_id in member.formats}
    assert set(FORMATS) == listed
