"""What a user meets: login, cookies, headers, limits; and what becomes of them without Redis."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from stack.waiting import wait_until

from superset_site import Site
from user import User

HEADERS = ("Strict-Transport-Security", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Content-Security-Policy")
ME = "/api/v1/me/"


@pytest.mark.parametrize("path", ["/login/", "/health", ME])
def test_security_headers_are_there_once(site: Site, path: str) -> None:
    headers = site.edge.ask(path).headers
    assert {name: len(headers.get_all(name) or []) for name in HEADERS} == dict.fromkeys(HEADERS, 1)
    assert "gunicorn" not in str(headers)


def test_the_session_is_in_redis_and_its_cookie_is_for_https_alone(site: Site, admin: User) -> None:
    assert admin.session["secure"] and admin.session["httponly"] and admin.session["samesite"] == "Lax"
    assert admin.api(ME)["result"]["username"] == "admin"
    assert f"session:{admin.session.value}" in site.redis("redis-broker", "-n", "2", "keys", "session:*").split()
    assert 0 < int(site.redis("redis-broker", "-n", "2", "ttl", f"session:{admin.session.value}")) <= 8 * 3600


def test_a_wrong_password_is_refused(user: User) -> None:
    assert not user.log_in("admin", "wrong")
    assert user.ask(ME).status == 401


def test_a_login_gives_the_session_a_new_name_and_a_logout_ends_it(site: Site, user: User) -> None:
    user.ask("/login/")
    before = user.session.value
    assert user.log_in("admin", site.secret("superset_admin_password"))
    assert user.session.value != before
    thief = User(site.edge)
    thief.cookies["session"] = before
    assert thief.ask(ME).status == 401, "who gave the cookie away is not logged in with it"
    thief.cookies["session"] = user.session.value
    assert thief.ask(ME).status == 200
    user.ask("/logout/")
    thief.cookies["session"] = user.session.value
    assert thief.ask(ME).status == 401, "a copy of the cookie is worth nothing after the logout"


def test_limits_are_counted_in_redis_and_health_is_not_counted(site: Site) -> None:
    def health(_: int) -> int:
        return site.edge.ask("/health").status

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(health, range(250))) == {200}
    site.edge.ask("/login/")
    assert "LIMITER/127.0.0.1/" in site.redis("redis-cache", "-n", "3", "keys", "*LIMITER*")


def test_pages_outlive_the_cache_and_a_cache_that_hangs_holds_nobody_for_ever(site: Site, admin: User) -> None:
    cache = site.parts["redis-cache"]
    cache.freeze()
    try:
        begin = time.monotonic()
        assert site.edge.ask("/health").status == 200 and time.monotonic() - begin < 3
        with ThreadPoolExecutor(4) as pool:  # each process finds out for itself
            assert set(pool.map(lambda _: site.edge.ask("/login/", seconds=60).status, range(4))) == {200}
    finally:
        cache.thaw()
    cache.stop()
    try:
        assert site.edge.ask("/health").status == 200
        assert site.edge.ask("/login/").status == 200
        assert admin.ask(ME).status == 200
    finally:
        cache.start()
    wait_until(lambda: site.edge.ask("/login/").status == 200, 20, "a login page with the cache back")
