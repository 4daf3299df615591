#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trigpoint/base/time.h"
#include "trigpoint/intake/cqc_api_adapter.h"

/// What is asked of CQC's public API (syndication v1), and what its lists answer. A list of changes
/// gives ids only: each document is fetched after it and read by CqcApiAdapter. No HTTP, no clock.
namespace trigpoint {

/// A record of the register, by the id that its document has.
struct CqcRecordId {
  CqcDocumentKind kind = CqcDocumentKind::kLocation;
  std::string id;

  friend bool operator==(const CqcRecordId&, const CqcRecordId&) = default;
  friend auto operator<=>(const CqcRecordId&, const CqcRecordId&) = default;
};

/// Gives "location/1-545611283".
std::string CqcRecordName(const CqcRecordId& record);

/// Reads that. Errors: InvalidArgument, by rule: RECORD_NOT_KNOWN, ID_NOT_USABLE.
absl::StatusOr<CqcRecordId> ParseCqcRecordName(std::string_view name);

/// A span of time in whole seconds; `end` is after `start`.
struct CqcWindow {
  Micros start = 0;
  Micros end = 0;
};

/// How far windows overlap: a change that stands in the register's list only minutes after its own
/// time is not lost between two of them.
inline constexpr Micros kCqcOverlap = 10 * kMicrosPerMinute;

/// The window to ask for when everything up to `until` was asked for before. It ends at `now`: an
/// end in the future would promise what nobody can have listed yet.
/// Errors: FailedPrecondition when `until` is so far after `now` that a clock must be wrong.
absl::StatusOr<CqcWindow> NextCqcWindow(Micros until, Micros now);

/// Which of the API's lists.
enum class CqcListing {
  kChanges,   ///< /changes/location: ids of records that changed in a window.
  kRegister,  ///< /locations: every record there is.
};

/// The path of a page, counted from 1, below the API's base.
std::string CqcChangesPath(CqcDocumentKind kind, const CqcWindow& window, uint32_t page);

/// The same; `local_authority` empty: of every one.
std::string CqcRegisterPath(CqcDocumentKind kind, std::string_view local_authority, uint32_t page);

/// The path of a document. The id must be usable: read from a page or by ParseCqcRecordName.
std::string CqcDocumentPath(const CqcRecordId& record);

/// One page of a list.
struct CqcPage {
  std::vector<CqcRecordId> records;         ///< In the order of the page, each once.
  std::vector<v1::FieldViolation> refused;  ///< Entries that name no record; the others count.
  bool last = false;                        ///< No page follows.
};

/// Reads the page `page` of a list. Errors: InvalidArgument "path: RULE: what must be" when the
/// page as such cannot be used: JSON_SYNTAX, NOT_A_DOCUMENT, WRONG_TYPE, LIST_MISSING,
/// NUMBER_NOT_READ, WRONG_PAGE. Entries are refused with WRONG_TYPE, ID_NOT_USABLE.
absl::StatusOr<CqcPage> ReadCqcPage(std::string_view body, CqcListing listing, CqcDocumentKind kind,
                                    uint32_t page);

/// What decides whether a document is wanted, and what else is.
struct CqcDocumentHead {
  std::string local_authority;
  std::string provider_id;  ///< Of a location; empty where it is not usable.
};

/// Reads the head of the document that was asked for. Errors: InvalidArgument "path: RULE: ..."
/// when it is cut, no document, or that of another record: JSON_SYNTAX, NOT_A_DOCUMENT,
/// OTHER_RECORD.
absl::StatusOr<CqcDocumentHead> ReadCqcDocumentHead(std::string_view body,
                                                    const CqcRecordId& record);

/// Whether two names of a local authority are the same but for upper and lower case and spaces
/// around them.
bool IsSameAuthority(std::string_view one, std::string_view other);

}  // namespace trigpoint
