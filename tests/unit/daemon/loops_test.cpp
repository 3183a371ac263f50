#include "daemon/loops.hpp"

#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <future>

namespace healthd {

using namespace std::chrono_literals;

TEST_CASE("a PostgreSQL loop that does not end holds nobody up for long, and says so") {
  std::promise<void> begun, done;
  Loops loops;
  boost::asio::post(loops.tools().postgres, [&begun, &done] {
    begun.set_value();
    done.get_future().wait_for(30s);
  });
  begun.get_future().wait();

  const auto begin = std::chrono::steady_clock::now();
  loops.stop_postgres();

  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  CHECK(loops.held_up());
  done.set_value();
}

TEST_CASE("loops that are idle end at once") {
  Loops loops;
  loops.stop_postgres();
  CHECK_FALSE(loops.held_up());
}

}  // namespace healthd
