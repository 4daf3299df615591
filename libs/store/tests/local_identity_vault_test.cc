#include "trigpoint/store/local_identity_vault.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "temp_dir.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

const VaultRecord kReport{.source = "council/concerns", .id = "W-1"};
const VaultRecord kOther{.source = "council/concerns", .id = "W-2"};
constexpr char kName[] = "Nurse Threlkeld of the night shift";

LocalIdentityVaultOptions In(const TempDir& dir) {
  LocalIdentityVaultOptions options;
  options.directory = dir / "vault";
  options.kek_file = dir / "vault.kek";
  return options;
}

std::unique_ptr<IdentityVault> OpenVault(const TempDir& dir) {
  auto vault = OpenLocalIdentityVault(In(dir));
  EXPECT_TRUE(vault.ok()) << vault.status();
  return vault.ok() ? *std::move(vault) : nullptr;
}

// domain.md 2.2
TEST(LocalIdentityVault, KeepsAnIdentityUnderAReferenceThatSaysNothing) {
  const TempDir dir;
  const auto vault = OpenVault(dir);
  const auto ref = vault->Put(kReport, kName);
  ASSERT_TRUE(ref.ok()) << ref.status();
  EXPECT_THAT(*ref, MatchesRegex("vault:[0-9a-f]{64}"));
  EXPECT_EQ(*vault->Get(*ref), kName);
  EXPECT_FALSE(AnyFileHolds(dir.path(), kName));
  EXPECT_FALSE(AnyFileHolds(dir.path(), "W-1"));
  EXPECT_EQ(vault->Get("vault:none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(vault->Get("secret").status().code(), absl::StatusCode::kNotFound);
}

TEST(LocalIdentityVault, GivesTheSameReferenceForTheSameAndAnotherForAnother) {
  const TempDir dir;
  std::string ref;
  {
    const auto vault = OpenVault(dir);
    ref = *vault->Put(kReport, kName);
    EXPECT_EQ(*vault->Put(kReport, kName), ref);
    EXPECT_NE(*vault->Put(kReport, "somebody else"), ref);
    EXPECT_NE(*vault->Put(kOther, kName), ref);
    EXPECT_THAT(*vault->Put(kOther, kName), Not(HasSubstr(ref.substr(38))))
        << "one person behind two records does not show";
    EXPECT_THAT(ref, StartsWith(*vault->KeyOf(kReport)));
  }
  const auto again = OpenVault(dir);
  EXPECT_EQ(*again->RefOf(kReport, kName), ref) << "after a restart";
  EXPECT_EQ(*again->Get(ref), kName);
  const TempDir elsewhere;
  EXPECT_NE(*OpenVault(elsewhere)->RefOf(kReport, kName), ref) << "nobody can guess it";
}

TEST(LocalIdentityVault, IsDurableBeforeItGivesTheReferenceAway) {
  const TempDir dir;
  const auto vault = OpenVault(dir);
  const std::string ref = *vault->Put(kReport, kName);
  // As after a crash: nothing was flushed or closed.
  std::filesystem::copy(dir / "vault", dir / "crashed", std::filesystem::copy_options::recursive);
  LocalIdentityVaultOptions crashed = In(dir);
  crashed.directory = dir / "crashed";
  EXPECT_EQ(*(*OpenLocalIdentityVault(crashed))->Get(ref), kName);
}

TEST(LocalIdentityVault, KnowsWhoseAReferenceIs) {
  const TempDir dir;
  const auto vault = OpenVault(dir);
  const std::string ref = *vault->Put(kReport, kName);
  EXPECT_TRUE(*vault->Owns(kReport, ref));
  EXPECT_FALSE(*vault->Owns(kOther, ref));
  EXPECT_FALSE(*vault->Owns(kReport, *vault->RefOf(kReport, "never kept")));
  EXPECT_FALSE(*vault->Owns(kReport, *vault->KeyOf(kReport)));
  EXPECT_TRUE(*vault->Knows(kReport));
  EXPECT_FALSE(*vault->Knows(kOther));
}

TEST(LocalIdentityVault, ErasesEverythingOfARecordForEver) {
  const TempDir dir;
  std::string ref;
  {
    const auto vault = OpenVault(dir);
    ref = *vault->Put(kReport, kName);
    const std::string second = *vault->Put(kReport, "somebody else");
    const std::string kept = *vault->Put(kOther, kName);
    ASSERT_TRUE(vault->Erase({*vault->KeyOf(kReport)}).ok());
    ASSERT_TRUE(vault->Erase({*vault->KeyOf(kReport)}).ok());
    EXPECT_EQ(vault->Get(second).status().code(), absl::StatusCode::kAborted);
    EXPECT_EQ(*vault->Get(kept), kName);
    EXPECT_TRUE(*vault->Knows(kReport)) << "that there was one is the proof";
  }
  const auto vault = OpenVault(dir);
  EXPECT_EQ(vault->Get(ref).status().code(), absl::StatusCode::kAborted);
  const absl::Status again = vault->Put(kReport, "a third").status();
  EXPECT_EQ(again.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(again.message()), StartsWith("ERASED"));
  EXPECT_EQ(vault->Erase({"case:1"}).code(), absl::StatusCode::kInvalidArgument);
}

TEST(LocalIdentityVault, DoesNotOpenWithAnotherKeyFile) {
  const TempDir dir;
  { ASSERT_TRUE(OpenVault(dir)->Put(kReport, kName).ok()); }
  struct stat about {};
  ASSERT_EQ(::stat((dir / "vault.kek").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600U);
  std::filesystem::rename(dir / "vault.kek", dir / "lost");
  EXPECT_EQ(OpenLocalIdentityVault(In(dir)).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace trigpoint
