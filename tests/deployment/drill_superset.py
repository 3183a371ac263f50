"""Drills of the pages about Superset itself, nginx and the certificate."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from drill_case import Case, void
from engine_stack import HOME
from engine_watch import Watch

OPEN, SHUT = "    allow 172.16.0.0/12;", "    # shut by a drill"


def pause(service: str):
    return lambda watch: void(watch.deployment.compose("pause", service))


def stop(service: str):
    return lambda watch: void(watch.deployment.compose("stop", service))


def reload_nginx(watch: Watch) -> None:
    watch.deployment.compose("exec", "-T", "nginx", "nginx", "-s", "reload")


def other_password(watch: Watch) -> None:
    watch.deployment.sql("alter role superset password 'another'")


def same_password(watch: Watch) -> None:
    password = watch.room.do(["cat", f"{HOME}/secrets/postgres_password"]).strip()
    watch.deployment.sql(f"alter role superset password '{password}'")


def second_head(watch: Watch) -> None:
    watch.deployment.sql("insert into alembic_version values ('0123456789ab')")


def stuck_report(watch: Watch) -> None:
    watch.deployment.sql("""
        insert into report_schedule (id, type, name, active, crontab, last_state, working_timeout)
        values (7, 'Report', 'drill', true, '0 9 * * *', 'Working', 3600);
        insert into report_execution_log (scheduled_dttm, start_dttm, end_dttm, state, report_schedule_id)
        select t, t, t, 'Working', 7 from (select now() at time zone 'utc' - interval '3 hours') as times (t)""")


def no_report(watch: Watch) -> None:
    watch.deployment.sql("truncate report_schedule, report_execution_log")


def stub_status(watch: Watch, old: str, new: str) -> None:
    watch.room.do(["sed", "-i", f"s|{old}|{new}|", f"{HOME}/nginx/servers/stub_status.conf"])


def shut_stub_status(watch: Watch) -> None:
    stub_status(watch, OPEN, SHUT)
    reload_nginx(watch)


def serve(expires_in: timedelta):
    """A certificate with so much left, while the renewed one waits for `renew_certificate` of env.sh."""

    def break_it(watch: Watch) -> None:
        watch.deployment.certify(expires_in)
        reload_nginx(watch)
        watch.deployment.authority.issue(timedelta(days=90))
        watch.room.do(["cp", f"{watch.deployment.authority.folder}/server.pem", f"{HOME}/renewed.pem"])

    return break_it


def days_left(said: str) -> float:
    """Of the certificate that is served: the first one in the answer."""
    found = re.search(r"notAfter=(.*)", said)
    if not found:
        return -1
    end = datetime.strptime(found[1], "%b %d %H:%M:%S %Y GMT").replace(tzinfo=timezone.utc)
    return (end - datetime.now(timezone.utc)) / timedelta(days=1)


EDGE = r"^200 in [\d.]+s$"
DIRECT = r"^OK 200 in"

CASES = (
    Case("SupersetEdgeDown", "paused", pause("nginx"), default=True, steps=(1,), broken=(r"^000 in", r"nginx .*\(Paused\)"), healthy=(EDGE,)),
    Case("SupersetEdgeDown", "stopped", stop("nginx"), steps=(3,), broken=(r"\(7\)", r"^000 in", r"nginx .*Exited"), healthy=(EDGE,)),
    Case("SupersetUpstreamUnavailable", "stopped", stop("superset"), default=True, steps=(3,),
         broken=(r"^edge 50[24] in", r"\[error\].*upstream"), healthy=(r"^edge 200 in", r"^direct 200 in")),
    Case("SupersetWebDown", "paused", pause("superset"), steps=(2,), broken=(r"superset .*\(Paused\)",), healthy=(DIRECT,)),
    Case("SupersetWebDown", "stopped", stop("superset"), steps=(3,), broken=(r'service "superset" is not running',), healthy=(DIRECT,)),
    Case("SupersetMetadataCheckFailing", "password", other_password, by_hand=same_password, steps=(2,),
         broken=(r"^health 200 in", r"^login/ 500 in", r"^1$"), healthy=(r"^health 200 in", r"^login/ 200 in", r"^1$")),
    Case("SupersetMigrationsPending", "two-heads", second_head, steps=(2, 3, 4, 5), seconds=120,
         broken=(r"^\(2 rows\)", r"^ 0123456789ab"), healthy=(r"^\(1 row\)", r"\(head\)")),
    Case("SupersetReportsStuck", "leftover", stuck_report, steps=(3,), typed="REPORT=7", afterwards=no_report,
         broken=(r"^\s+7 \| Report \| drill .* 0?3:0",), healthy=(r"^\(0 rows\)",)),
    Case("NginxStubStatusDown", "forbidden", shut_stub_status, steps=(2,), verified=(r"healthd_nginx_connections\{",),
         by_hand=lambda watch: stub_status(watch, SHUT, OPEN),
         broken=(r"^403$", r"^edge 200$"), healthy=(r"^Active connections", r"^200$", r"^edge 200$")),
    Case("TlsCertificateExpiringSoon", "ten-days", serve(timedelta(days=10)), steps=(2,),
         verified=(r"^healthd_tls_leaf_not_after_timestamp_seconds",),
         broken=(lambda said: 9 < days_left(said) < 11,), healthy=(lambda said: days_left(said) > 60,)),
    Case("TlsCertificateExpiringVerySoon", "one-day", serve(timedelta(days=1)), steps=(2,),
         verified=(r"Verify return code: 0 \(ok\)", r"^200$"),
         broken=(r"Certificate will expire",), healthy=(r"Certificate will not expire",)),
    Case("TlsCertificateInvalid", "expired", serve(timedelta(hours=-1)), default=True, steps=(3,),
         broken=(r"Verify return code: 10", r"DNS:bi.example.com"), healthy=(r"Verify return code: 0 \(ok\)", r"DNS:bi.example.com")),
)  # fmt: skip
