"""What test_canonical.py sends, and the two ways in which it reads what came of it: exactly by the
grammar that Vendgate writes, and as carelessly as servers have been seen to."""
import re

HOST = b"api.agency.example"
HEAD_MAX = 16384


class Unlike(Exception):
    """These bytes are no message of the grammar."""


# The strict reader ------------------------------------------------------------------------------

PCHAR = rb"(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-F]{2})"
REQUEST_LINE = re.compile(
    rb"(?P<method>[A-Z]{3,7}) (?P<target>(?:(?:/" + PCHAR + rb"+)+/?|/)"
    rb"(?:\?(?:" + PCHAR + rb"|[/?])+)?) HTTP/1\.1\r\n")
STATUS_LINE = re.compile(rb"HTTP/1\.1 (?P<status>[2-5][0-9]{2}) [A-Za-z -]*\r\n")
# Bytes from 0x80 mean nothing to anybody (RFC 9110 5.5): they may stand in a value.
FIELD = re.compile(rb"([A-Z][a-z0-9]*(?:-[A-Z][a-z0-9]*)*|traceparent|tracestate): "
                   rb"([!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?|)\r\n")
LENGTH = re.compile(rb"0|[1-9][0-9]{0,18}")
CHUNK = re.compile(rb"([1-9a-f][0-9a-f]{0,7})\r\n")
CHUNK_BEGIN = re.compile(rb"(?:[1-9a-f][0-9a-f]{0,7}\r?|0(?:\r(?:\n\r?)?)?)?")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NAMES_ONCE = (b"Host", b"Content-Length", b"Transfer-Encoding", b"Content-Type", b"Location")


class Message:
    """Start line's match, fields, body; `whole` where its end came."""

    def __init__(self, line, fields):
        self.line, self.fields, self.body, self.whole = line, fields, b"", False

    def __repr__(self):
        return f"<{self.line[0]!r} {self.fields} {self.body[:80]!r} whole={self.whole}>"


def read_head(data, pattern):
    """The head, and what is behind it; None where it is not yet whole."""
    line = pattern.match(data)
    if b"\r\n\r\n" not in data:
        return None, data
    if line is None:
        raise Unlike(f"start line: {data[:120]!r}")
    at, fields = line.end(), {}
    while not data.startswith(b"\r\n", at):
        field = FIELD.match(data, at)
        if field is None:
            raise Unlike(f"field: {data[at:at + 120]!r}")
        if field[1] in fields and field[1] in NAMES_ONCE:
            raise Unlike(f"twice: {field[1]!r}")
        fields[field[1]] = field[2]
        at = field.end()
    return Message(line, fields), data[at + 2:]


def read_chunks(message, data):
    while True:
        if data.startswith(b"0\r\n\r\n"):
            message.whole = True
            return data[5:]
        chunk = CHUNK.match(data)
        if chunk is None:
            if not CHUNK_BEGIN.fullmatch(data):
                raise Unlike(f"chunk: {data[:40]!r}")
            return b""
        size = int(chunk[1], 16)
        part = data[chunk.end():chunk.end() + size]
        message.body += part
        data = data[chunk.end() + size:]
        if len(part) < size or len(data) < 2:
            return b""
        if data[:2] != b"\r\n":
            raise Unlike(f"behind a chunk: {data[:20]!r}")
        data = data[2:]


def read_body(message, data, bodyless):
    """Behind the head; what is behind the body."""
    length = message.fields.get(b"Content-Length")
    coding = message.fields.get(b"Transfer-Encoding")
    if length is not None and coding is not None:
        raise Unlike("two framings")
    if coding not in (None, b"chunked") or (length and not LENGTH.fullmatch(length)):
        raise Unlike(f"framing: {coding!r} {length!r}")
    if bodyless or (length is None and coding is None):
        message.whole = True
        return data
    if coding is not None:
        return read_chunks(message, data)
    message.body = data[:int(length)]
    message.whole = len(message.body) == int(length)
    return data[int(length):]


def requests_of(data):
    """All requests of an upstream connection; the last may be cut."""
    found = []
    while data:
        message, data = read_head(data, REQUEST_LINE)
        if message is None:
            return found, data
        if list(message.fields)[:1] != [b"Host"]:
            raise Unlike(f"Host is not first: {message}")
        data = read_body(message, data, False)
        found.append(message)
        if not message.whole:
            return found, b""
    return found, b""


def answers_of(data, to_head=False):
    """All answers that a vendor got; the last may be cut."""
    found = []
    while data.startswith(CONTINUE):
        data = data[len(CONTINUE):]
    while data:
        message, data = read_head(data, STATUS_LINE)
        if message is None:
            return found, data
        if not to_head and b"Content-Length" not in message.fields and \
                b"Transfer-Encoding" not in message.fields and \
                message.line["status"] not in (b"204", b"304"):
            raise Unlike(f"an answer that only its connection ends: {message}")
        data = read_body(message, data, to_head or message.line["status"] in (b"204", b"304"))
        found.append(message)
    return found, b""


# The careless reader ----------------------------------------------------------------------------

def lax_lines(data):
    """Lines of a head by any end, folded ones joined, and what is behind it."""
    lines, at = [], 0
    while True:
        end = data.find(b"\n", at)
        if end < 0:
            return None, data
        line, at = data[at:end].rstrip(b"\r"), end + 1
        if not line.strip() and not lines:
            continue
        if not line.strip():
            return lines, data[at:]
        if line[:1] in (b" ", b"\t") and lines:
            lines[-1] += b" " + line.strip()
        else:
            lines.append(line)


def lax_name(name):
    """`Content_Length `, as CGI and its heirs know it."""
    return re.sub(rb"[^a-z0-9]+", b"-", name.strip().lower()).strip(b"-")


def lax_number(text, base):
    digits = re.match(rb"\s*[+]?(?:0x)?([0-9a-fA-F]*)" if base == 16 else rb"\s*[+]?([0-9]*)", text)
    return int(digits[1] or b"0", base)


def lax_chunks(data):
    body = b""
    while data:
        line, _, data = data.partition(b"\n")
        size = lax_number(line, 16)
        if size == 0:
            while data and line.strip():
                line, _, data = data.partition(b"\n")
            return body, data
        body, data = body + data[:size], data[size:]
        data = data[1:] if data[:1] == b"\n" else data[2:]
    return body, data


def lax_requests(data, length_wins, last_wins):
    """(method, target, body) of each request, as that kind of careless server sees them."""
    found = []
    while data.strip():
        lines, rest = lax_lines(data)
        if lines is None:
            return found
        words, fields = lines[0].split(), {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            if last_wins or lax_name(name) not in fields:
                fields[lax_name(name)] = value.strip()
        chunked = b"chunked" in fields.get(b"transfer-encoding", b"").lower()
        if chunked and not (length_wins and b"content-length" in fields):
            body, data = lax_chunks(rest)
        else:
            size = lax_number(fields.get(b"content-length", b""), 10)
            body, data = rest[:size], rest[size:]
        found.append((words[0], words[1] if len(words) > 1 else b"", body))
    return found


# Requests ---------------------------------------------------------------------------------------

def head(*fields, first=b"GET {path} HTTP/1.1", host=True, body=b""):
    lines = [first, *([b"Host: " + HOST] if host else []), *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def post(*fields, body=b""):
    return head(*fields, first=b"POST {path} HTTP/1.1", body=body)


def chunked(body):
    return post(b"Transfer-Encoding: chunked", body=body)


HELLO = b"5\r\nhello\r\n"
END = b"0\r\n\r\n"
NEXT = b"GET /v1/smuggled HTTP/1.1\r\nHost: " + HOST + b"\r\n\r\n"

LENGTHS = [b"+5", b"-5", b"5,5", b"5 5", b"0x5", b"5;", b"18446744073709551616", b"5.0", b"05", b"",
           b"99999999999999999999999", b"5\t", b"\xef\xbc\x95", b"five", b"5e0", b"5\x0b", b"\"5\""]
CODINGS = [b"identity", b"gzip", b"gzip, chunked", b"chunked, gzip", b"chunked, chunked",
           b"chunked;q=1", b"\"chunked\"", b"chunked,", b",chunked", b"xchunked", b"chunke",
           b"chunked\t", b"\x0bchunked", b"chunked\x00", b"chunked\xa0", b"'chunked'", b"", b"x",
           b"chunked identity"]
LOOK_ALIKES = [b"Transfer_Encoding: chunked", b"Transfer-Encoding : chunked",
               b"Transfer-Encoding\t: chunked", b" Transfer-Encoding: chunked",
               b"\"Transfer-Encoding\": chunked", b"Transfer Encoding: chunked",
               b"Transfer-Encoding\x00: chunked", b"Transfer-Encoding\xa0: chunked",
               b"Transfer.Encoding: chunked", b"Transfer~Encoding: chunked",
               b"Transfer-Encoding\r\n : chunked", b"X: y\r\n Transfer-Encoding: chunked",
               b"X: y\rTransfer-Encoding: chunked", b"X: y\nTransfer-Encoding: chunked",
               b"X: y\x00\r\nTransfer-Encoding: chunked", b":Transfer-Encoding: chunked"]
NAMES = [b"Content_Length: 5", b"Content-Length : 5", b"\"Content-Length\": 5", b"Content Length: 5",
         b"content~length: 5", b"Content-Length", b"Content-Length\r\n: 5", b"Host : x", b"Host_: x",
         b"Connection: Content-Length", b"Connection: close, Transfer-Encoding", b"Connection: Host",
         b"Connection: X-Request-Id", b"Connection: a b", b"X-HTTP-Method-Override: DELETE",
         b"X-HTTP-Method: PUT", b"X-Method-Override: PUT", b"HTTP2-Settings: AAMAAABk",
         b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c", b": x", b"A(b): x", b"\xc3\x84: x",
         b"no colon", b"X: a\x01b", b"X: a\x0bb", b"X: a\x7fb", b"X: a\x00b", b"X: a\rb", b"X: a\nb",
         b"X: a\r\n b", b"X: a\r\n\tb", b"Accept: \xff"]
LINES = [b"GET {path} HTTP/1.2", b"GET {path} HTTP/2.0", b"GET {path} HTTP/0.9", b"GET {path}",
         b"GET {path} http/1.1", b"GET {path} HTTP/1.10", b"GET {path} HTTP/01.1",
         b"GET {path} HTTP/1.1 ", b"GET {path} HTTP/1.1\t", b"GET  {path} HTTP/1.1", b"{path} HTTP/1.1",
         b"GET\t{path}\tHTTP/1.1", b" GET {path} HTTP/1.1", b"GET {path}  HTTP/1.1", b"GET HTTP/1.1",
         b"GET {path} x HTTP/1.1", b"GET {path}\x00 HTTP/1.1", b"G\x00T {path} HTTP/1.1",
         b"G(T {path} HTTP/1.1", b"GET {path}\xff HTTP/1.1", b"GET {path}#f HTTP/1.1",
         b"CONNECT {path} HTTP/1.1", b"CONNECT api.agency.example:443 HTTP/1.1",
         b"TRACE {path} HTTP/1.1", b"PRI * HTTP/2.0", b"GET * HTTP/1.1", b"GET v1 HTTP/1.1",
         b"GET http://{path} HTTP/1.1", b"GET http://u@" + HOST + b"{path} HTTP/1.1",
         b"GET http://other.agency.example{path} HTTP/1.1", b"GET ftp://" + HOST + b"{path} HTTP/1.1",
         b"GET {path} HTTP/1.1\r\n\r\nGET {path} HTTP/1.1", b"\r\n\r\nGET {path} HTTP/1.1",
         b"\nGET {path} HTTP/1.1"]
HOSTS = [b"", b"a b", b"u@" + HOST, HOST + b":", HOST + b":99999", HOST + b":0x50", HOST + b":080",
         HOST + b"/x", HOST + b"," + HOST, HOST + b"#", HOST + b"?", b"[::1", b"[::1]x", b"127.1",
         HOST + b"\r\nHost: " + HOST, HOST + b"\r\n x", HOST + b"\x00", HOST + b"..", b"." + HOST,
         b"%61pi.agency.example", HOST + b"\xff"]
TARGETS = [b"?a=1&a=2", b"?a=1&%61=2", b"?&", b"?", b"?=1", b"?a;b=1", b"?a=<", b"?a=%zz", b"?a=\"",
           b"?a=1&&b=2", b"?a=|", b"/..%2fx", b"/..;/x", b"/%252e%252e/x", b"/a\\b", b"/%c0%af",
           b"/..%01/", b"/../x", b"/..", b"/./x", b"//x", b"/%00", b"/%2e%2e", b"/%5cx", b"/;x",
           b"/%25%32%66", b"/%ff", b"/%", b"/%4", b"/a^b", b"/{x}"]
CHUNKS = [b"5\nhello\r\n" + END, b"5\r\nhello\n" + END, b"5\r\nhello" + END, b"5 \r\nhello\r\n" + END,
          b"5\t\r\nhello\r\n" + END, b" 5\r\nhello\r\n" + END, b"+5\r\nhello\r\n" + END,
          b"-5\r\nhello\r\n" + END, b"0x5\r\nhello\r\n" + END, b"\r\n" + END, b"g\r\n" + END,
          b"5;" + b"x" * 300 + b"\r\nhello\r\n" + END, b"5;a\x00b\r\nhello\r\n" + END,
          b"5;a\nb\r\nhello\r\n" + END, b"00000000000000005\r\nhello\r\n" + END,
          b"10000000000000000\r\nhello\r\n" + END, b"5\r\nhell\r\n" + END, b"5\r\nhello!\r\n" + END,
          HELLO + b"0\n\n", HELLO + b"0\r\n\n", HELLO + b"0\r\nX: y\n\r\n", HELLO + b"0\r\n X: y\r\n\r\n",
          HELLO + b"0\r\nno colon\r\n\r\n", HELLO + b"0\r\nX: \x00\r\n\r\n",
          HELLO + b"0\r\nX: y\r\n z\r\n\r\n", HELLO + b"0\r\nX : y\r\n\r\n", HELLO + b"0\r\n: y\r\n\r\n",
          HELLO + b"0\r\nX: " + b"y" * 9000 + b"\r\n\r\n", HELLO + b"0\r\r\n\r\n",
          HELLO + b"\r\n" + END, b"5\r\nhello\r\r\n" + END, b"5,5\r\nhello\r\n" + END]

# Refused with 400, and the connection ends: no row reaches an upstream.
REFUSED = {
    "lengths": [post(b"Content-Length: " + length, body=b"hello" + NEXT) for length in LENGTHS],
    "two lengths": [post(b"Content-Length: 5", b"Content-Length: " + other, body=b"hello" + NEXT)
                    for other in (b"5", b"6", b"0")],
    "codings": [post(b"Transfer-Encoding: " + coding, body=HELLO + END + NEXT) for coding in CODINGS],
    "two framings": [
        post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=HELLO + END + NEXT),
        post(b"Transfer-Encoding: chunked", b"Content-Length: 10", body=HELLO + END + NEXT),
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=HELLO + END),
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=HELLO + END),
        post(b"Content-Length: 5", b"transfer-encoding: identity", body=b"hello" + NEXT),
        head(b"Transfer-Encoding: chunked", first=b"POST {path} HTTP/1.0", body=HELLO + END),
    ],
    "look-alikes": [post(b"Content-Length: 5", line, body=b"hello" + NEXT) for line in LOOK_ALIKES]
    + [post(line, body=HELLO + END + NEXT) for line in LOOK_ALIKES],
    "names and values": [head(line, body=b"hello" + NEXT) for line in NAMES],
    "start lines": [head(first=line) + NEXT for line in LINES],
    "hosts": [head(b"Host: " + host, host=False) + NEXT for host in HOSTS] + [head(host=False) + NEXT],
    "line ends": [head().replace(b"\r\n", b"\n") + NEXT, head().replace(b"\r\n", b"\r") + NEXT * 2,
                  head(b"X: y").replace(b"y\r\n", b"y\n") + NEXT,
                  head(b"X: y").replace(b"y\r\n\r\n", b"y\r\n\n") + NEXT,
                  head(b"X: y").replace(b"y\r\n\r\n", b"y\n\r\n") + NEXT],
}
# Refused with 400: some are judged only as the next request is.
BAD_TARGETS = [head(first=b"GET {path}" + target + b" HTTP/1.1") for target in TARGETS]
# The head is good and goes upstream; the body must not look whole there.
BAD_BODIES = [chunked(body + NEXT) for body in CHUNKS]
# Other refusals: their status.
OTHERS = [(501, head(b"Connection: upgrade", b"Upgrade: websocket")), (417, post(
    b"Expect: 200-ok", b"Content-Length: 5", body=b"hello")), (431, head(*[b"X-%d: y" % i for i in
                                                                          range(130)])),
          (431, head(b"X: " + b"y" * 20000)), (421, head(b"Host: other.agency.example", host=False)),
          (403, head(first=b"get {path} HTTP/1.1")), (403, head(first=b"PATCH {path} HTTP/1.1")),
          (400, head(first=b"OPTIONS * HTTP/1.1"))]
# Honest oddities: what arrives of them.
HONEST = [
    (head(), b""), (head(host=False, *[b"Host:\t" + HOST]), b""), (b"\r\n" + head(), b""),
    (head(b"hOST: " + HOST, host=False), b""), (head(b"Host: " + HOST + b":443", host=False), b""),
    (head(first=b"GET https://" + HOST + b"{path} HTTP/1.1"), b""),
    (head(*[b"X-%d: y" % i for i in range(100)]), b""), (head(b"X_Odd: y", b"X!#$~: y"), b""),
    (head(b"Accept:\t */* \t", b"Prefer:"), b""), (head(b"Connection: close, X-Gone", b"X-Gone: y"), b""),
    (head(b"TE: trailers", b"Trailer: X", b"Keep-Alive: timeout=5"), b""),
    (head(b"User-Agent: caf\xe9"), b""), (head(first=b"GET {path} HTTP/1.0"), b""),
    (post(b"Content-Length: 5", body=b"hello"), b"hello"), (post(b"Content-Length: 0"), b""),
    (post(b"Content-Length: %d" % len(NEXT), body=NEXT), NEXT),
    (post(b"Content-Length: 5", b"Expect: 100-continue", body=b"hello"), b"hello"),
    (chunked(HELLO + END), b"hello"), (chunked(HELLO + HELLO + END), b"hellohello"),
    (chunked(b"5;a=\"b\"\r\nhello\r\n0;x\r\n\r\n"), b"hello"), (chunked(b"005\r\nhello\r\n00\r\n\r\n"),
                                                          b"hello"),
    (chunked(b"A\r\n0123456789\r\n" + END), b"0123456789"),
    (chunked(HELLO + b"0\r\nX: y\r\nContent-Length: 3\r\n\r\n"), b"hello"),
    (post(b"tRANSFER-eNCODING: cHUNKED", body=HELLO + END), b"hello"), (chunked(END), b""),
]

# Answers ----------------------------------------------------------------------------------------

OK = b"HTTP/1.1 200 OK\r\n"


def ok(*fields, body=b""):
    return OK + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


STATUS_LINES = [
    b"ICY 200 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 099 Low", b"HTTP/1.1 600 High",
    b"HTTP/1.1 200", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK", b"HTTP/2 200 OK", b"HTTP/1.2 200 OK",
    b"HTTP/0.9 200 OK", b"http/1.1 200 OK", b"HTTP/1.1 200 O\x00K", b"HTTP/1.1 200 O\x01K",
    b" HTTP/1.1 200 OK", b"\r\nHTTP/1.1 200 OK", b"HTTP/1.1 2a0 OK", b"HTTP/1.1 -20 OK",
    b"HTTP/1.1 +20 OK", b"HTTP/11 200 OK", b"HTTP/1.10 200 OK", b"200 OK", b"hello",
    b"HTTP/1.1 200\tOK", b"HTTP/1.1 200 OK\r", b"HTTP/1.1 101 Switching Protocols",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket",
    b"HTTP/1.1 999 High", b"SIP/2.0 200 OK", b"GET / HTTP/1.1", b"\x16\x03\x01\x02\x00", b"HTTP/1.1",
]
# 502, whole, and nothing of it.
BAD_ANSWERS = [line + b"\r\nContent-Length: 2\r\n\r\nok" for line in STATUS_LINES] + [
    ok(b"Content-Length: " + length, body=b"hello") for length in LENGTHS] + [
    ok(b"Transfer-Encoding: " + coding, body=HELLO + END) for coding in CODINGS] + [
    ok(b"Content-Length: 5", line, body=b"hello") for line in LOOK_ALIKES] + [
    ok(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
    ok(b"Content-Length: 5", b"Content-Length: 6", body=b"hello!"),
    ok(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=HELLO + END),
    ok(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=HELLO + END),
    ok(b"Transfer-Encoding: chunked", body=HELLO + END).replace(b"1.1", b"1.0"),
    ok(b"Content-Length: 5", b"no colon", body=b"hello"),
    ok(b"Content-Length: 5", b": no name", body=b"hello"),
    ok(b"Content-Length: 5", b"X: a\x00b", body=b"hello"),
    ok(b"Content-Length: 5", b"X: a\x01b", body=b"hello"),
    ok(b"Content-Length: 5", b"X: a\r\n b", body=b"hello"),
    ok(b"Content-Length: 5", b"X: a\rb", body=b"hello"),
    ok(b"Content-Length: 5", b"X\x00: a", body=b"hello"),
    ok(b"Content-Length: 5", b"Location: http://elsewhere.example/", body=b"hello"),
    ok(b"Content-Length: 5", b"Location: //elsewhere.example/", body=b"hello"),
    ok(b"Content-Length: 5", b"Location: /../x", body=b"hello"),
    ok(b"Content-Length: 5", b"Location: /x", b"Location: /y", body=b"hello"),
    ok(b"Content-Length: 5", b"Link: <http://elsewhere.example/>; rel=next", body=b"hello"),
    ok(b"Content-Length: 5", b"Content-Type: a/b", b"Content-Type: c/d", body=b"hello"),
    ok(b"Content-Length: 5", b"Connection: Content-Length", body=b"hello"),
    ok(b"Content-Length: 5", b"X: " + b"y" * 200000, body=b"hello"),
    ok(b"Content-Length: 5", *[b"X-%d: y" % i for i in range(200)], body=b"hello"),
    ok(b"Content-Length: 5", body=b"hello").replace(b"\r\n", b"\n"),
    ok(b"Content-Length: 5", body=b"hello").replace(b"\r\n\r\n", b"\n\n"),
    ok(b"Content-Length: 5", body=b"hello").replace(b"\r\n", b"\r"),
    b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO + END,
    b"HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello" + ok(b"Content-Length: 2", body=b"ok"),
    b"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO + END,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + ok(b"Content-Length: 2", body=b"ok"),
    b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
    b"", b"\r\n", b"\x00", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\n",
]
# The head is good: an answer has begun, and must not look whole.
CUT_ANSWERS = [ok(b"Transfer-Encoding: chunked", body=body) for body in CHUNKS] + [
    ok(b"Content-Length: 50", body=b"hello"), ok(b"Content-Length: 5", body=b"hell"),
    ok(b"Content-Length: 5"), ok(b"Transfer-Encoding: chunked"),
    ok(b"Transfer-Encoding: chunked", body=HELLO), ok(b"Transfer-Encoding: chunked", body=HELLO + b"0"),
    ok(b"Transfer-Encoding: chunked", body=HELLO + b"0\r\n"),
    ok(b"Transfer-Encoding: chunked", body=HELLO + b"0\r\nX: y\r\n"),
    ok(b"Transfer-Encoding: chunked", body=b"ffffffffffffffff\r\nhello"),
]
# What they become: status and body.
GOOD_ANSWERS = [
    (ok(b"Content-Length: 5", body=b"hello"), 200, b"hello"),
    (ok(b"Content-Length: 5", body=b"hello" + ok(b"Content-Length: 6", body=b"second")), 200, b"hello"),
    (ok(b"Content-Length: 5", body=b"hello, and more"), 200, b"hello"),
    (ok(b"Transfer-Encoding: chunked", body=HELLO + END), 200, b"hello"),
    (ok(b"Transfer-Encoding: chunked", body=HELLO + END + ok(b"Content-Length: 1", body=b"x")), 200,
     b"hello"),
    (ok(b"Transfer-Encoding: chunked", body=b"5;a=b\r\nhello\r\n0\r\nSet-Cookie: a=b\r\n\r\n"), 200,
     b"hello"),
    (ok(body=b"to the end"), 200, b"to the end"), (ok(body=b""), 200, b""),
    (ok(b"Content-Length: 5", body=b"hello").replace(b"1.1", b"1.0"), 200, b"hello"),
    (OK.replace(b"OK", b"") + b"Content-Length: 0\r\n\r\n", 200, b""),
    (OK.replace(b"OK", b"Caf\xe9\t<b>") + b"Content-Length: 0\r\n\r\n", 200, b""),
    (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok(b"Content-Length: 2", body=b"ok"), 200, b"ok"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + ok(b"Content-Length: 2", body=b"ok"), 200, b"ok"),
    (b"HTTP/1.1 204 No Content\r\n\r\nhello", 204, b""), (b"HTTP/1.1 304 Not Modified\r\n"
                                                     b"Content-Length: 5\r\n\r\nhello", 304, b""),
    (b"HTTP/1.1 205 Reset Content\r\n\r\n", 205, b""), (b"HTTP/1.1 599 Odd\r\nContent-Length: 1\r\n\r\nx",
                                                    599, b"x"),
    (ok(b"Content-Length:\t5 ", b"x_odd: y", b"Set-Cookie: a=b", b"Server: x", body=b"hello"), 200,
     b"hello"),
    (ok(b"Content-Length: 5", b"Trailer: X", b"Upgrade: h2c", b"Connection: upgrade", body=b"hello"), 200,
     b"hello"),
    (ok(b"Content-Length: 5", b"Content-Disposition: caf\xe9", body=b"hello"), 200, b"hello"),
]
