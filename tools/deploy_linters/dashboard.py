"""Refuses of a Grafana dashboard what Grafana's own types (grafana-foundation-sdk, generated from its schema) do not know.

    python3 -B tools/deploy_linters/dashboard.py FILE    with the package on PYTHONPATH
"""
import json
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

# Of the annotations of its Prometheus plugin, which the types leave to it.
OF_THE_PLUGIN = "titleFormat"


def lost(given, taken, where=""):
    """What is there in a document and gone, or another, in what the types made of it."""
    if isinstance(given, dict) and isinstance(taken, dict):
        for key, value in given.items():
            if key in taken:
                yield from lost(value, taken[key], f"{where}/{key}")
            elif not (key == OF_THE_PLUGIN and where.startswith("/annotations/list/")):
                yield f"{where}: Grafana knows no {key}"
    elif isinstance(given, list) and isinstance(taken, list) and len(given) == len(taken):
        for number, value in enumerate(given):
            yield from lost(value, taken[number], f"{where}/{number}")
    elif given != taken:
        yield f"{where}: Grafana takes {given!r} as {taken!r}"


def main(file):
    register_default_plugins()
    with open(file, encoding="utf-8") as opened:
        given = json.load(opened)
    taken = json.loads(json.dumps(Dashboard.from_json(given), cls=JSONEncoder))
    wrong = list(lost(given, taken))
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
