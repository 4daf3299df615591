#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "trigpoint/base/time.h"
#include "trigpoint/intake/date_order.h"
#include "trigpoint/intake/feed_adapter.h"

namespace trigpoint {

/// A format that files may have.
struct FeedFormat {
  std::string_view name;     ///< "cqc-location"; what a person says to choose it.
  std::string_view summary;  ///< Half a line for people.
  std::string_view source;   ///< Of rows that cannot be read; empty: the caller's.
  /// Its files hold states of records, not versions of them: whoever knows what was said of a
  /// record before raises its version where it changed.
  bool states = false;
};

/// All formats, in the order to show.
std::span<const FeedFormat> FeedFormats();

/// Null when there is none of this name.
const FeedFormat* FindFeedFormat(std::string_view name);

/// Tells the format of a file by its first bytes, unpacked; 256 KiB are enough for every document.
/// Errors: InvalidArgument when they do not tell; it lists the formats.
absl::StatusOr<const FeedFormat*> DetectFeedFormat(std::string_view first_bytes);

/// Reads the first bytes of a file, unpacked where it is gzip, and goes back to its beginning.
/// Damaged data gives what came before the damage.
std::string FirstBytes(std::istream& input, size_t bytes_max);

/// What people may say of a file.
struct FeedOptions {
  std::optional<DateOrder> date_order;  ///< Where its dates do not tell by themselves.
  std::optional<CivilDate> edition;     ///< The day of which it speaks, where it does not say.
};

/// Makes the adapter of a format, which must be one of FeedFormats().
std::unique_ptr<FeedAdapter> MakeFeedAdapter(std::string_view format, const FeedOptions& options);

}  // namespace trigpoint
