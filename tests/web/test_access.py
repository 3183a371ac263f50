"""For everybody: by keyboard, on a phone, in the dark, by screen reader, on paper."""

from __future__ import annotations

import re
from typing import Callable

import pytest

from small_stack import SmallStack
from visit import PHONE, Visit

Open = Callable[..., Visit]
PAGES = ["/", "/incidents/", "/incidents/ID", "/runbooks/", "/runbooks/postgres-down"]


@pytest.fixture
def broken(stack: SmallStack) -> str:
    """The id of an open incident. The stack shows something of everything."""
    stack.house.targets[1].turn(False)
    stack.target.turn(False)
    return stack.incident_of("app0")


@pytest.fixture(autouse=True)
def whole_again(stack: SmallStack) -> object:
    yield
    stack.house.targets[1].turn(True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(stack: SmallStack, visit: Open, broken: str, scheme: str) -> None:
    found = {}
    for path in (each for each in PAGES if each != "/runbooks/"):  # a list of links
        shown = visit(path.replace("ID", broken), color_scheme=scheme)
        shown.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
        found[path] = shown.violations()
        shown.shoot(f"{scheme}{path.replace('/', '-').rstrip('-')}")
    assert found == dict.fromkeys(found, [])


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_need_not_scroll_sideways(visit: Open, broken: str, path: str) -> None:
    shown = visit(path.replace("ID", broken), viewport=PHONE)
    shown.shoot(f"phone{path.replace('/', '-').rstrip('-')}")
    assert shown.overflow() <= 0


def test_the_keyboard_reaches_every_link_and_skips_the_head(visit: Open, broken: str) -> None:
    shown = visit("/")
    page = shown.page
    wanted = page.evaluate("[...document.querySelectorAll('a[href], summary')].filter((each) => each.checkVisibility()).length")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    reached = 1
    while reached <= wanted + 1:
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body || document.activeElement.classList.contains('skip')"):
            break
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", page.evaluate("document.activeElement.outerHTML")
        reached += 1
    assert reached == wanted
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_landmarks_and_headings_carry_the_structure(visit: Open, broken: str) -> None:
    page = visit("/").page
    for role in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1, role
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("link", name="Status", exact=True).get_attribute("aria-current") == "page"
    names = page.get_by_role("region").evaluate_all("all => all.map((each) => each.getAttribute('aria-labelledby') || each.ariaLabel)")
    assert len(set(names)) == len(names) and {"stack", "probes", "receivers", "monitor"} <= set(names)
    for name in ("Probe", "State", "Last result", "History", "Last run"):
        assert page.get_by_role("columnheader", name=re.compile(f"^{name}$")).count() >= 1, name


def test_no_state_is_told_by_colour_alone(visit: Open, broken: str) -> None:
    page = visit("/").page
    pills = page.locator(".pill").all_inner_texts()
    assert pills and all(re.match(r"\S\s+\w+", text) for text in pills), pills
    heights = page.locator("svg.history").evaluate_all(
        "all => all.flatMap((svg) => [...svg.querySelectorAll('rect')].map((bar) => [bar.className.baseVal, bar.getAttribute('height')].join()))"
    )
    assert len(set(heights)) == len({each.split(",")[0] for each in heights}) >= 2


def test_nothing_moves_for_those_who_want_no_motion(visit: Open) -> None:
    page = visit("/", reduced_motion="reduce").page
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter((each) => { const style = getComputedStyle(each);"
        " return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0 || style.scrollBehavior === 'smooth' }).length"
    )
    assert moving == 0
