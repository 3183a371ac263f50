#include "probes/net/resp.hpp"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include <new>

namespace healthd {
namespace {

#if HIREDIS_MAJOR >= 1
using ArraySize = std::size_t;
#else
using ArraySize = int;
#endif

/// What the hooks need while one reply is built; hiredis hands it back as `privdata`.
struct Building {
  RespLimits limits;
  std::size_t elements = 0;  ///< announced so far by all arrays of this reply
  Failure refused;
};

Building& building(const redisReadTask* task) { return *static_cast<Building*>(task->privdata); }

/// Puts the reply where it belongs: a new root, or its slot in the array above.
RedisReply* place(const redisReadTask* task, RedisReply reply) {
  if (task->parent == nullptr) return new RedisReply{std::move(reply)};
  auto& slots = static_cast<RedisReply*>(task->parent->obj)->elements;
  auto& slot = slots.at(static_cast<std::size_t>(task->idx));
  slot = std::move(reply);
  return &slot;
}

/// A null object makes hiredis stop; our own reason is the one that counts.
void* refuse(const redisReadTask* task, Reason reason, const char* detail) {
  building(task).refused = {reason, detail};
  return nullptr;
}

void* refuse_type(const redisReadTask* task) {
  return refuse(task, Reason::protocol, "a reply of a type that RESP2 does not have");
}

int depth_of(const redisReadTask* task) {
  int depth = 1;
  for (const redisReadTask* above = task->parent; above != nullptr; above = above->parent) ++depth;
  return depth;
}

void* create_string(const redisReadTask* task, char* text, std::size_t length) {
  RedisReply reply;
  switch (task->type) {
    case REDIS_REPLY_STRING:
      reply.kind = RedisReply::Kind::string;
      break;
    case REDIS_REPLY_STATUS:
      reply.kind = RedisReply::Kind::status;
      break;
    case REDIS_REPLY_ERROR:
      reply.kind = RedisReply::Kind::error;
      break;
    default:
      return refuse_type(task);
  }
  reply.text.assign(text, length);
  return place(task, std::move(reply));
}

void* create_array(const redisReadTask* task, ArraySize size) {
  if (task->type != REDIS_REPLY_ARRAY) return refuse_type(task);
  auto& state = building(task);
  if (depth_of(task) > state.limits.depth)
    return refuse(task, Reason::protocol, "arrays in the reply are nested too deeply");
  const auto count = static_cast<std::size_t>(size);
  if (count > state.limits.elements - state.elements)
    return refuse(task, Reason::too_large, "the reply announces too many elements");
  state.elements += count;
  RedisReply reply;
  reply.kind = RedisReply::Kind::array;
  reply.elements.resize(count);
  return place(task, std::move(reply));
}

void* create_integer(const redisReadTask* task, long long value) {
  RedisReply reply;
  reply.kind = RedisReply::Kind::integer;
  reply.integer = value;
  return place(task, std::move(reply));
}

void* create_nil(const redisReadTask* task) { return place(task, RedisReply{}); }

/// hiredis only ever hands back roots.
void free_root(void* root) { delete static_cast<RedisReply*>(root); }

redisReplyObjectFunctions* hooks() {
  static redisReplyObjectFunctions table = [] {
    redisReplyObjectFunctions made{};
    made.createString = create_string;
    made.createArray = create_array;
    made.createInteger = create_integer;
    made.createNil = create_nil;
    made.freeObject = free_root;
#if HIREDIS_MAJOR >= 1
    // Without a hook hiredis stores a type number where a pointer belongs.
    made.createDouble = [](const redisReadTask* task, double, char*, std::size_t) {
      return refuse_type(task);
    };
    made.createBool = [](const redisReadTask* task, int) { return refuse_type(task); };
#endif
    return made;
  }();
  return &table;
}

}  // namespace

struct RespDecoder::Impl {
  explicit Impl(RespLimits limits)
      : building{limits, 0, {}}, reader{redisReaderCreateWithFunctions(hooks()), redisReaderFree} {
    if (!reader) throw std::bad_alloc{};
    reader->privdata = &building;
  }

  std::size_t unread() const { return reader->len - reader->pos; }

  /// A header is short, so an unread rest without a line end near its beginning is a line that never ends.
  bool endless_line() const {
    const std::string_view rest{reader->buf + reader->pos, unread()};
    return rest.size() > building.limits.line_bytes &&
           rest.substr(0, building.limits.line_bytes).find("\r\n") == std::string_view::npos;
  }

  Failure fail(Failure why) { return broken = std::move(why); }

  Building building;
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader;
  std::size_t fed = 0;  ///< bytes of the reply that is being built, and of what came behind it
  Failure broken;
};

RespDecoder::RespDecoder(RespLimits limits) : impl_{std::make_unique<Impl>(limits)} {}
RespDecoder::~RespDecoder() = default;

void RespDecoder::feed(std::string_view bytes) {
  if (impl_->broken) return;
  impl_->fed += bytes.size();
  if (redisReaderFeed(impl_->reader.get(), bytes.data(), bytes.size()) != REDIS_OK) throw std::bad_alloc{};
}

Result<std::optional<RedisReply>> RespDecoder::next() {
  auto& my = *impl_;
  if (my.broken) return my.broken;
  void* raw = nullptr;
  if (redisReaderGetReply(my.reader.get(), &raw) != REDIS_OK) {
    if (my.building.refused) return my.fail(my.building.refused);
    return my.fail({Reason::protocol, std::string{"not a Redis reply: "} + my.reader->errstr});
  }
  if (raw == nullptr) {
    if (my.fed > my.building.limits.bytes) return my.fail({Reason::too_large, "the reply is too long"});
    if (my.endless_line()) return my.fail({Reason::too_large, "a line of the reply does not end"});
    return std::optional<RedisReply>{};
  }
  const std::unique_ptr<RedisReply> root{static_cast<RedisReply*>(raw)};
  my.fed = my.unread();
  my.building.elements = 0;
  return std::optional<RedisReply>{std::move(*root)};
}

std::string encode_commands(const std::vector<RedisCommand>& commands) {
  std::string bytes;
  for (const auto& command : commands) {
    std::vector<const char*> words;
    std::vector<std::size_t> lengths;
    for (const auto& word : command) {
      words.push_back(word.data());
      lengths.push_back(word.size());
    }
    char* encoded = nullptr;
    const auto length =
        redisFormatCommandArgv(&encoded, static_cast<int>(command.size()), words.data(), lengths.data());
    if (length < 0) throw std::bad_alloc{};
    bytes.append(encoded, static_cast<std::size_t>(length));
    redisFreeCommand(encoded);
  }
  return bytes;
}

}  // namespace healthd
