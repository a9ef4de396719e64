"""The second factor and its recovery codes, on both databases."""

import asyncio
import re

import pyotp
import pytest
from tests.support.people import people

from tayori.db.statement import Statement
from tayori.db.tables.users import console_user, recovery_code
from tayori.runtime.clock import SECOND
from tayori.runtime.secrets import SecretError
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.second_factor import CODES, Proof

STEP = 30 * SECOND


@pytest.fixture
def world(database):
    return people(database)


def code_of(world, setup, steps=0):
    return pyotp.TOTP(setup.secret).at((world.clock.now() + steps * STEP) // SECOND)


async def switched_on(world):
    ann = await world.user("ann@example.com")
    setup = await world.factor.propose(ann)
    codes = await world.factor.confirm(ann, code_of(world, setup))
    world.clock.advance(STEP)
    return ann, setup, codes


async def test_it_is_on_after_the_first_code_and_asked_for_from_then_on(world):
    ann = await world.user("ann@example.com")
    setup = await world.factor.propose(ann)
    assert re.fullmatch("[A-Z2-7]{32}", setup.secret)
    assert setup.uri == (
        f"otpauth://totp/Tayori:ann%40example.com?secret={setup.secret}&issuer=Tayori"
    )
    assert await world.factor.propose(ann) == setup
    assert not (await world.users.get(ann.id)).second_factor
    assert await world.factor.check(ann, code_of(world, setup)) is None
    assert await world.factor.confirm(ann, "000000") is Fault.CODE
    codes = await world.factor.confirm(ann, code_of(world, setup))
    assert len(set(codes)) == CODES
    assert (await world.users.get(ann.id)).second_factor
    assert await world.factor.propose(ann) is Fault.SECOND_FACTOR_ON
    assert await world.factor.confirm(ann, code_of(world, setup)) is Fault.SECOND_FACTOR_ON
    _, session = await world.sessions.begin(
        await world.users.get(ann.id), address="192.0.2.7", agent=""
    )
    assert not session.complete


async def test_the_session_is_complete_after_the_code(world):
    ann, _, _ = await switched_on(world)
    token, _ = await world.sessions.begin(
        await world.users.get(ann.id), address="192.0.2.7", agent=""
    )
    new = await world.sessions.complete(token)
    assert await world.sessions.find(token) is None
    assert (await world.sessions.find(new)).complete


async def test_a_code_works_once(world):
    ann, setup, _ = await switched_on(world)
    code = code_of(world, setup)
    answers = await asyncio.gather(*(world.factor.check(ann, code) for _ in range(4)))
    assert sorted(answers, key=str) == [None, None, None, Proof.APP]
    world.clock.advance(STEP)
    assert await world.factor.check(ann, code) is None
    assert await world.factor.check(ann, code_of(world, setup)) is Proof.APP


async def test_the_code_that_switched_it_on_logs_nobody_in(world):
    ann = await world.user("ann@example.com")
    setup = await world.factor.propose(ann)
    code = code_of(world, setup)
    await world.factor.confirm(ann, code)
    assert await world.factor.check(ann, code) is None


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
async def test_clocks_may_differ_by_one_step(world, steps, good):
    ann, setup, _ = await switched_on(world)
    world.clock.advance(5 * STEP)
    found = await world.factor.check(ann, code_of(world, setup, steps))
    assert (found is Proof.APP) is good


async def test_a_code_of_an_earlier_step_than_the_last_one_is_refused(world):
    ann, setup, _ = await switched_on(world)
    world.clock.advance(5 * STEP)
    assert await world.factor.check(ann, code_of(world, setup, 1)) is Proof.APP
    assert await world.factor.check(ann, code_of(world, setup)) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\uff11" * 6, "-12345"])
async def test_what_is_no_code_is_refused(world, code):
    ann, _, _ = await switched_on(world)
    assert await world.factor.check(ann, code) is None


async def test_a_code_may_be_typed_with_a_space(world):
    ann, setup, _ = await switched_on(world)
    code = code_of(world, setup)
    assert await world.factor.check(ann, f" {code[:3]} {code[3:]}") is Proof.APP


async def test_recovery_codes_work_once_each_however_they_are_typed(world):
    ann, _, codes = await switched_on(world)
    other = await world.user("bob@example.com")
    assert await world.factor.check(other, codes[0]) is None
    assert await world.factor.check(ann, codes[0].upper().replace("-", " ")) is Proof.RECOVERY_CODE
    assert await world.factor.check(ann, codes[0]) is None
    answers = await asyncio.gather(*(world.factor.check(ann, codes[1]) for _ in range(3)))
    assert sorted(answers, key=str) == [None, None, Proof.RECOVERY_CODE]
    assert await world.factor.codes_left(ann) == CODES - 2
    fresh = await world.factor.new_codes(ann)
    assert await world.factor.codes_left(ann) == CODES
    assert await world.factor.check(ann, codes[2]) is None
    assert await world.factor.check(ann, fresh[2]) is Proof.RECOVERY_CODE


async def test_secret_and_codes_are_not_stored_in_clear(world):
    ann, setup, codes = await switched_on(world)
    async with world.database.read() as transaction:
        rows = await transaction.fetch(Statement(recovery_code.select()))
        (user,) = await transaction.fetch(Statement(console_user.select()))
    assert len(rows) == CODES
    assert not {code for row in rows for code in codes if code in row["code_hash"]}
    assert setup.secret.encode() not in bytes(user["totp_sealed"])
    bob = await world.user("bob@example.com")
    async with world.database.write() as transaction:
        moved = console_user.update().where(console_user.c.id == bob.id)
        await transaction.execute(
            Statement(moved.values(totp_sealed=bytes(user["totp_sealed"]), totp_since=1))
        )
    with pytest.raises(SecretError):
        await world.factor.check(bob, code_of(world, setup))
    assert setup.secret not in repr(setup)
    assert ann.email in setup.uri.replace("%40", "@")


async def test_it_is_switched_off_with_its_codes(world):
    ann, setup, codes = await switched_on(world)
    assert await world.factor.remove(ann.id) is None
    assert await world.factor.remove(ann.id) is Fault.SECOND_FACTOR_OFF
    assert not (await world.users.get(ann.id)).second_factor
    assert await world.factor.check(ann, code_of(world, setup)) is None
    assert await world.factor.check(ann, codes[0]) is None
    assert await world.factor.codes_left(ann) == 0
    again = await world.factor.propose(ann)
    assert again.secret != setup.secret
