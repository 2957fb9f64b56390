"""evidence/wear.md: its writes are counted again for a meter that is drawn, its years follow."""

import pytest

from tests.bench.wear import LIVES, worn
from tests.cells import each_cell
from tests.docs.pages import page, table
from tests.properties.trials import METERS

TABLE = {row[0]: row[1:] for row in table(page("docs/evidence/wear.md"), "model", *LIVES)}


def test_the_page_has_each_model():
    assert list(TABLE) == list(METERS)


@pytest.mark.slow("lives days to weeks on each model")
@each_cell(("model", "life"), [(model, life) for model in METERS for life in LIVES], short=2)
def test_what_the_page_says_is_counted(model, life):
    found = worn(METERS[model], LIVES[life])
    assert TABLE[model][list(LIVES).index(life)] == f"{found.a_year:,}: {found.years:,}"
