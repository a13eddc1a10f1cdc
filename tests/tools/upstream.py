#!/usr/bin/env python3
"""A test upstream: answers as the path asks for, and records every request head that it receives.

usage: upstream.py LOG [PORT [CERT KEY [CLIENT_CA [VERSION]]]]

Listens on 127.0.0.1 (PORT, or one that is free for 0; with TLS where it has CERT and KEY, for
clients with a certificate of CLIENT_CA where it has that, by TLS VERSION alone: 1.2 or 1.3) and
prints the port. LOG gets one JSON line for each head, before it is answered: conn, method, target,
headers, and `peer`, the common name of the client. A connection that ends inside a head leaves a
line with `partial`, so a test can say that nothing at all arrived.

The first segment of the path says how it answers, an optional second one is a number:
  /cl/N       N bytes with Content-Length       /chunked/N  N bytes in chunks
  /until/N    N bytes, then the connection ends /drip/N     N bytes, one every 20 ms
  /slow/MS    after so many milliseconds        /status/N   with that status
  /short/N    ends after half of its length     /cut/N      ends inside a chunk
  /torn/N     like until, but TLS is not ended
  /garbage    what is no HTTP                   /silent     nothing, then the end
  /last/N     N bytes, then the connection ends, which nothing announced
  /redirect/N with a Location elsewhere
  /field/NAME/HEX   with that field
  another     a small JSON object
"""
import json
import socket
import ssl
import sys
import threading
import time

BLOCK = bytes(ord("a") + i % 26 for i in range(26 * 630))


def body(size):
    """SIZE bytes of a pattern, in blocks."""
    while size > 0:
        part = BLOCK[: min(size, len(BLOCK))]
        yield part
        size -= len(part)


class Log:
    def __init__(self, path):
        self.file = open(path, "a", encoding="ascii", buffering=1)
        self.lock = threading.Lock()

    def write(self, **row):
        with self.lock:
            self.file.write(json.dumps(row) + "\n")


class Connection:
    def __init__(self, sock, number, log):
        self.sock, self.number, self.log = sock, number, log
        self.pending = b""
        self.rest = ""

    def peer(self):
        shown = self.sock.getpeercert() if isinstance(self.sock, ssl.SSLSocket) else None
        return shown and dict(pair[0] for pair in shown["subject"]).get("commonName")

    def more(self):
        part = self.sock.recv(65536)
        self.pending += part
        return bool(part)

    def head(self):
        """The next request line and fields, or None at the end of the connection."""
        while b"\r\n\r\n" not in self.pending:
            if not self.more():
                if self.pending:
                    self.log.write(conn=self.number, partial=self.pending.decode("latin-1"))
                return None
        text, _, self.pending = self.pending.partition(b"\r\n\r\n")
        first, *lines = text.decode("latin-1").split("\r\n")
        return first, [[part.strip() for part in line.split(":", 1)] for line in lines]

    def take(self, size):
        while len(self.pending) < size:
            if not self.more():
                raise ConnectionError("the body ended early")
        taken, self.pending = self.pending[:size], self.pending[size:]
        return taken

    def line(self):
        while b"\r\n" not in self.pending:
            if not self.more():
                raise ConnectionError("the body ended early")
        line, _, self.pending = self.pending.partition(b"\r\n")
        return line

    def request_body(self, fields):
        """How many bytes the request's body had."""
        if "chunked" in fields.get("transfer-encoding", "").lower():
            total = 0
            while size := int(self.line().split(b";")[0], 16):
                total += len(self.take(size))
                self.line()
            while self.line():
                pass
            return total
        return len(self.take(int(fields.get("content-length", "0"))))

    def send(self, status, fields, to_head, parts=()):
        lines = [f"HTTP/1.1 {status} Answer"] + [f"{k}: {v}" for k, v in fields]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        if not to_head:
            for part in parts:
                self.sock.sendall(part)

    def serve(self):
        while (head := self.head()) is not None:
            first, rows = head
            method, target = (first.split(" ") + ["", ""])[:2]
            fields = {row[0].lower(): row[-1] for row in rows}
            self.log.write(conn=self.number, method=method, target=target, headers=rows,
                           peer=self.peer())
            size = self.request_body(fields)
            if not self.answer(method, target, size) or fields.get("connection") == "close":
                return

    def answer(self, method, target, body_size):
        """False where the connection ends with the answer."""
        mode, _, rest = target.split("?")[0].lstrip("/").partition("/")
        self.rest = rest
        number = int(rest) if rest.isdigit() else 100
        make = getattr(self, "do_" + mode, None)
        if make is not None:
            return make(number, method == "HEAD")
        text = json.dumps({"target": target, "body_bytes": body_size}).encode()
        self.send(200, [("Content-Type", "application/json"), ("Content-Length", len(text)),
                        ("Server", "must-not-pass"), ("Set-Cookie", "must=not-pass")],
                  method == "HEAD", [text])
        return True

    def do_cl(self, size, to_head, status=200):
        self.send(status, [("Content-Type", "text/plain"), ("Content-Length", size)], to_head,
                  body(size))
        return True

    def do_status(self, status, to_head):
        if status in (204, 304):
            self.send(status, [], True)
            return True
        return self.do_cl(20, to_head, status)

    def do_slow(self, delay, to_head):
        time.sleep(delay / 1000)
        return self.do_cl(20, to_head)

    def do_chunked(self, size, to_head):
        chunks = (b"%x\r\n%s\r\n" % (len(part), part) for part in body(size))
        self.send(200, [("Transfer-Encoding", "chunked")], to_head, chunks)
        if not to_head:
            self.sock.sendall(b"0\r\n\r\n")
        return True

    def do_drip(self, size, to_head):
        def drip():
            for part in body(size):
                for byte in part:
                    time.sleep(0.02)
                    yield bytes([byte])
        self.send(200, [("Content-Length", size)], to_head, drip())
        return True

    def do_until(self, size, to_head):
        self.send(200, [("Connection", "close")], to_head, body(size))
        return False

    def do_torn(self, size, to_head):
        """As until, but the TCP connection ends under TLS that doesn't."""
        self.send(200, [("Connection", "close")], to_head, body(size))
        self.sock.shutdown(socket.SHUT_RDWR)
        return False

    def do_short(self, size, to_head):
        self.send(200, [("Content-Length", size)], to_head, body(size // 2))
        return False

    def do_cut(self, size, to_head):
        self.send(200, [("Transfer-Encoding", "chunked")], to_head,
                  [b"%x\r\n" % size] + list(body(size // 2)))
        return False

    def do_last(self, size, to_head):
        self.do_cl(size, to_head)
        return False

    def do_garbage(self, _size, _to_head):
        self.sock.sendall(b"\x00\x01 this is no HTTP\r\n\r\n")
        return False

    def do_silent(self, _size, _to_head):
        return False

    def do_field(self, _size, to_head):
        name, _, value = self.rest.partition("/")
        self.send(200, [(name, bytes.fromhex(value).decode("latin-1")), ("Content-Length", 0)],
                  to_head)
        return True

    def do_redirect(self, _size, to_head):
        self.send(302, [("Location", "http://elsewhere.example/"), ("Content-Length", 0)], to_head)
        return True


def secure(sock, context):
    """The TLS end of a connection; None where the handshake fails."""
    try:
        return context.wrap_socket(sock, server_side=True)
    except OSError:
        sock.close()
        return None


def run(sock, number, log, context):
    if context is not None:
        sock = secure(sock, context)
        if sock is None:
            return
    with sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            Connection(sock, number, log).serve()
            if context is not None:
                sock.unwrap()
        except (OSError, ValueError):
            pass  # the other side went, or sent what is no request: the log has what there was


def main():
    if len(sys.argv) not in (2, 3, 5, 6, 7):
        sys.exit(__doc__)
    log = Log(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0),
                                    backlog=512)
    context = None
    if len(sys.argv) > 4:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        context.set_alpn_protocols(["http/1.1"])
    if len(sys.argv) > 5:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(sys.argv[5])
    if len(sys.argv) > 6:
        context.minimum_version = context.maximum_version = {
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[sys.argv[6]]
    print(listener.getsockname()[1], flush=True)
    number = 0
    while True:
        sock, _ = listener.accept()
        number += 1
        threading.Thread(target=run, args=(sock, number, log, context), daemon=True).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
