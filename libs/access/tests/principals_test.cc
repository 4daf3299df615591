#include "trigpoint/access/principals.h"

#include <gmock/gmock.h>

#include <string>

#include "trigpoint/access/authorise.h"
#include "trigpoint/base/digest.h"
#include "trigpoint/base/reason.h"

namespace trigpoint {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kToken = "correct horse battery staple";

std::string Good() {
  return "principals:\n"
         "  - id: feed\n"
         "    organisation: hfd\n"
         "    roles: [PARTNER]\n"
         "    sources: [hfd/safeguarding]\n"
         "    clearance: C2\n"
         "    token_sha256: " +
         Sha256Hex(kToken) +
         "\n"
         "  - id: lead\n"
         "    organisation: QGH\n"
         "    roles: [QUALITY_READER, ICB_AUTHORISER]\n"
         "    clearance: C3\n"
         "    certificate_cn: lead.icb.example\n"
         "  - id: web\n"
         "    organisation: QGH\n"
         "    roles: [ALERT_RECEIVER]\n"
         "    clearance: C1\n"
         "    proxy_name: on-call\n";
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string ErrorOf(std::string_view yaml) {
  const auto got = Principals::FromYaml(yaml);
  EXPECT_EQ(got.status().code(), absl::StatusCode::kInvalidArgument) << yaml;
  return std::string(got.status().message());
}

TEST(PrincipalsFile, IsRead) {
  const auto principals = Principals::FromYaml(Good());
  ASSERT_TRUE(principals.ok()) << principals.status();
  EXPECT_FALSE(principals->empty());

  const auto feed = principals->Authenticate({.bearer_token = std::string(kToken)});
  ASSERT_TRUE(feed.ok());
  EXPECT_EQ(feed->id, "feed");
  EXPECT_EQ(feed->organisation, "hfd");
  EXPECT_THAT(feed->roles, ElementsAre("PARTNER"));
  EXPECT_THAT(feed->sources, ElementsAre("hfd/safeguarding"));
  EXPECT_EQ(feed->clearance, v1::SENSITIVITY_C2_IN_CONFIDENCE);

  const auto lead =
      principals->Authenticate({.client_certificate_common_name = "lead.icb.example"});
  ASSERT_TRUE(lead.ok());
  EXPECT_EQ(lead->id, "lead");
  const auto web = principals->Authenticate({.proxy_verified_name = "on-call"});
  ASSERT_TRUE(web.ok());
  EXPECT_EQ(web->id, "web");
}

TEST(PrincipalsFile, TakesTheDigestInEitherCase) {
  std::string upper = Sha256Hex(kToken);
  for (char& c : upper) {
    c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  const auto principals = Principals::FromYaml(Replaced(Good(), Sha256Hex(kToken), upper));
  ASSERT_TRUE(principals.ok());
  EXPECT_TRUE(principals->Authenticate({.bearer_token = std::string(kToken)}).ok());
}

TEST(PrincipalsFile, RefusesAnUnknownKeyWithItsNameAndLine) {
  EXPECT_THAT(ErrorOf(Replaced(Good(), "clearance: C2", "clearence: C2")),
              AllOf(HasSubstr("line 6"), HasSubstr("clearence")));
  EXPECT_THAT(ErrorOf(Good() + "principal: []\n"),
              AllOf(HasSubstr("line 18"), HasSubstr("unknown key principal")));
}

TEST(PrincipalsFile, RefusesAClearTokenWithoutRepeatingIt) {
  const std::string error = ErrorOf(
      Replaced(Good(), "token_sha256: " + Sha256Hex(kToken), "token: " + std::string(kToken)));
  EXPECT_THAT(error, AllOf(HasSubstr("line 7"), HasSubstr("token"), Not(HasSubstr("horse"))));
  const std::string digest_error = ErrorOf(Replaced(Good(), Sha256Hex(kToken), kToken));
  EXPECT_THAT(digest_error,
              AllOf(HasSubstr("line 7"), HasSubstr("token_sha256"), Not(HasSubstr("horse"))));
}

TEST(PrincipalsFile, RefusesEveryMistakeWithItsLine) {
  struct Mistake {
    std::string_view from;
    std::string to;
    std::string_view line;
    std::string_view says;
  };
  const std::string digest = Sha256Hex(kToken);
  const Mistake mistakes[] = {
      {"    organisation: hfd\n", "", "line 2", "organisation"},
      {"    roles: [PARTNER]\n", "", "line 2", "roles"},
      {"    clearance: C2\n", "", "line 2", "clearance"},
      {"    clearance: C2\n", "    clearance: C2\n    clearance: C5\n", "line 7", "twice"},
      {"[PARTNER]", "[PARTNR]", "line 4", "PARTNR"},
      {"[PARTNER]", "PARTNER", "line 4", "list"},
      {"[PARTNER]", "[[PARTNER]]", "line 4", "roles"},
      {"clearance: C2", "clearance: C6", "line 6", "C0"},
      {"clearance: C2", "clearance: 2", "line 6", "C0"},
      {"[hfd/safeguarding]", "[hfd/*]", "line 5", "prefixes"},
      {"[hfd/safeguarding]", "['']", "line 5", "sources"},
      {"id: feed", "id: {}", "line 2", "id"},
      {"id: feed", "id: \"fe\\ned\"", "line 2", "id"},
      {"id: lead", "id: feed", "line 8", "taken"},
      {"    proxy_name: on-call\n", "", "line 13", "exactly one"},
      {"    proxy_name: on-call\n", "    proxy_name: a\n    certificate_cn: b\n", "line 13",
       "exactly one"},
      {"    proxy_name: on-call\n", "    certificate_cn: lead.icb.example\n", "line 17", "taken"},
      {"    proxy_name: on-call\n", "    token_sha256: " + digest + "\n", "line 17", "taken"},
      {"    proxy_name: on-call\n", "    token_sha256: " + Sha256Hex("") + "\n", "line 17",
       "empty token"},
      {"    proxy_name: on-call\n", "    proxy_name: [on-call\n", "line 18", "not valid YAML"},
  };
  for (const Mistake& mistake : mistakes) {
    EXPECT_THAT(ErrorOf(Replaced(Good(), mistake.from, mistake.to)),
                AllOf(HasSubstr(mistake.line), HasSubstr(mistake.says), Not(HasSubstr(digest))))
        << mistake.from << " -> " << mistake.to;
  }
}

TEST(PrincipalsFile, RefusesOtherShapes) {
  for (const std::string_view yaml : {"", "[]", "x", "principals: x", "{}", "principals: [x]",
                                      "a: [", "principals: []\n---\nprincipals: []\n", "\t",
                                      "principals: *nobody", "? [a]\n: b", "principals: ~"}) {
    ErrorOf(yaml);
  }
}

TEST(PrincipalsFile, MayBeEmptyAndThenKnowsNobody) {
  const auto principals = Principals::FromYaml("principals: []");
  ASSERT_TRUE(principals.ok());
  EXPECT_TRUE(principals->empty());
  EXPECT_EQ(principals->Authenticate({}).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(principals->Authenticate({}).status()), "CREDENTIALS_MISSING");
}

TEST(Authenticate, RefusesAWrongTokenWithoutRepeatingIt) {
  const auto principals = Principals::FromYaml(Good());
  ASSERT_TRUE(principals.ok());
  for (const std::string& wrong :
       {std::string("s3cret-guess"), std::string(kToken) + " ", Sha256Hex(kToken),
        std::string("on-call"), std::string("lead.icb.example"), std::string(100000, 'x')}) {
    const auto got = principals->Authenticate({.bearer_token = wrong});
    EXPECT_EQ(got.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(ReasonOf(got.status()), "CREDENTIALS_UNKNOWN");
    EXPECT_THAT(std::string(got.status().message()),
                AllOf(Not(HasSubstr(wrong)), HasSubstr("bearer token")));
  }
}

TEST(Authenticate, DoesNotRescueAWrongTokenByAnotherCredential) {
  const auto principals = Principals::FromYaml(Good());
  ASSERT_TRUE(principals.ok());
  EXPECT_FALSE(principals
                   ->Authenticate({.bearer_token = "wrong",
                                   .client_certificate_common_name = "lead.icb.example",
                                   .proxy_verified_name = "on-call"})
                   .ok());
}

TEST(Authenticate, KeepsTheKindsOfCredentialApart) {
  const auto principals = Principals::FromYaml(Good());
  ASSERT_TRUE(principals.ok());
  const std::string digest = Sha256Hex(kToken);
  for (const Credentials& shown :
       {Credentials{}, Credentials{.client_certificate_common_name = "on-call"},
        Credentials{.client_certificate_common_name = digest},
        Credentials{.proxy_verified_name = "lead.icb.example"},
        Credentials{.proxy_verified_name = digest}}) {
    EXPECT_EQ(principals->Authenticate(shown).status().code(), absl::StatusCode::kUnauthenticated);
  }
}

TEST(LocalOperator, MayDoEverythingUpToC3) {
  const Principals principals = Principals::LocalOperator();
  EXPECT_TRUE(principals.empty());
  const auto got = principals.Authenticate({});
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->id, "local-operator");
  EXPECT_THAT(got->roles, testing::ElementsAreArray(roles::All()));
  EXPECT_TRUE(OwnsSource(*got, "anything"));
  EXPECT_EQ(got->clearance, v1::SENSITIVITY_C3_PSEUDONYMISED);
}

TEST(LocalOperator, DoesNotPretendToCheckACredential) {
  EXPECT_EQ(Principals::LocalOperator().Authenticate({.bearer_token = "x"}).status().code(),
            absl::StatusCode::kUnauthenticated);
}

}  // namespace
}  // namespace trigpoint
