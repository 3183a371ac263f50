// A configuration in a file, and the verb `grants` run on it as from the command line.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "daemon/commands.hpp"
#include "tests/support/process.hpp"

namespace healthd::test {

struct Printed {
  int code = -1;
  std::string text, errors;
  bool says(std::string_view words) const { return text.find(words) != std::string::npos; }
};

class GrantsBench {
 public:
  /// `probes` are the items of the list, a line each; `FOLDER` in them becomes the folder of the files.
  explicit GrantsBench(std::string probes) {
    for (auto at = probes.find("FOLDER"); at != std::string::npos; at = probes.find("FOLDER"))
      probes.replace(at, 6, folder_.path().string());
    std::ofstream{folder_.path() / "config.yaml"} << "stack: test\nprobes:\n" << probes;
    write_secret("password", "hd-canary-right");
  }

  void write_secret(const std::string& name, const std::string& text) const {
    const auto file = folder_.path() / name;
    std::ofstream{file} << text;
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  }

  Printed print(GrantsSection section) const { return run(section, false); }
  Printed check(GrantsSection section) const { return run(section, true); }

  /// Whether the shell liked it. What it said goes into the folder's `log`.
  bool shell(const std::string& line) const {
    const auto all = "( " + line + " ) >>" + (folder_.path() / "log").string() + " 2>&1";
    return std::system(all.c_str()) == 0;
  }
  std::string log() const {
    std::ostringstream text;
    text << std::ifstream{folder_.path() / "log"}.rdbuf();
    return text.str();
  }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream{folder_.path() / name} << text;
    return (folder_.path() / name).string();
  }

 private:
  Printed run(GrantsSection section, bool check) const {
    Settings settings;
    settings.config_file = (folder_.path() / "config.yaml").string();
    GrantsRequest request;
    request.section = section;
    request.check = check;
    std::ostringstream out, err;
    auto* const out_before = std::cout.rdbuf(out.rdbuf());
    auto* const err_before = std::cerr.rdbuf(err.rdbuf());
    Printed printed;
    printed.code = grants(settings, request);
    std::cout.rdbuf(out_before);
    std::cerr.rdbuf(err_before);
    printed.text = out.str();
    printed.errors = err.str();
    return printed;
  }

  TempDir folder_;
};

}  // namespace healthd::test
