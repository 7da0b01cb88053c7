"""What real processes did to files, from the log of strace: every call that changes one, with its bytes, in order.

Nothing is put into the process: SQLite's own files, whatever a library writes, all of it is in the log.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.programs import needs

CHANGES = (
    "open,openat,creat,mkdir,mkdirat,rmdir,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,"
    "rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,symlinkat,copy_file_range,fsync,fdatasync,sync,syncfs"
)
SYNCS = ("fsync", "fdatasync")
ANSWERS = "sendto,sendmsg"
MOST_BYTES = 4 << 20
"""Of one call; more would be cut off, and is an error here."""

_LINE = re.compile(r"(?P<pid>\d+) +(?P<rest>.*)")
_WHOLE = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+|\?)")
_BEGUN = re.compile(r"(?P<begun>(?P<name>\w+)\(.*?),? *<unfinished \.\.\.>$")
_RESUMED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)")
_WORD = re.compile(
    r'(?P<fd>[-\w]+)<(?P<path>[^>]*)>|(?:\w+=)?"(?P<text>(?:\\x[0-9a-f]{2})*)"(?P<cut>\.\.\.)?|[^,\[\]{}()" ]+'
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call that ended, or the beginning of a sync (`begins`) during which others went on. `paths` and `texts` in
    the order in which it named them, `flags` everything else."""

    pid: str
    name: str
    paths: tuple[str, ...]
    texts: tuple[bytes, ...]
    flags: tuple[str, ...]


def command(log: Path, words: Sequence[str]) -> list[str]:
    """The words that run a program and write down what it does."""
    traced = ["-f", "--seccomp-bpf", "-y", "-xx", "-s", str(MOST_BYTES), "-o", str(log), "-e", "signal=none"]
    return [needs("strace", "strace"), *traced, "-e", f"trace={CHANGES},{ANSWERS}", *words]


def run(log: Path, words: Sequence[str], environment: Mapping[str, str], given: str = "") -> None:
    """Run a program to its end."""
    done = subprocess.run(
        command(log, words), input=given, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def calls(log: Path) -> Iterator[Call]:
    """The calls that succeeded, in the order in which they ended."""
    unfinished: dict[str, str] = {}
    for line in log.read_text().splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        pid, rest = found["pid"], found["rest"]
        if half := _BEGUN.match(rest):
            unfinished[pid] = half["begun"]
            if half["name"] in SYNCS:
                yield _call(pid, "begins", half["begun"])
            continue
        if resumed := _RESUMED.match(rest):
            rest = unfinished.pop(pid) + resumed["rest"]
        whole = _WHOLE.match(rest)
        if whole is not None and not whole["result"].startswith(("-", "?")):
            yield _call(pid, whole["name"], whole["arguments"])


def _call(pid: str, name: str, arguments: str) -> Call:
    paths, texts, flags = [], [], []
    for word in _WORD.finditer(arguments):
        if word["fd"] is not None:
            paths.append(_plain(word["path"]).decode())
        elif word["text"] is not None:
            assert not word["cut"], f"{name} wrote more than {MOST_BYTES} bytes at once"
            texts.append(_plain(word["text"]))
        else:
            flags.append(word[0])
    return Call(pid, name, tuple(paths), tuple(texts), tuple(flags))


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()
