#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trigpoint/base/time.h"
#include "trigpoint/v1/events.pb.h"

namespace trigpoint {

/// Reads an object of a document by its keys. A key that is missing and a null are nothing; what is
/// of another kind than asked for is nothing, too, and noted as a problem with its path
/// ("historicRatings[2].reportDate"). Values are never repeated in a problem.
/// Lifetime: the document and the list of problems must outlive it.
class JsonFields {
 public:
  /// `problems` may be null: then nothing is noted.
  JsonFields(const nlohmann::json& object, std::string path,
             std::vector<v1::FieldViolation>* problems);

  bool Has(std::string_view key) const { return Find(key) != nullptr; }

  /// A text without spaces around it; empty where there is none. Notes WRONG_TYPE.
  std::string Text(std::string_view key) const;

  /// A day of the years 1900 to 2200: "2024-09-17", also with a time behind it. An empty text is
  /// nothing. Notes WRONG_TYPE, DATE_NOT_READ.
  std::optional<CivilDate> Date(std::string_view key) const;

  /// A count of things, also as text or with a point ("12", 12.0). Notes NUMBER_NOT_READ.
  std::optional<uint32_t> Count(std::string_view key) const;

  /// True or false. Notes WRONG_TYPE.
  std::optional<bool> Flag(std::string_view key) const;

  /// Notes WRONG_TYPE.
  std::optional<JsonFields> Object(std::string_view key) const;

  /// The objects of a list; elements that are none are noted as WRONG_TYPE.
  std::vector<JsonFields> List(std::string_view key) const;

  /// The texts of a list.
  std::vector<std::string> Texts(std::string_view key) const;

  /// Notes a problem of a key.
  void Refuse(std::string_view key, std::string_view rule, std::string_view description) const;

 private:
  const nlohmann::json* Find(std::string_view key) const;
  std::string PathOf(std::string_view key) const;

  const nlohmann::json* object_;
  std::string path_;
  std::vector<v1::FieldViolation>* problems_;
};

}  // namespace trigpoint
