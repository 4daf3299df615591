#include "event_words.h"

#include <cmath>
#include <set>

#include "google/protobuf/descriptor.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/domain/record.h"
#include "trigpoint/events/catalogue.h"
#include "trigpoint/events/json.h"
#include "trigpoint/events/times.h"
#include "trigpoint/events/validate.h"

namespace trigpoint {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;

constexpr int64_t kReportHour = 9;
/// A peer baseline is written as events per bed-day over so many bed-days.
constexpr double kBaselineExposure = 10'000'000;

/// Keys of an item that are not fields of the payload.
const std::set<std::string> kEnvelopeKeys = {
    "event",        "id",     "on",     "received", "source", "version", "organisation",
    "incident_key", "themes", "repeat", "register", "by",     "about"};

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

std::string Upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') {
      c = static_cast<char>(c - 'a' + 'A');
    } else if ((c < 'A' || c > 'Z') && (c < '0' || c > '9')) {
      c = '_';
    }
  }
  return text;
}

/// "requires improvement" -> RATING_REQUIRES_IMPROVEMENT.
absl::StatusOr<std::string> EnumName(const EnumDescriptor& type, const std::string& text) {
  if (type.FindValueByName(text) != nullptr) return text;
  const std::string unset = type.value(0)->name();
  const std::string name =
      unset.substr(0, unset.size() - std::string("UNSPECIFIED").size()) + Upper(text);
  if (type.FindValueByName(name) != nullptr) return name;
  return Wrong("\"" + text + "\" is no " + type.name());
}

std::string SourceOf(const KindInfo& kind) {
  switch (kind.role == v1::EVENT_ROLE_DECISION ? v1::SOURCE_FAMILY_UNSPECIFIED : kind.family) {
    case v1::SOURCE_FAMILY_REGULATOR:
      return kind.name == "service_registered" ? "directory" : "cqc/feed";
    case v1::SOURCE_FAMILY_INCIDENT:
      return "nhs-england/lfpse";
    case v1::SOURCE_FAMILY_SAFEGUARDING:
      return "herefordshire-council/safeguarding";
    case v1::SOURCE_FAMILY_COMPLAINT_EXPERIENCE:
      return "herefordshire-council/complaints";
    case v1::SOURCE_FAMILY_WORKFORCE_SPEAKING_UP:
      return "cqc/whistleblowing";
    case v1::SOURCE_FAMILY_COMMISSIONER_OBSERVATION:
      return "herefordshire-council/quality";
    case v1::SOURCE_FAMILY_PROVIDER_SELF_REPORT:
      return "provider/returns";
    case v1::SOURCE_FAMILY_CLINICAL_OUTCOME:
      return "ukhsa/outbreaks";
    case v1::SOURCE_FAMILY_UNSPECIFIED:
      return kDecisionSource;
    default:
      return "herefordshire-council/contracts";
  }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the item is written.
std::string Words(const YAML::Node& node) {
  if (node.IsScalar()) return node.as<std::string>();
  std::string text;
  for (const auto& entry : node) {
    if (!text.empty()) text += ", ";
    text += node.IsMap() ? entry.first.as<std::string>() + " " + Words(entry.second) : Words(entry);
  }
  return node.IsMap() ? text : "[" + text + "]";
}

std::string ItemWords(const YAML::Node& item, const v1::Event& event) {
  std::string text;
  for (const auto& entry : item) {
    const auto key = entry.first.as<std::string>();
    if (key == "event" || key == "id" || key == "on" || key == "repeat") continue;
    text += (text.empty() ? ": " : ", ") + key + " " + Words(entry.second);
  }
  const KindInfo* kind = KindOf(event);
  return FormatInstant(OccurredMicros(event)).substr(0, 10) + " " + std::string(kind->name) + " " +
         event.id() + text;
}

bool HasShortForm(const Descriptor& type) {
  static const std::set<std::string> kShort = {"SealableText", "Date", "Month", "SubjectRef"};
  return kShort.count(type.name()) > 0;
}

absl::StatusOr<int64_t> TimeOf(const YAML::Node& item, const std::string& key,
                               const std::string& otherwise) {
  const std::string text = item[key] ? item[key].as<std::string>() : otherwise;
  if (text.empty()) return Wrong(key + " is missing");
  return LondonInstant(text, kReportHour * kMicrosPerHour);
}

}  // namespace

absl::StatusOr<int64_t> LondonInstant(const std::string& text, int64_t time_of_day_us) {
  if (text.size() > 16) return ParseInstant(text);
  auto date = ParseDate(text.substr(0, 10));
  if (!date.ok()) return Wrong("\"" + text + "\" is no date");
  if (text.size() > 10) {
    const auto clock = ParseInstant(text + ":00Z");
    if (!clock.ok()) return Wrong("\"" + text + "\" is no date and time");
    time_of_day_us = *clock - DaysFromCivil(*date) * kMicrosPerDay;
  }
  const int64_t local = DaysFromCivil(*date) * kMicrosPerDay + time_of_day_us;
  return local - LondonOffset(local - LondonOffset(local));
}

absl::StatusOr<json> EventWords::Single(const YAML::Node& node,
                                        const FieldDescriptor& field) const {
  if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
    const Descriptor& type = *field.message_type();
    if (!node.IsScalar()) return Payload(node, type);
    const auto text = node.as<std::string>();
    if (type.name() == "EventRef") {
      const auto known = sources_.find(text);
      if (known == sources_.end())
        return Wrong(field.name() + ": no event of the story has the id " + text);
      return json{{"source", known->second}, {"id", text}};
    }
    if (type.name() == "Timestamp") {
      TP_ASSIGN_OR_RETURN(const int64_t at, LondonInstant(text, kReportHour * kMicrosPerHour));
      return json(FormatInstant(at));
    }
    if (!HasShortForm(type)) return Wrong(field.name() + " has fields of its own");
    return json(text);
  }
  if (!node.IsScalar()) return Wrong(field.name() + " is one value");
  const auto text = node.as<std::string>();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM: {
      TP_ASSIGN_OR_RETURN(std::string name, EnumName(*field.enum_type(), text));
      return json(name);
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") return Wrong(field.name() + " is true or false");
      return json(text == "true");
    case FieldDescriptor::CPPTYPE_STRING:
      return json(text);
    default: {
      const json number = json::parse(text, nullptr, false);
      if (!number.is_number()) return Wrong(field.name() + " is a number");
      return number;
    }
  }
}

absl::StatusOr<json> EventWords::Value(const YAML::Node& node, const FieldDescriptor& field) const {
  if (!field.is_repeated()) return Single(node, field);
  json list = json::array();
  if (node.IsMap() && field.message_type() != nullptr &&
      field.message_type()->name() == "KeyQuestionRating") {
    // {safe: good, well-led: requires improvement}
    for (const auto& entry : node) {
      const Descriptor& type = *field.message_type();
      TP_ASSIGN_OR_RETURN(json question,
                          Single(entry.first, *type.FindFieldByName("key_question")));
      TP_ASSIGN_OR_RETURN(json rating, Single(entry.second, *type.FindFieldByName("rating")));
      list.push_back({{"key_question", question}, {"rating", rating}});
    }
    return list;
  }
  if (!node.IsSequence()) {
    TP_ASSIGN_OR_RETURN(json only, Single(node, field));
    return json::array({only});
  }
  for (const auto& item : node) {
    TP_ASSIGN_OR_RETURN(json one, Single(item, field));
    list.push_back(one);
  }
  return list;
}

absl::StatusOr<json> EventWords::Payload(const YAML::Node& fields, const Descriptor& type) const {
  json payload = json::object();
  for (const auto& entry : fields) {
    const auto name = entry.first.as<std::string>();
    const FieldDescriptor* field = type.FindFieldByName(name);
    if (field == nullptr) return Wrong(type.name() + " has no field " + name);
    TP_ASSIGN_OR_RETURN(payload[name], Value(entry.second, *field));
  }
  return payload;
}

absl::StatusOr<ScenarioEvent> EventWords::ReadBaseline(const YAML::Node& item) {
  ScenarioEvent given;
  v1::PeerBaselinePublished& baseline = *given.event.mutable_peer_baseline_published();
  baseline.set_service_type(v1::SERVICE_TYPE_CARE_HOME_RESIDENTIAL);
  uint32_t providers = 20;
  std::string from = "2020-01-01";
  std::map<v1::SourceFamily, double> rates;
  for (const auto& entry : item["baseline"]) {
    const auto key = entry.first.as<std::string>();
    const auto text = entry.second.as<std::string>();
    if (key == "providers") {
      providers = entry.second.as<uint32_t>();
    } else if (key == "from") {
      from = text;
    } else if (key == "service_type") {
      TP_ASSIGN_OR_RETURN(const std::string name, EnumName(*v1::ServiceType_descriptor(), text));
      v1::ServiceType type = v1::SERVICE_TYPE_UNSPECIFIED;
      v1::ServiceType_Parse(name, &type);
      baseline.set_service_type(type);
    } else if (key == "each") {
      for (const auto family :
           {v1::SOURCE_FAMILY_SAFEGUARDING, v1::SOURCE_FAMILY_INCIDENT,
            v1::SOURCE_FAMILY_COMPLAINT_EXPERIENCE, v1::SOURCE_FAMILY_COMMISSIONER_OBSERVATION}) {
        rates.emplace(family, entry.second.as<double>());
      }
    } else {
      TP_ASSIGN_OR_RETURN(const std::string name, EnumName(*v1::SourceFamily_descriptor(), key));
      v1::SourceFamily family = v1::SOURCE_FAMILY_UNSPECIFIED;
      v1::SourceFamily_Parse(name, &family);
      rates[family] = entry.second.as<double>();
    }
  }
  for (const auto& [family, rate] : rates) {
    auto* added = baseline.add_rates();
    added->set_family(family);
    added->set_events(static_cast<uint64_t>(std::llround(rate * kBaselineExposure)));
    added->set_exposure(kBaselineExposure);
    added->set_providers(providers);
  }
  TP_ASSIGN_OR_RETURN(const int64_t at, LondonInstant(from, 0));
  SetMicros(at, baseline.mutable_effective_from());
  given.event.set_source("trigpoint/control");
  given.event.set_id("baseline-" + from + "-" + std::to_string(baseline.service_type()));
  SetMicros(at, given.event.mutable_received_at());
  given.words = from + " peer baseline, events per bed-day: " + Words(item["baseline"]);
  return given;
}

/// Holds the numbers that change, and the sources of what is expected; the rest is that of the
/// policy that the story is told under.
absl::StatusOr<ScenarioEvent> EventWords::ReadNewVersion(const YAML::Node& item) {
  if (item.size() != 2 || !item["from"] || !item["new_version"].IsMap())
    return Wrong("a new version has its parameters and `from`, and no more");
  ScenarioEvent given;
  v1::PolicyActivated& activated = *given.event.mutable_policy_activated();
  for (const auto& entry : item["new_version"]) {
    if (entry.second.IsSequence()) {
      v1::ExpectedFeed* feed = activated.mutable_pack()->add_expected();
      feed->set_id(entry.first.as<std::string>());
      for (const auto& source : entry.second) feed->add_sources(source.as<std::string>());
      continue;
    }
    v1::Parameter* parameter = activated.mutable_pack()->add_parameters();
    parameter->set_name(entry.first.as<std::string>());
    parameter->set_value(entry.second.as<double>());
  }
  const auto from = item["from"].as<std::string>();
  TP_ASSIGN_OR_RETURN(const int64_t at, LondonInstant(from, 0));
  SetMicros(at, activated.mutable_effective_from());
  SetMicros(at, given.event.mutable_received_at());
  given.words = from + " a new version of the policy: " + Words(item["new_version"]);
  return given;
}

absl::StatusOr<ScenarioEvent> EventWords::ReadOne(const YAML::Node& item,
                                                  const std::string& id_suffix, int64_t shift_us) {
  const bool registers = item["register"].IsDefined();
  const std::string kind_name =
      registers ? "service_registered" : item["event"].as<std::string>("");
  const KindInfo* kind = KindOfName(kind_name);
  if (kind == nullptr) return Wrong("\"" + kind_name + "\" is no kind of event");
  const Descriptor& type =
      *v1::Event::descriptor()->FindFieldByNumber(kind->number)->message_type();
  const bool decides = kind->role == v1::EVENT_ROLE_DECISION;

  TP_ASSIGN_OR_RETURN(const int64_t on, TimeOf(item, "on", registers ? "2020-01-01" : ""));
  int64_t received = on;
  if (item["received"]) {
    TP_ASSIGN_OR_RETURN(received, TimeOf(item, "received", ""));
  }
  YAML::Node fields(YAML::NodeType::Map);
  if (registers) {
    fields["service_type"] = "care_home_residential";
    fields["beds"] = 40;
    fields["commissioners"].push_back("herefordshire-council");
    for (const auto& entry : item["register"]) fields[entry.first.as<std::string>()] = entry.second;
  }
  // Where the payload has such a field and it names an event of the story, that is meant.
  const bool about_event = type.FindFieldByName("about") != nullptr && item["about"] &&
                           sources_.count(item["about"].as<std::string>()) > 0;
  // Who was told of something, not who reports it.
  const bool told = !decides && type.FindFieldByName("organisation") != nullptr;
  for (const auto& entry : item) {
    const auto key = entry.first.as<std::string>();
    // Where the payload has a field of that name, it is meant (a complaint's subject).
    if (kEnvelopeKeys.count(key) == 0 || (key == "about" && about_event) ||
        (key == "organisation" && told))
      fields[key] = entry.second;
  }
  for (const char* date : {"report_date", "starts_on"}) {
    if (type.FindFieldByName(date) != nullptr && !fields[date])
      fields[date] = FormatDate(LondonDate(on));
  }
  if (decides) {
    if (type.FindFieldByName("policy_id") != nullptr && !fields["policy_id"])
      fields["policy_id"] = policy_;
    YAML::Node actor(YAML::NodeType::Map);
    actor["principal"] = "person";
    if (item["organisation"]) actor["organisation"] = item["organisation"];
    if (item["by"]) actor["roles"] = item["by"];
    fields["actor"] = actor;
  } else if (item["by"]) {
    return Wrong("only a decision is made by somebody (by)");
  }

  const std::string id = item["id"].as<std::string>(registers ? "service" : kind_name) + id_suffix;
  // A correction or retraction comes from where the record came from.
  const auto earlier = sources_.find(id);
  const std::string source =
      item["source"].as<std::string>(earlier != sources_.end() ? earlier->second : SourceOf(*kind));
  json event = {
      {"source", source},
      {"id", id},
      {"subject", item["about"] && !about_event ? "cqc-location/" + item["about"].as<std::string>()
                                                : std::string(kScenarioSubject)},
      {"occurred_at", FormatInstant(on + shift_us)},
      {"received_at", FormatInstant(received + shift_us)},
      {"source_version", item["version"].as<uint32_t>(1)}};
  if (item["organisation"] && !decides && !told)
    event["source_organisation"] = item["organisation"].as<std::string>();
  if (item["incident_key"]) event["incident_key"] = item["incident_key"].as<std::string>();
  if (item["themes"]) {
    TP_ASSIGN_OR_RETURN(event["themes"],
                        Value(item["themes"], *v1::Event::descriptor()->FindFieldByName("themes")));
  }
  sources_.emplace(id, source);
  TP_ASSIGN_OR_RETURN(event[kind_name], Payload(fields, type));

  ScenarioEvent given;
  if (const auto problems = ReadEventJson(event.dump(), &given.event); !problems.empty()) {
    return Wrong(ViolationsText(problems));
  }
  const ValidateOptions options{.submitter = Submitter::kService,
                                .received_us = received + shift_us};
  if (const auto problems = Validate(given.event, options); !problems.empty())
    return Wrong(ViolationsText(problems));
  given.words = ItemWords(item, given.event);
  return given;
}

absl::StatusOr<std::vector<ScenarioEvent>> EventWords::ReadRepeated(const YAML::Node& item) {
  std::vector<ScenarioEvent> all;
  const YAML::Node& repeat = item["repeat"];
  for (const auto& entry : repeat) {
    const auto key = entry.first.as<std::string>();
    if (key != "times" && key != "every_days") return Wrong("repeat has no " + key);
  }
  const int times = repeat["times"].as<int>();
  const auto every =
      static_cast<int64_t>(repeat["every_days"].as<double>() * static_cast<double>(kMicrosPerDay));
  for (int i = 0; i < times; ++i) {
    TP_ASSIGN_OR_RETURN(ScenarioEvent one, ReadOne(item, "-" + std::to_string(i + 1), every * i));
    all.push_back(std::move(one));
  }
  return all;
}

absl::StatusOr<std::vector<ScenarioEvent>> EventWords::Read(const YAML::Node& item) {
  try {
    if (!item.IsMap()) return Wrong("an event is a list of keys");
    if (item["baseline"]) {
      if (item.size() != 1) return Wrong("a baseline stands alone");
      TP_ASSIGN_OR_RETURN(ScenarioEvent baseline, ReadBaseline(item));
      return std::vector<ScenarioEvent>{std::move(baseline)};
    }
    if (item["new_version"]) {
      TP_ASSIGN_OR_RETURN(ScenarioEvent next, ReadNewVersion(item));
      return std::vector<ScenarioEvent>{std::move(next)};
    }
    if (item["repeat"]) return ReadRepeated(item);
    TP_ASSIGN_OR_RETURN(ScenarioEvent one, ReadOne(item, "", 0));
    return std::vector<ScenarioEvent>{std::move(one)};
  } catch (const YAML::Exception& error) {
    return Wrong(error.what());
  }
}

}  // namespace trigpoint
