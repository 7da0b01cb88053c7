"""When a password may travel: TLS to us or to a trusted proxy, or within this machine."""

import pytest

from davdrive.auth.addresses import TrustedProxies
from davdrive.auth.authenticator import AuthOptions, is_private

PROXIES = AuthOptions(proxies=TrustedProxies(["10.0.0.1", "unix"]))


@pytest.mark.parametrize(
    ("environ", "private"),
    [
        ({"REMOTE_ADDR": "192.0.2.1", "wsgi.url_scheme": "https"}, True),
        ({"REMOTE_ADDR": "192.0.2.1"}, False),
        ({"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_PROTO": "https"}, False),
        ({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_PROTO": "https"}, True),
        ({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_PROTO": "http"}, False),
        ({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_PROTO": "https, http"}, False),
        ({"REMOTE_ADDR": "10.0.0.1"}, False),
        ({"REMOTE_ADDR": "", "HTTP_X_FORWARDED_PROTO": "https"}, True),
        ({"REMOTE_ADDR": "127.0.0.1"}, True),
        ({"REMOTE_ADDR": "::1"}, True),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_VIA": "1.1 cache"}, False),
    ],
)
def test_a_way_is_private_when_nobody_on_it_can_read(environ: dict[str, str], private: bool) -> None:
    assert is_private({"wsgi.url_scheme": "http", **environ}, PROXIES) is private
