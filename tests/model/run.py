"""Running the machine: so many examples of so many steps, and what makes a run a proof of something."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import DriveMachine
from tests.model.world import AnyWorlds

MUST_HAPPEN = (
    *(f"{each} done" for each in ("put", "mkcol", "delete", "copy", "move", "lock", "refresh", "unlock")),
    *("proppatch done", "restore done", "restore version done", "read done", "time", "reopen"),
    *("put Locked", "put PreconditionFailed", "put QuotaExceeded", "put Forbidden", "put NotFound"),
    *("delete Locked", "move Locked", "lock LockConflict", "unlock LockTokenMismatch", "refresh Forbidden"),
)
"""What a run has to have seen, or it proved nothing."""


def run(
    worlds: AnyWorlds, examples: int, steps: int, *, shrink: bool = False, machine: type[DriveMachine] = DriveMachine
) -> Counter[str]:
    """Run the machine; what happened how often. Raises what the machine raises. `shrink`: look for a shorter way to the
    failure first, which takes minutes."""
    tally = Counter[str]()
    made = type("Machine", (machine,), {"worlds": worlds, "tally": tally})
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
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
    return tally


def require_proof(tally: Counter[str], wanted: Iterable[str] = MUST_HAPPEN) -> None:
    """AssertionError when something that the model is about never happened."""
    missing = [each for each in wanted if not tally[each]]
    assert not missing, f"the run proved nothing about: {', '.join(missing)}"
