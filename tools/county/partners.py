"""What partners hand over this week in the formats that they have: tables of the council, the tracker's export, LFPSE."""

import json
import pathlib

from chance import Chance
from dates import DAY, HOUR, midnight, month_number, month_start, text
from feeds import COUNCIL
from providers import ACUTE, CARE_HOMES
from sheets import write_csv, write_ods, write_xlsx

FEEDS = pathlib.Path(__file__).parents[2] / "deploy/feeds"
TAXONOMY = "https://psims-uat.azure-api.net/taxonomy/fhir/StructureDefinition"


class Handover:
    """The files of the week before the end, and what must become of each."""

    def __init__(self, directory, services, feeds):
        self.directory = directory
        self.seed = feeds.seed
        self.end = midnight(feeds.end)
        self.files = {}
        self.homes = [one for one in services if one.kind in CARE_HOMES and one.covered and not one.story]
        self.hospital = next(one for one in services if one.kind == ACUTE)

    def chance(self, *purpose):
        """A stream of chance of its own."""
        return Chance(self.seed, "handover", *purpose)

    def day(self, ago):
        """A day of the week before."""
        return (self.end - ago * DAY).date()

    def hand_over(self, name, mapping, events, refused=0):
        """Notes a file; its mapping is the shipped one, with the council's name in the place of the example's."""
        self.files[f"partners/{name}"] = {"mapping": f"partners/{mapping}" if mapping else "", "events": events,
                                          "refused": refused}
        if mapping:
            told = (FEEDS / mapping).read_text(encoding="utf-8").replace("example-council", COUNCIL)
            (self.directory / mapping).write_text(told, encoding="utf-8")
        return self.directory / name


def safeguarding(week):
    """The weekly export of the council's case system, as Excel writes it on a computer set to English."""
    chance = week.chance("safeguarding")
    rows = [["Case reference", "CQC location ID", "Setting", "Date of incident", "Date concern raised", "Abuse types",
             "Source of risk", "Adults at risk", "Screening outcome", "Date screened", "Worker", "Summary"]]
    events = 0
    for number in range(12):
        home = chance.choice(week.homes)
        raised = week.day(chance.randint(3, 7))
        screened = chance.happens(0.5)
        events += 2 if screened else 1
        rows.append([
            f"SGW-{week.end:%y%m%d}-{number:02d}", home.location,
            "Care home - nursing" if "NURSING" in home.kind else "Care home - residential",
            raised.strftime("%d/%m/%Y"), f"{raised:%d/%m/%Y} {chance.randint(8, 17):02d}:{chance.randint(0, 59):02d}",
            chance.choice(["Neglect and acts of omission", "Physical", "Psychological; Neglect and acts of omission"]),
            "Service provider", "1", "No further action" if screened else "",
            week.day(2).strftime("%d/%m/%Y") if screened else "", "A. Worker",
            "Made-up text – “nobody came”, said a visitor"])
    rows.append([f"SGW-{week.end:%y%m%d}-90", week.homes[0].location, "Hospital - acute", "", "", "Physical", "", "", "", "", "", ""])
    rows.append([f"SGW-{week.end:%y%m%d}-91", week.homes[0].location, "Own home", "31/02/2026", "yesterday", "Hate crime", "", "", "",
                 "", "", ""])
    write_csv(week.hand_over("council-safeguarding.csv", "council-safeguarding.yaml", events, refused=1), rows,
              encoding="windows-1252")


def capacity(week):
    """The Capacity Tracker's export: the last state of each care home; one says that more beds are empty than none."""
    chance = week.chance("capacity")
    rows = [["Tracker_ID", "CQC_ID", "ODS_Code", "Location_Name", "Is_Accepting_Admissions", "Beds_Total", "Beds_Vacant",
             "Nurses_Employed", "Nurses_Absent", "Care_Workers_Employed", "Care_Workers_Absent", "Hours_Agency_Nurses",
             "Hours_Agency_Care_Workers", "Last_Updated_UTC"]]
    for number, home in enumerate(week.homes):
        vacant = min(home.beds, chance.poisson(home.beds * 0.12))
        rows.append([str(20000 + number), home.location, "", home.name, chance.choice(["Yes", "Yes", "No", "Unknown"]),
                     str(home.beds), str(vacant), "NULL", "NULL", str(home.beds), str(chance.poisson(home.beds * 0.06)), "0",
                     f"{chance.poisson(home.beds * 0.4)}.5",
                     (week.end - chance.uniform(1, 6) * DAY).strftime("%Y-%m-%d %H:%M:%S")])
    rows[1][6] = "-1"
    write_csv(week.hand_over("capacity-tracker.csv", "capacity-tracker.yaml", len(week.homes) - 1, refused=1), rows)


def monitoring(week):
    """The providers' returns of last month as a workbook; a cell of one was never calculated."""
    chance = week.chance("monitoring")
    month = month_start(month_number(week.end.date()) - 1)
    rows = [["Monthly monitoring return (fictitious)"], [],
            ["CQC Location ID", "Return ref", "Revision", "Month", "Received", "Gives concern", "Falls", "Medication errors",
             "Pressure ulcers", "Occupancy", "Notes"]]
    homes = week.homes[:40]
    for number, home in enumerate(homes):
        rows.append([home.location, f"R-{month:%Y%m}-{number:03d}", 1, month.date(), week.day(1), False,
                     chance.poisson(home.beds * 0.08), chance.poisson(home.beds * 0.02), None,
                     round(1 - chance.uniform(0, 0.2), 3), "never read"])
    rows[3][6] = ("SUM(Z1:Z9)",)
    name = "monitoring-returns.xlsx"
    write_xlsx(week.hand_over(name, "provider-monitoring-return.yaml", len(homes) - 1, refused=1), "Return", rows)


def workforce(week):
    """Workforce figures of last month; what is not stated gives no event."""
    chance = week.chance("workforce")
    first = month_start(month_number(week.end.date()) - 1)
    last = month_start(month_number(week.end.date())) - DAY
    rows = [["Workforce return"], ["Location ID", "Month", "First day", "Last day", "Sickness absence %", "Turnover %",
                                   "Mandatory training %", "Vacancies %", "Agency %", "Submitted"]]
    events = 0
    for home in week.homes[:30]:
        agency = chance.happens(0.4)
        events += 3 if agency else 2
        rows.append([home.location, f"{first:%Y-%m}", f"{first:%d/%m/%Y}", f"{last:%d/%m/%Y}", f"{chance.uniform(2, 8):.1f}%", "n/k",
                     f"{chance.uniform(80, 99):.0f}", "", f"{chance.uniform(1, 12):.1f}" if agency else "-",
                     week.day(2).strftime("%d/%m/%Y")])
    write_csv(week.hand_over("workforce-return.csv", "workforce-return.yaml", events), rows, delimiter=";")


def complaints(week):
    """The complaints log that the council's customer care team keeps by hand, as an OpenDocument spreadsheet."""
    chance = week.chance("complaints")
    rows = [["Ref", "Type", "Received", "CQC ID", "Subject", "Team", "What happened", "Outcome", "Closed", "Complainant"]]
    events = 0
    for number in range(9):
        closed = chance.happens(0.4)
        events += 2 if closed else 1
        rows.append([f"CW-{week.end:%y%m%d}-{number}", "Complaint", week.day(chance.randint(3, 7)), chance.choice(week.homes).location,
                     chance.choice(["Communications", "Staff numbers", "Food & drink", "Waiting times"]), "Adult social care",
                     "Made-up text for the demo", "Not upheld" if closed else "Open", week.day(1) if closed else None,
                     "A name that is not read"])
    rows.append([f"CW-{week.end:%y%m%d}-x", "Compliment", week.day(3), week.homes[0].location, "", "", "", "", None, ""])
    write_ods(week.hand_over("complaints-log.ods", "council-complaints.yaml", events), "Log", rows)


def extension(section, answers):
    """One section of a resource of LFPSE, and its answers."""
    return {"url": f"{TAXONOMY}/{section}-5",
            "extension": [{"url": name, kind: value} for name, kind, value in answers]}


def lfpse(week):
    """Patient safety events of the trust as LFPSE gives them: harm runs backwards, 5 is none and 1 fatal."""
    chance = week.chance("lfpse")
    entries = []
    for number in range(8):
        at = week.end - chance.uniform(2, 7) * DAY
        entries.append({"resource": {
            "resourceType": "AdverseEvent", "id": f"demo-{week.end:%y%m%d}-{number:02d}", "meta": {"versionId": "1"},
            "event": {"coding": [{"code": "1", "display": "Patient safety incident"}]},
            "date": text(at), "recordedDate": text(at + 3 * HOUR), "description": "Made-up text for the demo.",
            "contained": [
                {"resourceType": "Patient", "id": "patient1", "extension": [extension("patient-information", [
                    ("PhysicalHarm", "valueCode", chance.choice("445")), ("PsychologicalHarm", "valueCode", "4")])]},
                {"resourceType": "Location", "id": "location1", "extension": [extension("location-details", [
                    ("LocationKnown", "valueCode", "y"), ("Organisation", "valueCode", week.hospital.ods)])]}],
            "extension": [extension("adverse-event-reference-metadata", [
                ("ReferenceNumber", "valueString", f"LFPSE-DEMO-{week.end:%y%m%d}-{number:02d}"),
                ("DataSharingOptOut", "valueBoolean", number == 7)])]}})
    entries.append({"resource": {"resourceType": "AdverseEvent", "id": f"demo-{week.end:%y%m%d}-98",
                                 "event": {"coding": [{"display": "Good care"}]}}})
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    week.hand_over("lfpse.json", "", 7).write_text(json.dumps(bundle, indent=1) + "\n", encoding="utf-8")


def hand_over(directory, services, feeds):
    """Writes the week's files with their mappings; gives what must become of each."""
    directory.mkdir(parents=True, exist_ok=True)
    week = Handover(directory, services, feeds)
    for told in (safeguarding, capacity, monitoring, workforce, complaints, lfpse):
        told(week)
    return week.files
