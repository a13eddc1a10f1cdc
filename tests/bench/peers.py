"""The gateways that tests/bench/run measures, each set up for the same work: a client certificate
below one CA is required, the vendor is told from it, one rule for method and path, one syslog line
over UDP for each request; one worker. Each has its own folder and port.
"""
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("VG_BUILD", ROOT / "build"))
PKI = ROOT / "tests" / "tools" / "pki.sh"
HOST = "api.agency.example"
TICK = os.sysconf("SC_CLK_TCK")
SHM = Path("/dev/shm")
# CA, certificate and key of the one vendor; the server's.
VENDOR, VENDOR_URI, VENDOR_SUBJECT = "acme", "spiffe://acme.example/gateway", "/O=acme/CN=gateway"


class Failed(Exception):
    """Something that would make the figures worthless."""


def tool(name):
    """One of this folder's programs, as `make bench-programs` builds it."""
    return BUILD / "tests" / "bench" / name


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def pinned(core, words):
    """The command on one core; with only one of them there is nothing to choose."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[core % len(cores)]), *map(str, words)]


def make_pki(folder):
    for words in ([folder, HOST], ["ca", folder, f"{VENDOR}-ca"],
                  ["leaf", folder, VENDOR, "--ca", f"{VENDOR}-ca", "--uri", VENDOR_URI,
                   "--subject", VENDOR_SUBJECT]):
        subprocess.run([PKI, *words], check=True, timeout=30)
    both = (folder / "server.chain.pem").read_text() + (folder / "server.key").read_text()
    (folder / "server.both.pem").write_text(both)


class Origin:
    """tests/bench/origin.c: the upstream, and a collector for each gateway."""

    def __init__(self, collectors):
        self.process = subprocess.Popen(pinned(1, [tool("origin"), collectors]),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port, *self.collectors = [int(self.process.stdout.readline())
                                       for _ in range(1 + collectors)]

    def count(self, collector):
        with socket.create_connection(("127.0.0.1", self.port), 5) as sock:
            sock.sendall(f"GET /count/{collector} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            return int(sock.recv(4096).rpartition(b"\r\n\r\n")[2])

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


class Gateway:
    """One that is measured: start, CPU and memory of all its processes, stop."""
    name = ""
    logs = True      # it sends a line for each request
    judges = True    # it has rules, and refuses
    caches = False   # sessions can be resumed

    def __init__(self, folder, origin, collector):
        self.dir = folder / self.name.replace(", ", "-")
        self.pki = folder / "pki"
        self.origin, self.collector = origin, collector
        self.port = free_port()
        self.process = None
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir()
        self.configure()

    def configure(self):
        """Writes its files."""

    def command(self):
        raise NotImplementedError

    def syslog(self):
        return self.origin.collectors[self.collector]

    def start(self):
        with open(self.dir / "output.log", "ab") as log:
            self.process = subprocess.Popen(pinned(0, self.command()), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        end = time.monotonic() + 60
        while not answers(self.port):
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed(f"{self.name} doesn't start: "
                             + (self.dir / "output.log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)
            self.process.wait(5)
        self.process = None

    def pids(self):
        """It and all below it."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_text()
                except OSError:
                    continue
                parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
        found = {self.process.pid}
        grown = True
        while grown:
            more = {pid for pid, parent in parents.items() if parent in found} - found
            found |= more
            grown = bool(more)
        return found

    def cpu_us(self):
        """{pid: µs of CPU}."""
        spent = {}
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            spent[pid] = (int(fields[11]) + int(fields[12])) * 1000000 // TICK
        return spent

    def memory_kb(self):
        """Of all processes; what they share counts once (Pss)."""
        total = 0
        for pid in self.pids():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total

    def version(self):
        return ""


class Vendgate(Gateway):
    name = "vendgate"

    def configure(self):
        for folder in ("state", "policies"):
            (self.dir / folder).mkdir()
        # On a tmpfs, as /run is; the log stays where it lasts.
        self.run = tempfile.TemporaryDirectory(prefix="vendgate-bench-",
                                               dir=SHM if SHM.is_dir() else self.dir)
        (self.dir / "vendgate.ini").write_text(f"""\
[gateway]
node = bench
listen = 127.0.0.1:{self.port}
policies = policies
state = state
run = {self.run.name}
workers = 1

[tls]
certificate = ../pki/server.pem
private_key = ../pki/server.key

[telemetry udp]
to = udp://127.0.0.1:{self.syslog()}
format = sd

[service api]
host = {HOST}
upstream = http://127.0.0.1:{self.origin.port}
""")
        (self.dir / "policies" / "acme.ini").write_text(f"""\
[vendor]
id = acme
name = Acme
contact = soc@acme.example

[identity]
ca = ../../pki/{VENDOR}-ca.pem
uri = {VENDOR_URI}

[access bytes]
service = api
methods = GET
path = /b/{{count:int}}

[access up]
service = api
methods = POST
path = /up/{{count:int}}
request_type = application/json
""")

    def command(self):
        return [BUILD / "vendgate", "-c", self.dir / "vendgate.ini"]

    def version(self):
        ran = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"],
                             capture_output=True, text=True, check=False)
        return f"at {ran.stdout.strip()}" if ran.returncode == 0 else ""


class Nginx(Gateway):
    name = "nginx"

    def configure(self):
        cache = "shared:bench:20m" if self.caches else "off"
        tickets = "on" if self.caches else "off"
        checks = "if ($vendor = \"\") { return 403; }"
        onward = """proxy_pass http://origin; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Request-Id $request_id;"""
        (self.dir / "tmp").mkdir()
        (self.dir / "nginx.conf").write_text(f"""\
user root;
daemon off;
worker_processes 1;
pid {self.dir}/pid;
error_log {self.dir}/error.log;
events {{ worker_connections 8000; }}
http {{
  client_body_temp_path {self.dir}/tmp/body;
  proxy_temp_path {self.dir}/tmp/proxy;
  fastcgi_temp_path {self.dir}/tmp/fastcgi;
  uwsgi_temp_path {self.dir}/tmp/uwsgi;
  scgi_temp_path {self.dir}/tmp/scgi;
  log_format line '$request_id $vendor $remote_addr:$remote_port "$request_method $host $uri" '
    '$status $request_length $bytes_sent $request_time $upstream_addr $upstream_status '
    '$upstream_response_time "$ssl_client_s_dn" $ssl_client_serial $ssl_protocol $ssl_cipher '
    '$ssl_server_name "$http_user_agent"';
  access_log syslog:server=127.0.0.1:{self.syslog()},facility=local4 line;
  map $ssl_client_s_dn $vendor {{ default ""; "CN=gateway,O=acme" acme; }}
  upstream origin {{ server 127.0.0.1:{self.origin.port}; keepalive 128;
    keepalive_requests 100000000; }}
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  client_body_buffer_size 128k;
  proxy_max_temp_file_size 0;
  proxy_request_buffering off;
  server {{
    listen 127.0.0.1:{self.port} ssl backlog=4096;
    server_name {HOST};
    ssl_certificate {self.pki}/server.chain.pem;
    ssl_certificate_key {self.pki}/server.key;
    ssl_client_certificate {self.pki}/{VENDOR}-ca.pem;
    ssl_verify_client on;
    ssl_protocols TLSv1.3;
    ssl_session_cache {cache};
    ssl_session_tickets {tickets};
    location ~ ^/b/[0-9]+$ {{
      {checks}
      limit_except GET {{ deny all; }}
      {onward}
    }}
    location ~ ^/up/[0-9]+$ {{
      {checks}
      limit_except POST {{ deny all; }}
      {onward}
    }}
    location / {{ return 403; }}
  }}
}}
""")

    def command(self):
        return ["nginx", "-p", self.dir, "-c", self.dir / "nginx.conf", "-e",
                self.dir / "error.log"]

    def version(self):
        return subprocess.run(["nginx", "-v"], capture_output=True, text=True,
                              check=True).stderr.strip().rpartition("/")[2]


class NginxCached(Nginx):
    name = "nginx, resuming"
    caches = True


class Haproxy(Gateway):
    name = "haproxy"

    def configure(self):
        tickets = "" if self.caches else "no-tls-tickets"
        cache = 20000 if self.caches else 0
        (self.dir / "haproxy.cfg").write_text(f"""\
global
  nbthread 1
  maxconn 8000
  log 127.0.0.1:{self.syslog()} len 1024 format rfc5424 local4 info
  tune.ssl.cachesize {cache}
  ssl-default-bind-options ssl-min-ver TLSv1.3 {tickets}
defaults
  mode http
  log global
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  http-reuse always
frontend gate
  bind 127.0.0.1:{self.port} ssl crt {self.pki}/server.both.pem ca-file {self.pki}/{VENDOR}-ca.pem verify required backlog 4096
  acl acme_o ssl_c_s_dn(O) -m str acme
  acl acme_cn ssl_c_s_dn(CN) -m str gateway
  acl is_get method GET
  acl is_post method POST
  acl bytes path_reg ^/b/[0-9]+$
  acl up path_reg ^/up/[0-9]+$
  http-request set-var(txn.vendor) str(acme) if acme_o acme_cn
  http-request set-var(txn.host) req.hdr(host)
  http-request set-header X-Request-Id %[uuid()]
  log-format "%[var(txn.vendor)] %ci:%cp %HM %[var(txn.host)] %HP %ST %U %B %Ta %s %[ssl_c_s_dn] %[ssl_c_serial,hex] %sslv %sslc %[ssl_fc_sni]"
  http-request deny deny_status 403 unless acme_o acme_cn
  http-request deny deny_status 403 unless is_get bytes or is_post up
  default_backend origin
backend origin
  server origin 127.0.0.1:{self.origin.port}
""")

    def command(self):
        return ["haproxy", "-db", "-f", self.dir / "haproxy.cfg"]

    def version(self):
        words = subprocess.run(["haproxy", "-v"], capture_output=True, text=True,
                               check=True).stdout.split()
        return words[2]


class HaproxyCached(Haproxy):
    name = "haproxy, resuming"
    caches = True


class Pump(Gateway):
    name = "pump"
    logs = judges = False

    def command(self):
        return [tool("pump"), self.port, self.origin.port, self.pki / "server.chain.pem",
                self.pki / "server.key", self.pki / f"{VENDOR}-ca.pem"]


def raise_limits():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def missing():
    """What of the peers is not installed."""
    return [name for name in ("nginx", "haproxy", "taskset")
            if shutil.which(name) is None and not Path(f"/usr/sbin/{name}").exists()]


if __name__ == "__main__":
    sys.exit("this is a part of tests/bench/run")
