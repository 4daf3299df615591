#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trigpoint/v1/options.pb.h"

namespace trigpoint {

using v1::Sensitivity;

/// Names of roles, as they stand in a principals file, in an authority matrix and in Actor.roles.
namespace roles {

/// Submits intelligence for its own sources and sees what of it was quarantined.
inline constexpr std::string_view kPartner = "PARTNER";
/// Loads history for its own sources: may say when it was received. Name PARTNER beside it.
inline constexpr std::string_view kBackfill = "BACKFILL";
/// Reads providers, assessments, recommendations, alerts and policies.
inline constexpr std::string_view kQualityReader = "QUALITY_READER";
/// Proposes and concurs decisions. Does not read by itself: name QUALITY_READER beside it.
inline constexpr std::string_view kQualityDecider = "QUALITY_DECIDER";
/// Lists, watches, acknowledges and declines alerts.
inline constexpr std::string_view kAlertReceiver = "ALERT_RECEIVER";
/// Sees status, verification, metrics and policies.
inline constexpr std::string_view kOperator = "OPERATOR";
/// Erases personal data, places and lifts legal holds, gives out redacted exports. Opens no text
/// but that of the one record whose subject asks for it.
inline constexpr std::string_view kPrivacyOfficer = "PRIVACY_OFFICER";
/// Reads the identity of a protected source from the vault, record by record; nobody else does.
inline constexpr std::string_view kIntakeOfficer = "INTAKE_OFFICER";

/// Authority roles. Each implies QUALITY_READER and may call DecisionService; whether it has the
/// authority for one transition is decided in the fold, from the authority matrix.
inline constexpr std::string_view kTeamManager = "TEAM_MANAGER";
inline constexpr std::string_view kMultiAgencyPanel = "MULTI_AGENCY_PANEL";
inline constexpr std::string_view kIcbAuthoriser = "ICB_AUTHORISER";
inline constexpr std::string_view kNhseAuthoriser = "NHSE_AUTHORISER";
inline constexpr std::string_view kCouncilAuthoriser = "COUNCIL_AUTHORISER";
inline constexpr std::string_view kQualityReviewMeeting = "QUALITY_REVIEW_MEETING";
inline constexpr std::string_view kRegulator = "REGULATOR";
inline constexpr std::string_view kLocalAuthority = "LOCAL_AUTHORITY";
inline constexpr std::string_view kHeadOfQualitySafety = "HEAD_OF_QUALITY_SAFETY";

/// Gives every role there is, those of access first, then those of authority.
std::span<const std::string_view> All();

/// Tells whether the role is one of the authority roles.
bool IsAuthority(std::string_view role);

}  // namespace roles

/// Who calls: a person, a partner's system or an operator, after authentication.
/// A default-constructed principal may do nothing.
struct Principal {
  std::string id{};                    ///< Stable and not personal, e.g. "hfd-safeguarding-feed".
  std::string organisation{};          ///< Code or name, e.g. "QGH".
  std::vector<std::string> roles{};    ///< From roles::All().
  std::vector<std::string> sources{};  ///< Prefixes it may submit for; "*": all. See OwnsSource.
  /// Highest class it may read; reads never go above C3, see ReadClearance.
  Sensitivity clearance = v1::SENSITIVITY_UNSPECIFIED;
};

/// Tells whether the principal has the role itself (no implication is applied).
bool HasRole(const Principal& principal, std::string_view role);

/// Tells whether the principal may submit for a source.
/// Rule: a prefix ends at a "/" of the source: "hfd/safeguarding" owns "hfd/safeguarding" and
/// "hfd/safeguarding/night", never "hfd/safeguarding-2". An empty source has no owner.
bool OwnsSource(const Principal& principal, std::string_view source);

}  // namespace trigpoint
