// The store on disks that fail: full, with errors from the kernel, and with the process killed in the midst.
// A writer of its own, this same program, makes the commits and notes each that was reported as kept.
#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "daemon/store.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run.hpp"

namespace healthd::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int commits = 45;  // of some ten pages each: the log is written back twice
constexpr int keys = 5;

bool commit(Store& store, std::vector<StoredRow> rows) {
  asio::io_context loop{1};
  return run(loop, store.commit(std::move(rows), Deadline::in(10s)));
}

std::string key_of(int number) { return "key" + std::to_string(number % keys); }
std::string body_of(int number) { return std::to_string(number) + " " + std::string(40'000, 'x'); }

std::string setting(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) throw std::runtime_error{std::string{name} + " is for the tests to set"};
  return text;
}

std::string words_of(const StoreState& state) {
  return (state.mode == StoreState::Mode::disk ? "disk " : "memory ") + state.trouble;
}

/// The writer under `wrapper`, and what came of it.
class Writer {
 public:
  explicit Writer(std::vector<std::string> wrapper = {}, const std::string& failpoint = "",
                  const std::string& what = "the writer of commits") {
    command_.argv = std::move(wrapper);
    command_.argv.push_back(fs::read_symlink("/proc/self/exe"));
    command_.argv.push_back(what);
    command_.env = {{"STORE_FOLDER", folder()}, {"STORE_NOTES", notes()}, {"HEALTHD_FAILPOINT", failpoint}};
    command_.log = dir_.path() / "log";
    fs::create_directory(folder());
  }

  std::string folder() const { return dir_.path() / "state"; }
  void start() { process_ = Process{command_}; }
  void kill() { process_.signal(SIGKILL); }
  void finish() {
    start();
    wait();
  }
  void wait() {
    if (!wait_until([this] { return !process_.running(); }, 60s)) throw std::runtime_error{"it hangs"};
  }

  /// How many commits were reported; the last of each key.
  std::map<std::string, int> reported() const {
    std::map<std::string, int> last;
    std::ifstream stream{notes()};
    for (int number = 0; stream >> number;) last[key_of(number)] = number;
    return last;
  }
  int count() const {
    int count = 0;
    std::ifstream stream{notes()};
    for (int number = 0; stream >> number;) ++count;
    return count;
  }
  /// The writer's last words: the state of its store. "" where it did not come to its end.
  std::string end() const {
    const auto text = read(notes());
    const auto at = text.find("end ");
    return at == text.npos ? "" : text.substr(at + 4);
  }
  std::string log() const { return read(command_.log); }

  /// The numbers that a new store finds. No row may be of another content than one that was written.
  std::map<std::string, int> kept() const {
    std::map<std::string, int> all;
    const auto store = Store::open(folder());
    INFO(words_of(store->state()));
    CHECK(store->state().mode == StoreState::Mode::disk);
    CHECK(store->state().trouble.empty());
    for (const auto& row : store->take_rows()) {
      const int number = std::stoi(*row.body);
      CHECK(*row.body == body_of(number));
      all[row.key] = number;
    }
    return all;
  }
  void check_kept() const {
    const auto found = kept();
    for (const auto& [key, number] : reported()) {
      INFO(key << " was reported at " << number);
      REQUIRE(found.contains(key));
      CHECK(found.at(key) >= number);
    }
  }

 private:
  std::string notes() const { return dir_.path() / "notes"; }
  static std::string read(const fs::path& file) {
    std::ifstream stream{file};
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }

  TempDir dir_;
  Command command_;
  Process process_;
};

std::vector<std::string> with_error(const std::string& call, const std::string& when) {
  return {"/usr/bin/strace",
          "-f",
          "-qq",
          "-o",
          "/dev/null",
          "-e",
          "trace=" + call,
          "-e",
          "inject=" + call + ":error=EIO:when=" + when};
}

}  // namespace

TEST_CASE("the writer of commits", "[.]") {
  const auto store = Store::open(setting("STORE_FOLDER"), 100ms);
  std::ofstream notes{setting("STORE_NOTES"), std::ios::app};
  for (int number = 0; number < commits; ++number)
    if (commit(*store, {{Table::alert, key_of(number), body_of(number)}})) notes << number << std::endl;
  notes << "end " << words_of(store->state()) << std::endl;
}

TEST_CASE("one error of the disk, at whatever write or sync, loses no commit and not the disk") {
  struct Sweep {
    std::string call;
    int last, step;
  };
  const Sweep sweeps[] = {{"fdatasync", 60, 1}, {"pwrite64", 40, 1}, {"pwrite64", 1400, 41}};
  for (const auto& sweep : sweeps) {
    int struck = 0;
    for (int when = 1; when <= sweep.last; when += sweep.step) {
      Writer writer{with_error(sweep.call, std::to_string(when))};
      writer.finish();
      INFO(sweep.call << " " << when << ": " << writer.end() << writer.log());
      REQUIRE(writer.end().starts_with("disk"));
      CHECK(writer.count() == commits);
      writer.check_kept();
      const bool replaced = writer.end().find("set aside") != std::string::npos;
      struck += replaced;
      // Each commit syncs, so this one failed, be it the log's or that of a checkpoint: none is passed over.
      if (sweep.call == "fdatasync" && when <= commits) CHECK(replaced);
    }
    CHECK(struck > 0);  // else nothing was injected
  }
}

TEST_CASE("a disk that fails for good is told of, and what was reported before is found by the next start") {
  for (const int when : {1, 2, 5, 12, 21, 40}) {
    Writer writer{with_error("fdatasync", std::to_string(when) + "+")};
    writer.finish();
    INFO("from fdatasync " << when << " on: " << writer.end() << writer.log());
    REQUIRE(writer.end().starts_with("memory"));
    CHECK(writer.end().find("disk I/O error") != std::string::npos);
    CHECK(writer.count() < commits);
    writer.check_kept();
  }
}

TEST_CASE("a kill before, after and between the steps of a commit loses nothing that was reported") {
  for (const std::string point : {"before_commit", "after_commit", "mid_checkpoint"})
    for (int occurrence = 1; occurrence <= (point == "mid_checkpoint" ? 2 : 5); ++occurrence) {
      Writer writer{{}, point + ":" + std::to_string(occurrence)};
      writer.finish();
      INFO(point << " " << occurrence << writer.log());
      REQUIRE(writer.end().empty());  // else it was not killed
      writer.check_kept();
    }
}

TEST_CASE("a kill at any moment loses nothing that was reported") {
  std::mt19937 random{20261128};
  for (int round = 0; round < 25; ++round) {
    Writer writer;
    writer.start();
    REQUIRE(wait_until([&] { return writer.count() > 0; }));
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 150'000});  // the moment, no wait for it
    writer.kill();
    writer.wait();
    INFO("round " << round << writer.log());
    writer.check_kept();
  }
}

TEST_CASE("the filler of a disk", "[.]") {
  const auto folder = setting("STORE_FOLDER");
  std::ofstream notes{setting("STORE_NOTES"), std::ios::app};
  const auto store = Store::open(folder, 100ms);
  REQUIRE(commit(*store, {{Table::alert, key_of(0), body_of(0)}}));
  REQUIRE(fs::exists(folder + "/ballast"));

  std::ofstream filler{folder + "/filler", std::ios::binary};
  const std::string block(4096, 'f');
  while (filler.write(block.data(), 4096).flush()) {
  }
  int kept = 0;
  for (int number = 1; number < 400 && store->state().mode == StoreState::Mode::disk; ++number)
    kept += commit(*store, {{Table::incident, std::to_string(number), body_of(number)}});
  CHECK(kept > 5);  // at the ballast's expense
  CHECK_FALSE(fs::exists(folder + "/ballast"));
  CHECK(store->state().mode == StoreState::Mode::memory);
  CHECK(store->state().trouble.find("full") != std::string::npos);
  CHECK_FALSE(commit(*store, {{Table::alert, key_of(1), body_of(1)}}));

  filler.close();
  fs::remove(folder + "/filler");
  CHECK(wait_until([&] { return store->state().mode == StoreState::Mode::disk; }));
  CHECK(store->state().trouble.empty());
  CHECK(fs::exists(folder + "/ballast"));
  REQUIRE(store->close(5s));
  std::map<std::string, std::string> found;
  for (const auto& row : Store::open(folder)->take_rows()) found[row.key] = *row.body;
  CHECK(found.at(key_of(1)) == body_of(1));
  CHECK(found.size() == static_cast<std::size_t>(kept) + 3);  // the one that found it full as well
  notes << "end well" << std::endl;
}

TEST_CASE("a full disk costs the ballast first, then keeping, and once there is room all is kept again") {
  Writer writer{{"/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
                 R"(mount -t tmpfs -o size=8m none "$STORE_FOLDER" && exec "$@")", "sh"},
                "",
                "the filler of a disk"};
  writer.finish();
  INFO(writer.log());
  CHECK(writer.end() == "well\n");
}

}  // namespace healthd::test
