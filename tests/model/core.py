"""What every rule of the state machine needs: both drives, doing one thing on both, and picking what to do it to."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from davdrive.errors import DriveError
from tests.model.drive_ops import DriveOps
from tests.model.invariants import check
from tests.model.labels import LABELS
from tests.model.reference import Reference, Refused
from tests.model.shapes import Condition, Demand, Keys, Node, Place, Version
from tests.model.speaking import kinds_of
from tests.model.world import USERS, AnyWorlds, World, reference_of

NAMES = ("x", "y", "x", "y", "X", "e\N{COMBINING ACUTE ACCENT}", "\N{LATIN SMALL LETTER E WITH ACUTE}")
FREE = Demand()
CANDIDATES = 5
RARE = (
    *("QuotaExceeded", "Locked", "LockConflict", "RangeNotSatisfiable", "Conflict", "BodyMismatch", "Gone"),
    *("ParentMissing", "Forbidden", "AlreadyExists", "PreconditionFailed", "LockTokenMismatch", "NotAllowedHere"),
    *("NotFound", "done"),
)
"""Outcomes, from those that chance meets rarely to those that it meets often."""
DONE, OFTEN = "done", 1000
SHOWN_STEPS = 60
"""Of the steps before a failure."""

seeds = st.integers(0, 2**32)
"""Of everything that a step chooses: Hypothesis chooses the steps. (Drawing each part by itself takes longer than doing
the step on both drives, and finds less, because small and repeated values are preferred.)"""


def pick(items: Iterable[Any], chance: Random) -> Any:
    """One of some things, None of none."""
    found = list(items)
    return chance.choice(found) if found else None


class Core(RuleBasedStateMachine):
    """`worlds` is set by whoever runs it; `tally` counts what happened, so that a run that did nothing can fail."""

    worlds: ClassVar[AnyWorlds]
    ops: ClassVar[type[DriveOps]] = DriveOps
    tally: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self.world: World = self._open.enter_context(self.worlds.fresh())
        self.real = self.ops(self.world)
        self.reference = self.make_reference()
        self.etags: list[str] = ["never"]
        self.tokens: list[str] = ["urn:uuid:never"]
        self.log: list[str] = []
        self.seen: Counter[tuple[str, ...]] = Counter()
        self._drawn = 0

    def make_reference(self) -> Reference:
        return reference_of(self.world.clock.now_ms)

    def teardown(self) -> None:
        self._open.close()

    @invariant()
    def the_drive_is_the_models(self) -> None:
        with self.explained():
            check(self.world, self.reference)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """A failure tells what was done before it."""
        try:
            yield
        except Exception as error:
            error.add_note("\n".join(self.log[-SHOWN_STEPS:]))
            raise

    def chance(self, seed: int) -> Random:
        """What a step chooses by: its seed, and those of the steps before it, because the same few are drawn again and
        again."""
        self._drawn = hash((self._drawn, seed))
        return Random(self._drawn)

    def one_of(self, names: Sequence[str], seed: int) -> None:
        """Do one of several things."""
        chance = self.chance(seed)
        getattr(self, chance.choice(names))(chance)

    def choose(self, name: str, chance: Random, make: Callable[[], tuple[Any, ...]]) -> Any:
        """Arguments for an operation: often those of several for which the model refuses it for one reason alone, one
        that this example has not seen yet."""
        made = [make() for _ in range(CANDIDATES if chance.random() < 0.6 else 1)]

        def worth(arguments: tuple[Any, ...]) -> tuple[int, int]:
            reasons = self.reference.would(name, *arguments)
            if len(reasons) > 1:
                return OFTEN, len(reasons)
            return self.seen[self.label(name, arguments), *reasons], RARE.index(min(reasons, default=DONE))

        arguments = min(made, key=worth) if len(made) > 1 else made[0]
        self.seen[self.label(name, arguments), *self.reference.would(name, *arguments)] += 1
        return arguments

    def label(self, name: str, arguments: tuple[Any, ...]) -> str:
        """What the table of rules calls an operation with these arguments."""
        return LABELS[name](self.reference, *arguments) if name in LABELS else name

    def both(self, name: str, *arguments: Any) -> Any:
        """Do one operation on both. The pair of results, or None when both refused."""
        modelled, real = getattr(self.reference, name), getattr(self.real, name)
        self.log.append(f"{name}{arguments}")
        label = self.label(name, arguments)
        return self.both_of(label, lambda: modelled(*arguments), lambda: real(*arguments))

    def both_of(self, name: str, modelled: Callable[[], Any], real: Callable[[], Any]) -> Any:
        """The same where the two take different arguments."""
        self.reference.step += 1
        self.world.tick()
        self.reference.now_ms = self.world.clock.now_ms
        with self.explained():
            try:
                expected = modelled()
            except Refused as refused:
                self._refused(name, refused, real)
                return None
            try:
                result = real()
            except DriveError as error:
                raise AssertionError(f"{name}: {type(error).__name__} ({error}), the model does it") from error
        self.log.append(f"    {name}: done")
        self.tally[f"{name}: done"] += 1
        return expected, result

    def _refused(self, name: str, refused: Refused, real: Callable[[], Any]) -> None:
        """The real one must refuse too. Only where there is one reason is a rule proved that no other stands in for."""
        try:
            result = real()
        except DriveError as error:
            kinds = kinds_of(error)
            if not kinds & refused.reasons:
                raise AssertionError(f"{name}: {kinds} ({error}), the model says {refused}") from error
            self.tally[f"{name}: {refused if len(refused.reasons) == 1 else 'several reasons'}"] += 1
            self.log.append(f"    {name}: {refused}")
            return
        raise AssertionError(f"{name} did {result}, the model refuses: {refused}") from None

    def same(self, name: str, *arguments: Any) -> None:
        """Do one operation on both, and both must give the same."""
        done = self.both(name, *arguments)
        with self.explained():
            assert not done or done[0] == done[1], f"{name} gave {done[1]}, the model says {done[0]}"

    def learn(self, done: tuple[Version, str] | None) -> None:
        """Tell the model what the real drive called a new content."""
        if done:
            done[0].etag = done[1]
            self.etags.append(done[1])

    def who(self, chance: Random) -> str:
        return chance.choice(("alice", "bob") * 3 + USERS)

    def drive(self, chance: Random) -> str:
        return chance.choice("aabbc")

    def names(self, chance: Random) -> Keys:
        return tuple(chance.choice(NAMES) for _ in range(chance.choice((0, 1, 1, 2, 2, 3))))

    def place(self, chance: Random, drive: str = "") -> Place:
        """Any path, one that is locked or its member, an existing place, or a member of an existing collection."""
        live = [each for each in self.reference.locks if each.expires_ms > self.reference.now_ms]
        kind = chance.randrange(10)
        if live and kind >= 7 and not drive:
            drive = chance.choice(live).drive
        drive = drive or self.drive(chance)
        if kind == 0:
            return drive, self.names(chance)
        lock = pick((each for each in live if each.drive == drive), chance)
        if kind >= 7 and lock is not None:
            return drive, (*lock.keys, chance.choice(NAMES)) if chance.random() < 0.3 else lock.keys
        nodes = list(self.reference.trees[drive].walk())
        if kind <= 4:
            return drive, chance.choice(nodes[1:] or nodes)[0]
        return drive, (*pick((each for each in nodes if not each[1].is_file), chance)[0], chance.choice(NAMES))

    def body(self, chance: Random) -> bytes:
        return chance.randbytes(chance.choice((0, 0, 3, 8, 9, 30, 60, 80)))

    def demand(self, who: str, place: Place, chance: Random) -> Demand:
        """Nothing, the user's own tokens, entity tags, or an If header."""
        kind = chance.randrange(8)
        mine = frozenset(each.token for each in self.reference.locks if each.principal == who)
        if kind <= 1:
            return FREE
        if kind <= 4:
            return Demand(tokens=mine)
        if kind <= 6:
            tag = chance.choice(("*", self._etag(place), pick(self.etags, chance)))
            held = chance.choice((mine, frozenset({pick(self.tokens, chance)})))
            return Demand(tag, tokens=held) if chance.random() < 0.6 else Demand(None, tag, held)
        return Demand(lists=tuple(self._listed(place, chance) for _ in range(chance.choice((1, 1, 2)))))

    def _listed(self, own: Place, chance: Random) -> tuple[Place | None, tuple[Condition, ...]]:
        place = chance.choice((None, None, own, self.place(chance)))
        return place, tuple(self._condition(place or own, chance) for _ in range(chance.choice((1, 1, 2))))

    def _condition(self, place: Place, chance: Random) -> Condition:
        negated = chance.random() < 0.25
        if chance.random() < 0.4:
            return Condition(etag=self._etag(place) or pick(self.etags, chance), negated=negated)
        keys = self.reference.trees[place[0]].keys(place[1])
        covering = [x.token for x in self.reference.locks if x.drive == place[0] and x.covers(keys)]
        found = pick(covering, chance) if chance.random() < 0.8 else None
        return Condition(found or pick(self.tokens, chance), negated=negated)

    def node(self, place: Place) -> Node | None:
        tree = self.reference.trees[place[0]]
        return tree.find(tree.keys(place[1]))

    def _etag(self, place: Place) -> str | None:
        node = self.node(place)
        return node.versions[-1].etag if node is not None and node.is_file else None
