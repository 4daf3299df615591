"""A caller of the API over grpcio with generated stubs: calls read as lines of JSON, what came back printed as such.

Usage: client.py STUBS, with TRIGPOINT_SERVER and, for TLS, TRIGPOINT_CA. The lines: tests/clients/caller.py.
"""

import json
import os
import queue
import sys
import threading

import grpc
from google.protobuf import json_format

sys.path.insert(0, sys.argv[1])
grpc.__path__.append(sys.argv[1] + "/grpc")  # The stubs of grpc.health lie in the package of grpcio.

# pylint: disable=wrong-import-position
from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from grpc.health.v1 import health_pb2, health_pb2_grpc  # noqa: E402
from trigpoint.v1 import api_pb2, api_pb2_grpc  # noqa: E402

FILES = {"trigpoint.v1": (api_pb2, api_pb2_grpc), "grpc.health.v1": (health_pb2, health_pb2_grpc)}
DETAILS = error_details_pb2.DESCRIPTOR.message_types_by_name
writing = threading.Lock()


def tell(**line):
    with writing:
        print(json.dumps(line), flush=True)


def as_dict(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def details_of(error):
    """The google.rpc.Status of a failed call, or none."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            return {"code": status.code, "message": status.message, "details": [as_dict(one) for one in status.details]}
    return None


class Call:
    """One call under way, with a thread that tells what comes."""

    def __init__(self, channel, secure, line):
        service, name = line["call"].split("/")
        package, _, service = service.rpartition(".")
        messages, stubs = FILES[package]
        request_class = messages.DESCRIPTOR.services_by_name[service].methods_by_name[name].input_type._concrete_class
        method = getattr(getattr(stubs, service + "Stub")(channel), name)
        options = {"timeout": line.get("timeout", 60), "wait_for_ready": True}
        if "token" in line and secure:
            options["credentials"] = grpc.access_token_call_credentials(line["token"])
        elif "token" in line:
            options["metadata"] = [("authorization", "Bearer " + line["token"])]

        def message(given):
            return json_format.ParseDict(given, request_class())

        self.id = line["id"]
        self.outgoing = queue.Queue()
        self.unary = isinstance(method, grpc.UnaryUnaryMultiCallable)
        if self.unary:
            self.running = method.future(message(line["request"]), **options)
        elif "request" in line:
            self.running = method(message(line["request"]), **options)
        else:
            self.running = method(map(message, iter(self.outgoing.get, None)), **options)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            for message in [self.running.result()] if self.unary else self.running:
                tell(id=self.id, message=as_dict(message))
            tell(id=self.id, end={"code": "OK"})
        except grpc.RpcError as error:
            tell(id=self.id, end={"code": error.code().name, "message": error.details(), "status": details_of(error)})


def main():
    address = os.environ["TRIGPOINT_SERVER"]
    authority = os.environ.get("TRIGPOINT_CA")
    if authority:
        with open(authority, "rb") as file:
            channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(file.read()))
    else:
        channel = grpc.insecure_channel(address)
    calls = {}
    for text in sys.stdin:
        line = json.loads(text)
        if "call" in line:
            calls[line["id"]] = Call(channel, bool(authority), line)
        elif "send" in line:
            calls[line["id"]].outgoing.put(line["send"])
        elif "close" in line:
            calls[line["id"]].outgoing.put(None)
        else:
            calls[line["id"]].running.cancel()
    channel.close()


if __name__ == "__main__":
    main()
