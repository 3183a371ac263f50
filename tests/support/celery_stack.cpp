#include "tests/support/celery_stack.hpp"

#include <hiredis/hiredis.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace healthd::test {
namespace {

constexpr const char* application = R"(import os, time
from celery import Celery
app = Celery("stack", broker=os.environ["BROKER"])
app.conf.update(
    task_ignore_result=True, task_default_queue=os.environ["QUEUE"], worker_prefetch_multiplier=1,
    broker_connection_max_retries=None, OPTIONS
    beat_schedule={"tick": {"task": "reports.scheduler", "schedule": float(os.environ["EVERY"])}})
@app.task(name="reports.scheduler")
def scheduler(): pass
@app.task(name="sleep")
def sleep(seconds): time.sleep(seconds)
)";

std::string text_of(const redisReply* reply) {
  if (reply == nullptr) return "-no reply";
  switch (reply->type) {
    case REDIS_REPLY_ERROR:
      return "-" + std::string{reply->str, reply->len};
    case REDIS_REPLY_INTEGER:
      return std::to_string(reply->integer);
    case REDIS_REPLY_ARRAY: {
      std::string all;
      for (std::size_t at = 0; at < reply->elements; ++at)
        all += (at > 0 ? " " : "") + text_of(reply->element[at]);
      return all;
    }
    case REDIS_REPLY_NIL:
      return "";
    default:
      return {reply->str, reply->len};
  }
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> settings)
    : port_{free_port()}, settings_{std::move(settings)} {
  start();
}

void RedisServer::start() {
  const auto file = folder_.path() / "redis.conf";
  std::ofstream text{file};
  text << "bind 127.0.0.1\nport " << port_ << "\ndir " << folder_.path().string() << "\nsave \"\"\n";
  for (const auto& setting : settings_) text << setting << '\n';
  text.close();
  process_ =
      Process{Command{{"/usr/bin/redis-server", file.string()}, {}, folder_.path(), folder_.path() / "log"}};
  const auto answers = [this] {
    const auto said = say({"PING"});
    return !said.starts_with("-no") && !said.starts_with("-LOADING");
  };
  if (!wait_until(answers)) throw std::runtime_error{"redis-server did not start"};
}

std::string RedisServer::url(int database) const {
  return "redis://127.0.0.1:" + std::to_string(port_) + "/" + std::to_string(database);
}

std::string RedisServer::say_in(int database, const std::vector<std::string>& words) const {
  const timeval patience{5, 0};
  const std::unique_ptr<redisContext, void (*)(redisContext*)> context{
      redisConnectWithTimeout("127.0.0.1", port_, patience), redisFree};
  if (!context || context->err != 0) return "-no connection";
  redisSetTimeout(context.get(), patience);
  if (database != 0) freeReplyObject(redisCommand(context.get(), "SELECT %d", database));
  std::vector<const char*> argv;
  std::vector<std::size_t> lengths;
  for (const auto& word : words) {
    argv.push_back(word.data());
    lengths.push_back(word.size());
  }
  void* raw = redisCommandArgv(context.get(), static_cast<int>(words.size()), argv.data(), lengths.data());
  const std::unique_ptr<void, void (*)(void*)> owner{raw, freeReplyObject};
  return text_of(static_cast<const redisReply*>(raw));
}

Celery::Celery(const RedisServer& redis, CelerySetup setup) : redis_{redis}, setup_{std::move(setup)} {
  std::string text = application;
  constexpr std::string_view place = "OPTIONS";
  text.replace(text.find(place), place.size(), setup_.options);
  std::ofstream{folder_.path() / "stack.py"} << text;
}

Command Celery::command(std::vector<std::string> arguments, const std::string& log) const {
  Command made;
  made.argv = {"/usr/bin/python3", "-m", "celery", "-A", "stack"};
  made.argv.insert(made.argv.end(), arguments.begin(), arguments.end());
  made.env = {{"BROKER", redis_.url(setup_.database)},
              {"QUEUE", setup_.queue},
              {"EVERY", std::to_string(setup_.beat_every)},
              {"C_FORCE_ROOT", "1"},
              {"HOME", folder_.path().string()},
              {"PYTHONDONTWRITEBYTECODE", "1"}};
  made.cwd = folder_.path();
  made.log = folder_.path() / log;
  return made;
}

std::string Celery::log(const std::string& name) const {
  std::ostringstream text;
  text << std::ifstream{folder_.path() / name}.rdbuf();
  return text.str();
}

Process Celery::start_worker(const std::string& node, const std::string& pool, bool heartbeats) {
  const auto file = node + "-" + std::to_string(free_port());
  std::vector<std::string> arguments{"worker", "-n", node + "@test", "-P",   pool,
                                     "-c",     "1",  "--loglevel",   "INFO", "--without-mingle"};
  if (!heartbeats) arguments.insert(arguments.end(), {"--without-heartbeat", "--without-gossip"});
  Process worker{command(arguments, file)};
  if (!wait_until([&] { return log(file).find(" ready.") != std::string::npos; }, std::chrono::seconds{40}))
    throw std::runtime_error{"the Celery worker did not start: " + log(file)};
  return worker;
}

Process Celery::start_beat() {
  const std::vector<std::string> arguments{"beat",       "--schedule",     "schedule",
                                           "--pidfile=", "--max-interval", "1"};
  return Process{command(arguments, "beat")};
}

void Celery::send(const std::string& task, const std::string& arguments) {
  call({"call", task, "--args", arguments});
}

void Celery::send_for_later(const std::string& task, int seconds) {
  call({"call", task, "--countdown", std::to_string(seconds)});
}

void Celery::call(std::vector<std::string> arguments) {
  Process sender{command(std::move(arguments), "call")};
  if (!wait_until([&] { return !sender.running(); })) throw std::runtime_error{"the message was not sent"};
}

}  // namespace healthd::test
