"""What the first `davdrive serve` does and says."""

import secrets

import click

from davdrive.cli.accounts import add_user
from davdrive.cli.main import Settings
from davdrive.cli.trying import try_objects
from davdrive.cli.wiring import digest_secret, make_database, make_passwords
from davdrive.metadata.alone import alone
from davdrive.metadata.database import Database
from davdrive.metadata.url import is_sqlite
from davdrive.metadata.users import all_users

PASSWORD_BYTES = 12
FIRST_USER = "me"
WAIT_S = 60.0
"""How long a node waits for another that makes the first user: one hash of a password, and a slow machine."""

_MOUNTING = """
Mount it:
  Windows     net use Z: {url} /user:{user}      (Windows wants TLS for it: see the README)
  macOS       Finder, Go, Connect to Server: {url}
  GNOME, KDE  dav://{address}/{user}/            (davs:// with TLS)
  davfs2      mount -t davfs {url} /mnt
  rclone      rclone config create drive webdav url={url} vendor=nextcloud user={user} pass=…
  a browser   {url}
"""


def welcome(settings: Settings) -> None:
    """Migrate, try the object store, make a first user where there is none, and say once how to get in
    (and later how to do so anew)."""
    database = make_database(settings)
    try:
        try_objects(settings, database)
        users = [user.name for user in database.read(all_users)]
        password = None if users else _first_password(settings, database)
    finally:
        database.close()
    if password is not None:
        _say(settings, password)
    elif users == [FIRST_USER]:
        # Whoever was cut off between making it and telling its password would not get in.
        click.echo(f"the only user is {FIRST_USER}; davdrive user passwd {FIRST_USER} sets a new password")


def _first_password(settings: Settings, database: Database) -> str | None:
    """That of the user who was made now. Of nodes that start at once one makes it; None for the others."""
    with alone(database, "first-user", WAIT_S):
        if database.read(all_users):
            return None
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        digest = digest_secret(settings, FIRST_USER, password)
        add_user(database, make_passwords(settings), FIRST_USER, password, administrator=True, digest_ha1=digest)
    return password


def _say(settings: Settings, password: str) -> None:
    address = f"{settings.listen.host}:{settings.listen.port}"
    url = f"{'https' if settings.server.tls_certificate else 'http'}://{address}/{FIRST_USER}/"
    local = is_sqlite(settings.metadata.url)
    made = f"the data directory {settings.data_dir}" if local else "the tables in the database"
    click.echo(f"davdrive made {made} and a first user.")
    click.echo(
        f"\n  name      {FIRST_USER}\n  password  {password}     (shown this once; davdrive user passwd changes it)"
    )
    click.echo(_MOUNTING.format(url=url, user=FIRST_USER, address=address))
