"""Writes docs/reference: every kind of event from the schema, every policy from its pack, the topics of Kafka from the code.

Usage: python3 -B tools/reference [--check] [--root DIR]; --check changes nothing and exits with 1 when a page is not
current. Needs protoc.
"""
import argparse
import pathlib
import sys

import asyncapi
import events
import policies
from packs import Wrong
from schema import Schema

PROTOS = ("trigpoint/v1/events.proto", "trigpoint/v1/policy.proto")
API = ("trigpoint/v1/api.proto",)


def pages(root):
    """Path below the root -> text."""
    schema = Schema.load(root, PROTOS)
    return {"docs/reference/events.md": events.page(schema), "docs/reference/policies.md": policies.page(schema, root),
            "docs/reference/asyncapi.yaml": asyncapi.page(Schema.load(root, API), root)}


def main():
    parser = argparse.ArgumentParser(prog="tools/reference", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; say which page is not current")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    arguments = parser.parse_args()
    try:
        written = pages(arguments.root)
    except (OSError, Wrong) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    stale = False
    for name, text in written.items():
        path = arguments.root / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale = True
        if arguments.check:
            print(f"{name} is not current: run python3 -B tools/reference")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
