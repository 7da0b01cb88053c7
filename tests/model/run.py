"""Running the machine: so many examples of so many steps, and more until every rule was put to the test."""

import random
from collections import Counter

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.core import Core
from tests.model.machine import DriveMachine
from tests.model.proof import RULES, Rules, missing
from tests.model.world import AnyWorlds

MOST_ROUNDS = 6
"""Of a run until proof: chance alone never needs as many."""

SEED = 20261125
"""What CI begins with, so that a commit has one answer; new seeds are for the night (`tests/night`)."""


def run(
    worlds: AnyWorlds,
    examples: int,
    steps: int,
    *,
    shrink: bool = False,
    machine: type[Core] = DriveMachine,
    begin_with: int | None = None,
) -> Counter[str]:
    """Run the machine; what happened how often. Raises what the machine raises. `shrink`: look for a shorter way to the
    failure first, which takes minutes. `begin_with`: the seed, which a failure tells."""
    tally = Counter[str]()
    chosen = random.getrandbits(32) if begin_with is None else begin_with
    made = seed(chosen)(type("Machine", (machine,), {"worlds": worlds, "tally": tally}))
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    try:
        run_state_machine_as_test(
            made,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                phases=phases,
                suppress_health_check=list(HealthCheck),
                print_blob=False,
            ),
        )
    except Exception as error:
        error.add_note(f"the seed was {chosen}, with {examples} examples of {steps} steps")
        raise
    return tally


def run_until_proof(
    worlds: AnyWorlds,
    examples: int,
    steps: int,
    *,
    machine: type[Core] = DriveMachine,
    rules: Rules = RULES,
    begin_with: int | None = None,
) -> Counter[str]:
    """Run, and go on with a third as many examples at a time while a rule was not put to the test yet."""
    tally = run(worlds, examples, steps, machine=machine, begin_with=begin_with)
    for more in range(1, MOST_ROUNDS + 1):
        if not missing(tally, rules):
            break
        following = None if begin_with is None else begin_with + more
        tally += run(worlds, examples // 3, steps, machine=machine, begin_with=following)
    return tally
