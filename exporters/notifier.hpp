// A notifier takes alerts to one place outside, and says whether trying again can help.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "exporters/alert.hpp"
#include "probes/deadline.hpp"
#include "probes/net/resolve.hpp"
#include "probes/net/tls.hpp"

namespace healthd {

struct Delivery {
  enum class Kind { sent, retry, rejected };  ///< rejected: the same message will be refused again
  Kind kind = Kind::retry;
  std::string reason;  ///< closed: `timeout connect http_4xx http_429 http_5xx rejected`; "" when sent
  std::string detail;  ///< for the log; no secret
  std::optional<std::chrono::seconds> retry_after = {};
  bool may_have_arrived = false;  ///< of one that was not sent: the receiver may have taken it all the same
};

class Notifier {
 public:
  virtual ~Notifier() = default;
  /// The receiver's configured name, with the instance behind a slash where it has several.
  virtual const std::string& name() const = 0;
  /// How often what is firing (and what was resolved less than 15 min ago) is told again; nullopt: once is
  /// enough.
  virtual std::optional<std::chrono::milliseconds> resend() const = 0;
  /// One message with all `alerts`. Cancellable; ends by `deadline`.
  virtual asio::awaitable<Delivery> send(std::vector<Alert> alerts, Deadline deadline) = 0;
};

/// The notifiers of one configured receiver: one per place, so a dead place delays no other.
struct NotifierTools {
  Resolver& resolver;
  TlsContexts& tls;
};
using MakeNotifiers = std::vector<std::unique_ptr<Notifier>> (*)(ReceiverConfig& config, NotifierTools tools);

struct ReceiverType {
  std::string_view name;
  MakeNotifiers make;
};
const std::vector<ReceiverType>& receiver_types();

std::vector<std::unique_ptr<Notifier>> make_alertmanager(ReceiverConfig& config, NotifierTools tools);
std::vector<std::unique_ptr<Notifier>> make_webhook(ReceiverConfig& config, NotifierTools tools);

}  // namespace healthd
