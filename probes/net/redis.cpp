#include "probes/net/redis.hpp"

#include <array>

namespace healthd {
namespace {

struct Meaning {
  std::string_view beginning;
  Reason reason;
};

/// The first that fits counts. `DENIED` is protected mode: Redis talks to nobody from outside.
constexpr std::array meanings{
    Meaning{"NOAUTH", Reason::auth},
    Meaning{"WRONGPASS", Reason::auth},
    Meaning{"ERR AUTH", Reason::auth},
    Meaning{"ERR invalid password", Reason::auth},
    Meaning{"ERR Client sent AUTH", Reason::auth},
    Meaning{"NOPERM", Reason::permission},
    Meaning{"DENIED", Reason::permission},
    Meaning{"OOM", Reason::oom},
    Meaning{"MISCONF", Reason::misconf},
    Meaning{"READONLY", Reason::read_only},
    Meaning{"MASTERDOWN", Reason::masterdown},
    Meaning{"BUSY ", Reason::busy},
    Meaning{"LOADING", Reason::loading},
    Meaning{"NOREPLICAS", Reason::noreplicas},
    Meaning{"ERR max number of clients", Reason::maxclients},
    Meaning{"ERR DB index is out of range", Reason::wrong_database},
    Meaning{"ERR invalid DB index", Reason::wrong_database},
};

constexpr std::size_t longest_detail = 200;
constexpr std::size_t read_size = 16 * 1024;

}  // namespace

Failure redis_failure(std::string_view error_text) {
  // "unknown command" repeats the arguments, and those of AUTH are secret.
  error_text = error_text.substr(0, error_text.find(", with args"));
  Failure failure{Reason::query_error, std::string{error_text.substr(0, longest_detail)}};
  for (const auto& [beginning, reason] : meanings) {
    if (!error_text.starts_with(beginning)) continue;
    failure.reason = reason;
    break;
  }
  return failure;
}

struct RedisClient::Impl {
  explicit Impl(std::unique_ptr<Stream> made) : stream{std::move(made)} {}

  /// Reads until one more reply is whole.
  asio::awaitable<Result<RedisReply>> read_reply() {
    for (;;) {
      auto next = decoder.next();
      if (!next) co_return next.error();
      if (*next) co_return std::move(**next);
      const auto [error, bytes] = co_await stream->read_some(asio::buffer(buffer));
      if (error) co_return failure_from(error);
      decoder.feed({buffer.data(), bytes});
    }
  }

  /// Whoever refuses us after the handshake says so where we read; a write only meets the closed connection.
  Failure first_failure(const Failure& reading) const {
    const bool says_why = reading.reason != Reason::reset;
    return says_why || !write_error ? reading : failure_from(write_error);
  }

  std::unique_ptr<Stream> stream;
  RespDecoder decoder;
  std::array<char, read_size> buffer;
  boost::system::error_code write_error;
  std::size_t awaited = 0;  ///< replies to what was sent
  bool usable = true;
};

RedisClient::RedisClient(std::unique_ptr<Stream> stream) : impl_{std::make_unique<Impl>(std::move(stream))} {}
RedisClient::~RedisClient() = default;

bool RedisClient::usable() const { return impl_->usable; }

asio::awaitable<void> RedisClient::send(std::vector<RedisCommand> commands) {
  impl_->usable = false;
  impl_->awaited += commands.size();
  const auto bytes = encode_commands(commands);
  // A server that turns us away says why and closes without reading, so a failed write is not yet the answer.
  const auto written = co_await impl_->stream->write(asio::buffer(bytes));
  impl_->write_error = written.error;
}

asio::awaitable<Result<std::vector<RedisReply>>> RedisClient::receive(std::size_t count) {
  std::vector<RedisReply> replies;
  while (replies.size() < count) {
    auto reply = co_await impl_->read_reply();
    if (!reply) {
      if (replies.empty()) co_return impl_->first_failure(reply.error());
      const auto said = redis_failure(replies.back().text);
      const bool turned_away = replies.back().is_error() && said.reason != Reason::query_error;
      co_return turned_away ? said : reply.error();
    }
    replies.push_back(std::move(*reply));
  }
  impl_->awaited -= count;
  impl_->usable = impl_->awaited == 0;
  co_return replies;
}

asio::awaitable<Result<std::vector<RedisReply>>> RedisClient::pipeline(std::vector<RedisCommand> commands) {
  if (!impl_->usable) co_return Failure{Reason::reset, "the connection is no longer usable"};
  const auto count = commands.size();
  co_await send(std::move(commands));
  co_return co_await receive(count);
}

asio::awaitable<Result<RedisReply>> RedisClient::command(RedisCommand command) {
  std::vector<RedisCommand> commands;
  commands.push_back(std::move(command));
  auto replies = co_await pipeline(std::move(commands));
  if (!replies) co_return replies.error();
  co_return std::move(replies->front());
}

}  // namespace healthd
