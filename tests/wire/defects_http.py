"""HTTP itself, where cheroot and WsgiDAV are lax."""

from tests.support.http import Answer, Client, Connection, head
from tests.support.peers import Peer
from tests.wire.defect import defect


def send(peer: Peer, message: bytes) -> Answer:
    with Connection(peer.server.address) as connection:
        connection.send(message)
        return connection.read()


@defect
def a_request_without_host_is_bad(peer: Peer) -> None:
    headers = peer.bob.headers({"Host": None})
    assert send(peer, head("GET", peer.bob.path(""), headers)).status == 400


@defect
def a_head_without_end_is_cut_off(peer: Peer) -> None:
    line = b"X-Filler: " + b"x" * 8000 + b"\r\n"
    with Connection(peer.server.address) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
        try:
            for _ in range(800):
                connection.send(line)
        except ConnectionError:
            return  # it was cut off, and unread bytes made that a reset
        connection.sock.settimeout(3)
        assert connection.read().status == 431


@defect
def the_absolute_form_of_a_target_is_understood(peer: Peer) -> None:
    peer.bob.put("f", b"x")
    assert send(peer, head("GET", peer.bob.url("f"), peer.bob.headers())).body == b"x"


@defect
def nonsense_for_a_password_is_401(peer: Peer) -> None:
    for nonsense in ("Basic !!!", "Basic", "Basic Zm9v", "Bearer", "Bearer ", "Digest x"):
        stranger = Client(peer.server.address, base=peer.base, fixed={"Authorization": nonsense})
        assert stranger.get("").status == 401


@defect
def a_405_says_what_is_allowed(peer: Peer) -> None:
    answer = peer.bob.do("POST", "")
    assert answer.status == 405
    assert "PROPFIND" in answer.get("Allow")
    made_twice = [peer.bob.mkcol("d") for _ in range(2)]
    assert "PROPFIND" in made_twice[1].get("Allow")


@defect
def a_refused_body_is_never_taken_for_the_next_request(peer: Peer) -> None:
    inner = head("DELETE", peer.bob.path("f"), peer.bob.headers())
    peer.bob.put("f", b"x")
    framing = {"Transfer-Encoding": "chunked", "Authorization": None}
    outer = head("PUT", peer.bob.path("g"), peer.bob.headers(framing))
    with Connection(peer.server.address) as connection:
        connection.send(outer + inner)
        assert connection.read().status in (400, 401)
        assert connection.is_closed_by_peer(1.0)
    assert peer.bob.get("f").body == b"x"


@defect
def the_permission_to_send_waits_for_the_password(peer: Peer) -> None:
    stranger = Client(peer.server.address, base=peer.base)
    headers = stranger.headers({"Content-Length": "1000", "Expect": "100-continue"})
    with Connection(peer.server.address) as connection:
        connection.send(head("PUT", stranger.path("f"), headers))
        assert connection.sock.recv(12) == b"HTTP/1.1 401"
