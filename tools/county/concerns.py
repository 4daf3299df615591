"""What goes wrong, or is said to: safeguarding, incidents, complaints, whistleblowing, and who tells of it."""

from chance import Chance
from dates import DAY, HOUR, winter
from feeds import COUNCIL, ICB
from names import MADE_UP
from providers import ACUTE, CARE_HOMES, HOME_CARE, MENTAL_HEALTH, NURSING, PRACTICE, RESIDENTIAL, SUPPORTED

# Reports a year: for each bed, and for the service.
SAFEGUARDING = {NURSING: (0.052, 0), RESIDENTIAL: (0.050, 0), SUPPORTED: (0.09, 0), HOME_CARE: (0, 0.9),
                PRACTICE: (0, 0.05), ACUTE: (0, 14), MENTAL_HEALTH: (0, 9)}
INCIDENTS = {NURSING: (0.085, 0), RESIDENTIAL: (0.075, 0), SUPPORTED: (0.10, 0), HOME_CARE: (0, 1.2),
             PRACTICE: (0, 2.2), ACUTE: (0, 240), MENTAL_HEALTH: (0, 70)}
COMPLAINTS = {NURSING: (0.026, 0), RESIDENTIAL: (0.024, 0), SUPPORTED: (0.04, 0), HOME_CARE: (0, 1.1),
              PRACTICE: (0, 2.5), ACUTE: (0, 90), MENTAL_HEALTH: (0, 24)}

ABUSE = {
    "NEGLECT": (48, {"NEGLECT": 2, "PRESSURE_CARE": 3, "MEDICINES": 4, "NUTRITION_HYDRATION": 3, "FALLS": 4}),
    "PHYSICAL": (22, {"ABUSE": 3, "CONSENT_RESTRAINT": 2}),
    "PSYCHOLOGICAL": (13, {"DIGNITY": 3, "COMMUNICATION": 1}),
    "FINANCIAL": (9, {"FINANCIAL": 1}),
    "SELF_NEGLECT": (5, {"MENTAL_HEALTH_SELF_HARM": 1}),
    "SEXUAL": (2, {"ABUSE": 1}),
    "DISCRIMINATORY": (1, {"DIGNITY": 1}),
}
SCREENED = {"NO_FURTHER_ACTION": 56, "SECTION_42": 21, "PROVIDER_LED_CONCERN": 13, "PROVIDER_LED_ENQUIRY": 5,
            "OTHER_ENQUIRY": 5}
ENQUIRY_ENDED = {"REMOVED": 30, "REDUCED": 52, "REMAINED": 8, "INCONCLUSIVE": 6, "CEASED_AT_REQUEST": 4}
HARM = {"NONE": 450, "LOW": 420, "MODERATE": 126, "SEVERE": 3, "FATAL": 1}
INCIDENT_THEMES = {"MEDICINES": 26, "PRESSURE_CARE": 14, "STAFFING": 5, "PREMISES_EQUIPMENT": 6, "INFECTION_CONTROL": 6,
                   "CLINICAL_CARE": 8, "NUTRITION_HYDRATION": 5}
FALLS = 32
HOSPITAL_WARDS = ["Kestrel", "Kingfisher", "Lapwing", "Skylark", "Wren", "Merlin"]
# Subjects as in KO41a, with the theme that they touch.
SUBJECTS = {
    "communications": ("COMMUNICATION", 20), "staff-values-and-behaviours": ("DIGNITY", 15),
    "staff-numbers": ("STAFFING", 10), "patient-care-nutrition-hydration": ("NUTRITION_HYDRATION", 12),
    "facilities": ("PREMISES_EQUIPMENT", 12), "privacy-dignity-wellbeing": ("DIGNITY", 10),
    "prescribing-errors": ("MEDICINES", 6), "appointments": ("COMMUNICATION", 8),
    "end-of-life-care": ("CLINICAL_CARE", 4), "trust-administration": ("RECORDS_GOVERNANCE", 3),
}
OUTCOMES = {"UPHELD": 18, "PARTIALLY_UPHELD": 30, "NOT_UPHELD": 43, "WITHDRAWN": 6, "OUT_OF_TIME": 3}


def occurrences(feeds, chance, service, rates, swing=0.0):
    """When something happened at a service, over the whole history: more in winter where `swing` says so."""
    per_bed, per_service = rates
    begin = max(feeds.start, service.registered + DAY)
    years = (feeds.end - begin) / (365 * DAY)
    mean = max(0, years) * (per_bed * service.beds + per_service) * service.factor
    instants = []
    for _ in range(chance.poisson(mean)):
        at = begin + chance.random() * (feeds.end - begin)
        while chance.random() * (1 + swing) > winter(at, swing):
            at = begin + chance.random() * (feeds.end - begin)
        instants.append(at)
    return sorted(instants)


def narrative(chance):
    """Free text goes with some reports; it is sealed at the door."""
    return {"narrative": chance.choice(MADE_UP)} if chance.happens(0.15) else {}


def safeguarding(feeds, service):
    """Concerns with what became of them; some were first seen by the police or an ambulance crew."""
    chance = Chance(feeds.seed, "safeguarding", service.number)
    for at in occurrences(feeds, chance, service, SAFEGUARDING[service.kind]):
        abuse = chance.pick({name: weight for name, (weight, _) in ABUSE.items()})
        theme = chance.pick(ABUSE[abuse][1])
        said = {"abuse_types": [f"ABUSE_TYPE_{abuse}"], "adults": 1, "source_of_risk_is_provider": chance.happens(0.6)}
        shared = {"themes": [f"THEME_{theme}"]}
        referrer = chance.pick({"": 84, "west-mercia-police/referrals": 6, "ambulance-service/referrals": 10})
        source = f"{COUNCIL}/safeguarding"
        identity = feeds.next_id(source, service)
        if referrer:
            if chance.happens(0.8):
                shared["incident_key"] = f"HCC-{identity}"
            feeds.add(chance, referrer, service, at, ("safeguarding_concern_raised", dict(said)), **shared)
        said.update(narrative(chance))
        raised = feeds.add(chance, source, service, at, ("safeguarding_concern_raised", said), id=identity, **shared)
        screening(feeds, chance, raised)


def screening(feeds, chance, raised):
    """The council screens a concern; a section 42 enquiry is opened and, in time, concluded."""
    if chance.happens(0.03):
        return
    source, service = raised.source, raised.service
    outcome = chance.pick(SCREENED)
    said = {"concern": {"id": raised.id}, "outcome": f"OUTCOME_{outcome}"}
    at = raised.reported + chance.uniform(0.3, 9) * DAY
    screened = feeds.add(chance, source, service, at, ("safeguarding_concern_screened", said), after=raised)
    if outcome not in ("SECTION_42", "OTHER_ENQUIRY"):
        return
    kind = "SECTION_42" if outcome == "SECTION_42" else "OTHER"
    said = {"concern": {"id": raised.id}, "enquiry_kind": f"ENQUIRY_KIND_{kind}", "adults": 1}
    opened = feeds.add(chance, source, service, at + 6 * HOUR, ("safeguarding_enquiry_opened", said), after=screened)
    if chance.happens(0.85):
        said = {"enquiry": {"id": opened.id}, "risk_outcome": f"RISK_OUTCOME_{chance.pick(ENQUIRY_ENDED)}",
                "substantiated": chance.happens(0.4)}
        at += chance.uniform(25, 110) * DAY
        feeds.add(chance, source, service, at, ("safeguarding_enquiry_concluded", said), after=opened)


def incident(chance, service, at):
    """An incident and its theme: falls come more often in winter."""
    theme = chance.pick({**INCIDENT_THEMES, "FALLS": FALLS * winter(at, 0.5)})
    harm = chance.pick(HARM)
    said = {"physical_harm": f"HARM_{harm}", "people_affected": 1}
    if harm in ("SEVERE", "FATAL"):
        said["duty_of_candour"] = True
    if service.kind in (ACUTE, MENTAL_HEALTH):
        said["ward"] = f"{chance.choice(HOSPITAL_WARDS)} ward"
    return said, {"themes": [f"THEME_{theme}"]}


def incidents(feeds, service):
    """Incidents as the service itself reports them; now and then a second partner tells of the same one."""
    chance = Chance(feeds.seed, "incidents", service.number)
    for at in occurrences(feeds, chance, service, INCIDENTS[service.kind], 0.15):
        said, shared = incident(chance, service, at)
        source = "cqc/notifications"
        if service.kind in (ACUTE, MENTAL_HEALTH, PRACTICE) or (service.kind == NURSING and chance.happens(0.3)):
            source = "nhs-england/lfpse"
        elif said["physical_harm"] not in ("HARM_NONE", "HARM_LOW"):
            died = said["physical_harm"] == "HARM_FATAL"
            said["cqc_criteria"] = ["CQC_CRITERION_DEATH" if died else "CQC_CRITERION_SERIOUS_INJURY"]
        identity = feeds.next_id(source, service)
        if service.kind in (*CARE_HOMES, HOME_CARE, SUPPORTED) and chance.happens(0.09):
            shared["incident_key"] = f"{source.split('/')[1].upper()}-{identity}"
            other = chance.choice(["ambulance-service/referrals", "st-brides-trust/community-nursing"])
            told = {key: value for key, value in said.items() if key != "cqc_criteria"}
            feeds.add(chance, other, service, at, ("incident_reported", told), **shared)
        said.update(narrative(chance))
        feeds.add(chance, source, service, at, ("incident_reported", said), id=identity, **shared)


def complaints(feeds, service):
    """Complaints and their outcomes."""
    chance = Chance(feeds.seed, "complaints", service.number)
    council = service.covered or service.kind in (HOME_CARE, SUPPORTED, *CARE_HOMES)
    source = f"{COUNCIL if council else ICB}/complaints"
    for at in occurrences(feeds, chance, service, COMPLAINTS[service.kind]):
        subject = chance.pick({name: weight for name, (_, weight) in SUBJECTS.items()})
        said = {"subject": subject, **narrative(chance)}
        themes = [f"THEME_{SUBJECTS[subject][0]}"]
        made = feeds.add(chance, source, service, at, ("complaint_received", said), themes=themes)
        if chance.happens(0.88):
            said = {"complaint": {"id": made.id}, "outcome": f"OUTCOME_{chance.pick(OUTCOMES)}"}
            closed = made.reported + chance.uniform(12, 60) * DAY
            feeds.add(chance, source, service, closed, ("complaint_outcome_recorded", said), after=made)


def whistleblowing(feeds, service):
    """Staff who speak up, none of them of abuse that goes on: that would be urgent."""
    chance = Chance(feeds.seed, "whistleblowing", service.number)
    if service.kind in (PRACTICE, ACUTE, MENTAL_HEALTH):
        return
    for at in occurrences(feeds, chance, service, (0, 0.035)):
        said = {"route": "ROUTE_LOCAL_AUTHORITY", "anonymous": chance.happens(0.7), **narrative(chance)}
        theme = chance.choice(["STAFFING", "LEADERSHIP", "RECORDS_GOVERNANCE"])
        feeds.add(chance, f"{COUNCIL}/whistleblowing", service, at, ("whistleblowing_concern_received", said),
                  themes=[f"THEME_{theme}"])


def happen(feeds, service):
    """Everything of this module, for one service."""
    for kind in (safeguarding, incidents, complaints, whistleblowing):
        kind(feeds, service)
