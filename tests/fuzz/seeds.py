#!/usr/bin/env python3
"""Writes the seeds of tests/fuzz/corpus, readable here: what fuzzing found later lies beside them."""
import struct
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"
HOST = b"Host: api.agency.example\r\n"
GET = b"GET /v1/x HTTP/1.1\r\n" + HOST + b"\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKED_OK = b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n3;a=b\r\nabc\r\n0\r\nT: v\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\nabc"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"


def post(body, *fields):
    return (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"".join(fields)
            + b"Content-Length: %d\r\n\r\n" % len(body) + body)


POST_CHUNKED = b"POST /v1/x HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n"
OLD = b"GET /v1/x HTTP/1.0\r\n" + HOST + b"\r\n"


def play(*parts):
    return b"".join(b"\xff" + part for part in parts)


EXCHANGES = {
    "get": play(b"S" + GET, b"A" + OK),
    "head": play(b"SHEAD /v1/x HTTP/1.1\r\n" + HOST + b"\r\n", b"A" + OK[:-2]),
    "pipelined": play(b"S" + GET * 3, b"A" + OK, b"A" + CHUNKED_OK, b"A" + OK),
    "post": play(b"S" + post(b"hello"), b"A" + OK),
    "post-continue": play(b"S" + post(b"hello", b"Expect: 100-continue\r\n"), b"A" + OK),
    "post-chunked": play(b"S" + POST_CHUNKED + GET, b"A" + OK, b"A" + OK),
    "post-early": play(b"S" + post(b"hello")[:-2], b"A" + OK, b"Slo"),
    "post-stalls": play(b"S" + post(b"hello")[:-2], b"T"),
    "too-large": play(b"S" + POST_CHUNKED.replace(b"/v1/x", b"/small") + GET),
    "answer-to-the-end": play(b"S" + GET, b"A" + TO_THE_END, b"H"),
    "answer-breaks": play(b"S" + GET, b"A" + TO_THE_END, b"B"),
    "answer-half": play(b"S" + GET, b"A" + HALF, b"H"),
    "answer-stalls": play(b"S" + GET, b"A" + HALF, b"T"),
    "answer-twice": play(b"S" + GET, b"A" + OK + OK, b"S" + GET, b"A" + OK),
    "answer-malformed": play(b"S" + GET, b"A" + OK.replace(b"\r\n", b"\n")),
    "interim": play(b"S" + GET, b"AHTTP/1.1 103 Early\r\n\r\n" + OK),
    "redirect": play(b"S" + GET, b"AHTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"),
    "old-chunked": play(b"S" + OLD, b"A" + CHUNKED_OK),
    "old-cut": play(b"S" + OLD, b"A" + CHUNKED_OK[:-20], b"H"),
    "refused": play(b"SGET /no HTTP/1.1\r\n" + HOST + b"\r\n" + GET, b"A" + OK),
    "refused-body": play(b"S" + post(b"hello").replace(b"/v1/x", b"/no")),
    "malformed": play(b"SGET /v1/x HTTP/1.1\n\n" + GET),
    "dial-fails": play(b"Dx", b"S" + GET, b"D", b"S" + GET, b"A" + OK),
    "slow-reader": play(b"R\x01", b"S" + GET, b"A" + OK.replace(b"2", b"200", 1) + b"x" * 198, b"R"),
    "choked": play(b"S" + post(b"y" * 300)[:-200], b"C\x01", b"S" + b"y" * 200, b"C", b"A" + OK),
    "vendor-leaves": play(b"S" + GET, b"L", b"A" + OK),
    "vendor-vanishes": play(b"S" + GET, b"V", b"N", b"S" + GET, b"A" + OK),
    "rested-closed": play(b"S" + GET, b"A" + OK, b"H", b"S" + GET, b"A" + OK),
}
REQUESTS = {
    "get": GET, "post": post(b"hello"), "chunked": POST_CHUNKED, "old": OLD,
    "query": GET.replace(b"/v1/x", b"/v1/x?a=1&b"), "absolute": GET.replace(
        b"/v1/x", b"http://api.agency.example/v1/x"),
    "options": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "both-framings": POST_CHUNKED.replace(CHUNKED, CHUNKED + b"Content-Length: 5\r\n"),
    "bare-lf": GET.replace(b"\r\n", b"\n"), "folded": GET.replace(HOST, HOST + b"A: b\r\n c\r\n"),
}
RESPONSES = {"ok": OK, "chunked": CHUNKED_OK, "to-the-end": TO_THE_END,
             "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
             "redirect": b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n",
             "interim": b"HTTP/1.1 100 Continue\r\n\r\n",
             "bare-lf": OK.replace(b"\r\n", b"\n")}
BODIES = {"chunked": b"\x00\x00" + CHUNKED_OK.partition(b"\r\n\r\n")[2],
          "length": b"\x01\x05hello, and more", "close": b"\x02\x00hello", "none": b"\x03\x00x",
          "bad-chunk": b"\x00\x003\r\nabc0\r\n\r\n"}
PATHS = {"root": b"/", "plain": b"/v1/residents/17", "final-slash": b"/v1/", "coded": b"/%7euser/a%20b",
         "lower-case": b"/caf%c3%a9", "dots": b"/a/../b", "coded-dots": b"/a/%2e%2e/b",
         "coded-slash": b"/..%2fx", "parameter": b"/..;/x", "double": b"/%252e%252e/", "backslash":
         b"/a\\b", "overlong": b"/%c0%af", "hidden-double": b"/%25%34%31", "nothing": b"/a//b",
         "percent": b"/100%25", "control": b"/..%01/", "nul": b"/%00"}
QUERIES = {"pairs": b"page=3&sort=red", "flag": b"a&b=", "twice": b"a=1&%61=2", "list": b"ids=1,2%2C3",
           "date": b"since=2026-02-28", "uuid": b"id=0190a7c5-0000-7000-8000-00000000000A",
           "text": b"q=a%20caf%C3%A9+b", "number": b"n=-5&m=050&k=0", "semicolon": b"a=1;b=2",
           "words": b"c=red%20green&d=a,b,c", "double": b"a=%2526b%253d1", "c1": b"q=%C2%85"}
REFERENCES = {"path": b"/y?z#f", "own": b"http://10.0.0.7:8080/y", "host": b"https://api.agency.example:1/",
              "elsewhere": b"http://evil.example/", "relative": b"y/z", "query": b"?page=2",
              "up": b"../y", "coded-up": b"%2e%2E/%2e./y", "scheme": b"javascript:x",
              "backslash": b"\\\\evil.example", "authority": b"//evil.example"}
LINKS = {"next": b'</y>; rel="next"', "two": b"<y>;rel=a, <?p=2>; rel=\"b\"; title*=UTF-8''x",
         "anchor": b'<>; rel=self; anchor="/a"', "unknown": b'</y>; at="/internal"; on=1; off',
         "type": b"</y>; type=text/html", "quoted": b'</y>; title="a, <http://b>; \\" c"'}
FILES = {"section": b"[a]\nkey = value\n", "list": b"[a]\nkey = one,\n  two,\n\tthree ; said\n",
         "comments": b"; c\n# d\n[a] ; e\nk=v ;f\n", "crlf": b"[a]\r\nk = v\r\n",
         "mark": b"\xef\xbb\xbf[a]\nk = v\n", "quoted": b'[a]\nk = "x ; y"\n',
         "colon": b"[a]\nk: v\n", "indented": b"[a]\nk = v\n  l = w\n", "open": b"[a\nk = v\n",
         "empty": b"[a]\nk =\n[b]\n", "long": b"[a]\nk = " + b"x" * 198 + b"\n",
         "nul": b"[a]\nk = v\0w\n", "latin": b"[a]\nk = \xe9\n", "inherits": b"[a b]\n" + b"k = v\n" * 9}


def image_edits(*edits):
    """See struct edit of policy_image.c."""
    return b"\x01" + b"".join(struct.pack("<HBB", *edit) for edit in edits)


IMAGES = {"good": image_edits(), "magic": image_edits((0, 0, 0)), "cut": image_edits((0, 4, 8)),
          "first-section": image_edits((14, 1, 8)), "count": image_edits((20, 3, 0)),
          "row": image_edits((200, 1, 1), (300, 2, 1)), "raw": b"\0VGGI" + bytes(60)}

ACME = (b"[vendor]\nid = acme\nname = Acme\n[identity]\nca = ../ca/acme.pem\n"
        b"uri = spiffe://acme.example/gw\n[access a]\nservice = api\nmethods = GET\n")
POLICIES = {"plain": ACME + b"path = /v1/{id:int}\nquery = page:int:1..50, q!:text<=8\n",
            "suspended": ACME.replace(b"name", b"mode = suspended\nname") + b"path = /**\n",
            "body": ACME.replace(b"GET", b"POST, PUT") + b"path = /v1/x-{n}.pdf\nmax_body = 1KiB\n"
            b"request_type = text/csv\nrequest_headers = x-note:text<=8\n",
            "two": ACME + b"path = /a\n[access b]\nservice = api\nmethods = GET\npath = /{b}\n",
            "overlap": ACME + b"path = /{a}\n[access b]\nservice = api\nmethods = GET\npath = /{b}\n",
            "networks": ACME.replace(b"uri =", b"networks = 192.0.2.0/24,\n 2001:db8::/32\nuri =")
            + b"path = /\n", "unknown": ACME + b"path = /\nmethod = GET\n"}


def binary(command, family, body):
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(">BBH", command, family, len(body)) + body


ADDRESSES = b"\xc0\0\2\1\xc0\0\2\2\xc3\x50\1\xbb"
PROXIES = {"line": b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n\x16\3\1",
           "line-6": b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", "unknown": b"PROXY UNKNOWN x\r\n",
           "lf": b"PROXY UNKNOWN\n", "zero": b"PROXY TCP4 192.0.2.1 192.0.2.2 01 443\r\n",
           "binary": binary(0x21, 0x11, ADDRESSES), "local": binary(0x20, 0, b""),
           "binary-6": binary(0x21, 0x21, bytes(36)), "tlv": binary(
               0x21, 0x11, ADDRESSES + b"\4\0\1x"), "sum": binary(
               0x21, 0x11, ADDRESSES + b"\3\0\4abcd"), "tls": b"\x16\3\1\2\0",
           "long": binary(0x21, 0x11, bytes(700))}


def main():
    seeds = {"config_compile": POLICIES, "http_proxy_protocol": PROXIES, "policy_path": PATHS, "policy_query": QUERIES, "policy_image": IMAGES,
             "config_ini": FILES,
             "proxy_redirect": {name + end: first + text for first, kind in (
                 (b"\x01", REFERENCES), (b"\0", LINKS)) for name, text in kind.items()
                 for first, end in ((first, ""), (bytes([first[0] | 2]), "-prefix"))},
             "exchange": EXCHANGES, "http_request": REQUESTS, "http_body": BODIES,
             "http_response": {name + end: bytes([head]) + text for name, text in RESPONSES.items()
                               for head, end in ((0, ""), (1, "-to-head"))},
             "http_llhttp": {**{name: b"\0" + text for name, text in REQUESTS.items()},
                             **{"answer-" + name: b"\2" + text
                                for name, text in RESPONSES.items()},
                             "answer-to-head": b"\1" + OK, "next": b"\0" + POST_CHUNKED + GET,
                             "extension": b"\0" + POST_CHUNKED.replace(b"5\r", b"5;a=\"b\"\r"),
                             "answer-trailer": b"\2" + CHUNKED_OK + OK}}
    for target, files in seeds.items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)


main()
