"""A front that hands each request to the next of several processes, as a city's proxy may."""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle

_CHUNK = 65_536
_PER_CONNECTION = {"connection", "transfer-encoding", "server", "date"}


@contextmanager
def round_robin(port: int, behind: Sequence[int]) -> Iterator[Counter[int]]:
    """Listen on a loopback port; count the requests that each port behind it got."""
    turns, got = cycle(behind), Counter[int]()

    class Front(BaseHTTPRequestHandler):
        def _hand_on(self) -> None:
            to = next(turns)
            got[to] += 1
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            connection = http.client.HTTPConnection("127.0.0.1", to, timeout=30)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _PER_CONNECTION:
                    self.send_header(name, value)
            self.end_headers()
            while chunk := answer.read1(_CHUNK):
                self.wfile.write(chunk)
            connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = _hand_on  # noqa: N815 - the base class's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Front) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield got
        finally:
            server.shutdown()
