"""What a run has to have seen: every operation done, and refused for each reason that alone can refuse it."""

from collections import Counter
from collections.abc import Mapping

SEEN, MAY = "NotFound", "Forbidden"
_WRITING = (SEEN, MAY, "PreconditionFailed", "Locked", "NotAllowedHere", "ParentMissing", "QuotaExceeded")
_COPYING = (SEEN, MAY, "PreconditionFailed", "Locked", "ParentMissing")
_LOCKING = (SEEN, MAY, "PreconditionFailed", "Locked", "ParentMissing", "LockConflict")
_PART = (SEEN, MAY, "Gone", "Conflict", "BodyMismatch", "QuotaExceeded")

Rules = Mapping[str, tuple[str, ...]]
RULES: Rules = {
    "put": _WRITING,
    "patch": (*(each for each in _WRITING if each != "ParentMissing"), "RangeNotSatisfiable"),
    "mkcol": (SEEN, MAY, "PreconditionFailed", "Locked", "AlreadyExists", "ParentMissing"),
    "delete": (SEEN, MAY, "PreconditionFailed", "Locked"),
    "copy": (*_COPYING, "QuotaExceeded"),
    "copy of depth 0": (*_COPYING, "QuotaExceeded"),
    "copy across drives": (*_COPYING, "QuotaExceeded"),
    "copy of depth 0 across drives": (*_COPYING, "QuotaExceeded"),
    "move": _COPYING,
    "move across drives": (*_COPYING, "QuotaExceeded"),
    "proppatch": (SEEN, MAY, "PreconditionFailed", "Locked"),
    "read": (SEEN, "NotAllowedHere"),
    "look": (SEEN,),
    "lock exclusive 0": _LOCKING,
    "lock exclusive infinity": _LOCKING,
    "lock shared 0": _LOCKING,
    "lock shared infinity": _LOCKING,
    "refresh": (SEEN, MAY, "PreconditionFailed"),
    "refresh of an expired lock": (SEEN, MAY, "PreconditionFailed"),
    "unlock": (SEEN, MAY, "LockTokenMismatch"),
    "trash": (SEEN,),
    "restore": (SEEN, MAY, "AlreadyExists", "ParentMissing", "Locked"),
    "versions": (SEEN,),
    "restore_version": tuple(each for each in _WRITING if each != "ParentMissing"),
    "begin": (SEEN, MAY, "AlreadyExists", "QuotaExceeded"),
    "add_part": _PART,
    "append": _PART,
    "drop_part": (SEEN, MAY, "Gone", "Conflict"),
    "complete": (*_WRITING, "Gone", "Conflict", "BodyMismatch"),
    "abort": (SEEN, MAY, "Gone", "Conflict"),
    "upkeep": (),
    "trash emptied": (),
    "time passed": (),
    "clock set back": (),
    "clock set ahead": (),
    "role changed": (),
    "quota changed": (),
    "retention changed": (),
    "reopened": (),
}
"""By operation, the reasons that alone refuse it. (An expired lock is never in conflict with a later one, which ended
it.)"""


def _cells(rules: Rules) -> list[str]:
    return [f"{operation}: {each}" for operation, reasons in rules.items() for each in ("done", *reasons)]


def missing(tally: Counter[str], rules: Rules = RULES) -> list[str]:
    """What the run never saw."""
    return [cell for cell in _cells(rules) if not tally[cell]]


def require_proof(tally: Counter[str], rules: Rules = RULES, known: Rules | None = None) -> None:
    """AssertionError when one of `rules` was never put to the test, or when `known` has no rule for what was seen."""
    unseen = missing(tally, rules)
    assert not unseen, f"the run proved nothing about: {'; '.join(unseen)}"
    foreign = set(tally) - {*_cells(known or rules)}
    foreign = {each for each in foreign if not each.endswith("several reasons")}
    assert not foreign, f"the table of rules does not know: {'; '.join(sorted(foreign))}"


def table(tally: Counter[str]) -> str:
    """The tally, a line an operation."""
    lines: dict[str, list[str]] = {}
    for what, count in sorted(tally.items(), key=lambda each: (not each[0].endswith("done"), each[0])):
        operation, _, outcome = what.partition(": ")
        lines.setdefault(operation, []).append(f"{outcome} {count}")
    return "\n".join(f"{operation:30} {', '.join(outcomes)}" for operation, outcomes in sorted(lines.items()))
