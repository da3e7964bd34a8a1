"""Signing in: keys, sessions, tokens, and where one comes to afterwards."""

from __future__ import annotations

import msgspec
import pytest

from serinus.console.session import SESSION_S
from serinus.control.revoke_key import revoke_key

from .conftest import Console, form_of, hidden, made


def test_who_is_not_signed_in_is_asked_to_and_comes_back(console: Console) -> None:
    """Every page leads to the sign-in page, and from there to itself."""
    browser = console.browser()
    response = browser.get("/releases?app=bot")
    assert (response.status_code, response.headers["location"]) == (303, "/login?next=/releases%3Fapp%3Dbot")
    page = browser.page(response.headers["location"])
    answer = browser.post("/login", **form_of(page), key=console.key("viewer"))
    assert answer.headers["location"] == "/releases?app=bot"
    assert browser.get("/releases?app=bot").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["//evil.test/", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "/\n/"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(console: Console, elsewhere: str) -> None:
    """Only paths of the console count."""
    assert console.browser().sign_in(console.key("viewer"), elsewhere).headers["location"] == "/"


def test_a_key_without_a_role_an_unknown_one_and_none_are_refused_alike(console: Console) -> None:
    """The page says the same, whatever is wrong."""
    pages = [console.browser().sign_in(key) for key in (console.key(), "sk-serinus-unknown", "")]
    assert {page.status_code for page in pages} == {401}
    assert len({page.text[page.text.index("fault") :][:200] for page in pages}) == 1


def test_a_refused_key_is_told_in_sentences_with_the_command_as_code(console: Console) -> None:
    """Capitals begin them, and no backtick is left for people to puzzle over."""
    page = console.browser().sign_in("sk-serinus-unknown").text
    assert ">This is not a valid key of this project, or it has no role. Ask an admin for one: " in page
    assert "<code>serinus key create NAME --role viewer --no-calls</code>.</p>" in page


def test_the_session_is_a_cookie_that_scripts_and_other_sites_never_get(console: Console) -> None:
    """HttpOnly, SameSite=Strict, and over https Secure."""
    key = console.key("viewer")
    plain = console.browser().sign_in(key).headers["set-cookie"]
    safe = console.browser(scheme="https").sign_in(key).headers["set-cookie"]
    assert all("HttpOnly" in one and "SameSite=strict" in one for one in (plain, safe))
    assert ("Secure" in plain, "Secure" in safe) == (False, True)
    assert key not in plain


def test_a_revoked_key_ends_its_sessions_at_once(console: Console) -> None:
    """The next page asks to sign in."""
    browser = console.browser("viewer")
    assert browser.get("/").status_code == 200
    with console.control.tx() as tx:
        (key,) = tx.keys()
    revoke_key(console.control, console.clock.now_us(), "test", key.id)
    assert browser.get("/").status_code == 303


def test_a_session_ends_by_itself(console: Console) -> None:
    """After a working day one signs in again."""
    browser = console.browser("viewer")
    console.clock.sleep(SESSION_S - 1)
    assert browser.get("/").status_code == 200
    console.clock.sleep(2)
    assert browser.get("/").status_code == 303


def test_signing_out_takes_the_cookie(console: Console) -> None:
    """It needs the session's token, like every form."""
    browser = console.browser("viewer")
    token = hidden(browser.page("/"), "token")
    assert browser.post("/logout", token="0" * 64).status_code == 403
    assert browser.post("/logout", token=token).status_code == 303
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize("value", ["", ".", "a.b", "e30.e30", "ü.ü", "x" * 5000])
def test_cookies_that_are_not_ours_are_no_session(console: Console, value: str) -> None:
    """Whatever is sent, nobody is signed in and nothing fails."""
    name = console.browser().get("/login").headers["set-cookie"].partition("=")[0]
    response = console.browser().client.get("/", headers=[(b"cookie", f"{name}={value}".encode())])
    assert response.status_code == 303


def test_an_altered_session_is_none(console: Console) -> None:
    """The seal covers every byte of it."""
    browser = console.browser("viewer")
    ((name, value),) = browser.client.cookies.items()
    body, _, seal = value.partition(".")
    for altered in (f"{body}A.{seal}", f"{body[:-1]}.{seal}", f"{body}.{seal[:-2]}AA"):
        assert console.browser().get("/", cookie=f"{name}={altered}").status_code == 303
    assert console.browser().get("/", cookie=f"{name}={value}").status_code == 200


def test_a_link_from_elsewhere_goes_round_once_before_asking_to_sign_in(console: Console) -> None:
    """Strict cookies do not come with a link in a chat; they do with a second request from the page itself."""
    browser = console.browser()
    first = browser.get("/releases", sec_fetch_site="cross-site")
    assert first.status_code == 200
    assert 'http-equiv="refresh"' in first.text
    assert browser.get("/releases", sec_fetch_site="same-origin").status_code == 303


def test_forms_of_other_sites_and_sessions_are_refused(console: Console) -> None:
    """By what the browser says of the sender, and by the token."""
    mine, other = console.browser("viewer", name="mine"), console.browser("viewer", name="other")
    foreign = hidden(other.page("/"), "token")
    assert mine.post("/theme", token=foreign, theme="dark", next="/").status_code == 403
    token = hidden(mine.page("/"), "token")
    sent = mine.client.post("/theme", data={"token": token, "theme": "dark"}, headers={"sec-fetch-site": "cross-site"})
    assert sent.status_code == 403


def test_light_or_dark_is_chosen_without_scripts(console: Console) -> None:
    """The choice is a cookie, and the page says it."""
    browser = console.browser("viewer")
    assert 'data-theme="auto"' in browser.page("/")
    answer = browser.post("/theme", token=hidden(browser.page("/"), "token"), theme="dark", next="/audit")
    assert answer.headers["location"] == "/audit"
    assert 'data-theme="dark"' in browser.page("/")
    browser.post("/theme", token=hidden(browser.page("/"), "token"), theme='"><script>', next="/")
    assert 'data-theme="auto"' in browser.page("/")


def test_sessions_hold_on_every_control_of_the_project(console: Console) -> None:
    """They are sealed under the project's secret, and another project's are none."""
    ((name, value),) = console.browser("viewer").client.cookies.items()
    elsewhere = made()
    with elsewhere.control.tx() as tx:
        assert msgspec.json.encode(tx.secrets())
    assert elsewhere.browser().get("/", cookie=f"{name}={value}").status_code == 303
