"""The public names are those of the list, each can be had, and a change of any is seen."""

from importlib import import_module

import pytest

from tests.api.surface import LIST, text
from tests.docs.pages import page
from tests.site.staged import PUBLIC


@pytest.mark.slow("reads every file of both packages")
def test_what_is_public_is_what_the_list_says() -> None:
    listed, found = LIST.read_text("utf-8").splitlines(), text().splitlines()
    gone, new = sorted({*listed} - {*found}), sorted({*found} - {*listed})
    assert (gone, new) == ([], []), "a public name changed: python -m tests.api.surface, CHANGELOG"
    assert listed == found


def test_each_public_name_can_be_had_and_no_other() -> None:
    listed = LIST.read_text("utf-8").splitlines()
    for name in PUBLIC:
        module = import_module(name)
        for public in module.__all__:
            assert getattr(module, public) is not None
            assert any(line.startswith(f"{name}.{public}") for line in listed), public
        assert not hasattr(module, "no_such_name")
        assert {*module.__all__} <= {*dir(module)}


@pytest.mark.slow("imports each public module")
def test_the_page_names_each_public_module_and_each_module_says_what_is_public() -> None:
    text_of_page = page("docs/python-api.md")
    for name in PUBLIC:
        assert f"`{name}`" in text_of_page
        assert "`__all__`" in (import_module(name).__doc__ or "")
