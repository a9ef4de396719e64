"""Why something about users is refused: a closed vocabulary, with a sentence in English for each.

The console shows the sentences in the visitor's language, the command as they stand.
"""

from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """Why it is refused."""

    EMAIL = "email"
    EMAIL_TAKEN = "email_taken"
    NAME = "name"
    LANGUAGE = "language"
    ZONE = "zone"
    NO_USER = "no_user"
    NO_ACCOUNT = "no_account"
    NO_MEMBER = "no_member"
    MEMBER_ALREADY = "member_already"
    LAST_OWNER = "last_owner"
    LAST_OPERATOR = "last_operator"
    SUSPENDED = "suspended"
    PASSWORD_SHORT = "password_short"  # noqa: S105 - a word, no secret
    PASSWORD_LONG = "password_long"  # noqa: S105
    PASSWORD_USUAL = "password_usual"  # noqa: S105
    PASSWORD_PERSONAL = "password_personal"  # noqa: S105
    PASSWORD_WRONG = "password_wrong"  # noqa: S105
    LINK = "link"
    CODE = "code"
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"

    @property
    def sentence(self) -> str:
        """Return what is wrong and what to do, in English."""
        return SENTENCES[self]


SENTENCES: Final = {
    Fault.EMAIL: "This is no e-mail address. Write one like name@example.com.",
    Fault.EMAIL_TAKEN: "There is a user with this e-mail address already.",
    Fault.NAME: "A name has 1 to 100 characters, none of them a control character.",
    Fault.LANGUAGE: "The console speaks en, ja and zh.",
    Fault.ZONE: "This is no time zone. Choose one like Asia/Tokyo.",
    Fault.NO_USER: "There is no such user.",
    Fault.NO_ACCOUNT: "There is no such account.",
    Fault.NO_MEMBER: "This user does not belong to the account.",
    Fault.MEMBER_ALREADY: "This user belongs to the account already. Change the role instead.",
    Fault.LAST_OWNER: "An account keeps at least one owner. Make somebody else owner first.",
    Fault.LAST_OPERATOR: "The service keeps at least one operator. Make another one first.",
    Fault.SUSPENDED: "This user is suspended.",
    Fault.PASSWORD_SHORT: "A password has at least 12 characters. A sentence is a good one.",
    Fault.PASSWORD_LONG: "A password has at most 200 characters.",
    Fault.PASSWORD_USUAL: "This password is one of the first that are tried. Choose another one.",
    Fault.PASSWORD_PERSONAL: "A password must not be made of the name or the e-mail address.",
    Fault.PASSWORD_WRONG: "This is not the present password.",
    Fault.LINK: "This link has been used, has expired or is not complete. Ask for a new one.",
    Fault.CODE: "This code is wrong, or has been used. Wait for the next one and try again.",
    Fault.SECOND_FACTOR_ON: "The second factor is on already.",
    Fault.SECOND_FACTOR_OFF: "The second factor is not on.",
}
