#include "daemon/store.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <utility>

#include "daemon/store_disk.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_waiting = 1024;

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

/// The half on the main loop: hands one batch at a time to the thread; what comes meanwhile is the next
/// batch.
class DiskStore final : public Store {
 public:
  DiskStore(const std::string& folder, std::chrono::milliseconds retry)
      : disk_{std::make_shared<StoreDisk>(folder, retry, thread_->get_executor(), state_)} {}
  ~DiskStore() override { DiskStore::close(std::chrono::seconds{1}); }

  /// Blocks on the disk. Once, before anything else.
  void open_file() {
    disk_->open();
    asio::post(*thread_, [disk = disk_] { disk->begin(); });
  }

  std::vector<StoredRow> take_rows() override { return disk_->take_rows(); }
  StoreState state() const override { return state_->read(); }

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

  void write_next(const asio::any_io_executor& home) {
    if (waiting_.empty()) return;
    writing_ = true;
    auto task = [this, home, alive = std::weak_ptr{alive_}, disk = disk_, rows = std::exchange(rows_, {}),
                 callers = std::exchange(waiting_, {})]() mutable {
      const bool kept = disk->write(rows);
      disk.reset();
      asio::post(home, [this, home, alive, kept, callers = std::move(callers)] {
        if (!alive.expired()) finished(home, kept, callers);
      });
    };
    asio::post(*thread_, std::move(task));
  }

  void finished(const asio::any_io_executor& home, bool kept,
                const std::vector<std::shared_ptr<Caller>>& callers) {
    writing_ = false;
    for (const auto& caller : callers) {
      caller->done = true;
      caller->kept = kept;
      caller->woken.cancel();
    }
    if (!closed_) write_next(home);
  }

  std::unique_ptr<asio::thread_pool> thread_ = std::make_unique<asio::thread_pool>(1);
  std::shared_ptr<StoreStateBox> state_ = std::make_shared<StoreStateBox>();
  std::shared_ptr<StoreDisk> disk_;  ///< used on the thread only, once it has been opened
  std::vector<StoredRow> rows_;
  std::vector<std::shared_ptr<Caller>> waiting_;
  bool writing_ = false, closed_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace

std::unique_ptr<Store> Store::open(const std::string& folder, std::chrono::milliseconds retry) {
  if (folder.empty()) return std::make_unique<MemoryStore>();
  auto store = std::make_unique<DiskStore>(folder, retry);
  store->open_file();
  return store;
}

}  // namespace healthd
