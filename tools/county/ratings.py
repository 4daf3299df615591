"""What the regulator publishes: the ratings file as it stood when the history begins, reports and enforcement since."""

import csv
import dataclasses
import datetime

from chance import Chance
from dates import DAY, HOUR, midnight
from names import ODD_NAMES, STREETS
from providers import ACUTE, CARE_HOMES, HOME_CARE, MENTAL_HEALTH, NURSING, PRACTICE, RESIDENTIAL, SUPPORTED

OUTSTANDING, GOOD, RI, INADEQUATE = "OUTSTANDING", "GOOD", "REQUIRES_IMPROVEMENT", "INADEQUATE"
QUESTIONS = ["SAFE", "EFFECTIVE", "CARING", "RESPONSIVE", "WELL_LED"]
# Per cent of the locations of each kind in the national file; what is missing is Good.
NATIONAL = {
    NURSING: {OUTSTANDING: 5.0, RI: 18.5, INADEQUATE: 1.6}, RESIDENTIAL: {OUTSTANDING: 4.0, RI: 14.0, INADEQUATE: 1.3},
    HOME_CARE: {OUTSTANDING: 5.2, RI: 12.0, INADEQUATE: 0.8}, PRACTICE: {OUTSTANDING: 4.9, RI: 5.5, INADEQUATE: 0.6},
    ACUTE: {RI: 0.0}, MENTAL_HEALTH: {RI: 0.0},
}
# After an inspection, by the rating before it.
NEXT = {
    OUTSTANDING: {OUTSTANDING: 55, GOOD: 42, RI: 3},
    GOOD: {OUTSTANDING: 4, GOOD: 82, RI: 13, INADEQUATE: 1},
    RI: {GOOD: 52, RI: 44, INADEQUATE: 4},
    INADEQUATE: {GOOD: 12, RI: 70, INADEQUATE: 18},
}
INSPECTED = {OUTSTANDING: 0.15, GOOD: 0.22, RI: 0.55, INADEQUATE: 0.95}  # How many of them within eighteen months.
CATEGORIES = {
    NURSING: "Residential social care", RESIDENTIAL: "Residential social care",
    HOME_CARE: "Community based adult social care services", PRACTICE: "GP Practices",
    ACUTE: "Acute hospital - NHS non-specialist", MENTAL_HEALTH: "Mental health - community & residential - NHS",
}
TYPES = {PRACTICE: "Primary Medical Services", ACUTE: "NHS Healthcare Organisation",
         MENTAL_HEALTH: "NHS Healthcare Organisation"}
GROUPS = {
    PRACTICE: ["Families, children and young people", "Older people",
               "People experiencing poor mental health (including people with dementia)",
               "People whose circumstances may make them vulnerable", "People with long term conditions",
               "Working age people (including those recently retired and students)"],
    ACUTE: ["Maternity", "Surgery", "Urgent and emergency services"],
    MENTAL_HEALTH: ["Acute wards for adults of working age and psychiatric intensive care units"],
}
COLUMNS = [
    "Location ID", "Location Name", "Care Home?", "Location Type", "Location Primary Inspection Category",
    "Location Street Address", "Location Address Line 2", "Location City", "Location Post Code",
    "Location Local Authority", "Location Region", "Location ONSPD CCG Code", "Location ONSPD CCG",
    "Location Commissioning CCG Code", "Location Commissioning CCG Name", "Service / Population Group", "Domain",
    "Latest Rating", "Publication Date", "Report Type", "Inherited Rating (Y/N)", "URL", "Provider ID",
    "Provider Name", "Brand ID", "Brand Name",
]
# How many of those that require improvement do so in this key question; all do in Well-led.
SHARES_UNDER_RI = {"SAFE": 0.85, "EFFECTIVE": 0.45, "CARING": 0.06, "RESPONSIVE": 0.25}
WORDS = {OUTSTANDING: "Outstanding", GOOD: "Good", RI: "Requires improvement", INADEQUATE: "Inadequate"}


@dataclasses.dataclass
class Report:
    """A published report: the overall rating and those of the five key questions."""

    published: datetime.datetime
    overall: str
    questions: dict
    inherited: bool = False


def same(rating):
    """All five key questions rated alike."""
    return dict.fromkeys(QUESTIONS, rating)


def questions_under(chance, overall):
    """Ratings of the five key questions that give this overall rating."""
    questions = same(GOOD)
    if overall == OUTSTANDING:
        questions["WELL_LED"] = questions[chance.choice(["CARING", "RESPONSIVE"])] = OUTSTANDING
    elif overall == GOOD:
        if chance.happens(0.16):
            questions[chance.pick({"SAFE": 45, "WELL_LED": 35, "EFFECTIVE": 12, "RESPONSIVE": 8})] = RI
        elif chance.happens(0.06):
            questions[chance.choice(["CARING", "RESPONSIVE"])] = OUTSTANDING
    elif overall == RI:
        for question, share in SHARES_UNDER_RI.items():
            questions[question] = RI if chance.happens(share) else GOOD
        questions["WELL_LED"] = RI
        if list(questions.values()).count(RI) < 2:
            questions["SAFE"] = RI
    else:
        questions.update(dict.fromkeys(["EFFECTIVE", "RESPONSIVE"], RI), SAFE=INADEQUATE, WELL_LED=INADEQUATE)
    return questions


def publish(services, seed, start, end):
    """Gives every registered service its reports: one from before the start, and what later inspections found."""
    for service in services:
        chance = Chance(seed, "ratings", service.number)
        if service.story or service.kind == SUPPORTED or service.registered > start or chance.happens(0.05):
            continue
        weights = dict(NATIONAL[service.kind])
        weights[GOOD] = 100 - sum(weights.values())
        overall = chance.pick(weights)
        published = midnight(start) - (30 + min(chance.expovariate(1 / 800), 2700)) * DAY
        service.reports = [Report(midnight(published), overall, questions_under(chance, overall), chance.happens(0.04))]
        if service.kind in (*CARE_HOMES, HOME_CARE, PRACTICE) and chance.happens(INSPECTED[overall]):
            overall = chance.pick(NEXT[overall])
            published = start + chance.uniform(20, (end - start).days - 15) * DAY
            service.reports.append(Report(midnight(published), overall, questions_under(chance, overall)))


def report_events(feeds, service):
    """The reports of the time of the history as events, and the notices that went with them."""
    chance = Chance(feeds.seed, "reports", service.number)
    notice = None
    for report in service.reports:
        if notice is not None and report.overall in (GOOD, OUTSTANDING):
            close(feeds, chance, notice, report.published)
            notice = None
        if report.published < feeds.start:
            continue
        day = report.published.date()
        payload = {
            "report_id": f"INS2-{service.number:04d}-{day.year}",
            "report_date": day.isoformat(),
            "overall": f"RATING_{report.overall}",
            "key_questions": [{"key_question": f"KEY_QUESTION_{question}", "rating": f"RATING_{rating}"}
                              for question, rating in report.questions.items()],
        }
        at = report.published + 9 * HOUR
        feeds.add(chance, "cqc/reports", service, at, ("cqc_rating_published", payload),
                  occurred_precision="TIME_PRECISION_DAY")
        if report.overall in (RI, INADEQUATE) and not service.story and notice is None and chance.happens(0.6):
            action = {
                "action": f"ENFORCEMENT_KIND_{'WARNING' if report.overall == INADEQUATE else 'REQUIREMENT'}_NOTICE",
                "regulations": sorted(chance.sample(["9", "12", "13", "17", "18"], 2)),
                "served_on": day.isoformat(),
            }
            notice = feeds.add(chance, "cqc/enforcement", service, at, ("cqc_enforcement_action_recorded", action))
    if notice is not None and notice.on_time and chance.happens(0.5):
        close(feeds, chance, notice, notice.occurred + chance.uniform(100, 260) * DAY)


def close(feeds, chance, notice, at):
    """A notice that was met."""
    closed = {"action": {"id": notice.id}, "outcome": "OUTCOME_MET", "closed_on": at.date().isoformat()}
    said = ("cqc_enforcement_action_closed", closed)
    feeds.add(chance, "cqc/enforcement", notice.service, at + 10 * HOUR, said, after=notice)


def row(service, report, said):
    """A row of the file; `said` is (population group, domain, rating in words)."""
    street = f"{1 + service.number % 60} {STREETS[service.number % len(STREETS)]}"
    postcode = f"HR0{' ' if service.number % 40 else '  '}{service.number % 10}ZZ"  # No HR0 exists.
    name = service.name
    if service.number % 31 in ODD_NAMES and not service.story:
        name = ODD_NAMES[service.number % 31].format(name)
    return [
        service.location, name, "Y" if service.kind in CARE_HOMES else "N", TYPES.get(service.kind, "Social Care Org"),
        CATEGORIES[service.kind], street, "", service.place, postcode, "Herefordshire, County of", "West Midlands",
        "E38000236", "NHS Herefordshire and Worcestershire CCG", "", "", *said,
        report.published.strftime("%d/%m/%Y"), "Location", "Y" if report.inherited else "N",
        f"http://www.cqc.org.uk/location/{service.location}", service.operator_id, service.operator,
        service.brand_id or "-", f"BRAND {service.brand}" if service.brand else "-",
    ]


def rows_of(service, seed, start):
    """The rows of one location as of the start: its own ratings, those of its groups, and odd ones."""
    chance = Chance(seed, "file", service.number)
    rows = []
    for report in service.reports:
        if report.published >= start:
            continue
        rating = WORDS[report.overall]
        rows.append(row(service, report, ("Overall", "Overall", rating)))
        for question in QUESTIONS:
            words = question.replace("_", "-").capitalize()
            rows.append(row(service, report, ("Overall", words, WORDS[report.questions[question]])))
        for group in GROUPS.get(service.kind, []):
            rows.append(row(service, report, (group, "Overall", rating)))
            if chance.happens(0.01):  # The same group rated twice on one day: seen in the real file.
                other = WORDS[RI] if rating != WORDS[RI] else WORDS[GOOD]
                rows.append(row(service, report, (group, "Overall", other)))
        if chance.happens(0.01):
            rows.append(rows[0])
    if not rows and service.location and service.registered <= start and service.number % 2:
        unrated = Report(midnight(start - 400 * DAY), "", {})
        rows.append(row(service, unrated, ("Overall", "Overall", "Insufficient evidence to rate")))
    return rows


def write_file(path, services, seed, start):
    """Writes the regulator's file of the latest ratings, quoted as it quotes; gives how many rows and items it has."""
    rows = [cells for service in services for cells in rows_of(service, seed, start)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    # Read back, it is a registration for each location and a rating for each date of one.
    date = COLUMNS.index("Publication Date")
    return len(rows), len({cells[0] for cells in rows}) + len({(cells[0], cells[date]) for cells in rows})
