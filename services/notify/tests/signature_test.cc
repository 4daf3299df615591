#include "services/notify/signature.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "temp_dir.h"

namespace trigpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// The example of the Standard Webhooks documents.
constexpr char kSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
// The bytes 0 to 31.
constexpr char kOther[] = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

std::string Key(const char* secret) {
  const auto key = ParseSecret(secret);
  EXPECT_TRUE(key.ok()) << key.status();
  return key.value_or("");
}

TEST(Signature, IsThatOfThePublishedExample) {
  EXPECT_EQ(Signature({Key(kSecret)}, {.id = "msg_p5jXN8AQM9LWM0D4loKWxJek",
                                       .timestamp_s = 1614265330,
                                       .body = "{\"test\": 2432232314}"}),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

// Computed with Python's hmac.
TEST(Signature, CoversEveryByteOfTheBody) {
  const std::string body = "{\"type\":\"digest\",\"data\":\"\xC3\xA9\\u0000\"}";
  EXPECT_EQ(Signature({Key(kOther)}, {.id = "5f2c9a", .timestamp_s = 1767225600, .body = body}),
            "v1,6O9+AC21ckhuAV1DtfDOORJD/JEwFWalGoEheMZ5u8s=");
}

TEST(Signature, StandsOnceForEachKeyWhileASecretIsChanged) {
  const SignedParts parts{.id = "a", .timestamp_s = 1, .body = "{}"};
  EXPECT_EQ(Signature({Key(kSecret), Key(kOther)}, parts),
            Signature({Key(kSecret)}, parts) + " " + Signature({Key(kOther)}, parts));
}

TEST(ParseSecret, RefusesWhatIsNoSecretAndDoesNotRepeatIt) {
  for (const char* text : {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                           "whsec_c2hvcnQ=", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa w",
                           "whsec_-_KQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
    const absl::Status refused = ParseSecret(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << text;
    EXPECT_THAT(std::string(refused.message()), Not(HasSubstr("KQ9r8GK")));
  }
}

class SecretFileTest : public testing::Test {
 protected:
  std::string Write(const std::string& text, mode_t mode) {
    std::ofstream(path_) << text;
    EXPECT_EQ(::chmod(path_.c_str(), mode), 0);
    return path_;
  }

  const TempDir directory_;
  const std::string path_ = directory_ / "secret";
};

TEST_F(SecretFileTest, HoldsOneSecretOrTwo) {
  EXPECT_THAT(*ReadSecretFile(Write(std::string(kSecret) + "\n", 0600)), SizeIs(1));
  EXPECT_THAT(*ReadSecretFile(Write(std::string(kSecret) + "\n" + kOther, 0640)), SizeIs(2));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadSecretFile(Write("\n", 0600)).status()));
}

TEST_F(SecretFileTest, MustNotBeOpenToOthers) {
  for (const mode_t mode : {0644U, 0660U, 0604U}) {
    const absl::Status refused = ReadSecretFile(Write(kSecret, mode)).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << mode;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("0600"));
  }
}

TEST_F(SecretFileTest, IsNamedWhenItIsNotThere) {
  const absl::Status missing = ReadSecretFile(path_).status();
  EXPECT_TRUE(absl::IsNotFound(missing));
  EXPECT_THAT(std::string(missing.message()), HasSubstr(path_));
}

}  // namespace
}  // namespace trigpoint
