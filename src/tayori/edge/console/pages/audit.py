"""The audit log: an account's own for its owners, and everybody's for operators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tayori.edge.console.access import Page, Right, page
from tayori.edge.console.keys import read_key
from tayori.edge.console.languages import N_
from tayori.edge.console.lists import ListQuery, page_of, read_list
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.tenants.model import Account
from tayori.tenants.users.audit_model import AuditAction, AuditEntry
from tayori.tenants.users.audit_store import AuditFilter

WORDS: Final[Mapping[AuditAction, str]] = {
    AuditAction.LOG_IN: N_("Logged in"),
    AuditAction.LOG_IN_FAILED: N_("Failed to log in"),
    AuditAction.LOG_OUT: N_("Logged out"),
    AuditAction.SESSION_ENDED: N_("Ended sessions"),
    AuditAction.ACCOUNT_ENTERED: N_("Entered the account"),
    AuditAction.PROFILE_CHANGED: N_("Changed the own profile"),
    AuditAction.PASSWORD_CHANGED: N_("Changed the own password"),
    AuditAction.PASSWORD_RESET_ASKED: N_("Asked for a new password"),
    AuditAction.PASSWORD_RESET: N_("Set a new password by a link"),
    AuditAction.SECOND_FACTOR_ON: N_("Switched the second factor on"),
    AuditAction.SECOND_FACTOR_OFF: N_("Switched the second factor off"),
    AuditAction.RECOVERY_CODES_MADE: N_("Made new recovery codes"),
    AuditAction.RECOVERY_CODE_USED: N_("Used a recovery code"),
    AuditAction.USER_CREATED: N_("Accepted an invitation"),
    AuditAction.USER_INVITED: N_("Invited a user"),
    AuditAction.USER_JOINED: N_("Joined the account"),
    AuditAction.USER_ROLE_CHANGED: N_("Changed a role"),
    AuditAction.USER_REMOVED: N_("Removed a user"),
    AuditAction.USER_SUSPENDED: N_("Suspended a user"),
    AuditAction.USER_RESUMED: N_("Let a user in again"),
    AuditAction.OPERATOR_GRANTED: N_("Made a user operator"),
    AuditAction.OPERATOR_REVOKED: N_("Took operator rights away"),
    AuditAction.INVITATION_WITHDRAWN: N_("Withdrew an invitation"),
    AuditAction.ACCOUNT_CREATED: N_("Made an account"),
    AuditAction.ACCOUNT_SUSPENDED: N_("Suspended the account"),
    AuditAction.ACCOUNT_RESUMED: N_("Resumed the account"),
    AuditAction.ACCOUNT_PERMISSION_CHANGED: N_("Changed a permission"),
    AuditAction.ACCOUNT_LIMIT_CHANGED: N_("Changed a limit"),
    AuditAction.ACCOUNT_POOL_CHANGED: N_("Changed the pool of sources"),
    AuditAction.ACCOUNT_CREDITED: N_("Credited the account"),
    AuditAction.CREDENTIAL_CREATED: N_("Made a credential"),
    AuditAction.CREDENTIAL_REVOKED: N_("Revoked a credential"),
    AuditAction.CALLBACK_CHANGED: N_("Changed a callback"),
    AuditAction.CALLBACK_REMOVED: N_("Removed a callback"),
    AuditAction.CALLBACK_TESTED: N_("Tested a callback"),
    AuditAction.CALLBACK_REPLAYED: N_("Replayed calls"),
    AuditAction.TRACKING_CHANGED: N_("Changed tracking"),
    AuditAction.TLS_POLICY_CHANGED: N_("Changed the TLS policy"),
    AuditAction.DOMAIN_CREATED: N_("Added a domain"),
    AuditAction.DOMAIN_CHECKED: N_("Checked a domain"),
    AuditAction.DOMAIN_CHANGED: N_("Changed a domain"),
    AuditAction.DOMAIN_KEY_CHANGED: N_("Changed a DKIM key"),
    AuditAction.DOMAIN_REMOVED: N_("Removed a domain"),
    AuditAction.DOMAIN_LEVEL_CHANGED: N_("Changed a domain's level"),
    AuditAction.SENDER_CREATED: N_("Made a sender"),
    AuditAction.SENDER_CHANGED: N_("Changed a sender"),
    AuditAction.SENDER_PASSWORD_CHANGED: N_("Set an SMTP password"),
    AuditAction.SENDER_REMOVED: N_("Removed a sender"),
    AuditAction.UNSUBSCRIBE_CHANGED: N_("Changed unsubscribing"),
    AuditAction.TEMPLATE_CREATED: N_("Made a template"),
    AuditAction.TEMPLATE_CHANGED: N_("Changed a template"),
    AuditAction.TEMPLATE_REMOVED: N_("Removed a template"),
    AuditAction.TEMPLATE_APPROVED: N_("Approved a template"),
    AuditAction.TEMPLATE_REJECTED: N_("Rejected a template"),
    AuditAction.TEMPLATE_TESTED: N_("Sent a test of a template"),
    AuditAction.MAIL_SENT: N_("Sent a mail"),
    AuditAction.TASK_CREATED: N_("Made a bulk task"),
    AuditAction.TASK_CHANGED: N_("Changed a bulk task"),
    AuditAction.TASK_PAUSED: N_("Paused a bulk task"),
    AuditAction.TASK_RESUMED: N_("Resumed a bulk task"),
    AuditAction.TASK_CANCELLED: N_("Cancelled a bulk task"),
    AuditAction.LIST_CREATED: N_("Made a receiver list"),
    AuditAction.LIST_CHANGED: N_("Changed a receiver list"),
    AuditAction.LIST_UPLOADED: N_("Uploaded receivers"),
    AuditAction.LIST_EXPORTED: N_("Exported receivers"),
    AuditAction.LIST_REMOVED: N_("Removed a receiver list"),
    AuditAction.REPORT_EXPORTED: N_("Exported a report"),
    AuditAction.ADDRESS_BLOCKED: N_("Blocked an address"),
    AuditAction.ADDRESS_UNBLOCKED: N_("Unblocked an address"),
    AuditAction.ADDRESSES_IMPORTED: N_("Imported blocked addresses"),
    AuditAction.ADDRESSES_EXPORTED: N_("Exported blocked addresses"),
    AuditAction.QUEUE_RETRIED: N_("Retried queued mail"),
    AuditAction.QUEUE_DROPPED: N_("Dropped queued mail"),
    AuditAction.QUEUE_HELD: N_("Held queued mail"),
    AuditAction.QUEUE_RELEASED: N_("Released queued mail"),
    AuditAction.REACTION_CANCELLED: N_("Cancelled a reaction"),
    AuditAction.REPLY_CLASSIFIED: N_("Classified a reply"),
    AuditAction.SOURCE_CHANGED: N_("Changed a source"),
}
"""What each action is called, said of whoever did it."""


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as the page shows it."""

    entry: AuditEntry
    account: str

    @property
    def words(self) -> str:
        """Return what was done, to be translated."""
        return WORDS[self.entry.action]


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/audit", Right.OWN, of_account),
        page("/operator/audit", Right.OPERATE, of_everyone),
    ]


async def of_account(visit: Visit) -> Response:
    """Show what was done in the account, newest first; `user` shows one person's doing."""
    members = await visit.services.users.members(visit.account.id)
    people = [(str(member.user.id), member.user.email) for member in members]
    asked = _asked(visit, url("/audit"), "user", [number for number, _ in people])
    found = await _found(visit, asked, visit.account.id, asked["user"])
    return _page(visit, "audit/of_account.html.j2", asked, found, people=people)


async def of_everyone(visit: Visit) -> Response:
    """Show what was done in all accounts and outside of them, or in one account."""
    accounts = await visit.services.accounts.list()
    numbers = [str(each.id) for each in accounts]
    asked = _asked(visit, url("/operator/audit"), "account", numbers)
    account_id = int(asked["account"]) if asked["account"] else None
    found = await _found(visit, asked, account_id, "")
    return _page(visit, "audit/of_everyone.html.j2", asked, found, accounts=accounts)


def _asked(visit: Visit, path: str, name: str, choices: Sequence[str]) -> ListQuery:
    return read_list(path, visit.query, sorts=("at",), usual="-at", filters={name: choices})


async def _found(
    visit: Visit, asked: ListQuery, account_id: int | None, user: str
) -> Sequence[AuditEntry]:
    return await visit.services.audit.list(
        AuditFilter(
            account_id=account_id,
            user_id=int(user) if user else None,
            below=read_key(asked.after),
            most=asked.limit,
        )
    )


def _page(
    visit: Visit,
    template: str,
    asked: ListQuery,
    found: Sequence[AuditEntry],
    *,
    people: Sequence[tuple[str, str]] = (),
    accounts: Sequence[Account] = (),
) -> Response:
    names = {account.id: account.name for account in accounts}
    rows = [Row(entry, names.get(entry.account_id or 0, "")) for entry in found]
    last = rows[asked.rows - 1].entry.id if len(rows) > asked.rows else 0
    shown = page_of(asked, rows, next_key=str(last) if last else "")
    days = visit.services.settings.retention.audit_days
    return visit.page(template, page=shown, people=people, accounts=accounts, days=days)
