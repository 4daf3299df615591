"""What deploy/ asks of Prometheus: refuses a metric that no process shows, and gives the dashboard's expressions to promtool.

    python3 -B tools/deploy_linters/expressions.py ROOT FILE    writes FILE, a rule file with each expression of the dashboard
"""
import json
import pathlib
import re
import sys

NAME = re.compile(r"\b(?:trigpoint|process)_\w+")
BY = re.compile(r"\bby \(([\w, ]*)\)")
PARTS_OF_A_HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")


OF_PROMETHEUS = {"instance", "job", "le"}


def shown_by_the_programs(root):
    """Names of metrics, and those of all their labels, in the one source that makes them."""
    text = (root / "libs/telemetry/src/metrics.cc").read_text(encoding="utf-8")
    lists = re.findall(r'\{("\w+"(?:,\s*"\w+")*)\}\}', text)
    return set(re.findall(r'"((?:trigpoint|process)_\w+)"', text)), OF_PROMETHEUS.union(*(re.findall(r"\w+", one) for one in lists))


def expressions_of(dashboard):
    """Every expression of a Grafana dashboard, with the title of its panel."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def main(root, rules):
    root = pathlib.Path(root)
    shown, labels = shown_by_the_programs(root)
    dashboard = json.loads((root / "deploy/grafana/trigpoint.json").read_text(encoding="utf-8"))
    expressions = list(expressions_of(dashboard))
    wrong = []
    asked = [(f"deploy/grafana/trigpoint.json, {title}", text) for title, text in expressions]
    for file in sorted((root / "deploy/prometheus").glob("*.yaml")):
        asked.append((str(file.relative_to(root)), file.read_text(encoding="utf-8")))
    for where, text in asked:
        for name in sorted(set(NAME.findall(text))):
            if name not in shown and PARTS_OF_A_HISTOGRAM.sub("", name) not in shown:
                wrong.append(f"{where}: no process shows {name}")
        for name in sorted({label for found in BY.findall(text) for label in re.findall(r"\w+", found)} - labels):
            wrong.append(f"{where}: no metric has a label {name}")
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        wrong.append("deploy/grafana/trigpoint.json: two panels have one id")
    # Grafana puts these in before Prometheus sees them.
    lines = ["groups:", "  - name: dashboard", "    rules:"]
    for number, (_, text) in enumerate(expressions):
        plain = text.replace("$__rate_interval", "5m").replace("$job", "trigpoint")
        lines += [f"      - record: dashboard:expression_{number}", f"        expr: {json.dumps(plain)}"]
    pathlib.Path(rules).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
