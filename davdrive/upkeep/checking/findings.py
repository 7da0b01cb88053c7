"""What `check` may find: a broken promise of DESIGN §1, in a sentence, and how it can be mended if it can."""

import enum
from dataclasses import dataclass
from typing import Any


class Mend(enum.Enum):
    """What `--repair` does about a finding."""

    NOTHING = "cannot be mended from what is stored here"
    RECOUNT = "count the bytes of the drive again"
    ADOPT = "give it a name in the collection `lost+found` of its drive"
    RENAME_KEY = "compute the key of the name again"
    FORGET = "remove rows that lead nowhere"
    RENUMBER = "go on with higher node numbers"
    RENAME = "give it a name that it can have"
    REINDEX = "make the indexes again"
    RULE = "mend the row"
    MARK = "mark the object store as this database's"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as promised. `promise`: its name in DESIGN §1, or `database`. `drive` and `row` (a node,
    an entry, by `mend`) are what a repair works on; `rule` is the number of a row's rule, `words` what mends it."""

    promise: str
    message: str
    mend: Mend = Mend.NOTHING
    drive: int = 0
    row: Any = 0
    rule: int = 0
    words: str = ""

    @property
    def how(self) -> str:
        """What a repair does, in words."""
        return self.words or self.mend.value
