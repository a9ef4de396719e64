"""The verbs of endpoints: set, test, replay, switch on, delete."""

from tayori.callbacks.destination import check_url
from tayori.callbacks.endpoint_store import EndpointStore
from tayori.callbacks.model import Answer, Endpoint
from tayori.callbacks.sender import Posting
from tayori.callbacks.signing import new_secret
from tayori.callbacks.trial import trial_body
from tayori.config.tree import CallbackSettings
from tayori.mail.address import AddressError, parse_mailbox
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.runtime.clock import Clock
from tayori.tenants.model import Account

TRIAL_CALL = 0
"""The call id of a test, which no real call has."""


class Endpoints:
    """Endpoints of accounts."""

    def __init__(self, *, store: EndpointStore, settings: CallbackSettings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    async def set(self, account: Account, url: str, sender: str = "") -> Endpoint | Refusal:
        """Set where an account's events go, or those of one of its senders; switches it on."""
        wrong = check_url(url, allow_private=self._settings.allow_private_networks)
        if wrong:
            return refuse(Code.INVALID_PARAMETER_VALUE, wrong, parameter="Url")
        address = _address(sender)
        if isinstance(address, Refusal):
            return address
        number = await self._store.put(account.id, address, url, new_secret(), self._clock.now())
        found = await self._store.get(number)
        if found is None:
            return refuse(Code.RESOURCE_NOT_FOUND)
        return found

    async def test(self, account: Account, endpoint: Endpoint, poster: Posting) -> Answer:
        """Post a made-up event, marked as such, and return the answer; nothing is stored."""
        body = trial_body(account, endpoint, self._clock.now())
        return await poster.post(endpoint, TRIAL_CALL, body)


def _address(sender: str) -> str | Refusal:
    if not sender:
        return ""
    mailbox = parse_mailbox(sender)
    if isinstance(mailbox, AddressError):
        return refuse(Code.INVALID_PARAMETER_VALUE, mailbox.saying, parameter="Sender")
    return mailbox.address.addr.lower()
