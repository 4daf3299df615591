"""What each partner sends, and when the county has it: sources, delays, and the files they become."""

import collections
import dataclasses
import datetime
import json

from dates import DAY, HOUR, midnight, office, text, whole

COUNCIL = "herefordshire-council"
ICB = "herefordshire-worcestershire-icb"


@dataclasses.dataclass(frozen=True)
class Source:
    """A system of a partner: how its records are numbered, how fast it writes down and how it sends."""

    prefix: str
    organisation: str
    reports_after: float  # Hours from the occurrence to the record, on average.
    sends_after: float    # Hours from the record to its arrival, on average.
    batch: str = ""       # "night", "week", "month": sent together; empty: each by itself.
    open_always: bool = False
    knows: str = "local"  # By which of its ids it names a service.


SOURCES = {
    f"{COUNCIL}/safeguarding": Source("SG", COUNCIL, 14, 10),
    f"{COUNCIL}/complaints": Source("CP", COUNCIL, 100, 60),
    f"{COUNCIL}/returns": Source("MR", COUNCIL, 2, 1, "night"),
    f"{COUNCIL}/visits": Source("VI", COUNCIL, 90, 20, "night"),
    f"{COUNCIL}/contracts": Source("CT", COUNCIL, 24, 20, "night"),
    f"{COUNCIL}/whistleblowing": Source("WB", COUNCIL, 30, 12),
    f"{ICB}/quality": Source("IQ", ICB, 60, 40, knows="cqc"),
    f"{ICB}/complaints": Source("IC", ICB, 140, 80, "week", knows="cqc"),
    "nhs-england/lfpse": Source("LF", "st-brides-trust", 50, 30, "night", True, "cqc"),
    "cqc/notifications": Source("NO", "cqc", 48, 30, "week", knows="cqc"),
    "cqc/reports": Source("RP", "cqc", 2, 12, knows="cqc"),
    "cqc/enforcement": Source("EN", "cqc", 24, 48, knows="cqc"),
    "cqc/register": Source("RG", "cqc", 24, 24, knows="cqc"),
    "healthwatch-herefordshire/feedback": Source("HW", "healthwatch-herefordshire", 120, 24, "month", knows="cqc"),
    "west-mercia-police/referrals": Source("PO", "west-mercia-police", 20, 40, "", True),
    "ambulance-service/referrals": Source("AM", "ambulance-service", 6, 24, "", True, "cqc"),
    "st-brides-trust/community-nursing": Source("FN", "st-brides-trust", 30, 60, knows="cqc"),
}


@dataclasses.dataclass
class Record:
    """One event on its way: `received` is when the county has it."""

    event: dict
    source: str
    service: object
    occurred: datetime.datetime
    reported: datetime.datetime
    received: datetime.datetime
    on_time: bool = True

    @property
    def id(self):
        """The record's id in its source."""
        return self.event["id"]

    @property
    def kind(self):
        """The payload's field, e.g. "incident_reported"."""
        return next(reversed(self.event))


class Feeds:
    """Everything that partners send between `start` and `end`."""

    def __init__(self, start, end, seed):
        self.start = start
        self.end = end
        self.seed = seed
        self.records = []
        self.numbers = collections.Counter()
        self.unsent = 0  # What happened, but would only arrive after the end.

    def next_id(self, source, service):
        """Numbers the records of a source about a service."""
        self.numbers[source, service.number] += 1
        return f"{SOURCES[source].prefix}-{service.number:04d}-{self.numbers[source, service.number]:03d}"

    def delays(self, chance, source, occurred, after=None):
        """When the source records it and when the county has it; `after`: not before that arrived."""
        spec = SOURCES[source]
        reported = occurred + chance.skewed(spec.reports_after) * HOUR + 5 / 60 * HOUR
        if chance.happens(0.012):  # Found in a drawer, or held back by an investigation.
            reported += chance.uniform(30, 150) * DAY
        if not spec.open_always:
            reported = office(reported)
        received = reported + chance.skewed(spec.sends_after) * HOUR + 1 / 60 * HOUR
        if spec.batch == "night":
            received = midnight(received) + DAY + 2 * HOUR + chance.uniform(0, 0.2) * HOUR
        elif spec.batch == "week":  # Wednesdays at six.
            received = midnight(received) + ((2 - received.weekday() - 1) % 7 + 1) * DAY + 6 * HOUR
        elif spec.batch == "month":  # On the fifth of the next month.
            received = midnight((received.replace(day=1) + 32 * DAY).replace(day=5)) + 7 * HOUR
        elif not spec.open_always:
            received = office(received)
        if after is not None:
            received = max(received, after.received + chance.uniform(0.1, 3) * HOUR)
        return whole(reported), whole(received)

    def add(self, chance, source, service, occurred, said, **more):
        """Adds what `source` says of a service; `said` is (kind, payload). Gives the record, sent in time or not."""
        after = more.pop("after", None)
        times = more.pop("times", None)  # (reported, received) where chance does not say.
        occurred = whole(occurred)
        reported, received = times or self.delays(chance, source, occurred, after)
        kind, payload = said
        event = {
            "source": source,
            "id": more.pop("id", None) or self.next_id(source, service),
            "subject": service.named_by(SOURCES[source].knows),
            "occurred_at": text(occurred),
            "reported_at": text(max(reported, occurred)),
            "received_at": text(received),
            "source_organisation": more.pop("organisation", SOURCES[source].organisation),
        }
        event.update(more)
        event[kind] = payload
        record = Record(event, source, service, occurred, max(reported, occurred), received)
        self.put(record)
        return record

    def put(self, record):
        """Takes a record into the history, unless it arrives only after its end."""
        record.on_time = self.start <= record.received < self.end
        if record.on_time:
            self.records.append(record)
        else:
            self.unsent += 1

    def write(self, directory):
        """Writes one file for each source, in the order in which its records arrived; gives the counts by file."""
        directory.mkdir(parents=True, exist_ok=True)
        by_source = collections.defaultdict(list)
        for record in self.records:
            by_source[record.source].append(record)
        counts = {}
        for source, records in sorted(by_source.items()):
            records.sort(key=lambda record: record.received)  # Stable: at one instant in the order of making.
            path = directory / f"{source.replace('/', '-')}.jsonl"
            write_lines(path, [record.event for record in records])
            counts[f"history/{path.name}"] = len(records)
        return counts


def write_lines(path, events):
    """Writes events as lines of JSON."""
    path.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events), encoding="utf-8")
