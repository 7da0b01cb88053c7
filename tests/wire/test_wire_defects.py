"""Every defect of stock WsgiDAV and cheroot that WIRE §1 names: davdrive does not have it, and the stock server does.

The second half keeps the first honest: a probe that passes on the stock server proves nothing.
"""

from http.client import HTTPException

import pytest

from tests.support.peers import Peer
from tests.wire.every_defect import DEFECTS, Probe

each_defect = pytest.mark.parametrize("probe", DEFECTS, ids=lambda probe: probe.__name__)


@each_defect
def test_davdrive_does_it_right(probe: Probe, peer: Peer) -> None:
    probe(peer)


@each_defect
def test_stock_wsgidav_does_not(probe: Probe, stock_peer: Peer) -> None:
    with pytest.raises((AssertionError, OSError, HTTPException)):
        probe(stock_peer)
