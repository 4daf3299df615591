"""What real feeds do: corrections, retractions, redeliveries, records about nobody, and records that cannot be used."""

import copy
import dataclasses

from chance import Chance
from dates import DAY, HOUR, office, text, whole
from feeds import COUNCIL, ICB

# From the range for tests: never given to a person (and a check digit that fits, or nobody would notice it).
NO_PERSON = "999 123 4500"
CORRECTED = ("incident_reported", "safeguarding_concern_raised", "complaint_received", "provider_feedback_received")
TAKEN_BACK = ["DUPLICATE", "NOT_AN_INCIDENT", "ENTERED_IN_ERROR", "WRONG_ORG"]
MILDER = {"HARM_MODERATE": "HARM_LOW", "HARM_LOW": "HARM_NONE", "HARM_NONE": "HARM_LOW"}


def resent(record, received, **changes):
    """The same record once more, arriving at another time; `changes` to its event."""
    event = copy.deepcopy(record.event)
    kind = record.kind
    payload = changes.pop("payload", event.pop(kind))
    event.pop(kind, None)
    event.update(received_at=text(received), **changes)
    event[kind] = payload
    return dataclasses.replace(record, event=event, received=received)


def corrected(chance, record):
    """A higher version of a record: another harm or another theme, never something worse than moderate."""
    received = whole(office(record.received + chance.uniform(2, 25) * DAY))
    payload = copy.deepcopy(record.event[record.kind])
    changes = {"source_version": 2, "reported_at": text(whole(received - HOUR))}
    if payload.get("physical_harm") in MILDER:
        payload["physical_harm"] = MILDER[payload["physical_harm"]]
    else:
        changes["themes"] = ["THEME_COMMUNICATION"]
    return resent(record, received, payload=payload, **changes)


def retracted(chance, record):
    """The source takes a record back."""
    received = whole(office(record.received + chance.uniform(1, 30) * DAY))
    event = {key: record.event[key] for key in ("source", "id", "subject", "source_organisation")}
    event.update(source_version=2, reported_at=text(whole(received - HOUR)), received_at=text(received))
    if chance.happens(0.5):
        del event["subject"]
    event["event_retracted"] = {"reason": f"REASON_{chance.choice(TAKEN_BACK)}"}
    return dataclasses.replace(record, event=event, received=received)


def mishandle(feeds, outcomes):
    """Corrects, retracts and redelivers some of what was sent; counts what becomes of it in `outcomes`."""
    chance = Chance(feeds.seed, "oddities")
    for record in list(feeds.records):
        if record.service.story:
            continue
        at = chance.random()
        counted = record.kind in CORRECTED
        if counted and at < 0.016:
            feeds.put(corrected(chance, record))
        elif counted and at < 0.022:
            feeds.put(retracted(chance, record))
        elif 0.03 < at < 0.038:
            again = resent(record, whole(record.received + chance.uniform(0.5, 9) * DAY))
            feeds.put(again)
            outcomes["duplicate"] += again.on_time
        elif counted and 0.04 < at < 0.0412:  # The correction overtakes the record that it corrects.
            second = corrected(chance, record)
            if second.received < feeds.end:
                feeds.records.remove(record)
                feeds.put(resent(record, second.received))
                feeds.put(resent(second, record.received))
                outcomes["superseded"] += 1


def unusable(feeds, services, outcomes):
    """Records that the door refuses, each for a reason that people make: what was written where it must not stand."""
    chance = Chance(feeds.seed, "unusable")
    usual = [service for service in services
             if service.covered and not service.story and service.registered == feeds.start]
    refused = [
        (f"{COUNCIL}/complaints", "complaint_received", {"subject": f"about NHS number {NO_PERSON}"}),
        (f"{COUNCIL}/complaints", "complaint_received", {"subject": "other", "service_area": f"room of {NO_PERSON}"}),
        ("nhs-england/lfpse", "incident_reported", {"physical_harm": "HARM_LOW", "ward": "bed 4, DOB 01/01/1900"}),
        ("cqc/notifications", "incident_reported", {"physical_harm": "HARM_NONE", "ward": f"NHS no {NO_PERSON}"}),
        (f"{COUNCIL}/safeguarding", "safeguarding_concern_screened", {"concern": {"id": "SG-0000-001"}}),
        (f"{COUNCIL}/safeguarding", "safeguarding_enquiry_concluded", {"risk_outcome": "RISK_OUTCOME_REDUCED"}),
        (f"{COUNCIL}/returns", "monitoring_return_received", {"concern": False}),
        (f"{COUNCIL}/visits", "commissioner_visit_conducted",
         {"visit_type": "VISIT_TYPE_ROUTINE", "notes": f"spoke with the resident, NHS {NO_PERSON}"}),
        ("healthwatch-herefordshire/feedback", "provider_feedback_received", {"author_role": "relative"}),
        (f"{COUNCIL}/whistleblowing", "whistleblowing_concern_received",
         {"route": "ROUTE_LOCAL_AUTHORITY", "reporter_vault_ref": "vault:" + 64 * "0"}),
        (f"{ICB}/quality", "early_indicator_observed", {"observer_role": "community nurse"}),
    ]
    for place, (source, kind, payload) in enumerate(refused):
        at = feeds.start + (feeds.end - feeds.start) * (place + 0.5) / len(refused)
        feeds.add(chance, source, chance.choice(usual), at, (kind, payload), times=(at + HOUR, at + 30 * HOUR))
        outcomes["refused"] += 1
    # Two records under one identity that say different things: neither version says which is right.
    first = next(record for record in feeds.records if record.kind == "incident_reported" and not record.service.story
                 and record.received < feeds.end - 60 * DAY and "source_version" not in record.event)
    other = dict(first.event["incident_reported"], physical_harm="HARM_NONE", people_affected=2)
    feeds.put(resent(first, first.received + 20 * DAY, payload=other))
    outcomes["conflict"] += 1


class Nobody:
    """A service that the register does not know: a mistyped location."""

    number = 0
    story = False

    @staticmethod
    def named_by(_):
        """An id that is registered nowhere."""
        return "cqc-location/1-000999999"


def about_nobody(feeds, outcomes):
    """Two reports about a location that nobody knows: they wait."""
    chance = Chance(feeds.seed, "nobody")
    for days, source in ((150, "cqc/notifications"), (40, f"{COUNCIL}/safeguarding")):
        at = feeds.end - days * DAY
        said = ("incident_reported", {"physical_harm": "HARM_LOW"})
        feeds.add(chance, source, Nobody, at, said, themes=["THEME_FALLS"], times=(at + HOUR, at + 9 * HOUR))
        outcomes["waiting"] += 1
