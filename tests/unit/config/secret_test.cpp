#include "config/secret.hpp"

#include <catch2/catch_test_macros.hpp>
#include <concepts>
#include <new>
#include <ostream>

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/config/sample.hpp"

using namespace healthd;

namespace {

/// A folder that is gone afterwards.
struct Folder {
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "healthd-secret-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error{"no temporary folder"};
    path = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }

  void write(const std::string& name, const std::string& content, mode_t mode = 0600) const {
    std::ofstream{path / name, std::ios::binary} << content;
    chmod((path / name).c_str(), mode);
  }
  std::filesystem::path path;
};

struct Answer {
  std::optional<Secret> secret;
  std::string lines;
};

/// Reads `password` from a configuration that lies in `folder`.
Answer ask(const Folder& folder, const std::string& text, SecretPolicy policy = {}) {
  Problems problems;
  auto options = Options::from_text(text, (folder.path / "c.yaml").string(), problems, std::move(policy));
  Answer answer;
  answer.secret = options.secret("password");
  options.finish();
  for (const auto& problem : problems.sorted()) answer.lines += problem.message + '\n';
  return answer;
}

template <typename T>
concept Printable = requires(std::ostream& stream, const T& value) { stream << value; };

}  // namespace

static_assert(!Printable<Secret>);
static_assert(!std::equality_comparable<Secret>);
static_assert(!std::convertible_to<Secret, std::string>);

TEST_CASE("a secret leaves nothing in memory when it dies, whether short or long") {
  for (const std::string text : {"short", "a secret that does not fit into the string object itself"}) {
    alignas(Secret) unsigned char place[sizeof(Secret)] = {};
    auto* secret = new (place) Secret{text};
    const auto* letters = secret->reveal().data();
    const bool inside = letters >= static_cast<const void*>(place) &&
                        letters < static_cast<const void*>(place + sizeof place);
    Secret taken = std::move(*secret);
    CHECK(taken.reveal() == text);
    secret->~Secret();
    if (!inside)
      continue;  // a long one's buffer belongs to `taken`, and reading it after its death is no test
    const std::string_view left{static_cast<const char*>(static_cast<const void*>(place)), sizeof place};
    CHECK(left.find("short") == left.npos);
  }
}

TEST_CASE("a secret is read from the file beside the configuration and loses one newline") {
  const Folder folder;
  folder.write("pw", "hunter2\n\n");
  CHECK(ask(folder, "password_file: pw").secret->reveal() == "hunter2\n");
  folder.write("pw", "hunter2\r\n");
  CHECK(ask(folder, "password_file: pw").secret->reveal() == "hunter2");
  folder.write("pw", " hunter 2 ");
  CHECK(ask(folder, "password_file: pw").secret->reveal() == " hunter 2 ");
  CHECK(ask(folder, "password_file: " + (folder.path / "pw").string()).secret->reveal() == " hunter 2 ");
}

TEST_CASE("a file that holds no usable secret is refused and its content never shown") {
  const Folder folder;
  folder.write("empty", "");
  folder.write("newline", "\n");
  folder.write("nul", std::string{"hunter2\0", 8});
  folder.write("large", std::string(70'000, 'x'));
  mkfifo((folder.path / "pipe").c_str(), 0600);
  const auto problem = [&](const std::string& name) {
    const auto answer = ask(folder, "password_file: " + name);
    CHECK_FALSE(answer.secret);
    CHECK(answer.lines.find("hunter2") == std::string::npos);
    return answer.lines;
  };
  const auto says = [&](const std::string& name, const std::string& words) {
    return problem(name) == "password_file: " + (folder.path / name).string() + ' ' + words + '\n';
  };
  CHECK(says("empty", "is empty"));
  CHECK(says("newline", "is empty"));
  CHECK(says("nul", "holds a NUL byte"));
  CHECK(says("large", "is larger than 64 KiB"));
  CHECK(says("pipe", "is not a regular file"));
  CHECK(says("absent", "cannot be read: No such file or directory"));
}

TEST_CASE("a secret that every user may read or change is refused") {
  const Folder folder;
  const auto accepted = [&](mode_t mode) {
    folder.write("pw", "hunter2", mode);
    return ask(folder, "password_file: pw").secret.has_value();
  };
  CHECK(accepted(0600));
  CHECK(accepted(0640));
  CHECK(accepted(0400));
  CHECK_FALSE(accepted(0644));
  CHECK_FALSE(accepted(0602));
}

TEST_CASE("a secret in the configuration itself is refused with the way out, unless that is allowed") {
  const Folder folder;
  const auto refused = ask(folder, "password: hunter2");
  CHECK_FALSE(refused.secret);
  CHECK(refused.lines ==
        "password: a secret does not belong in this file; put it into a file of its own and name that with "
        "`password_file`\n");
  const auto allowed = ask(folder, "password: hunter2", {true, ""});
  CHECK(allowed.lines.empty());
  CHECK(allowed.secret->reveal() == "hunter2");
}

TEST_CASE("the configuration itself can allow inline secrets for all of its maps") {
  Problems problems;
  auto config = load_config_text(
      "allow_inline_secrets: true\nstack: s\nprobes: [{name: a, kind: redis, password: hunter2}]\n", "c.yaml",
      test::known_names(), problems);
  CHECK(config.probes.at(0).options.secret("password")->reveal() == "hunter2");
  config.root.finish();
  CHECK(test::lines(problems).empty());
}

TEST_CASE("a systemd credential is read by its name") {
  const Folder folder;
  folder.write("pg", "hunter2\n", 0440);
  CHECK(ask(folder, "credential: pg", {false, folder.path.string()}).secret->reveal() == "hunter2");
  CHECK(ask(folder, "credential: pg").lines ==
        "credential: systemd passed no credentials; see LoadCredential= of the unit\n");
  for (const auto* name : {"../pg", ".", "..", "a/b", "/etc/shadow"}) {
    CAPTURE(name);
    const auto answer = ask(folder, "credential: " + std::string{name}, {false, folder.path.string()});
    CHECK_FALSE(answer.secret);
    CHECK(answer.lines == "credential: expected the name of a systemd credential\n");
  }
}

TEST_CASE("two sources for one secret are refused") {
  const Folder folder;
  folder.write("pw", "hunter2");
  const auto answer = ask(folder, "password_file: pw\ncredential: pg");
  CHECK_FALSE(answer.secret);
  CHECK(answer.lines == "give one of password_file, credential and password, not several\n");
}

TEST_CASE("no secret at all is no problem") {
  const Folder folder;
  const auto answer = ask(folder, "");
  CHECK_FALSE(answer.secret);
  CHECK(answer.lines.empty());
}
