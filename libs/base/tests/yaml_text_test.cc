#include "trigpoint/base/yaml_text.h"

#include <gtest/gtest.h>

#include <string>

namespace trigpoint {
namespace {

std::string Told(std::string_view text) {
  const auto problem = FindYamlProblem(text);
  return problem.has_value() ? std::to_string(problem->line) + ": " + std::string(problem->what)
                             : "";
}

TEST(YamlText, IsOneDocumentInUtf8) {
  EXPECT_EQ(Told(""), "");
  EXPECT_EQ(Told("# words\n\n---\na: 1\nb: \"50 % of caf\xC3\xA9s ... or ---\"\n  --- no marker\n"),
            "");
  EXPECT_EQ(Told("\xEF\xBB\xBF---\r\na: 1\r\n"), "");
  EXPECT_EQ(Told("a: 1\n----\n"), "") << "no marker: a parser judges it";
}

TEST(YamlText, NamesTheLineOfWhatIsNoPartOfIt) {
  EXPECT_EQ(Told("a: 1\nb: \xC3\n"), "2: not UTF-8");
  EXPECT_EQ(Told("%\n\n,\n*\n"), "1: a YAML directive") << "yaml-cpp 0.7 never comes back";
  EXPECT_EQ(Told("%YAML 1.2\n---\na: 1\n"), "1: a YAML directive");
  EXPECT_EQ(Told("a: 1\r\n---\r\nb: 2\r\n"), "2: a second YAML document");
  EXPECT_EQ(Told("---\n--- b\n"), "2: a second YAML document");
  EXPECT_EQ(Told("a: 1\n...\n"), "2: a second YAML document");
}

}  // namespace
}  // namespace trigpoint
