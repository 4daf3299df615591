#include "trigpoint/intake/lfpse_fhir_adapter.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "json_documents.h"
#include "json_fields.h"
#include "lfpse_resource.h"
#include "trigpoint/base/status.h"
#include "trigpoint/base/utf8.h"
#include "trigpoint/events/violation.h"
#include "whole_file.h"

namespace trigpoint {
namespace {

using nlohmann::json;

constexpr size_t kDepthMax = 64;

// Reads one document: a resource or a Bundle of them. Confined to one Read.
class DocumentReader {
 public:
  DocumentReader(const JsonDocument& place, RowSink& sink, LfpseFhirCounts* counts)
      : place_(place), sink_(sink), counts_(counts) {}

  absl::Status Read() {
    const std::string path = place_.element ? "[" + std::to_string(*place_.element) + "]" : "";
    if (!Parse(path)) return Refuse(json());
    if (TypeOf(document_) != "Bundle") return ReadResource(document_, path);
    const auto entries = document_.find("entry");
    if (entries == document_.end()) return absl::OkStatus();
    if (!entries->is_array()) {
      problems_.push_back(Violation(Joined(path, "entry"), "WRONG_TYPE", "must be a list"));
      return Refuse(document_);
    }
    for (size_t i = 0; i < entries->size(); ++i) {
      TP_RETURN_IF_ERROR(
          ReadEntry((*entries)[i], Joined(path, "entry[" + std::to_string(i) + "]")));
    }
    return absl::OkStatus();
  }

 private:
  static std::string Joined(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  static std::string TypeOf(const json& resource) {
    return JsonFields(resource, "", nullptr).Text("resourceType");
  }

  bool Parse(const std::string& path) {
    if (!IsUtf8(place_.text)) {
      problems_.push_back(Violation(path, "NOT_UTF8", "the document is not UTF-8"));
    } else if (place_.depth > kDepthMax) {
      problems_.push_back(Violation(path, "TOO_DEEP", "brackets within brackets over 64 deep"));
    } else {
      document_ = json::parse(place_.text, nullptr, false);
      if (document_.is_discarded()) {
        problems_.push_back(Violation(path, "JSON_SYNTAX", "the document is not JSON"));
      } else if (!document_.is_object()) {
        problems_.push_back(Violation(path, "NOT_A_DOCUMENT", "must be an object"));
      }
    }
    return problems_.empty();
  }

  absl::Status ReadEntry(const json& entry, const std::string& path) {
    const auto resource = entry.is_object() ? entry.find("resource") : entry.end();
    if (!entry.is_object() || resource == entry.end() || !resource->is_object()) {
      problems_.push_back(Violation(path, "NOT_A_DOCUMENT", "must hold a resource"));
      return Refuse(json());
    }
    if (TypeOf(*resource) != "AdverseEvent") {
      ++counts_->other_resources;
      return absl::OkStatus();
    }
    return ReadResource(*resource, path + ".resource");
  }

  absl::Status ReadResource(const json& resource, const std::string& path) {
    const JsonFields fields(resource, path, &problems_);
    if (fields.Text("resourceType") != "AdverseEvent") {
      fields.Refuse("resourceType", "NOT_AN_ADVERSE_EVENT", "must be AdverseEvent or Bundle");
      return Refuse(resource);
    }
    LfpseFhirCounts counts = *counts_;
    ++counts.resources;
    std::optional<v1::Event> event = EventOfLfpse(fields, &counts);
    if (!problems_.empty()) {
      ++counts_->resources;
      return Refuse(resource);
    }
    *counts_ = counts;
    return event ? sink_.OnEvent(*std::move(event), place_.line) : absl::OkStatus();
  }

  // Nothing is kept that may be of a person: the path tells where to look.
  absl::Status Refuse(const json& resource) {
    ++counts_->refused;
    json kept = json::object();
    if (resource.is_object()) {
      const JsonFields fields(resource, "", nullptr);
      kept["resourceType"] = fields.Text("resourceType");
      kept["id"] = fields.Text("id");
      if (const auto meta = fields.Object("meta")) kept["versionId"] = meta->Text("versionId");
    }
    // A list that is asked for several things is noted each time.
    std::vector<v1::FieldViolation> once;
    for (v1::FieldViolation& problem : problems_) {
      if (std::none_of(once.begin(), once.end(), [&problem](const v1::FieldViolation& other) {
            return other.field() == problem.field() && other.rule() == problem.rule();
          })) {
        once.push_back(std::move(problem));
      }
    }
    problems_.clear();
    return sink_.OnRefused({.line = place_.line,
                            .original = kept.dump(-1, ' ', false, json::error_handler_t::replace),
                            .violations = std::move(once)});
  }

  const JsonDocument& place_;
  RowSink& sink_;
  LfpseFhirCounts* counts_;
  json document_;
  std::vector<v1::FieldViolation> problems_;
};

}  // namespace

std::vector<std::pair<std::string, uint64_t>> LfpseFhirAdapter::Found() const {
  std::vector<std::pair<std::string, uint64_t>> found = {
      {"adverse events", counts_.resources},
      {"incidents", counts_.incidents},
      {"of these never events", counts_.never_events},
      {"of these never events without a type", counts_.never_event_without_type},
      {"of these from a reporter who fears consequences", counts_.protected_source},
      {"entered in error, taken back", counts_.retracted},
      {"outcomes, no incident", counts_.outcomes},
      {"risks, no incident", counts_.risks},
      {"good care, no incident", counts_.good_care},
      {"not to be shared, left out", counts_.opted_out},
      {"organisations named beside the first one", counts_.further_organisations},
      {"estimated dates in words, not read", counts_.dates_not_read},
      {"other resources of a Bundle", counts_.other_resources},
      {"refused", counts_.refused}};
  std::erase_if(found, [](const auto& figure) { return figure.second == 0; });
  return found;
}

absl::Status LfpseFhirAdapter::Read(std::istream& input, RowSink& sink) {
  counts_ = {};
  TP_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(input));
  return ForEachJsonDocument(bytes, [this, &sink](const JsonDocument& document) {
    return DocumentReader(document, sink, &counts_).Read();
  });
}

}  // namespace trigpoint
