"""Apache with mod_dav, from Debian's apache2, on loopback and without users."""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.http import Client
from tests.support.programs import needs
from tests.support.serving import HOST, free_port, wait_until_ready

MODULES = Path("/usr/lib/apache2/modules")
_CONFIG = """
ServerRoot {folder}
ServerName localhost
Listen {host}:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
DocumentRoot {folder}/files
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule dav_module {modules}/mod_dav.so
LoadModule dav_fs_module {modules}/mod_dav_fs.so
DavLockDB {folder}/locks
{user}
<Directory {folder}/files>
    Dav On
    DavDepthInfinity On
    Require all granted
</Directory>
"""


@contextmanager
def running_apache() -> Iterator[Client]:
    """Serve an empty folder; requests go below its root."""
    program = needs("apache2", "apache2")
    with tempfile.TemporaryDirectory(prefix="davdrive-apache-") as name:
        folder = Path(name)
        (folder / "files").mkdir()
        port = free_port()
        (folder / "apache.conf").write_text(
            _CONFIG.format(folder=folder, host=HOST, port=port, modules=MODULES, user=_user(folder))
        )
        log = (folder / "output.log").open("wb")
        with log:
            process = subprocess.Popen(
                [program, "-d", name, "-f", str(folder / "apache.conf"), "-DFOREGROUND"], stdout=log, stderr=log
            )
        try:
            wait_until_ready(process, (HOST, port), folder / "output.log")
            yield Client((HOST, port))
        finally:
            process.terminate()
            process.wait(timeout=20)


def _user(folder: Path) -> str:
    """Apache started by root serves as somebody else, who must own the files."""
    if os.geteuid() != 0:
        return ""
    owner = pwd.getpwnam("www-data")
    folder.chmod(0o755)
    os.chown(folder / "files", owner.pw_uid, owner.pw_gid)
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return "User www-data\nGroup www-data"
