#include <catch2/catch_test_macros.hpp>

#include "probes/net/celery_names.hpp"

using namespace healthd;

TEST_CASE("the names are Celery's own by default") {
  CeleryNames names;
  CHECK(names.queue("celery", 0) == "celery");
  CHECK(names.queue("celery", 3) ==
        "celery\x06\x16"
        "3");
  CHECK(names.unacked() == "unacked");
  CHECK(names.unacked_index() == "unacked_index");
  CHECK(names.pidbox_channel() == "/0.celery.pidbox");
  CHECK(names.reply_bindings() == "_kombu.binding.reply.celery.pidbox");
  CHECK(names.reply_binding("R") == "R\x06\x16\x06\x16R.reply.celery.pidbox");
  CHECK(names.reply_queue("R") == "R.reply.celery.pidbox");
}

TEST_CASE("prefixes, database and separator are where Celery puts them") {
  CeleryNames names;
  names.database = 3;
  names.key_prefix = "ss:";
  names.separator = ":";
  CHECK(names.queue("celery", 9) == "ss:celery:9");
  CHECK(names.pidbox_channel() == "ss:/3.celery.pidbox");
  CHECK(names.reply_bindings() == "ss:_kombu.binding.reply.celery.pidbox");
  CHECK(names.reply_binding("R") == "R::R.reply.celery.pidbox");
  CHECK(names.reply_queue("R") == "ss:R.reply.celery.pidbox");
  names.fanout_prefix = "";
  CHECK(names.pidbox_channel() == "ss:celery.pidbox");
}

TEST_CASE("each type of event has a channel of its own, unless the application does without patterns") {
  CeleryNames names;
  CHECK(names.event_channel("worker.heartbeat") == "/0.celeryev/worker.heartbeat");
  CHECK(names.event_channel("task.multi") == "/0.celeryev/task.multi");
  names.fanout_patterns = false;
  CHECK(names.event_channel("worker.heartbeat") == "/0.celeryev");
  CHECK(names.event_channel("task.multi") == "/0.celeryev");
}

TEST_CASE("the channels of events stand behind the same prefixes as that of remote control") {
  CeleryNames names;
  names.database = 3;
  names.key_prefix = "ss:";
  CHECK(names.event_channel("task.sent") == "ss:/3.celeryev/task.sent");
  names.fanout_prefix = "/x.";
  CHECK(names.event_channel("task.sent") == "ss:/x.celeryev/task.sent");
  names.fanout_prefix = "";
  CHECK(names.event_channel("task.sent") == "ss:celeryev/task.sent");
}
