// The parts of Options that touch the disk: whole files and secrets.
#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <system_error>
#include <utility>

#include "config/options.hpp"
#include "config/path_option.hpp"
#include "config/plain_file.hpp"
#include "config/secret_file.hpp"
#include "config/yaml.hpp"

namespace healthd {
namespace {

bool is_credential_name(std::string_view name) {
  const auto plain = [](unsigned char letter) {
    return std::isalnum(letter) || letter == '_' || letter == '-' || letter == '.';
  };
  return !name.empty() && name.size() <= 255 && name.front() != '.' && std::ranges::all_of(name, plain);
}

/// Where the file is that `source` names; "" after a problem.
std::string secret_path(Options& options, const std::string& source, const Document& document) {
  const auto named = options.require_text(source);
  if (named.empty()) return "";
  if (source != "credential") return beside(document.file, named);
  const auto& directory = document.policy.credentials_directory;
  if (is_credential_name(named) && !directory.empty()) return directory + '/' + named;
  options.error(source, is_credential_name(named)
                            ? "credential: systemd passed no credentials; see LoadCredential= of the unit"
                            : "credential: expected the name of a systemd credential");
  return "";
}

std::optional<Secret> inline_secret(Options& options, const std::string& key, const SecretPolicy& policy) {
  if (!policy.allow_inline) {
    options.error(key,
                  key + ": a secret does not belong in this file; put it into a file of its own and name " +
                      "that with `" + key + "_file`");
    return std::nullopt;
  }
  auto value = options.require_text(key);
  return value.empty() ? std::nullopt : std::optional{Secret{std::move(value)}};
}

/// What a file holds, as far as a difference has to be seen.
std::string digest(const std::string& path) {
  // Whoever wants to use the file says what is wrong with it; to ask for a difference must not wait or throw.
  if (!not_a_plain_file(path).empty()) return "unread";
  std::ifstream file{path, std::ios::binary};
  std::string text(largest_file, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file && !file.eof()) return "unread";
  text.resize(static_cast<std::size_t>(file.gcount()));
  return std::to_string(text.size()) + "/" + std::to_string(std::hash<std::string>{}(text));
}

std::string file_behind(std::string_view key, const Options::Node& value) {
  const auto& document = *value.document;
  if (key.ends_with("_file")) return beside(document.file, value.text);
  return key == "credential" ? document.policy.credentials_directory + '/' + value.text : "";
}

std::string written(const Options::Node& node) {
  using Kind = Options::Node::Kind;
  // Hashed, because an inline secret may be among the texts.
  if (node.kind == Kind::scalar) return std::to_string(std::hash<std::string>{}(node.text));
  std::string text = "(";
  for (const auto& item : node.items) text += written(*item) + ",";
  std::map<std::string, std::string> entries;
  for (const auto& [key, line, column, value] : node.entries) {
    entries[key] = written(*value);
    const auto file = value->kind == Kind::scalar ? file_behind(key, *value) : "";
    if (!file.empty()) entries[key] += "=" + digest(file);
  }
  for (const auto& [key, value] : entries) text += key + ":" + value + ",";
  return text + ")";
}

}  // namespace

std::string Options::fingerprint() const { return written(*node_); }

std::optional<std::string> read_text_file(const std::string& path, Problems& problems) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    problems.error({path}, "is a directory");
    return std::nullopt;
  }
  std::ifstream file{path, std::ios::binary};
  // Piece by piece, for the text is kept: a buffer for the largest file would take a megabyte for good.
  std::string text;
  std::array<char, 16 * 1024> piece;
  while (file && text.size() <= largest_file) {  // more than allowed is seen as such by who parses it
    file.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file && !file.eof()) {
    problems.error({path}, "cannot be read: " + std::error_code{errno, std::generic_category()}.message());
    return std::nullopt;
  }
  return text;
}

Options Options::from_file(const std::string& path, Problems& problems, SecretPolicy policy) {
  const auto text = read_text_file(path, problems);
  return text ? from_text(*text, path, problems, std::move(policy)) : Options{};
}

std::optional<Secret> Options::secret(std::string_view key) {
  const std::string name{key}, file_key = name + "_file";
  const int given = has(key) + has(file_key) + has("credential");
  if (given == 0) return std::nullopt;
  if (given > 1) {
    error(has(file_key) ? std::string_view{file_key} : key,
          "give one of " + file_key + ", credential and " + name + ", not several");
    return std::nullopt;
  }
  if (has(key)) return inline_secret(*this, name, node_->document->policy);
  const std::string source = has(file_key) ? file_key : "credential";
  const auto path = secret_path(*this, source, *node_->document);
  if (path.empty()) return std::nullopt;
  std::string objection;
  auto secret = read_secret_file(path, objection);
  if (!secret) error(source, source + ": " + path + ' ' + objection);
  return secret;
}

}  // namespace healthd
