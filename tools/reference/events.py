"""docs/reference/events.md: every kind of event, its fields, the messages and code lists they use."""
import re

from words import md, table, words, wrapped

ROLES = {
    "EVENT_ROLE_FACT": "A fact: a partner reports it.",
    "EVENT_ROLE_DECISION": "A decision: a person makes it, through DecisionService or AlertService.",
    "EVENT_ROLE_DERIVED": "Derived: only the service writes it.",
    "EVENT_ROLE_CONTROL": "Control: only the service writes it.",
    "EVENT_ROLE_OPERATION": "Operation: who loads history sends it (role BACKFILL).",
}
EFFECTS = {
    "EFFECT_CONCERN": "Effect: rules count what raises a concern.",
    "EFFECT_KEPT": "Effect: rules read it.",
    "EFFECT_CONCERN_KEPT": "Effect: rules count what raises a concern, and read it.",
}
ORIGINS = {
    "ORIGIN_NOBODY": "Tells nothing new of the care.",
    "ORIGIN_INSIDE": "Told by the provider.",
    "ORIGIN_OUTSIDE": "Told by others.",
}
TYPES = {"string": "text", "bool": "true or false", "double": "number", "uint32": "whole number",
         "uint64": "whole number", "int32": "whole number", "int64": "whole number", "bytes": "bytes",
         "google.protobuf.Timestamp": "instant"}
# Every text in these is an identifier, and no identifier may hold personal data (libs/events/src/message_rules.cc).
IDENTIFIERS = {"Event", "SubjectRef", "EventRef"}

INTRODUCTION = """\
Written by [tools/reference](../../tools/reference) from `proto/trigpoint/v1`; a test says when it is not
current. How to send one: [quickstart-partner.md](../quickstart-partner.md). Policies that read them:
[policies.md](policies.md).

Names are those of the schema; JSON takes them as they stand or in lowerCamelCase. `S0` to `S4` are the documents of the
[glossary](../../GLOSSARY.md); any other clause (`design 2`, `domain.md 2.2`) names a working note that is not in the
checkout. In the tables:

- **needed**: refused with `REQUIRED` when it is missing. A fact needs a `subject` too, save where it cites another
  event.
- **sealed**: free or personal text, encrypted before it is stored. Shown to readers cleared for C3; of a C4 or C5 event
  to nobody.
- **no personal data**: refused when an NHS number or a date of birth stands in it. A text that is neither this nor
  sealed is stored as it comes.
- **stamped**: set by the service, refused from a partner.
- **into the vault**: taken out of the event before anything else looks at it; a node without a vault refuses it with
  `VAULT_NOT_AVAILABLE`.
- `CL-nn` names a code list of the sources: one of the [code lists](#code-lists) below.
- **Effect**: what a fact does to the state of its service beside standing in its timeline.
- A class **or higher** is the floor of the kind: a sender may raise it with `sensitivity`, never lower it.
"""


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def code_class(sensitivity):
    """"SENSITIVITY_C3_PSEUDONYMISED" -> ("C3", "pseudonymised")."""
    code, _, meaning = sensitivity.removeprefix("SENSITIVITY_").partition("_")
    return code, meaning.replace("_", " ").lower()


class Page:
    def __init__(self, schema):
        self.schema = schema
        self.event = schema.messages["Event"]
        self.kinds = [field for field in self.event.fields if "kind" in field.options]
        self.payloads = {field.refers_to for field in self.kinds}
        self.used = self._reachable()

    def _reachable(self):
        """Names of the messages and code lists that events lead to. Policy packs have a page of their own."""
        seen, todo = set(), ["Event"]
        while todo:
            name = todo.pop()
            message = self.schema.messages.get(name)
            if name in seen or (message and message.file.endswith("policy.proto")):
                continue
            seen.add(name)
            todo += [field.refers_to for field in message.fields if field.refers_to] if message else []
        known = set(self.schema.messages) | set(self.schema.enums)
        return seen & known | {"Sensitivity", "SourceFamily", "EventRole", "Effect", "EvidenceCategory"}

    def type_of(self, field):
        name = TYPES.get(field.refers_to or field.type)
        if name is None and field.refers_to in self.used:
            heading = "The envelope" if field.refers_to == "Event" else field.refers_to
            name = f"[{field.refers_to}](#{anchor(heading)})"
        name = name or f"`{field.refers_to}`"
        return f"list of {name}" if field.repeated else name

    def rules_of(self, message, field):
        options = field.options
        identifier = message.name in IDENTIFIERS and field.type == "string"
        rules = [word for word, holds in (
            ("needed", options.get("required")),
            ("stamped", options.get("stamped")),
            ("into the vault", options.get("vault_only")),
            ("sealed", options.get("personal")),
            ("no personal data", options.get("no_personal_data") or identifier),
        ) if holds]
        if "unit" in options:
            rules.append(options["unit"])
        if "code_list" in options and options["code_list"] != field.refers_to:
            rules.append(options["code_list"])
        return ", ".join(rules)

    def fields(self, message, fields=None):
        rows = [(f"`{field.name}`", self.type_of(field), self.rules_of(message, field),
                 md(field.comment) if "kind" not in field.options else "")
                for field in (message.fields if fields is None else fields)]
        return table(("Field", "Type", "Rules", "Meaning"), rows) if rows else ["No fields."]

    def groups(self):
        """(heading, kinds): in the schema a comment stands above the first kind of each group."""
        found = []
        for field in self.kinds:
            if field.comment or not found:
                found.append((field.comment.rstrip("."), []))
            found[-1][1].append(field)
        return found

    def overview(self):
        rows = []
        for field in self.kinds:
            row = field.options["kind"]
            family = words(row["family"], "SOURCE_FAMILY_") if "family" in row else ""
            rows.append((f"[{field.name}](#{anchor(field.name)})", words(row["role"], "EVENT_ROLE_"), family,
                         code_class(row["sensitivity"])[0], md(row["summary"])))
        return table(("Kind", "Role", "Family", "Class", "What it says"), rows)

    def kind(self, field):
        row = field.options["kind"]
        code, meaning = code_class(row["sensitivity"])
        said = [ROLES[row["role"]]]
        if "family" in row:
            said.append(f"Family: {words(row['family'], 'SOURCE_FAMILY_')}.")
        said.append(f"Class: {code} ({meaning})" + ("." if code == "C5" else " or higher."))
        if "effect" in row:
            said.append(EFFECTS[row["effect"]])
        if "origin" in row:
            said.append(ORIGINS[row["origin"]])
        if row.get("periodic"):
            said.append("One is owed for each period.")
        if row.get("bookkeeping"):
            said.append("In no disclosure.")
        if "category" in row:
            said.append(f"Evidence: {words(row['category'], 'EVIDENCE_CATEGORY_')}.")
        said.append(f"Clause: {md(row['source'])}. Number: {field.number}.")
        lines = [f"### {field.name}", "", *wrapped(md(row["summary"])), "", *wrapped(" ".join(said))]
        return lines + ["", *self.fields(self.schema.messages[field.refers_to]), ""]

    def message(self, message):
        lines = [f"### {message.name}", ""]
        if message.comment:
            lines += [*wrapped(md(message.comment)), ""]
        return lines + [*self.fields(message), ""]

    def code_list(self, enum):
        lines = [f"### {enum.name}", ""]
        if enum.comment:
            lines += [*wrapped(md(enum.comment)), ""]
        rows = [(f"`{value.name}`", str(value.number), md(value.comment)) for value in enum.values if value.number != 0]
        columns = 3 if any(row[2] for row in rows) else 2
        return lines + [*table(("Value", "Number", "Meaning")[:columns], [row[:columns] for row in rows]), ""]

    def text(self):
        envelope = [field for field in self.event.fields if "kind" not in field.options]
        lines = ["# Events", "", INTRODUCTION, "## All kinds", "", *self.overview(), "", "## The envelope", "",
                 *wrapped("Beside its payload every event carries these. " + md(self.event.comment)), "",
                 *self.fields(self.event, envelope), ""]
        for heading, kinds in self.groups():
            lines += [f"## {heading}", ""]
            for field in kinds:
                lines += self.kind(field)
        lines += ["## Messages inside events", ""]
        for name, message in self.schema.messages.items():
            if name in self.used and name != "Event" and name not in self.payloads:
                lines += self.message(message)
        lines += ["## Code lists", "",
                  "The value with number 0 stands for \"not said\" and is left out here; in a list it is refused.", ""]
        for name, enum in self.schema.enums.items():
            if name in self.used:
                lines += self.code_list(enum)
        for name, codes in self.schema.codes.items():
            lines += [f"### {name}", "", "A text of these.", "",
                      *table(("Text", "Meaning"), [(f"`{code}`", md(meaning)) for code, meaning in codes]), ""]
        return "\n".join(lines).rstrip("\n") + "\n"


def page(schema):
    return Page(schema).text()
