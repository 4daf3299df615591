#include "names.h"

#include <algorithm>
#include <utility>

namespace trigpoint {
namespace {

// What word processors make of a space, an apostrophe and a dash.
constexpr std::pair<std::string_view, char> kPlain[] = {
    {"\xC2\xA0", ' '},
    {"\xE2\x80\x98", '\''},
    {"\xE2\x80\x99", '\''},
    {"\xE2\x80\x90", '-'},
    {"\xE2\x80\x91", '-'},
    {"\xE2\x80\x93", '-'},
    {"\xE2\x80\x94", '-'},
    {"\t", ' '},
    {"\r", ' '},
    {"\n", ' '},
};

constexpr std::string_view kTitles[] = {"MR",  "MRS",  "MS",        "MISS", "DR",   "DRS",
                                        "SIR", "DAME", "PROFESSOR", "PROF", "LORD", "LADY",
                                        "REV", "CLLR", "BARONESS",  "RT",   "HON"};

// The next word without its full stops.
std::string NextWord(std::string_view* rest) {
  const size_t end = std::min(rest->find(' '), rest->size());
  std::string word(rest->substr(0, end));
  std::erase_if(word, [](char c) { return c == '.' || c == ','; });
  rest->remove_prefix(std::min(end + 1, rest->size()));
  return word;
}

}  // namespace

std::string NormalName(std::string_view name) {
  std::string normal;
  const auto add = [&normal](char c) {
    if (c != ' ') {
      normal.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    } else if (!normal.empty() && normal.back() != ' ') {
      normal.push_back(' ');
    }
  };
  while (!name.empty()) {
    const auto* const plain =
        std::find_if(std::begin(kPlain), std::end(kPlain),
                     [name](const auto& entry) { return name.starts_with(entry.first); });
    const bool found = plain != std::end(kPlain);
    add(found ? plain->second : name.front());
    name.remove_prefix(found ? plain->first.size() : 1);
  }
  if (normal.ends_with(' ')) normal.pop_back();
  return normal;
}

bool NamesPerson(std::string_view normal_name) {
  std::string word = NextWord(&normal_name);
  if (std::find(std::begin(kTitles), std::end(kTitles), word) != std::end(kTitles)) {
    return true;
  }
  while (word != "MP" && !normal_name.empty()) word = NextWord(&normal_name);
  return word == "MP";
}

}  // namespace trigpoint
