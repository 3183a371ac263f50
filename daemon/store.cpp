#include "daemon/store.hpp"

namespace healthd {
namespace {
class Memory final : public Store {
 public:
  std::vector<StoredRow> take_rows() override { return {}; }
  asio::awaitable<bool> commit(std::vector<StoredRow>, Deadline) override { co_return false; }
  StoreState state() const override { return {}; }
  bool close(std::chrono::milliseconds) override { return true; }
};
}  // namespace
std::unique_ptr<Store> Store::open(const std::string&) { return std::make_unique<Memory>(); }
}  // namespace healthd
