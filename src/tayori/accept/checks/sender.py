"""Only a sender address of a verified domain of the account may send, and From aligns with it.

Who logs in as a sender speaks for the senders of its domain, not for the whole account.
"""

from tayori.accept.facts import Facts
from tayori.accept.submission import Submission
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse


def check_sender(  # noqa: PLR0911 - one refusal per fault, each with its own code
    submission: Submission, facts: Facts
) -> Refusal | None:
    """Refuse an unknown sender, an unverified domain, and a From of another domain."""
    address = submission.sender.address
    login = submission.login
    if login is not None and login.domain != address.domain:
        return refuse(
            Code.FAILED_OPERATION__NOT_AUTHENTICATED_SENDER,
            f"From is {address.addr}, but the login is {login.addr}: From must be the login "
            "address or another sender of its domain.",
        )
    if facts.identity is None:
        return refuse(
            Code.FAILED_OPERATION__INCORRECT_SENDER,
            f"The domain {address.domain} is no sender domain of this account.",
        )
    if not facts.identity.verified:
        return refuse(
            Code.FAILED_OPERATION__NOT_AUTHENTICATED_SENDER,
            f"The domain {address.domain} is not verified yet; complete its DNS records.",
        )
    if facts.identity.level == 0:
        return refuse(
            Code.FAILED_OPERATION__HIGH_REJECTION_RATE,
            f"The domain {address.domain} stands at reputation level 0 and may not send.",
        )
    if facts.sender is None:
        return refuse(
            Code.FAILED_OPERATION__INCORRECT_SENDER,
            f"The address {address.addr} is no sender of this account; create it first.",
        )
    shown = submission.header_from
    if shown is not None and shown.address.domain != address.domain:
        return refuse(
            Code.INVALID_PARAMETER_VALUE__INVALID_EMAIL_IDENTITY,
            f"HeaderFrom must be an address of {address.domain}, the domain that signs the mail.",
        )
    return None
