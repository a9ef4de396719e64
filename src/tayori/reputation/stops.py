"""Whether an account or a domain may send at all, and what is said when it may not (pure)."""

from dataclasses import dataclass

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import Saying, say
from tayori.reputation.standing import Standing, Standings

HIGH_REJECTION = 3030
"""SendStatus of a mail whose domain was stopped for what became of the mails before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why mail that was accepted already does not go out; `until` None when nobody knows.

    `ends_bulk` tells that bulk mail does not wait for the end but ends unsent.
    """

    reason: Saying
    until: int | None = None
    ends_bulk: bool = False


def stop_of(account_id: int, domain: str, found: Standings, now: int) -> Stop | None:
    """Return what keeps accepted mail of an account's domain back; None when nothing does."""
    if account_id in found.suspended:
        reason = say("The account is suspended: {reason}", reason=found.suspended[account_id])
        return Stop(reason=reason)
    standing = found.domains.get(domain)
    refusal = None if standing is None else domain_stopped(domain, standing, now)
    if standing is None or refusal is None:
        return None
    until = standing.blocked_until if standing.level_at(now) else None
    return Stop(reason=refusal.saying, until=until, ends_bulk=True)


def stopped(account_id: int, domain: str, found: Standings, now: int) -> Refusal | None:
    """Return why nothing of this account and domain may be sent now; None when it may."""
    if account_id in found.suspended:
        return suspended(found.suspended[account_id])
    standing = found.domains.get(domain)
    return None if standing is None else domain_stopped(domain, standing, now)


def suspended(reason: Saying) -> Refusal:
    """Return the refusal of a suspended account."""
    return refuse(
        Code.AUTH_FAILURE__UNAUTHORIZED_OPERATION,
        say("The account is suspended: {reason} Ask the operator of this service.", reason=reason),
    )


def domain_stopped(domain: str, standing: Standing, now: int) -> Refusal | None:
    """Return why a domain may not send now."""
    if standing.level_at(now) == 0:
        return refuse(
            Code.FAILED_OPERATION__HIGH_REJECTION_RATE,
            say(
                "The domain {domain} stands at reputation level 0 and may not send.", domain=domain
            ),
        )
    if standing.is_blocked(now):
        return refuse(
            Code.FAILED_OPERATION__HIGH_REJECTION_RATE,
            say(
                "The domain {domain} is stopped for the rest of the day: {reason}",
                domain=domain,
                reason=standing.blocked_reason,
            ),
        )
    return None
