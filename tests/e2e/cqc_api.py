"""CQC's public API as far as a poll asks it: a plain HTTP server on loopback over a few documents."""

import collections
import datetime
import email.utils
import http.server
import json
import threading
import time
import urllib.parse

KEY = "sesame-0123456789abcdef"
PER_PAGE = 5  # Less than asked for, as an API may: lists have several pages.


class CqcApi:
    """Answers on loopback. What it was asked stands in `asked`, without the query."""

    def __init__(self, documents):
        self.documents = {}
        self.put(*documents)
        self.changes = {"location": [], "provider": []}
        self.asked = []
        self.windows = []
        self.answers = collections.defaultdict(collections.deque)  # By path, before the document.
        self.lock = threading.Lock()
        self.hold_at = None  # After so many documents nobody is answered.
        self.held = threading.Event()
        self.released = threading.Event()
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # pylint: disable=invalid-name
                status, headers, body = api.answer(self.path, self.headers)
                self.send_response_only(status)
                headers.setdefault("Content-Length", str(len(body)))
                headers.setdefault("Date", email.utils.formatdate(time.time() + 1, usegmt=True))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                if int(headers["Content-Length"]) != len(body):
                    self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # A poll that is killed leaves its connection in the middle.

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/public/v1"

    def put(self, *documents):
        for document in documents:
            location = "locationId" in document
            path = f"/locations/{document['locationId']}" if location else f"/providers/{document['providerId']}"
            self.documents[path] = document

    def then(self, path, status, body=b"", **headers):
        """The next answer of a path, before its document."""
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        self.answers[path].append((status, named, body))

    def ids(self, collection):
        return sorted(path.rpartition("/")[2] for path in self.documents if path.startswith(f"/{collection}/"))

    def fetched(self):
        return [path for path in self.asked if path in self.documents]

    def answer(self, target, headers):
        path, _, query = target.partition("?")
        path = path.removeprefix("/public/v1")
        with self.lock:
            self.asked.append(path)
            if headers["Ocp-Apim-Subscription-Key"] != KEY:
                return 401, {}, b'{"statusCode":401,"message":"Access denied due to invalid subscription key."}'
            if self.hold_at is not None and len(self.fetched()) > self.hold_at:
                self.held.set()
            if self.answers[path]:
                return self.answers[path].popleft()
        if self.held.is_set():
            self.released.wait(60)
        return self.list_or_document(path, dict(urllib.parse.parse_qsl(query)))

    def list_or_document(self, path, query):
        kind = path.removeprefix("/changes/")
        if kind in self.changes:
            start, end = (datetime.datetime.fromisoformat(query[key]) for key in ("startTimestamp", "endTimestamp"))
            self.windows.append((start, end))
            return self.page("changes", self.changes[kind], query)
        if path == "/locations":
            homes = [{"locationId": one, "locationName": "A name", "postalCode": "OL1 1AA"} for one in self.ids("locations")
                     if query.get("localAuthority") in (None, self.documents[f"/locations/{one}"]["localAuthority"])]
            return self.page("locations", homes, query)
        if path == "/providers":
            return self.page("providers", [{"providerId": one} for one in self.ids("providers")], query)
        if path not in self.documents:
            return 404, {}, b'{"statusCode":404,"message":"No such record"}'
        return 200, {"Content-Type": "application/json"}, json.dumps(self.documents[path]).encode()

    @staticmethod
    def page(key, entries, query):
        number = int(query["page"])
        pages = -(-len(entries) // PER_PAGE)
        page = {"total": len(entries), "page": number, "perPage": PER_PAGE, "totalPages": pages, "previousPageUri": None,
                "nextPageUri": None, key: entries[(number - 1) * PER_PAGE:number * PER_PAGE]}
        return 200, {"Content-Type": "application/json"}, json.dumps(page).encode()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
