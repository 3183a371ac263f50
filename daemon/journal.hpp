// The order in which things become true: first on the disk, then outside. What is put here between two writes
// goes into one transaction.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store.hpp"

namespace healthd {

class Journal {
 public:
  Journal(asio::any_io_executor executor, Store& store);

  /// The row is to be kept; a newer one of the same key replaces it. `then` is called once it is on the disk,
  /// or once it is clear that it will not be: a full disk must not keep people from being told.
  void put(StoredRow row, std::function<void()> then = {});

  /// The row is on the disk already.
  void remember(StoredRow row);

  /// Writes what is put until it is cancelled.
  asio::awaitable<void> write_forever();
  /// Waits until everything is written, or the deadline.
  asio::awaitable<void> flush(Deadline deadline);
  /// All that was put and not taken back: what the file holds once everything is written.
  std::vector<StoredRow> rows() const;

 private:
  Store& store_;
  using Key = std::pair<Table, std::string>;
  std::map<Key, std::optional<std::string>> rows_;  ///< that wait to be written
  std::map<Key, std::string> kept_;
  std::vector<std::function<void()>> thens_;
  asio::steady_timer woken_;
  bool writing_ = false;
};

}  // namespace healthd
