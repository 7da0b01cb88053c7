"""The machine's rules for what happens around a drive: time, clocks, roles, quotas, restarts."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model.core import Core, seeds
from tests.model.reference import EDITOR, OWNER, VIEWER
from tests.model.shapes import Tree
from tests.model.world import USERS

drives = st.sampled_from("aabbc")


class WorldRules(Core):
    """None of these can be refused."""

    @precondition(lambda self: self.reference.step % 3 == 2)
    @rule(seconds=st.sampled_from([1, 1, 1, 1, 59, 61, 61, 61, 61, 61, 3599, 3601, 8000, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.let_pass(seconds)

    def let_pass(self, seconds: int) -> None:
        if self.world.scale > 1:
            # A second must be longer than the minute of drafts, and a day is too long for the server.
            seconds = min(max(seconds, 4), 8000)
        self.world.clock.advance(seconds * self.world.scale)
        self.reference.now_ms = self.world.clock.now_ms
        self.log.append(f"{seconds} s pass")
        self.tally["time passed: done"] += 1

    @precondition(lambda self: self.world.jumps and self.reference.step % 4 == 0)
    @rule(seconds=st.sampled_from([-7200, -61, 61, 7200]))
    def the_wall_clock_jumps(self, seconds: int) -> None:
        self.world.clock.jump(seconds)
        self.reference.jumped_ms = self.world.clock.jumped_ms
        self.log.append(f"the clock is set by {seconds} s")
        self.tally[f"clock set {'back' if seconds < 0 else 'ahead'}: done"] += 1

    @precondition(lambda self: self.reference.step % 3 == 0)
    @rule(seed=seeds)
    def grant(self, seed: int) -> None:
        """Often to somebody who has an upload or a lock there."""
        chance = self.chance(seed)
        drive, who = chance.choice(self._busy() or [("a", "bob")])
        role = chance.choice((VIEWER, VIEWER, EDITOR, None))
        if chance.random() < 0.6:
            drive, who = self.drive(chance), chance.choice(USERS)
            role = chance.choice((EDITOR, EDITOR, EDITOR, EDITOR, OWNER, OWNER, VIEWER, None))
        self.give_role(drive, who, role)

    def give_role(self, drive: str, who: str, role: int | None) -> None:
        self.world.grant(drive, who, role)
        roles = {name: each for name, each in self.reference.trees[drive].roles.items() if name != who}
        self.reference.trees[drive].roles = roles if role is None else {**roles, who: role}
        self.log.append(f"{who} gets role {role} on {drive}")
        self.tally["role changed: done"] += 1

    @precondition(lambda self: self.reference.step % 4 == 1)
    @rule(seed=seeds)
    def set_quota(self, seed: int) -> None:
        """None, or one that is nearly used up."""
        chance = self.chance(seed)
        drive = chance.choice(self._busy() or [("b", "")])[0] if chance.random() < 0.5 else self.drive(chance)
        tree = self.reference.trees[drive]
        self.give_quota(tree, chance.choice((None, self.reference.used(tree) + chance.choice((-9, 0, 9, 30, 99)))))

    def give_quota(self, tree: Tree, quota: int | None) -> None:
        tree.quota = quota
        self.world.set_quota(tree.name, quota)
        self.log.append(f"{tree.name} gets quota {quota}")
        self.tally["quota changed: done"] += 1

    def _busy(self) -> list[tuple[str, str]]:
        """Who has locks or unfinished uploads in which drive."""
        sending = [(each.drive, each.principal) for each in self.reference.uploads if not each.state]
        return sending + [(each.drive, each.principal) for each in self.reference.locks]

    @precondition(lambda self: self.reference.step % 9 == 7)
    @rule(drive=drives, seconds=st.sampled_from([None, 0, 5000]))
    def set_retention(self, drive: str, seconds: int | None) -> None:
        self.world.set_retention(drive, None if seconds is None else seconds * self.world.scale)
        self.reference.trees[drive].retention_s = None if seconds is None else seconds * self.world.scale
        self.log.append(f"{drive} gets retention {seconds}")
        self.tally["retention changed: done"] += 1

    @precondition(lambda self: self.reference.step % 9 == 8)
    @rule()
    def reopen(self) -> None:
        self.world.reopen()
        self.reference.step += 1
        self.tally["reopened: done"] += 1
