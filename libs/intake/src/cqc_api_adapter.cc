#include "trigpoint/intake/cqc_api_adapter.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cells.h"
#include "cqc_api_ratings.h"
#include "cqc_events.h"
#include "cqc_vocabulary.h"
#include "json_documents.h"
#include "json_fields.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/utf8.h"
#include "whole_file.h"

namespace trigpoint {
namespace {

using nlohmann::json;

constexpr std::string_view kSource = "cqc/api";
constexpr size_t kDepthMax = 64;
constexpr size_t kOriginalBytesMax = size_t{256} << 10;

// Takes out what may name a person, or is free text.
void StripPersons(json* value) {
  static constexpr std::string_view kKeys[] = {
      "contacts",   "personTitle",         "personGivenName",        "personFamilyName",
      "commentary", "relatedProviderName", "overallPeopleExperience"};
  if (value->is_object()) {
    for (const std::string_view key : kKeys) value->erase(std::string(key));
  }
  if (value->is_structured()) {
    for (json& part : *value) StripPersons(&part);
  }
}

// The latest day that a document names of itself. A future day that a status will change, or the
// day since which a manager is absent, says nothing of its age.
std::optional<CivilDate> LatestDay(const json& document) {
  std::optional<CivilDate> latest;
  const auto take = [&latest](const JsonFields& fields, std::string_view key) {
    latest = std::max(latest, fields.Date(key));
  };
  const JsonFields fields(document, "", nullptr);
  take(fields, "registrationDate");
  take(fields, "deregistrationDate");
  for (const auto& [part, key] : {std::pair("lastInspection", "date"),
                                  {"lastReport", "publicationDate"},
                                  {"currentRatings", "reportDate"}}) {
    if (const auto object = fields.Object(part)) take(*object, key);
  }
  for (const auto& [part, key] : {std::pair("historicRatings", "reportDate"),
                                  {"reports", "reportDate"},
                                  {"assessment", "assessmentPlanPublishedDateTime"}}) {
    for (const JsonFields& entry : fields.List(part)) take(entry, key);
  }
  return latest;
}

// Reads one document. Confined to one Read.
class DocumentReader {
 public:
  DocumentReader(const CqcApiOptions& options, const JsonDocument& place, RowSink& sink,
                 CqcApiCounts* counts)
      : options_(options), place_(place), sink_(sink), counts_(counts) {}

  absl::Status Read() {
    ++counts_->documents;
    if (Parse()) {
      const JsonFields fields(document_, Place(), &problems_);
      if (IsOfKind(fields)) {
        TP_RETURN_IF_ERROR(Emit(fields));
      }
    }
    return problems_.empty() ? absl::OkStatus() : Refuse();
  }

 private:
  bool OfLocation() const { return options_.kind == CqcDocumentKind::kLocation; }
  std::string IdKey() const { return OfLocation() ? "locationId" : "providerId"; }

  std::string Place() const {
    return place_.element ? "[" + std::to_string(*place_.element) + "]" : std::string();
  }

  bool Parse() {
    if (!IsUtf8(place_.text)) {
      problems_.push_back(Violation(Place(), "NOT_UTF8", "the document is not UTF-8"));
    } else if (place_.depth > kDepthMax) {
      problems_.push_back(Violation(Place(), "TOO_DEEP", "brackets within brackets over 64 deep"));
    } else {
      document_ = json::parse(place_.text, nullptr, false);
      if (document_.is_discarded()) {
        problems_.push_back(Violation(Place(), "JSON_SYNTAX", "the document is not JSON"));
      } else if (!document_.is_object()) {
        problems_.push_back(Violation(Place(), "NOT_A_DOCUMENT", "must be an object"));
      }
    }
    return problems_.empty();
  }

  bool IsOfKind(const JsonFields& fields) const {
    const bool location = document_.contains("locationId");
    const bool provider = !location && document_.contains("providerId");
    if (!location && !provider) {
      const bool list = document_.contains("locations") || document_.contains("providers");
      fields.Refuse(IdKey(), "NOT_A_DOCUMENT",
                    list ? "a page of a list holds no documents: fetch each by its id"
                         : "neither a location nor a provider: an answer with an error?");
    } else if (location != OfLocation()) {
      fields.Refuse(IdKey(), "WRONG_DOCUMENT_KIND",
                    location ? "a location: say --format cqc-location"
                             : "a provider: say --format cqc-provider");
    } else if (!IsUsableId(fields.Text(IdKey()))) {
      fields.Refuse(IdKey(), "ID_NOT_USABLE",
                    "must be letters, digits, dash, dot or underscore, at most 40");
    } else {
      return true;
    }
    return false;
  }

  absl::Status Emit(const JsonFields& fields) {
    edition_ = options_.edition ? options_.edition : LatestDay(document_);
    record_ = {.source = std::string(kSource),
               .scheme = OfLocation() ? "cqc-location" : "cqc-provider",
               .value = fields.Text(IdKey()),
               .version = edition_ ? VersionOfEdition(*edition_) : 1};
    registered_on_ = fields.Date("registrationDate");
    deregistered_on_ = fields.Date("deregistrationDate");
    status_ = fields.Text("registrationStatus");
    TP_RETURN_IF_ERROR(EmitService(fields));
    TP_RETURN_IF_ERROR(EmitRegistration(fields));
    if (OfLocation()) {
      TP_RETURN_IF_ERROR(EmitDormancy(fields));
      TP_RETURN_IF_ERROR(EmitManager(fields));
    }
    const RatedSubject subject{.id = record_.value, .registered_on = registered_on_};
    for (const CqcReport& report : ReportsOf(fields, subject, counts_)) {
      TP_RETURN_IF_ERROR(
          Give(RatingEvent(record_, record_.value + "/rating/" + report.id, report)));
    }
    return EmitLinks(fields);
  }

  absl::Status Give(v1::Event event) { return sink_.OnEvent(std::move(event), place_.line); }

  bool IsRegistered() const { return status_ == "Registered"; }

  v1::ServiceType TypeOf(const JsonFields& fields) {
    std::vector<std::string> types;
    for (const JsonFields& type : fields.List("gacServiceTypes")) {
      types.push_back(type.Text(type.Has("description") ? "description" : "name"));
    }
    std::vector<std::string> activities;
    for (const JsonFields& activity : fields.List("regulatedActivities")) {
      activities.push_back(activity.Text("name"));
    }
    std::string category;
    for (const JsonFields& entry : fields.List("inspectionCategories")) {
      if (category.empty() || entry.Text("primary") == "true") category = entry.Text("name");
    }
    const std::string sector = fields.Text("type");
    const CqcServiceEvidence evidence{.service_types = {types.begin(), types.end()},
                                      .activities = {activities.begin(), activities.end()},
                                      .category = category,
                                      .sector = sector,
                                      .care_home = Flag(fields, "careHome")};
    counts_->unknown_service_types += HasUnknownServiceType(evidence) ? 1U : 0U;
    return ServiceTypeOfCqc(evidence);
  }

  static bool Flag(const JsonFields& fields, std::string_view key) {
    const std::string text = fields.Text(key);
    if (!text.empty() && text != "Y" && text != "N") {
      fields.Refuse(key, "FLAG_NOT_KNOWN", "must be Y or N");
    }
    return text == "Y";
  }

  // A person's name is no name of an organisation.
  std::string NameOf(const JsonFields& fields) const {
    if (!OfLocation()) {
      const std::string ownership = fields.Text("ownershipType");
      if (ownership != "Organisation" && ownership != "NHS Body") {
        return "";
      }
    }
    return fields.Text("name");
  }

  absl::Status EmitService(const JsonFields& fields) {
    v1::Event event = NewCqcEvent(record_, record_.value);
    if (registered_on_) OccurOn(*registered_on_, &event);
    if (edition_) ReportOn(*edition_, &event);
    v1::ServiceRegistered* service = event.mutable_service_registered();
    service->set_name(NameOf(fields));
    service->set_service_type(TypeOf(fields));
    if (!OfLocation()) {
      // An organisation is no service of its locations' type; a trust is assessed as one.
      const bool trust = fields.Text("type") == "NHS Healthcare Organisation";
      if (!trust) service->set_service_type(v1::SERVICE_TYPE_OTHER);
    }
    service->set_beds(fields.Count("numberOfBeds").value_or(0));
    service->set_organisation(fields.Text("providerId"));
    service->set_brand(std::string(NotFiller(fields.Text("brandId"))));
    service->set_local_authority(fields.Text("localAuthority"));
    service->set_icb(fields.Text("onspdIcbCode"));
    if (registered_on_) SetDate(*registered_on_, service->mutable_registered_on());
    TP_RETURN_IF_ERROR(Give(std::move(event)));
    return EmitOdsCode(fields);
  }

  absl::Status EmitOdsCode(const JsonFields& fields) {
    const std::string code = fields.Text("odsCode");
    if (code.empty() || !IsRegistered()) {
      return absl::OkStatus();
    }
    if (!IsUsableId(code)) {
      fields.Refuse("odsCode", "ID_NOT_USABLE",
                    "must be letters, digits, dash, dot or underscore, at most 40");
      return absl::OkStatus();
    }
    v1::Event event = NewCqcEvent(record_, record_.value + "/ods");
    if (registered_on_) OccurOn(*registered_on_, &event);
    v1::SubjectRef* id = event.mutable_service_registered()->add_also_known_as();
    id->set_scheme("ods");
    id->set_value(code);
    return Give(std::move(event));
  }

  absl::Status EmitRegistration(const JsonFields& fields) {
    const std::string id = record_.value + "/registration";
    if (IsRegistered()) {
      return Give(StatusEvent(record_, id, v1::RegistrationChanged::STATUS_REGISTERED,
                              registered_on_ ? &*registered_on_ : nullptr));
    }
    if (status_ == "Deregistered") {
      ++counts_->deregistered;
      return Give(StatusEvent(record_, id, v1::RegistrationChanged::STATUS_DEREGISTERED,
                              deregistered_on_ ? &*deregistered_on_ : nullptr));
    }
    fields.Refuse("registrationStatus", "STATUS_NOT_KNOWN", "must be Registered or Deregistered");
    return absl::OkStatus();
  }

  absl::Status EmitDormancy(const JsonFields& fields) {
    const std::string id = record_.value + "/dormancy";
    const auto start = fields.Date("dormancyStartDate");
    const auto end = fields.Date("dormancyEndDate");
    if (Flag(fields, "dormancy")) {
      ++counts_->dormant;
      return Give(StatusEvent(record_, id, v1::RegistrationChanged::STATUS_DORMANT,
                              start ? &*start : nullptr));
    }
    if (!start && !end) {
      return absl::OkStatus();  // It never was.
    }
    return Give(StatusEvent(record_, id, v1::RegistrationChanged::STATUS_ACTIVE_AGAIN,
                            end ? &*end : nullptr));
  }

  static bool HasManager(const JsonFields& fields) {
    for (const JsonFields& activity : fields.List("regulatedActivities")) {
      for (const JsonFields& contact : activity.List("contacts")) {
        const std::vector<std::string> roles = contact.Texts("personRoles");
        if (std::find(roles.begin(), roles.end(), "Registered Manager") != roles.end()) return true;
      }
    }
    return false;
  }

  absl::Status EmitManager(const JsonFields& fields) {
    const std::string id = record_.value + "/manager";
    if (const auto absent = fields.Date("registeredManagerAbsentDate")) {
      ++counts_->manager_absent;
      return Give(
          StatusEvent(record_, id, v1::RegistrationChanged::STATUS_MANAGER_ABSENT, &*absent));
    }
    if (!IsRegistered() || !HasManager(fields)) {
      return absl::OkStatus();
    }
    return Give(StatusEvent(record_, id, v1::RegistrationChanged::STATUS_MANAGER_IN_POST, nullptr));
  }

  absl::Status EmitLinks(const JsonFields& fields) {
    const std::string key = OfLocation() ? "relatedLocationId" : "relatedProviderId";
    for (const JsonFields& link : fields.List("relationships")) {
      const std::string type = link.Text("type");
      const std::string other = link.Text(key);
      const bool predecessor = type == "HSCA Predecessor";
      if (!predecessor && type != "HSCA Successor") {
        link.Refuse("type", "LINK_NOT_KNOWN", "must be HSCA Predecessor or HSCA Successor");
      } else if (!IsUsableId(other) || other == record_.value) {
        link.Refuse(key, "ID_NOT_USABLE", "must be the id of another registration");
      } else {
        TP_RETURN_IF_ERROR(EmitLink(other, predecessor, LinkReasonOfCqc(link.Text("reason"))));
      }
    }
    return absl::OkStatus();
  }

  // A successor takes over on its own registration, which only its own document knows.
  absl::Status EmitLink(const std::string& other, bool predecessor,
                        v1::ServiceLinked::Reason reason) {
    ++counts_->links;
    v1::Event event = NewCqcEvent(record_, record_.value + "/linked/" + other);
    v1::ServiceLinked* link = event.mutable_service_linked();
    link->set_link(predecessor ? v1::ServiceLinked::LINK_PREDECESSOR
                               : v1::ServiceLinked::LINK_SUCCESSOR);
    link->set_reason(reason);
    link->mutable_other()->set_scheme(record_.scheme);
    link->mutable_other()->set_value(other);
    if (predecessor && registered_on_) {
      SetDate(*registered_on_, link->mutable_effective_on());
    }
    if (const auto& day = predecessor ? registered_on_ : deregistered_on_) {
      OccurOn(*day, &event);
    }
    return Give(std::move(event));
  }

  absl::Status Refuse() {
    ++counts_->refused;
    std::string original;
    if (document_.is_object()) {
      StripPersons(&document_);
      if (!OfLocation()) document_.erase("name");
      original = document_.dump();
    }
    if (original.size() > kOriginalBytesMax) {
      original.clear();
    }
    return sink_.OnRefused(
        {.line = place_.line, .original = std::move(original), .violations = std::move(problems_)});
  }

  const CqcApiOptions& options_;
  const JsonDocument& place_;
  RowSink& sink_;
  CqcApiCounts* counts_;
  json document_;
  std::vector<v1::FieldViolation> problems_;
  CqcRecord record_;
  std::optional<CivilDate> edition_;
  std::optional<CivilDate> registered_on_;
  std::optional<CivilDate> deregistered_on_;
  std::string status_;
};

}  // namespace

std::vector<std::pair<std::string, uint64_t>> CqcApiAdapter::Found() const {
  std::vector<std::pair<std::string, uint64_t>> found = {
      {"documents", counts_.documents},
      {"ratings of a report", counts_.ratings},
      {"of these inherited from a predecessor", counts_.inherited},
      {"of these with an overall value that is no rating and overwrites none",
       counts_.not_a_rating},
      {"\"No published rating\" of no date", counts_.nothing_published},
      {"reports without an overall value", counts_.without_overall},
      {"ratings of a service or population group, not the location's", counts_.service_ratings},
      {"deregistered", counts_.deregistered},
      {"dormant", counts_.dormant},
      {"without a registered manager in post", counts_.manager_absent},
      {"links to a predecessor or successor", counts_.links},
      {"documents with a type of service not known here", counts_.unknown_service_types},
      {"documents of which something was refused", counts_.refused}};
  std::erase_if(found, [](const auto& figure) { return figure.second == 0; });
  return found;
}

absl::Status CqcApiAdapter::Read(std::istream& input, RowSink& sink) {
  counts_ = {};
  TP_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(input));
  return ForEachJsonDocument(bytes, [this, &sink](const JsonDocument& document) {
    return DocumentReader(options_, document, sink, &counts_).Read();
  });
}

}  // namespace trigpoint
