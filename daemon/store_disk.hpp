// The blocking half of the store, on its thread: the file, an image of the rows to make a new file of when
// the old one goes bad, and the tries to come back to the disk.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store_file.hpp"

namespace healthd {

/// Written on the store's thread, read from any.
class StoreStateBox {
 public:
  StoreState read() const { return *state_.load(); }
  void disk(bool used, std::string trouble);
  void commit(bool kept);

 private:
  std::atomic<std::shared_ptr<const StoreState>> state_{std::make_shared<const StoreState>()};
};

class StoreDisk : public std::enable_shared_from_this<StoreDisk> {
 public:
  /// `thread` is where everything happens but for open().
  StoreDisk(std::string folder, std::chrono::milliseconds retry, asio::any_io_executor thread,
            std::shared_ptr<StoreStateBox> state);

  /// Blocks on the disk. Once, before anything else.
  void open();
  /// Once, before the first write.
  std::vector<StoredRow> take_rows() { return std::exchange(rows_, {}); }

  /// Tries again and again where the file could not be opened.
  void begin();
  bool write(const std::vector<StoredRow>& rows);

 private:
  using Key = std::pair<Table, std::string>;

  void remember(const StoredRow& row);
  bool start_over(const std::string& before);
  std::unique_ptr<StoreFile> open_again(std::string& trouble);
  std::vector<StoredRow> image_for(StoreFile& file, std::string& trouble) const;
  void later(const std::string& trouble);
  void try_later();

  const std::string folder_;
  const std::chrono::milliseconds retry_;
  const std::shared_ptr<StoreStateBox> state_;
  std::unique_ptr<StoreFile> file_;
  std::vector<StoredRow> rows_;
  bool has_read_ = false;  ///< what the file held at the start is in the image
  bool suspect_ = false;   ///< the file in place had a write that failed
  std::map<Key, std::string> image_;
  std::size_t bytes_ = 0;
  asio::steady_timer again_;
};

}  // namespace healthd
