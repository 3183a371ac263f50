// RESP2 replies, in whatever pieces they come.
#include "probes/net/resp.hpp"

#include "probes/net/redis.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;
using Kind = RedisReply::Kind;

constexpr RespLimits tight{.bytes = 512, .line_bytes = 128, .elements = 16, .depth = 3};

struct Reading {
  std::vector<RedisReply> replies = {};
  bool refused = false;
};

/// Feeds `step` bytes at a time, and takes every reply as soon as it is there.
Reading read(std::string_view bytes, RespLimits limits, std::size_t step) {
  RespDecoder decoder{limits};
  Reading reading;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    decoder.feed(bytes.substr(at, step));
    for (;;) {
      auto next = decoder.next();
      if (!next) {
        must(next.error().reason == Reason::protocol || next.error().reason == Reason::too_large,
             "a refusal is `protocol` or `too_large`");
        decoder.feed("+OK\r\n");
        must(!decoder.next().has_value(), "after a refusal nothing is read");
        reading.refused = true;
        return reading;
      }
      if (!*next) break;
      reading.replies.push_back(std::move(**next));
    }
  }
  return reading;
}

struct Size {
  std::size_t elements = 0, bytes = 0;
  int depth = 0;
};

Size measure(const RedisReply& reply) {
  Size size{reply.elements.size(), reply.text.size(), reply.kind == Kind::array ? 1 : 0};
  int deepest = 0;
  for (const auto& element : reply.elements) {
    const auto part = measure(element);
    size.elements += part.elements;
    size.bytes += part.bytes;
    deepest = std::max(deepest, part.depth);
  }
  size.depth += deepest;
  return size;
}

bool same(const RedisReply& left, const RedisReply& right) {
  return left.kind == right.kind && left.text == right.text && left.integer == right.integer &&
         std::ranges::equal(left.elements, right.elements, same);
}

std::string printed(const RedisReply& reply) {
  switch (reply.kind) {
    case Kind::string:
      return "$" + std::to_string(reply.text.size()) + "\r\n" + reply.text + "\r\n";
    case Kind::status:
      return "+" + reply.text + "\r\n";
    case Kind::error:
      return "-" + reply.text + "\r\n";
    case Kind::integer:
      return ":" + std::to_string(reply.integer) + "\r\n";
    case Kind::nil:
      return "$-1\r\n";
    case Kind::array:
      break;
  }
  std::string text = "*" + std::to_string(reply.elements.size()) + "\r\n";
  for (const auto& element : reply.elements) text += printed(element);
  return text;
}

void check_limits(std::string_view bytes) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
    for (const auto& reply : read(bytes, tight, step).replies) {
      const auto size = measure(reply);
      must(size.elements <= tight.elements, "no more elements than allowed");
      must(size.depth <= tight.depth, "no deeper than allowed");
      must(size.bytes <= tight.bytes + step, "no longer than allowed");
    }
  }
}

void check_pieces(std::string_view bytes) {
  const auto whole = read(bytes, {}, bytes.size());
  const auto drips = read(bytes, {}, 1);
  must(whole.refused == drips.refused && std::ranges::equal(whole.replies, drips.replies, same),
       "pieces do not matter");
  for (const auto& reply : whole.replies) {
    const auto again = read(printed(reply), {}, 3);
    must(again.replies.size() == 1 && same(again.replies.front(), reply), "a reply survives being printed");
    if (reply.is_error()) must(bool{redis_failure(reply.text)}, "an error is a failure");
  }
}

void check_command(std::string_view bytes) {
  RedisCommand command;
  for (const auto word : fuzz::split(bytes, ' ')) command.emplace_back(word);
  if (command.empty()) return;
  const auto again = read(encode_commands({command}), {}, 64);
  must(again.replies.size() == 1 && again.replies.front().elements.size() == command.size(),
       "words are kept");
  for (std::size_t i = 0; i < command.size(); ++i)
    must(again.replies.front().elements[i].text == command[i], "a word is kept as it is");
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = healthd::fuzz::as_text(data, size).substr(0, 2048);
  healthd::check_limits(bytes);
  healthd::check_pieces(bytes);
  healthd::check_command(bytes);
  return 0;
}
