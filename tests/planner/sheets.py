"""Sheets and plans of tests: an invented town, as large as a test wants it."""

import csv
from datetime import date, timedelta
from pathlib import Path
from random import Random

AS_OF = date(2027, 3, 1)
HEADINGS = [
    "N° compteur", "Modèle", "Crédit (€)", "Dette (€)", "District", "Dernier passage bureau",
]  # fmt: skip
MODELS = ["électrique A", "électrique B", "gaz"]
DISTRICTS = ["Charleroi Nord", "Charleroi Sud", "La Louvière", "Mons", "Namur"]
PLAN = """name = "End of the suspension, July 2027"
zone = "Europe/Brussels"
seed = 1

[sheet]
file = "{file}"
as_of = 2027-03-01
decimal = ","
dates = "%d/%m/%Y"
[sheet.columns]
meter_id = "N° compteur"
balance = "Crédit (€)"
debt = "Dette (€)"
district = "District"
last_visit = "Dernier passage bureau"
[sheet.columns.model]
column = "Modèle"
[sheet.columns.model.values]
"électrique A" = "electricity-pcf8563-utc"
"électrique B" = "electricity-ds3231-utc"
"gaz" = "gas-pcf8563-battery"

[office]
hours = "Mo-Fr 09:00-16:30; Sa 09:00-12:00; PH off"
closed = [2027-05-07]
visits_per_hour = {per_hour}
[office.district."Charleroi Nord"]
visits_per_hour = {north}

[behaviour]
use_w = 300
loads_eur = 50
regular_days = 120
rare_comes = 0.5
reactivation_from = 2027-06-01
comes = [[28, 0.0], [21, 0.10], [14, 0.25], [7, 0.50], [2, 0.72], [0, 0.85]]
follows_calendar = 0.3
comes_on = [["1", 0.5], ["15", 0.3], ["Fr", 0.2]]
gives_up = 0.05
inserts_next_day = 0.10
lost_card = 0.004
late_comes = 0.80

[[plan]]
name = "A"
cut_at = 2027-06-25T23:01:00
[[plan]]
name = "B"
cut_at = 2027-07-02T23:01:00
"""


# What a sheet of ours has in French, in Dutch and in English, in the order of HEADINGS and MODELS.
WORDS = {
    "fr": [*HEADINGS, *MODELS],
    "nl": ["Meternummer", "Model", "Krediet (€)", "Schuld (€)", "District", "Laatste bezoek",
           "elektrisch A", "elektrisch B", "gas op kaart"],
    "en": ["Meter no.", "Model", "Credit (€)", "Debt (€)", "District", "Last visit",
           "electric A", "electric B", "gas card"],
}  # fmt: skip


def in_words_of(language: str, plan: Path) -> None:
    """Write a sheet and its plan anew, in the words of people who speak that language."""
    for path in (plan, plan.with_name("meters.csv")):
        text = path.read_text("utf-8")
        for ours, theirs in zip(WORDS["fr"], WORDS[language], strict=True):
            text = text.replace(f'"{ours}"', f'"{theirs}"')  # in the plan
            text = text.replace(f"{ours};", f"{theirs};").replace(f";{ours}", f";{theirs}")
        path.write_text(text, "utf-8")


def rows_of(count: int, seed: int = 1) -> list[list[str]]:
    """Return the rows of an invented sheet, without its headings."""
    chance, found = Random(seed), []
    for number in range(count):
        debt = chance.randrange(0, 4_000) if chance.random() < 0.1 else 0
        seen = AS_OF - timedelta(days=int(chance.expovariate(1 / 110)) + 1)
        found.append([
            f"5410{number:08}",
            chance.choices(MODELS, [5, 3, 2])[0],
            f"{chance.randrange(500, 19_000) / 100:.2f}".replace(".", ","),
            f"{debt / 100:.2f}".replace(".", ","),
            chance.choices(DISTRICTS, [5, 4, 3, 3, 3])[0],
            seen.strftime("%d/%m/%Y") if chance.random() < 0.97 else "",
        ])  # fmt: skip
    return found


def town(folder: Path, count: int, more: str = "", **changes: object) -> Path:
    """Write a sheet with its plan, and return the plan."""
    with (folder / "meters.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([HEADINGS, *rows_of(count)])
    room = {"per_hour": max(1, count // 1_300), "north": max(1, count // 2_000)}
    path = folder / "plan.toml"
    path.write_text(PLAN.format(**{"file": "meters.csv", **room, **changes}) + more, "utf-8")
    return path
