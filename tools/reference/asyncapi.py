"""docs/reference/asyncapi.yaml: the topics of Apache Kafka, from the schema and from what the code writes.

The schema gives the kinds, their fields and the outcomes. What stands here by hand, the members of outcomes and dead letters, is
checked against the sources that write them: a difference is an error that names it.
"""
import json
import re

from packs import Wrong

# Messages whose JSON is not an object: their short forms (trigpoint/events/json.h).
SHORT = {
    "SealableText": {"type": "string"},
    "Date": {"type": "string", "format": "date"},
    "Month": {"type": "string", "pattern": r"^\d{4}-\d{2}$"},
    "SubjectRef": {"type": "string", "description": "scheme and value, e.g. cqc-location/1-545611283"},
    "EventRef": {"type": "string", "description": "id of an event of the same source"},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string"},
}
SCALAR = {"double": "number", "float": "number", "int32": "integer", "uint32": "integer", "bool": "boolean", "string": "string",
          "int64": "string", "uint64": "string", "bytes": "string"}

PLACE = {"topic": {"type": "string"}, "partition": {"type": "integer"}, "offset": {"type": "integer"},
         "timestamp": {"type": "string", "format": "date-time"}}
WHY = {
    "violations": {"type": "array", "maxItems": 100, "items": {"type": "object", "required": ["field", "rule", "description"], "properties": {
        "field": {"type": "string"}, "rule": {"type": "string"}, "description": {"type": "string"}}}},
    "more_violations": {"type": "integer", "description": "how many more there were"},
    "quarantine_id": {"type": "string", "description": "under which what was refused is kept, sealed"},
}
OUTCOME = {
    "source": {"type": "string", "description": "left out where it could not be read, or may be personal"},
    "id": {"type": "string", "description": "likewise"},
    "source_version": {"type": "integer", "minimum": 1},
    "outcome": {"$ref": "#/components/schemas/SubmissionOutcome"},
    **WHY,
    "stream_id": {"type": "string", "description": "of the service"},
    "position": {"type": "object", "required": ["partition", "offset"], "description": "in the log",
                 "properties": {"partition": {"type": "integer"}, "offset": {"type": "integer"}}},
    "record": {"$ref": "#/components/schemas/Record"},
}
DEAD_LETTER = {
    "partner": {"type": "string", "description": "id of the principal"},
    "outcome": {"$ref": "#/components/schemas/SubmissionOutcome"},
    **WHY,
    "record": {"$ref": "#/components/schemas/Record"},
    "refused_at": {"type": "string", "format": "date-time"},
}


def section(source, begin):
    """The body of the function whose definition begins so."""
    found = re.search(re.escape(begin) + r".*?\n}\n", source, re.DOTALL)
    if found is None:
        raise Wrong(f"partner_messages.cc: no {begin}")
    return found.group(0)


def same(what, in_code, here):
    if set(in_code) != set(here):
        raise Wrong(f"{what}: the code has {sorted(in_code)}, tools/reference/asyncapi.py {sorted(here)}")


def check_messages(source):
    """Members that the code writes are those that stand above."""
    body = re.compile(r'\bbody\["(\w+)"\]|\(\*body\)\["(\w+)"\]')

    def members_of(begin):
        return {one or other for one, other in body.findall(section(source, begin))}

    why = members_of("void AddViolations(")
    same("violations", why, WHY)
    same("an outcome", members_of("TopicMessage OutcomeMessage(") | why, OUTCOME)
    same("a dead letter", members_of("TopicMessage DeadLetterMessage(") | why, DEAD_LETTER)
    same("a record's place", re.findall(r'place\["(\w+)"\]', section(source, "Json PlaceOf(")), PLACE)
    same("a violation", re.findall(r'\{"(\w+)", violation\.', source), WHY["violations"]["items"]["properties"])


def texts(pattern, source, where):
    found = re.search(pattern, source, re.DOTALL)
    if found is None:
        raise Wrong(f"{where}: {pattern} is not there")
    return re.findall(r'"([^"]*)"', found.group(1))


class Schemas:
    """JSON schemas of messages, each once, under components/schemas."""

    def __init__(self, schema, short):
        self.schema = schema
        self.short = short
        self.made = {}

    def of_field(self, field):
        if field.is_map:
            return {"type": "object"}
        one = self.of_type(field.refers_to) if field.refers_to else {"type": SCALAR[field.type]}
        return {"type": "array", "items": one} if field.repeated else one

    def of_type(self, name):
        if name in self.short:
            return self.short[name]
        if name not in self.schema.messages and name not in self.schema.enums:
            return {"type": "object"}
        self.add(name)
        return {"$ref": f"#/components/schemas/{name}"}

    def add(self, name):
        if name in self.made:
            return
        if name in self.schema.enums:
            self.made[name] = {"type": "string", "enum": [value.name for value in self.schema.enums[name].values]}
            return
        self.made[name] = {}
        self.made[name] = {"type": "object",
                           "properties": {field.name: self.of_field(field) for field in self.schema.messages[name].fields}}


def event_schema(schema, schemas):
    """The event as partners send it: what is stamped left out, one kind of fact."""
    event = schema.messages["Event"]
    facts = [field for field in event.fields if field.options.get("kind", {}).get("role") == "EVENT_ROLE_FACT"]
    envelope = [field for field in event.fields if "kind" not in field.options and not field.options.get("stamped")]
    return facts, {
        "type": "object", "description": "exactly one of the kinds stands in it; fields and rules: events.md",
        "properties": {field.name: schemas.of_field(field) for field in [*envelope, *facts]},
        "oneOf": [{"required": [field.name]} for field in facts]}


def attribute(description, **more):
    return {"type": "string", "description": description, **more}


def cloud_event(required, types, data):
    described = {"id": "the event's id; nothing personal", "source": "a source that the partner may submit for",
                 "specversion": "CloudEvents 1.0", "type": "trigpoint.v1. and the kind"}
    properties = {name: attribute(described[name]) for name in required}
    properties["specversion"]["const"] = "1.0"
    properties["type"]["enum"] = types
    properties["subject"] = attribute("as in the event: scheme/value")
    properties["time"] = attribute("occurred_at", format="date-time")
    properties["datacontenttype"] = attribute("", const="application/json")
    properties["data"] = data
    return {"type": "object", "required": [*required, "data"], "properties": properties}


def document(schema, root):
    read = lambda path: (root / path).read_text(encoding="utf-8")  # noqa: E731
    messages = read("services/partners/partner_messages.cc")
    check_messages(messages)
    cloud = read("libs/intake/src/cloud_event.cc")
    prefix = texts(r"kCloudEventTypePrefix = ([^;]*);", read("libs/intake/include/trigpoint/intake/cloud_event.h"), "cloud_event.h")[0]
    required = texts(r"for \(const char\* required : \{([^}]*)\}", cloud, "cloud_event.cc")
    structured = texts(r"kStructured = ([^;]*);", cloud, "cloud_event.cc")[0]
    header = texts(r"kAttributePrefix = ([^;]*);", cloud, "cloud_event.cc")[0]
    binary = re.findall(r'media_type == "([^"]+)"', cloud)
    dead_letters = texts(r"kDeadLetterTopic = ([^;]*);", read("services/partners/partner_config.h"), "partner_config.h")[0]
    alert = read("services/notify/message.cc")
    what = texts(r"const std::string what = ([^;]*);", alert, "message.cc")[0]
    alert_types = [what + end for end in re.findall(r'return what \+ "(\w+)"', alert)]
    alert_members = re.findall(r'body\["(\w+)"\]', alert)
    alert_headers = re.findall(r'\{"([\w-]+)", (?:"application/json"|message\.id)\}', read("services/notify/alerts_topic.cc"))
    same("an alert's members", alert_members, ["type", "timestamp", "data"])
    same("an alert's headers", alert_headers, ["content-type", "message-id"])

    sent = Schemas(schema, SHORT)
    facts, event = event_schema(schema, sent)
    shown = Schemas(schema, {name: SHORT[name] for name in SHORT if name.startswith("google.")})
    shown.add("Alert")
    for name in set(sent.made) & set(shown.made):
        if sent.made[name] != shown.made[name]:
            raise Wrong(f"{name} is sent in one form and shown in another: give one of them a name of its own")
    types = [prefix + field.name for field in facts]
    of_json = {"content-type": {"type": "string", "const": "application/json"}}

    def message(name, title, payload, headers, content_type="application/json", key=None):
        return {"name": name, "title": title, "contentType": content_type,
                "headers": {"type": "object", "required": list(headers), "properties": headers}, "payload": payload,
                **({"bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}}} if key else {})}

    def ref(path):
        return {"$ref": "#/" + path}

    in_headers = {"content-type": {"type": "string", "enum": binary},
                  **{header + name: attribute("as the attribute " + name) for name in required}}
    in_headers[header + "specversion"]["const"] = "1.0"
    in_headers[header + "type"]["enum"] = types
    parameter = {"partner_topic": {"description": "the partner's topic, as `partner_topics` of the node's configuration names it"}}

    def channel(address, description, names, parameters=None):
        return {"address": address, "description": description,
                **({"parameters": parameters} if parameters else {}),
                "messages": {name: ref(f"components/messages/{name}") for name in names}}

    channels = {
        "events": channel("{partner_topic}", "Written by one partner, whom its ACL lets, and read by Trigpoint.",
                          ["structured", "binary"], parameter),
        "outcomes": channel("{partner_topic}.outcomes", "What became of each record; another name by `outcomes`.", ["outcome"], parameter),
        "dead_letters": channel(dead_letters, "What was refused, for operators, without its content; another name by `dead_letters`.",
                                ["dead_letter"]),
        "alerts": channel("{alerts_topic}", "Each alert, at least once.", ["alert"],
                          {"alerts_topic": {"description": "as `alerts_topic` of the node's configuration"}}),
    }

    def operation(action, name):
        return {"action": action, "channel": ref(f"channels/{name}"),
                "messages": [ref(f"channels/{name}/messages/{one}") for one in channels[name]["messages"]]}

    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Trigpoint over Apache Kafka", "version": "1.0.0", "license": {"name": "Apache 2.0"},
                 "description": "Written by tools/reference from the schema and the code; a test says when it is not current. In words: "
                                "docs/kafka.md."},
        "defaultContentType": "application/json",
        "servers": {"kafka": {"host": "kafka.example:9094", "protocol": "kafka-secure",
                              "description": "A client certificate says who it is.", "security": [ref("components/securitySchemes/certificate")]}},
        "channels": channels,
        "operations": {"take_event": operation("receive", "events"), "tell_outcome": operation("send", "outcomes"),
                       "tell_dead_letter": operation("send", "dead_letters"), "send_alert": operation("send", "alerts")},
        "components": {
            "securitySchemes": {"certificate": {"type": "X509"}},
            "messages": {
                "structured": message("structured", "An event as a structured CloudEvent", ref("components/schemas/CloudEvent"),
                                      {"content-type": {"type": "string", "const": structured}}, structured),
                "binary": message("binary", "An event as a binary CloudEvent: Protobuf (trigpoint.v1.Event) or JSON",
                                  ref("components/schemas/Event"), in_headers, binary[0]),
                "outcome": message("outcome", "What became of a record", ref("components/schemas/Outcome"), of_json,
                                   key=attribute("the event's id")),
                "dead_letter": message("dead_letter", "A record of which nothing came", ref("components/schemas/DeadLetter"), of_json,
                                       key=attribute("the partner's topic")),
                "alert": message("alert", "An alert, as webhooks carry it", ref("components/schemas/AlertMessage"),
                                 {**of_json, "message-id": attribute("the same for the same alert, however often it comes")},
                                 key=attribute("alert_id")),
            },
            "schemas": {
                "CloudEvent": cloud_event(required, types, ref("components/schemas/Event")),
                "Event": event,
                "SubmissionOutcome": {"type": "string", "enum": [value.name for value in schema.enums["SubmissionOutcome"].values
                                                                 if value.number != 0]},
                "Record": {"type": "object", "description": "where the partner's record lies", "required": ["topic", "partition", "offset"],
                           "properties": PLACE},
                "Outcome": {"type": "object", "required": ["outcome", "violations", "record"], "properties": OUTCOME},
                "DeadLetter": {"type": "object", "required": ["partner", "outcome", "violations", "record", "refused_at"],
                               "properties": DEAD_LETTER},
                "AlertMessage": {"type": "object", "required": alert_members, "properties": {
                    "type": {"type": "string", "enum": alert_types}, "timestamp": {"type": "string", "format": "date-time"},
                    "data": ref("components/schemas/Alert")}},
                **dict(sorted({**sent.made, **shown.made}.items())),
            },
        },
    }


def lines(value, indent=0):
    """YAML: a mapping that is short stands on one line, as JSON, which YAML is a superset of."""
    for key, item in value.items():
        text = json.dumps(item, ensure_ascii=False)
        name = key if re.fullmatch(r"[A-Za-z_][\w.-]*", key) else json.dumps(key)
        if not isinstance(item, dict) or not item or len(text) + indent + len(name) < 128:
            yield f"{' ' * indent}{name}: {text}"
        else:
            yield f"{' ' * indent}{name}:"
            yield from lines(item, indent + 2)


def page(schema, root):
    return "\n".join(["# Written by tools/reference: not to be changed by hand.", *lines(document(schema, root)), ""])
