// A strict, typed reader of one YAML map. What nobody read is an error, so a misspelt key cannot pass unseen.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/duration.hpp"
#include "config/problem.hpp"
#include "config/secret.hpp"

namespace healthd {

/// How secrets may be given; see Options::secret.
struct SecretPolicy {
  bool allow_inline = false;
  std::string credentials_directory;  ///< systemd's $CREDENTIALS_DIRECTORY, "" when there is none
};

/// One node of the configuration, usually a map. Cheap to copy; copies share what has been read.
/// A wrong value is reported to the Problems it was made with and the fallback returned, so that reading goes
/// on and all problems appear at once; those Problems must outlive every reading. Messages never show the
/// value of a key that may hold a secret. Blocks on disk in `secret` only: read the configuration off the
/// event loop.
class Options {
 public:
  struct Node;  // hides yaml-cpp

  Options();  ///< an empty map that stands nowhere and whose problems nobody hears
  explicit Options(std::shared_ptr<Node> node);

  /// Parses a whole file. A syntax error or a file that cannot be read is reported; the result then stands
  /// nowhere (its place has line 0), while that of an empty file is an empty map on line 1.
  static Options from_file(const std::string& path, Problems& problems, SecretPolicy policy = {});
  static Options from_text(std::string_view text, const std::string& name, Problems& problems,
                           SecretPolicy policy = {});

  /// Whether the key is there. Counts as asking for it, as every reading does.
  bool has(std::string_view key) const;
  Place place() const;                      ///< of the map itself
  Place place(std::string_view key) const;  ///< of the key's value, or of the map where absent
  Place place(std::string_view key, std::size_t item) const;  ///< of one item of the list under the key

  std::string text(std::string_view key, std::string_view fallback = "");
  std::string require_text(std::string_view key);
  std::optional<bool> flag(std::string_view key);
  bool flag(std::string_view key, bool fallback) { return flag(key).value_or(fallback); }
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most);
  std::optional<double> number(std::string_view key);
  std::optional<Duration> duration(std::string_view key);
  Duration duration(std::string_view key, Duration fallback) { return duration(key).value_or(fallback); }
  /// As above, but a value outside of `least` to `most` is an error.
  std::optional<Duration> duration(std::string_view key, Duration least, Duration most);
  /// A number as it is, or a duration in seconds: for thresholds.
  std::optional<double> number_or_seconds(std::string_view key);
  /// One of `allowed`; anything else is an error that names the nearest.
  std::string choice(std::string_view key, std::string_view fallback,
                     const std::vector<std::string>& allowed);
  /// A list of scalars; a single scalar counts as a list of one.
  std::vector<std::string> texts(std::string_view key);
  /// The map under `key`; an empty one where it is absent.
  Options map(std::string_view key);
  /// The list of maps under `key`.
  std::vector<Options> maps(std::string_view key);
  /// Names of this map's entries in file order, for maps whose keys are names (alert overrides). Marks them
  /// read.
  std::vector<std::string> keys();

  /// The secret `key`: from the file `<key>_file` (relative to the configuration's folder), from the systemd
  /// credential named by `credential`, or inline under `key` where the policy allows it. One trailing newline
  /// is cut. Empty, NUL-holding or unreadable files, and files that others than owner and group may read, are
  /// errors. nullopt: none was configured, or an error was reported.
  std::optional<Secret> secret(std::string_view key);
  /// For the whole file, which may say itself that secrets may stand in it.
  void allow_inline_secrets(bool allow);

  /// Equal for two maps that say the same, wherever they stand, whatever the order of their keys, and whose
  /// `…_file`s hold the same. Says nothing of what is in them. Blocks on disk.
  std::string fingerprint() const;

  void error(std::string_view key, std::string message);    ///< at the key's place
  void warning(std::string_view key, std::string message);  ///< at the key's place

  /// Reports each key that nobody asked for, with the nearest one that somebody did. Recurses into maps that
  /// were read. Call it last.
  void finish();

 private:
  std::shared_ptr<Node> node_;
};

/// What a file of at most 1 MiB holds, or a little more than that where it holds more. nullopt: it was
/// reported why it cannot be read. Blocks on disk.
std::optional<std::string> read_text_file(const std::string& path, Problems& problems);

}  // namespace healthd
