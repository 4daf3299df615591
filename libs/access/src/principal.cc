#include "trigpoint/access/principal.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace trigpoint {
namespace roles {
namespace {

constexpr std::array kAll = {
    // Access.
    kPartner, kBackfill, kQualityReader, kQualityDecider, kAlertReceiver, kOperator,
    kPrivacyOfficer, kIntakeOfficer,
    // Authority.
    kTeamManager, kMultiAgencyPanel, kIcbAuthoriser, kNhseAuthoriser, kCouncilAuthoriser,
    kQualityReviewMeeting, kRegulator, kLocalAuthority, kHeadOfQualitySafety};
constexpr size_t kAccessRoles = 8;

}  // namespace

std::span<const std::string_view> All() { return kAll; }

bool IsAuthority(std::string_view role) {
  return std::find(kAll.begin() + kAccessRoles, kAll.end(), role) != kAll.end();
}

}  // namespace roles

bool HasRole(const Principal& principal, std::string_view role) {
  return std::find(principal.roles.begin(), principal.roles.end(), role) != principal.roles.end();
}

bool OwnsSource(const Principal& principal, std::string_view source) {
  if (source.empty()) {
    return false;
  }
  return std::any_of(principal.sources.begin(), principal.sources.end(),
                     [source](std::string_view prefix) {
                       if (prefix == "*") {
                         return true;
                       }
                       if (prefix.empty() || !source.starts_with(prefix)) {
                         return false;
                       }
                       return source.size() == prefix.size() || prefix.back() == '/' ||
                              source[prefix.size()] == '/';
                     });
}

}  // namespace trigpoint
