#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/node/node_config.h"

namespace trigpoint {

/// One setting: its name as a key, what it is for, and how it is read from and written to text.
struct Setting {
  std::string key;
  std::string help;
  std::function<bool(const std::string&, NodeConfig*)> set;
  std::function<std::string(const NodeConfig&)> get;
};

/// All of them, in the order to show.
const std::vector<Setting>& Settings();

}  // namespace trigpoint
