#include "trigpoint/events/pii_guard.h"

#include <array>
#include <initializer_list>
#include <string>

#include "trigpoint/base/nhs_number.h"

namespace trigpoint {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool IsLetter(char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; }

// Reads forward in a text; never past its end.
class Cursor {
 public:
  Cursor(std::string_view text, size_t at) : text_(text), at_(at) {}

  size_t at() const { return at_; }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void Skip() { ++at_; }

  bool Take(std::string_view word) {
    if (at_ + word.size() > text_.size()) {
      return false;
    }
    for (size_t i = 0; i < word.size(); ++i) {
      if (Lower(text_[at_ + i]) != word[i]) {
        return false;
      }
    }
    at_ += word.size();
    return true;
  }

  bool TakeAny(std::initializer_list<std::string_view> words) {
    for (std::string_view word : words) {
      if (Take(word)) {
        return true;
      }
    }
    return false;
  }

  // Takes `least` to `most` digits; false, and nothing is taken, when there are fewer or more.
  bool TakeDigits(size_t least, size_t most, std::string* digits = nullptr) {
    size_t end = at_;
    while (end < text_.size() && IsDigit(text_[end])) {
      ++end;
    }
    if (end - at_ < least || end - at_ > most) {
      return false;
    }
    if (digits != nullptr) {
      digits->append(text_.substr(at_, end - at_));
    }
    at_ = end;
    return true;
  }

 private:
  std::string_view text_;
  size_t at_;
};

// Space, dash and dot with the forms that word processors make of them (UTF-8).
bool TakeSeparator(Cursor* cursor) {
  return cursor->TakeAny({" ", "\t", "-", ".", "\xC2\xA0", "\xE2\x80\x90", "\xE2\x80\x91",
                          "\xE2\x80\x92", "\xE2\x80\x93", "\xE2\x80\xAF", "\xE2\x80\x89"});
}

// A letter straight before the digits makes them part of a word (a hash, a reference), unless the
// word announces the number itself: "NHS9434765919", "no9434765919".
bool BeginsNumber(std::string_view text, size_t at) {
  if (at == 0) {
    return true;
  }
  if (IsDigit(text[at - 1])) {
    return false;
  }
  if (!IsLetter(text[at - 1])) {
    return true;
  }
  size_t begin = at;
  while (begin > 0 && IsLetter(text[begin - 1])) {
    --begin;
  }
  std::string word;
  for (size_t i = begin; i < at; ++i) {
    word.push_back(Lower(text[i]));
  }
  return word == "nhs" || word == "no" || word == "nhsno" || word == "number" ||
         word == "nhsnumber" || word == "num" || word == "nn";
}

// "1-5456112830" is the form of a CQC id ("1-" and digits, domain.md 2.6).
bool IsCqcId(std::string_view text, size_t at) {
  return at >= 2 && text[at - 1] == '-' && text[at - 2] == '1' &&
         (at == 2 || (!IsDigit(text[at - 3]) && !IsLetter(text[at - 3]) && text[at - 3] != '-'));
}

bool IsNhsNumberAt(std::string_view text, size_t at) {
  if (!BeginsNumber(text, at)) {
    return false;
  }
  constexpr size_t kDigits = 10;
  std::string digits;
  Cursor cursor(text, at);
  if (cursor.TakeDigits(kDigits, kDigits, &digits)) {
    if (IsCqcId(text, at)) {
      return false;
    }
  } else {
    for (const size_t group : {size_t{3}, size_t{3}, size_t{4}}) {
      if (!digits.empty() && !TakeSeparator(&cursor)) {
        return false;
      }
      if (!digits.empty()) {
        TakeSeparator(&cursor);  // Two in a row, as in "943  476  5919" or "943 - 476".
        TakeSeparator(&cursor);
      }
      if (!cursor.TakeDigits(group, group, &digits)) {
        return false;
      }
    }
  }
  return !IsLetter(cursor.Peek()) && IsNhsNumber(digits);
}

bool TakeMonthName(Cursor* cursor) {
  constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                        "jul", "aug", "sep", "oct", "nov", "dec"};
  for (std::string_view month : kMonths) {
    if (cursor->Take(month)) {
      while (IsLetter(cursor->Peek()) || cursor->Peek() == '.') {
        cursor->Skip();
      }
      return true;
    }
  }
  return false;
}

void SkipSpaces(Cursor* cursor) {
  while (cursor->TakeAny({" ", "\t", "\n", "\r", ",", "\xC2\xA0"})) {
  }
}

// "12/03/1941", "12.3.41", "12 03 1941", "1941-03-12", "12031941".
bool TakeDateOfNumbers(Cursor cursor) {
  if (Cursor whole = cursor; whole.TakeDigits(8, 8)) {
    return true;
  }
  const bool year_first = cursor.TakeDigits(4, 4);
  if (!year_first && !cursor.TakeDigits(1, 2)) {
    return false;
  }
  for (int part = 0; part < 2; ++part) {
    SkipSpaces(&cursor);
    cursor.TakeAny({"/", "-", ".", "\xE2\x80\x90", "\xE2\x80\x91", "\xE2\x80\x93"});
    SkipSpaces(&cursor);
    const bool taken = part == 1 && !year_first ? cursor.TakeDigits(2, 2) || cursor.TakeDigits(4, 4)
                                                : cursor.TakeDigits(1, 2);
    if (!taken) {
      return false;
    }
  }
  return true;
}

// "12 March 1941", "12th of Mar 41", "March 12, 1941".
bool TakeDateOfWords(Cursor cursor) {
  const bool month_first = TakeMonthName(&cursor);
  SkipSpaces(&cursor);
  if (!cursor.TakeDigits(1, 2)) {
    return false;
  }
  cursor.TakeAny({"st", "nd", "rd", "th"});
  if (!month_first) {
    while (cursor.TakeAny({" ", "-", "/", ".", ","})) {
    }
    cursor.Take("of");
    SkipSpaces(&cursor);
    if (!TakeMonthName(&cursor)) {
      return false;
    }
  }
  while (cursor.TakeAny({" ", "-", "/", ",", "'", "\xC2\xA0"})) {
  }
  return cursor.TakeDigits(2, 2) || cursor.TakeDigits(4, 4);
}

bool IsDateOfBirthAt(std::string_view text, size_t at) {
  if (at > 0 && IsLetter(text[at - 1])) {
    return false;
  }
  Cursor cursor(text, at);
  if (!cursor.TakeAny({"dob", "d.o.b", "d o b", "d/o/b", "date of birth", "date-of-birth",
                       "date_of_birth", "dateofbirth", "birth date", "birthdate", "birth_date",
                       "birthday", "born"})) {
    return false;
  }
  if (IsLetter(cursor.Peek())) {
    return false;
  }
  constexpr int kFillersMax = 16;  // Punctuation and small words between the word and the date.
  for (int i = 0; i < kFillersMax; ++i) {
    if (TakeDateOfNumbers(cursor) || TakeDateOfWords(cursor)) {
      return true;
    }
    if (!cursor.TakeAny({" ",   "\t",   "\n",  "\r",   ":",        "=",           "-",
                         ".",   ",",    "(",   ")",    "\"",       "'",           "_",
                         "is ", "was ", "on ", "the ", "\xC2\xA0", "\xE2\x80\x93"})) {
      return false;
    }
  }
  return false;
}

}  // namespace

std::string_view PiiRuleName(PiiRule rule) {
  return rule == PiiRule::kNhsNumberInText ? "NHS_NUMBER_IN_TEXT" : "DATE_OF_BIRTH_IN_TEXT";
}

std::optional<PiiFinding> FindPersonalData(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = Lower(text[at]);
    if (IsDigit(c) && IsNhsNumberAt(text, at)) {
      return PiiFinding{.rule = PiiRule::kNhsNumberInText, .offset = at};
    }
    if ((c == 'd' || c == 'b') && IsDateOfBirthAt(text, at)) {
      return PiiFinding{.rule = PiiRule::kDateOfBirthInText, .offset = at};
    }
  }
  return std::nullopt;
}

}  // namespace trigpoint
