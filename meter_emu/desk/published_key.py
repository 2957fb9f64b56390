"""The keys of tests: published, so that anyone can check examples and vectors.

They protect nothing. An operator's own key comes from a file (`--master-key`) and never from here.
"""

from typing import Final

from card_protocol.keys import Key
from card_protocol.tokens.sts.keys import VendingKey

TEST_MASTER_KEY: Final = Key(b"meter-emu bench.")

# Of the published STS test vectors (docs/sts.md), for DKGA04.
TEST_VENDING_KEY: Final = VendingKey(bytes.fromhex("ABABABABABABABAB949494949494949401234567"))
