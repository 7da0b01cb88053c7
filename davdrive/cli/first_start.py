"""What the first `davdrive serve` does and says."""

import secrets

import click
from sqlalchemy.engine import make_url

from davdrive.cli.accounts import add_user
from davdrive.cli.main import Settings
from davdrive.cli.wiring import digest_secret, make_database, make_passwords
from davdrive.metadata.users import all_users

PASSWORD_BYTES = 12
FIRST_USER = "me"

_MOUNTING = """
Mount it:
  Windows     net use Z: {url} /user:{user}      (without TLS Windows wants Basic enabled: see the README)
  macOS       Finder, Go, Connect to Server: {url}
  GNOME, KDE  dav://{address}/{user}/            (davs:// with TLS)
  davfs2      mount -t davfs {url} /mnt
  rclone      rclone config create drive webdav url={url} vendor=nextcloud user={user} pass=…
  a browser   {url}
"""


def welcome(settings: Settings) -> None:
    """Migrate; make a first user where there is none, and say once how to get in, and later how to do so anew."""
    database = make_database(settings)
    try:
        users = [user.name for user in database.read(all_users)]
        if users == [FIRST_USER]:
            # Whoever was cut off between making it and telling its password would not get in.
            click.echo(f"the only user is {FIRST_USER}; davdrive user passwd {FIRST_USER} sets a new password")
        if users:
            return
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        digest = digest_secret(settings, FIRST_USER, password)
        add_user(database, make_passwords(settings), FIRST_USER, password, administrator=True, digest_ha1=digest)
    finally:
        database.close()
    address = f"{settings.listen.host}:{settings.listen.port}"
    url = f"{'https' if settings.server.tls_certificate else 'http'}://{address}/{FIRST_USER}/"
    local = make_url(settings.metadata.url).get_backend_name() == "sqlite"
    made = f"the data directory {settings.data_dir}" if local else "the tables in the database"
    click.echo(f"davdrive made {made} and a first user.")
    click.echo(
        f"\n  name      {FIRST_USER}\n  password  {password}     (shown this once; davdrive user passwd changes it)"
    )
    click.echo(_MOUNTING.format(url=url, user=FIRST_USER, address=address))
