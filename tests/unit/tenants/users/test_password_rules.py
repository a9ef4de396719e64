import pytest

from tayori.tenants.users.faults import SENTENCES, Fault
from tayori.tenants.users.password_rules import MAX_LENGTH, password_fault

EMAIL = "alice.miller@example.com"
NAME = "Alice Miller"


@pytest.mark.parametrize(
    "password",
    [
        "three green lamps",
        "sYq7#vPz!m2K",
        "8246 1937 5520 9481",
        "窓のそばの古い木の椅子です",
        "Alice keeps nine tortoises",
        "a password nobody guesses",
    ],
)
def test_a_long_password_is_good_whatever_it_is_made_of(password):
    assert password_fault(password, email=EMAIL, name=NAME) is None


@pytest.mark.parametrize("password", ["", "sYq7#vPz!m2"])
def test_a_short_one_is_refused(password):
    assert password_fault(password, email=EMAIL, name=NAME) is Fault.PASSWORD_SHORT


def test_an_endless_one_is_refused():
    good = "three green lamps "
    just = (good * 20)[:MAX_LENGTH]
    assert password_fault(just, email=EMAIL, name=NAME) is None
    assert password_fault(just + "x", email=EMAIL, name=NAME) is Fault.PASSWORD_LONG


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password-2026!",
        "PASSWORDPASSWORD",
        "passw0rd passw0rd",
        "correct horse battery staple",
        "qwertyuiop123",
        "asdfghjklasdfghjkl",
        "123456789012",
        "098765432109",
        "1qaz2wsx3edc",
        "aaaaaaaaaaaa",
        "abababababab",
        "welcome-tayori",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff441234",
        "letmein letmein",
    ],
)
def test_what_guessers_try_first_is_refused(password):
    assert password_fault(password, email=EMAIL, name=NAME) is Fault.PASSWORD_USUAL


@pytest.mark.parametrize(
    "password",
    [
        "alice.miller@example.com",
        "ALICE.MILLER@EXAMPLE.COM1",
        "Alice Miller",
        "millermiller12",
        "alice-miller-2026",
        "example.com2026",
    ],
)
def test_the_own_name_is_refused(password):
    assert password_fault(password, email=EMAIL, name=NAME) is Fault.PASSWORD_PERSONAL


def test_every_fault_has_a_sentence():
    assert set(SENTENCES) == set(Fault)
    assert all(fault.sentence.endswith(".") for fault in Fault)
