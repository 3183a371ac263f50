// Which part needs which: child <- parents, as the contract has it, overridden by `depends_on`. Pure.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace healthd {

/// A kind needs all probes of another kind; of redis probes, one with a broker needs that one only.
struct KindNeed {
  std::string_view child, parent;
};
std::span<const KindNeed> kind_needs();

/// A probe as the graph sees it.
struct Dependent {
  std::string name, kind;
  std::string broker;  ///< name of the redis probe that it reaches workers through; "" for none
  const std::vector<std::string>* depends_on =
      nullptr;  ///< what the site says instead of the kind's own parents
};

class Dependencies {
 public:
  Dependencies() = default;
  explicit Dependencies(const std::vector<Dependent>& probes);

  /// The probes that `probe` needs, directly or through others.
  const std::set<std::string>& ancestors(const std::string& probe) const;
  /// The same probe, or one needs the other.
  bool related(const std::string& one, const std::string& other) const;

 private:
  std::map<std::string, std::set<std::string>> ancestors_;
};

}  // namespace healthd
