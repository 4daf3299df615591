"""A partner's client in Python, with kafka-python: client.py BROKERS TLS_DIR NAME TOPIC OUTCOMES COUNT < lines of JSON.

A line of input is a message: {"key", "value" (base64), "headers"}. Sends them, then prints COUNT outcomes as lines of JSON; of a
broker's refusal {"refused": NAME OF THE ERROR}.
"""
import base64
import json
import sys

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

brokers, tls, name, topic, outcomes, count = sys.argv[1:]
connection = {"bootstrap_servers": brokers, "security_protocol": "SSL", "ssl_cafile": f"{tls}/ca.pem",
              "ssl_certfile": f"{tls}/{name}.pem", "ssl_keyfile": f"{tls}/{name}.key"}
try:
    producer = KafkaProducer(acks="all", **connection)
    for line in sys.stdin:
        message = json.loads(line)
        producer.send(topic, key=message["key"].encode(), value=base64.b64decode(message["value"]),
                      headers=[(one, text.encode()) for one, text in message["headers"].items()]).get(timeout=60)
    producer.close()
    consumer = KafkaConsumer(outcomes, group_id=f"{name}-python", auto_offset_reset="earliest", consumer_timeout_ms=60000,
                             **connection)
    for _ in range(int(count)):
        record = next(consumer)
        print(json.dumps({"key": record.key.decode(), **json.loads(record.value)}), flush=True)
    consumer.close()
except KafkaError as error:
    print(json.dumps({"refused": type(error).__name__}), flush=True)
