"""Ports of servers in tests."""

import socket

import httpx
import pytest
from fastapi import FastAPI

from tests.serving import free_port, serving


def test_a_free_port_is_given_to_nobody_else_before_it_is_served_at() -> None:
    port = free_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    for _ in range(2):
        with serving(FastAPI(), port) as origin:
            assert httpx.get(f"{origin}/docs").status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(origin)
