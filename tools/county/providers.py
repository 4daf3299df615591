"""The county's services: who they are, how large, who commissions them, who runs them."""

import dataclasses
import datetime

from chance import Chance
from dates import DAY, HOUR, midnight, text
from feeds import COUNCIL, ICB
from names import HOUSES, OPERATORS, PLACES, TREES

NURSING = "CARE_HOME_NURSING"
RESIDENTIAL = "CARE_HOME_RESIDENTIAL"
HOME_CARE = "HOME_CARE"
SUPPORTED = "SUPPORTED_LIVING"
PRACTICE = "GENERAL_PRACTICE"
ACUTE = "ACUTE"
MENTAL_HEALTH = "MENTAL_HEALTH"
CARE_HOMES = (NURSING, RESIDENTIAL)

# Of each thousand services; the rest are residential homes.
SHARES = {NURSING: 230, HOME_CARE: 175, SUPPORTED: 110, PRACTICE: 115}
NURSING_PEERS = 8  # At least so many without a story: what is expected of a nursing home rests on them.
# Beds at the quantiles 0, 5, 10, 25, 50, 75, 90, 95, 99 and 100 % of the national directory of care homes (March 2021).
QUANTILES = [0, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1]
BEDS = {
    NURSING: [6, 13, 22, 34, 48, 65, 82, 97, 135, 160],
    RESIDENTIAL: [1, 3, 4, 7, 16, 31, 46, 60, 80, 96],
    SUPPORTED: [2, 2, 3, 4, 5, 7, 9, 11, 14, 16],
}
NEIGHBOURS = ["worcestershire-council", "gloucestershire-council", "shropshire-council", "powys-council"]


@dataclasses.dataclass
class Service:
    """A monitored service; `number` also makes its ids, none of which the regulator can have given out."""

    number: int
    name: str
    kind: str
    beds: int
    commissioners: list
    joint: bool = False
    operator: str = ""
    operator_id: str = ""
    brand: str = ""
    brand_id: str = ""
    place: str = "Hereford"
    slug: str = ""                # Story homes have a name of their own: demo/willow-bank.
    registered: datetime.datetime = None
    factor: float = 1.0           # How often partners report about it, against its peers.
    reports: list = dataclasses.field(default_factory=list)  # The regulator's reports, oldest first.
    registration: dict = None
    earlier: list = dataclasses.field(default_factory=list)  # What it was before, under other names; oldest first.

    @property
    def story(self):
        """Whether its story is written down: chance then adds nothing."""
        return self.slug != ""

    @property
    def location(self):
        """Its id with the regulator: no real one begins with a zero. Supported living has none."""
        return "" if self.kind == SUPPORTED else f"1-000{self.number:06d}"

    @property
    def ods(self):
        """The code that the NHS gives a hospital: one that it never gave."""
        return "ZZ9X1" if self.kind == ACUTE else ""

    @property
    def covered(self):
        """Whether the Herefordshire policy covers it."""
        return COUNCIL in self.commissioners or (ICB in self.commissioners and self.kind in CARE_HOMES)

    def named_by(self, knows):
        """The id by which a source names it."""
        if knows == "cqc" and self.location:
            return f"cqc-location/{self.location}"
        if self.slug:
            return f"demo/{self.slug}"
        if self.covered or not self.location:
            return f"local:{COUNCIL}/S{self.number:04d}"
        return f"cqc-location/{self.location}"

    def ids(self):
        """Every id it is known by, the regulator's first."""
        known = [f"cqc-location/{self.location}"] if self.location else []
        for knows in ("cqc", "local"):
            if self.named_by(knows) not in known:
                known.append(self.named_by(knows))
        return known + ([f"ods/{self.ods}"] if self.ods else [])


def bed_count(chance, kind):
    """A number of beds as the national directory distributes them."""
    if kind not in BEDS:
        return 0
    at = chance.random()
    for low, high, least, most in zip(QUANTILES, QUANTILES[1:], BEDS[kind], BEDS[kind][1:]):
        if at <= high:
            return round(least + (most - least) * (at - low) / (high - low))
    return BEDS[kind][-1]


def commissioning(chance, kind):
    """Who commissions a service, and whether jointly."""
    if kind in (PRACTICE, ACUTE, MENTAL_HEALTH):
        return [ICB], False
    council = {NURSING: 0.42, RESIDENTIAL: 0.62, HOME_CARE: 0.62, SUPPORTED: 0.90}[kind]
    jointly = {NURSING: 0.24, RESIDENTIAL: 0.05, HOME_CARE: 0.03, SUPPORTED: 0.04}[kind]
    neighbour = chance.choice(NEIGHBOURS)
    at = chance.random()
    if at < council:
        return [COUNCIL] + ([neighbour] if chance.happens(0.15) else []), False
    if at < council + jointly:
        return [COUNCIL, ICB], True
    if at < council + jointly + (0.06 if kind == NURSING else 0):
        return [ICB], False  # Continuing health care only.
    return ([neighbour], False) if chance.happens(0.55) else ([], False)


def names_of(kind, chance, taken):
    """A name that no other service of the county has."""
    while True:
        tree = chance.choice(TREES)
        if kind == HOME_CARE:
            name = f"{tree} {chance.choice(['Home Care', 'Care at Home', 'Homecare', 'Domiciliary Care'])}"
        elif kind == SUPPORTED:
            name = f"{tree} {chance.choice(['Supported Living', 'Mews', 'Close', 'Yard'])}"
        elif kind == PRACTICE:
            name = f"{tree} {chance.choice(['Surgery', 'Medical Practice', 'Medical Centre', 'Health Centre'])}"
        else:
            name = f"{tree} {chance.choice(HOUSES)}"
        if name not in taken:
            taken.add(name)
            return f"{name} (fictitious)"


def run_by(chance, service):
    """Gives a service its operator: some run many homes, most run one."""
    groups = {index: share for index, (_, _, share) in enumerate(OPERATORS)}
    groups[-1] = 100 - sum(groups.values())
    index = chance.pick(groups) if service.kind in (*CARE_HOMES, HOME_CARE, SUPPORTED) else -1
    if index < 0:
        service.operator = service.name.replace(" (fictitious)", "").strip() + " Ltd (fictitious)"
        service.operator_id = f"1-0009{service.number:05d}"
        return
    service.operator, service.brand, _ = OPERATORS[index]
    service.operator_id = f"1-00099{index:04d}"
    service.brand_id = f"BD0{index:02d}" if service.brand else ""


def build_services(seed, count, start, stories):
    """The services of the county: those with a story first, then as many as chance gives of each kind."""
    services = list(stories)
    taken = {service.name.replace(" (fictitious)", "") for service in stories}
    kinds = [ACUTE, MENTAL_HEALTH]
    kinds = [kind for kind in kinds if kind not in {service.kind for service in stories}]
    for kind, share in SHARES.items():
        told = sum(service.kind == kind for service in stories)
        kinds += [kind] * max(NURSING_PEERS if kind == NURSING else 0, round(count * share / 1000) - told)
    kinds += [RESIDENTIAL] * max(0, count - len(services) - len(kinds))
    kinds = kinds[:count - len(services)]
    Chance(seed, "kinds").shuffle(kinds)
    for kind in kinds:
        chance = Chance(seed, "service", len(services) + 1)
        commissioners, joint = commissioning(chance, kind)
        name = names_of(kind, chance, taken)
        service = Service(len(services) + 1, name, kind, bed_count(chance, kind), commissioners, joint)
        if kind == MENTAL_HEALTH:
            service.name, service.beds = "Cathedral View Mental Health Unit (fictitious)", 64
        service.place = chance.pick(PLACES)
        service.registered = start
        if kind in CARE_HOMES and chance.happens(0.015):  # Opened in the time of the history.
            service.registered = midnight(start + chance.uniform(60, 300) * DAY)
        service.factor = chance.factor(0.25)
        services.append(service)
    for service in services:
        run_by(Chance(seed, "operator", service.number), service)
        service.registered = service.registered or start
    return services


def registrations(services, start):
    """The county's register: one ServiceRegistered for each service, in the order in which they were entered."""
    events = []
    for service in sorted(services, key=lambda service: (service.registered, service.number)):
        entered = service.registered + (0 * HOUR if service.registered == start else 9 * HOUR)
        payload = {
            "name": service.name,
            "service_type": f"SERVICE_TYPE_{service.kind}",
            "beds": service.beds,
            "commissioners": service.commissioners,
            "host": ICB if service.kind in (PRACTICE, ACUTE, MENTAL_HEALTH) else COUNCIL,
            "jointly_commissioned": service.joint,
            "also_known_as": service.ids()[1:],
            "organisation": service.operator,
            "brand": service.brand,
            "local_authority": "Herefordshire, County of",
            "icb": ICB,
            "health_commissioned": ICB in service.commissioners,
        }
        # Protobuf JSON leaves out what says nothing.
        payload = {key: value for key, value in payload.items() if value not in ("", 0, False, [])}
        service.registration = payload
        events.append({
            "source": f"{COUNCIL}/directory",
            "id": f"S{service.number:04d}",
            "subject": service.ids()[0],
            "occurred_at": text(service.registered),
            "reported_at": text(service.registered),
            "received_at": text(entered),
            "source_organisation": COUNCIL,
            "service_registered": payload,
        })
    return events
