#!/usr/bin/env python3
"""The same topic through Kafka Streams and through ours, by turns: what it costs, and what a kill costs.

tools/bench --peers [--quick] [--reports N] [--turns N] [--sides WORDS] [--json FILE] [--show FILE]
                    [--no-heap] [--latency PER_SECOND [--seconds N]]

Prints Markdown rows: medians of the turns with the lowest and the highest. --sides names some of raw, engine, product, default-alo,
default-eos, tuned-alo, tuned-eos. --latency measures only how long after its event a derived record is there, at a steady load. `peers.py
lock` writes sha256sums after a change of pom.xml.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import sides

KAFKA = {**os.environ, "TRIGPOINT_KAFKA_DIR": os.environ.get("TRIGPOINT_KAFKA_DIR", str(sides.BUILD / "kafka")),
         "TRIGPOINT_KAFKA_PORT": os.environ.get("TRIGPOINT_KAFKA_PORT", "19892")}
GUARANTEES = {"alo": "at_least_once", "eos": "exactly_once_v2"}
STREAMS = [f"{settings}-{short}" for settings in ("default", "tuned") for short in GUARANTEES]
ALL = ["raw", "engine", "tuned-eos", "product", "default-eos", "tuned-alo", "default-alo"]
HEAPS = [24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 512]


def kafka(*words):
    return subprocess.run([str(sides.ROOT / "tools/kafka"), *words], env=KAFKA, check=True, capture_output=True, text=True).stdout


class Broker:
    """An Apache Kafka of the comparison alone."""

    def __enter__(self):
        kafka("up", "--version", "3.9")
        self.brokers = kafka("brokers").strip()
        self.node = pathlib.Path(KAFKA["TRIGPOINT_KAFKA_DIR"]) / "node1"
        self.pid = int((self.node / "pid").read_text(encoding="utf-8"))
        self.topics = 0
        return self

    def __exit__(self, *_):
        kafka("down", "--purge")

    def topic(self, reports):
        self.topics += 1
        return sides.Topic(self.brokers, f"peers.{os.getpid()}.{self.topics}", reports)

    def stored(self, topic):
        """MiB of what a fold left in topics: what was derived, and changelogs."""
        files = [file for directory in (self.node / "data").iterdir() if topic.name in directory.name
                 and (topic.output in directory.name or "changelog" in directory.name) for file in directory.glob("*.log")]
        return sum(file.stat().st_size for file in files) / 2**20


def made(name, topic, directory, heap=None):
    if name in STREAMS:
        settings, short = name.split("-")
        return sides.Streams(topic, directory, settings, GUARANTEES[short], heap)
    return {"raw": sides.Raw, "engine": sides.Engine, "product": sides.Product}[name](topic, directory)


def used(before, after, records):
    return {"cpu_us": (after["cpu"] - before["cpu"]) / records * 1e6, "written_mib": (after["written"] - before["written"]) / 2**20}


def fold(broker, side, topic):
    """The first fold, from nothing: what it takes until all it brought about is durable."""
    nothing = {"cpu": 0.0, "written": 0}
    broker_before = sides.usage(broker.pid)
    side.start()
    first = side.first()
    mine = sides.usage(side.process.pid) if first["after"] else nothing
    half = side.half()
    folded = side.folded(600)
    asked = sides.usage(side.process.pid)
    states = side.states()
    asked["cpu"] -= sides.usage(side.process.pid)["cpu"]
    settled = side.settle()
    mine_after, broker_after = sides.usage(side.process.pid), sides.usage(broker.pid)
    mine_after["cpu"] += asked["cpu"]
    side.end()
    records = topic.records()
    app, brokers = used(mine, mine_after, records), used(broker_before, broker_after, records)
    # The second half: the Java side has compiled most of what it runs by then.
    warm = {} if half is None else {"warm_events_per_s": records / 2 / max(0.001, folded["after"] - half["after"]),
                                    "warm_cpu_us": (mine_after["cpu"] - half["cpu"]) / (records / 2) * 1e6}
    return {**warm, "events_per_s": records / (folded["after"] - first["after"]), "seconds": folded["after"] - first["after"],
            "first_after_s": first["after"], "settled_after_s": settled.get("after"), "cpu_us": app["cpu_us"],
            "cpu_with_start_us": mine_after["cpu"] / records * 1e6, "broker_cpu_us": brokers["cpu_us"], "peak_mib": mine_after["peak"],
            "written_mib": app["written_mib"], "broker_written_mib": brokers["written_mib"], "topics_mib": broker.stored(topic),
            "states": states}


def recoveries(side, topic):
    """After a clean end: started again with a twentieth more to fold, killed with the last of it; started again with one more record to
    fold; ended; started with that and nothing of its own on the disk."""
    topic.append(topic.reports // 20)
    side.start()
    again = side.folded()
    side.kill()
    topic.append(1)
    side.start()
    result = {"start_s": again["after"], "recovered_s": side.folded()["after"], "states_after_kill": side.states()}
    side.settle()
    side.end()
    side.forget()
    topic.append(1)
    side.start()
    result["rebuilt_s"] = side.folded()["after"]
    result["rebuilt_peak_mib"] = sides.usage(side.process.pid)["peak"]
    side.kill()
    return result


def turn(broker, name, reports, recover):
    topic = broker.topic(reports)
    with tempfile.TemporaryDirectory(prefix="trigpoint-peers-", dir=sides.BUILD) as scratch:
        side = made(name, topic, pathlib.Path(scratch) / "side")
        try:
            result = fold(broker, side, topic)
            if name not in ("raw", "product"):
                result["derived"] = topic.derived()
            if recover and name != "raw":
                result |= recoveries(side, topic)
                if name != "product":
                    result["derived_after_kill"] = topic.derived()
            return result
        except sides.Failed:
            print(side.log.read_text(encoding="utf-8", errors="replace")[-3000:], file=sys.stderr)
            raise
        finally:
            side.kill()


def smallest_heap(broker, name, reports):
    """The smallest -Xmx (MiB) with which a fold costs at most a quarter more CPU than with the largest, and its peak memory."""
    def fold_with(heap):
        topic = broker.topic(reports)
        with tempfile.TemporaryDirectory(prefix="trigpoint-peers-", dir=sides.BUILD) as scratch:
            side = made(name, topic, pathlib.Path(scratch) / "side", heap)
            try:
                side.start()
                side.first()
                before = sides.usage(side.process.pid)
                side.folded(120)
                after = sides.usage(side.process.pid)
                return after["cpu"] - before["cpu"], after["peak"]
            except sides.Failed:  # Out of memory, or nothing but collecting.
                return float("inf"), None
            finally:
                side.kill()
    took, peak = fold_with(HEAPS[-1])
    enough = 1.25 * took
    low, high, best = 0, len(HEAPS) - 1, (HEAPS[-1], peak)
    while low < high:
        middle = (low + high) // 2
        took, peak = fold_with(HEAPS[middle])
        progress(f"{name}: a heap of {HEAPS[middle]} MiB {'keeps' if took <= enough else 'does not keep'} up")
        if took <= enough:
            high, best = middle, (HEAPS[middle], peak)
        else:
            low = middle + 1
    return best


def latency(broker, name, reports, pace):
    """Folds what there is; then a steady load."""
    topic = broker.topic(reports)
    with tempfile.TemporaryDirectory(prefix="trigpoint-peers-", dir=sides.BUILD) as scratch:
        side = made(name, topic, pathlib.Path(scratch) / "side")
        try:
            side.start()
            side.folded(600)
            before = sides.usage(side.process.pid)
            said = json.loads(sides.tool("latency", topic.brokers, topic.name, topic.output, sides.SERVICES, reports, *pace))
            after = sides.usage(side.process.pid)
            return {**said, "cpu_us": (after["cpu"] - before["cpu"]) / said["sent"] * 1e6, "peak_mib": after["peak"]}
        finally:
            side.kill()


# ---- what is told


def progress(text):
    print(text, file=sys.stderr, flush=True)


def spread(values, form="{:,.0f}"):
    """Median, and lowest to highest where there are several."""
    values = [value for value in values if value is not None]
    if not values:
        return ""
    middle = form.format(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({form.format(min(values))} to {form.format(max(values))})"


COLUMNS = [("events/s", "events_per_s", "{:,.0f}"), ("CPU, us an event", "cpu_us", "{:.1f}"), ("with its start", "cpu_with_start_us", "{:.1f}"),
           ("events/s of the second half", "warm_events_per_s", "{:,.0f}"), ("its CPU", "warm_cpu_us", "{:.1f}"),
           ("CPU of the broker", "broker_cpu_us", "{:.1f}"), ("peak memory, MiB", "peak_mib", "{:,.0f}"),
           ("written by itself, MiB", "written_mib", "{:,.0f}"), ("by the broker", "broker_written_mib", "{:,.0f}"),
           ("in topics", "topics_mib", "{:,.0f}"), ("started again, s", "start_s", "{:.1f}"), ("after kill -9, s", "recovered_s", "{:.1f}"),
           ("rebuilt, s", "rebuilt_s", "{:.1f}")]

LATENCY_COLUMNS = [("events/s", "per_second", "{:,.0f}"), ("derived records", "derived", "{:,.0f}"), ("p50, ms", "p50_ms", "{:,.0f}"),
                   ("p99, ms", "p99_ms", "{:,.0f}"), ("longest, ms", "max_ms", "{:,.0f}"), ("CPU, us an event", "cpu_us", "{:.1f}"),
                   ("peak memory, MiB", "peak_mib", "{:,.0f}")]


def table(names, turns, columns):
    yield "| Side | " + " | ".join(title for title, _, _ in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for name in names:
        rows = [one[name] for one in turns if name in one]
        yield f"| {name} | " + " | ".join(spread([row.get(key) for row in rows], form) for _, key, form in columns) + " |"


def ratios(names, turns):
    """Each Kafka Streams against the engine of the same turn: above 1, ours is better."""
    keys = [("events/s", "events_per_s", True), ("of the second half", "warm_events_per_s", True), ("CPU", "cpu_us", False),
            ("CPU of the second half", "warm_cpu_us", False), ("CPU with the broker's", "all_cpu_us", False), ("memory", "peak_mib", False),
            ("after kill -9", "recovered_s", False), ("rebuilt", "rebuilt_s", False)]
    yield "| Ours is better by | " + " | ".join(title for title, _, _ in keys) + " |"
    yield "|---|" + "---|" * len(keys)
    for name in names:
        if name not in STREAMS:
            continue
        cells = []
        for _, key, more in keys:
            pairs = [(value(one["engine"], key), value(one[name], key)) for one in turns if "engine" in one and name in one]
            pairs = [(ours, theirs) for ours, theirs in pairs if ours and theirs]
            cells.append(spread([ours / theirs if more else theirs / ours for ours, theirs in pairs], "{:.1f}x"))
        yield f"| {name} | " + " | ".join(cells) + " |"


def value(row, key):
    return row["cpu_us"] + row["broker_cpu_us"] if key == "all_cpu_us" else row.get(key)


def right(names, turns):
    """Whether each ends with the same states and derived records as the engine."""
    yield "| Side | states | derived records | states after kill -9 | derived after it, by id | repeated ids |"
    yield "|---|---|---|---|---|---|"
    for name in names:
        rows = [(one["engine"], one[name]) for one in turns if "engine" in one and name in one and name not in ("raw", "product")]
        if not rows:
            continue
        def same(part):
            pairs = [(part(ours), part(theirs)) for ours, theirs in rows if part(ours) is not None and part(theirs) is not None]
            return f"{sum(ours == theirs for ours, theirs in pairs)} of {len(pairs)} the same"
        after = [row["derived_after_kill"] for _, row in rows if "derived_after_kill" in row]
        yield (f"| {name} | {same(lambda row: row['states'])} | {same(lambda row: row['derived']['digest'])} | "
               f"{same(lambda row: row.get('states_after_kill'))} | {same(lambda row: row.get('derived_after_kill', {}).get('digest'))} | "
               f"{spread([one['records'] - one['ids'] for one in after])} |")


def compare(options):
    turns, heaps = [], {}
    with Broker() as broker:
        for number in range(options.turns):
            turns.append({})
            # The order turns about, too.
            for name in options.sides if number % 2 == 0 else options.sides[::-1]:
                # With Kafka Streams' own settings each start waits for the session of the last process to end.
                recover = not name.startswith("default") or number == options.turns - 1
                turns[-1][name] = turn(broker, name, options.reports, recover)
                progress(f"turn {number + 1} of {options.turns}, {name}: {json.dumps(turns[-1][name])}")
                keep(options, {"turns": turns})
        if options.heap and "tuned-eos" in options.sides:
            heaps["tuned-eos"] = smallest_heap(broker, "tuned-eos", options.reports)
    keep(options, {"turns": turns, "heaps": heaps})
    show(options.sides, turns, heaps)


def show(names, turns, heaps):
    for lines in (table(names, turns, COLUMNS), ratios(names, turns), right(names, turns)):
        print(*lines, sep="\n", end="\n\n")
    for name, found in heaps.items():
        print(f"{name}: the smallest heap that keeps up is {found[0]} MiB; peak memory with it {found[1]:.0f} MiB")


def keep(options, measured):
    """A run that is ended early leaves what it has; --show prints it."""
    if options.json:
        options.json.write_text(json.dumps({"options": {**vars(options), "json": str(options.json), "show": None}, **measured}, indent=1), encoding="utf-8")


def compare_latency(options):
    turns = []
    names = [name for name in options.sides if name not in ("raw", "product")]
    with Broker() as broker:
        for number in range(options.turns):
            turns.append({})
            for name in names if number % 2 == 0 else names[::-1]:
                turns[-1][name] = latency(broker, name, options.reports, (options.latency, options.seconds))
                progress(f"turn {number + 1} of {options.turns}, {name}: {json.dumps(turns[-1][name])}")
                keep(options, {"latency": turns})
    print(*table(names, turns, LATENCY_COLUMNS), sep="\n")


def options_of(words):
    parser = argparse.ArgumentParser(prog="tools/bench --peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one turn of 80,000 reports, no heaps")
    parser.add_argument("--reports", type=int, default=500_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--sides", type=lambda text: text.split(","), default=ALL)
    parser.add_argument("--json", type=pathlib.Path, help="keeps everything measured, as JSON")
    parser.add_argument("--show", type=pathlib.Path, help="prints what --json has kept, and measures nothing")
    parser.add_argument("--no-heap", dest="heap", action="store_false", help="do not look for the smallest heap")
    parser.add_argument("--latency", type=float, metavar="PER_SECOND")
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args(words)
    if options.quick:
        options.reports, options.turns, options.heap = 80_000, 1, False
    unknown = set(options.sides) - set(ALL)
    if unknown:
        parser.error(f"no side: {', '.join(sorted(unknown))}")
    return options


def lock():
    scratch = sides.BUILD / "lock"
    shutil.rmtree(scratch, ignore_errors=True)
    sides.fetch(scratch)
    (sides.HERE / "sha256sums").write_text(sides.checksums(scratch), encoding="utf-8")


def main():
    if sys.argv[1:] == ["lock"]:
        lock()
        return 0
    options = options_of(sys.argv[1:])
    if options.show:
        kept = json.loads(options.show.read_text(encoding="utf-8"))
        show(kept["options"]["sides"], kept["turns"], kept.get("heaps", {}))
        return 0
    missing = sides.java_missing()
    if missing:
        print(f"peers: missing: {', '.join(missing)}; tools/bench --peers installs them", file=sys.stderr)
        return 1
    sides.BUILD.mkdir(parents=True, exist_ok=True)
    sides.compile_java()
    with contextlib.suppress(KeyboardInterrupt):
        (compare_latency if options.latency else compare)(options)
        return 0
    return 130


if __name__ == "__main__":
    sys.exit(main())
