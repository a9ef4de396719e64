"""Sender addresses: create, list, delete."""

from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Call, Done, Request, Response
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import SECOND


class CreateEmailAddressRequest(Request, frozen=True):
    """A new sender on a verified domain."""

    email_address: str
    email_sender_name: str | None = None


class ListEmailAddressRequest(Request, frozen=True):
    """No parameters."""


class DeleteEmailAddressRequest(Request, frozen=True):
    """A sender."""

    email_address: str


class UpdateEmailSmtpPassWordRequest(Request, frozen=True):
    """A new SMTP password for a sender."""

    password: str
    email_address: str


class EmailSender(Response, frozen=True):
    """A sender; the time is in Unix seconds, SmtpPwdType is 1 when a password is set."""

    email_address: str
    email_sender_name: str
    created_timestamp: int
    smtp_pwd_type: int


class ListEmailAddressResponse(Response, frozen=True):
    """All senders of the account."""

    email_senders: list[EmailSender]


async def create_email_address(
    services: Services, call: Call, request: CreateEmailAddressRequest
) -> Done | Refusal:
    """Make a sender on a verified domain of the account."""
    made = await services.senders.create(
        call.account.id, request.email_address, request.email_sender_name or ""
    )
    return made if isinstance(made, Refusal) else Done()


async def list_email_address(
    services: Services, call: Call, _request: ListEmailAddressRequest
) -> ListEmailAddressResponse | Refusal:
    """Return the account's senders, newest first."""
    found = await services.senders.list(call.account.id)
    return ListEmailAddressResponse(
        email_senders=[
            EmailSender(
                email_address=sender.address.addr,
                email_sender_name=sender.display_name,
                created_timestamp=sender.created_at // SECOND,
                smtp_pwd_type=int(sender.has_smtp_password),
            )
            for sender in found
        ]
    )


async def delete_email_address(
    services: Services, call: Call, request: DeleteEmailAddressRequest
) -> Done | Refusal:
    """Delete a sender; mail that was accepted from it still goes out."""
    return await services.senders.delete(call.account.id, request.email_address) or Done()


async def update_email_smtp_password(
    services: Services, call: Call, request: UpdateEmailSmtpPassWordRequest
) -> Done | Refusal:
    """Set the password with which the sender logs in by SMTP."""
    refused = await services.senders.set_smtp_password(
        call.account.id, request.email_address, request.password
    )
    return refused or Done()
