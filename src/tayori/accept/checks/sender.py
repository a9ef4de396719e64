"""Only a sender address of a verified domain of the account may send, and From aligns with it.

Who logs in as a sender speaks for the senders of its domain, not for the whole account.
"""

from tayori.accept.facts import Facts
from tayori.accept.submission import Submission
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.tenants.model import Identity


def check_sender(submission: Submission, facts: Facts) -> Refusal | None:
    """Refuse an unknown sender, an unverified domain, and a From of another domain."""
    address = submission.sender.address
    login = submission.login
    if login is not None and login.domain != address.domain:
        return refuse(
            Code.FAILED_OPERATION__NOT_AUTHENTICATED_SENDER,
            say(
                "From is {address}, but the login is {login}: From must be the login address or "
                "another sender of its domain.",
                address=address.addr,
                login=login.addr,
            ),
        )
    refused = _check_domain(address.domain, facts.identity)
    if refused is not None:
        return refused
    if facts.sender is None:
        return refuse(
            Code.FAILED_OPERATION__INCORRECT_SENDER,
            say(
                "The address {address} is no sender of this account; create it first.",
                address=address.addr,
            ),
        )
    shown = submission.header_from
    if shown is not None and shown.address.domain != address.domain:
        return refuse(
            Code.INVALID_PARAMETER_VALUE__INVALID_EMAIL_IDENTITY,
            say(
                "HeaderFrom must be an address of {domain}, the domain that signs the mail.",
                domain=address.domain,
            ),
        )
    return None


def _check_domain(domain: str, identity: Identity | None) -> Refusal | None:
    if identity is None:
        return refuse(
            Code.FAILED_OPERATION__INCORRECT_SENDER,
            say("The domain {domain} is no sender domain of this account.", domain=domain),
        )
    if not identity.verified:
        return refuse(
            Code.FAILED_OPERATION__NOT_AUTHENTICATED_SENDER,
            say(
                "The domain {domain} is not verified yet; complete its DNS records.",
                domain=domain,
            ),
        )
    if identity.level == 0:
        return refuse(
            Code.FAILED_OPERATION__HIGH_REJECTION_RATE,
            say(
                "The domain {domain} stands at reputation level 0 and may not send.",
                domain=domain,
            ),
        )
    return None
