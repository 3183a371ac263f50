"""Redis as cache and broker: may one write, does it lose keys, is it full."""

from __future__ import annotations

from board import GOOD_OR_BAD, NO_OR_YES, Board, Row, lines, number, table
from common import checks, failures, phases, took
from queries import age, gauge, lowest, part_of_both, rate, share

SERVER = Row("The server", (
    number("Answers PING", "none", "Let us in and answered. Not enough for a broker: see the next one.",
           lowest("healthd_redis_up"), mapping=GOOD_OR_BAD),
    number("Accepts writes", "none",
           "By the write canary, by the replies of workers, or by what INFO says; absent where nothing tells.",
           lowest("healthd_redis_write_ok"), mapping=GOOD_OR_BAD),
    number("Keeps its keys", "none",
           "No where a broker or a result store may lose keys to eviction: tasks would vanish silently.",
           lowest("healthd_redis_eviction_policy_safe"), mapping=GOOD_OR_BAD),
    number("Loading", "none", "Yes while it reads its data from disk. That ends by itself.",
           gauge("healthd_redis_loading"), mapping=NO_OR_YES),
    number("Running for", "s", "Since the server's start.", age("healthd_redis_start_time_seconds")),
    number("Last save", "s", "How long ago the last snapshot was saved; absent where none is.",
           age("healthd_redis_last_save_timestamp_seconds")),
    checks("redis", "Redis: PING, and writing where that can be told"),
    table("Version and role", "A broker that has become a replica refuses writes.",
          gauge("healthd_redis_info", by="stack, probe, version, mode, role"), height=7),
    table("Used for", "As configured.", gauge("healthd_redis_usage_info", by="stack, probe, usage"), width=12,
          height=5),
    table("Eviction policy", "What it does once its memory is full.",
          gauge("healthd_redis_eviction_policy_info", by="stack, probe, policy"), width=12, height=5),
    took("redis"),
    phases("redis"),
    failures("redis"),
))  # fmt: skip

MEMORY = Row("Memory and keys", (
    lines("Memory", "bytes", "Allocated, resident, and the limit where there is one.",
          gauge("healthd_redis_memory_used_bytes", "used"), gauge("healthd_redis_memory_rss_bytes", "resident"),
          gauge("healthd_redis_memory_max_bytes", "limit")),
    lines("Share of the limit", "percentunit", "Where there is one. At 1 a broker refuses tasks, a cache evicts.",
          share(gauge("healthd_redis_memory_used_bytes"), gauge("healthd_redis_memory_max_bytes")), highest=1),
    lines("Keys by database", "none", "In the configured database.",
          gauge("healthd_redis_db_keys", by="stack, probe, db")),
    lines("Keys that went", "ops",
          "Evicted because memory was full, and expired because their time was over. A broker must evict none.",
          rate("healthd_redis_evicted_keys_total", "evicted"), rate("healthd_redis_expired_keys_total", "expired")),
    lines("Hit ratio", "percentunit", "Look-ups that found their key by all look-ups; no line while there are none.",
          part_of_both(rate("healthd_redis_keyspace_hits_total"), rate("healthd_redis_keyspace_misses_total")),
          highest=1),
    lines("Last fork", "s", "How long the last fork stopped the server: each snapshot begins with one.",
          gauge("healthd_redis_last_fork_seconds")),
))  # fmt: skip

WORK = Row("Work", (
    lines("Commands", "ops", "Commands that the server carried out.", rate("healthd_redis_commands_processed_total")),
    lines("Clients", "none", "Connected, of these waiting in a blocking command, and how many may connect.",
          gauge("healthd_redis_connected_clients", "connected"), gauge("healthd_redis_blocked_clients", "blocked"),
          gauge("healthd_redis_clients_max", "limit")),
    lines("New connections", "cps", "Accepted, and refused at the limit of clients.",
          rate("healthd_redis_connections_received_total", "accepted"),
          rate("healthd_redis_connections_rejected_total", "refused")),
    lines("Error replies", "ops", "By the error's first word.",
          rate("healthd_redis_error_replies_total", by="stack, probe, error"), width=6),
    number("Saved to disk", "none",
           "Whether the last write to disk succeeded, by method; absent where neither is in use.",
           lowest("healthd_redis_persistence_ok", by="stack, probe, method"), mapping=GOOD_OR_BAD, width=6, height=7),
    lines("Replicas", "none", "Replicas that are connected.", gauge("healthd_redis_replicas_connected"), width=6),
    number("In touch with its primary", "none", "Of a replica; absent on a primary.",
           lowest("healthd_redis_replica_link_up"), mapping=GOOD_OR_BAD, width=6, height=7),
))  # fmt: skip

BOARD = Board(
    "superset-redis", "Superset Stack / Redis",
    "Does it accept writes, does it keep its keys, and is it full?",
    (SERVER, MEMORY, WORK),
)  # fmt: skip
