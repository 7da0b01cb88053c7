"""What somebody has to mend is said in a sentence: by `davdrive doctor`, and by `davdrive serve` instead of serving."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import pytest

from davdrive.auth.passwords import Passwords
from davdrive.cli.accounts import add_user
from davdrive.cli.diagnosis import examine
from davdrive.cli.first_start import welcome
from davdrive.errors import DriveError
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.objects.base import MARK
from davdrive.settings import Settings, load_settings
from davdrive.upkeep.mark import as_text
from tests.support.commands import environment
from tests.support.nodes import store_settings
from tests.support.postgres import Postgres, locked_postgres
from tests.support.seaweed import Seaweed

HIDDEN = "hush-hush"
RIGHT = "hush-hush-but-right"
NOWHERE = "http://127.0.0.1:1"
_WITHOUT = "import sys; sys.modules[sys.argv.pop(1)] = None; from davdrive.__main__ import main; main()"


class Wrong(NamedTuple):
    """A configuration that is wrong in one thing: the variables that make it so, what is said of which part, whether
    `serve` ends for it (or else begins, and only logs it), and a package that is not installed."""

    change: Callable[["World"], Mapping[str, str]]
    part: str
    sentence: str
    ends: bool = True
    lacks: str = ""


class World(NamedTuple):
    """Servers that work. That of `locked_url` demands a password, and the URL has the right one. `others_url`: the
    objects of another davdrive."""

    url: str
    weak_url: str
    locked_url: str
    others_url: str
    seaweed: Seaweed

    def to_database(self, old: str, new: str) -> dict[str, str]:
        assert old in self.url
        return {"DAVDRIVE_METADATA__URL": self.url.replace(old, new)}


def _locked(old: str, new: str) -> Callable[[World], Mapping[str, str]]:
    """The server that demands a password, asked in another way than the right one."""

    def change(world: World) -> Mapping[str, str]:
        assert old in world.locked_url
        return {"DAVDRIVE_METADATA__URL": world.locked_url.replace(old, new)}

    return change


def _metadata(url: str) -> Callable[[World], Mapping[str, str]]:
    return lambda world: {"DAVDRIVE_METADATA__URL": url}


def _objects(**changes: str) -> Callable[[World], Mapping[str, str]]:
    return lambda world: {f"DAVDRIVE_OBJECTS__{name.upper()}": value for name, value in changes.items()}


def _aws(**changes: str) -> Callable[[World], Mapping[str, str]]:
    return lambda world: {f"AWS_{name.upper()}": value for name, value in changes.items()}


WRONGS = {
    "no such database": Wrong(
        lambda world: world.to_database("/drive_", "/none_"), "metadata", "does not exist; make it, or correct"
    ),
    "no such role": Wrong(
        lambda world: world.to_database("postgres@", f"stranger:{HIDDEN}@"), "metadata", 'role "stranger" does not'
    ),
    "another password": Wrong(
        _locked(RIGHT, HIDDEN), "metadata", 'authentication failed for user "postgres"; correct the password'
    ),
    "no password": Wrong(_locked(f":{RIGHT}@", "@"), "metadata", "no password supplied; give the password"),
    "a role that nobody learns the absence of": Wrong(
        _locked("postgres:", "stranger:"), "metadata", 'authentication failed for user "stranger"; correct the password'
    ),
    "no such database behind the right password": Wrong(
        _locked("/postgres?", "/none?"), "metadata", 'database "none" does not exist; make it, or correct'
    ),
    "a role that may not make tables": Wrong(
        lambda world: {"DAVDRIVE_METADATA__URL": world.weak_url}, "metadata", "may not make tables there"
    ),
    "nobody at that address": Wrong(
        _metadata(f"postgresql+psycopg://u:{HIDDEN}@127.0.0.1:1/drive"),
        "metadata",
        "refused; see whether it runs there",
    ),
    "no such host": Wrong(_metadata(f"postgresql+psycopg://u:{HIDDEN}@db.invalid/drive"), "metadata", "'db.invalid'"),
    "another kind of database": Wrong(
        _metadata(f"mysql://u:{HIDDEN}@h/d"), "metadata", "mysql is not supported; write"
    ),
    "a port that is no number": Wrong(
        _metadata(f"postgresql+psycopg://u:{HIDDEN}@h:port/d"), "metadata", "not a database URL; write"
    ),
    "an option that libpq does not know": Wrong(
        lambda world: {"DAVDRIVE_METADATA__URL": world.url + "&nonsense=1"}, "metadata", 'option "nonsense"; correct'
    ),
    "no psycopg": Wrong(lambda world: {}, "metadata", "pip install davdrive[postgres]", lacks="psycopg"),
    "no boto3": Wrong(lambda world: {}, "objects", "pip install davdrive[s3]", lacks="boto3"),
    "no such bucket": Wrong(_objects(url="s3://no-such-bucket/x"), "objects", "bucket does not exist; make it"),
    "no bucket": Wrong(_objects(url="s3:///x"), "objects", "names no store; write"),
    "another access key": Wrong(_aws(access_key_id="nobody"), "objects", "does not know the access key"),
    "another secret key": Wrong(_aws(secret_access_key=HIDDEN), "objects", "refuses the secret key"),
    "no such profile": Wrong(_aws(profile="nobody"), "objects", "profile"),
    "an endpoint without http": Wrong(_objects(endpoint_url="127.0.0.1:9000"), "objects", "Invalid endpoint"),
    "an endpoint that speaks no TLS": Wrong(
        lambda world: {"DAVDRIVE_OBJECTS__ENDPOINT_URL": world.seaweed.endpoint_url.replace("http:", "https:")},
        "objects",
        "does not speak TLS there",
    ),
    "a store that is another davdrive's": Wrong(
        lambda world: {"DAVDRIVE_OBJECTS__URL": world.others_url}, "pair", "mark that is not this database's; correct"
    ),
    "nobody at the endpoint": Wrong(_objects(endpoint_url=NOWHERE), "objects", f"by {NOWHERE}: the object", ends=False),
}


@pytest.fixture(scope="module")
def world(postgres: Postgres, seaweed: Seaweed) -> Iterator[World]:
    good, weak = postgres.fresh(), postgres.fresh()
    postgres.execute("CREATE ROLE weak LOGIN")
    name = weak.partition("?")[0].rpartition("/")[2]
    postgres.execute("DROP SCHEMA public CASCADE", name)
    postgres.execute("CREATE SCHEMA public", name)
    postgres.execute("GRANT USAGE ON SCHEMA public TO weak", name)
    database = Database(DatabaseOptions(good))
    add_user(database, Passwords(), "bob", "b")
    database.close()
    with locked_postgres(RIGHT) as locked:
        others = seaweed.url()
        bucket, _, prefix = others.removeprefix("s3://").partition("/")
        seaweed.client().put_object(Bucket=bucket, Key=f"{prefix}/{MARK}", Body=as_text("another"))
        yield World(good, weak.replace("postgres@", "weak@"), locked, others, seaweed)
    postgres.drop(good)
    postgres.drop(weak)
    postgres.execute("DROP ROLE weak")


def davdrive(world: World, wrong: Wrong, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with no data directory, a home and a working directory where nothing can be written."""
    settings = {**store_settings(world.url, world.seaweed), "HOME": "/proc/nobody", **wrong.change(world)}
    program = ["-c", _WITHOUT, wrong.lacks] if wrong.lacks else ["-m", "davdrive"]
    return subprocess.run(
        [sys.executable, *program, *arguments],
        env=environment(**settings, PYTHONPATH=os.getcwd(), DAVDRIVE_WORKERS="1"),
        cwd="/proc", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def is_a_sentence(said: str) -> None:
    assert "Traceback" not in said
    assert HIDDEN not in said


def in_process(world: World, wrong: Wrong, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings, with the environment that boto3 reads by itself."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "DAVDRIVE_"))]:
        monkeypatch.delenv(name)
    for name, value in {**store_settings(world.url, world.seaweed), **wrong.change(world)}.items():
        monkeypatch.setenv(name, value)
    return load_settings({"workers": 1, "listen": "127.0.0.1:0"})


@pytest.mark.parametrize("wrong", [pytest.param(wrong, id=name) for name, wrong in WRONGS.items() if not wrong.lacks])
def test_the_doctor_and_a_start_say_what_is_wrong_in_a_sentence(
    wrong: Wrong, world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = in_process(world, wrong, monkeypatch)
    bad = [result for result in examine(settings) if not result.good]
    assert [result.part for result in bad] == [wrong.part]
    assert wrong.sentence in bad[0].message
    if wrong.ends:
        with pytest.raises(DriveError) as refused:
            welcome(settings)
        is_a_sentence(str(refused.value))
        assert wrong.sentence in str(refused.value)
    else:
        welcome(settings)
        printed = capfd.readouterr()
        assert "the object store cannot be used now" in printed.out + printed.err
    is_a_sentence(bad[0].message)


@pytest.mark.parametrize(
    "name", ["another password", "no psycopg", "no boto3", "another secret key", "a store that is another davdrive's"]
)
def test_serve_ends_with_one_line_and_status_1_before_it_serves_or_makes_a_password(world: World, name: str) -> None:
    ended = davdrive(world, WRONGS[name], "serve", "--listen", "127.0.0.1:0")
    assert ended.returncode == 1, ended
    assert (ended.stdout, ended.stderr.count("\n")) == ("", 1), ended
    assert WRONGS[name].sentence in ended.stderr
    is_a_sentence(ended.stderr)


def test_the_doctor_ends_with_status_1_and_shows_no_password(world: World) -> None:
    said = davdrive(world, WRONGS["another password"], "doctor")
    assert said.returncode == 1, said
    assert WRONGS["another password"].sentence in said.stdout
    is_a_sentence(said.stdout + said.stderr)


def test_with_the_right_password_the_same_server_is_let_in_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it is the password, and nothing else about that server, which is refused above."""
    right = Wrong(lambda world: {"DAVDRIVE_METADATA__URL": world.locked_url}, "", "")
    assert [result for result in examine(in_process(world, right, monkeypatch)) if not result.good] == []


def test_the_doctor_changes_nothing_in_an_empty_database_and_says_what_will_come(
    postgres: Postgres, seaweed: Seaweed
) -> None:
    url = postgres.fresh()
    name = url.partition("?")[0].rpartition("/")[2]
    for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
        postgres.execute(statement, name)
    world = World(url, "", "", "", seaweed)
    for _ in range(2):
        said = davdrive(world, Wrong(lambda world: {"DAVDRIVE_LISTEN": "127.0.0.1:0"}, "", ""), "doctor")
        assert said.returncode == 0, said
        assert "the first davdrive serve makes the tables and a user" in said.stdout
    postgres.drop(url)
