"""Who the client is behind proxies, and what counts as one client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davdrive.auth.addresses import TrustedProxies, address_group

PROXIES = TrustedProxies(["10.0.0.0/8", "::1", "2001:db8:ff::/48"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "192.0.2.1", "198.51.100.7"),  # not a proxy of ours: not believed
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9, 192.0.2.1", "192.0.2.1"),  # the left one is what the client wrote itself
        ("10.0.0.1", "192.0.2.1, 10.0.0.2, 10.0.0.3", "192.0.2.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "192.0.2.1, garbage, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "garbage", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1:4711", "192.0.2.1"),
        ("::1", "[2001:db8::9]:4711", "2001:db8::9"),
        ("::1", "2001:db8::9", "2001:db8::9"),
        ("::ffff:10.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"),
        ("", "192.0.2.1", "unix"),
        ("10.0.0.1", "192.0.2.1," * 200 + "10.0.0.2", "192.0.2.1"),
    ],
)
def test_the_right_most_hop_that_is_no_proxy_of_ours_is_the_client(peer: str, forwarded: str, client: str) -> None:
    assert PROXIES.client_of(peer, forwarded) == client


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("for=192.0.2.1;proto=https;by=10.0.0.1", "192.0.2.1"),
        ('for=203.0.113.9, proto=https;For="[2001:db8::9]:4711"', "2001:db8::9"),
        ("for=192.0.2.1, for=10.0.0.2", "192.0.2.1"),
        ("for=unknown", "10.0.0.1"),
        ("for=_hidden, for=10.0.0.2", "10.0.0.2"),
    ],
)
def test_the_forwarded_header_works_where_it_is_the_configured_one(forwarded: str, client: str) -> None:
    assert PROXIES.client_of("10.0.0.1", forwarded, "forwarded") == client


def test_a_proxy_on_a_unix_socket_is_trusted_where_that_is_configured() -> None:
    assert TrustedProxies(["unix"]).client_of("", "192.0.2.1") == "192.0.2.1"
    assert not TrustedProxies([]).trusts("127.0.0.1")


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("unix", "unix"),
    ],
)
def test_an_ipv6_subscriber_is_one_client(address: str, group: str) -> None:
    assert address_group(address) == group


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_header_raises_and_none_is_believed_from_strangers(peer: str, forwarded: str) -> None:
    PROXIES.client_of("10.0.0.1", forwarded)
    PROXIES.client_of("10.0.0.1", forwarded, "forwarded")
    assert PROXIES.client_of("192.0.2.1", forwarded) == "192.0.2.1"
    PROXIES.client_of(peer, forwarded)
