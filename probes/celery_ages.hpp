// How long the messages of each queue have waited: asks Redis for the newest and the oldest one of each list,
// and for where earlier ones have got to.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "probes/celery_age.hpp"
#include "probes/celery_options.hpp"
#include "probes/celery_queues.hpp"
#include "probes/side_question.hpp"
#include "probes/tools.hpp"
#include "probes/trace.hpp"

namespace healthd {

class CeleryAges {
 public:
  CeleryAges(std::shared_ptr<Broker> broker, const CeleryOptions& options);

  /// Of the oldest message of each queue; nullopt where it cannot be told. After Broker::ask() in the same
  /// turn, whose report of the queues this is.
  asio::awaitable<std::vector<std::optional<AgeBracket>>> look(const Turns::Turn& turn, Tools& tools,
                                                               Trace& trace, const QueueReport& report);

  /// Why ages are not told.
  const Failure& failure() const { return question_.failure(); }

  /// A message of ours was taken out of the middle of a list.
  void withdrawn(std::size_t queue, std::string_view message);

 private:
  struct List {
    QueueAge age;
    std::optional<double> stamp;  ///< the age of the oldest message, where it says so
    bool redelivered = false;     ///< the oldest message was handed back
    bool known = false;
  };

  asio::awaitable<Failure> look_at(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                   const std::vector<std::size_t>& lists, const QueueReport& report);
  asio::awaitable<Failure> look_at_all(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                       const QueueReport& report);
  asio::awaitable<Failure> search(const Turns::Turn& turn, Tools& tools, Trace& trace);
  void read(List& list, const QueueReport& report, long long length, const RedisReply& newest,
            const RedisReply& oldest) const;
  std::vector<std::optional<AgeBracket>> brackets() const;
  AgeBracket bracket(const List& list) const;
  std::string key(std::size_t list) const;

  std::shared_ptr<Broker> broker_;
  const CeleryOptions& options_;
  std::vector<List> lists_;  ///< queue by queue, step by step
  SideQuestion question_;
};

}  // namespace healthd
