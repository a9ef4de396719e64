"""The receivers of the zoo: the large providers as they are known, and some difficult characters.

Limits are those that the providers or the community publish; texts are the ones that senders have
seen, with our own address and names in them. Rates that nobody publishes are those of our default.
"""

from tests.support.zoo.china import NETEASE, QQ
from tests.support.zoo.limits import USUAL_CONNECTION_RATE, USUAL_RATE, Limits, Rule
from tests.support.zoo.species import Site, Species, at_content, at_rcpt

from tayori.mail.reply import Reply

GMAIL = Species(
    name="gmail",
    sites=(
        Site(
            hosts=("gmail-smtp-in.l.google.com", "alt1.gmail-smtp-in.l.google.com"),
            domains=("gmail.com", "googlemail.com"),
        ),
        Site(hosts=("aspmx.l.google.com",), domains=("workspace1.test", "workspace2.test")),
    ),
    limits=Limits(
        connections=5,
        mails_per_connection=50,
        connection_rate=USUAL_CONNECTION_RATE,
        mail_rates=(USUAL_RATE,),
        tls=True,
    ),
    over={
        Rule.CONNECTIONS: Reply(
            421,
            "4.7.0",
            ("Too many concurrent connections from your IP address. a1-20020a17si1 - gsmtp",),
        ),
        Rule.MAIL_RATE: Reply(
            421,
            "4.7.28",
            (
                (
                    "Gmail has detected an unusual rate of unsolicited mail originating from your "
                    "IP address. To protect our users from spam, mail sent from your IP address has "
                    "been temporarily rate limited. - gsmtp"
                ),
            ),
        ),
        Rule.TLS: Reply(530, "5.7.0", ("Must issue a STARTTLS command first. - gsmtp",)),
    },
    refusals={
        "unknown": at_rcpt(
            550,
            "5.1.1",
            "The email account that you tried to reach does not exist. Please try double-checking "
            "the recipient's email address for typos or unnecessary spaces. For more information, "
            "go to https://support.google.com/mail/?p=NoSuchUser a1-20020a17si1 - gsmtp",
            "unknown_user",
            ends=True,
        ),
        "disabled": at_rcpt(
            550,
            "5.2.1",
            "The email account that you tried to reach is inactive. For more information, go to "
            "https://support.google.com/mail/?p=DisabledUser a1-20020a17si1 - gsmtp",
            "inactive",
            ends=True,
        ),
        "full": at_rcpt(
            452,
            "4.2.2",
            "The recipient's inbox is out of storage space. Please direct the recipient to "
            "https://support.google.com/mail/?p=OverQuotaTemp a1-20020a17si1 - gsmtp",
            "mailbox_full",
            ends=False,
        ),
        "busy": at_rcpt(
            450,
            "4.2.1",
            "The user you are trying to contact is receiving mail at a rate that prevents "
            "additional messages from being delivered. Please resend your message at a later time. "
            "https://support.google.com/mail/?p=ReceivingRate a1-20020a17si1 - gsmtp",
            "rate_limited",
            ends=False,
        ),
        "unsigned": at_content(
            550,
            "5.7.26",
            "Your email has been blocked because the sender is unauthenticated. Gmail requires all "
            "senders to authenticate with either SPF or DKIM. a1-20020a17si1 - gsmtp",
            "authentication",
            ends=True,
        ),
        "spam": at_content(
            550,
            "5.7.1",
            "Gmail has detected that this message is likely unsolicited mail. To reduce the amount "
            "of spam sent to Gmail, this message has been blocked. a1-20020a17si1 - gsmtp",
            "content",
            ends=True,
        ),
    },
)
OUTLOOK = Species(
    name="outlook",
    sites=(
        Site(
            hosts=("outlook-com.olc.protection.outlook.com",),
            domains=("outlook.com", "live.com"),
        ),
        Site(hosts=("hotmail-com.olc.protection.outlook.com",), domains=("hotmail.com",)),
    ),
    limits=Limits(
        connections=5,
        mails_per_connection=50,
        connection_rate=USUAL_CONNECTION_RATE,
        mail_rates=(USUAL_RATE,),
    ),
    over={
        Rule.CONNECTIONS: Reply(
            421,
            "",
            (
                (
                    "RP-002 (SNT004-MC1F1) Unfortunately, some messages from 127.0.0.1 weren't sent. "
                    "Your IP has exceeded the maximum number of connections."
                ),
            ),
        ),
        Rule.MAIL_RATE: Reply(
            451,
            "4.7.650",
            (
                (
                    "The mail server [127.0.0.1] has been temporarily rate limited due to IP "
                    "reputation. For e-mail delivery information, see https://postmaster.live.com (S775)"
                ),
            ),
        ),
    },
    refusals={
        "unknown": at_rcpt(
            550,
            "5.5.0",
            "Requested action not taken: mailbox unavailable (S2017062302). "
            "[SN1NAM02FT0001.eop-nam02.prod.protection.outlook.com]",
            "unknown_user",
            ends=True,
        ),
        "full": at_rcpt(
            452,
            "4.2.2",
            "The recipient's mailbox is full and can't accept messages now.",
            "mailbox_full",
            ends=False,
        ),
        "unsigned": at_content(
            550,
            "5.7.515",
            "Access denied, sending domain mail.shop.test does not meet the required "
            "authentication level. [SN1NAM02FT0001.eop-nam02.prod.protection.outlook.com]",
            "authentication",
            ends=True,
        ),
    },
)
OFFICE365 = Species(
    name="office365",
    sites=tuple(
        Site(hosts=(f"firm{n}-test.mail.protection.outlook.com",), domains=(f"firm{n}.test",))
        for n in range(3)
    ),
    shared=False,
    limits=Limits(
        connections=5,
        mails_per_connection=50,
        connection_rate=USUAL_CONNECTION_RATE,
        mail_rates=(USUAL_RATE,),
    ),
    refusals={
        "unknown": at_rcpt(
            550,
            "5.1.10",
            "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            "unknown_user",
            ends=True,
        ),
        "denied": at_rcpt(
            550,
            "5.4.1",
            "Recipient address rejected: Access denied. [SN1NAM02FT0001.eop-nam02.prod.protection"
            ".outlook.com] AS(201806281)",
            "unknown_user",
            ends=True,
        ),
        "busy": at_rcpt(
            451,
            "4.7.500",
            "Server busy. Please try again later from [127.0.0.1]. (S77719) "
            "[SN1NAM02FT0001.eop-nam02.prod.protection.outlook.com]",
            "rate_limited",
            ends=False,
        ),
    },
)
YAHOO = Species(
    name="yahoo",
    sites=(
        Site(
            hosts=("mta5.am0.yahoodns.net", "mta6.am0.yahoodns.net"),
            domains=("yahoo.com", "aol.com"),
        ),
    ),
    limits=Limits(
        connections=10,
        mails_per_connection=20,
        connection_rate=USUAL_CONNECTION_RATE,
        mail_rates=(USUAL_RATE,),
    ),
    over={
        Rule.MAILS_PER_CONNECTION: Reply(
            421, "", ("Max message per connection reached, closing transmission channel",)
        ),
        Rule.MAIL_RATE: Reply(
            421,
            "4.7.0",
            (
                (
                    "[TSS04] Messages from 127.0.0.1 temporarily deferred due to unexpected volume or "
                    "user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes"
                ),
            ),
        ),
    },
    refusals={
        "unknown": at_content(
            554,
            "",
            "delivery error: dd This user doesn't have a yahoo.com account (ann@yahoo.com) [0] - "
            "mta4001.mail.bf1.yahoo.com",
            "unknown_user",
            ends=True,
        ),
        "disabled": at_content(
            554,
            "",
            "delivery error: dd This mailbox is disabled (554.30). - mta4001.mail.bf1.yahoo.com",
            "inactive",
            ends=True,
        ),
        "spam": at_content(
            554,
            "5.7.9",
            "Message not accepted for policy reasons. See https://postmaster.yahooinc.com/"
            "error-codes",
            "policy",
            ends=True,
        ),
    },
)
ICLOUD = Species(
    name="icloud",
    sites=(
        Site(
            hosts=("mx01.mail.icloud.com", "mx02.mail.icloud.com"),
            domains=("icloud.com", "me.com"),
        ),
    ),
    limits=Limits(
        connections=10,
        mails_per_connection=5,
        connection_rate=USUAL_CONNECTION_RATE,
        mail_rates=(USUAL_RATE,),
    ),
    refusals={
        "unknown": at_rcpt(
            550, "5.1.1", "<unknown@icloud.com>: user does not exist", "unknown_user", ends=True
        ),
        "full": at_rcpt(
            552, "5.2.2", "<full@icloud.com>: user is over quota", "mailbox_full", ends=False
        ),
        "spam": at_content(
            554,
            "5.7.1",
            "[CS01] Message rejected due to local policy. Please visit "
            "https://support.apple.com/en-us/HT204137",
            "policy",
            ends=True,
        ),
    },
)
GMX = Species(
    name="gmx",
    sites=(Site(hosts=("mx00.gmx.net", "mx01.gmx.net"), domains=("gmx.de", "gmx.net")),),
    limits=Limits(connections=4, mails_per_connection=20, tls=True),
    refusals={
        "unknown": at_rcpt(
            550,
            "",
            "Requested action not taken: mailbox unavailable. For explanation visit "
            "https://postmaster.gmx.net/en/case?c=r0601",
            "unknown_user",
            ends=True,
        ),
    },
)
PROVIDERS = (GMAIL, OUTLOOK, OFFICE365, YAHOO, QQ, NETEASE, ICLOUD, GMX)

PLAIN = Species(
    name="plain",
    trusted=False,
    sites=tuple(Site(hosts=(f"mx.plain{n}.test",), domains=(f"plain{n}.test",)) for n in range(6)),
    shared=False,
    limits=Limits(
        connections=10,
        mails_per_connection=100,
        connection_rate=USUAL_CONNECTION_RATE,
        mail_rates=(USUAL_RATE,),
    ),
)
"""Small firms whose servers nobody knows; what they permit is our default."""
GREYLISTER = Species(
    name="greylister",
    sites=(Site(hosts=("mx.greylister.test",), domains=("greylister.test",)),),
    greylist_s=3.0,
)
TARPIT = Species(
    name="tarpit",
    sites=(Site(hosts=("mx.tarpit.test",), domains=("tarpit.test",)),),
    greeting_s=8.0,
)
SLOW = Species(
    name="slow",
    sites=(Site(hosts=("mx.slow.test",), domains=("slow.test",)),),
    content_s=1.0,
)
CLEAR = Species(
    name="clear",
    sites=(Site(hosts=("mx.clear.test",), domains=("clear.test",)),),
    offers_tls=False,
)
NARROW = Species(
    name="narrow",
    sites=(Site(hosts=("mx.narrow.test",), domains=("narrow.test",)),),
    limits=Limits(connections=2),
)
"""Limits connections without having told anybody."""
BLOCKER = Species(
    name="blocker",
    sites=(Site(hosts=("mx.blocker.test",), domains=("blocker.test",)),),
    limits=Limits(connections=2, mails_per_connection=10),
    blocks_s=86_400.0,
    blocked=Reply(
        554,
        "5.7.1",
        ("Service unavailable; Client host [127.0.0.1] blocked for 24 hours due to abuse",),
    ),
)
PATIENT = (GREYLISTER, TARPIT, SLOW, CLEAR)
"""Take all mail in the end; none counts."""
EVERYBODY = (*PROVIDERS, PLAIN, *PATIENT, NARROW, BLOCKER)
