#!/usr/bin/env python3
"""Writes the seeds of tests/fuzz/corpus, readable here: what fuzzing found later lies beside them."""
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


def main():
    seeds = {"exchange": EXCHANGES, "http_request": REQUESTS, "http_body": BODIES,
             "http_response": {name + end: bytes([head]) + text for name, text in RESPONSES.items()
                               for head, end in ((0, ""), (1, "-to-head"))},
             "http_llhttp": {**{name: b"\0" + text for name, text in REQUESTS.items()},
                             **{"answer-" + name: b"\2" + text
                                for name, text in RESPONSES.items()}}}
    for target, files in seeds.items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)


main()
