"""The bench's master key: published, so that examples and vectors can be checked by anyone.

It protects nothing. An operator's own key comes from a file (`--master-key`) and never from here.
"""

from typing import Final

from card_protocol.keys import Key

BENCH_MASTER_KEY: Final = Key(b"meter-emu bench.")
