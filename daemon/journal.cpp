#include "daemon/journal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace healthd {
namespace {

/// A disk that is slower than this keeps nobody waiting.
constexpr std::chrono::seconds patience{2};

}  // namespace

Journal::Journal(asio::any_io_executor executor, Store& store)
    : store_{store}, woken_{std::move(executor), asio::steady_timer::time_point::max()} {}

void Journal::put(StoredRow row, std::function<void()> then) {
  Key key{row.table, std::move(row.key)};
  if (row.body) kept_[key] = *row.body;
  if (!row.body) kept_.erase(key);
  rows_[std::move(key)] = std::move(row.body);
  if (then) thens_.push_back(std::move(then));
  woken_.cancel();
}

asio::awaitable<void> Journal::write_forever() {
  for (;;) {
    while (!rows_.empty()) {
      std::vector<StoredRow> rows;
      for (auto& [key, body] : rows_) rows.push_back({key.first, key.second, std::move(body)});
      rows_.clear();
      const auto thens = std::exchange(thens_, {});
      writing_ = true;
      co_await store_.commit(std::move(rows), Deadline::in(patience));
      writing_ = false;
      for (const auto& then : thens) then();
    }
    co_await woken_.async_wait(asio::as_tuple(asio::use_awaitable));
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      co_return;
  }
}

void Journal::remember(StoredRow row) {
  if (row.body) kept_[{row.table, std::move(row.key)}] = std::move(*row.body);
}

std::vector<StoredRow> Journal::rows() const {
  std::vector<StoredRow> all;
  for (const auto& [key, body] : kept_) all.push_back({key.first, key.second, body});
  return all;
}

asio::awaitable<void> Journal::flush(Deadline deadline) {
  asio::steady_timer pause{co_await asio::this_coro::executor};
  while ((writing_ || !rows_.empty()) && !deadline.passed()) {
    pause.expires_after(std::chrono::milliseconds{5});
    co_await pause.async_wait(asio::use_awaitable);
  }
}

}  // namespace healthd
