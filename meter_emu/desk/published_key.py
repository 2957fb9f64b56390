"""The master key of tests: published, so that anyone can check examples and vectors.

It protects nothing. An operator's own key comes from a file (`--master-key`) and never from here.
"""

from typing import Final

from card_protocol.keys import Key

TEST_MASTER_KEY: Final = Key(b"meter-emu bench.")
