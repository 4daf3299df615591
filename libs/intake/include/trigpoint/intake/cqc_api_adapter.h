#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "trigpoint/base/time.h"
#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint {

/// What the documents of a file are about.
enum class CqcDocumentKind {
  kLocation,
  kProvider,
};

/// How documents of CQC's public API are read.
struct CqcApiOptions {
  CqcDocumentKind kind = CqcDocumentKind::kLocation;
  /// The day on which the documents were fetched; nothing: of each the latest day that it names.
  std::optional<CivilDate> edition;
};

/// What a file of documents held.
struct CqcApiCounts {
  uint64_t documents = 0;
  uint64_t ratings = 0;            ///< CqcRatingPublished events.
  uint64_t inherited = 0;          ///< Of these, earned by a predecessor registration.
  uint64_t not_a_rating = 0;       ///< Reports whose overall value is no rating.
  uint64_t nothing_published = 0;  ///< "No published rating" of no date: no event.
  uint64_t without_overall = 0;    ///< Reports without an overall value.
  uint64_t service_ratings = 0;    ///< Ratings of one service of several: not the location's.
  uint64_t deregistered = 0;
  uint64_t dormant = 0;
  uint64_t manager_absent = 0;
  uint64_t links = 0;                  ///< ServiceLinked events.
  uint64_t unknown_service_types = 0;  ///< Documents with a type of service not known here.
  uint64_t refused = 0;                ///< Documents refused, or in which something was.
};

/// Reads documents of CQC's public API (syndication v1), locations or providers, in JSON or gzip of
/// it: one document, one on each line, one after the other, or a list.
///
/// For each document, in the order of the file (source "cqc/api"; <id> is the location or provider
/// id; scheme "cqc-location" or "cqc-provider"):
///  - ServiceRegistered <id>: occurred_at is the registration, reported_at the edition.
///  - ServiceRegistered <id>/ods: the ODS code, of a registered location only. An event of its own:
///    a code that a predecessor holds stays with it and does not draw this location into its
///    stream.
///  - RegistrationChanged <id>/registration: registered or deregistered; <id>/dormancy: dormant or
///    active again; <id>/manager: absent or in post. Each with its date where the document has one.
///  - CqcRatingPublished <id>/rating/<report>, oldest first: of the old reports, of the current one
///    and of assessments under the single assessment framework, where the location has one assessed
///    service group. A key question that a report does not rate anew keeps its rating, as CQC
///    shows it; so the event of a report stays the same when a newer report moves it into history.
///    "Inspected but not rated", "Regulations met" and the like never replace a rating.
///  - ServiceLinked <id>/linked/<other>: predecessor (on the registration of this location) or
///    successor.
///
/// source_version is the days from 1970 to the edition. Two states of a document that name the same
/// latest day have the same version: give the edition, or let the version be raised.
///
/// Names of persons are not read; the name of a provider is carried only of organisations. A
/// document of which something cannot be read is refused and used without that. Rules: NOT_UTF8,
/// JSON_SYNTAX, TOO_DEEP, NOT_A_DOCUMENT, WRONG_DOCUMENT_KIND, ID_NOT_USABLE, WRONG_TYPE,
/// DATE_NOT_READ, NUMBER_NOT_READ, STATUS_NOT_KNOWN, FLAG_NOT_KNOWN, RATING_NOT_KNOWN,
/// QUESTION_NOT_KNOWN, REPORT_DATE_MISSING, CONFLICTING_RATINGS, LINK_NOT_KNOWN. The field is the
/// path in the document ("historicRatings[2].reportDate"), after its place in a list ("[17].name").
/// The original that is kept has no contacts and no commentary.
/// Memory: the whole file. Limit: 2 GiB uncompressed.
class CqcApiAdapter : public FeedAdapter {
 public:
  explicit CqcApiAdapter(const CqcApiOptions& options) : options_(options) {}

  absl::Status Read(std::istream& input, RowSink& sink) override;

  std::vector<std::pair<std::string, uint64_t>> Found() const override;

  /// What the last Read found; complete only when it returned OK.
  const CqcApiCounts& counts() const { return counts_; }

 private:
  CqcApiOptions options_;
  CqcApiCounts counts_;
};

}  // namespace trigpoint
