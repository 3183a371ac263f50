#include "daemon/store.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <map>
#include <utility>

#include "daemon/store_file.hpp"

namespace healthd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds try_again_every{60};
constexpr std::size_t most_waiting = 1024;
constexpr std::size_t most_image_bytes = 8 << 20;

/// What is kept where nothing is: the rows of this process alone.
class MemoryStore final : public Store {
 public:
  std::vector<StoredRow> take_rows() override { return {}; }
  asio::awaitable<bool> commit(std::vector<StoredRow> /*rows*/, Deadline /*deadline*/) override {
    co_return false;
  }
  StoreState state() const override { return {}; }
  bool close(std::chrono::milliseconds /*patience*/) override { return true; }
};

/// The blocking half: lives on the store's thread. Keeps an image of the rows, to make a new file of when the
/// old one goes bad.
class Disk {
 public:
  explicit Disk(std::string folder) : folder_{std::move(folder)} {
    file_ = StoreFile::open(folder_, trouble_);
    if (!file_) return;
    rows_ = file_->rows(trouble_);
    for (const auto& row : rows_) remember(row);
  }

  std::vector<StoredRow> take_rows() { return std::exchange(rows_, {}); }

  bool write(const std::vector<StoredRow>& rows) {
    for (const auto& row : rows) remember(row);
    if (file_) {
      const auto written = file_->write(rows);
      if (written.error.empty()) return true;
      trouble_ = "the state file cannot be written: " + written.error;
      file_.reset();
      if (written.full) {
        next_try_ = Clock::now() + try_again_every;
        return false;
      }
      // After a failed write nobody knows what the kernel still has of it: not the same file again.
      StoreFile::set_aside(folder_);
      return start_over();
    }
    if (Clock::now() < next_try_) return false;
    return start_over();
  }

  bool on_disk() const { return file_ != nullptr; }
  const std::string& trouble() const { return trouble_; }

 private:
  using Key = std::pair<Table, std::string>;

  void remember(const StoredRow& row) {
    auto& slot = image_[{row.table, row.key}];
    bytes_ -= slot.size();
    if (!row.body) {
      image_.erase({row.table, row.key});
      return;
    }
    bytes_ += row.body->size();
    slot = *row.body;
    // Incidents of the past are what can be spared.
    for (auto old = image_.lower_bound({Table::incident, ""});
         bytes_ > most_image_bytes && old != image_.end() && old->first.first == Table::incident;) {
      bytes_ -= old->second.size();
      old = image_.erase(old);
    }
  }

  /// A file with everything that we know.
  bool start_over() {
    next_try_ = Clock::now() + try_again_every;
    std::string trouble;
    auto file = StoreFile::open(folder_, trouble);
    if (!file) {
      trouble_ = trouble;
      return false;
    }
    std::vector<StoredRow> rows;
    // What the file holds and we do not is of before a change that it has missed.
    for (auto& row : file->rows(trouble))
      if (!image_.contains({row.table, row.key})) rows.push_back({row.table, row.key, std::nullopt});
    for (const auto& [key, body] : image_) rows.push_back({key.first, key.second, body});
    const auto written = file->write(rows);
    if (!written.error.empty()) {
      trouble_ = "the state file cannot be written: " + written.error;
      return false;
    }
    file_ = std::move(file);
    trouble_ = trouble;
    return true;
  }

  std::string folder_;
  std::string trouble_;
  std::unique_ptr<StoreFile> file_;
  std::vector<StoredRow> rows_;
  std::map<Key, std::string> image_;
  std::size_t bytes_ = 0;
  Clock::time_point next_try_{};
};

/// The half on the main loop: hands one batch at a time to the thread; what comes meanwhile is the next
/// batch.
class DiskStore final : public Store {
 public:
  explicit DiskStore(const std::string& folder) : disk_{std::make_shared<Disk>(folder)} {
    note_state(*disk_);
  }
  ~DiskStore() override { DiskStore::close(std::chrono::seconds{1}); }

  std::vector<StoredRow> take_rows() override { return disk_->take_rows(); }
  StoreState state() const override { return state_; }

  asio::awaitable<bool> commit(std::vector<StoredRow> rows, Deadline deadline) override {
    if (closed_ || waiting_.size() >= most_waiting) co_return false;
    const auto home = co_await asio::this_coro::executor;
    auto caller = std::make_shared<Caller>(home, deadline);
    for (auto& row : rows) rows_.push_back(std::move(row));
    waiting_.push_back(caller);
    if (!writing_) write_next(home);
    if (!caller->done) co_await caller->woken.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return caller->kept;
  }

  bool close(std::chrono::milliseconds patience) override {
    if (closed_) return true;
    closed_ = true;
    auto over = std::make_shared<std::promise<void>>();
    auto end = over->get_future();
    // What was never handed over is written last.
    asio::post(*thread_, [disk = std::move(disk_), rows = std::move(rows_), over]() mutable {
      if (!rows.empty()) disk->write(rows);
      disk.reset();  // closes the file
      over->set_value();
    });
    const bool ended = end.wait_for(patience) == std::future_status::ready;
    if (ended) thread_->join();
    if (!ended) static_cast<void>(thread_.release());  // a disk that hangs is not worth waiting for
    return ended;
  }

 private:
  struct Caller {
    Caller(const asio::any_io_executor& home, Deadline deadline) : woken{home, deadline.when()} {}
    asio::steady_timer woken;
    bool done = false, kept = false;
  };
  struct Written {
    bool kept = false, on_disk = false;
    std::string trouble;
  };

  void write_next(const asio::any_io_executor& home) {
    if (waiting_.empty()) return;
    writing_ = true;
    auto task = [this, home, alive = std::weak_ptr{alive_}, disk = disk_, rows = std::exchange(rows_, {}),
                 callers = std::exchange(waiting_, {})]() mutable {
      Written written;
      written.kept = disk->write(rows);
      written.on_disk = disk->on_disk();
      written.trouble = disk->trouble();
      disk.reset();
      asio::post(home, [this, home, alive, written = std::move(written), callers = std::move(callers)] {
        if (!alive.expired()) finished(home, written, callers);
      });
    };
    asio::post(*thread_, std::move(task));
  }

  void finished(const asio::any_io_executor& home, const Written& written,
                const std::vector<std::shared_ptr<Caller>>& callers) {
    writing_ = false;
    state_.mode = written.on_disk ? StoreState::Mode::disk : StoreState::Mode::memory;
    state_.trouble = written.trouble;
    ++(written.kept ? state_.commits : state_.failures);
    if (written.kept) state_.last_commit_at = std::chrono::system_clock::now();
    for (const auto& caller : callers) {
      caller->done = true;
      caller->kept = written.kept;
      caller->woken.cancel();
    }
    if (!closed_) write_next(home);
  }

  void note_state(const Disk& disk) {
    state_.mode = disk.on_disk() ? StoreState::Mode::disk : StoreState::Mode::memory;
    state_.trouble = disk.trouble();
  }

  std::shared_ptr<Disk> disk_;  ///< used on the thread only, once it has been opened
  StoreState state_;
  std::vector<StoredRow> rows_;
  std::vector<std::shared_ptr<Caller>> waiting_;
  bool writing_ = false, closed_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  std::unique_ptr<asio::thread_pool> thread_ = std::make_unique<asio::thread_pool>(1);
};

}  // namespace

std::unique_ptr<Store> Store::open(const std::string& folder) {
  if (folder.empty()) return std::make_unique<MemoryStore>();
  return std::make_unique<DiskStore>(folder);
}

}  // namespace healthd
