// What must outlive this process: rows of small texts in one SQLite file, written by a thread of its own. A
// commit that was reported as durable is on the disk, also after a power cut.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probes/deadline.hpp"

namespace healthd {

namespace asio = boost::asio;

/// The tables of the file. Each has a key, a body (JSON that only the writer understands) and a hash of both.
enum class Table : std::uint8_t {
  alert,     ///< what the engine remembers of one alert or probe, by rule, probe and label value
  delivery,  ///< what one receiver is to know of one alert, by `receiver/fingerprint`
  incident,  ///< by id
  lever,     ///< a silence, an acknowledgement, a maintenance window, by id
};

struct StoredRow {
  Table table = Table::alert;
  std::string key;
  std::optional<std::string> body;  ///< nullopt: the row is to go
};

struct StoreState {
  enum class Mode : std::uint8_t {
    memory,  ///< nothing is kept: no file was wanted, or the disk refuses
    disk,
  };
  Mode mode = Mode::memory;
  std::string trouble;  ///< why not on disk, or what was lost; one line for people; "" for nothing
  std::optional<std::chrono::system_clock::time_point> last_commit_at;
  std::uint64_t commits = 0, failures = 0;
};

class Store {
 public:
  /// Opens or makes `folder/state.db`; blocks on the disk, so call it before the loop runs. Never fails: a
  /// file that cannot be read is set aside as `state.db.bad-<time>` and a new one is made; where the folder
  /// cannot be written, everything goes on in memory, state() says so, and the disk is tried again every
  /// `retry`. "" : memory, as wanted.
  static std::unique_ptr<Store> open(const std::string& folder,
                                     std::chrono::milliseconds retry = std::chrono::minutes{1});
  virtual ~Store() = default;

  /// The rows that the file held when it was opened; those with a wrong hash are left out and counted in
  /// state().trouble. To be called once.
  virtual std::vector<StoredRow> take_rows() = 0;

  /// Writes all of `rows` or none, in the order of the calls. True once they are on the disk; false where
  /// they are not, be it that the disk refuses, that we are in memory mode, or that `deadline` passed first
  /// (they may then still get there). May be called again at once; several waiting calls share one
  /// transaction. Resumes on the caller's executor. Cancellable.
  virtual asio::awaitable<bool> commit(std::vector<StoredRow> rows, Deadline deadline) = 0;

  /// From any thread.
  virtual StoreState state() const = 0;

  /// Writes what is waiting and ends the thread, within `patience`; false where the disk hangs.
  virtual bool close(std::chrono::milliseconds patience) = 0;
};

}  // namespace healthd
