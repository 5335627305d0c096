"""Names that lead where a test says, and a server behind them: neither is on the network."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpcore

from madang.infra.ca_files import CaFiles
from madang.infra.clock import SystemClock

PUBLIC, OTHER_PUBLIC = "1.1.1.1", "2606:4700:4700::1111"
_ANSWER = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"


@dataclass
class Names:
    """A resolver: the addresses of each name, those of the last answer ever after."""

    answers: Mapping[str, Sequence[Sequence[str]]]
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.answers:
            raise socket.gaierror
        answers = self.answers[host]
        return answers[min(self.asked.count(host), len(answers)) - 1]


@dataclass
class Wires(httpcore.AsyncNetworkBackend):
    """Connects every address to one port of this machine, but for those where nobody is."""

    port: int
    dead: frozenset[str] = frozenset()
    called: list[str] = field(default_factory=list)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.called.append(host)
        if host in self.dead:
            raise httpcore.ConnectError
        assert port
        real = httpcore.AnyIOBackend()
        return await real.connect_tcp(
            "127.0.0.1", self.port, timeout, local_address, socket_options
        )


@asynccontextmanager
async def tls_server(folder: Path, *names: str) -> AsyncIterator[tuple[int, bytes, list[str]]]:
    """Serve `{}` under a certificate of these names.

    Yields:
        Its port, the DER of its authority, and the names that it was called by (SNI), to come.
    """
    ca = CaFiles(folder)
    files = ca.server("tls", list(names), now=SystemClock().now())
    called: list[str] = []
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.chain, files.key)
    context.sni_callback = lambda _socket, name, _context: called.append(str(name))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    root = ssl.PEM_cert_to_DER_cert(ca.anchor.read_text())
    try:
        yield server.sockets[0].getsockname()[1], root, called
    finally:
        server.close()
        await server.wait_closed()
