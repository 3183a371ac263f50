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

/// What a receiver is to be told about one alert.
struct Message {
  enum class Kind {
    state,         ///< it fires, or is resolved
    reminder,      ///< it still fires
    acknowledged,  ///< it fires, and somebody has taken it on
    missed,        ///< it came and went while the receiver could not be told
  };
  Alert alert;
  Kind kind = Kind::state;
  std::string note = {};     ///< a sentence for people, such as how late this comes; "" for none
  std::string receipt = {};  ///< Delivery::receipt of when the receiver last took this alert as firing
  bool farewell = false;     ///< the daemon is about to stop: it will be a while until this is told again
};

/// What became of one message.
struct Delivery {
  enum class Kind { sent, retry, rejected };  ///< rejected: the same message will be refused again
  Kind kind = Kind::retry;
  std::string reason;  ///< closed: `timeout connect http_4xx http_429 http_5xx rejected`; "" when sent
  std::string detail;  ///< for the log; no secret
  std::optional<std::chrono::seconds> retry_after = {};
  bool may_have_arrived = false;  ///< of one that was not sent: the receiver may have taken it all the same
  std::string receipt = {};       ///< to be handed back with the next message about this alert; kept on disk
};

/// How a receiver wants to be treated.
struct Manners {
  /// How often what is firing (and what was resolved less than 15 min ago) is told again, because the
  /// receiver forgets; nullopt: once is enough.
  std::optional<std::chrono::milliseconds> resend = {};
  /// It keeps an alert open until it is told otherwise: when our state was lost, it is told what is well.
  bool keeps_open = false;
  bool tells_missed = false;    ///< wants Message::Kind::missed
  bool acknowledges = false;    ///< wants Message::Kind::acknowledged
  bool takes_watchdog = false;  ///< wants alerts of severity `none`
  std::optional<std::chrono::milliseconds> reminder =
      {};                                     ///< while an alert fires, unless the site says otherwise
  std::size_t most_messages = 64;             ///< in one send()
  std::chrono::milliseconds timeout{10'000};  ///< of one send()
  std::chrono::milliseconds pause{
      0};  ///< between the beginnings of two sends; what comes meanwhile is collected
};

class Notifier {
 public:
  virtual ~Notifier() = default;
  /// The receiver's configured name, with the instance behind a slash where it has several.
  virtual const std::string& name() const = 0;
  virtual Manners manners() const = 0;
  /// Tells `messages`, in one go where the receiver can take them so. One answer for each, in their order.
  /// Cancellable; ends by `deadline`.
  virtual asio::awaitable<std::vector<Delivery>> send(std::vector<Message> messages, Deadline deadline) = 0;
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
std::vector<std::unique_ptr<Notifier>> make_email(ReceiverConfig& config, NotifierTools tools);
std::vector<std::unique_ptr<Notifier>> make_pagerduty(ReceiverConfig& config, NotifierTools tools);
std::vector<std::unique_ptr<Notifier>> make_slack(ReceiverConfig& config, NotifierTools tools);
std::vector<std::unique_ptr<Notifier>> make_webhook(ReceiverConfig& config, NotifierTools tools);

}  // namespace healthd
