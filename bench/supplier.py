"""A supplier's server for `bench.ingest`: one gzipped body at any address, with its digest, until it is ended."""

from __future__ import annotations

import base64
import hashlib
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


def main(path: str, sequence: str) -> None:
    """Serve the file on a free port of this machine and print the port. `sequence`: of a snapshot; empty for a page."""
    body = Path(path).read_bytes()
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Digest", f"sha-256=:{digest}:")
            if sequence:
                self.send_header("Feed-Sequence", sequence)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
