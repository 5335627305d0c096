"""Accounts and sessions of staff."""

import pytest

from madang.access.staff import Role, SignInError, Staff, StaffAccount
from madang.infra.db import Database
from madang.infra.ids import SeededIds
from madang.infra.journal import JournalEntry, entries
from tests.unit.madang.access.conftest import NOW, OTHER, PASSPHRASE, SETTINGS, TENANT, House

TRIES, LOCK = SETTINGS.sign_in_tries, SETTINGS.sign_in_lock_seconds


@pytest.fixture
def staff(house: House) -> Staff:
    house.staff.add(TENANT, "kim", PASSPHRASE, [Role.CLERK, Role.AUDITOR], now=NOW)
    return house.staff


def attempt(staff: Staff, passphrase: str = PASSPHRASE, now: int = NOW, **who: str) -> bool:
    try:
        staff.sign_in(who.get("tenant", TENANT), who.get("name", "kim"), passphrase, now=now)
    except SignInError:
        return False
    return True


class TestSignIn:
    def test_opens_a_session_for_the_person(self, staff: Staff) -> None:
        token = staff.sign_in(TENANT, "kim", PASSPHRASE, now=NOW)
        actor = staff.actor(token, now=NOW)
        assert actor is not None
        assert actor.tenant == TENANT
        assert actor.roles == {"clerk", "auditor"}
        assert "kim" not in actor.pseudonym

    @pytest.mark.parametrize(
        ("name", "passphrase", "tenant"),
        [
            ("kim", "wrong", TENANT),
            ("kim", "", TENANT),
            ("kim", PASSPHRASE.upper(), TENANT),
            ("lee", PASSPHRASE, TENANT),
            ("kim", PASSPHRASE, OTHER),
            ("kim", "\ud800", TENANT),
        ],
    )
    def test_refused_for_every_reason_alike(
        self, staff: Staff, house: House, name: str, passphrase: str, tenant: str
    ) -> None:
        with pytest.raises(SignInError) as refused:
            staff.sign_in(tenant, name, passphrase, now=NOW)
        assert refused.value.args == ()
        assert house.journal(tenant)[-1] == "sign_in.refused"

    def test_the_journal_names_no_person(self, staff: Staff, house: House) -> None:
        attempt(staff)
        attempt(staff, "wrong")
        with house.database.reading() as session:
            for entry in entries(session, TENANT):
                assert "kim" not in (entry.actor or "")
                assert entry.actor or entry.reference

    def test_an_account_that_was_made_or_changed_is_in_the_journal(
        self, staff: Staff, house: House
    ) -> None:
        staff.add(TENANT, "kim", "another one", [Role.OFFICER], now=NOW + 1)
        with house.database.reading() as session:
            made, changed = entries(session, TENANT)
        assert (made.code, changed.code) == ("account.entered", "account.changed")
        assert changed.at == NOW + 1
        assert made.reference == changed.reference != "kim"

    def test_the_passphrase_is_kept_stretched_under_its_own_salt(
        self, staff: Staff, house: House
    ) -> None:
        staff.add(TENANT, "lee", PASSPHRASE, [Role.CLERK], now=NOW)
        with house.database.reading() as session:
            kim, lee = (session.get(StaffAccount, (TENANT, name)) for name in ("kim", "lee"))
        assert kim is not None
        assert lee is not None
        assert kim.passphrase_hash != lee.passphrase_hash
        assert PASSPHRASE.encode() not in kim.passphrase_hash

    def test_the_token_itself_is_not_kept(self, staff: Staff, house: House) -> None:
        token = staff.sign_in(TENANT, "kim", PASSPHRASE, now=NOW)
        with house.database.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            assert token not in "\n".join(driver.iterdump())

    def test_a_new_passphrase_keeps_the_pseudonym(self, staff: Staff) -> None:
        before = staff.actor(staff.sign_in(TENANT, "kim", PASSPHRASE, now=NOW), now=NOW)
        staff.add(TENANT, "kim", "another one", [Role.OFFICER], now=NOW)
        after = staff.actor(staff.sign_in(TENANT, "kim", "another one", now=NOW), now=NOW)
        assert before is not None
        assert after is not None
        assert before.pseudonym == after.pseudonym
        assert after.roles == {"officer"}


class TestLock:
    def test_after_so_many_wrong_tries_in_a_row(self, staff: Staff, house: House) -> None:
        for _ in range(TRIES):
            assert not attempt(staff, "wrong")
        assert house.journal()[-1] == "sign_in.locked"
        assert not attempt(staff)

    def test_not_before(self, staff: Staff) -> None:
        for _ in range(TRIES - 1):
            assert not attempt(staff, "wrong")
        assert attempt(staff)

    def test_a_good_try_begins_the_count_anew(self, staff: Staff) -> None:
        for _ in range(2):
            for _ in range(TRIES - 1):
                assert not attempt(staff, "wrong")
            assert attempt(staff)

    def test_opens_again_after_its_time(self, staff: Staff) -> None:
        for _ in range(TRIES):
            attempt(staff, "wrong")
        assert not attempt(staff, now=NOW + LOCK - 1)
        assert attempt(staff, now=NOW + LOCK)

    def test_others_are_not_locked(self, staff: Staff) -> None:
        staff.add(OTHER, "kim", PASSPHRASE, [Role.CLERK], now=NOW)
        for _ in range(TRIES):
            attempt(staff, "wrong")
        assert attempt(staff, tenant=OTHER)

    def test_the_number_is_a_setting(self) -> None:
        database = Database()
        database.create(StaffAccount, JournalEntry)
        settings = SETTINGS.model_copy(update={"sign_in_tries": 1})
        staff = Staff(database, SeededIds("strict"), settings)
        staff.add(TENANT, "kim", PASSPHRASE, [Role.CLERK], now=NOW)
        attempt(staff, "wrong")
        assert not attempt(staff)


class TestSession:
    def test_ends_at_its_longest_life(self, staff: Staff) -> None:
        token = staff.sign_in(TENANT, "kim", PASSPHRASE, now=NOW)
        step = SETTINGS.session_idle_seconds - 1
        for now in range(NOW + step, NOW + SETTINGS.session_seconds, step):
            assert staff.actor(token, now=now) is not None
        assert staff.actor(token, now=NOW + SETTINGS.session_seconds) is None

    def test_ends_without_use(self, staff: Staff) -> None:
        token = staff.sign_in(TENANT, "kim", PASSPHRASE, now=NOW)
        idle = SETTINGS.session_idle_seconds
        assert staff.actor(token, now=NOW + idle - 1) is not None
        assert staff.actor(token, now=NOW + 2 * idle - 2) is not None
        assert staff.actor(token, now=NOW + 3 * idle) is None

    def test_ends_at_sign_out(self, staff: Staff) -> None:
        token, other = (staff.sign_in(TENANT, "kim", PASSPHRASE, now=NOW) for _ in range(2))
        staff.sign_out(token)
        assert staff.actor(token, now=NOW) is None
        assert staff.actor(other, now=NOW) is not None
        staff.sign_out("nothing")

    @pytest.mark.parametrize("token", ["", "guessed", "\ud800"])
    def test_a_token_that_nobody_has(self, staff: Staff, token: str) -> None:
        assert staff.actor(token, now=NOW) is None

    def test_takes_the_roles_that_the_account_has_now(self, staff: Staff) -> None:
        token = staff.sign_in(TENANT, "kim", PASSPHRASE, now=NOW)
        staff.add(TENANT, "kim", PASSPHRASE, [Role.AUDITOR], now=NOW)
        actor = staff.actor(token, now=NOW)
        assert actor is not None
        assert actor.roles == {"auditor"}

    def test_ends_when_the_passphrase_changes(self, staff: Staff) -> None:
        token = staff.sign_in(TENANT, "kim", PASSPHRASE, now=NOW)
        staff.add(OTHER, "kim", PASSPHRASE, [Role.CLERK], now=NOW)
        other = staff.sign_in(OTHER, "kim", PASSPHRASE, now=NOW)
        staff.add(TENANT, "kim", "a new passphrase", [Role.CLERK], now=NOW)
        assert staff.actor(token, now=NOW) is None
        assert staff.actor(other, now=NOW) is not None

    def test_tokens_differ(self, staff: Staff) -> None:
        tokens = {staff.sign_in(TENANT, "kim", PASSPHRASE, now=NOW) for _ in range(3)}
        assert len(tokens) == 3
