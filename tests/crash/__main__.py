"""One step again: `python -m tests.crash ACTION STEP [--trouble TROUBLE]`, as a failed test says it. ACTION alone tells
the names of its steps."""

import argparse
import json

from tests.crash.chores import CHORES, PLANTED
from tests.crash.failpoints import TROUBLES
from tests.crash.rig import Crashes
from tests.crash.scene import ACTIONS
from tests.support.memory_folder import memory_folder


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("action", choices=[*ACTIONS, *CHORES, *PLANTED])
    parser.add_argument("step", nargs="?")
    parser.add_argument("--trouble", choices=TROUBLES, default="killed")
    wanted = parser.parse_args()
    with memory_folder() as folder:
        rig = Crashes.start(folder)
        try:
            whole, _ = rig.act(wanted.action, 0)
            if wanted.step is None:
                print(*whole["steps"], sep="\n")
                return
            answer, _ = rig.act(wanted.action, wanted.step, trouble=wanted.trouble)
            print(json.dumps({name: value for name, value in answer.items() if name != "steps"}, indent=2))
            rig.judge_one(wanted.action, wanted.step, wanted.trouble)
            print("every promise was kept")
        finally:
            rig.stop()


if __name__ == "__main__":
    main()
