"""Three examples of each verb, for its `--help`: lines that can be copied."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_AT: Final = "'2020-07-03 23:01'"
_READER: Final = "--reader ACR --yes-write-hardware"

EXAMPLES: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "rehearse": (
            "rehearse ores-2020-07",
            "rehearse campaign.toml --report page --json result.json",
            "rehearse ores-2020-07 --household never-back --build reference+end-exclusive --events",
        ),
        "verify": (
            "verify reference+end-exclusive",
            "verify mine:program --model gas-pcf8563-battery --examples 200",
            "verify reference --law never-early --law time-base --time 60 --json result.json",
        ),
        "distinguish": (
            "distinguish reference+end-exclusive reference+doy-common-year",
            "distinguish mine:old mine:new --model gas-pcf8563-battery --examples 5000",
            "distinguish reference+torn-read reference --time 60 --json result.json",
        ),
        "run": (
            "run",
            "run electricity-pcf8563-utc --start '2020-06-29 07:00' --balance-eur 20 --load-w 400",
            "run --image home.image --rate 60",
        ),
        "fuzz list": (
            "fuzz list",
            "fuzz list --json -",
            "fuzz list --json targets.json",
        ),
        "fuzz run": (
            "fuzz run card-records --time 60",
            "fuzz run all --time 600 --jobs 2 --corpus corpus",
            "fuzz run stories --build mine:program --time 120",
        ),
        "fuzz replay": (
            "fuzz replay fuzz-finds/canary-8f32611a.toml",
            "fuzz replay find.toml --build reference",
            "fuzz replay find.toml --json -",
        ),
        "fuzz export": (
            "fuzz export out",
            "fuzz export out card-records stories",
            "fuzz export /tmp/fuzzers atr",
        ),
        "fuzz minimize": (
            "fuzz minimize find.toml",
            "fuzz minimize fuzz-finds/canary-8f32611a.toml",
            "fuzz minimize ./stories-00c0ffee.toml",
        ),
        "list": (
            "list defects",
            "list campaigns",
            "list models --json -",
        ),
        "show campaign": (
            "show campaign ores-2020-07",
            "show campaign winter",
            "show campaign campaign.toml",
        ),
        "show model": (
            "show model electricity-pcf8563-utc",
            "show model gas-pcf8563-battery",
            "show model my-meter.toml",
        ),
        "show defect": (
            "show defect doy-common-year",
            "show defect end-exclusive --toml",
            "show defect stale-order-accepted",
        ),
        "card new": (
            "card new home.card --meter-id 541000000001",
            "card new gas.card --meter-id 541000000002 --energy gas --carrier plain",
            "card new visit.card --meter-id 7 --expires '2020-07-18 00:00' --generation 2",
        ),
        "card reissue": (
            "card reissue home.card second.card",
            "card reissue home.card second.card --card-number 7",
            "card reissue home.card visit.card --expires '2020-07-18 00:00'",
        ),
        "card clock": (
            "card clock clock.card --meter-id 541000000001",
            "card clock clock.card --meter-id 541000000001 --set-to '2020-06-02 10:15'",
            "card clock clock.card --meter-id 541000000001 --set-error-s 5 --force",
        ),
        "card show": (
            "card show home.card",
            "card show home.card --json -",
            "card show --reader ACR --master-key office.key",
        ),
        "card diff": (
            "card diff before.card after.card",
            "card diff before.card after.card --json -",
            "card diff home.card --reader ACR",
        ),
        "card send": (
            "card send home.card 00A4000C02BE01 00B000000A",
            "card send home.card '00 20 00 01 04 37 38 31 36' 00:D6:00:00:01:00 --json -",
            "card send --reader ACR 00A40004023F00 --trace dialogue.jsonl",
        ),
        "card get": (
            "card get home.card --reader ACR",
            "card get home.card --reader ACR --force --json -",
            "card get home.card --reader ACR --master-key office.key",
        ),
        "card serve": (
            "card serve home.card",
            "card serve home.card --out --trace dialogue.jsonl",
            "card serve home.card --port 35964 --t0 --wait-s 30",
        ),
        "card relay": (
            "card relay --reader ACR --trace fielded.trace",
            "card relay --reader ACR --port 35964 --wait-s 30 --json -",
            f"card relay {_READER} --trace fielded.trace",
        ),
        "card put": (
            f"card put home.card {_READER}",
            f"card put home.card {_READER} --wait-s 60",
            f"card put home.card {_READER} --trace dialogue.jsonl",
        ),
        "card readers": (
            "card readers",
            "card readers --json -",
            "card readers --json readers.json",
        ),
        "image new": (
            "image new home.image --model electricity-pcf8563-utc --meter-id 541000000001",
            "image new home.image --model gas-pcf8563-battery --meter-id 7 --balance-eur 12.50",
            "image new home.image --model my-meter.toml --meter-id 7 --at '2020-06-02 10:00'",
        ),
        "image show": (
            "image show home.image",
            "image show home.image --json -",
            "image show home.image --model my-meter.toml",
        ),
        "image diff": (
            "image diff before.image after.image",
            "image diff before.image after.image --json -",
            "image diff before.image after.image --model my-meter.toml",
        ),
        "trace show": (
            "trace show dialogue.jsonl",
            "trace show dialogue.jsonl --bytes",
            "trace show dialogue.jsonl --json -",
        ),
        "trace replay": (
            "trace replay dialogue.jsonl",
            "trace replay dialogue.jsonl --build reference+end-exclusive",
            "trace replay dialogue.jsonl --image home.image --json -",
        ),
        "trace export": (
            "trace export dialogue.jsonl --pcapng dialogue.pcapng",
            "trace export dialogue.jsonl --pcapng dialogue.pcapng --json -",
            "trace export served.jsonl --follow --pcapng -",
        ),
        "desk load": (
            "desk load home.card --eur 50",
            "desk load home.card --eur 12.50 --issued-at '2020-06-29 10:00'",
            f"desk load --eur 50 {_READER}",
        ),
        "desk defer": (
            f"desk defer home.card --defer-until {_AT}",
            "desk defer home.card --defer-until '2020-10-25 02:30' --if-ambiguous later",
            f"desk defer --defer-until {_AT} {_READER}",
        ),
        "desk cut": (
            f"desk cut home.card --cut-at {_AT}",
            f"desk cut home.card --cut-at {_AT} --issued-at '2020-03-23 14:55'",
            f"desk cut --cut-at {_AT} {_READER}",
        ),
        "desk arm": (
            f"desk arm home.card --defer-until {_AT} --cut-at {_AT}",
            f"desk arm home.card --defer-until '2020-06-30 09:00' --cut-at {_AT} --json -",
            f"desk arm --defer-until {_AT} --cut-at {_AT} {_READER}",
        ),
        "desk reactivate": (
            "desk reactivate home.card",
            "desk reactivate home.card --issued-at '2020-07-03 22:50'",
            f"desk reactivate {_READER}",
        ),
        "desk prepayment": (
            "desk prepayment home.card off",
            "desk prepayment home.card on --issued-at '2020-07-03 10:00'",
            f"desk prepayment off {_READER}",
        ),
        "desk limiter": (
            "desk limiter home.card on",
            "desk limiter home.card off --json -",
            f"desk limiter on {_READER}",
        ),
        "desk tariff": (
            "desk tariff home.card --number 3 --price-ueur-per-wh 250",
            "desk tariff home.card --number 4 --price-ueur-per-wh 280 --night-price-ueur-per-wh 9",
            f"desk tariff --number 3 --price-ueur-per-wh 250 {_READER}",
        ),
        "desk account": (
            "desk account home.card",
            "desk account home.card --json -",
            "desk account --reader ACR --wait-s 60",
        ),
        "desk read": (
            "desk read home.card",
            "desk read home.card --json -",
            "desk read --reader ACR",
        ),
    }
)
