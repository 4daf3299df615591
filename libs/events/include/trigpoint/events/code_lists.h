#pragma once

#include <span>
#include <string_view>

namespace trigpoint {

/// One code of a list whose codes are texts; lists of the schema's own are enums.
struct Code {
  std::string_view list;     ///< "CL-03", as the `code_list` option of a field names it.
  std::string_view code;     ///< What stands in the field.
  std::string_view meaning;  ///< In words for people.
};

/// Every code of every such list, list by list.
std::span<const Code> AllCodes();

/// Tells whether the codes of a list are texts that are known here.
bool HasCodes(std::string_view list);

/// Tells whether a text is a code of the list.
bool IsCode(std::string_view list, std::string_view code);

}  // namespace trigpoint
