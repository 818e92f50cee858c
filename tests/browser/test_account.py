"""Who is logged in, as the header shows it: the name, the way out, the way to the embedding page; and OpenID Connect."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import pytest

from rag.config import Settings
from rag.ui.auth.users import FILE, Users
from rag.ui.auth.ways import ways
from rag.ui.server import create_app
from rag.web import listen

from .. import ui_doubles as world
from ..oidc_kit import CLIENT, OpenProvider
from .accessibility import check
from .browsing import Window

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def service(run_app, tmp_path_factory) -> SimpleNamespace:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHIYIN_HOME", str(home))
        patch.setenv("T", "a-token-of-quite-some-length")
        for name, admin in {"root": True, "王小明": False}.items():
            Users(home / FILE, cost=16).add(name, PASSWORD, admin=admin)
        settings = Settings(
            auth_users=True, auth_token_env="T", auth_proxy_header="X-User", auth_proxies=("127.0.0.1",), auth_admin_group="x"
        )
        app = create_app(world.canned_bot(), settings=settings, hosts=None, proofs=ways(settings, home))
        return SimpleNamespace(address=run_app(app), home=home)


def logged_in(service, user: str, secret: str = PASSWORD) -> dict[str, object]:
    """Options of a browser that has logged in."""
    reply = httpx.post(f"{service.address}login", data={"user": user, "secret": secret})
    assert reply.status_code == 303
    about = {"domain": "127.0.0.1", "path": "/", "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
    cookies = [{"name": name, "value": value, **about} for name, value in reply.cookies.items()]
    return {"storage_state": {"cookies": cookies, "origins": []}}


def without_cuts(w: Window) -> None:
    """Forget what a page that was left says of its own connections."""
    cut = ("AbortError", "Connection errored out", "net::ERR_ABORTED", "401")
    w.complaints[:] = [c for c in w.complaints if not any(word in c for word in cut)]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_an_administrator_sees_the_name_the_embedding_page_and_the_way_out(window, service, width, scheme) -> None:
    w = window(service.address, viewport={"width": width, "height": 800}, color_scheme=scheme, **logged_in(service, "root"))
    summary = w.page.locator("#top .account summary")
    assert summary.get_attribute("aria-label") == "账户 root"
    assert w.page.locator("#top .menu").is_hidden()
    assert summary.locator(".name").is_visible() == (width > 620)
    assert w.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check(w.page)
    summary.focus()
    w.page.keyboard.press("Enter")
    menu = w.page.locator("#top .menu")
    assert menu.is_visible() and " ".join(menu.inner_text().split()) == "root 嵌入网页 退出登录"
    box = menu.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    check(w.page)
    w.page.keyboard.press("Escape")
    assert menu.is_hidden() and w.page.evaluate("document.activeElement.tagName") == "SUMMARY"
    summary.click()
    w.page.locator("#log").click(position={"x": 5, "y": 5})
    assert menu.is_hidden()
    w.page.click("[data-action=language]")
    assert summary.get_attribute("aria-label") == "Account root"
    summary.click()
    assert " ".join(menu.inner_text().split()) == "root Embed Log out"
    menu.locator("a").click()
    w.page.wait_for_url("**/embed/setup")
    w.page.wait_for_selector("#snippet")
    w.page.locator("header a").click()
    w.page.wait_for_selector(".welcome")
    without_cuts(w)


def test_others_are_not_led_to_the_embedding_page_and_log_out(window, service) -> None:
    options = logged_in(service, "王小明")
    w = window(service.address, **options)
    assert w.page.locator("#top .name").inner_text() == "王小明"
    assert w.page.locator("a[href*=setup]").count() == 0
    w.ask(world.QUESTION)
    w.page.click("#top summary")
    w.page.click("[data-action=logout]")
    w.page.wait_for_url("**/login")
    assert w.page.locator("input[name=user]").count() == 1
    [cookie] = options["storage_state"]["cookies"]
    old = httpx.get(f"{service.address}readyz", cookies={cookie["name"]: cookie["value"]})
    assert old.status_code == 401  # the session is over on the server
    w.page.goto(service.address)
    assert urlsplit(w.page.url).path == "/login"
    without_cuts(w)


def test_whoever_has_no_name_can_log_out_and_whoever_a_proxy_names_can_not(window, service) -> None:
    w = window(service.address, **logged_in(service, "", "a-token-of-quite-some-length"))
    assert w.page.locator("#top .name").count() == 0
    w.page.click("#top summary")
    assert w.page.locator("#top .menu").inner_text().split() == ["退出登录"]
    w = window(service.address, extra_http_headers={"X-User": "li<i>lei"})
    w.page.click("#top summary")
    assert w.page.locator("#top .menu").inner_text().split() == ["li<i>lei"]
    assert w.page.locator("[data-action=logout], a[href*=setup]").count() == 0


def test_without_logins_there_is_but_the_embedding_page(window) -> None:
    w = window()
    assert w.page.locator("#top .account, [data-action=logout]").count() == 0
    link = w.page.locator("#top a[href*=setup]")
    assert link.inner_text().strip() == "嵌入网页" and link.get_attribute("aria-label") == "嵌入网页"
    link.click()
    w.page.wait_for_selector("#snippet")
    without_cuts(w)


@pytest.mark.parametrize("who", ["local", "root"])
def test_none_of_it_is_in_the_frame(browser, service, address, who: str) -> None:
    at, options = (address, {}) if who == "local" else (service.address, logged_in(service, "root"))
    context = browser.new_context(locale="zh-CN", **options)
    page = context.new_page()
    page.goto(f"{at}embed")
    page.wait_for_selector(".chip")
    page.wait_for_function("document.querySelector('#top header') && !document.querySelector('[data-account]')")
    assert page.locator("[data-action=logout], a[href*=setup]").count() == 0
    context.close()


@pytest.fixture
def single(run_app, tmp_path, monkeypatch) -> SimpleNamespace:
    """A service whose people log in at a provider of another port."""
    provider = OpenProvider()
    provider.address = run_app(provider.app()).rstrip("/")
    listener = listen("127.0.0.1", 0)  # the settings have to know the address
    at = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    monkeypatch.setenv("OIDC", "s3cret-of-the-client_0123456789")
    settings = Settings(
        auth_oidc_issuer=provider.address, auth_oidc_client=CLIENT, auth_oidc_secret_env="OIDC", auth_oidc_address=at,
        auth_oidc_name="公司账号",
    )  # fmt: skip
    app = create_app(world.canned_bot(), settings=settings, hosts=None, proofs=ways(settings, tmp_path))
    return SimpleNamespace(address=run_app(app, listener), provider=provider)


@pytest.mark.parametrize("out", ["header", "page"])
def test_there_and_back_at_an_openid_provider(browser, single, out: str) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    blocked: list[str] = []
    page.on("console", lambda m: blocked.append(m.text) if "Content Security Policy" in m.text else None)
    page.goto(single.address)
    assert urlsplit(page.url).path == "/login"
    assert page.locator("a.button").inner_text() == "用公司账号登录"
    page.click("a.button")
    page.wait_for_selector(".welcome")
    assert page.url == single.address and "code" not in page.url
    assert page.locator("#top .name").inner_text() == "Anna Müller"
    page.fill("#box textarea", world.QUESTION)
    page.press("#box textarea", "Enter")
    page.wait_for_selector(".short")
    if out == "header":
        page.click("#top summary")
        page.click("[data-action=logout]")
    else:  # the form, whose redirect to another origin its page's policy has to allow
        page.goto(f"{single.address}logout")
        page.click("button")
    page.wait_for_url("**/login")
    assert "/logout" in single.provider.asked
    page.goto(single.address)
    assert urlsplit(page.url).path == "/login" and blocked == []
    single.provider.error = "access_denied"
    page.click("a.button")
    page.wait_for_selector("[role=alert]")
    assert "没有确认这次登录" in page.inner_text("[role=alert]")
    context.close()
