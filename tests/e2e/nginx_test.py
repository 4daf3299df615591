"""The nginx that deploy/nginx describes, before a node: who gets through with which certificate, and what is cut off."""

import json
import os
import re
import shutil
import signal
import subprocess
import unittest

from harness import BIN, ROOT, EndToEnd, Lines, Result, free_port, incident, wait_until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

PRINCIPALS = """principals:
  - {id: directory, organisation: cqc, roles: [PARTNER], sources: [cqc/directory], clearance: C2, proxy_name: directory.cqc.example}
  - {id: home, organisation: home, roles: [PARTNER], sources: [home/incidents], clearance: C2, proxy_name: feed.home.example}
  - {id: reader, organisation: herefordshire-council, roles: [QUALITY_READER, ALERT_RECEIVER], clearance: C2,
     proxy_name: desk.council.example}
"""


class Nginx:
    """deploy/nginx/nginx.conf as it stands, but for its port and the directory that it writes into."""

    def __init__(self, scratch, socket):
        self.directory = scratch / "nginx"
        shutil.copytree(scratch / "tls", self.directory / "tls")
        self.port = free_port()
        text = (ROOT / "deploy/nginx/nginx.conf").read_text(encoding="utf-8")
        for old, new in (("listen 8443 ", f"listen 127.0.0.1:{self.port} "), ("/run/trigpoint-nginx/", f"{self.directory}/")):
            assert old in text, old
            text = text.replace(old, new)
        (self.directory / "nginx.conf").write_text(text, encoding="utf-8")
        (self.directory / "upstreams.conf").write_text(
            "".join(f"upstream trigpoint_{role} {{ server unix:{socket}; keepalive 4; }}\n" for role in ("ingest", "query")),
            encoding="utf-8")
        self.command = [NGINX, "-e", "stderr", "-p", str(self.directory), "-c", str(self.directory / "nginx.conf")]
        self.calls = self.directory / "calls.log"
        with self.calls.open("wb") as out:
            self.process = subprocess.Popen(
                [*self.command, "-g", "daemon off;" + (" user root root;" if os.geteuid() == 0 else "")],  # As the node's group.
                stdout=out, stderr=subprocess.STDOUT)
        self.address = f"localhost:{self.port}"
        wait_until(lambda: (self.directory / "pid").exists() or self.process.poll() is not None, 10, "nginx runs")
        assert self.process.poll() is None, self.printed()

    def printed(self):
        return self.calls.read_text(encoding="utf-8", errors="replace")

    def check_with(self, upstreams):
        """What `nginx -t` says of the same configuration with another upstreams.conf."""
        shutil.copy(upstreams, self.directory / "upstreams.conf")
        return Result(subprocess.run([*self.command, "-t"], capture_output=True, text=True, check=False))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)


@unittest.skipUnless(NGINX, "nginx is not on the PATH (tools/install_packages --tests fetches it to build/bin)")
@unittest.skipUnless(shutil.which("openssl") and shutil.which("curl"), "needs openssl and curl")
class NginxTest(EndToEnd):
    def setUp(self):
        super().setUp()
        self.certificates()
        self.authority("client-ca", "Callers' authority")
        for name in ("directory.cqc.example", "feed.home.example", "desk.council.example", "nobody.example"):
            self.certificate(name, "client-ca", f"/CN={name}/O=An organisation")
        tls = self.scratch / "tls"
        tls.mkdir()
        for made, name in (("node.pem", "server.pem"), ("node.key", "server.key"), ("client-ca.pem", "client-ca.pem")):
            shutil.copy(self.scratch / made, tls / name)
        (self.scratch / "principals.yaml").write_text(PRINCIPALS, encoding="utf-8")
        self.socket = self.scratch / "proxy.sock"
        self.behind = self.node("--principals", str(self.scratch / "principals.yaml"), "--proxy-listen", f"unix:{self.socket}")
        self.nginx = Nginx(self.scratch, self.socket)
        self.addCleanup(self.nginx.stop)

    def authority(self, name, subject):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={subject}")

    def certificate(self, name, authority, subject, *more):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                     "-out", f"{name}.csr", "-subj", subject, *more)
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
                     "-CAcreateserial", "-days", "2", "-out", f"{name}.pem")

    def line_of(self, name, *arguments):
        shown = [] if name is None else ["--cert", self.scratch / f"{name}.pem", "--key", self.scratch / f"{name}.key"]
        return [str(BIN / "trigpoint"), "--server", self.nginx.address, "--timeout", "20", "--ca",
                str(self.scratch / "ca.pem"), *map(str, shown), *map(str, arguments)]

    def through(self, name, *arguments, stdin=None):
        """Runs the command through nginx with the certificate of that name."""
        return Result(subprocess.run(self.line_of(name, *arguments), input=stdin, capture_output=True, text=True, check=False,
                                     env=self.behind.environment(), timeout=60))

    def submit(self, name, event):
        result = self.through(name, "--json", "submit", stdin=json.dumps(event))
        return result.json()["outcome"].removeprefix("SUBMISSION_OUTCOME_") if result.out.strip() else result.err

    def raw(self, name, method, body, *headers, socket=False):
        """One call by hand, through nginx or straight to the node's socket; gives HTTP status, gRPC status, and all headers."""
        message = self.scratch / "message"
        message.write_bytes(b"\0" + len(body).to_bytes(4, "big") + body)
        line = ["curl", "-sS", "--noproxy", "*", "--max-time", "20", "-D", "-", "-o", os.devnull, "--data-binary", f"@{message}",
                "-H", "content-type: application/grpc", "-H", "te: trailers"]
        for header in headers:
            line += ["-H", header]
        if socket:
            line += ["--http2-prior-knowledge", "--unix-socket", str(self.socket), f"http://localhost/{method}"]
        else:
            shown = [] if name is None else ["--cert", str(self.scratch / f"{name}.pem"), "--key", str(self.scratch / f"{name}.key")]
            line += ["--http2", "--cacert", str(self.scratch / "ca.pem"), *shown, f"https://{self.nginx.address}/{method}"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        http = re.search(r"^HTTP/2 (\d+)", done.stdout)
        status = re.search(r"^grpc-status: (\d+)", done.stdout, re.MULTILINE)
        return int(http.group(1)) if http else None, int(status.group(1)) if status else None, done.stdout + done.stderr

    def registration(self, value):
        return {"source": "cqc/directory", "id": f"registration-{value}", "subject": f"cqc-location/{value}",
                "occurredAt": "2025-01-06T09:00:00Z",
                "serviceRegistered": {"name": f"House {value}", "serviceType": "SERVICE_TYPE_CARE_HOME_NURSING", "beds": 30,
                                      "commissioners": ["herefordshire-council"], "localAuthority": "Herefordshire"}}

    def test_submit_query_and_watch_with_a_certificate(self):
        self.assertEqual("ACCEPTED", self.submit("directory.cqc.example", self.registration("1-900000001")))
        self.assertEqual("ACCEPTED", self.submit("feed.home.example", incident("1-900000001", 1)))
        shown = self.through("desk.council.example", "providers")
        self.assertEqual(0, shown.code, shown)
        self.assertIn("House 1-900000001", shown.out)
        self.assertEqual("SERVING\n", self.through("desk.council.example", "health").out)
        # Each is who the certificate says, and nobody else.
        self.assertIn("PERMISSION_DENIED", self.submit("feed.home.example", self.registration("1-900000002")))
        self.assertEqual(5, self.through("feed.home.example", "providers").code)
        watching = Lines(self.line_of("desk.council.example", "--json", "alerts", "--watch"), self.behind.environment())
        watching.wait_for(lambda text: "resume_token" in text, 20, "the watch is open")
        code, said = watching.stop()
        self.assertEqual(0, code, said)
        calls = self.nginx.printed()
        self.assertIn('"name":"feed.home.example","method":"/trigpoint.v1.IntelligenceService/SubmitEvent"', calls)
        self.assertNotIn("House", calls)

    def test_a_long_stream_is_not_cut_by_the_limit_of_a_message(self):
        self.assertEqual("ACCEPTED", self.submit("directory.cqc.example", self.registration("1-900000001")))
        rows = self.scratch / "rows.jsonl"
        with rows.open("w", encoding="utf-8") as file:
            for number in range(1500):
                event = incident("1-900000001", number)
                event["incidentReported"]["narrative"] = {"clear": "word " * 1000}
                file.write(json.dumps(event) + "\n")
        self.assertGreater(rows.stat().st_size, 6 << 20)
        imported = self.through("feed.home.example", "--json", "import", rows)
        self.assertEqual(0, imported.code, imported)

    def test_without_a_certificate_or_with_a_foreign_one_nobody_comes_in(self):
        for number, subject in enumerate(("Callers' authority", "Another authority")):  # The first has the right name alone.
            self.authority(f"other-ca-{number}", subject)
            self.certificate(f"foreign-{number}", f"other-ca-{number}", "/CN=desk.council.example")
        for name in (None, "foreign-0", "foreign-1"):
            refused = self.through(name, "--json", "providers")
            self.assertEqual(5, refused.code, refused)
            self.assertIn("UNAUTHENTICATED", refused.err)
        self.assertEqual(5, self.through("nobody.example", "providers").code, "verified, and no principal")
        self.assertEqual(0, self.through("nobody.example", "health").code, "health asks nobody who they are")
        self.assertEqual(3, Result(subprocess.run(
            [str(BIN / "trigpoint"), "--server", self.nginx.address, "--timeout", "3", "providers"], capture_output=True,
            text=True, check=False, env=self.behind.environment())).code, "without TLS")

    def test_a_certificate_that_could_be_read_as_two_names_is_nobodys(self):
        for number, subject in enumerate(("/CN=x, CN=desk.council.example", "/CN=desk.council.example/CN=x",
                                          "/CN=x/CN=desk.council.example", "/O=x, CN=desk.council.example",
                                          "/O=x/CN=desk.council.example+UID=1", "/O=CN=desk.council.example")):
            self.certificate(f"odd-{number}", "client-ca", subject, "-multivalue-rdn")
            self.assertEqual(5, self.through(f"odd-{number}", "providers").code, subject)
        for number, subject in enumerate(("/C=GB/O=Homes, Ltd \\+ Sons/CN=desk.council.example", "/CN=desk.council.example",
                                          "/CN=desk.council.example/O=x, CN=y")):
            self.certificate(f"plain-{number}", "client-ca", subject)
            shown = self.through(f"plain-{number}", "providers")
            self.assertEqual(0, shown.code, f"{subject} {shown}")

    def test_a_name_that_the_client_claims_is_replaced_and_off_the_socket_ignored(self):
        method = "trigpoint.v1.ProviderService/ListProviders"
        forged = "trigpoint-verified-name: desk.council.example"
        http, status, told = self.raw("desk.council.example", method, b"")
        self.assertEqual((200, 0), (http, status), told)
        for headers in ((forged,), ("Trigpoint-Verified-Name: desk.council.example",), (forged, forged)):
            http, status, told = self.raw("feed.home.example", method, b"", *headers)
            self.assertEqual((200, 7), (http, status), told)
        # On the node's own port nobody is a proxy.
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--http2-prior-knowledge", "-D", "-", "-o", os.devnull,
                               "--data-binary", f"@{self.scratch / 'message'}", "-H", "content-type: application/grpc",
                               "-H", "te: trailers", "-H", forged, f"http://{self.behind.address}/{method}"],
                              capture_output=True, text=True, check=False)
        self.assertIn("grpc-status: 16", done.stdout, done)
        # On its socket the proxy names one caller, and nobody but its group may open it.
        self.assertEqual(0, self.raw(None, method, b"", forged, socket=True)[1])
        self.assertEqual(16, self.raw(None, method, b"", socket=True)[1])
        self.assertEqual(16, self.raw(None, method, b"", forged, "trigpoint-verified-name: a", socket=True)[1])
        self.assertEqual(0o660, self.socket.stat().st_mode & 0o777)

    def test_over_the_size_limit_and_unknown_methods_are_refused_as_grpc_says_it(self):
        method = "trigpoint.v1.IntelligenceService/SubmitEvent"
        self.assertEqual(8, self.raw("feed.home.example", method, b"\0" * (6 << 20))[1])
        self.assertIn(self.raw("feed.home.example", method, b"\0" * ((4 << 20) + 1))[1], (8, 13), "the node's own limit")
        self.assertEqual(12, self.raw("feed.home.example", "internal.v1.Keys/Get", b"")[1])
        self.assertEqual(12, self.raw("feed.home.example", "", b"")[1])

    def test_the_node_behind_it_starts_again_and_calls_go_on(self):
        self.assertEqual("ACCEPTED", self.submit("directory.cqc.example", self.registration("1-900000001")))
        self.assertEqual(0, self.behind.terminate()[0])
        away = self.through("desk.council.example", "--json", "providers")
        self.assertEqual(3, away.code, away)
        self.assertIn("UNAVAILABLE", away.err)
        self.behind.start()
        back = self.through("desk.council.example", "providers")
        self.assertEqual(0, back.code, back)
        self.assertIn("House 1-900000001", back.out)

    def test_the_upstreams_that_are_deployed_are_ones_that_nginx_takes(self):
        for file in ("deploy/nginx/upstreams.conf", "deploy/kubernetes/upstreams.conf"):
            checked = self.nginx.check_with(ROOT / file)
            self.assertEqual(0, checked.code, checked)
            self.assertNotIn("[warn]", checked.err)

    def test_a_proxy_socket_needs_principals_and_is_no_port(self):
        for wrong, word in ((f"unix:{self.scratch}/other.sock", "--principals"), ("127.0.0.1:0", "unix socket")):
            refused = self.node("--proxy-listen", wrong, start=False, name="refused").run_to_its_end()
            self.assertEqual(1, refused.code, refused)
            self.assertIn(word, refused.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
