"""docs/reference/policies.md: the packs of deploy/policies as a quality lead reads them."""
import re

from packs import Wrong, read_pack
from words import md, table, words, wrapped

INTRODUCTION = """\
Written by [tools/reference](../../tools/reference) from [deploy/policies](../../deploy/policies) and the vocabulary in
`libs/policy`; a test says when it is not current. The packs are what the service runs; this page only sets them out.
The events that measures read: [events.md](events.md). Which stories test each rule: [rules.md](../rules.md). How to
read a recommendation and decide: [quickstart-quality.md](../quickstart-quality.md).

A condition is **true**, **false** or **not known**. "any of" is true as soon as one part is, "all of" is false as soon
as one part is, and "not" of not known is not known. `name` (value) is a parameter of the pack with its value. A reason
that begins with **[D]** says that the number is a default of ours which no source document states.
"""

MEASURE = re.compile(r'\{\.name = "(\w+)",\s*\.summary =\s*((?:"(?:[^"\\]|\\.)*"\s*)+),')
CODES = ("SERVICE_TYPE_", "ENFORCEMENT_KIND_", "RATING_", "GRADE_", "SOURCE_FAMILY_", "ISP_REASON_")
CONDITIONS = {"any", "all", "not", "at_least", "measure", "criterion", "decisive", "combination"}
ARGUMENTS = {"values", "families", "with"}


def vocabulary(root):
    """Measure -> what it asks, from the tables in libs/policy."""
    found = {}
    for path in sorted((root / "libs" / "policy" / "src").glob("measures_*.cc")):
        for name, literal in MEASURE.findall(path.read_text(encoding="utf-8")):
            found[name] = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literal)).replace('\\"', '"')
    return found


def named_in_code(root):
    """Names in quotation marks in libs/policy: parameters that no condition names may be read there."""
    sources = [path.read_text(encoding="utf-8") for path in (root / "libs" / "policy" / "src").glob("*.cc")]
    return {name for source in sources for name in re.findall(r'"([a-z_0-9]+)"', source)}


def plain(code):
    """A code in words; a name that is no code stays."""
    for prefix in CODES:
        if code.startswith(prefix):
            return words(code, prefix)
    return f"`{code}`"


class Pack:
    def __init__(self, pack, measures, read_by_code):
        self.pack = pack
        self.measures = measures
        self.read_by_code = read_by_code
        self.parameters = {entry["name"]: entry for entry in pack.get("parameters", [])}
        self.used = set()

    def argument(self, name, value):
        if value in self.parameters:
            self.used.add(value)
            return f"{name} `{value}` ({self.parameters[value]['value']})"
        return f"{name} {value}"

    def measure(self, expression):
        name = expression["measure"]
        if name not in self.measures:
            raise Wrong(f"{self.pack['id']}: no measure `{name}` was found in libs/policy/src/measures_*.cc")
        text = f"`{name}`"
        if "values" in expression:
            text += " " + ", ".join(plain(value) for value in expression["values"])
        if "families" in expression:
            text += " of " + ", ".join(plain(family) for family in expression["families"])
        if "with" in expression:
            text += ": " + ", ".join(self.argument(*pair) for pair in expression["with"].items())
        return text

    def condition(self, expression, depth=0):
        """Nested bullets."""
        told = CONDITIONS & set(expression)
        if len(told) != 1 or set(expression) - CONDITIONS - ARGUMENTS:
            raise Wrong(f"{self.pack['id']}: an expression is one of {', '.join(sorted(CONDITIONS))}")
        form = told.pop()
        if form in ("any", "all"):
            lines = self.bullet(f"{form} of:", depth)
            for part in expression[form]:
                lines += self.condition(part, depth + 1)
            return lines
        if form == "not":
            inner = self.condition(expression["not"], depth)
            if any(line.lstrip().startswith("- ") for line in inner[1:]):
                return self.bullet("not:", depth) + self.condition(expression["not"], depth + 1)
            return self.bullet("not: " + " ".join(line.strip() for line in inner)[2:], depth)
        if form == "at_least":
            rule = expression["at_least"]
            return self.bullet(f"at least {rule['count']} of {', '.join(rule['of'])}", depth)
        if form == "combination":
            rule = expression["combination"]
            return self.bullet(f"a combination of {', '.join(rule['of'])}: {self.argument('triggers', rule['min_triggers'])} "
                               "hold, each by an incident of its own, and "
                               f"{self.argument('families', rule['min_families'])} are filled, each by an incident of its own",
                               depth)
        if form == "criterion":
            return self.bullet(f"{expression['criterion']} holds", depth)
        if form == "decisive":
            return self.bullet(f"the decisive part of {expression['decisive']} holds", depth)
        return self.bullet(self.measure(expression), depth)

    @staticmethod
    def bullet(text, depth):
        return wrapped(text, "  " * depth + "- ", "  " * depth + "  ")

    def head(self):
        pack = self.pack
        lines = [f"## {pack['id']}", "", *wrapped(f"**{md(pack['title'])}**, version {pack['version']}, kept by "
                                                  f"`{pack['owner']}`. {md(pack['source_document'])}."), ""]
        if pack.get("caveat"):
            lines += [*wrapped(f"Shown with every answer: \"{md(pack['caveat'])}\""), ""]
        if pack.get("review_due"):
            lines += [f"The document is to be reviewed by {pack['review_due']}.", ""]
        if "applies_to" in pack:
            lines += [f"Covers a service ({md(pack.get('applies_to_clause', ''))}) where", "",
                      *self.condition(pack["applies_to"]), ""]
        return lines

    def levels(self):
        """What it says of levels; nothing where it has none."""
        if len(self.pack["authority"]["states"]) == 1:
            return [f"### Levels of {self.pack['id']}", "", "It has none: it says what holds, and what is owed.", ""]
        return self.states() + self.authority()

    def states(self):
        rules = {rule["state"]: rule for rule in self.pack.get("states", [])}
        lines = [f"### Levels of {self.pack['id']}", "",
                 "Lowest first; a level is recommended when its condition, or that of a higher one, holds.", ""]
        states = self.pack["authority"]["states"]
        for state in states:
            rule = rules.pop(state, None)
            if rule is not None:
                lines += [f"**{state}** ({md(rule['clause'])}) when", "", *self.condition(rule["when"]), ""]
            elif state == states[0]:
                lines += [f"**{state}**: where no condition of a higher level holds.", ""]
            else:
                lines += [f"**{state}**: this version has no condition for it and never recommends it.", ""]
        if rules:
            raise Wrong(f"{self.pack['id']}: rules for states that are not in authority.states: {', '.join(rules)}")
        return lines

    def authority(self):
        matrix = self.pack["authority"]
        rows = []
        for move in matrix["transitions"]:
            needs = ", ".join(f"`{need}`" for need in move.get("needs", []))
            if needs and move.get("override_waives_requirements") == "true":
                needs += "; an override with its reason waives it"
            needs = ", ".join(filter(None, (needs, *self.guards(move))))
            joint = "yes" if move.get("joint_if_jointly_commissioned") == "true" else "no"
            rows.append((move["from_state"], move["to_state"], " or ".join(move["roles"]), needs or "nothing more",
                         joint, md(move["clause"])))
        lines = [f"### Who decides under {self.pack['id']}", "",
                 "Any one of the roles. Joint: the other commissioners of a jointly commissioned service must concur.",
                 "",
                 *table(("From", "To", "Role", "Needs", "Joint", "Clause"), rows), ""]
        if "decline_roles" in matrix:
            lines += [*wrapped(f"To decline a recommendation: {' or '.join(matrix['decline_roles'])} "
                               f"({md(matrix['decline_clause'])})."), ""]
        return lines

    @staticmethod
    def guards(move):
        """What a move asks for beside references."""
        if move.get("needs_meeting_outcome"):
            yield f"a quality review meeting of the episode with {move['needs_meeting_outcome']}"
        if move.get("assurance_hold_months"):
            yield (f"{move['assurance_hold_months']} months since a quality risk profile gained assurance, where one was run "
                   f"({md(move['hold_clause'])}; {' or '.join(move['hold_override_roles'])} may override with a rationale)")
        if move.get("needs_urgency") == "true":
            yield "urgency"

    def trigger(self, rule):
        """What a criterion is worth in a combination."""
        if "fills" not in rule and "weight" not in rule:
            return []
        said = "In a combination it may fill: " + " or ".join(plain(family) for family in rule.get("fills", []))
        if rule.get("weight"):
            said += f"; {self.argument('weight', rule['weight'])}, no full trigger"
        return [*wrapped(said + "."), ""]

    def criteria(self):
        lines = [f"### Criteria of {self.pack['id']}", ""]
        for rule in self.pack.get("criteria", []):
            lines += [f"#### {rule['id']}", "", *wrapped(f"{md(rule['text'])} ({md(rule['clause'])})."), "",
                      "Holds when", "", *self.condition(rule["when"]), ""]
            lines += self.trigger(rule)
            if "decisive_when" in rule:
                lines += ["Decides its level by itself when", "", *self.condition(rule["decisive_when"]), ""]
            if rule.get("near_miss"):
                lines += [*wrapped(f"One step before: \"{md(rule['near_miss'])}\""), ""]
        return lines

    def expected(self):
        if "expected" not in self.pack:
            return []
        lines = [f"### What {self.pack['id']} expects to come", ""]
        for feed in self.pack["expected"]:
            self.used |= {feed[key] for key in ("every_days", "grace_days", "missed")}
            kinds = " or ".join(f"`{kind}`" for kind in feed["kinds"])
            if "sources" in feed:
                kinds += " of each of " + ", ".join(f"`{source}`" for source in feed["sources"])
            said = (f"{md(feed['text'])} ({md(feed['clause'])}). {kinds}, every `{feed['every_days']}` days with a grace of "
                    f"`{feed['grace_days']}`; silent when `{feed['missed']}` were missed.")
            lines += [f"#### {feed['id']} of {self.pack['id']}", "", *wrapped(said), ""]
            if "applies_to" in feed:
                lines += ["Where", "", *self.condition(feed["applies_to"]), ""]
        return lines

    def urgent(self):
        if "urgent" not in self.pack:
            return []
        lines = [f"### Urgent path of {self.pack['id']}", "",
                 *wrapped(f"These bypass levels: they recommend {self.pack['urgent_target']} and raise an alert."), ""]
        for rule in self.pack["urgent"]:
            said = f"{md(rule['text'])} ({md(rule['clause'])}). Leads: {md(rule['lead'])}."
            lines += [f"#### {rule['id']} in {self.pack['id']}", "", *wrapped(said), "",
                      "Holds when", "", *self.condition(rule["when"]), ""]
        return lines

    def start(self, start):
        """What starts an obligation, in words."""
        if "kinds" in start:
            text = "From " + " or ".join(f"`{kind}`" for kind in start["kinds"])
            for match in start.get("where", []):
                text += f" whose {match['field']} is {' or '.join(plain(value) for value in match['values'])}"
            return text + (f", by its `{start['date_field']}`" if "date_field" in start else "")
        text = f"While {start['criterion']} holds" if "criterion" in start else ""
        text = f"While {start['state']} is decided" if "state" in start else text
        again = "again after each discharge" if start.get("recurring") == "true" else ""
        return ", ".join(part for part in (text, again) if part) or "Again after each discharge"

    def due(self, rule):
        if "due_field" in rule:
            return f"due on its `{rule['due_field']}`"
        if "due" not in rule:
            return "no time is stated"
        self.used |= set(re.findall(r"\w+", rule["due"]))
        return f"due `{rule['due']}`" + (" (guidance: late is no breach)" if rule.get("guidance") == "true" else "")

    def obligations(self):
        if "obligations" not in self.pack:
            return []
        lines = [f"### What is owed under {self.pack['id']}", "",
                 "How clocks run: [obligations](../obligations.md). Durations: WD working days, CD days, CM months, H hours.", ""]
        for rule in self.pack["obligations"]:
            said = f"{md(rule['text'])} ({md(rule['clause'])}). Owed by {rule['owner']}"
            if "per" in rule:
                said += f", one for each {plain(rule['per'].removeprefix('PER_RECIPIENT_')).lower().replace('_', ' ')}"
            said += f". {self.start(rule['start'])}; {self.due(rule)}."
            for key, words in (("discharged_by", "Discharged by"), ("lapsed_by", "Lapses with"),
                               ("paused_by", "Its clock stops with"), ("resumed_by", "and goes on with")):
                if key in rule:
                    said += f" {words} " + " or ".join(f"`{kind}`" for kind in rule[key])
                    for match in rule.get("discharged_where", []) if key == "discharged_by" else []:
                        said += f" whose {match['field']} is {' or '.join(plain(value) for value in match['values'])}"
                    said += "."
            lines += [f"#### {rule['id']} of {self.pack['id']}", "", *wrapped(said), ""]
            if "applies_to" in rule:
                lines += ["Where", "", *self.condition(rule["applies_to"]), ""]
        return lines

    def cross_walk(self):
        if "cross_walk" not in self.pack:
            return []
        rows = [(entry["state"], entry.get("nqb_state") or "none", md(entry["note"]), md(entry["clause"]))
                for entry in self.pack["cross_walk"]]
        return [f"### {self.pack['id']} beside the ladder of the NQB", "", "For display: never the same level by another name.",
                "", *table(("State", "NQB", "What it is not", "Clause"), rows), ""]

    def parameters_table(self):
        rows = []
        for entry in self.pack.get("parameters", []):
            reason = md(entry["reason"])
            if entry["name"] not in self.used:
                reader = "the service itself reads it" if entry["name"] in self.read_by_code else "nothing reads it"
                reason += f"; in no condition, {reader}"
            rows.append((f"`{entry['name']}`", entry["value"], md(entry["unit"]), reason))
        return [f"### Parameters of {self.pack['id']}", "", *table(("Parameter", "Value", "Unit", "Reason"), rows), ""]

    def what_happens(self):
        lines = [f"### What {self.pack['id']} says happens", ""]
        for level in self.pack.get("measures", []):
            lines += [f"**{level['state']}**", ""]
            for item in level["items"]:
                lines += wrapped(f"{md(item['text'])} ({md(item['clause'])})", "- ", "  ")
            lines.append("")
        return lines

    def cross_walk(self):
        if "cross_walk" not in self.pack:
            return []
        rows = [(entry["state"], entry.get("nqb_state", "nowhere on it"), md(entry["note"]), md(entry["clause"]))
                for entry in self.pack["cross_walk"]]
        return [f"### {self.pack['id']} beside the NQB ladder", "", "For display: no rule reads it.", "",
                *table(("State", "Stands at", "What it is not", "Clause"), rows), ""]

    def text(self):
        lines = self.head() + self.levels() + self.criteria() + self.urgent() + self.expected() + self.obligations()
        lines += self.cross_walk()
        # Parameters after the conditions: by now it is known which are named.
        return lines + self.parameters_table() + self.what_happens() + self.cross_walk()


def page(schema, root):
    measures, read_by_code = vocabulary(root), named_in_code(root)
    lines = ["# Policies", "", INTRODUCTION]
    for path in sorted((root / "deploy" / "policies").glob("*.yaml")):
        lines += Pack(read_pack(path, schema), measures, read_by_code).text()
    lines += ["## Measures", "", "The words that conditions are written in. A new one is code; the rest is data.", ""]
    lines += table(("Measure", "What it asks"), [(f"`{name}`", md(asks)) for name, asks in sorted(measures.items())])
    return "\n".join(lines).rstrip("\n") + "\n"
