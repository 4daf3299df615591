"""The services whose story is written down: what partners said of each, and what must come out."""

import dataclasses

from chance import Chance
from dates import DAY, HOUR, midnight, month_number, month_start, month_text, text
from feeds import COUNCIL, ICB, SOURCES
from providers import ACUTE, NURSING, RESIDENTIAL, Service
from ratings import GOOD, INADEQUATE, RI, Report, same

HEREFORDSHIRE = "herefordshire"


@dataclasses.dataclass
class Story:
    """A service, what partners said in one sentence, and what must come out after the history and after live/."""

    service: Service
    said: str
    outcome: str
    clause: str
    tell: object
    alert: bool = False
    expect: list = dataclasses.field(default_factory=list)


class Teller:
    """Tells of one service: every instant is counted back from the end of the history."""

    def __init__(self, feeds, live, story):
        self.feeds = feeds
        self.live = live
        self.story = story
        self.service = story.service
        self.chance = Chance(feeds.seed, "story", story.service.slug)

    def about(self, service):
        """Tells of another service in the same story."""
        teller = Teller(self.feeds, self.live, self.story)
        teller.service = service
        return teller

    def ago(self, days, hour=10):
        """An instant so many days before the end."""
        return midnight(self.feeds.end) - days * DAY + hour * HOUR

    def date(self, days):
        """A date so many days before the end."""
        return self.ago(days).date().isoformat()

    def say(self, source, days, kind, payload, **more):
        """A report that is known two hours after it happened (or from `known` on), here two later; gives its id."""
        at = more.pop("at", self.ago(days))
        known = more.pop("known", at + 2 * HOUR)
        times = (known, known + 2 * HOUR)
        return self.feeds.add(self.chance, source, self.service, at, (kind, payload), times=times, **more).id

    def now(self, file, source, days, kind, payload, **more):
        """A report of live/: it arrives when it is submitted. Gives its id."""
        at = self.ago(days, more.pop("hour", 10))
        event = {
            "source": source,
            "id": self.feeds.next_id(source, self.service),
            "subject": self.service.named_by("local"),
            "occurred_at": text(at),
            "reported_at": text(at),
            "source_organisation": SOURCES[source].organisation,
            **more,
            kind: payload,
        }
        self.live.setdefault(file, []).append(event)
        return event["id"]

    def rated(self, days, overall=GOOD, questions=None):
        """A report of the regulator."""
        self.service.reports.append(Report(midnight(self.ago(days)), overall, dict(questions or same(overall))))

    def concern(self, days, theme, closed=True):
        """A small safeguarding concern, closed with no further action three days later; gives its id."""
        source = f"{COUNCIL}/safeguarding"
        said = {"abuse_types": ["ABUSE_TYPE_NEGLECT"], "adults": 1}
        concern = self.say(source, days, "safeguarding_concern_raised", said, themes=[f"THEME_{theme}"])
        if closed:
            said = {"concern": {"id": concern}, "outcome": "OUTCOME_NO_FURTHER_ACTION"}
            self.say(source, days - 3, "safeguarding_concern_screened", said)
        return concern

    def quiet(self, returns_until=0):
        """Every feed is there and says nothing alarming; `returns_until`: days before the end."""
        for n, tone in enumerate(["POSITIVE"] * 5 + ["NEGATIVE"]):
            self.say("healthwatch-herefordshire/feedback", 80 - 10 * n, "provider_feedback_received",
                     {"tone": f"TONE_{tone}", "author_role": "relative"}, themes=["THEME_COMMUNICATION"])
        for month in range(month_number(self.feeds.start.date()), month_number(self.feeds.end.date())):
            at = month_start(month + 1) + 8 * DAY + 10 * HOUR
            if at > self.ago(returns_until):
                break
            self.say(f"{COUNCIL}/returns", 0, "monitoring_return_received", {"period": month_text(month)}, at=at)
        self.say(f"{COUNCIL}/returns", 120, "service_plan_self_assessment_received",
                 {"concern": False, "assessed_on": self.date(120)})
        self.say(f"{COUNCIL}/visits", 150, "commissioner_visit_conducted",
                 {"visit_type": "VISIT_TYPE_ROUTINE", "announced": True, "findings": [{"grade": "GRADE_NO_CONCERN"}]})
        self.say("cqc/notifications", 70, "incident_reported", {"physical_harm": "HARM_LOW"}, themes=["THEME_FALLS"])
        self.concern(400, "DIGNITY")  # Long ago: the council does report about this home, and has nothing new to say.
        self.say(f"{COUNCIL}/complaints", 100, "complaint_received", {"subject": "facilities"},
                 themes=["THEME_COMMUNICATION"])

    def expect(self, target, phase="live", policy=HEREFORDSHIRE, **more):
        """What must come out; `more`: true, false, decisive, evidence, figures, near_miss, owed."""
        self.story.expect.append({"phase": phase, "policy": policy, "target_state": target, **more})


def willow_bank(tell):
    """Seven small concerns in ten months: six in the history, the seventh in live/, closed like the others."""
    tell.rated(600)
    tell.quiet()
    concerns = [tell.concern(days, theme) for days, theme in [
        (290, "FALLS"), (250, "MEDICINES"), (205, "NUTRITION_HYDRATION"), (160, "DIGNITY"), (110, "FALLS"),
        (60, "PRESSURE_CARE")]]
    source = f"{COUNCIL}/safeguarding"
    said = {"abuse_types": ["ABUSE_TYPE_NEGLECT"], "adults": 1}
    concerns.append(tell.now("1-seventh-concern.jsonl", source, 2, "safeguarding_concern_raised", said,
                             themes=["THEME_NUTRITION_HYDRATION"]))
    tell.now("2-closed-as-well.jsonl", source, 1, "safeguarding_concern_screened",
             {"concern": {"id": concerns[-1]}, "outcome": "OUTCOME_NO_FURTHER_ACTION"})
    tell.expect("LEVEL_1", "history", false=["H-L2-3"])
    tell.expect("LEVEL_2", true=["H-L2-3", "H-L1-5"], decisive=["H-L2-3"], evidence={"H-L2-3": concerns})


def orchard_house(tell):
    """Good for years, then Requires improvement in everything."""
    tell.rated(900)
    tell.rated(20, RI)
    tell.quiet()
    tell.expect("LEVEL_3", "history", true=["H-L3-1"])
    tell.expect("LEVEL_3", true=["H-L3-1"])


def elm_court(tell):
    """A warning notice beside a mild record."""
    tell.rated(700)
    tell.quiet()
    notice = tell.say("cqc/enforcement", 12, "cqc_enforcement_action_recorded",
                      {"action": "ENFORCEMENT_KIND_WARNING_NOTICE", "regulations": ["12"], "served_on": tell.date(12)})
    tell.expect("LEVEL_2", true=["H-L1-1", "H-L2-2"], evidence={"H-L2-2": [notice]})


def beech_grove(tell):
    """Placements suspended and not taken up again."""
    tell.rated(800)
    tell.quiet()
    suspension = tell.say(f"{COUNCIL}/contracts", 130, "suspension_imposed",
                          {"scope": "SCOPE_TEMPORARY", "starts_on": tell.date(130), "imposed_by": COUNCIL})
    tell.expect("LEVEL_3", true=["H-L2-10", "H-L3-7"], evidence={"H-L3-7": [suspension]})


def larch_lodge(tell):
    """Two returns missed in a row, and a self-assessment that worries its reader."""
    tell.rated(750)
    last = month_number(tell.feeds.end.date())
    missed = [tell.say(f"{COUNCIL}/returns", days, "monitoring_return_missed", {"period": month_text(last - back)})
              for back, days in ((2, 50), (1, 20))]
    worry = tell.say(f"{COUNCIL}/returns", 25, "service_plan_self_assessment_received",
                     {"concern": True, "assessed_on": tell.date(25)})
    tell.expect("LEVEL_2", true=["H-L2-7", "H-L2-8"], evidence={"H-L2-7": [worry], "H-L2-8": missed})


def riverside(tell):
    """All feeds, all quiet."""
    tell.rated(560)
    tell.quiet()
    tell.concern(45, "FALLS")
    criteria = ["H-L1-1", "H-L1-2", "H-L1-3", "H-L1-4", "H-L1-5", "H-L1-7", "H-L1-8", "H-L1-9"]
    nothing = [f"H-L2-{n}" for n in (1, 2, 3, 4, 5, 7, 8, 9, 10)] + ["H-L3-1", "H-L3-7"]
    for phase in ("history", "live"):
        tell.expect("LEVEL_1", phase, true=criteria, false=nothing, floor="LEVEL_1", ceiling="LEVEL_1")


def meadow_view(tell):
    """Three small falls in a year, then one incident that four partners tell of: seven reports, four incidents."""
    tell.rated(650)
    tell.quiet()
    for days in (330, 240, 150):
        tell.say("cqc/notifications", days, "incident_reported", {"physical_harm": "HARM_LOW"}, themes=["THEME_FALLS"])
    said = {"physical_harm": "HARM_MODERATE"}
    shared = {"themes": ["THEME_FALLS"], "incident_key": "LFPSE-DEMO-0001"}
    for source in ("cqc/notifications", "ambulance-service/referrals", "st-brides-trust/community-nursing"):
        tell.say(source, 15, "incident_reported", dict(said), **shared)
    tell.expect("LEVEL_1", "history", figures={"H-L2-3": {"incident in 90 days: observed": 2}})
    tell.now("3-fourth-partner.jsonl", f"{ICB}/quality", 15, "incident_reported", dict(said), **shared)
    tell.expect("LEVEL_1", false=["H-L2-3"], figures={"H-L2-3": {"incident in 90 days: observed": 2, "same theme": 2}})


def ashgrove(tell):
    """One anonymous whistleblower, and nothing else."""
    tell.rated(640)
    tell.quiet()
    tell.expect("LEVEL_1", "history", false=["R-URG"])
    tell.now("urgent.jsonl", f"{COUNCIL}/whistleblowing", 0, "whistleblowing_concern_received", {
        "route": "ROUTE_LOCAL_AUTHORITY", "current_abuse_alleged": True, "anonymous": True,
        "narrative": "Made-up text for the demo: sealed before it is stored, shown to nobody here."},
        hour=0, themes=["THEME_ABUSE"])
    # What it rests on is shown to nobody here: the source is protected.
    tell.expect("RAPID_REVIEW", true=["R-URG"], protected=["R-URG"], evidence={"R-URG": []})


def hazel_court(tell):
    """A default notice, then a hundred visits and calls that found nothing."""
    tell.rated(820)
    tell.quiet()
    notice = tell.say(f"{COUNCIL}/contracts", 190, "contract_notice_served",
                      {"notice": "NOTICE_DEFAULT", "served_by": COUNCIL, "served_on": tell.date(190)})
    for n in range(100):
        kind = "CONTACT" if n % 3 else "ROUTINE"
        tell.say(f"{COUNCIL}/visits", 0, "commissioner_visit_conducted",
                 {"visit_type": f"VISIT_TYPE_{kind}", "announced": n % 2 == 0}, at=tell.ago(180 - 1.75 * n))
    tell.expect("LEVEL_2", true=["H-L1-3", "H-L1-7", "H-L2-9"], false=["H-L3-6"], evidence={"H-L2-9": [notice]})


def maple_grange(tell):
    """An incident first taken for severe, put right twelve days later."""
    tell.rated(710)
    tell.quiet()
    source, themes = "cqc/notifications", ["THEME_FALLS"]
    wrong = tell.say(source, 50, "incident_reported", {"physical_harm": "HARM_SEVERE"}, themes=themes)
    tell.say(source, 50, "incident_reported", {"physical_harm": "HARM_LOW"}, themes=themes, id=wrong,
             source_version=2, known=tell.ago(38))
    tell.expect("LEVEL_1", "history", false=["H-L2-4"])
    tell.expect("LEVEL_1", false=["H-L2-4"])


def border_house(tell):
    """A warning notice about a home in which only a neighbouring council places people."""
    tell.rated(690)
    tell.say("cqc/enforcement", 30, "cqc_enforcement_action_recorded",
             {"action": "ENFORCEMENT_KIND_WARNING_NOTICE", "regulations": ["17"], "served_on": tell.date(30)})
    tell.story.expect.append({"phase": "live", "policy": HEREFORDSHIRE, "covered": False})


def st_brides(tell):
    """One never event."""
    tell.rated(950)
    tell.now("4-never-event.jsonl", "nhs-england/lfpse", 3, "incident_reported",
             {"physical_harm": "HARM_SEVERE", "never_event": "NEVER_EVENT_TYPE_WRONG_SITE_SURGERY",
              "ward": "Theatre 2"},
             themes=["THEME_CLINICAL_CARE"])
    tell.expect("ROUTINE", policy="nqb", false=["R-URG", "R-RQR"], near_miss="R-URG")


def oakfield(tell):
    """Three small falls in a year, then one incident of which each of four partners has its own number, or none."""
    tell.rated(660)
    tell.quiet()
    for days in (335, 245, 155):
        tell.say("cqc/notifications", days, "incident_reported", {"physical_harm": "HARM_LOW"}, themes=["THEME_FALLS"])
    shared = {"themes": ["THEME_PRESSURE_CARE", "THEME_STAFFING"]}
    said = {"physical_harm": "HARM_MODERATE", "people_affected": 1, "ward": "Cedar"}
    reports = [tell.say(source, 12, "incident_reported", dict(said), **shared)
               for source in ("cqc/notifications", "ambulance-service/referrals", "st-brides-trust/community-nursing")]
    reports.append(tell.now("5-no-common-key.jsonl", f"{ICB}/quality", 12, "incident_reported", dict(said), **shared))
    for phase in ("history", "live"):
        tell.expect("LEVEL_1", phase, figures={"H-L2-3": {"incident in 90 days: observed": 2}})


def millstream(tell):
    """The monthly returns came for a year, and then no more; nobody says that there is nothing to return."""
    tell.rated(670)
    tell.quiet(returns_until=150)
    tell.expect("LEVEL_1", "history", silent=["monitoring_return_received"])
    tell.expect("LEVEL_1", silent=["monitoring_return_received"])


def mill_view(tell):
    """Six small concerns about one house under three owners, none of whom had more than two."""
    houses = [*tell.service.earlier, tell.service]
    tell.about(houses[0]).rated(700)
    concerns = []
    for house, told in zip(houses, ({340: "FALLS", 310: "DIGNITY"}, {260: "FALLS", 190: "MEDICINES"},
                                    {80: "NUTRITION_HYDRATION"})):
        concerns += [tell.about(house).concern(days, theme) for days, theme in told.items()]
    for before, after, days in zip(houses, houses[1:], (300, 120)):
        after.registered = tell.ago(days, 0)
        link = {"link": "LINK_PREDECESSOR", "other": before.named_by("cqc"), "reason": "REASON_CHANGE_OF_OWNERSHIP",
                "effective_on": tell.date(days)}
        tell.about(after).say("cqc/register", days, "service_linked", link)
        tell.about(before).say("cqc/register", days, "registration_changed",
                               {"status": "STATUS_DEREGISTERED", "effective_on": tell.date(days)})
    said = {"abuse_types": ["ABUSE_TYPE_NEGLECT"], "adults": 1}
    concerns.append(tell.now("6-after-two-sales.jsonl", f"{COUNCIL}/safeguarding", 2, "safeguarding_concern_raised", said,
                             themes=["THEME_NUTRITION_HYDRATION"]))
    tell.expect("LEVEL_1", "history")
    tell.expect("LEVEL_2", true=["H-L2-3"], evidence={"H-L2-3": concerns})


def ferry_wharf(tell):
    """One house that five frameworks look at, each with its own eyes."""
    tell.rated(20, RI, {**same(GOOD), "SAFE": INADEQUATE, "WELL_LED": RI})
    tell.quiet()
    warning = tell.say("cqc/enforcement", 18, "cqc_enforcement_action_recorded",
                       {"action": "ENFORCEMENT_KIND_WARNING_NOTICE", "regulations": ["12"], "served_on": tell.date(18)})
    notice = tell.say(f"{ICB}/quality", 40, "statutory_notice_received",
                      {"notice": "NOTICE_PREVENTION_OF_FUTURE_DEATHS", "served_on": tell.date(40),
                       "issued_by": "Coroner for the county"}, themes=["THEME_CLINICAL_CARE"])
    tell.say(f"{ICB}/quality", 28, "commissioner_visit_conducted",
             {"visit_type": "VISIT_TYPE_ENHANCED", "announced": True, "findings": [{"grade": "GRADE_NO_CONCERN"}]})
    tell.expect("LEVEL_2", decisive=["H-L2-1"], true=["H-L2-2"], evidence={"H-L2-2": [warning]})
    tell.expect("ENHANCED_INTERIM", policy="halton-warrington", true=["P-T09", "P-T10", "COMB", "S_TRIG"],
                evidence={"P-T10": [notice]})
    tell.expect("", policy="halton-qaf", true=["C-MDT"])
    tell.expect("", policy="mse-visits", owed={"DL-01": "STATUS_OVERDUE"})


def home(slug, name, beds, kind=NURSING, commissioners=(COUNCIL,)):
    """A service with a story."""
    return Service(0, f"{name} (fictitious)", kind, beds, list(commissioners), slug=slug)


def sold_twice():
    """A house that had two other owners, and other names, before."""
    house, *earlier = [home(slug, name, 20, RESIDENTIAL) for slug, name in
                       (("mill-view", "Mill View"), ("old-mill", "The Old Mill"), ("mill-court", "Mill Court"))]
    house.earlier = earlier
    return house


def all_stories():
    """The stories in the order of the page: service, what partners said, what must come out, clause, who tells it."""
    s2 = "S2 App 2"
    told = [
        (home("willow-bank", "Willow Bank", 42),
         "seven small safeguarding concerns in ten months, each closed with no further action; the last arrives now",
         "Level 2 by H-L2-3: a body of concern beyond what its size explains, citing all seven", f"{s2} Level 2",
         willow_bank),
        (home("orchard-house", "Orchard House", 32), "rated Requires improvement overall and in all five key questions",
         "Level 3 by H-L3-1", f"{s2} Level 3", orchard_house),
        (home("elm-court", "Elm Court", 28), "a warning notice beside an otherwise mild record",
         "Level 2 by H-L2-2: a hard fact is not averaged away", f"{s2} Level 2", elm_court),
        (home("beech-grove", "Beech Grove", 36), "placements suspended 130 days ago, not lifted",
         "Level 3 by H-L3-7: strictly more than three calendar months", f"{s2} Level 3", beech_grove),
        (home("larch-lodge", "Larch Lodge", 24, RESIDENTIAL),
         "two monitoring returns missed in a row, and a self-assessment that worries its reader",
         "Level 2 by H-L2-7 and H-L2-8 together; either alone is a note", f"{s2} Level 2", larch_lodge),
        (home("riverside", "Riverside", 30),
         "every feed there, all returns received, six items of feedback, one small concern",
         "stays at Level 1, and nothing that is not known could change it", f"{s2} Level 1", riverside),
        (home("meadow-view", "Meadow View", 28), "one incident told by four partners under one incident key",
         "counts once: no step up", f"{s2} Level 1; S1 L86", meadow_view),
        (home("ashgrove", "Ashgrove House", 38),
         "an anonymous whistleblower alleges current abuse; nothing else is known against it",
         "R-URG: a rapid quality review alert at once, the source protected", "S3 App 2", ashgrove),
        (home("hazel-court", "Hazel Court", 34), "a default notice, then a hundred visits and calls without a finding",
         "stays at Level 2 by H-L2-9: visits that prove nothing neither raise nor lower", "S0 6.1-6.3; S2 3.3.3",
         hazel_court),
        (home("maple-grange", "Maple Grange", 40), "an incident reported as severe, corrected to low twelve days later",
         "Level 1: the recommendation that rested on it is withdrawn", f"{s2} Level 2", maple_grange),
        (home("border-house", "Border House", 26, RESIDENTIAL, ["powys-council"]),
         "a warning notice about a home in which only a neighbouring council places people",
         "nothing under the Herefordshire policy, which does not cover it", "S2 1.5.1", border_house),
        (home("st-brides", "St Bride's Hospital", 420, ACUTE, [ICB]),
         "one never event beside the ordinary reports of a hospital",
         "NQB pack: noted; a second within 30 days would be urgent", "S3 App 2; S1 L173", st_brides),
        (home("oakfield", "Oakfield", 28), "one incident told by four partners, each with its own number or none",
         "counts once, as probably one incident: no step up; both stay visible and a person may say otherwise",
         f"{s2} Level 1; S1 L86", oakfield),
        (home("millstream", "Millstream", 30), "the monthly returns stopped five months ago; nobody says why",
         "stays at Level 1, and the feed is silent: a finding in the coverage and the timeline", f"{s2} Level 1; S1 L26",
         millstream),
        (sold_twice(), "sold twice under new names; six small concerns, under no owner more than two",
         "Level 2 by H-L2-3, citing all six: a sale does not begin anew; a person confirms what is inherited",
         f"{s2} Level 2; S4 3.91", mill_view),
        (home("ferry-wharf", "Ferry Wharf", 30, NURSING, [COUNCIL, ICB, "halton-borough-council", "halton-warrington-ccg", "mse-icb"]),
         "Safe rated Inadequate, a warning notice, a coroner's notice; an enhanced visit four weeks ago without a report",
         "five frameworks side by side: Level 2 for one, within enhanced until a meeting for another, a decision about a "
         "multi-disciplinary team owed under the third, a visit report overdue under the fourth; none is turned into another",
         f"{s2} Level 2; S3 5.2.1, App 1; S4 2.10; S0 App C; S1 L155", ferry_wharf),
    ]
    stories = [Story(*story) for story in told]
    for story in stories:
        story.alert = story.service.slug == "ashgrove"
    for number, service in enumerate(services_of(stories), start=1):
        service.number = number
    return stories


def services_of(stories):
    """Every service of the stories: those that they are about first."""
    return [story.service for story in stories] + [one for story in stories for one in story.service.earlier]


def as_json(stories):
    """The stories as a program checks them."""
    return [{
        "subject": f"demo/{story.service.slug}",
        "ids": story.service.ids(),
        "name": story.service.name,
        "said": story.said,
        "outcome": story.outcome,
        "clause": story.clause,
        "alert": story.alert,
        "expect": story.expect,
    } for story in stories]
