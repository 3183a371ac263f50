#include "daemon/log.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "daemon/log_line.hpp"

namespace healthd {
namespace {

constexpr std::size_t queue_lines = 1024;

/// The one global of the program: a log is wanted from everywhere in daemon/, also while things fall apart.
struct Logging {
  std::shared_ptr<spdlog::details::thread_pool> writer;
  std::shared_ptr<spdlog::async_logger> logger;
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::array<std::atomic<std::uint64_t>, 4> counts{};
};

Logging& logging() {
  static Logging instance;
  return instance;
}

}  // namespace

void start_logging(LogLevel level, LogFormat format) {
  auto& log = logging();
  log.level = level;
  log.format = format;
  log.writer = std::make_shared<spdlog::details::thread_pool>(queue_lines, 1U);
  log.logger =
      std::make_shared<spdlog::async_logger>("healthd", std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                             log.writer, spdlog::async_overflow_policy::overrun_oldest);
  log.logger->set_pattern("%v");
  log.logger->set_level(spdlog::level::trace);
}

bool stop_logging() {
  constexpr std::chrono::seconds patience{1};
  auto& log = logging();
  if (!log.logger) return true;
  std::promise<void> written;
  auto done = written.get_future();
  log.logger.reset();
  // The pool's end joins the writer, which first empties its queue: for ever, where nobody reads.
  std::thread closing{[writer = std::move(log.writer), written = std::move(written)]() mutable {
    writer.reset();
    written.set_value();
  }};
  const bool ended = done.wait_for(patience) == std::future_status::ready;
  if (ended) closing.join();
  if (!ended) closing.detach();
  return ended;
}

void log_event(LogLevel level, std::string_view event, LogFields fields) {
  auto& log = logging();
  log.counts.at(static_cast<std::size_t>(level)).fetch_add(1, std::memory_order_relaxed);
  if (!log.logger || level < log.level) return;
  const auto now = std::chrono::system_clock::now();
  const auto line = log.format == LogFormat::json ? json_line(now, level, event, fields)
                                                  : text_line(now, level, event, fields);
  log.logger->log(spdlog::level::info, spdlog::string_view_t{line.data(), line.size()});
}

std::map<std::string, std::uint64_t> log_counts() {
  const auto& counts = logging().counts;
  const auto count = [&counts](LogLevel level) { return counts.at(static_cast<std::size_t>(level)).load(); };
  return {{"warning", count(LogLevel::warning)}, {"error", count(LogLevel::error)}};
}

}  // namespace healthd
