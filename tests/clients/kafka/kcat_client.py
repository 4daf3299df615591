"""A partner's client that is kcat, from the command line: as python/client.py."""
import base64
import json
import subprocess
import sys
import tempfile

brokers, tls, name, topic, outcomes, count = sys.argv[1:]
connection = ["-b", brokers, "-X", "security.protocol=ssl", "-X", f"ssl.ca.location={tls}/ca.pem",
              "-X", f"ssl.certificate.location={tls}/{name}.pem", "-X", f"ssl.key.location={tls}/{name}.key"]
for line in sys.stdin:
    message = json.loads(line)
    with tempfile.NamedTemporaryFile() as value:
        value.write(base64.b64decode(message["value"]))
        value.flush()
        headers = [part for one, text in message["headers"].items() for part in ("-H", f"{one}={text}")]
        # A file that is named is one message, whatever bytes it holds.
        sent = subprocess.run(["kcat", "-P", *connection, "-X", "message.timeout.ms=20000", "-t", topic, "-k", message["key"], *headers,
                               value.name], capture_output=True, text=True, timeout=60, check=False)
    if sent.returncode != 0:
        print(json.dumps({"refused": "TopicAuthorization" if "authorization failed" in sent.stderr else sent.stderr}))
        sys.exit()
read = subprocess.run(["kcat", *connection, "-G", f"{name}-kcat", "-X", "auto.offset.reset=earliest", "-c", count, "-f", "%k\t%s\n",
                       outcomes], capture_output=True, text=True, timeout=90, check=True)
for line in read.stdout.splitlines():
    key, value = line.split("\t", 1)
    print(json.dumps({"key": key, **json.loads(value)}))
