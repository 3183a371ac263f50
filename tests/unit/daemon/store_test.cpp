#include "daemon/store.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/support/process.hpp"
#include "tests/support/run.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = fs::temp_directory_path() / "healthd-store-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }
  std::string file() const { return path_ + "/state.db"; }
  std::size_t bad_files() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator{path_}) {
      const auto name = entry.path().filename().string();
      count += name.find(".bad-") != name.npos && !name.ends_with("-wal");
    }
    return count;
  }

 private:
  std::string path_;
};

bool commit(Store& store, std::vector<StoredRow> rows) {
  asio::io_context loop{1};
  return test::run(loop, store.commit(std::move(rows), Deadline::in(5s)));
}

std::map<std::string, std::string> rows_of(Store& store) {
  std::map<std::string, std::string> all;
  for (const auto& row : store.take_rows()) all[row.key] = *row.body;
  return all;
}

void overwrite(const std::string& file, std::streamoff at, const std::string& bytes) {
  std::fstream stream{file, std::ios::in | std::ios::out | std::ios::binary};
  stream.seekp(at);
  stream << bytes;
}

/// A file with 50 rows, all of it in the file proper.
void fill(const Folder& folder) {
  const auto store = Store::open(folder.path());
  std::vector<StoredRow> rows;
  for (int i = 0; i < 50; ++i)
    rows.push_back({Table::alert, "key" + std::to_string(i), std::string(200, 'b')});
  REQUIRE(commit(*store, rows));
  REQUIRE(store->close(5s));
}

}  // namespace

TEST_CASE("what was committed is there after a restart, replaced and erased rows included") {
  const Folder folder;
  {
    const auto store = Store::open(folder.path());
    CHECK(store->state().mode == StoreState::Mode::disk);
    CHECK(store->state().trouble.empty());
    CHECK(commit(*store, {{Table::alert, "a", "1"}, {Table::incident, "b", "2"}, {Table::lever, "c", "3"}}));
    CHECK(commit(*store, {{Table::alert, "a", "one"}, {Table::lever, "c", std::nullopt}}));
    CHECK(store->state().commits == 2);
  }
  const auto store = Store::open(folder.path());
  CHECK(rows_of(*store) == std::map<std::string, std::string>{{"a", "one"}, {"b", "2"}});
  struct stat info{};
  REQUIRE(::stat(folder.file().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("every commit that was reported survives SIGKILL") {
  const Folder folder;
  for (int round = 0; round < 5; ++round) {
    int pipe_[2];
    REQUIRE(::pipe(pipe_) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = Store::open(folder.path());
      for (int i = 0;; ++i) {
        if (commit(*store, {{Table::alert, "last", std::to_string(i)}}) &&
            ::write(pipe_[1], &i, sizeof i) < 0)
          ::_exit(1);
      }
    }
    ::close(pipe_[1]);
    int reported = -1;
    for (int i = 0; i < 20 + 7 * round; ++i) REQUIRE(::read(pipe_[0], &reported, sizeof reported) > 0);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(pipe_[0], &reported, sizeof reported) > 0) {
    }
    ::close(pipe_[0]);
    const auto store = Store::open(folder.path());
    CHECK(store->state().trouble.empty());
    CHECK(std::stoi(rows_of(*store).at("last")) >= reported);
  }
}

TEST_CASE("a file that cannot be read is set aside, and a new one is begun") {
  const Folder folder;
  for (const auto& content : {std::string{"not a database at all, but long enough to look at it"},
                              "SQLite format 3" + std::string(2000, '\0')}) {
    {
      std::ofstream{folder.file(), std::ios::trunc} << content;
    }
    const auto store = Store::open(folder.path());
    CHECK(store->state().mode == StoreState::Mode::disk);
    CHECK(store->state().trouble.find("set aside") != std::string::npos);
    CHECK(rows_of(*store).empty());
    CHECK(commit(*store, {{Table::alert, "a", "1"}}));
    REQUIRE(store->close(5s));
  }
  CHECK(folder.bad_files() >= 1);
}

TEST_CASE("at whatever place a file is cut off, the daemon begins and spoilt rows are never believed") {
  const Folder folder;
  fill(folder);
  const auto whole = fs::file_size(folder.file());
  for (std::uintmax_t size = 0; size < whole; size += 512) {
    const Folder other;
    fs::copy_file(folder.file(), other.file());
    fs::resize_file(other.file(), size);
    const auto store = Store::open(other.path());
    CHECK(store->state().mode == StoreState::Mode::disk);
    for (const auto& [key, body] : rows_of(*store)) CHECK(body == std::string(200, 'b'));
    CHECK(commit(*store, {{Table::alert, "a", "1"}}));
  }
}

TEST_CASE("a flipped bit in a row is noticed, and costs that row alone") {
  const Folder folder;
  fill(folder);
  std::ifstream stream{folder.file(), std::ios::binary};
  const std::string bytes{std::istreambuf_iterator<char>{stream}, {}};
  const auto at = bytes.find("key7" + std::string(200, 'b'));
  REQUIRE(at != bytes.npos);
  overwrite(folder.file(), static_cast<std::streamoff>(at + 100), "X");
  const auto store = Store::open(folder.path());
  CHECK(store->state().trouble.find("1 rows") != std::string::npos);
  const auto rows = rows_of(*store);
  CHECK(rows.size() == 49);
  CHECK_FALSE(rows.contains("key7"));
  REQUIRE(store->close(5s));
  CHECK(Store::open(folder.path())->state().trouble.empty());
}

TEST_CASE("where nothing can be kept everything goes on, and it is said why") {
  const auto nowhere = Store::open("/nonexistent/folder");
  CHECK(nowhere->state().mode == StoreState::Mode::memory);
  CHECK(nowhere->state().trouble.find("has to exist") != std::string::npos);
  CHECK_FALSE(commit(*nowhere, {{Table::alert, "a", "1"}}));
  CHECK(Store::open("")->state().trouble.empty());
}

TEST_CASE("two daemons do not share a file") {
  const Folder folder;
  const auto first = Store::open(folder.path());
  const auto second = Store::open(folder.path());
  CHECK(second->state().mode == StoreState::Mode::memory);
  CHECK(second->state().trouble.find("in use by another process") != std::string::npos);
  CHECK(commit(*first, {{Table::alert, "a", "1"}}));
}

TEST_CASE("many calls at once share a transaction, and each hears of it") {
  const Folder folder;
  const auto store = Store::open(folder.path());
  asio::io_context loop{1};
  int kept = 0;
  for (int i = 0; i < 100; ++i)
    asio::co_spawn(loop, store->commit({{Table::alert, std::to_string(i), "x"}}, Deadline::in(5s)),
                   [&](std::exception_ptr, bool ok) { kept += ok; });
  loop.run();
  CHECK(kept == 100);
  CHECK(store->state().commits <= 3);
}

TEST_CASE("a caller whose deadline passes is not kept waiting, and what it gave may still be kept") {
  const Folder folder;
  {
    asio::io_context loop{1};  // outlives the store, whose thread comes back to it
    const auto store = Store::open(folder.path());
    const auto began = Deadline::Clock::now();
    test::run(loop, store->commit({{Table::alert, "a", "1"}}, Deadline::in(0s)));
    CHECK(Deadline::Clock::now() - began < 2s);
    REQUIRE(store->close(5s));
  }
  CHECK(rows_of(*Store::open(folder.path())).contains("a"));
}

TEST_CASE("a folder that is reached by a link is as good as any, be it made by systemd or by people") {
  const Folder folder, other;
  const auto link = other.path() + "/link";
  fs::create_directory_symlink(folder.path(), link);
  const auto store = Store::open(link);
  CHECK(store->state().trouble.empty());
  CHECK(commit(*store, {{Table::alert, "a", "1"}}));
  CHECK(fs::exists(folder.file()));
}

TEST_CASE("a file of a newer version or of another program is kept aside, and it is said which of the two") {
  struct Row {
    std::streamoff at;  // in the header: user_version, application_id
    const char* words;
  };
  for (const auto& row : {Row{60, "of version"}, Row{68, "another program"}}) {
    const Folder folder;
    fill(folder);
    overwrite(folder.file(), row.at, std::string{"\0\0\0\x09", 4});
    const auto store = Store::open(folder.path());
    CHECK(store->state().mode == StoreState::Mode::disk);
    CHECK(store->state().trouble.find(row.words) != std::string::npos);
    CHECK(rows_of(*store).empty());
    CHECK(folder.bad_files() == 1);
  }
}

TEST_CASE("of the files that were set aside the last three are kept") {
  const Folder folder;
  for (int i = 0; i < 6; ++i) {
    std::ofstream{folder.file(), std::ios::trunc} << std::string(100, 'x');
    REQUIRE(Store::open(folder.path())->close(5s));
  }
  CHECK(folder.bad_files() == 3);
}

TEST_CASE("a folder that appears later is used, with all that was to be kept meanwhile") {
  const Folder folder;
  const auto later = folder.path() + "/later";
  const auto store = Store::open(later, 20ms);
  CHECK_FALSE(commit(*store, {{Table::alert, "a", "1"}}));
  fs::create_directory(later);
  REQUIRE(test::wait_until([&] { return store->state().mode == StoreState::Mode::disk; }));
  CHECK(store->state().trouble.empty());
  CHECK(commit(*store, {{Table::alert, "b", "2"}}));
  REQUIRE(store->close(5s));
  CHECK(rows_of(*Store::open(later)) == std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}});
}

TEST_CASE("rows that came too late to be read are set aside, not erased") {
  const Folder folder;
  fill(folder);
  auto holder = Store::open(folder.path());
  const auto store = Store::open(folder.path(), 20ms);
  REQUIRE(store->state().mode == StoreState::Mode::memory);
  REQUIRE(holder->close(5s));
  REQUIRE(test::wait_until([&] { return store->state().mode == StoreState::Mode::disk; }));
  CHECK(store->state().trouble.find("came too late") != std::string::npos);
  CHECK(folder.bad_files() == 1);
}

}  // namespace healthd
