"""Each public module begins with an example, which is run as a reader would type it."""

import doctest
from importlib import import_module

import pytest

from tests.site.staged import PUBLIC


@pytest.mark.slow("rehearses a household, runs a meter, checks a law")
@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_of_a_module_runs(name: str) -> None:
    module = import_module(name)
    (example,) = doctest.DocTestFinder(recurse=False).find(module, globs={})
    assert example.examples, "no example"
    said: list[str] = []
    result = doctest.DocTestRunner().run(example, out=said.append)
    assert result.attempted, name
    assert not said, "".join(said)
