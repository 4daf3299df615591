// The packs that are delivered are in order.
#include "trigpoint/policy/lint.h"

#include "owner.h"

namespace trigpoint {
namespace {

TEST(PackLint, FindsNoErrorInAPackOfDeployPolicies) {
  const auto packs = ReadPackDirectory(kPacks);
  ASSERT_TRUE(packs.ok()) << packs.status();
  for (const auto& pack : *packs) {
    for (const PackFinding& finding : LintPack(pack)) {
      EXPECT_NE(finding.severity, PackFinding::Severity::kError)
          << pack.id() << ": " << finding.rule << ": " << finding.what;
    }
  }
}

}  // namespace
}  // namespace trigpoint
