"""The made-up event by which an endpoint is tested."""

from tayori.callbacks.body import Fact, body_of
from tayori.callbacks.model import Endpoint
from tayori.events.model import EventKind
from tayori.runtime.clock import SECOND
from tayori.tenants.model import Account


def trial_body(account: Account, endpoint: Endpoint, now: int) -> str:
    """Return the body of a delivery that never was; its headers say so."""
    sender = endpoint.sender or "sender@example.com"
    return body_of(
        Fact(
            kind=EventKind.DELIVERED,
            at=now,
            email="recipient@example.com",
            public_id=f"qcloudses-30-{account.app_id}-date-20260101000000-0000000000000",
            app_id=account.app_id,
            from_address=sender,
            subject="A test of this callback address",
            rfc_message_id="test@example.com",
            accepted_at=now - SECOND,
            headers={"X-Tencentcloudses-Cb-Test": "This event is a test; no mail was sent."},
        )
    )
