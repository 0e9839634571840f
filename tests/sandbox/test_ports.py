"""Ports of machines."""

from __future__ import annotations

import socket

from sandbox.ports import ReservedPorts


def test_a_port_has_one_holder_and_stays_free_to_listen_on():
    """Two allocators never give the same port; whoever was given it may listen there, with or without SO_REUSEADDR."""
    one, two = ReservedPorts(), ReservedPorts()
    taken = [ports.take() for ports in (one, two) for _ in range(20)]
    assert len(set(taken)) == len(taken)
    for port in taken[:3]:
        with socket.socket() as plain:
            plain.bind(("0.0.0.0", port))
            plain.listen()
    for port in taken:
        one.release(port)
        two.release(port)
