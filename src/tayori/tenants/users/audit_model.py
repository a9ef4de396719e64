"""What users did, as values: the log that owners and operators read."""

from dataclasses import dataclass
from enum import StrEnum


class AuditAction(StrEnum):
    """Everything that is logged; each has a sentence in the console's languages."""

    LOG_IN = "log_in"
    LOG_IN_FAILED = "log_in_failed"
    LOG_OUT = "log_out"
    SESSION_ENDED = "session_ended"
    ACCOUNT_ENTERED = "account_entered"
    PROFILE_CHANGED = "profile_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a word, no secret
    PASSWORD_RESET_ASKED = "password_reset_asked"  # noqa: S105
    PASSWORD_RESET = "password_reset"  # noqa: S105
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    USER_CREATED = "user_created"
    USER_INVITED = "user_invited"
    USER_JOINED = "user_joined"
    USER_ROLE_CHANGED = "user_role_changed"
    USER_REMOVED = "user_removed"
    USER_SUSPENDED = "user_suspended"
    USER_RESUMED = "user_resumed"
    OPERATOR_GRANTED = "operator_granted"
    OPERATOR_REVOKED = "operator_revoked"
    INVITATION_WITHDRAWN = "invitation_withdrawn"

    ACCOUNT_CREATED = "account_created"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_RESUMED = "account_resumed"
    ACCOUNT_PERMISSION_CHANGED = "account_permission_changed"
    ACCOUNT_LIMIT_CHANGED = "account_limit_changed"
    ACCOUNT_POOL_CHANGED = "account_pool_changed"
    ACCOUNT_CREDITED = "account_credited"
    CREDENTIAL_CREATED = "credential_created"
    CREDENTIAL_REVOKED = "credential_revoked"
    CALLBACK_CHANGED = "callback_changed"
    CALLBACK_REMOVED = "callback_removed"
    CALLBACK_TESTED = "callback_tested"
    CALLBACK_REPLAYED = "callback_replayed"
    TRACKING_CHANGED = "tracking_changed"
    TLS_POLICY_CHANGED = "tls_policy_changed"

    DOMAIN_CREATED = "domain_created"
    DOMAIN_CHECKED = "domain_checked"
    DOMAIN_CHANGED = "domain_changed"
    DOMAIN_KEY_CHANGED = "domain_key_changed"
    DOMAIN_REMOVED = "domain_removed"
    DOMAIN_LEVEL_CHANGED = "domain_level_changed"
    SENDER_CREATED = "sender_created"
    SENDER_CHANGED = "sender_changed"
    SENDER_PASSWORD_CHANGED = "sender_password_changed"  # noqa: S105
    SENDER_REMOVED = "sender_removed"
    UNSUBSCRIBE_CHANGED = "unsubscribe_changed"
    TEMPLATE_CREATED = "template_created"
    TEMPLATE_CHANGED = "template_changed"
    TEMPLATE_REMOVED = "template_removed"
    TEMPLATE_APPROVED = "template_approved"
    TEMPLATE_REJECTED = "template_rejected"
    TEMPLATE_TESTED = "template_tested"

    MAIL_SENT = "mail_sent"
    TASK_CREATED = "task_created"
    TASK_CHANGED = "task_changed"
    TASK_PAUSED = "task_paused"
    TASK_RESUMED = "task_resumed"
    TASK_CANCELLED = "task_cancelled"
    LIST_CREATED = "list_created"
    LIST_CHANGED = "list_changed"
    LIST_UPLOADED = "list_uploaded"
    LIST_EXPORTED = "list_exported"
    LIST_REMOVED = "list_removed"
    REPORT_EXPORTED = "report_exported"
    ADDRESS_BLOCKED = "address_blocked"
    ADDRESS_UNBLOCKED = "address_unblocked"
    ADDRESSES_IMPORTED = "addresses_imported"
    ADDRESSES_EXPORTED = "addresses_exported"

    QUEUE_RETRIED = "queue_retried"
    QUEUE_DROPPED = "queue_dropped"
    QUEUE_HELD = "queue_held"
    QUEUE_RELEASED = "queue_released"
    REACTION_CANCELLED = "reaction_cancelled"
    REPLY_CLASSIFIED = "reply_classified"
    SOURCE_CHANGED = "source_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing that was done.

    `user_id` is None for the command and for whoever failed to log in, `email` says who ("" = the
    command). `account_id` is None for what concerns no account. `target` is what it was done to (a
    domain, an address, a name), `before` and `after` its values, without secrets. `address` is the
    client's. `id` and `at` are filled in by the log.
    """

    action: AuditAction
    user_id: int | None = None
    email: str = ""
    account_id: int | None = None
    target: str = ""
    before: str = ""
    after: str = ""
    address: str = ""
    id: int = 0
    at: int = 0
