#include "json_documents.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace trigpoint {
namespace {

struct Cut {
  std::vector<std::string> texts;
  std::vector<uint64_t> lines;
  std::string error;
};

Cut CutUp(const std::string& bytes) {
  Cut cut;
  const absl::Status status = ForEachJsonDocument(bytes, [&cut](const JsonDocument& document) {
    cut.texts.emplace_back(document.text);
    cut.lines.push_back(document.line);
    return absl::OkStatus();
  });
  cut.error = std::string(status.message());
  return cut;
}

using Texts = std::vector<std::string>;
using Lines = std::vector<uint64_t>;

TEST(JsonDocuments, KnowsTheirLinesInEachForm) {
  const Cut list = CutUp(" [\n {\"a\":\"}]\\\"\"},\n\n{\n}]\n");
  EXPECT_EQ(list.texts, (Texts{"{\"a\":\"}]\\\"\"}", "{\n}"}));
  EXPECT_EQ(list.lines, (Lines{2, 4}));
  const Cut lines = CutUp("{\"a\":1}\n\n{\"a\":\n{}");
  EXPECT_EQ(lines.texts, (Texts{"{\"a\":1}", "{\"a\":", "{}"}));
  EXPECT_EQ(lines.lines, (Lines{1, 3, 4}));
  const Cut after = CutUp("{\n\"a\":1}\n{\n}");
  EXPECT_EQ(after.lines, (Lines{1, 3}));
  EXPECT_TRUE(CutUp("[]").error.empty());
}

TEST(JsonDocuments, SaysWhereTheFileIsBroken) {
  EXPECT_EQ(CutUp("").error, "the file is empty");
  EXPECT_EQ(CutUp("12").error, "line 1: a document in braces must stand here");
  EXPECT_EQ(CutUp("[{}\n{}]").error,
            "line 2: neither a comma nor the end of the list follows element 0");
  EXPECT_EQ(CutUp("[{},").error,
            "line 1: the file ends inside the list that begins there: it is truncated");
  EXPECT_EQ(CutUp("[{}] x").error, "line 1: something follows the end of the list");
  EXPECT_EQ(CutUp("{}\n{\"a\"").error,
            "line 2: the file ends inside the document that begins there: it is truncated");
}

}  // namespace
}  // namespace trigpoint
