#include "config/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

namespace healthd {
namespace {

using Node = Options::Node;
using NodePointer = std::shared_ptr<Node>;

constexpr std::size_t deepest = 32;
constexpr std::size_t most_nodes = 200'000;

/// What is good YAML but not wanted here.
class Refused final : public YAML::ParserException {
 public:
  using ParserException::ParserException;
};

[[noreturn]] void refuse(const YAML::Mark& mark, const std::string& message) { throw Refused{mark, message}; }

/// Builds the tree from the parser's events. Our own rather than yaml-cpp's, whose tree hides duplicate keys
/// and shares aliased nodes, which could then not be told apart by who has read them.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::shared_ptr<Document> document) : document_{std::move(document)} {}

  NodePointer root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_) refuse(mark, "a second document starts here; one file holds one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    take(mark, make(mark, Node::Kind::nothing), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (tag != "?" && tag != "!") refuse_tag(mark, tag);
    auto node = make(mark, Node::Kind::scalar);
    node->text = value;
    take(mark, node, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) refuse(mark, "this alias stands inside of what it names");
    take(mark, copy(mark, *found->second), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::list);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    NodePointer node;
    YAML::Mark mark;
    YAML::anchor_t anchor;
    std::optional<Node::Entry> entry = {};  ///< of a map: the key has come, its value has not
  };

  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "tags such as " + tag + " are not used here");
  }

  NodePointer make(const YAML::Mark& mark, Node::Kind kind) {
    if (++count_ > most_nodes) refuse(mark, "the file holds too many values, or its aliases multiply them");
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->line = mark.line + 1;
    node->column = mark.column + 1;
    node->document = document_;
    return node;
  }

  /// Each use of an alias is a node of its own: what one reader has read, another may have missed.
  NodePointer copy(const YAML::Mark& mark, const Node& original) {
    auto node = make(mark, original.kind);
    node->line = original.line;
    node->column = original.column;
    node->text = original.text;
    for (const auto& item : original.items) node->items.push_back(copy(mark, *item));
    for (const auto& entry : original.entries) {
      node->entries.push_back({entry.key, entry.line, entry.column, copy(mark, *entry.value)});
    }
    return node;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    refuse_tag(mark, tag);
    if (levels_.size() >= deepest) refuse(mark, "nested deeper than 32 levels");
    levels_.push_back({make(mark, kind), mark, anchor});
  }

  void close() {
    auto level = std::move(levels_.back());
    levels_.pop_back();
    take(level.mark, level.node, level.anchor);
  }

  /// Puts a finished node where it belongs.
  void take(const YAML::Mark& mark, const NodePointer& node, YAML::anchor_t anchor) {
    if (anchor != 0) anchored_[anchor] = node;
    if (levels_.empty()) {
      root_ = node;
      return;
    }
    auto& level = levels_.back();
    if (level.node->kind == Node::Kind::list) {
      level.node->items.push_back(node);
    } else if (!level.entry) {
      level.entry = key(mark, *node);
    } else {
      level.entry->value = node;
      add(*level.node, *std::exchange(level.entry, std::nullopt));
    }
  }

  static Node::Entry key(const YAML::Mark& mark, const Node& node) {
    if (node.kind != Node::Kind::scalar) refuse(mark, "a key must be plain text");
    if (node.text == "<<")
      refuse(mark, "merge keys (<<) are not used here; see `defaults` and whole aliases");
    return {node.text, node.line, node.column, nullptr};
  }

  void add(Node& map, Node::Entry entry) {
    // A map of the file has a few keys, so looking through them is cheap; a hostile one is cut off early.
    if (map.entries.size() >= most_keys) {
      YAML::Mark mark;
      mark.line = entry.line - 1;
      mark.column = entry.column - 1;
      refuse(mark, "a map of more than 1000 keys");
    }
    if (const auto* first = map.find(entry.key)) {
      document_->problems->error({document_->file, entry.line, entry.column},
                                 in_quotes(entry.key) + " stands here a second time; the first is on line " +
                                     std::to_string(first->line));
      return;
    }
    if (entry.value->kind == Node::Kind::nothing) {  // the parser puts nothing where the next token is
      entry.value->line = entry.line;
      entry.value->column = entry.column;
    }
    map.entries.push_back(std::move(entry));
  }

  static constexpr std::size_t most_keys = 1000;

  std::shared_ptr<Document> document_;
  NodePointer root_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, NodePointer> anchored_;  ///< only what is complete
  std::size_t count_ = 0;
};

NodePointer build(std::string_view text, const std::shared_ptr<Document>& document) {
  std::istringstream stream{std::string{text}};
  YAML::Parser parser{stream};
  Builder builder{document};
  while (parser.HandleNextDocument(builder)) continue;
  if (builder.root() && builder.root()->kind != Node::Kind::nothing) return builder.root();
  auto empty = std::make_shared<Node>();
  empty->line = empty->column = 1;
  empty->document = document;
  return empty;
}

/// Whether the line, counted from 0, begins with a tab: the parser's own words for that lead nowhere.
bool is_tab_indented(std::string_view text, int line) {
  for (; line > 0 && !text.empty(); --line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  const auto first = text.find_first_not_of(' ');
  return line == 0 && first != text.npos && text[first] == '\t';
}

/// The parser's words, the same in each of its versions: newer ones name the anchor behind a colon.
std::string plain(const std::string& message) { return message.substr(0, message.find(": ")); }

}  // namespace

const Node::Entry* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

NodePointer parse_yaml(std::string_view text, const std::shared_ptr<Document>& document) {
  auto& problems = *document->problems;
  const auto fail = [&](int line, int column, const std::string& message) {
    problems.error({document->file, line, column}, message);
    return nullptr;
  };
  if (text.size() > largest_file) return fail(0, 0, "larger than 1 MiB");
  if (text.find('\0') != text.npos) return fail(0, 0, "holds a NUL byte, so it is not a text file");
  try {
    auto root = build(text, document);
    if (root->kind == Node::Kind::map) return root;
    return fail(root->line, root->column, "expected a map of keys such as `stack: production`");
  } catch (const Refused& error) {
    return fail(error.mark.line + 1, error.mark.column + 1, error.msg);
  } catch (const YAML::Exception& error) {
    const bool tab = is_tab_indented(text, error.mark.line);
    return fail(
        error.mark.line + 1, tab ? 1 : error.mark.column + 1,
        "not valid YAML: " + (tab ? "a tab indents this line; YAML takes spaces only" : plain(error.msg)));
  }
}

}  // namespace healthd
