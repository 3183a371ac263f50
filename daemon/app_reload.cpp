// A new configuration for a daemon that goes on: by SIGHUP, or over the control socket.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>
#include <utility>

#include "daemon/app.hpp"
#include "daemon/door.hpp"
#include "daemon/heap.hpp"
#include "daemon/judgement_parts.hpp"
#include "daemon/status_text.hpp"

namespace healthd {
namespace {

/// For messages that are on their way; a receiver that takes longer hears that one again.
constexpr std::chrono::seconds halt_time{3};

/// To be spawned where blocking is right.
asio::awaitable<Loaded> load_slowly(const Settings& settings, Resolver& resolver) {
  Loaded failed;
  try {
    co_return load_file(settings.config_file, settings.web_config_file, resolver);
  } catch (const std::exception& bug) {
    failed.problems->error({settings.config_file}, std::string{"cannot be read: "} + bug.what());
  }
  co_return failed;
}

/// The end of a reload; what was swapped out is free by then.
asio::awaitable<std::string> keep_slowly(const LastGood& place, const std::string& text) {
  give_back_free_memory();
  co_return place.keep(text);
}

/// What systemd wants with RELOADING=1.
std::string monotonic_usec() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(now.tv_sec * 1'000'000LL + now.tv_nsec / 1'000);
}

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

asio::awaitable<App::Reloaded> App::reload() {
  systemd_.send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec());
  const auto executor = loops_.worker().get_executor();
  auto loading = load_slowly(settings_, loops_.resolver());
  auto next = co_await asio::co_spawn(executor, std::move(loading), asio::use_awaitable);
  if (next.usable()) refuse_what_needs_a_restart(loaded_.parts.config, settings_, next);
  for (const auto& problem : next.problems->sorted())
    log_event(LogLevel::warning, "config_problem", {{"problem", to_string(problem)}});
  Reloaded reloaded{next.usable(), lines_of(*next.problems)};
  as_configured_ = reloaded.done;
  if (reloaded.done) {
    const auto kept = watched_.unchanged(next.parts.probes).size();
    co_await swap(std::move(next));
    co_await door_->reload();
    configured_at_ = std::chrono::system_clock::now();
    auto keeping = keep_slowly(last_good_, loaded_.text);
    const auto trouble = co_await asio::co_spawn(executor, std::move(keeping), asio::use_awaitable);
    if (!trouble.empty()) log_event(LogLevel::warning, "last_good_not_kept", {{"trouble", trouble}});
    reloaded.text += (reloaded.text.empty() ? "" : "\n") + counted(watched_.size(), "probe") + ", " +
                     std::to_string(kept) + " of them unchanged";
  }
  last_snapshot_.reset();
  log_event(reloaded.done ? LogLevel::info : LogLevel::error, reloaded.done ? "reloaded" : "reload_refused",
            {{"file", settings_.config_file}, {"probes", std::to_string(watched_.size())}});
  systemd_.send("READY=1\nSTATUS=watching " + counted(watched_.size(), "probe") +
                (as_configured_ ? "" : "; the file on disk is wrong, the old configuration runs"));
  co_return reloaded;
}

asio::awaitable<void> App::swap(Loaded next) {
  const auto kept = watched_.unchanged(next.parts.probes);
  co_await judgement_->halt(Deadline::in(halt_time));
  co_await judging_->stop();
  co_await watched_.keep_only(kept);
  // From here to the end nothing is awaited, so no result comes in between.
  auto handover = judgement_->hand_over();
  vigil_.reset();
  loaded_ = std::move(next);
  door_->set_hosts(allowed_hosts(settings_, loaded_.parts.config, listening_));
  auto parts = judgement_parts(settings_, loaded_.parts);
  const History before = std::exchange(history_, {});
  watch_probes(&before, kept);
  const auto executor = loops_.main().get_executor();
  judgement_ = std::make_unique<Judgement>(executor, std::move(parts), store_);
  judgement_->take_over(std::move(handover));
  judging_ = std::make_unique<TaskScope>(executor, report_escape());
  start_judging();
  watched_.start();
}

LeverHost App::lever_host() {
  return {judgement_->levers(), [this] { return judgement_->incidents().open(); },
          [this](const auto& incident, const auto& by, const auto& comment) {
            judgement_->acknowledge(incident, by, comment);
          },
          [this] {
            return status_text(loaded_.parts.config.stack, history_.probes(), judgement_->incidents().open(),
                               vigil_->trouble());
          },
          [this] { judgement_->levers_changed(); }};
}

asio::awaitable<std::string> App::answer_person(std::string request, std::string peer) {
  if (asks_for_reload(request)) co_return co_await ask_for_reload();
  auto host = lever_host();
  auto answer = answer_control(host, request, peer, std::chrono::system_clock::now());
  co_await judgement_->written();  // what a person was told is done must outlive us
  co_return answer;
}

asio::awaitable<std::string> App::ask_for_reload() {
  const auto mine = ++reloads_wanted_;
  wanted_.cancel();
  while (reloads_done_ < mine && !stop_wanted_)
    co_await wanted_.async_wait(asio::as_tuple(asio::use_awaitable));
  if (reloads_done_ < mine) co_return answer_reload(false, "the daemon stops");
  co_return answer_reload(last_reload_.done, last_reload_.text);
}

}  // namespace healthd
