#include "trigpoint/intake/cqc_changes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "cells.h"
#include "json_fields.h"
#include "trigpoint/base/status.h"

namespace trigpoint {
namespace {

using nlohmann::json;

// As many as the API gives on one page.
constexpr int kPerPage = 1000;

bool IsAsciiLetterOrDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// An id becomes part of a path: "." and ".." would lead elsewhere.
bool IsFetchable(std::string_view id) {
  return IsUsableId(id) && std::any_of(id.begin(), id.end(), IsAsciiLetterOrDigit);
}

std::string_view WordOf(CqcDocumentKind kind) {
  return kind == CqcDocumentKind::kLocation ? "location" : "provider";
}

std::string_view IdKeyOf(CqcDocumentKind kind) {
  return kind == CqcDocumentKind::kLocation ? "locationId" : "providerId";
}

std::string RegisterOf(CqcDocumentKind kind) { return std::string(WordOf(kind)) + 's'; }

// RFC 3986: all but the unreserved characters.
std::string Escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    if (IsAsciiLetterOrDigit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      escaped += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      escaped += '%';
      escaped += kHex[byte >> 4U];
      escaped += kHex[byte & 0xfU];
    }
  }
  return escaped;
}

std::string Page(uint32_t page) {
  return "page=" + std::to_string(page) + "&perPage=" + std::to_string(kPerPage);
}

Micros WholeSeconds(Micros instant) { return instant - instant % kMicrosPerSecond; }

absl::Status Wrong(std::string_view path, std::string_view rule, std::string_view must) {
  std::string text(path);
  text += text.empty() ? "" : ": ";
  return absl::InvalidArgumentError(text + std::string(rule) + ": " + std::string(must));
}

absl::Status Wrong(const v1::FieldViolation& violation) {
  return Wrong(violation.field(), violation.rule(), violation.description());
}

// An object of JSON, or what it is instead.
absl::StatusOr<json> ReadObject(std::string_view body) {
  json object = json::parse(body.begin(), body.end(), nullptr, false);
  if (object.is_discarded()) {
    return Wrong("", "JSON_SYNTAX", "the answer is not JSON, or ends early");
  }
  if (!object.is_object()) {
    return Wrong("", "NOT_A_DOCUMENT", "must be an object");
  }
  return object;
}

// The ids of one page, in its order.
class PageReader {
 public:
  PageReader(const json& body, CqcListing listing, CqcDocumentKind kind)
      : body_(body), listing_(listing), kind_(kind) {}

  absl::Status Read(uint32_t page) {
    const std::string key = listing_ == CqcListing::kChanges ? "changes" : RegisterOf(kind_);
    const auto list = body_.find(key);
    if (list == body_.end()) {
      return Wrong(key, "LIST_MISSING", "must be there: an answer with an error?");
    }
    if (!list->is_array()) {
      return Wrong(key, "WRONG_TYPE", "must be a list");
    }
    TP_RETURN_IF_ERROR(ReadPlace(page));
    for (size_t i = 0; i < list->size(); ++i) {
      TakeEntry((*list)[i], key + '[' + std::to_string(i) + ']');
    }
    return absl::OkStatus();
  }

  CqcPage Take() { return std::move(page_); }

 private:
  // Which page of how many: an answer to another question must not count as the answer to this.
  absl::Status ReadPlace(uint32_t page) {
    std::vector<v1::FieldViolation> problems;
    const JsonFields fields(body_, "", &problems);
    const std::optional<uint32_t> here = fields.Count("page");
    const std::optional<uint32_t> pages = fields.Count("totalPages");
    if (!problems.empty()) {
      return Wrong(problems.front());
    }
    if (!pages) {
      return Wrong("totalPages", "NUMBER_NOT_READ", "must be there");
    }
    if (here && *here != page) {
      return Wrong("page", "WRONG_PAGE", "must be " + std::to_string(page) + ", which was asked");
    }
    page_.last = page >= *pages;
    return absl::OkStatus();
  }

  void TakeEntry(const json& entry, const std::string& path) {
    if (listing_ == CqcListing::kChanges) {
      if (!entry.is_string()) {
        page_.refused.push_back(Violation(path, "WRONG_TYPE", "must be text"));
        return;
      }
      TakeId(std::string(Trim(entry.get_ref<const std::string&>())), path);
      return;
    }
    if (!entry.is_object()) {
      page_.refused.push_back(Violation(path, "WRONG_TYPE", "must be an object"));
      return;
    }
    const size_t before = page_.refused.size();
    const std::string id = JsonFields(entry, path, &page_.refused).Text(IdKeyOf(kind_));
    if (page_.refused.size() == before) {
      TakeId(id, path + '.' + std::string(IdKeyOf(kind_)));
    }
  }

  void TakeId(std::string id, const std::string& path) {
    if (!IsFetchable(id)) {
      page_.refused.push_back(IdNotUsable(path));
    } else if (seen_.insert(id).second) {
      page_.records.push_back({.kind = kind_, .id = std::move(id)});
    }
  }

  const json& body_;
  const CqcListing listing_;
  const CqcDocumentKind kind_;
  CqcPage page_;
  std::set<std::string> seen_;
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string CqcRecordName(const CqcRecordId& record) {
  return std::string(WordOf(record.kind)) + '/' + record.id;
}

absl::StatusOr<CqcRecordId> ParseCqcRecordName(std::string_view name) {
  for (const CqcDocumentKind kind : {CqcDocumentKind::kLocation, CqcDocumentKind::kProvider}) {
    const std::string_view word = WordOf(kind);
    if (!name.starts_with(word) || name.substr(word.size(), 1) != "/") continue;
    const std::string_view id = name.substr(word.size() + 1);
    if (!IsFetchable(id)) {
      return Wrong("", "ID_NOT_USABLE", IdNotUsable("").description());
    }
    return CqcRecordId{.kind = kind, .id = std::string(id)};
  }
  return Wrong("", "RECORD_NOT_KNOWN", "must be location/ID or provider/ID");
}

absl::StatusOr<CqcWindow> NextCqcWindow(Micros until, Micros now) {
  const CqcWindow window{.start = WholeSeconds(until - kCqcOverlap), .end = WholeSeconds(now)};
  if (window.end <= window.start) {
    return absl::FailedPreconditionError("everything up to " + FormatInstant(until) +
                                         " was asked for, and it is only " +
                                         FormatInstant(window.end) + ": is the clock right?");
  }
  return window;
}

std::string CqcChangesPath(CqcDocumentKind kind, const CqcWindow& window, uint32_t page) {
  return "/changes/" + std::string(WordOf(kind)) +
         "?startTimestamp=" + Escaped(FormatInstant(window.start)) +
         "&endTimestamp=" + Escaped(FormatInstant(window.end)) + '&' + Page(page);
}

std::string CqcRegisterPath(CqcDocumentKind kind, std::string_view local_authority, uint32_t page) {
  std::string path = '/' + RegisterOf(kind) + '?' + Page(page);
  if (!local_authority.empty()) {
    path += "&localAuthority=" + Escaped(local_authority);
  }
  return path;
}

std::string CqcDocumentPath(const CqcRecordId& record) {
  return '/' + RegisterOf(record.kind) + '/' + Escaped(record.id);
}

absl::StatusOr<CqcPage> ReadCqcPage(std::string_view body, CqcListing listing, CqcDocumentKind kind,
                                    uint32_t page) {
  TP_ASSIGN_OR_RETURN(const json object, ReadObject(body));
  PageReader reader(object, listing, kind);
  TP_RETURN_IF_ERROR(reader.Read(page));
  return reader.Take();
}

absl::StatusOr<CqcDocumentHead> ReadCqcDocumentHead(std::string_view body,
                                                    const CqcRecordId& record) {
  TP_ASSIGN_OR_RETURN(const json document, ReadObject(body));
  const JsonFields fields(document, "", nullptr);
  const bool is_location = document.contains("locationId");
  if (!is_location && !document.contains("providerId")) {
    return Wrong("", "NOT_A_DOCUMENT", "neither a location nor a provider");
  }
  // A location names its provider, too.
  if (is_location != (record.kind == CqcDocumentKind::kLocation) ||
      fields.Text(IdKeyOf(record.kind)) != record.id) {
    return Wrong(IdKeyOf(record.kind), "OTHER_RECORD", "must be the id that was asked for");
  }
  CqcDocumentHead head{.local_authority = fields.Text("localAuthority"), .provider_id = {}};
  if (is_location) {
    const std::string provider = fields.Text("providerId");
    head.provider_id = IsFetchable(provider) ? provider : "";
  }
  return head;
}

bool IsSameAuthority(std::string_view one, std::string_view other) {
  one = Trim(one);
  other = Trim(other);
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return Lower(a) == Lower(b); });
}

}  // namespace trigpoint
