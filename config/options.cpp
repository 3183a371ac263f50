#include "config/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "config/yaml.hpp"

namespace healthd {
namespace {

using Node = Options::Node;
using Kind = Node::Kind;

/// Ends of the keys whose values must not appear in a message.
constexpr std::array<std::string_view, 8> secret_words{"password", "secret", "token",      "key",
                                                       "dsn",      "url",    "credential", "webhook"};

bool may_be_secret(std::string_view key) {
  return std::ranges::any_of(secret_words, [&](auto word) { return key.ends_with(word); });
}

std::string describe(std::string_view key, const Node& node) {
  switch (node.kind) {
    case Kind::nothing:
      return "nothing";
    case Kind::scalar:
      return may_be_secret(key) ? "something else" : in_quotes(node.text);
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  std::abort();
}

void report(const Node& at, std::string message) {
  if (at.document->problems) at.document->problems->error(at.place(), std::move(message));
}

void report_type(std::string_view key, const Node& node, std::string_view expected) {
  report(node, std::string{key} + ": expected " + std::string{expected} + ", got " + describe(key, node));
}

/// The value under `key`, which counts as asked for from now on; nullptr where it is absent.
Node* ask(Node& map, std::string_view key) {
  map.asked.emplace(key);
  const auto* entry = map.find(key);
  return entry ? entry->value.get() : nullptr;
}

/// The scalar under `key`; anything else is reported as not being what was `expected`.
const std::string* ask_scalar(Node& map, std::string_view key, std::string_view expected) {
  const auto* node = ask(map, key);
  if (!node) return nullptr;
  if (node->kind == Kind::scalar) return &node->text;
  report_type(key, *node, expected);
  return nullptr;
}

/// Reads a scalar by `parse`, whose nullopt means that the text is not what was `expected`.
template <typename T>
std::optional<T> ask_value(Node& map, std::string_view key, std::string_view expected,
                           std::optional<T> (*parse)(std::string_view)) {
  const auto* text = ask_scalar(map, key, expected);
  if (!text) return std::nullopt;
  auto value = parse(*text);
  if (!value) report_type(key, *map.find(key)->value, expected);
  return value;
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_finite(std::string_view text) {
  const auto value = parse_number<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<double> parse_number_or_seconds(std::string_view text) {
  if (const auto duration = parse_duration(text)) return std::chrono::duration<double>{*duration}.count();
  return parse_finite(text);
}

std::optional<bool> parse_flag(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::shared_ptr<Node> nowhere() {
  auto node = std::make_shared<Node>();
  node->document = std::make_shared<Document>();
  return node;
}

/// An empty map that stands where `at` stands.
std::shared_ptr<Node> empty_map(const Node& at) {
  auto node = std::make_shared<Node>();
  node->line = at.line;
  node->column = at.column;
  node->document = at.document;
  return node;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void finish(const Node& node) {
  if (node.kind == Kind::list) {
    for (const auto& item : node.items) finish(*item);
  }
  if (node.kind != Kind::map || !node.opened) return;
  const std::vector<std::string> asked{node.asked.begin(), node.asked.end()};
  for (const auto& entry : node.entries) {
    if (node.asked.contains(entry.key)) {
      finish(*entry.value);
    } else if (node.document->problems) {
      node.document->problems->error({node.document->file, entry.line, entry.column},
                                     "unknown key " + in_quotes(entry.key) + did_you_mean(entry.key, asked));
    }
  }
}

}  // namespace

Options::Options() : Options{nowhere()} {}
Options::Options(std::shared_ptr<Node> node) : node_{std::move(node)} { node_->opened = true; }

Options Options::from_text(std::string_view text, const std::string& name, Problems& problems,
                           SecretPolicy policy) {
  auto root = parse_yaml(text, std::make_shared<Document>(name, &problems, std::move(policy)));
  return root ? Options{std::move(root)} : Options{};
}

bool Options::has(std::string_view key) const { return ask(*node_, key) != nullptr; }

Place Options::place() const { return node_->place(); }

Place Options::place(std::string_view key) const {
  const auto* entry = node_->find(key);
  return entry ? entry->value->place() : place();
}

Place Options::place(std::string_view key, std::size_t item) const {
  const auto* entry = node_->find(key);
  if (!entry || item >= entry->value->items.size()) return place(key);
  return entry->value->items[item]->place();
}

std::string Options::text(std::string_view key, std::string_view fallback) {
  const auto* text = ask_scalar(*node_, key, "text");
  return text ? *text : std::string{fallback};
}

std::string Options::require_text(std::string_view key) {
  if (!has(key)) {
    report(*node_, '"' + std::string{key} + "\" is required");
    return "";
  }
  const auto* text = ask_scalar(*node_, key, "text");
  if (text && text->empty()) error(key, std::string{key} + ": must not be empty");
  return text ? *text : "";
}

std::optional<bool> Options::flag(std::string_view key) {
  return ask_value<bool>(*node_, key, "true or false", parse_flag);
}

std::int64_t Options::integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                              std::int64_t most) {
  const auto expected = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  const auto value = ask_value<std::int64_t>(*node_, key, expected, parse_number<std::int64_t>);
  if (!value || (*value >= least && *value <= most)) return value.value_or(fallback);
  report_type(key, *node_->find(key)->value, expected);
  return fallback;
}

std::optional<double> Options::number(std::string_view key) {
  return ask_value<double>(*node_, key, "a number", parse_finite);
}

std::optional<double> Options::number_or_seconds(std::string_view key) {
  return ask_value<double>(*node_, key, "a number such as 0.7, or a duration such as 14d",
                           parse_number_or_seconds);
}

std::optional<Duration> Options::duration(std::string_view key) {
  return ask_value<Duration>(*node_, key, "a duration such as 15s", parse_duration);
}

std::optional<Duration> Options::duration(std::string_view key, Duration least, Duration most) {
  const auto value = duration(key);
  if (!value || (*value >= least && *value <= most)) return value;
  const auto expected = "a duration from " + format_duration(least) + " to " + format_duration(most);
  report_type(key, *node_->find(key)->value, expected);
  return std::nullopt;
}

std::string Options::choice(std::string_view key, std::string_view fallback,
                            const std::vector<std::string>& allowed) {
  const auto expected = "one of " + join(allowed);
  const auto* text = ask_scalar(*node_, key, expected);
  if (!text) return std::string{fallback};
  if (std::ranges::find(allowed, *text) != allowed.end()) return *text;
  const auto& node = *node_->find(key)->value;
  report(node, std::string{key} + ": expected " + expected + ", got " + describe(key, node) +
                   did_you_mean(*text, allowed));
  return std::string{fallback};
}

std::vector<std::string> Options::texts(std::string_view key) {
  const auto* node = ask(*node_, key);
  if (!node || node->kind == Kind::nothing) return {};
  if (node->kind == Kind::scalar) return {node->text};
  std::vector<std::string> result;
  if (node->kind == Kind::map) report_type(key, *node, "a list");
  for (const auto& item : node->items) {
    if (item->kind == Kind::scalar) {
      result.push_back(item->text);
    } else {
      report_type(key, *item, "text");
    }
  }
  return result;
}

Options Options::map(std::string_view key) {
  const auto* node = ask(*node_, key);
  if (!node || node->kind == Kind::nothing) return Options{empty_map(*node_)};
  if (node->kind == Kind::map) return Options{node_->find(key)->value};
  report_type(key, *node, "a map");
  return Options{};
}

std::vector<Options> Options::maps(std::string_view key) {
  const auto* node = ask(*node_, key);
  std::vector<Options> result;
  if (!node || node->kind == Kind::nothing) return result;
  if (node->kind != Kind::list) report_type(key, *node, "a list of maps");
  for (const auto& item : node->items) {
    if (item->kind == Kind::map) {
      result.emplace_back(item);
    } else {
      report_type(key, *item, "a map");
    }
  }
  return result;
}

std::vector<std::string> Options::keys() {
  std::vector<std::string> result;
  for (const auto& entry : node_->entries) {
    result.push_back(entry.key);
    node_->asked.insert(entry.key);
  }
  return result;
}

void Options::allow_inline_secrets(bool allow) { node_->document->policy.allow_inline = allow; }

void Options::error(std::string_view key, std::string message) {
  if (auto* problems = node_->document->problems) problems->error(place(key), std::move(message));
}

void Options::warning(std::string_view key, std::string message) {
  if (auto* problems = node_->document->problems) problems->warning(place(key), std::move(message));
}

void Options::finish() { healthd::finish(*node_); }

}  // namespace healthd
