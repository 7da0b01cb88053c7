"""Every regular expression of davdrive against inputs that make a pattern go back over what it read."""

import importlib
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import davdrive

NOT_FOR_STRANGERS = ("davdrive.settings", "davdrive.metadata.migrations")
"""What these read is the administrator's own."""
PUMPED = 4000
"""A step for every pair of so many characters takes a tenth of a second, a step for each of them microseconds."""
LONGEST_S = 0.05
GIVEN_UP_S = 0.5
TRIES = 3
SAMPLES = 12
LONGEST_SAMPLE = 48
SPOILERS = ("", "\x00!", '"', "\n=")
METHODS = ("match", "fullmatch", "search", "findall", "finditer", "sub", "split")


@dataclass(frozen=True)
class Regex:
    """A pattern of a module, and the way in which the module uses it."""

    name: str
    pattern: re.Pattern[str] | re.Pattern[bytes]
    method: str

    def takes_s(self, text: str) -> float:
        """The seconds that it needs, of several tries the best: the machine may be busy."""
        subject = text.encode("latin-1", "replace") if isinstance(self.pattern.pattern, bytes) else text
        whole = self.method in ("fullmatch", "match", "search")
        call = getattr(self.pattern, self.method if whole else "findall")
        fastest = float("inf")
        for _ in range(TRIES):
            fastest = min(fastest, _timed_s(lambda: call(subject)))
            if fastest < LONGEST_S:
                break
        return fastest


def _timed_s(work: Callable[[], object]) -> float:
    """The seconds that `work` takes; it is broken off when it is far over the limit (a match looks for signals)."""

    def enough(*_: object) -> None:
        raise TimeoutError

    old = signal.signal(signal.SIGALRM, enough)
    signal.setitimer(signal.ITIMER_REAL, GIVEN_UP_S)
    began = time.perf_counter()
    try:
        work()
    except TimeoutError:
        return GIVEN_UP_S
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    return time.perf_counter() - began


def every_regex() -> list[Regex]:
    """The compiled patterns that stand in davdrive's modules, each with every method that its module calls on it."""
    found: dict[tuple[str, str], Regex] = {}
    for info in pkgutil.walk_packages(davdrive.__path__, "davdrive."):
        if info.name.startswith(NOT_FOR_STRANGERS) or info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for each in _regexes(module):
            found.setdefault((str(each.pattern.pattern), each.method), each)
    return list(found.values())


def _regexes(module: ModuleType) -> Iterator[Regex]:
    source = Path(module.__file__ or "/dev/null").read_text()
    for name, value in vars(module).items():
        if isinstance(value, re.Pattern):
            used = set(re.findall(rf"\b{re.escape(name)}\.(\w+)\(", source)) & set(METHODS)
            yield from (Regex(f"{module.__name__}.{name}", value, method) for method in used or {"fullmatch"})
        elif isinstance(owner := getattr(value, "__self__", None), re.Pattern):
            yield Regex(f"{module.__name__}.{name}", owner, value.__name__)
        elif isinstance(value, tuple):
            yield from (
                Regex(f"{module.__name__}.{name}[{at}]", each, "fullmatch")
                for at, each in enumerate(value)
                if isinstance(each, re.Pattern)
            )


def attacks(sample: str) -> Iterator[str]:
    """What matches, with one character or pair of it repeated, and an end that does not fit."""
    for at in range(len(sample)):
        for width in (1, 2):
            pump = sample[at : at + width] * (PUMPED // width)
            for spoiler in SPOILERS:
                yield sample[:at] + pump + spoiler
            yield sample[:at] + pump + sample[at:]


def slowest(regex: Regex, samples: int = SAMPLES) -> tuple[float, str]:
    """The longest that any attack takes, in seconds, and that attack; it ends at the first that takes too long."""
    worst = (0.0, "")

    @settings(
        max_examples=samples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.from_regex(regex.pattern, fullmatch=True))
    def shoot(found: str | bytes) -> None:
        nonlocal worst
        sample = found.decode("latin-1") if isinstance(found, bytes) else found
        for attack in attacks(sample[:LONGEST_SAMPLE]):
            if worst[0] > LONGEST_S:
                return
            worst = max(worst, (regex.takes_s(attack), attack))

    shoot()
    return worst
