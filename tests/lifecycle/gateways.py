"""Real servers on this machine that take what we send: an address for webhooks, a mail gateway."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class Taken:
    """What came, and what the next ones are answered."""

    def __init__(self):
        self.messages, self.status, self.location = [], 200, ""


@contextlib.contextmanager
def webhook():
    """Give the address of a server, and what it takes."""
    taken = Taken()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.messages.append((dict(self.headers), body))
            self.send_response(taken.status)
            if taken.location:
                self.send_header("Location", taken.location)
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    with _running(HTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/alerts", taken


@contextlib.contextmanager
def gateway():
    """Give the port of a mail gateway, and what it takes."""
    taken = Taken()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self._say("220 ready")
            to: list[str] = []
            for line in self.rfile:
                word = line[:4].upper()
                if word == b"DATA":
                    self._say("354 go on")
                    lines = []
                    while (one := self.rfile.readline()) != b".\r\n":
                        lines.append(one)
                    taken.messages.append((to, b"".join(lines).decode()))
                    self._say("250 taken")
                elif word == b"QUIT":
                    self._say("221 bye")
                    return
                else:
                    to += [line.decode().strip()[8:]] if word == b"RCPT" else []
                    self._say("250 ok")

        def _say(self, words):
            self.wfile.write(f"{words}\r\n".encode())

    with _running(socketserver.TCPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, taken


@contextlib.contextmanager
def _running(server):
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
