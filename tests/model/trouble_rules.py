"""The machine's rule for what luck seldom meets: something that is allowed, and one thing that gets in its way."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from hypothesis.stateful import rule

from tests.model.core import DONE, FREE, RARE, seeds
from tests.model.file_rules import FileRules
from tests.model.lock_rules import LockRules
from tests.model.past_rules import PastRules
from tests.model.proof import RULES
from tests.model.reference import EDITOR, VIEWER
from tests.model.shapes import Demand, Keys, Place
from tests.model.upload_rules import PARTS, STREAMS, TOTALS, UploadRules
from tests.model.world_rules import WorldRules

Arguments = tuple[Any, ...]
ATTEMPTS, TRIES, LONG_S = 40, 3, 4000
NOWHERE: Keys = ("nowhere", "x")
FRESH: Keys = ("fresh",)
"""Names that nothing else has."""

LUCK = ("look", "read", "trash", "versions")
"""Operations of which chance alone meets everything."""

SAID_BYTES = 30
UPLOADING = ("add_part", "append", "drop_part", "complete", "abort")
HARD = (*UPLOADING, "restore", "refresh of an expired lock", "copy of depth 0 across drives")
"""Operations that seldom find what they need."""

COMMON = 25
"""How often chance shall meet the rarest outcome, against 10 of the most frequent."""

CELLS = [
    (label, reason)
    for label, reasons in RULES.items()
    for reason in (*reasons, DONE, DONE)
    for _ in range((COMMON - RARE.index(reason)) * (2 if label in HARD else 1))
    if reasons and label not in LUCK
]
"""Operations and how they end, the rarer the oftener."""


class TroubleRules(FileRules, LockRules, PastRules, UploadRules, WorldRules):
    """`wanted`: the cell of the table of rules that the next choice is for."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: tuple[str, str] | None = None
        self._amends: list[Callable[[], None]] = []

    @rule(seed=seeds)
    def get_in_the_way(self, seed: int) -> None:
        """Do what is refused for one reason alone: found so, or else made so."""
        chance = self.chance(seed)
        label, reason = chance.choice(CELLS)
        self._make_ready(label, reason, chance)
        self.wanted = (label, reason)
        getattr(self, label.split()[0])(chance)
        self.wanted = None
        while self._amends:
            self._amends.pop()()

    def choose(self, name: str, chance: Random, make: Callable[[], Arguments]) -> Arguments:
        if self.wanted is None:
            chosen: Arguments = super().choose(name, chance, make)
            return chosen
        (label, reason), tries = self.wanted, TRIES
        self.wanted = None  # whatever gets in the way is chosen by itself
        for arguments in (make() for _ in range(ATTEMPTS)):
            if self.label(name, arguments) != label:
                continue
            reasons = self.reference.would(name, *arguments)
            if reasons == {reason} - {DONE}:
                return arguments
            if not reasons and reason in TROUBLES and tries:
                tries -= 1
                arguments = TROUBLES[reason](self, name, arguments, chance)
                if self.reference.would(name, *arguments) == {reason}:
                    return arguments
        return self.choose(name, chance, make)

    def _make_ready(self, label: str, reason: str, chance: Random) -> None:
        """What some operations need to find: an upload that is under way, a lock that has expired."""
        if label in UPLOADING:
            names = STREAMS if label == "append" else PARTS
            begun = chance.choice(("alice", "bob")), self.drive(chance), chance.choice(names)
            self.both("begin", *begun, SAID_BYTES if reason == "BodyMismatch" else chance.choice(TOTALS))
            if label != "append":
                self.both("add_part", *begun, 1, self._piece(chance))
        elif label == "restore":
            self.wanted = ("delete", DONE)
            self.delete(chance)
        elif label == "refresh of an expired lock":
            self.wanted = (chance.choice(("lock exclusive 0", "lock shared 0", "lock exclusive infinity")), DONE)
            self.lock(chance)
            ends = min((each.expires_ms for each in self.reference.locks), default=0) - self.reference.now_ms
            if ends > 0:
                self.let_pass(ends // 1000 // self.world.scale + 1)

    def aim(self, name: str, arguments: Arguments) -> Place:
        """Where an operation would change something."""
        if name == "restore":
            _, drive, item, goal = arguments
            above = self.reference.trees[drive].names_of(item.parent) or ()
            return drive, (*above, item.names[-1]) if goal is None else goal
        at = AIMS.get(name)
        return arguments[at] if at else (arguments[1], ())

    def aimed(self, name: str, arguments: Arguments, place: Place) -> Arguments:
        """The same with another aim."""
        at = AIMS.get(name, 0)
        if name == "restore":
            return (*arguments[:3], place[1])
        return (*arguments[:at], place, *arguments[at + 1 :]) if at else arguments

    def take_role(self, name: str, arguments: Arguments, chance: Random, role: int | None = VIEWER) -> Arguments:
        """Whoever asks may no more than look, until it is over."""
        who, drive = arguments[0], self.aim(name, arguments)[0]
        if role is None and name in ("copy", "move"):
            drive = arguments[1][0]
        before = self.reference.trees[drive].roles[who]
        self.give_role(drive, who, role)
        self._amends.append(lambda: self.give_role(drive, who, before))
        return arguments

    def shut_out(self, name: str, arguments: Arguments, chance: Random) -> Arguments:
        return self.take_role(name, arguments, chance, None)

    def use_up(self, name: str, arguments: Arguments, chance: Random) -> Arguments:
        """The drive has no room, until it is over."""
        tree = self.reference.trees[self.aim(name, arguments)[0]]
        before = tree.quota
        self.give_quota(tree, self.reference.used(tree) - 1)
        self._amends.append(lambda: self.give_quota(tree, before))
        return arguments

    def lock_it(self, name: str, arguments: Arguments, chance: Random) -> Arguments:
        """An editor locks what is about to change, or the collection that is about to have another member. (A LOCK
        makes one where nothing is.)"""
        if name == "lock":
            arguments = self.aimed(name, arguments, (self.aim(name, arguments)[0], FRESH))
        return self.lock_too(name, arguments, chance)

    def lock_too(self, name: str, arguments: Arguments, chance: Random) -> Arguments:
        drive, names = self.aim(name, arguments)
        exists = self.node((drive, names)) is not None
        place = (drive, names if exists and chance.random() < 0.7 else names[:-1])
        editors = [who for who, role in self.reference.trees[drive].roles.items() if role >= EDITOR]
        if editors:
            how = chance.random() < 0.5, exists and chance.random() < 0.5, LONG_S * self.world.scale
            self.take(chance.choice(editors), place, *how, FREE)
        return arguments

    def lead_astray(self, name: str, arguments: Arguments, chance: Random) -> Arguments:
        """The aim is in a collection that is not there."""
        return self.aimed(name, arguments, (self.aim(name, arguments)[0], NOWHERE))

    def ask_too_much(self, name: str, arguments: Arguments, chance: Random) -> Arguments:
        """A condition that does not hold; for an expired lock, somebody else changed what it had locked."""
        if name == "refresh":
            drive, names = arguments[1]
            for who in {"alice", "bob"} - {arguments[0]}:
                self.learn(self.both("put", who, (drive, names), b"another's", FREE))
            return arguments
        return (*arguments[:-1], Demand(chance.choice(self.etags))) if isinstance(arguments[-1], Demand) else arguments

    def make_a_collection(self, name: str, arguments: Arguments, chance: Random) -> Arguments:
        """Where a file was wanted, a collection is."""
        who, place = arguments[0], self.aim(name, arguments)
        if self.node(place) is not None:
            self.both("delete", who, place, FREE)
        self.both("mkcol", who, place, FREE)
        return arguments

    def send_too_much(self, name: str, arguments: Arguments, chance: Random) -> Arguments:
        """A byte more than was said, to an upload of which it was said."""
        said = [each for each in self.reference.uploads if each.total is not None and not each.state]
        said = [each for each in said if each.name in (STREAMS if name == "append" else PARTS)]
        if name not in ("add_part", "append") or not said:
            return arguments
        upload = chance.choice(said)
        where = upload.size if name == "append" else len(upload.parts) + 1
        more = bytes((upload.total or 0) - upload.size + 1)
        return upload.principal, upload.drive, upload.name, where, more

    def end_upload(self, name: str, arguments: Arguments, chance: Random) -> Arguments:
        """The upload was given up meanwhile."""
        self.both("abort", *arguments[:3])
        return arguments

    def complete_upload(self, name: str, arguments: Arguments, chance: Random) -> Arguments:
        """The upload was completed meanwhile, to somewhere else."""
        done = self.both("complete", *arguments[:3], (arguments[1], FRESH), True, FREE)
        if done:
            self.learn((done[0][0], done[1]))
        return arguments


AIMS = {
    **dict.fromkeys(("put", "patch", "mkcol", "delete", "proppatch", "lock", "refresh", "unlock"), 1),
    **dict.fromkeys(("copy", "move"), 2),
    "restore_version": 1,
    "complete": 3,
}
"""By operation, which argument is the place that it would change."""

TROUBLES: Mapping[str, Callable[[TroubleRules, str, Arguments, Random], Arguments]] = {
    "Forbidden": TroubleRules.take_role,
    "NotFound": TroubleRules.shut_out,
    "QuotaExceeded": TroubleRules.use_up,
    "Locked": TroubleRules.lock_it,
    "LockConflict": TroubleRules.lock_too,
    "ParentMissing": TroubleRules.lead_astray,
    "PreconditionFailed": TroubleRules.ask_too_much,
    "NotAllowedHere": TroubleRules.make_a_collection,
    "BodyMismatch": TroubleRules.send_too_much,
    "Gone": TroubleRules.end_upload,
    "Conflict": TroubleRules.complete_upload,
}
"""By reason, what makes it one: the operation's arguments, perhaps others than before."""
