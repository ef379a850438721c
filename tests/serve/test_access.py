"""Who may see the pages: keys and their scopes, signing in and out, where a POST must come from, what browsers are told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from affinity.cli import main
from affinity.errors import InputError
from affinity.serve.keys import Keys, add_key, hash_key, read_keys
from affinity.serve.page.registry import PAGES
from affinity.serve.sessions import COOKIE, Sessions
from tests.serve.conftest import Served, serving

PAGE_KEY, WIDGET_KEY = "ak_page", "ak_widget"


class Clock:
    """Seconds since the epoch, moved by hand."""

    now = 1_727_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def clock() -> Clock:
    """The server's clock."""
    return Clock()


@pytest.fixture(scope="module")
def guarded(folder: Path, tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Served]:
    """A server that needs keys."""
    keys = Keys({"marketing": hash_key(PAGE_KEY), "shop": hash_key(WIDGET_KEY)}, {"marketing": "page"})
    events = tmp_path_factory.mktemp("events")
    with serving(folder, events, keys=keys, clock=clock, origins=("https://shop.example",)) as found:
        yield found


def sign_in(served: Served, key: str) -> httpx.Response:
    """The answer to the form, without following it."""
    return served.client.post("/page/sign-in", data={"key": key}, headers=own(served))


def own(served: Served) -> dict[str, str]:
    """The Origin that the server's own pages send."""
    return {"Origin": str(served.client.base_url).rstrip("/")}


@pytest.fixture
def cookie(guarded: Served) -> dict[str, str]:
    """The header of somebody signed in."""
    answer = sign_in(guarded, PAGE_KEY)
    guarded.client.cookies.clear()
    return {"Cookie": f"{COOKIE}={answer.cookies[COOKIE]}"}


def test_without_a_key_every_page_leads_to_the_door(guarded: Served) -> None:
    for address in [*PAGES, "/page/nothing"]:
        answer = guarded.client.get(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/page/sign-in"), address
        assert guarded.client.post(address, headers=own(guarded)).status_code == 401
    door = guarded.client.get("/page/sign-in")
    assert door.status_code == 200
    assert "Release" not in door.text
    assert "2024" not in door.text
    assert guarded.client.get("/").headers["location"] == "/page"


def test_a_widget_key_opens_no_page_and_a_page_key_may_ask_the_api(guarded: Served) -> None:
    assert guarded.client.get("/page", headers={"X-API-Key": WIDGET_KEY}).status_code == 403
    assert guarded.client.get("/page", headers={"X-API-Key": PAGE_KEY}).status_code == 200
    for key in (PAGE_KEY, WIDGET_KEY):
        assert guarded.client.get("/v1/recommendations", headers={"X-API-Key": key}).status_code == 200
    refused = sign_in(guarded, WIDGET_KEY)
    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    assert "for widgets" in refused.text
    wrong = sign_in(guarded, "ak_wrong<script>")
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    assert "ak_wrong" not in wrong.text
    assert sign_in(guarded, "").status_code == 401


def test_signing_in_sets_a_cookie_that_only_the_server_reads(guarded: Served, cookie: dict[str, str]) -> None:
    answer = sign_in(guarded, PAGE_KEY)
    guarded.client.cookies.clear()
    assert (answer.status_code, answer.headers["location"]) == (303, "/page")
    said = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=strict", "path=/page", "max-age=28800"):
        assert part in said
    assert PAGE_KEY not in said
    page = guarded.client.get("/page", headers=cookie)
    assert page.status_code == 200
    assert "Sign out" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert guarded.client.get("/v1/recommendations", headers=cookie).status_code == 401


def test_forged_and_old_sessions_are_none(guarded: Served, cookie: dict[str, str], clock: Clock) -> None:
    good = cookie["Cookie"].partition("=")[2]
    name, expires, nonce, signature = good.split("|")
    later = f"{name}|{int(expires) + 9}|{nonce}|{signature}"
    foreign = Sessions(clock).open("marketing")
    for bad in ("", "x", "a|b|c|d", later, good[:-1], good + "0", f"other|{expires}|{nonce}|{signature}", foreign, "é|1|2|3"):
        answer = guarded.client.get("/page", headers={"Cookie": f"{COOKIE}={bad}".encode("latin-1")})
        assert answer.status_code == 303, bad
    clock.now += 28_799
    assert guarded.client.get("/page", headers=cookie).status_code == 200
    clock.now += 2
    assert guarded.client.get("/page", headers=cookie).status_code == 303


def test_signing_out_ends_the_session_on_the_server_too(guarded: Served, cookie: dict[str, str]) -> None:
    assert guarded.client.post("/page/sign-out", headers=cookie).status_code == 403  # no Origin
    assert guarded.client.get("/page", headers=cookie).status_code == 200
    answer = guarded.client.post("/page/sign-out", headers={**cookie, **own(guarded)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/page/sign-in")
    assert 'affinity_session=""' in answer.headers["set-cookie"]
    assert guarded.client.get("/page", headers=cookie).status_code == 303


@pytest.mark.parametrize("origin", [None, "null", "https://shop.example", "http://127.0.0.1", "http://127.0.0.1:1", "ftp://"])
def test_a_post_from_elsewhere_is_refused(guarded: Served, served: Served, cookie: dict[str, str], origin: str | None) -> None:
    sent = {} if origin is None else {"Origin": origin}
    for address in ("/page/sign-in", "/page/sign-out", "/page/campaigns"):
        answer = guarded.client.post(address, data={"key": PAGE_KEY}, headers={**cookie, **sent})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_origin")
        assert served.client.post(address, headers=sent).status_code == 403


def test_pages_are_not_for_other_origins_and_not_for_frames(guarded: Served, served: Served) -> None:
    for answer in (
        served.client.get("/page", headers={"Origin": "https://shop.example"}),
        guarded.client.get("/page/sign-in", headers={"Origin": "https://shop.example"}),
    ):
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers
        policy = answer.headers["content-security-policy"]
        for part in ("default-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "object-src 'none'"):
            assert part in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    foreign = served.client.get("/page", headers={"Host": "evil.example"})
    assert foreign.status_code == 421


def test_pages_hold_nothing_inline_and_no_other_server(served: Served) -> None:
    for address in ("/page", "/page/products", "/page/products/espresso%20machine", "/page/sign-in"):
        html = served.client.get(address, follow_redirects=True).text
        assert "<style" not in html
        assert " style=" not in html
        assert " onclick=" not in html
        assert "<script>" not in html
        assert "://" not in html


def test_on_this_machine_without_keys_the_pages_are_open(served: Served) -> None:
    assert served.client.get("/page").status_code == 200
    assert served.client.get("/page/sign-in").headers["location"] == "/page"
    assert "Sign out" not in served.client.get("/page").text


def command(folder: Path, keys: Path, name: str, *more: str) -> object:
    """What `affinity serve FOLDER --keys KEYS --new-key NAME` exits with."""
    asked = ["affinity", "serve", str(folder), "--keys", str(keys), "--new-key", name, *more]
    with patch.object(sys, "argv", asked), pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code or 0


def test_keys_have_scopes_and_old_files_stay_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(f"# of before\nold {hash_key('ak_old')}\n", encoding="ascii")
    new = add_key(path, "desk", "page")
    keys = read_keys(path)
    assert (keys.name_of("ak_old"), keys.scope_of("old")) == ("old", "widget")
    assert (keys.name_of(new), keys.scope_of("desk")) == ("desk", "page")
    assert command(tmp_path, path, "till") == 0
    assert command(tmp_path, path, "team", "--scope", "page") == 0
    told = capsys.readouterr().out.split()
    keys = read_keys(path)
    assert [keys.scope_of(keys.name_of(key) or "") for key in told] == ["widget", "page"]
    assert command(tmp_path, path, "odd", "--scope", "root") == 1
    path.write_text(f"odd {hash_key('x')} root\n", encoding="ascii")
    with pytest.raises(InputError, match="Line 1"):
        read_keys(path)
