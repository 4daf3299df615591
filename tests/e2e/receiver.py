"""A receiver of webhooks as anybody would write one: Python's http.server, which verifies what Standard Webhooks says."""

import base64
import collections
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time

from harness import wait_until

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TOLERANCE_SECONDS = 300


def verify(secret, headers, body):
    """Gives the message's id; ValueError when it was not sent by who holds the secret, or long ago."""
    identity, sent = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > TOLERANCE_SECONDS:
        raise ValueError("too old")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = hmac.new(key, f"{identity}.{sent}.".encode() + body, hashlib.sha256).digest()
    for signature in headers["webhook-signature"].split():
        version, _, value = signature.partition(",")
        if version == "v1" and hmac.compare_digest(expected, base64.b64decode(value)):
            return identity
    raise ValueError("no signature fits")


class Message:
    """One attempt: what came, and what was answered."""

    def __init__(self, identity, body, status):
        self.id = identity
        self.body = body
        self.status = status
        self.type = json.loads(body)["type"]
        self.data = json.loads(body)["data"]

    def __repr__(self):
        return f"{self.type} {self.id} -> {self.status}"


class Receiver:
    """Listens on loopback; answers 204, or what `answer` said before."""

    def __init__(self, certificate=None, secret=SECRET):
        self.attempts = []
        self.errors = []
        self.answers = collections.deque()
        self.secret = secret
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = receiver.take(self.headers, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # A node that is killed leaves its connection in the middle.

        self.server = Server(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"{self.scheme}://localhost:{self.server.server_address[1]}/hook?key=sesame"

    def answer(self, status, times=1, **headers):
        with self.lock:
            self.answers.extend([(status, {name.replace("_", "-"): value for name, value in headers.items()})] * times)

    def take(self, headers, body):
        with self.lock:
            try:
                identity = verify(self.secret, headers, body)
            except (ValueError, KeyError) as error:
                self.errors.append(repr(error))
                return 401, {}
            status, more = self.answers.popleft() if self.answers else (204, {})
            self.attempts.append(Message(identity, body, status))
            return status, more

    def all(self):
        with self.lock:
            return list(self.attempts)

    def taken(self, *types):
        """What was answered with 2xx, in order; of these types only, if any are named."""
        return [one for one in self.all() if one.status < 300 and (not types or one.type.rpartition(".")[2] in types)]

    def wait_for(self, condition, seconds, what):
        """Polls `condition(self)`."""
        return wait_until(lambda: condition(self), seconds, f"{what}; so far {self.all()[-5:]} {self.errors}")

    def close(self):
        self.server.shutdown()
        self.server.server_close()
