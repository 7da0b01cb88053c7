"""What stock WsgiDAV does wrong (WIRE §1), each as a probe that fails there and passes on davdrive."""

from collections.abc import Callable

from tests.support.peers import Peer

Probe = Callable[[Peer], None]
DEFECTS: list[Probe] = []


def defect(probe: Probe) -> Probe:
    """Register a probe: it asserts what a server must do."""
    DEFECTS.append(probe)
    return probe
