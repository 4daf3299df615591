#include "json_fields.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "cells.h"

namespace trigpoint {
namespace {

constexpr double kCountMax = 1e9;

// "12", "12.0"; nothing for what is no whole number.
std::optional<uint32_t> CountOf(double number) {
  if (!(number >= 0 && number <= kCountMax) || number != std::floor(number)) {
    return std::nullopt;
  }
  return static_cast<uint32_t>(number);
}

}  // namespace

JsonFields::JsonFields(const nlohmann::json& object, std::string path,
                       std::vector<v1::FieldViolation>* problems)
    : object_(&object), path_(std::move(path)), problems_(problems) {}

const nlohmann::json* JsonFields::Find(std::string_view key) const {
  const auto found = object_->find(std::string(key));
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

std::string JsonFields::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void JsonFields::Refuse(std::string_view key, std::string_view rule,
                        std::string_view description) const {
  if (problems_ != nullptr) {
    problems_->push_back(Violation(PathOf(key), rule, description));
  }
}

std::string JsonFields::Text(std::string_view key) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    return "";
  }
  if (!value->is_string()) {
    Refuse(key, "WRONG_TYPE", "must be text");
    return "";
  }
  return std::string(Trim(value->get_ref<const std::string&>()));
}

std::optional<CivilDate> JsonFields::Date(std::string_view key) const {
  constexpr size_t kDateBytes = 10;
  constexpr int kFirstYear = 1900;
  constexpr int kLastYear = 2200;
  const std::string text = Text(key);
  if (text.empty()) {
    return std::nullopt;
  }
  const bool alone = text.size() == kDateBytes;
  const bool with_time =
      text.size() > kDateBytes && (text[kDateBytes] == ' ' || text[kDateBytes] == 'T');
  const auto date = ParseDate(std::string_view(text).substr(0, kDateBytes));
  if (!(alone || with_time) || !date.ok() || date->year < kFirstYear || date->year > kLastYear) {
    Refuse(key, "DATE_NOT_READ", "must be a day of the years 1900 to 2200, as 2024-09-17");
    return std::nullopt;
  }
  return *date;
}

std::optional<uint32_t> JsonFields::Count(std::string_view key) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  std::optional<uint32_t> count;
  if (value->is_number()) {
    count = CountOf(value->get<double>());
  } else if (value->is_string()) {
    const std::string_view text = Trim(value->get_ref<const std::string&>());
    double number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty()) {
      return std::nullopt;
    }
    if (error == std::errc() && end == text.data() + text.size()) {
      count = CountOf(number);
    }
  }
  if (!count) {
    Refuse(key, "NUMBER_NOT_READ", "must be a whole number that is not negative");
  }
  return count;
}

std::optional<bool> JsonFields::Flag(std::string_view key) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_boolean()) {
    Refuse(key, "WRONG_TYPE", "must be true or false");
    return std::nullopt;
  }
  return value->get<bool>();
}

std::optional<JsonFields> JsonFields::Object(std::string_view key) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_object()) {
    Refuse(key, "WRONG_TYPE", "must be an object");
    return std::nullopt;
  }
  return JsonFields(*value, PathOf(key), problems_);
}

std::vector<JsonFields> JsonFields::List(std::string_view key) const {
  std::vector<JsonFields> list;
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    return list;
  }
  if (!value->is_array()) {
    Refuse(key, "WRONG_TYPE", "must be a list");
    return list;
  }
  for (size_t i = 0; i < value->size(); ++i) {
    const std::string place = std::string(key) + "[" + std::to_string(i) + "]";
    if ((*value)[i].is_object()) {
      list.emplace_back((*value)[i], PathOf(place), problems_);
    } else {
      Refuse(place, "WRONG_TYPE", "must be an object");
    }
  }
  return list;
}

std::vector<std::string> JsonFields::Texts(std::string_view key) const {
  std::vector<std::string> texts;
  const nlohmann::json* value = Find(key);
  if (value == nullptr || !value->is_array()) {
    if (value != nullptr) Refuse(key, "WRONG_TYPE", "must be a list");
    return texts;
  }
  for (const auto& element : *value) {
    if (element.is_string()) texts.emplace_back(Trim(element.get_ref<const std::string&>()));
  }
  return texts;
}

}  // namespace trigpoint
