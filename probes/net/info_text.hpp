// What Redis says of itself (INFO), as an open map: unknown fields are kept, missing ones are absent.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/result.hpp"

namespace healthd {

/// Of an endless list of fields the first 4096 are kept.
class InfoText {
 public:
  using Field = std::pair<std::string_view, std::string_view>;

  InfoText() = default;
  explicit InfoText(std::string_view text);

  /// "" where the field is absent.
  std::string_view text(std::string_view field) const;
  /// nullopt where the field is absent or no number.
  std::optional<double> number(std::string_view field) const;
  /// Sorted by name.
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::shared_ptr<const std::string> text_;  ///< what the fields are views of, in every copy
  std::vector<Field> fields_;
};

/// Used memory as a share of `maxmemory`, counted as Redis counts it before it refuses writes; nullopt
/// without limit.
std::optional<double> memory_share(const InfoText& info);

/// `oom` where more than `share` of the memory is used and Redis would rather refuse a write than evict a
/// key.
Failure memory_short(const InfoText& info, double share);

}  // namespace healthd
