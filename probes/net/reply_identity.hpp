// The name under which workers reply to us. Stable over restarts, so that whatever a crash leaves on the
// broker is found and removed by the next start; distinct among the processes that run at one time.
#pragma once

#include <string>
#include <string_view>

namespace healthd {

class ReplyIdentity {
 public:
  /// From this machine, the stack and the broker's name. A second process with the same three (a one-shot
  /// `probe` beside the daemon) gets the next name of the series. Blocks on disk.
  ReplyIdentity(std::string_view stack, std::string_view broker);
  ~ReplyIdentity();
  ReplyIdentity(const ReplyIdentity&) = delete;
  ReplyIdentity& operator=(const ReplyIdentity&) = delete;

  const std::string& id() const { return id_; }

 private:
  std::string id_;
  int claim_ = -1;
};

}  // namespace healthd
