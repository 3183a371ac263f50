// RESP2, the wire format of Redis: commands to bytes, bytes to replies. No I/O. hiredis parses; it believes
// every size that the wire announces, so the limits are ours. Source of the protocol: the Redis serialization
// protocol specification (RESP2) and hiredis' read.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/net/outcome.hpp"

namespace healthd {

struct RedisReply {
  enum class Kind { string, status, integer, nil, error, array };
  Kind kind = Kind::nil;
  std::string text = {};  ///< of string, status and error
  long long integer = 0;
  std::vector<RedisReply> elements = {};
  bool is_error() const { return kind == Kind::error; }
};

using RedisCommand = std::vector<std::string>;

/// What one reply may cost us.
struct RespLimits {
  std::size_t bytes = 1024 * 1024;
  std::size_t line_bytes =
      64 * 1024;                ///< of a line without an end: the parser searches it again at every read
  std::size_t elements = 4096;  ///< of all arrays of the reply together
  int depth = 4;                ///< arrays within arrays
};

/// The bytes of the commands, one after the other.
std::string encode_commands(const std::vector<RedisCommand>& commands);

class RespDecoder {
 public:
  explicit RespDecoder(RespLimits limits = RespLimits{});
  ~RespDecoder();

  void feed(std::string_view bytes);
  /// The next whole reply; nullopt where more bytes are needed; `too_large` beyond a limit, `protocol` for
  /// what is not RESP2. After a failure every further call fails.
  Result<std::optional<RedisReply>> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace healthd
