"""Days, numbers and shares in each language, by Babel's tables."""

import threading
from datetime import date, datetime, timedelta

import pytest
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from meter_emu.languages import speech
from meter_emu.languages.speech import said, said_of, speaking, speech_of
from meter_emu.languages.tables import LANGUAGES, SPOKEN
from tests.cells import each_cell

LOCALES = {"en": "en", "fr": "fr_BE", "nl": "nl_BE", "de": "de"}
NUMBERS = [0, 1, 7, 999, 1_000, 53_000, 200_000, 1_234_567, -1, -53_000]


@each_cell(("code", "number"), [(code, number) for code in SPOKEN for number in NUMBERS])
def test_whole_numbers_are_as_unicode_writes_them(code, number):
    with speaking(speech_of(code)):
        assert speech.written_whole(number) == format_decimal(number, locale=LOCALES[code])
        assert said("{it}", it=number) == speech.written_whole(number)
        assert speech.written_whole(number, sign=True).lstrip("+") == speech.written_whole(number)
        assert speech.written_whole(number, sign=True)[0] in "+-"


@each_cell(("code", "share"), [(code, number / 200) for code in SPOKEN for number in range(201)])
def test_shares_are_as_unicode_writes_them(code, share):
    pattern = "#,##0.0%" if code != "fr" else "#,##0.0\u00a0%"
    with speaking(speech_of(code)):
        want = format_percent(share, format=pattern, locale=LOCALES[code])
        assert speech.written_share(share, 1) == want
        assert speech.written_number(share) == format_decimal(
            share, format="0.###", locale=LOCALES[code]
        )
        if (share * 100).is_integer():
            assert speech.written_share(share) == format_percent(share, locale=LOCALES[code])


@each_cell("code", SPOKEN)
def test_days_are_as_unicode_writes_them(code):
    """But for the first of a month in French; the order of English is that of Britain."""
    locale = {"en": "en_GB"}.get(code, LOCALES[code])
    for number in range(0, 800, 3):
        day = date(2027, 1, 1) + timedelta(number)
        with speaking(speech_of(code)):
            words, short = speech.written_day(day), speech.written_short_day(day)
            named = speech.written_weekday(day.weekday())
            moment = speech.written_moment(datetime(day.year, day.month, day.day, 23, 1))  # noqa: DTZ001
        assert words.replace("1er ", "1 ") == format_date(day, "long", locale=locale)
        assert short.replace("1er ", "1 ") == format_date(day, "d MMM", locale=LOCALES[code])
        assert named == format_date(day, "EEE", locale=LOCALES[code])
        assert words in moment
        assert moment.endswith("23:01")
        assert ("1er" in words) == (code == "fr" and day.day == 1)


@each_cell("code", LANGUAGES)
def test_every_table_has_all_names(code):
    table = LANGUAGES[code]
    assert len(table.days) == len(table.short_days) == 7
    assert len(table.months) == len(table.short_months) == 12
    monday = datetime(2027, 3, 1)  # noqa: DTZ001
    assert table.days[0] == format_datetime(monday, "EEEE", locale=LOCALES[code])


@each_cell(
    ("code", "none", "one", "two"),
    [
        ("en", "0 mistakes, ", "1 mistake, ", "2 mistakes, "),
        ("fr", "0 erreur, ", "1 erreur, ", "2 erreurs, "),
        ("nl", "0 fouten, ", "1 fout, ", "2 fouten, "),
    ],
)
def test_a_count_has_the_form_of_its_language(code, none, one, two):
    forms = "{count} mistake, nothing was run", "{count} mistakes, nothing was run"
    with speaking(speech_of(code)):
        for number, want in enumerate((none, one, two)):
            assert said_of(*forms, number).startswith(want)


def test_it_ends_where_it_began_and_another_thread_speaks_for_itself():
    heard: list[str] = []
    with speaking(speech_of("nl")):
        with speaking(None):
            assert said("yes") == "ja"
        with speaking(speech_of("fr")), pytest.raises(ZeroDivisionError):
            assert 1 / 0, said("yes")
        assert speech.spoken_language() == "nl"
        thread = threading.Thread(target=lambda: heard.append(said("yes")))
        thread.start()
        thread.join()
    assert heard == ["yes"]
    assert said("yes") == "yes"
