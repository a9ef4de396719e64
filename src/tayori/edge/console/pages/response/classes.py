"""What each class of bounce means, and what to do about it; translated where shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tayori.classify.model import BounceClass
from tayori.edge.console.languages import N_


@dataclass(frozen=True, slots=True)
class Explained:
    """A class in words."""

    word: str
    meaning: str
    advice: str


CLASSES: Final[Mapping[BounceClass, Explained]] = {
    BounceClass.UNKNOWN_USER: Explained(
        N_("Unknown mailbox"),
        N_("There is no such mailbox at the receiver."),
        N_("Take the address out of your lists. It is on the shared blacklist for 14 days."),
    ),
    BounceClass.INACTIVE: Explained(
        N_("Mailbox out of use"),
        N_("The mailbox exists but is closed or was not used for a long time."),
        N_("Take the address out of your lists, or ask the person for another one."),
    ),
    BounceClass.MAILBOX_FULL: Explained(
        N_("Mailbox full"),
        N_("The mailbox has no room for the mail."),
        N_("Nothing at once. An address that is full for days is blocked by itself."),
    ),
    BounceClass.MOVED: Explained(
        N_("Moved"),
        N_("The person has another address now."),
        N_("Look for the new address in the reply, and change your list."),
    ),
    BounceClass.RATE_LIMITED: Explained(
        N_("Too fast for the receiver"),
        N_("The receiver takes fewer mails at a time than it was sent."),
        N_("Send in smaller portions; the service slows down for such receivers by itself."),
    ),
    BounceClass.GREYLISTED: Explained(
        N_("Asked to come back later"),
        N_("The receiver put a first contact off and did not take the later attempts either."),
        N_("Resend. If it stays, ask the receiver to let your domain through."),
    ),
    BounceClass.REPUTATION: Explained(
        N_("Poor reputation"),
        N_("The receiver distrusts your domain or the address that the mail came from."),
        N_("Write only to people who asked for it, and let the volume grow slowly."),
    ),
    BounceClass.CONTENT: Explained(
        N_("Content taken for spam"),
        N_("Something in the mail looks like spam or malware to the receiver."),
        N_("Check the template's quality score, its links and its wording, and test again."),
    ),
    BounceClass.AUTHENTICATION: Explained(
        N_("Sender not proven"),
        N_("SPF, DKIM or DMARC did not satisfy the receiver."),
        N_("Open the domain and check that all its DNS records are found."),
    ),
    BounceClass.POLICY: Explained(
        N_("Against the receiver's rules"),
        N_("A rule of the receiver forbids this mail."),
        N_("Read the reply; often only the receiver's postmaster can help."),
    ),
    BounceClass.RELAY_DENIED: Explained(
        N_("Domain not served there"),
        N_("The receiving server takes no mail for this domain."),
        N_("Check the spelling of the domain behind the @."),
    ),
    BounceClass.DNS: Explained(
        N_("Domain not found"),
        N_("The domain does not exist, or no mail server is named for it."),
        N_("Check the spelling of the domain; take the address out if it is right."),
    ),
    BounceClass.NETWORK: Explained(
        N_("No connection"),
        N_("The receiver's servers could not be reached."),
        N_("Resend later; the receiver may have been down."),
    ),
    BounceClass.TLS: Explained(
        N_("No secure connection"),
        N_("The mail has to travel encrypted, and the receiver could not do that."),
        N_("Ask the receiver, or loosen the TLS policy if yours demands it."),
    ),
    BounceClass.TOO_LARGE: Explained(
        N_("Mail too large"),
        N_("The mail is larger than the receiver takes."),
        N_("Make images and attachments smaller, or link to them."),
    ),
    BounceClass.PROTOCOL: Explained(
        N_("Servers at odds"),
        N_("The receiver's server did not speak the protocol as it should."),
        N_("Resend later; tell the operator of this service if it stays."),
    ),
    BounceClass.LOOP: Explained(
        N_("Mail loop"),
        N_("At the receiver the mail goes round in circles."),
        N_("Only the receiver can mend that; leave the address out until then."),
    ),
    BounceClass.EXPIRED: Explained(
        N_("Not delivered in time"),
        N_("Every attempt was put off until the mail's lifetime ended."),
        N_("Resend. Look at the last reply for the reason."),
    ),
    BounceClass.SYSTEM: Explained(
        N_("Trouble at the receiver"),
        N_("The receiver's server has trouble of its own."),
        N_("Resend later."),
    ),
    BounceClass.OTHER: Explained(
        N_("Other"),
        N_("The reply fits none of the other classes."),
        N_("Read the reply; it is the receiver's own word."),
    ),
}
