#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trigpoint/events/sealing.h"
#include "trigpoint/v1/api.pb.h"
#include "trigpoint/v1/state.pb.h"

namespace trigpoint {

/// What of a service is asked for.
struct ExportScope {
  v1::RedactionProfile profile = v1::REDACTION_PROFILE_UNSPECIFIED;
  std::optional<int64_t> from_us{};   ///< Of what occurred then and later.
  std::optional<int64_t> until_us{};  ///< And before this.
  std::optional<v1::EventRef> record{};
};

/// What may be given out.
struct DisclosureExport {
  std::vector<v1::TimelineEntry> entries;  ///< Oldest first, without revisions: a gap would tell.
  v1::Sensitivity highest = v1::SENSITIVITY_C0_PUBLIC;  ///< Class of any entry.
  uint32_t withheld = 0;             ///< A multiple of kWithheldStep; 0 where suppressed.
  bool withheld_suppressed = false;  ///< The number is below kWithheldStep.
};

/// Numbers of what is withheld are given in steps of this size, and none below the first (domain.md
/// 2.2, C3: fewer than five identify).
inline constexpr uint32_t kWithheldStep = 5;

/// The profile as it stands in words and in the record of the disclosure: "PROVIDER".
std::string ProfileName(v1::RedactionProfile profile);

/// What a profile leaves out, in words.
std::vector<std::string> LeftOutOf(v1::RedactionProfile profile);

/// What a profile gives out of the events of one stream, oldest first.
///
/// A protected source (C5) is in no profile: neither as an entry, nor in a number, nor in what was
/// recommended or alerted because of it; so an export is the same whether or not there is one.
/// Entries of C4 are withheld and counted. Numbers of withheld entries are those of the whole
/// service, whatever the scope, in steps: two exports cannot be subtracted to find one entry.
/// But for a person's own record, times are cut to the day and texts are left out; towards the
/// public and the provider also what would tell who reported.
/// `keys` opens the texts of a person's own record; a text whose key was destroyed is left out.
DisclosureExport MakeExport(std::span<const v1::StoredEvent> events, const ExportScope& scope,
                            KeySource* keys);

}  // namespace trigpoint
