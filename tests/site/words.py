"""Shows members of an enumeration with the words that a table of their module has for them.

The program prints from that table, so the words are written once: a verdict, a finding, a status
word. An extension of griffe, which reads the source for the API pages.
"""

from typing import Any

import griffe

from tests.api.undocumented import in_a_table


class Words(griffe.Extension):
    """Gives each member without a docstring its words as one."""

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Take a class that was read."""
        for member in cls.members.values():
            if isinstance(member, griffe.Attribute) and member.docstring is None:
                words = in_a_table(member)
                if words:
                    member.docstring = griffe.Docstring(
                        f"{words[0].upper()}{words[1:]}.", parent=member
                    )
