"""What the model's operations lack for races: uploads, upkeep, members, old versions; arguments as JSON has them."""

from typing import Any

from davdrive.cli.accounts import held_user, remove_for_good
from davdrive.cli.drive import give_role
from davdrive.cli.lock import break_locks
from davdrive.deadline import Deadline
from davdrive.drive.conditions import Conditions, EntityTag
from davdrive.drive.names import DrivePath
from davdrive.drive.patch import patch
from davdrive.drive.put import PutOptions
from davdrive.drive.restore import restore_deleted, restore_version
from davdrive.drive.trash import list_trash
from davdrive.drive.uploads.abort import abort
from davdrive.drive.uploads.add_part import PartOptions, add_part
from davdrive.drive.uploads.begin import begin
from davdrive.drive.uploads.complete import complete
from davdrive.drive.uploads.expire import expire_uploads
from davdrive.drive.uploads.find import UploadRef
from davdrive.metadata.drives import create_drive, set_quota
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.users import add_app_password, create_user
from davdrive.upkeep.emptying import Emptying, empty_trash
from davdrive.upkeep.options import UpkeepOptions
from tests.model.drive_ops import DriveOps
from tests.model.shapes import Demand, Place
from tests.races.site import Site

AGE_MS = 3_600_000
_AGE = Statement("""
    UPDATE commits SET time_ms = time_ms - :by WHERE drive = (SELECT id FROM drives WHERE name = :drive)""")
_EXPIRE = Statement("UPDATE locks SET expires_ms = expires_ms - :by WHERE token = :token")
_DRIVE = Statement("SELECT id FROM drives WHERE name = :drive")
ROLES = {0: "none", 1: "viewer", 2: "editor", 3: "owner"}
OPTIONS = UpkeepOptions(retention_s=0, request_s=0, grace_s=3600, batch=2)


class RaceOps:
    """Each operation for a user by name; they raise DriveError kinds. What is not here is the model's."""

    def __init__(self, site: Site) -> None:
        self._model = DriveOps(site)  # type: ignore[arg-type]
        self._who = self._model.who
        self._backend = site.backend

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._model, operation)

    def append(self, who: str, place: Place, text: str) -> None:
        patch(*self._who(who), DrivePath(*place), [text.encode()], lambda size, _: size, PutOptions())

    def in_trash(self, who: str, drive: str) -> int:
        """The number of what was thrown away last."""
        return next(list_trash(*self._who(who), drive)).id

    def restore_trashed(self, who: str, drive: str, number: int) -> None:
        restore_deleted(*self._who(who), drive, number)

    def first_version(self, who: str, place: Place) -> int:
        return self._model.versions(who, place)[0][0]

    def restore_first(self, who: str, place: Place, number: int) -> None:
        restore_version(*self._who(who), DrivePath(*place), number)

    def empty_trash(self, drive: str) -> None:
        """With old versions; what the race itself deletes is too young."""
        empty_trash(self._backend, drive, Emptying(versions=True), OPTIONS)

    def begin(self, who: str, drive: str, place: Place) -> str:
        return begin(*self._who(who), drive, path=DrivePath(*place)).id

    def add_part(self, who: str, upload: str, number: int, text: str) -> None:
        ref = UploadRef("", id=upload)
        add_part(*self._who(who), ref, number, str(number), [text.encode()], PartOptions(), Deadline())

    def complete(self, who: str, upload: str) -> bool:
        """Whether it made a file."""
        return complete(*self._who(who), UploadRef("", id=upload), None, PutOptions()).created

    def complete_over(self, who: str, upload: str, place: Place, etag: str) -> None:
        conditions = Conditions(if_match=(EntityTag(etag),))
        complete(*self._who(who), UploadRef("", id=upload), DrivePath(*place), PutOptions(), conditions)

    def abort(self, who: str, upload: str) -> None:
        abort(*self._who(who), UploadRef("", id=upload))

    def expire_upload(self, _upload: str) -> None:
        """What upkeep does: drop those that were idle for a day."""
        now = self._backend.database.read(lambda session: session.value(Statement("SELECT {NOW_MS}")))
        expire_uploads(self._backend, now)

    def let_idle(self, upload: str) -> None:
        """Two days pass for an upload."""
        ago_ms = 2 * self._backend.limits.upload_idle_s * 1000
        change = Statement("UPDATE uploads SET active_ms = active_ms - :by WHERE id = :id")
        self._backend.database.write(lambda session: session.do(change, by=ago_ms, id=upload))

    def age(self, drive: str) -> None:
        """An hour passes for a drive's history."""
        self._backend.database.write(lambda session: session.do(_AGE, by=AGE_MS, drive=drive))

    def expire_lock(self, token: str) -> None:
        """A quarter of an hour passes for a lock."""
        self._backend.database.write(lambda session: session.do(_EXPIRE, by=AGE_MS // 4, token=token))

    def break_lock(self, token: str) -> bool:
        """Whether there was one."""
        return bool(self._backend.database.write(lambda session: break_locks(session, token)))

    def make_user(self, name: str) -> None:
        def work(session: Session) -> None:
            create_user(session, name, name, "no password", digest_ha1=None, administrator=False)

        self._backend.database.write(work)

    def make_drive(self, name: str) -> None:
        ensure = {"case_insensitive": False, "quota_bytes": None, "retention_s": None}
        self._backend.database.write(lambda session: create_drive(session, name, name, **ensure))  # type: ignore[arg-type]

    def add_device(self, name: str) -> None:
        """As `davdrive app-password add` does."""

        def work(session: Session) -> None:
            add_app_password(session, held_user(session, name).id, "a device", "no password", None)

        self._backend.database.write(work)

    def remove_user(self, name: str) -> None:
        self._backend.database.write(lambda session: remove_for_good(session, name))

    def grant(self, drive: str, user: str, role: int) -> None:
        self._backend.database.write(lambda session: give_role(session, drive, user, ROLES[role]))

    def quota(self, drive: str, size: int) -> None:
        def work(session: Session) -> None:
            set_quota(session, session.value(_DRIVE, drive=drive), size)

        self._backend.database.write(work)


def call(ops: Any, method: str, arguments: list[Any]) -> Any:
    """One operation from JSON: places and bodies are lists and texts there."""
    made: list[Any] = []
    for each in arguments:
        if isinstance(each, dict):
            made.append(each if method == "proppatch" and len(made) == 2 else demand_of(each))
        elif isinstance(each, list) and len(each) == 2 and isinstance(each[1], list):
            made.append((each[0], tuple(each[1])))
        else:
            made.append(each.encode() if method == "put" and len(made) == 2 else each)
    return getattr(ops, method)(*made)


def demand_of(chosen: dict[str, Any]) -> Demand:
    """A demand from JSON."""
    return Demand(**{**chosen, "tokens": frozenset(chosen.get("tokens", ()))})
