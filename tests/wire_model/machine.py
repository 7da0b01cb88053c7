"""The machine of the model, by requests: what has no request (trash, versions, roles, quotas) is done beside the
server, on its database; streams are tus's."""

import base64
from random import Random
from typing import Any, ClassVar
from urllib.parse import quote

from hypothesis.stateful import rule

from tests.model.core import FREE, pick, seeds
from tests.model.drive_ops import DriveOps
from tests.model.machine import DriveMachine
from tests.model.proof import RULES, Rules
from tests.model.reference import Reference
from tests.model.shapes import Place
from tests.model.uploading import Upload
from tests.wire_model.wire_ops import DONE, Refusal, WireOps

STREAM_BYTES = (5, 10, 25, 60)
TUS = {"Tus-Resumable": "1.0.0"}


class TusReference(Reference):
    """tus says at the beginning where the file will go and how long it is, and needs no word at the end."""

    def tus_begin(self, who: str, place: Place, total: int) -> Upload:
        spot = self.at(who, place)
        self._refuse(self._writing(spot), self._no_room(spot.tree, total))
        return self.begin(who, place[0], f"tus {self.step}", total)

    def tus_append(self, who: str, upload: Upload, place: Place, offset: int, content: bytes) -> Any:
        """The version when it is whole. What came stays, also when the file cannot be written then."""
        if self.append(who, upload.drive, upload.name, offset, content) < (upload.total or 0):
            return None
        return self.complete(who, upload.drive, upload.name, place, True, FREE)


class TusOps(WireOps):
    """POST and PATCH of tus."""

    def tus_begin(self, who: str, place: Place, total: int) -> str:
        """The upload's own path."""
        name = base64.b64encode(place[1][-1].encode()).decode()
        above = "/".join(quote(each, safe="") for each in (place[0], *place[1][:-1]))
        headers: dict[str, Any] = {"Upload_Length": str(total), "Upload_Metadata": f"filename {name}", **_spoken()}
        answer = self.ask(who, "POST", f"/-/tus/{above}", **headers)
        if answer.status not in DONE:
            raise Refusal(answer)
        return "/" + answer.get("Location").split("/", 3)[3]

    def tus_append(self, who: str, path: str, offset: int, content: bytes) -> str:
        """The new ETag, when it is whole."""
        headers: dict[str, Any] = {
            "Content_Type": "application/offset+octet-stream",
            "Upload_Offset": str(offset),
            **_spoken(),
        }
        answer = self.ask(who, "PATCH", path, content, **headers)
        if answer.status not in DONE:
            raise Refusal(answer)
        return answer.etag.strip('"')


def _spoken() -> dict[str, Any]:
    return {name.replace("-", "_"): value for name, value in TUS.items()}


class WireMachine(DriveMachine):
    """Every rule, and tus's."""

    ops: ClassVar[type[DriveOps]] = TusOps
    streams: ClassVar[tuple[str, ...]] = ()
    reference: TusReference

    def __init__(self) -> None:
        super().__init__()
        self.tus: list[tuple[Upload, Place, str]] = []

    def make_reference(self) -> Reference:
        made = super().make_reference()
        return TusReference(made.trees, made.now_ms)

    @rule(seed=seeds)
    def begin_tus(self, seed: int) -> None:
        chance = self.chance(seed)

        def make() -> tuple[str, Place, int]:
            drive, names = self.place(chance)
            return self.who(chance), (drive, names or ("x",)), chance.choice(STREAM_BYTES)

        who, place, total = self.choose("tus_begin", chance, make)
        done = self.both("tus_begin", who, place, total)
        if done:
            self.tus.append((done[0], place, done[1]))

    @rule(seed=seeds)
    def append_tus(self, seed: int) -> None:
        chance = self.chance(seed)
        found = pick(self.tus, chance)
        if found is None:
            return
        upload, place, path = found
        who, offset, body = self._append(upload, chance)
        self.log.append(f"tus_append {who} {place} {offset} {body!r}")
        done = self.both_of(
            "tus_append",
            lambda: self.reference.tus_append(who, upload, place, offset, body),
            lambda: self.real.tus_append(who, path, offset, body),  # type: ignore[attr-defined]
        )
        if done and done[0]:
            self.learn((done[0][0], done[1]))

    def _append(self, upload: Upload, chance: Random) -> tuple[str, int, bytes]:
        """Mostly by who began it, where it goes on, and all of the rest."""
        who = upload.principal if chance.random() < 0.8 else self.who(chance)
        offset = upload.size + (chance.random() < 0.1)
        left = max(1, (upload.total or 0) - upload.size)
        return who, offset, chance.randbytes(left if chance.random() < 0.6 else chance.randint(1, left + 1))


_NOT_THERE = ("append", "clock set back", "clock set ahead")
WIRE_RULES: Rules = {
    **{operation: reasons for operation, reasons in RULES.items() if operation not in _NOT_THERE},
    "tus_begin": RULES["put"],
    "tus_append": (*RULES["append"], *RULES["complete"]),
}
