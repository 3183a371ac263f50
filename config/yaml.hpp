// A YAML file as a plain tree with places, for the reader of options. yaml-cpp is known to yaml.cpp only.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"

namespace healthd {

/// What all nodes of one file share.
struct Document {
  std::string file;
  Problems* problems = nullptr;  ///< nullptr: of the map that stands nowhere
  SecretPolicy policy;
};

struct Options::Node {
  enum class Kind { nothing, scalar, list, map };
  struct Entry {
    std::string key;
    int line = 0, column = 0;  ///< of the key
    std::shared_ptr<Node> value;
  };

  Kind kind = Kind::map;
  int line = 0, column = 0;
  std::string text;                          ///< of a scalar
  std::vector<std::shared_ptr<Node>> items;  ///< of a list
  std::vector<Entry> entries;                ///< of a map, in file order, no key twice
  std::shared_ptr<Document> document;

  bool opened = false;                       ///< somebody reads this map, so its unread keys are errors
  std::set<std::string, std::less<>> asked;  ///< keys that somebody asked for

  Place place() const { return {document->file, line, column}; }
  const Entry* find(std::string_view key) const;
};

/// nullptr after a problem that leaves nothing to read. Bounds what it takes: 1 MiB of text, 32 levels, and a
/// number of nodes that aliases cannot exceed either. A key that stands twice is a problem; the first one is
/// kept.
std::shared_ptr<Options::Node> parse_yaml(std::string_view text, const std::shared_ptr<Document>& document);

constexpr std::size_t largest_file = 1024 * 1024;

}  // namespace healthd
