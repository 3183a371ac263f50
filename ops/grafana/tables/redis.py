"""Redis as cache and broker: may one write, does it lose keys, is it full."""

from __future__ import annotations

from board import GOOD_OR_BAD, NO_OR_YES, Board, Panel, Row, lines, number, table
from common import checks, failures, phases, took

NAMED = "{{stack}} {{probe}}"


def gauge(metric: str, legend: str = "") -> tuple[str, str]:
    return f"max by (stack, probe) (healthd_redis_{metric}{{*}})", f"{NAMED} {legend}".strip()


def rate(metric: str, legend: str = "") -> tuple[str, str]:
    return f"max by (stack, probe) (rate(healthd_redis_{metric}{{*}}[$__rate_interval]))", f"{NAMED} {legend}".strip()


def good(metric: str, title: str, description: str) -> Panel:
    return number(title, "none", description, (f"min by (stack, probe) (healthd_redis_{metric}{{*}})", NAMED), mapping=GOOD_OR_BAD)


SERVER = Row("The server", (
    good("up", "Answers PING", "Let us in and answered. Not enough for a broker: see the next one."),
    good("write_ok", "Accepts writes", "By the write canary, by the replies of workers, or by what INFO says; absent where nothing tells."),
    good("eviction_policy_safe", "Keeps its keys", "No where a broker or a result store may lose keys to eviction: tasks would vanish silently."),
    number("Loading", "none", "Yes while it reads its data from disk. That ends by itself.", gauge("loading"),
           mapping=NO_OR_YES),
    number("Running for", "s", "Since the server's start.", (f"time() - {gauge('start_time_seconds')[0]}", NAMED)),
    number("Last save", "s", "How long ago the last snapshot was saved; absent where none is.",
           (f"time() - {gauge('last_save_timestamp_seconds')[0]}", NAMED)),
    checks("redis", "Redis: PING, and writing where that can be told"),
    table("Version and role", "A broker that has become a replica refuses writes.",
          "max by (stack, probe, version, mode, role) (healthd_redis_info{*})", height=7),
    table("Used for", "As configured.", "max by (stack, probe, usage) (healthd_redis_usage_info{*})", width=12, height=5),
    table("Eviction policy", "What it does once its memory is full.",
          "max by (stack, probe, policy) (healthd_redis_eviction_policy_info{*})", width=12, height=5),
    took("redis"), phases("redis"), failures("redis"),
))  # fmt: skip

MEMORY = Row("Memory and keys", (
    lines("Memory", "bytes", "Allocated, resident, and the limit where there is one.",
          gauge("memory_used_bytes", "used"), gauge("memory_rss_bytes", "resident"), gauge("memory_max_bytes", "limit")),
    lines("Share of the limit", "percentunit", "Where there is one. At 1 a broker refuses tasks, a cache evicts.",
          (f"{gauge('memory_used_bytes')[0]} / {gauge('memory_max_bytes')[0]}", NAMED), highest=1),
    lines("Keys", "none", "In the configured database.",
          ("max by (stack, probe, db) (healthd_redis_db_keys{*})", NAMED + " db{{db}}")),
    lines("Keys that went", "ops", "Evicted because memory was full, and expired because their time was over. A broker must evict none.",
          rate("evicted_keys_total", "evicted"), rate("expired_keys_total", "expired")),
    lines("Hit ratio", "percentunit", "Look-ups that found their key by all look-ups; no line while there are none.",
          (f"{rate('keyspace_hits_total')[0]} / ({rate('keyspace_hits_total')[0]} + {rate('keyspace_misses_total')[0]} > 0)", NAMED),
          highest=1),
    lines("Last fork", "s", "How long the last fork stopped the server: each snapshot begins with one.", gauge("last_fork_seconds")),
))  # fmt: skip

WORK = Row("Work", (
    lines("Commands", "ops", "Commands that the server carried out.", rate("commands_processed_total")),
    lines("Clients", "none", "Connected, of these waiting in a blocking command, and how many may connect.",
          gauge("connected_clients", "connected"), gauge("blocked_clients", "blocked"), gauge("clients_max", "limit")),
    lines("New connections", "cps", "Accepted, and refused at the limit of clients.",
          rate("connections_received_total", "accepted"), rate("connections_rejected_total", "refused")),
    lines("Error replies", "ops", "By the error's first word.",
          ("max by (stack, probe, error) (rate(healthd_redis_error_replies_total{*}[$__rate_interval]))", NAMED + " {{error}}")),
    number("Saved to disk", "none", "Whether the last write to disk succeeded, by method; absent where neither is in use.",
           ("min by (stack, probe, method) (healthd_redis_persistence_ok{*})", NAMED + " {{method}}"), mapping=GOOD_OR_BAD,
           width=8, height=7),
    lines("Replicas", "none", "Replicas that are connected.", gauge("replicas_connected")),
))  # fmt: skip

BOARD = Board(
    "superset-redis", "Superset Stack / Redis",
    "Does it accept writes, does it keep its keys, and is it full?",
    (SERVER, MEMORY, WORK),
)  # fmt: skip
