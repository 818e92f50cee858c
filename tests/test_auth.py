"""Every way of saying who one is, tried by those who are it and by those who are not."""

from __future__ import annotations

import hmac
import json
import time
from types import SimpleNamespace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fastapi import FastAPI, Request, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from rag.access import Scope
from rag.config import Settings
from rag.errors import ConfigError, InputError, ModelError, StoreError
from rag.ui.auth import audit, gate, pages, users
from rag.ui.auth import ways as ways_module
from rag.ui.auth.audit import Audited, AuditLog
from rag.ui.auth.sessions import Session, SessionStore
from rag.ui.auth.setup import log_in
from rag.ui.auth.throttle import MOST_ADDRESS, MOST_NAME, WINDOW, Throttle
from rag.ui.auth.tickets import LONGEST, TicketError, Tickets
from rag.ui.auth.users import Users, hash_password, verify_password
from rag.ui.auth.ways import Ways, require, ways
from rag.ui.command import is_local
from rag.ui.who import LOCAL, Person, scope_of, who

from . import ui_doubles as world

TOKEN = "a-token-of-quite-some-length"
PASSWORD = "correct horse battery"
SECRET = "k" * 32
HOST = "https://intranet.example"
AUDIENCE = "https://chat.example"
HTML = {"accept": "text/html"}


@pytest.fixture
def clock():
    return SimpleNamespace(now=time.time())


@pytest.fixture
def service(tmp_path, monkeypatch, clock):
    """A small service behind the gate with every way on; `service(client=…)` makes a browser."""
    monkeypatch.setenv("THE_TOKEN", TOKEN)
    monkeypatch.setenv("THE_KEY", SECRET)
    monkeypatch.setattr(users, "COST", 16)
    Users(tmp_path / users.FILE, cost=16).add("anna", PASSWORD, frozenset({"hr"}))
    Users(tmp_path / users.FILE, cost=16).add("root", PASSWORD, admin=True)
    settings = Settings(
        auth_token_env="THE_TOKEN", auth_token_groups=("staff",), auth_users=True, auth_proxy_header="X-User", auth_proxy_groups_header="X-Groups",
        auth_proxies=("10.0.0.5", "fd00::/64"), auth_admin_group="root", auth_jwt_key_env="THE_KEY", auth_jwt_algorithm="HS256",
        auth_jwt_audience=AUDIENCE, embed_origins=(HOST,), audit="text",
    )  # fmt: skip
    proofs = ways(settings, tmp_path)
    monkeypatch.setattr(SessionStore, "clock", lambda _: clock.now, raising=False)
    monkeypatch.setattr(proofs.tickets, "_clock", lambda: clock.now)
    original = SessionStore.__init__
    monkeypatch.setattr(SessionStore, "__init__", lambda self, path: original(self, path, clock=lambda: clock.now))
    app = FastAPI()
    bot = log_in(app, world.canned_bot(), settings, proofs, tmp_path)

    @app.get("/whoami")
    def whoami(request: Request):
        person = who(request)
        leaked = [name for name in ("authorization", "cookie") if name in request.headers]
        return {"id": person.id, "name": person.name, "groups": sorted(person.groups), "admin": person.admin, "leaked": leaked}

    @app.get("/healthz")
    def health(request: Request):
        return {"id": who(request).id, "admin": who(request).admin}

    @app.post("/ask")
    async def ask(request: Request):
        answers = list(bot.stream((await request.json())["question"], scope=scope_of(request)))
        return {"short": answers[-1].short}

    @app.websocket("/ws")
    async def socket(websocket: WebSocket):
        await websocket.accept()
        await websocket.send_json(who(websocket).id)

    def client(peer="192.0.2.7", base="http://chat.example"):
        return TestClient(app, base_url=base, client=(peer, 5), follow_redirects=False)

    client.home, client.app, client.proofs = tmp_path, app, proofs
    return client


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def login(client, user="anna", secret=PASSWORD, **more):
    return client.post("/login", data={"user": user, "secret": secret, **more})


def ticket(clock, *, key=SECRET, algorithm="HS256", headers=None, **changes):
    claims = {
        "sub": "42", "name": "Anna", "groups": ["hr"], "aud": AUDIENCE, "origin": HOST, "iat": int(clock.now), "exp": int(clock.now) + 300,
        "jti": "one",
    }  # fmt: skip
    return jwt.encode({k: v for k, v in (claims | changes).items() if v is not None}, key, algorithm, headers)


def exchange(client, token, origin=HOST, **headers):
    return client.post("/api/session", json={"origin": origin}, headers=bearer(token) | headers)


# ---- nobody ----------------------------------------------------------------------------------------------------------


def test_who_has_proved_nothing_is_turned_away(service):
    client = service()
    reply = client.get("/whoami")
    assert (reply.status_code, list(reply.json())) == (401, ["error"])
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert client.get("/nowhere").status_code == 401  # not even which pages there are
    assert client.delete("/api/session").status_code == 401
    page = client.get("/whoami?x=1", headers=HTML)
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=/whoami")
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/ws"):
        pass


def test_open_paths_are_served_to_nobody_in_particular(service):
    assert service().get("/healthz").json() == {"id": "", "admin": False}
    assert service().get("/healthz", headers={"x-user": "root"}).json()["id"] == ""


@pytest.mark.parametrize(
    ("path", "is_open"),
    [("/healthz", True), ("/embed.js", True), ("/embed", True), ("/embed/static/frame.js", True), ("/ui/static/app.css", True), ("/login", True),
     ("/embed/setup", False), ("/", False), ("/config", False), ("/readyz", False), ("/metrics", False), ("/api/ask", False), ("/v1/models", False),
     ("/ui/static/../../api/documents", False), ("/healthz/x", False), ("/HEALTHZ", False), ("/gradio_api/queue/join", False),
     ("/healthz\n", False), ("//healthz", False), ("/api/openapi.json", False), ("/gradio_api/upload", False)],
)  # fmt: skip
def test_which_paths_are_open(service, path, is_open):
    door = gate.Gate(None, ways=service.proofs, store=None, throttle=None)
    assert door._is_open("GET", path) is is_open
    without = gate.Gate(None, ways=Ways(token=service.proofs.token), store=None, throttle=None)
    assert without._is_open("GET", path) is (is_open and path != "/embed")
    assert door._is_open("POST", "/api/session") and not door._is_open("DELETE", "/api/session")


def test_without_the_gate_it_is_the_one_at_this_machine():
    assert who(SimpleNamespace(scope={})) == LOCAL
    assert scope_of(SimpleNamespace(scope={})).everything
    with pytest.raises(TypeError):
        who(SimpleNamespace(scope={"state": {"person": None}}))
    wrapped = SimpleNamespace(request=SimpleNamespace(scope={"state": {"person": Person("a", groups=frozenset("g"))}}))
    assert scope_of(wrapped) == Scope(frozenset("g")) and scope_of(wrapped).asker == "a"


# ---- the shared token ------------------------------------------------------------------------------------------------


def test_the_shared_token(service):
    client = service()
    assert client.get("/whoami", headers=bearer(TOKEN)).json() == {"id": "token", "name": "", "groups": ["staff"], "admin": False, "leaked": []}
    for wrong in (TOKEN + "x", TOKEN[:-1], "", "ü", TOKEN.upper()):
        assert client.get("/whoami", headers={"authorization": f"Bearer {wrong}".encode()}).status_code == 401
    assert client.get("/whoami", headers={"authorization": TOKEN}).status_code == 401
    assert client.get("/whoami", headers=[("authorization", f"Bearer {TOKEN}"), ("authorization", "Bearer x")]).status_code == 401
    with client.websocket_connect("/ws", headers=bearer(TOKEN)) as socket:
        assert socket.receive_json() == "token"


def test_the_token_by_the_login_page(service, monkeypatch):
    client = service()
    assert login(client, "", TOKEN).status_code == 303
    assert client.get("/whoami").json()["id"] == "token"
    assert TOKEN not in str(client.cookies)
    other = ways_module.SharedToken(b"other", Person("token"))
    changed = Ways(token=other)
    session = Session("token", Person("token"), service.proofs.token.stamp, time.time() + 9)
    assert service.proofs.holder(session) and changed.holder(session) is None and Ways().holder(session) is None


def test_bad_tokens_are_throttled_by_address(service):
    client = service()
    for _ in range(MOST_ADDRESS):
        assert client.get("/whoami", headers=bearer("wrong")).status_code == 401
    late = client.get("/whoami", headers=bearer(TOKEN))
    assert late.status_code == 429 and 0 < int(late.headers["retry-after"]) <= WINDOW
    assert service("192.0.2.8").get("/whoami", headers=bearer(TOKEN)).status_code == 200


# ---- users -----------------------------------------------------------------------------------------------------------


def test_logging_in_and_out(service):
    client = service()
    page = client.get("/login?next=/whoami", headers={"accept-language": "en"})
    assert 'name="next" value="/whoami"' in page.text and "Log in" in page.text and "<script" not in page.text
    reply = login(client, next="/whoami")
    assert (reply.status_code, reply.headers["location"]) == (303, "/whoami")
    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie and "max-age=43200" in cookie
    assert client.get("/whoami").json() == {"id": "user:anna", "name": "anna", "groups": ["hr"], "admin": False, "leaked": []}
    assert client.get("/logout").status_code == 200  # a link logs nobody out
    assert client.get("/whoami").status_code == 200
    kept = dict(client.cookies)
    assert client.post("/logout").status_code == 303
    assert client.get("/whoami").status_code == 401
    assert service().get("/whoami", cookies=kept).status_code == 401  # ended on the server, too


def test_over_https_the_cookie_is_bound_to_the_host(service):
    client = service(base="https://chat.example")
    cookie = login(client).headers["set-cookie"]
    assert cookie.startswith("__Host-zhiyin_session=") and "Secure" in cookie
    assert client.get("/whoami").json()["id"] == "user:anna"
    value = cookie.partition("=")[2].partition(";")[0]
    assert service(base="https://chat.example").get("/whoami", cookies={"zhiyin_session": value}).status_code == 401


def test_a_session_that_was_planted_is_not_taken_up(service):
    client = service()
    client.cookies.set("zhiyin_session", "planted", domain="chat.example")
    name = login(client).headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert name != "planted" and len(name) >= 43
    assert service().get("/whoami", cookies={"zhiyin_session": "planted"}).status_code == 401
    again = login(client)  # logging in again: a new name, and the old one is worth nothing
    assert again.headers["set-cookie"].partition("=")[2].partition(";")[0] != name
    assert service().get("/whoami", cookies={"zhiyin_session": name}).status_code == 401


def test_what_is_stored_of_a_session_can_not_be_used(service):
    client = service()
    login(client)
    [name] = client.cookies.values()
    stored = b"".join(p.read_bytes() for p in service.home.glob("sessions.sqlite*"))
    assert name.encode() not in stored and PASSWORD.encode() not in stored


@pytest.mark.parametrize(("user", "secret"), [("anna", "wrong"), ("bob", PASSWORD), ("", PASSWORD), ("anna", TOKEN), ("ANNA", PASSWORD), ("anna", "")])
def test_wrong_names_and_passwords_look_the_same(service, user, secret):
    client = service()
    reply = login(client, user, secret)
    assert reply.status_code == 401 and "set-cookie" not in reply.headers
    assert "role=\"alert\"" in reply.text and PASSWORD not in reply.text


def test_a_name_that_does_not_exist_takes_as_long(tmp_path, monkeypatch):
    held = Users(tmp_path / "users.toml", cost=16)
    held.add("anna", PASSWORD)
    worked = []
    monkeypatch.setattr(users, "_scrypt", lambda *a: worked.append(a[2:]) or b"")
    held.check("anna", "x"), held.check("nobody", "x")
    assert worked[0] == worked[1]


def test_failures_are_throttled_by_name_and_address(service):
    client = service()
    for _ in range(MOST_NAME):
        assert login(client, secret="wrong").status_code == 401
    late = login(client)
    assert late.status_code == 429 and int(late.headers["retry-after"]) > 0
    assert login(client, "root").status_code == 303
    assert login(service("192.0.2.9")).status_code == 303  # nobody is locked out from elsewhere


def test_the_throttle_forgets():
    at = SimpleNamespace(now=0.0)
    throttle = Throttle(clock=lambda: at.now)
    for _ in range(MOST_NAME):
        throttle.failed("a", "n")
        at.now += 1
    assert throttle.wait("a", "n") == WINDOW - MOST_NAME and throttle.wait("a", "m") == 0 == throttle.wait("b", "n")
    at.now = WINDOW
    assert throttle.wait("a", "n") == 0
    throttle.failed("a", "n")
    throttle.succeeded("a", "n")
    assert throttle._failed.get(("a", "n")) is None
    for n in range(30_000):
        throttle.failed(f"x{n}")
    assert len(throttle._failed) <= 20_000


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "", "/ x", "\\/e"])
def test_the_login_page_leads_nowhere_else(service, target):
    assert login(service(), next=target).headers["location"] == "/"


def test_what_is_typed_is_escaped(service):
    page = service().get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert "<script" not in page.text


def test_groups_count_at_once_and_who_is_removed_is_out(service):
    client = service()
    login(client)
    held = Users(service.home / users.FILE, cost=16)
    text = held.path.read_text()
    held.path.write_text(text.replace('groups = ["hr"]', 'groups = ["board"]'))
    assert client.get("/whoami").json()["groups"] == ["board"]
    assert held.remove("anna") and not held.remove("anna")
    assert client.get("/whoami").status_code == 401


def test_another_password_ends_the_sessions(service):
    client = service()
    login(client)
    Users(service.home / users.FILE, cost=16).add("anna", PASSWORD + "!", frozenset({"hr"}))
    assert client.get("/whoami").status_code == 401
    assert login(client).status_code == 401
    assert login(client, secret=PASSWORD + "!").status_code == 303


def test_a_login_runs_out(service, clock):
    client = service()
    login(client)
    clock.now += 12 * 3600 - 1
    assert client.get("/whoami").status_code == 200
    clock.now += 2
    [name] = client.cookies.values()
    assert service().get("/whoami", cookies={"zhiyin_session": name}).status_code == 401


def test_passwords_are_salted_scrypt_in_a_file_of_ones_own(tmp_path):
    held = Users(tmp_path / "users.toml", cost=16)
    assert held.add("anna", PASSWORD, frozenset({"hr", "board"}))
    assert not held.add("anna", PASSWORD)
    text = held.path.read_text()
    assert PASSWORD not in text and "scrypt$16$8$1$" in text
    assert held.path.stat().st_mode & 0o077 == 0
    assert hash_password(PASSWORD, 16) != hash_password(PASSWORD, 16)
    assert held.check("anna", PASSWORD).name == "anna"
    assert users.COST == 2**17
    assert not verify_password(PASSWORD, "plain") and not verify_password(PASSWORD, PASSWORD)


@pytest.mark.parametrize(("name", "password", "groups"), [("", PASSWORD, ()), ('a"b', PASSWORD, ()), ("a\nb", PASSWORD, ()), ("a", "short", ()), ("a", PASSWORD, ("x,y",)),
                                                          ("a", PASSWORD, ("*",)), ("a/b", PASSWORD, ()), ("x" * 65, PASSWORD, ()), ("a", "x" * 2000, ())])  # fmt: skip
def test_names_and_passwords_that_can_not_be(tmp_path, name, password, groups):
    held = Users(tmp_path / "users.toml", cost=16)
    with pytest.raises(InputError):
        held.add(name, password, frozenset(groups))
    assert not held.path.exists()


@pytest.mark.parametrize("text", ["x", '[users.a]\npassword = "plain"', "[users]\na = 1", '[users.a]\npassword = "scrypt$16$8$1$YQ==$YQ=="\ngroups = "hr"'])
def test_a_damaged_list_of_users_lets_nobody_in(service, text):
    client = service()
    login(client)
    (service.home / users.FILE).write_text(text)
    assert client.get("/whoami").status_code == 503


def test_secrets_are_compared_in_constant_time(service, monkeypatch):
    seen = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: seen.append((type(a), len(a) == len(b))) or real(a, b))
    service.proofs.token.check("x")
    service.proofs.users.check("anna", "x")
    service.proofs.users.check("nobody", "x")
    assert len(seen) == 3 and all(same for _, same in seen)  # digests: the length tells nothing


# ---- a trusted proxy -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", ["10.0.0.5", "::ffff:10.0.0.5", "fd00::1"])
def test_a_proxy_says_who_it_is(service, peer):
    headers = {"x-user": "王芳".encode(), "x-groups": "hr, board"}
    assert service(peer).get("/whoami", headers=headers).json() == {"id": "proxy:王芳", "name": "王芳", "groups": ["board", "hr"], "admin": False, "leaked": []}
    assert service(peer).get("/whoami", headers={"x-user": "r", "x-groups": "root"}).json()["admin"] is True


@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.6", "127.0.0.1", "testclient", "", "fd01::1"])
def test_the_headers_of_anyone_else_are_ignored(service, peer):
    client = service(peer)
    spoofed = {"x-user": "root", "x-groups": "root", "x-forwarded-for": "10.0.0.5", "forwarded": "for=10.0.0.5", "x-real-ip": "10.0.0.5"}
    assert client.get("/whoami", headers=spoofed).status_code == 401
    assert client.get("/whoami", headers=spoofed | bearer(TOKEN)).json() == {"id": "token", "name": "", "groups": ["staff"], "admin": False, "leaked": []}


@pytest.mark.parametrize("headers", [[("x-user", "anna"), ("x-user", "root")], [("x-user", "")], [("x-user", "a" * 201)], [("x_user", "anna")],
                                     [("x-user", "anna"), ("x-groups", "a"), ("x-groups", "root")], []])  # fmt: skip
def test_a_doubled_or_missing_header_is_nobody(service, headers):
    assert service("10.0.0.5").get("/whoami", headers=headers).status_code == 401


# ---- tickets of the host page ----------------------------------------------------------------------------------------


def test_a_ticket_is_exchanged_once(service, clock):
    client = service()
    given = ticket(clock)
    reply = exchange(client, given)
    assert reply.status_code == 200 and reply.headers["cache-control"] == "no-store" and "set-cookie" not in reply.headers
    body = reply.json()
    assert body["name"] == "Anna" and 0 < body["expires_in"] <= LONGEST
    assert client.get("/whoami", headers=bearer(body["token"])).json() == {"id": "jwt:42", "name": "Anna", "groups": ["hr"], "admin": False, "leaked": []}
    assert client.get("/whoami", headers=bearer(given)).status_code == 401  # the ticket itself opens nothing
    replayed = exchange(service("198.51.100.1"), given)
    assert replayed.status_code == 401 and "used before" in replayed.json()["error"]
    assert exchange(client, ticket(clock, jti="two")).status_code == 200
    assert client.delete("/api/session", headers=bearer(body["token"])).json() == {"ended": True}
    assert client.get("/whoami", headers=bearer(body["token"])).status_code == 401


def test_replays_are_known_after_a_restart_and_forgotten_when_they_can_not_matter(tmp_path):
    at = SimpleNamespace(now=100.0)
    assert SessionStore(tmp_path / "s", clock=lambda: at.now).use("t", 200.0)
    assert not SessionStore(tmp_path / "s", clock=lambda: at.now).use("t", 200.0)
    at.now = 201.0
    assert SessionStore(tmp_path / "s", clock=lambda: at.now).use("t", 300.0)


def test_what_a_ticket_opened_ends_with_it(service, clock):
    client = service()
    token = exchange(client, ticket(clock)).json()["token"]
    clock.now += 331  # 300 and the leeway
    assert client.get("/whoami", headers=bearer(token)).status_code == 401


BAD = {
    "expired": {"iat": -400, "exp": -100}, "not yet": {"iat": 100, "exp": 200}, "too long": {"exp": LONGEST + 5}, "no end": {"exp": None},
    "backwards": {"exp": -1}, "not before": {"nbf": 100}, "foreign audience": {"aud": "https://other.example"}, "no audience": {"aud": None},
    "foreign origin": {"origin": "https://evil.example"}, "no origin": {"origin": None}, "no subject": {"sub": None}, "no name of its own": {"jti": None},
    "empty name": {"jti": ""}, "groups": {"groups": "hr"}, "long subject": {"sub": "x" * 300}, "no beginning": {"iat": None},
}  # fmt: skip


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_tickets_that_do_not_hold(service, clock, changes):
    absolute = {k: int(clock.now) + v if k in ("iat", "exp", "nbf") and v is not None else v for k, v in changes.items()}
    reply = exchange(service(), ticket(clock, **absolute))
    assert (reply.status_code, list(reply.json())) == (401, ["error"])
    assert exchange(service("198.51.100.3"), ticket(clock)).status_code == 200  # and it was not for anything else


def test_signatures_that_do_not_hold(service, clock):
    client = service()
    given = ticket(clock)
    head, body, signature = given.split(".")
    forged = [
        ticket(clock, key="x" * 32), jwt.encode(jwt.decode(given, options={"verify_signature": False}), None, "none"), f"{head}.{body}.",
        ticket(clock, key="k" * 64, algorithm="HS512"), f"{head}.{body[:-2]}AA.{signature}", "x", "a.b.c", head * 2000,
    ]  # fmt: skip
    for token in forged:
        assert exchange(client, token).status_code == 401
    assert client.post("/api/session", json={"origin": HOST}).status_code == 401
    assert client.post("/api/session", content=b"[", headers=bearer(given)).status_code == 401
    assert client.post("/api/session", json={}, headers=bearer(given)).status_code == 401
    assert exchange(client, given).status_code == 200


def test_the_page_that_hands_the_ticket_over_is_the_one_it_names(service, clock):
    client = service()
    assert exchange(client, ticket(clock), origin="https://evil.example").status_code == 401
    assert exchange(client, ticket(clock), Origin="https://evil.example").status_code == 401
    assert exchange(client, ticket(clock), Origin="https://evil.example.chat.example").status_code == 401
    assert exchange(client, ticket(clock), Origin="http://chat.example").status_code == 200  # our own frame


def pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("algorithm", ["EdDSA", "RS256"])
def test_tickets_signed_with_a_private_key(clock, algorithm):
    key = ed25519.Ed25519PrivateKey.generate() if algorithm == "EdDSA" else rsa.generate_private_key(65537, 2048)
    tickets = Tickets(pem(key), algorithm, AUDIENCE, issuer="intranet", origins=(HOST,), admin_group="root", clock=lambda: clock.now)
    good = ticket(clock, key=private(key), algorithm=algorithm, iss="intranet", groups=["root"])
    assert tickets.read(good, HOST).person == Person("jwt:42", "Anna", frozenset({"root"}), True)
    with pytest.raises(TicketError):
        tickets.read(ticket(clock, key=private(key), algorithm=algorithm, iss="other"), HOST)
    # the public key taken for a shared secret
    header, claims = jwt.utils.base64url_encode(b'{"alg":"HS256","typ":"JWT"}'), good.split(".")[1].encode()
    signature = jwt.utils.base64url_encode(hmac.digest(pem(key).encode(), header + b"." + claims, "sha256"))
    with pytest.raises(TicketError):
        tickets.read(b".".join((header, claims, signature)).decode(), HOST)


@pytest.mark.parametrize(
    ("key", "algorithm", "audience", "origins", "word"),
    [("short", "HS256", AUDIENCE, (HOST,), "32"), (SECRET, "none", AUDIENCE, (HOST,), "EdDSA"), (SECRET, "HS256", "", (HOST,), "audience"),
     (SECRET, "HS256", AUDIENCE, (), "embed_origins"), (SECRET, "EdDSA", AUDIENCE, (HOST,), "PEM"), (SECRET, "RS256", AUDIENCE, (HOST,), "PEM"),
     (pem(ed25519.Ed25519PrivateKey.generate()), "RS256", AUDIENCE, (HOST,), "no key of"),
     (pem(ed25519.Ed25519PrivateKey.generate()), "HS256", AUDIENCE, (HOST,), "secret")],
)  # fmt: skip
def test_keys_that_can_not_be_used(key, algorithm, audience, origins, word):
    with pytest.raises(ConfigError, match=word):
        Tickets(key, algorithm, audience, origins=origins)


# ---- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "chat.example"])
def test_it_refuses_to_start_for_others_without_a_way(host, tmp_path, monkeypatch):
    found = ways(Settings(), tmp_path)
    assert not found and not is_local(host)
    for lang in ("zh", "en"):
        monkeypatch.setenv("ZHIYIN_LANG", lang)
        with pytest.raises(ConfigError) as error:
            require(found, host, local=False)
        for way in ("auth_token_env", "auth_users", "auth_proxy_header", "auth_jwt_key_file", "127.0.0.1"):
            assert way in str(error.value)
    require(found, "127.0.0.1", local=True)
    monkeypatch.setenv("T", TOKEN)
    require(ways(Settings(auth_token_env="T"), tmp_path), host, local=False)


def test_the_token_may_be_in_a_file_that_is_ones_own(tmp_path):
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    assert ways(Settings(auth_token_file=str(file)), tmp_path).token.check(TOKEN)
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        ways(Settings(auth_token_file=str(file)), tmp_path)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"auth_token_env": "MISSING"}, "MISSING"), ({"auth_token_env": "SHORT"}, "20"), ({"auth_token_env": "A", "auth_token_file": "b"}, "both"),
        ({"auth_token_file": "/nowhere/x"}, "nowhere"), ({"auth_users": True}, "users add"), ({"auth_proxy_header": "X-User"}, "auth_proxies"),
        ({"auth_proxy_header": "X-User", "auth_proxies": ("0.0.0.0/0",)}, "everybody"), ({"auth_proxy_header": "X User", "auth_proxies": ("10.0.0.1",)}, "header"),
        ({"auth_proxy_header": "X-User", "auth_proxies": ("proxy.example",)}, "proxy.example"), ({"auth_proxies": ("10.0.0.1",)}, "auth_proxy_header"),
        ({"auth_jwt_audience": AUDIENCE}, "auth_jwt_key_file"), ({"auth_token_admin": True}, "auth_token_file"), ({"auth_jwt_key_env": "SHORT"}, "auth_jwt_audience"),
    ],
)  # fmt: skip
def test_half_of_a_way_is_refused(settings, word, tmp_path, monkeypatch):
    monkeypatch.setenv("SHORT", "short")
    with pytest.raises(ConfigError, match=word):
        ways(Settings(**settings), tmp_path)


# ---- the log ---------------------------------------------------------------------------------------------------------


def test_what_was_asked_is_written_down(service):
    client = service()
    login(client)
    client.post("/ask", json={"question": world.COMPARISON})
    client.post("/ask", json={"question": world.UNKNOWN})
    login(service("192.0.2.77"), secret="wrong")
    events = AuditLog(service.home, "text").events()[::-1]
    assert [(e.person, e.action, e.status) for e in events] == [
        ("user:anna", "login", 303), ("user:anna", "ask", 200), ("user:anna", "ask", 200), ("user:anna", "login_failed", 401)]  # fmt: skip
    assert events[1].question == world.COMPARISON and events[1].sources == (world.RIVER.source, world.HILL.source)
    assert (events[1].refused, events[1].generation) == (False, "000001")
    assert (events[2].refused, events[2].reason, events[2].sources) == (True, "other_year", ())
    assert PASSWORD.encode() not in b"".join(p.read_bytes() for p in service.home.glob("audit.sqlite*"))
    assert AuditLog(service.home).events(person="user:root") == []
    assert json.loads(json.dumps(events[1].to_dict()))["at"].endswith("+00:00")


def test_the_log_keeps_a_keyed_hash_unless_told_otherwise(tmp_path):
    log = AuditLog(tmp_path)
    bot = Audited(world.canned_bot(), log)
    scope = Scope(asker="user:anna")
    list(bot.stream(world.QUESTION, scope=scope))
    list(bot.stream(f" {world.QUESTION} ", scope=scope))
    assert bot.ask(world.QUESTION) and bot.library(scope) is bot.snapshot
    one, two = log.events()
    assert one.question is None and one.digest == two.digest == AuditLog(tmp_path).digest(world.QUESTION)
    assert world.QUESTION.encode() not in b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert (tmp_path / audit.KEY).stat().st_mode & 0o077 == 0
    assert AuditLog(tmp_path / "other").digest(world.QUESTION) != one.digest
    AuditLog(tmp_path / "off", "off").note("a", "ask", "q")
    assert not (tmp_path / "off").exists()


def test_errors_and_those_who_leave_are_written_down_too(tmp_path):
    log = AuditLog(tmp_path)
    bot = Audited(world.canned_bot(), log)
    with pytest.raises(ModelError):
        list(bot.stream(world.BROKEN))
    going = bot.stream(world.COMPARISON)
    next(going)
    going.close()
    assert [e.status for e in log.events()] == [499, 500]


def test_no_answer_where_it_can_not_be_written_down(tmp_path):
    (tmp_path / audit.FILE).mkdir()
    given = []
    with pytest.raises(StoreError):
        given.extend(Audited(world.canned_bot(), AuditLog(tmp_path)).stream(world.QUESTION))
    assert given == []


def test_old_lines_go(tmp_path):
    at = SimpleNamespace(now=1_000_000.0)
    log = AuditLog(tmp_path, days=1, clock=lambda: at.now)
    log.note("a", "login")
    at.now += 2 * 86_400
    log.note("b", "login")
    assert [e.person for e in log.events()] == ["b"]


def test_a_full_log_drops_its_oldest_tenth(tmp_path):
    log = AuditLog(tmp_path, "text", max_mb=1)
    for n in range(60):
        log.note(f"p{n}", "ask", "问" * 8000)
    kept = [e.person for e in log.events(limit=5000)]
    assert kept[0] == "p59" and "p0" not in kept and len(kept) > 20


def test_sweeping_is_not_for_every_line():
    assert audit.SWEEP >= 60 and pages.HASHING <= 4
