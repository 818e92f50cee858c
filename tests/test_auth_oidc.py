"""Logging in at an OpenID provider that runs in the test: as it should go, and every way of cheating."""

from __future__ import annotations

import json
import logging
import re
from types import SimpleNamespace
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from rag.config import Settings
from rag.errors import ConfigError
from rag.ui.auth import id_token, provider
from rag.ui.auth.attempts import SECONDS, Attempts
from rag.ui.auth.audit import AuditLog
from rag.ui.auth.oidc import Claims
from rag.ui.auth.paths import local_path
from rag.ui.auth.provider import LoginRefused
from rag.ui.auth.sessions import Session
from rag.ui.auth.setup import log_in
from rag.ui.auth.ways import Ways, require, ways
from rag.ui.server import create_app
from rag.ui.who import Person, scope_of, who

from . import oidc_kit
from . import ui_doubles as world
from .api_kit import served
from .oidc_kit import CLIENT, SECRET, OpenProvider, by_secret, rsa_key, signed, unsigned, with_header

BASE = "http://localhost:7860"
HTTPS = "https://chat.example"
HTML = {"accept": "text/html"}
KEY = rsa_key()
OTHER = rsa_key()


@pytest.fixture(scope="module")
def running():
    """One server for all tests, each of which puts a provider of its own behind it."""
    held = SimpleNamespace(app=None)

    async def app(scope, receive, send):
        await held.app(scope, receive, send)

    with served(app) as address:
        held.address = address
        yield held


@pytest.fixture
def op(running):
    found = OpenProvider(address=running.address, keys=[KEY])
    running.app = found.app()
    return found


@pytest.fixture
def make(op, tmp_path, monkeypatch):
    """`make(setting=…)` builds the service; what comes back makes browsers."""
    monkeypatch.setenv("OIDC", SECRET)

    def service(base=BASE, **changes):
        known = {"auth_oidc_issuer": op.address, "auth_oidc_client": CLIENT, "auth_oidc_secret_env": "OIDC", "auth_oidc_address": base}
        settings = Settings(**{**known, **changes})
        proofs = ways(settings, tmp_path)
        app = FastAPI()
        log_in(app, world.canned_bot(), settings, proofs, tmp_path)

        @app.get("/whoami")
        def whoami(request: Request):
            person = who(request)
            scope = scope_of(request)
            return {
                "id": person.id, "name": person.name, "admin": person.admin, "groups": sorted(scope.groups), "everything": scope.everything,
                "reads": [scope.allows(frozenset(g)) for g in ({"hr"}, {"board"})],
            }  # fmt: skip

        def browser():
            return TestClient(app, base_url=base, follow_redirects=False, client=("192.0.2.7", 5))

        browser.proofs, browser.home = proofs, tmp_path
        return browser

    return service


def begin(client, target="/whoami"):
    """The way to the provider and its answer: where it sends the browser back to."""
    start = client.get("/login/oidc", params={"next": target})
    assert start.status_code == 303, start.text
    back = httpx.get(start.headers["location"])
    assert back.status_code == 302, back.text
    return back.headers["location"]


def finish(client, address):
    """Come back to the service at `address`."""
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def log_in_at(client, target="/whoami"):
    return finish(client, begin(client, target))


def changed(address, **changes):
    query = dict(parse_qsl(urlsplit(address).query)) | changes
    return f"{BASE}/login/callback?{urlencode({k: v for k, v in query.items() if v is not None})}"


def turned_away(client, reply, problem="oidc_refused"):
    """The login page with its problem, and nobody logged in."""
    assert reply.status_code == 303 and urlsplit(reply.headers["location"]).path == "/login"
    assert parse_qs(urlsplit(reply.headers["location"]).query)["problem"] == [problem]
    assert "zhiyin_session" not in reply.headers.get("set-cookie", "")
    assert client.get("/whoami").status_code == 401
    page = client.get(reply.headers["location"], headers={"accept-language": "en"})
    assert page.status_code == 200 and 'role="alert"' in page.text and ("Try again" in page.text or "log in again" in page.text)
    assert "<b>" not in page.text
    return True


# ---- as it should go ---------------------------------------------------------------------------------------------------


def test_logging_in_and_what_is_sent_where(make, op):
    browser = make()
    client = browser()
    assert client.get("/whoami", headers=HTML).headers["location"] == "/login?next=/whoami"
    page = client.get("/login?next=/whoami", headers={"accept-language": "en"})
    assert 'href="login/oidc?next=%2Fwhoami"' in page.text and "Log in with single sign-on" in page.text and "<form" not in page.text
    start = client.get("/login/oidc?next=/whoami")
    asked = dict(parse_qsl(urlsplit(start.headers["location"]).query))
    assert start.headers["location"].startswith(f"{op.address}/authorize?")
    assert (asked["redirect_uri"], asked["scope"], asked["response_type"]) == (f"{BASE}/login/callback", "openid profile", "code")
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43 and len(asked["nonce"]) == 43
    cookie = start.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "max-age=600" in cookie
    reply = finish(client, httpx.get(start.headers["location"]).headers["location"])
    assert (reply.status_code, reply.headers["location"], reply.headers["cache-control"]) == (303, "/whoami", "no-store")
    cookie = reply.headers["set-cookie"].lower()
    assert cookie.startswith("zhiyin_session=") and "httponly" in cookie and "samesite=lax" in cookie and "max-age=43200" in cookie
    found = client.get("/whoami").json()
    assert found == {"id": "oidc:4711", "name": "Anna Müller", "admin": False, "groups": ["hr"], "everything": False, "reads": [True, False]}
    [sent] = op.sent
    assert sent["authorization"].startswith("Basic ") and "client_secret" not in sent and sent["grant_type"] == "authorization_code"
    events = [(e.person, e.action) for e in AuditLog(browser.home).events()]
    assert events == [("oidc:4711", "login")]


def test_the_groups_of_the_provider_decide_what_is_read(op, tmp_path, monkeypatch):
    """The whole service over an index with rules: Anna finds what is for hr, and not what is for the board."""
    from .access_kit import document, indexed

    monkeypatch.setenv("OIDC", SECRET)
    documents = {"hr.txt": document("湖北", 2022, 4471, 12, "张三"), "board.txt": document("陕西", 2022, 5582, 13, "李四")}
    settings = {"auth_oidc_issuer": op.address, "auth_oidc_client": CLIENT, "auth_oidc_secret_env": "OIDC", "auth_oidc_address": BASE}
    bot = indexed(tmp_path, documents, {"hr.txt": ["hr"], "board.txt": ["board"]}, **settings)
    app = create_app(bot, settings=Settings(**settings), hosts=None, proofs=ways(Settings(**settings), tmp_path))
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        assert log_in_at(client, "/").headers["location"] == "/"
        assert [d["source"] for d in client.get("/api/documents").json()["documents"]] == ["hr.txt"]
        op.person["groups"] = ["board"]
        log_in_at(client, "/")
        assert [d["source"] for d in client.get("/api/documents").json()["documents"]] == ["board.txt"]


def test_over_https_both_cookies_are_bound_to_the_host(make, op):
    client = make(base=HTTPS)()
    start = client.get("/login/oidc")
    assert start.headers["set-cookie"].startswith("__Host-zhiyin_login=") and "Secure" in start.headers["set-cookie"]
    reply = finish(client, httpx.get(start.headers["location"]).headers["location"])
    assert reply.headers["set-cookie"].startswith("__Host-zhiyin_session=") and "Secure" in reply.headers["set-cookie"]
    assert client.get("/whoami").status_code == 200


def test_behind_a_proxy_with_tls_the_cookies_are_secure_by_the_address_alone(make):
    assert make(base=HTTPS).proofs.secure and not make().proofs.secure


def test_two_tabs_at_once(make):
    client = make()()
    first, second = begin(client, "/a"), begin(client, "/b")
    assert finish(client, first).headers["location"] == "/a"
    assert finish(client, second).headers["location"] == "/b"


def test_logging_in_again_ends_the_session_before_and_takes_up_none_that_was_planted(make):
    browser = make()
    client = browser()
    client.cookies.set("zhiyin_session", "planted", domain="localhost.local")
    log_in_at(client)
    names = [c.value for c in client.cookies.jar if c.name == "zhiyin_session" and c.value != "planted"]
    log_in_at(client)
    other = browser()
    assert other.get("/whoami", headers={"cookie": f"zhiyin_session={names[0]}"}).status_code == 401
    assert other.get("/whoami", headers={"cookie": "zhiyin_session=planted"}).status_code == 401


@pytest.mark.parametrize(
    ("secret", "methods", "method"),
    [
        (SECRET, ["client_secret_post"], "client_secret_post"), (SECRET, ["private_key_jwt", "client_secret_post", "client_secret_basic"], "client_secret_basic"),
        ("a+b/c%3D", ["client_secret_post", "client_secret_basic"], "client_secret_post"), ("a+b/c%3D", ["client_secret_basic"], "client_secret_basic"),
        (SECRET, "x", "client_secret_basic"), ("a+b/c%3D", None, "client_secret_basic"),
    ],
)  # fmt: skip
def test_the_secret_goes_the_way_that_the_provider_takes(make, op, monkeypatch, secret, methods, method):
    monkeypatch.setattr(oidc_kit, "SECRET", secret)
    op.said = {"token_endpoint_auth_methods_supported": methods}
    monkeypatch.setenv("OIDC", secret)
    client = make()()
    assert log_in_at(client).headers["location"] == "/whoami"
    assert ("client_secret" in op.sent[0]) == (method == "client_secret_post")


def test_the_secret_from_a_file_that_is_ones_own(make, tmp_path):
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n", encoding="utf-8")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        make(auth_oidc_secret_env="", auth_oidc_secret_file=str(file))
    file.chmod(0o600)
    assert log_in_at(make(auth_oidc_secret_env="", auth_oidc_secret_file=str(file))()).headers["location"] == "/whoami"


def test_userinfo_adds_claims_and_must_speak_of_the_same_person(make, op):
    op.person = {"sub": "4711"}
    op.more = {"name": "Bert", "groups": ["board"], "iss": "x"}
    client = make(auth_oidc_userinfo=True)()
    log_in_at(client)
    found = client.get("/whoami").json()
    assert (found["name"], found["groups"]) == ("Bert", ["board"])
    op.more = {"sub": "other"}
    again = make(auth_oidc_userinfo=True)()
    assert turned_away(again, log_in_at(again))
    op.said = {"userinfo_endpoint": None}
    again = make(auth_oidc_userinfo=True)()
    assert turned_away(again, log_in_at(again))


# ---- logging out -------------------------------------------------------------------------------------------------------


def test_logging_out_ends_the_session_here_and_leads_to_the_providers(make, op):
    browser = make()
    client = browser()
    log_in_at(client)
    [name] = [c.value for c in client.cookies.jar if c.name == "zhiyin_session"]
    reply = client.post("/logout")
    address = urlsplit(reply.headers["location"])
    assert reply.status_code == 303 and f"{address.scheme}://{address.netloc}{address.path}" == f"{op.address}/logout"
    assert dict(parse_qsl(address.query)) == {"client_id": CLIENT, "post_logout_redirect_uri": f"{BASE}/login"}
    assert browser().get("/whoami", headers={"cookie": f"zhiyin_session={name}"}).status_code == 401
    assert client.get("/whoami").status_code == 401
    assert [e.action for e in AuditLog(browser.home).events()] == ["logout", "login"]


def test_a_script_is_told_where_to_go(make, op):
    client = make()()
    log_in_at(client)
    reply = client.post("/logout", headers={"accept": "application/json"})
    assert reply.status_code == 200 and reply.json()["to"].startswith(f"{op.address}/logout?")
    assert client.get("/whoami").status_code == 401


def test_without_that_endpoint_or_with_the_provider_down_one_is_logged_out_here(make, op, monkeypatch):
    op.said = {"end_session_endpoint": None}
    client = make()()
    log_in_at(client)
    assert client.post("/logout").headers["location"] == "login"
    op.said = {}
    browser = make()
    client = browser()
    log_in_at(client)
    monkeypatch.setattr(provider, "KEPT", 0)
    op.down = True
    assert client.post("/logout").headers["location"] == "login"
    assert client.get("/whoami").status_code == 401


def test_whoever_logged_in_otherwise_is_not_sent_to_the_provider(make, monkeypatch):
    monkeypatch.setenv("TOKEN", "a-token-of-quite-some-length")
    client = make(auth_token_env="TOKEN")()
    page = client.get("/login").text
    assert "<form" in page and "login/oidc" in page
    assert client.post("/login", data={"user": "", "secret": "a-token-of-quite-some-length"}).status_code == 303
    assert client.post("/logout").headers["location"] == "login"


def test_sessions_end_with_the_provider_that_began_them(make, op):
    browser = make()
    session = Session("oidc", Person("oidc:1"), browser.proofs.oidc.stamp, 9e9)
    assert browser.proofs.holder(session) == Person("oidc:1")
    assert make(auth_oidc_client="another").proofs.holder(session) is None
    assert make(auth_admin_group="x").proofs.holder(session) is None
    assert Ways().holder(session) is None


# ---- cheating with the answer of the provider --------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"state": None}, {"state": ""}, {"state": "x"}, {"state": "W10.x"}, {"state": "ü"}, {"state": "x" * 5000}])
def test_a_wrong_state(make, op, change):
    client = make()()
    reply = finish(client, changed(begin(client), **change))
    assert turned_away(client, reply, "oidc_again") and op.sent == []


def test_a_state_with_another_path_in_it(make, op):
    client = make()()
    state = dict(parse_qsl(urlsplit(begin(client)).query))["state"]
    body, _, seal = state.partition(".")
    row = json.loads(oidc_kit.base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    row[2] = "https://evil.example"
    forged = oidc_kit.b64(json.dumps(row).encode())
    assert turned_away(client, finish(client, changed(BASE, code="c", state=f"{forged}.{seal}")), "oidc_again") and op.sent == []


def test_an_answer_for_another_browser_is_worth_nothing(make, op):
    """Login CSRF: a link with the code and state of whoever wants to be taken for somebody else."""
    browser = make()
    address = begin(browser())
    victim = browser()
    assert turned_away(victim, finish(victim, address), "oidc_again")
    begin(victim)  # with a login of its own under way, too
    assert turned_away(victim, finish(victim, address), "oidc_again") and op.sent == []


def test_an_answer_counts_once(make, op):
    browser = make()
    client = browser()
    address = begin(client)
    assert finish(client, address).headers["location"] == "/whoami"
    client.post("/logout")
    assert turned_away(client, finish(client, address), "oidc_again")
    assert len(op.sent) == 1  # the code is not even shown to the provider again


def test_a_code_that_was_used_elsewhere(make, op):
    client = make()()
    used = dict(parse_qsl(urlsplit(begin(client)).query))["code"]
    op._codes.pop(used)
    fresh = begin(client)
    assert turned_away(client, finish(client, changed(fresh, code=used)))


def test_a_code_of_another_attempt_has_another_verifier(make, op):
    """A code that was stolen can't be put into an attempt of one's own: PKCE."""
    browser = make()
    stolen = dict(parse_qsl(urlsplit(begin(browser())).query))["code"]
    thief = browser()
    assert turned_away(thief, finish(thief, changed(begin(thief), code=stolen)))


def test_an_attempt_takes_ten_minutes_at_most():
    at = SimpleNamespace(now=1000.0)
    attempts = Attempts(lambda: at.now)
    one = attempts.begin("b", "/x")
    assert attempts.resume("b", one.state) == one and attempts.resume("c", one.state) is None
    assert len({one.nonce, one.verifier, one.state.partition(".")[2], attempts.begin("b", "/x").nonce}) == 4
    assert Attempts(lambda: at.now).resume("b", one.state) is None  # another key
    at.now += SECONDS
    assert attempts.resume("b", one.state) is None


@given(browser=st.text(max_size=50), state=st.text(max_size=200))
def test_whatever_comes_back_that_is_not_ours_is_nothing(browser, state):
    assert Attempts().resume(browser, state) is None


@pytest.mark.parametrize("iss", ["https://evil.example", ""])
def test_an_answer_of_another_issuer(make, op, iss):
    client = make()()
    address = begin(client)
    query = urlsplit(address).query
    reply = client.get(f"/login/callback?{query}&iss={iss}")
    assert turned_away(client, reply) and op.sent == []


def test_a_parameter_that_comes_twice_is_none(make, op):
    client = make()()
    query = urlsplit(begin(client)).query
    assert turned_away(client, client.get(f"/login/callback?{query}&code=other")) and op.sent == []


def test_the_error_of_the_provider(make, op, caplog):
    op.error = "access_denied"
    client = make()()
    with caplog.at_level(logging.WARNING, "zhiyin"):
        assert turned_away(client, log_in_at(client))
    assert "access_denied" in caplog.text and "because" not in caplog.text


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "", "/ x", "\\/e", "/\t/evil.example"])
def test_logging_in_leads_nowhere_else(make, target):
    client = make()()
    assert log_in_at(client, target).headers["location"] == "/"
    page = client.get("/login", params={"next": target, "problem": "<script>"}).text
    assert "evil" not in page and "<script" not in page and 'role="alert"' not in page


@given(st.text(max_size=40))
def test_a_path_stays_with_this_service(text):
    found = urlsplit(local_path(text))
    assert (found.scheme, found.netloc) == ("", "") and found.path.startswith("/")


# ---- cheating with the ID token ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"}, {"nonce": None}, {"nonce": ""}, {"aud": "another"}, {"aud": ["another"]}, {"aud": None}, {"aud": []},
        {"aud": [CLIENT, "another"]}, {"aud": [CLIENT, "another"], "azp": "another"}, {"azp": "another"},
        {"iss": "https://evil.example"}, {"iss": None}, {"iss": ["x"]}, {"exp": 1_000_000_000}, {"exp": None}, {"exp": "soon"}, {"nbf": 9_000_000_000},
        {"iat": 9_000_000_000}, {"iat": None}, {"sub": None}, {"sub": ""}, {"sub": 7}, {"at_hash": "wrong"},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_with_a_wrong_claim(make, op, claims):
    op.claims = claims
    client = make()()
    assert turned_away(client, log_in_at(client))


def test_two_audiences_with_this_one_as_the_party_and_a_clock_that_is_a_little_off(make, op):
    import time

    op.claims = {"aud": ["another", CLIENT], "azp": CLIENT, "exp": int(time.time()) - id_token.LEEWAY // 2}
    assert log_in_at(make()()).headers["location"] == "/whoami"


WRITERS = {
    "alg none": lambda claims, key: unsigned(claims),
    "alg None in another case": lambda claims, key: unsigned(claims, "None"),
    "HS256 with the public key in PEM": lambda claims, key: by_secret(claims, key.kid, key.as_pem(private=False)),
    "HS256 with the public key in DER": lambda claims, key: by_secret(claims, key.kid, key.as_der(private=False)),
    "HS256 with the secret of the client": lambda claims, key: by_secret(claims, key.kid, SECRET.encode()),
    "an algorithm that is not allowed": lambda claims, key: signed(claims, key, "RS512"),
    "another key under this name": lambda claims, key: signed(claims, OTHER),
    "no signature": lambda claims, key: signed(claims, key).rpartition(".")[0] + ".",
    "another's claims": lambda claims, key: spliced(signed(claims, key), signed(claims | {"sub": "root"}, OTHER)),
    "not a token": lambda claims, key: "abc",
    "not ASCII": lambda claims, key: "ü.ü.ü",
    "a critical header that nobody knows": lambda claims, key: with_header(claims, key, crit=["x"], x=1),
    "nothing": lambda claims, key: "",
    "a number": lambda claims, key: 7,
}


def spliced(good, bad):
    head, _, tail = good.split(".")
    return f"{head}.{bad.split('.')[1]}.{tail}"


@pytest.mark.parametrize("name", WRITERS)
def test_a_token_that_the_provider_did_not_sign(make, op, name, caplog):
    op.write = WRITERS[name]
    client = make()()
    with caplog.at_level(logging.WARNING, "zhiyin"):
        assert turned_away(client, log_in_at(client))
    assert "ID token" in caplog.text


def test_the_same_tokens_but_good_ones_are_taken(make, op):
    """What the cases above are changed from."""
    op.write = lambda claims, key: with_header(claims, key, x5t="x", own="y")
    assert log_in_at(make()()).headers["location"] == "/whoami"
    op.keys = [ECKey.generate_key("P-256", {"kid": "e"})]
    op.write = lambda claims, key: signed(claims, key, "ES256")
    assert log_in_at(make()()).headers["location"] == "/whoami"


@pytest.mark.parametrize("kid", ["two", "one"])
def test_keys_are_rotated(make, op, kid):
    """To one of another name, and to one of the same, as providers should not but do."""
    client = make()()
    log_in_at(client)
    assert op.asked.count("/jwks") == 1
    log_in_at(client)
    assert op.asked.count("/jwks") == 1  # kept
    op.keys = [rsa_key(kid)]
    assert log_in_at(client).headers["location"] == "/whoami"
    assert op.asked.count("/jwks") == 2
    op.write = lambda claims, key: signed(claims, KEY)  # the old one is no good any more
    client.post("/logout")
    assert turned_away(client, log_in_at(client))


def test_a_key_that_was_withdrawn_stops_counting_within_the_hour(make, op, monkeypatch):
    client = make()()
    log_in_at(client)
    op.keys, op.write = [rsa_key("two")], lambda claims, key: signed(claims, KEY)
    assert log_in_at(client).headers["location"] == "/whoami"
    monkeypatch.setattr(id_token, "KEPT", 0)
    client.post("/logout")
    assert turned_away(client, log_in_at(client))


def test_a_token_without_a_key_id_is_tried_with_each_key(make, op):
    op.keys = [OTHER, KEY]
    op.write = lambda claims, key: signed(claims, rsa_without_id())
    assert log_in_at(make()()).headers["location"] == "/whoami"
    op.keys = [OTHER, rsa_key("x")]
    client = make()()
    assert turned_away(client, log_in_at(client))


def rsa_without_id():
    return oidc_kit.RSAKey.import_key(KEY.private_key)


def test_which_keys_count():
    short = oidc_kit.rsa.generate_private_key(65537, 1024).public_key().public_numbers().n
    public = OTHER.as_dict(private=False)
    rows = [
        KEY.as_dict(private=False), {"kty": "oct", "k": "AAAA", "kid": "s"}, public | {"use": "enc"}, {"kty": "RSA"}, "x",
        public | {"n": oidc_kit.b64(short.to_bytes(128)), "kid": "short"},
    ]  # fmt: skip
    assert [key.kid for key in id_token.usable({"keys": rows})] == ["one"]
    for nothing in ({}, {"keys": []}, {"keys": "x"}, {"keys": rows[1:]}):
        with pytest.raises(id_token.TokenError):
            id_token.usable(nothing)


# ---- a provider that is down, or not what it should be ------------------------------------------------------------------


def test_a_provider_that_is_down_is_said_on_the_login_page_and_tried_again(make, op, monkeypatch, caplog):
    op.down = True
    with caplog.at_level(logging.WARNING, "zhiyin"):
        client = make(auth_oidc_name="Keycloak")()
        zh = client.get("/login").text
        en = client.get("/login", headers={"accept-language": "en-GB"}).text
    assert "现在联系不上Keycloak" in zh and "Logging in with Keycloak does not work now" in en and 'role="alert"' in en
    assert "status 503" in caplog.text and SECRET not in caplog.text
    assert op.asked == ["/.well-known/openid-configuration"]  # not with every look at the page
    assert client.get("/login/oidc").headers["location"].startswith("/login?problem=oidc_down")
    monkeypatch.setattr(provider, "AGAIN", 0)
    op.down = False
    assert 'role="alert"' not in client.get("/login").text
    assert log_in_at(client).headers["location"] == "/whoami"


def test_a_provider_that_goes_down_in_the_middle(make, op):
    client = make()()
    address = begin(client, "/whoami")
    op.down = True
    reply = finish(client, address)
    assert reply.headers["location"] == "/login?problem=oidc_down&next=%2Fwhoami"
    assert client.get("/whoami").status_code == 401


def test_nothing_listens_there(make, tmp_path):
    client = make(auth_oidc_issuer="http://127.0.0.1:9")()
    assert "现在联系不上" in client.get("/login").text


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"}, {"issuer": None}, {"token_endpoint": "https://evil.example/token"}, {"jwks_uri": "http://127.0.0.1:1/jwks"},
        {"authorization_endpoint": "javascript:alert(1)"}, {"token_endpoint": None}, {"userinfo_endpoint": "file:///etc/passwd"},
        {"end_session_endpoint": "https://evil.example"}, {"jwks_uri": ["x"]}, {"token_endpoint": "http://[x/"},
    ],
    ids=str,
)  # fmt: skip
def test_a_discovery_document_that_leads_elsewhere(make, op, said, caplog, network_attempts):
    op.said = said
    with caplog.at_level(logging.WARNING, "zhiyin"):
        assert 'role="alert"' in make()().get("/login").text
    assert next(iter(said)) in caplog.text or "calls itself" in caplog.text
    assert network_attempts == []


def test_no_redirect_of_the_provider_is_followed(make, op, running, network_attempts):
    from starlette.responses import RedirectResponse

    async def elsewhere(scope, receive, send):
        await RedirectResponse("http://192.0.2.1/")(scope, receive, send)

    running.app = elsewhere
    assert 'role="alert"' in make()().get("/login").text
    assert network_attempts == []


def test_further_hosts_of_the_provider(make, op):
    port = urlsplit(op.address).port
    op.said = {"jwks_uri": f"http://localhost:{port}/jwks"}
    assert 'role="alert"' in make()().get("/login").text
    browser = make(auth_oidc_hosts=(f"localhost:{port}",))
    assert log_in_at(browser()).headers["location"] == "/whoami"
    assert browser.proofs.oidc.provider.origins == (op.address, f"http://localhost:{port}")


def test_the_network_proxy_of_the_environment_is_not_used(make, op, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    client = make()()
    start = client.get("/login/oidc")
    assert start.headers["location"].startswith(op.address)


@pytest.mark.parametrize("kind", ["log", "pages", "repr", "error"])
def test_no_secret_is_printed(make, op, kind, caplog, monkeypatch):
    with caplog.at_level(logging.DEBUG):
        browser = make()
        client = browser()
        address = begin(client)
        code = dict(parse_qsl(urlsplit(address).query))["code"]
        op._codes.pop(code)  # the provider then quotes it in its error
        reply = finish(client, address)
        ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("zhiyin"))
    told = {"log": ours, "pages": client.get(reply.headers["location"]).text + str(reply.headers), "repr": repr(browser.proofs), "error": ours}[kind]
    assert told and SECRET not in told and code not in told


# ---- claims ------------------------------------------------------------------------------------------------------------


def test_claims_are_chosen_in_the_settings(make, op):
    op.person = {
        "sub": "1", "upn": "anna@corp", "given": "Anna", "realm_access": {"roles": ["hr", "chiefs"]}, "https://corp.example/boss": True,
    }  # fmt: skip
    claims = {"auth_oidc_id_claim": "upn", "auth_oidc_name_claim": "given", "auth_oidc_groups_claim": "realm_access.roles"}
    client = make(**claims)()
    log_in_at(client)
    assert client.get("/whoami").json() | {"reads": 0} == {
        "id": "oidc:anna@corp", "name": "Anna", "admin": False, "groups": ["chiefs", "hr"], "everything": False, "reads": 0,
    }  # fmt: skip
    for admin in ({"auth_oidc_admin_claim": "https://corp.example/boss"}, {"auth_admin_group": "chiefs"}):
        client = make(**claims, **admin)()
        log_in_at(client)
        assert client.get("/whoami").json()["admin"] is True


@pytest.mark.parametrize("value", ["true", 1, "yes", [True], None, False])
def test_only_true_makes_an_administrator(value):
    assert not Claims(admin="boss").person({"sub": "1", "boss": value}).admin


@pytest.mark.parametrize("groups", [{"a": 1}, [1], ["a"] * 1001, 7, [["a"]]])
def test_groups_that_are_none(groups):
    with pytest.raises(LoginRefused, match="auth_oidc_groups_claim"):
        Claims().person({"sub": "1", "groups": groups})


def test_groups_that_are_one_or_none_or_empty():
    assert Claims().person({"sub": "1", "groups": "hr"}).groups == {"hr"}
    assert Claims().person({"sub": "1", "groups": ["", "hr"]}).groups == {"hr"}
    assert Claims().person({"sub": "1"}).groups == frozenset() == Claims(groups="").person({"sub": "1", "": ["x"]}).groups
    assert not Claims(admin_group="").person({"sub": "1", "groups": [""]}).admin


def test_an_address_that_was_not_verified_names_nobody():
    claims = Claims(id="email")
    for unsure in ({}, {"email_verified": False}, {"email_verified": "true"}):
        with pytest.raises(LoginRefused, match="not verified"):
            claims.person({"email": "root@corp", **unsure})
    assert claims.person({"email": "anna@corp", "email_verified": True}).id == "oidc:anna@corp"
    with pytest.raises(LoginRefused, match="auth_oidc_id_claim"):
        claims.person({"sub": "1"})


# ---- settings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"auth_oidc_issuer": "http://login.example"}, "https"), ({"auth_oidc_issuer": "login.example"}, "https"),
        ({"auth_oidc_issuer": "https://login.example/?x"}, "https"), ({"auth_oidc_issuer": "https://u:p@login.example"}, "https"),
        ({"auth_oidc_client": ""}, "auth_oidc_client"), ({"auth_oidc_address": ""}, "auth_oidc_address"),
        ({"auth_oidc_address": "http://chat.example"}, "auth_oidc_address"), ({"auth_oidc_address": "https://chat.example/zhiyin"}, "no path"),
        ({"auth_oidc_algorithms": ("HS256",)}, "auth_oidc_algorithms"), ({"auth_oidc_algorithms": ("RS256", "none")}, "auth_oidc_algorithms"),
        ({"auth_oidc_algorithms": ()}, "auth_oidc_algorithms"), ({"auth_oidc_hosts": ("https://x.example",)}, "auth_oidc_hosts"),
        ({"auth_oidc_secret_env": "NOT_THERE"}, "NOT_THERE"), ({"auth_oidc_issuer": ""}, "auth_oidc_issuer is not"),
        ({"auth_oidc_id_claim": ""}, "auth_oidc_id_claim"), ({"auth_oidc_secret_env": "BAD"}, "ASCII"),
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_can_not_be(make, changes, words, monkeypatch):
    monkeypatch.setenv("BAD", "密 码")
    with pytest.raises(ConfigError, match=words):
        make(**changes)


def test_it_is_a_way_of_logging_in_for_an_address_that_others_reach(make):
    proofs = make().proofs
    require(proofs, "0.0.0.0", local=False)
    assert proofs and proofs.login and not proofs.typed
    with pytest.raises(ConfigError, match="auth_oidc_issuer"):
        require(Ways(), "0.0.0.0", local=False)


def test_which_doors_are_open(make):
    client = make()()
    assert client.post("/login", data={"user": "a", "secret": "b"}).status_code == 401  # nothing that could be typed is right
    assert client.post("/login/oidc").status_code == 401 == client.post("/login/callback").status_code
    assert client.get("/login/other").status_code == 401


def test_the_form_that_logs_out_may_lead_to_the_provider(op, tmp_path, monkeypatch):
    monkeypatch.setenv("OIDC", SECRET)
    settings = Settings(auth_oidc_issuer=op.address, auth_oidc_client=CLIENT, auth_oidc_secret_env="OIDC", auth_oidc_address=BASE)
    app = create_app(world.canned_bot(), settings=settings, hosts=None, proofs=ways(settings, tmp_path))
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        policy = client.get("/login").headers["content-security-policy"]
        assert f"form-action 'self' {op.address};" in policy and op.address not in policy.replace(f"form-action 'self' {op.address}", "")
        log_in_at(client, "/")
        chat = client.get("/")
        assert chat.status_code == 200 and op.address not in chat.headers["content-security-policy"] + chat.text
        assert client.post("/logout", headers={"origin": "https://evil.example"}).status_code == 403
        assert client.get("/readyz").status_code == 200


def test_without_oidc_nobody_is_asked_and_nothing_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "a-token-of-quite-some-length")
    settings = Settings(auth_token_env="TOKEN")
    app = create_app(world.canned_bot(), settings=settings, hosts=None, proofs=ways(settings, tmp_path))
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        assert re.search("form-action 'self';", client.get("/login").headers["content-security-policy"])
        assert "oidc" not in client.get("/login").text
        for path in ("/login/oidc", "/login/callback"):
            assert client.get(path).status_code == 404
