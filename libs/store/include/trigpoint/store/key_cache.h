#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "trigpoint/base/crypto.h"

namespace trigpoint {

/// The keys used last, unwrapped; a key that leaves is wiped. Thread-compatible.
class KeyCache {
 public:
  explicit KeyCache(size_t capacity) : capacity_(capacity) {}
  ~KeyCache() { Clear(); }
  KeyCache(const KeyCache&) = delete;
  KeyCache& operator=(const KeyCache&) = delete;

  /// Gives a key and counts that as a use.
  std::optional<std::string> Find(const std::string& id) {
    const auto found = places_.find(id);
    if (found == places_.end()) {
      return std::nullopt;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->second;
  }

  /// Keeps a key; the one unused for longest leaves when there are too many.
  void Insert(const std::string& id, std::string key) {
    Erase(id);
    entries_.emplace_front(id, std::move(key));
    places_[id] = entries_.begin();
    while (entries_.size() > capacity_) {
      const std::string last = entries_.back().first;
      Erase(last);
    }
  }

  /// Forgets a key.
  void Erase(const std::string& id) {
    const auto found = places_.find(id);
    if (found != places_.end()) {
      Wipe(found->second->second);
      entries_.erase(found->second);
      places_.erase(found);
    }
  }

  /// Forgets every key.
  void Clear() {
    for (Entry& entry : entries_) Wipe(entry.second);
    entries_.clear();
    places_.clear();
  }

 private:
  using Entry = std::pair<std::string, std::string>;
  size_t capacity_;
  std::list<Entry> entries_;  // Last used first.
  std::unordered_map<std::string, std::list<Entry>::iterator> places_;
};

}  // namespace trigpoint
