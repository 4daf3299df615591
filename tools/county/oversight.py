"""What commissioners, Healthwatch and visiting professionals see: returns, visits, feedback, contracts, plans."""

from chance import Chance
from concerns import occurrences
from dates import DAY, HOUR, midnight, month_number, month_start, month_text
from feeds import COUNCIL, ICB
from names import MADE_UP
from providers import ACUTE, CARE_HOMES, HOME_CARE, MENTAL_HEALTH, NURSING, PRACTICE, RESIDENTIAL, SUPPORTED
from ratings import INADEQUATE, RI

FEEDBACK = {NURSING: (0.05, 3.2), RESIDENTIAL: (0.07, 2.6), SUPPORTED: (0, 2.0), HOME_CARE: (0, 4.0),
            PRACTICE: (0, 5.0), ACUTE: (0, 60), MENTAL_HEALTH: (0, 14)}
TONES = {"POSITIVE": 71, "NEUTRAL": 20, "NEGATIVE": 9}
FEEDBACK_THEMES = {"COMMUNICATION": 25, "DIGNITY": 18, "STAFFING": 18, "NUTRITION_HYDRATION": 12,
                   "PREMISES_EQUIPMENT": 14, "CLINICAL_CARE": 8, "MEDICINES": 5}
AUTHORS = {"relative": 45, "resident or patient": 25, "district nurse": 12, "general practitioner": 8, "advocate": 5,
           "visitor": 5}
INDICATORS = {"MANAGEMENT_AND_LEADERSHIP": 30, "STAFF_SKILLS_AND_PRACTICE": 28, "BASIC_CARE_AND_ENVIRONMENT": 18,
              "PLANNING_AND_DELIVERY": 12, "RESIDENTS_BEHAVIOUR_AND_WELLBEING": 8, "RESISTING_OUTSIDERS": 4}
FINDING_THEMES = {"RECORDS_GOVERNANCE": 30, "MEDICINES": 22, "PREMISES_EQUIPMENT": 14, "STAFFING": 14,
                  "INFECTION_CONTROL": 10, "DIGNITY": 5, "LEADERSHIP": 5}
PLAN_THEMES = ["MEDICINES", "RECORDS_GOVERNANCE", "STAFFING", "INFECTION_CONTROL", "LEADERSHIP"]


def monthly_returns(feeds, service):
    """A covered service returns its figures each month, in the first half of the next; a few forget."""
    chance = Chance(feeds.seed, "returns", service.number)
    source = f"{COUNCIL}/returns"
    misses = 0.12 if chance.happens(0.03) else 0.012
    missed_last = False
    first = month_number(max(feeds.start, service.registered).date())
    for month in range(first, month_number(feeds.end.date())):
        due = month_start(month + 1)
        at = due + chance.uniform(2.3, 13.5) * DAY
        if chance.happens(misses / 3 if missed_last and misses < 0.1 else misses):
            missed_last = True
            said = ("monitoring_return_missed", {"period": month_text(month)})
            missed = feeds.add(chance, source, service, due + 20.4 * DAY, said)
            if chance.happens(0.4):  # Late is not missed: the return for that month still comes.
                said = ("monitoring_return_received", {"period": month_text(month)})
                feeds.add(chance, source, service, missed.occurred + chance.uniform(3, 25) * DAY, said, after=missed)
            continue
        missed_last = False
        said = ("monitoring_return_received", {"period": month_text(month), "concern": chance.happens(0.03)})
        feeds.add(chance, source, service, at, said)


def self_assessments(feeds, service):
    """Once a year a service development plan or self-assessment, read by a person."""
    chance = Chance(feeds.seed, "self-assessment", service.number)
    at = max(feeds.start, service.registered) + chance.uniform(5, 360) * DAY
    while at < feeds.end:
        said = {"concern": chance.happens(0.018), "assessed_on": (at + 5 * DAY).date().isoformat()}
        feeds.add(chance, f"{COUNCIL}/returns", service, at + 5 * DAY, ("service_plan_self_assessment_received", said))
        at += chance.uniform(330, 400) * DAY


def visits(feeds, service):
    """Routine visits and contacts; where the rating worries, enhanced visits. Only findings are evidence."""
    chance = Chance(feeds.seed, "visits", service.number)
    worrying = bool(service.reports) and service.reports[-1].overall in (RI, INADEQUATE)
    kinds = {"ROUTINE": 1.1, "CONTACT": 1.6, "ENHANCED": 2.0 if worrying else 0.06}
    for kind, rate in kinds.items():
        for at in occurrences(feeds, chance, service, (0, rate / service.factor)):
            at = midnight(at) + chance.uniform(9, 16) * HOUR
            findings = []
            for _ in range(0 if kind == "CONTACT" else chance.choice([1, 2, 2, 3])):
                grades = {"GOOD_PRACTICE": 30, "NO_CONCERN": 58, "CONCERN": 11 * service.factor, "SERIOUS_CONCERN": 0.3}
                finding = {"grade": f"GRADE_{chance.pick(grades)}", "theme": f"THEME_{chance.pick(FINDING_THEMES)}"}
                if chance.happens(0.2):
                    finding["note"] = chance.choice(MADE_UP)
                findings.append(finding)
            said = {"visit_type": f"VISIT_TYPE_{kind}", "announced": chance.happens(0.5), "findings": findings}
            feeds.add(chance, f"{COUNCIL}/visits", service, at, ("commissioner_visit_conducted", said))


def feedback(feeds, service):
    """What residents, families and visiting professionals say; most of it is kind."""
    chance = Chance(feeds.seed, "feedback", service.number)
    for at in occurrences(feeds, chance, service, FEEDBACK[service.kind]):
        author = chance.pick(AUTHORS)
        source = "healthwatch-herefordshire/feedback"
        if author == "district nurse" and service.kind in (*CARE_HOMES, HOME_CARE, SUPPORTED):
            source = "st-brides-trust/community-nursing"
        elif author == "general practitioner":
            source = f"{ICB}/quality"
        tone = chance.pick(TONES)
        said = {"tone": f"TONE_{tone}", "author_role": author}
        if tone == "NEGATIVE" and chance.happens(0.03):
            said["gives_rise_to_concern"] = True
        theme = chance.pick(FEEDBACK_THEMES)
        feeds.add(chance, source, service, at, ("provider_feedback_received", said), themes=[f"THEME_{theme}"])


def early_indicators(feeds, service):
    """Soft signs that a visiting professional notices: never enough by themselves."""
    chance = Chance(feeds.seed, "indicators", service.number)
    if service.kind in (PRACTICE, ACUTE):
        return
    for at in occurrences(feeds, chance, service, (0, 0.45)):
        said = {"indicator": f"INDICATOR_THEME_{chance.pick(INDICATORS)}",
                "observer_role": chance.choice(["community nurse", "social worker", "quality officer"])}
        feeds.add(chance, f"{ICB}/quality", service, at, ("early_indicator_observed", said))


def plans(feeds, service):
    """A rating that worries brings an improvement plan: actions, most of them done in time, and reviews of it."""
    chance = Chance(feeds.seed, "plans", service.number)
    source = f"{COUNCIL}/contracts"
    for report in service.reports:
        if report.overall not in (RI, INADEQUATE) or report.published < feeds.start:
            continue
        agreed_at = report.published + chance.uniform(14, 30) * DAY
        contact = {"sent_on": agreed_at.date().isoformat(), "reply_due_on": (agreed_at + 21 * DAY).date().isoformat()}
        sent = feeds.add(chance, source, service, agreed_at, ("formal_contact_sent", contact))
        answer = {"contact": {"id": sent.id}, "answered_on": (agreed_at + 12 * DAY).date().isoformat()}
        feeds.add(chance, source, service, agreed_at + 12 * DAY, ("formal_contact_answered", answer), after=sent)
        done = 0
        for theme in chance.sample(PLAN_THEMES, chance.choice([3, 4, 5])):
            due = midnight(agreed_at + chance.uniform(50, 150) * DAY)
            said = {"due_on": due.date().isoformat(), "theme": f"THEME_{theme}", "owner_role": "registered manager"}
            action = feeds.add(chance, source, service, agreed_at, ("plan_action_agreed", said))
            at = due + chance.uniform(-20, 8) * DAY
            said = {"action": {"id": action.id}, "completed_on": at.date().isoformat()}
            done += feeds.add(chance, source, service, at, ("plan_action_completed", said), after=action).on_time
        reviewed_at = agreed_at + 75 * DAY
        said = {"actions_closed": max(1, done // 2), "reviewed_on": reviewed_at.date().isoformat()}
        feeds.add(chance, source, service, reviewed_at, ("plan_reviewed", said))


def contract_matters(feeds, service):
    """Informal queries, a performance notice now and then, managers who leave; hardly ever a default notice."""
    chance = Chance(feeds.seed, "contracts", service.number)
    source = f"{COUNCIL}/contracts"
    rates = {"INFORMAL_QUERY": 0.16, "CONTRACT_PERFORMANCE": 0.03, "DEFAULT": 0.004}
    for notice, rate in rates.items() if service.covered else ():
        for at in occurrences(feeds, chance, service, (0, rate)):
            said = {"notice": f"NOTICE_{notice}", "served_by": COUNCIL, "served_on": at.date().isoformat()}
            feeds.add(chance, source, service, at, ("contract_notice_served", said))
    if service.kind in (*CARE_HOMES, HOME_CARE):
        for at in occurrences(feeds, chance, service, (0, 0.12)):
            said = {"status": "STATUS_MANAGER_ABSENT", "effective_on": at.date().isoformat()}
            gone = feeds.add(chance, "cqc/reports", service, at, ("registration_changed", said))
            at += chance.uniform(20, 130) * DAY
            said = {"status": "STATUS_MANAGER_IN_POST", "effective_on": at.date().isoformat()}
            feeds.add(chance, "cqc/reports", service, at, ("registration_changed", said), after=gone)


def observe(feeds, service):
    """Everything of this module, for one service."""
    if service.covered:
        monthly_returns(feeds, service)
        self_assessments(feeds, service)
        visits(feeds, service)
        plans(feeds, service)
    feedback(feeds, service)
    early_indicators(feeds, service)
    contract_matters(feeds, service)
