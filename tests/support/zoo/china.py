"""QQ and NetEase as receivers: many of their 550s are limits that pass by themselves."""

from tests.support.zoo.limits import USUAL_CONNECTION_RATE, USUAL_RATE, Limits, Rule
from tests.support.zoo.species import Site, Species, at_content, at_rcpt

from tayori.mail.reply import Reply

QQ = Species(
    name="qq",
    sites=(
        Site(hosts=("mx1.qq.com", "mx2.qq.com", "mx3.qq.com"), domains=("qq.com", "foxmail.com")),
    ),
    limits=Limits(
        connections=4,
        mails_per_connection=8,
        connection_rate=USUAL_CONNECTION_RATE,
        mail_rates=(USUAL_RATE,),
        tls=True,
    ),
    over={
        Rule.CONNECTIONS: Reply(
            550,
            "",
            (
                (
                    "Connection frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1"
                    "&&id=20022&&no=1000722"
                ),
            ),
        ),
        Rule.MAIL_RATE: Reply(
            550,
            "",
            (
                (
                    "Ip frequency limited [127.0.0.1]. http://service.mail.qq.com/cgi-bin/help?"
                    "subtype=1&&id=20022&&no=1000725"
                ),
            ),
        ),
    },
    refusals={
        "unknown": at_rcpt(
            550,
            "",
            "Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022"
            "&&no=1000728",
            "unknown_user",
            ends=True,
        ),
        "busy": at_rcpt(
            550,
            "",
            "Mailbox unavailable or access denied [127.0.0.1]. http://service.mail.qq.com/cgi-bin/"
            "help?subtype=1&&id=20022&&no=1000717",
            "rate_limited",
            ends=False,
        ),
        "frequent": at_content(
            550,
            "",
            "Domain frequency limited [mail.shop.test]. http://service.mail.qq.com/cgi-bin/help?"
            "subtype=1&&id=20022&&no=1001256",
            "rate_limited",
            ends=False,
        ),
        "spam": at_content(
            550,
            "",
            "Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022"
            "&&no=1000726",
            "content",
            ends=True,
        ),
    },
)
NETEASE = Species(
    name="netease",
    trusted=False,
    sites=(
        Site(
            hosts=("163mx01.mxmail.netease.com", "163mx02.mxmail.netease.com"),
            domains=("163.com",),
        ),
        Site(hosts=("126mx01.mxmail.netease.com",), domains=("126.com",)),
    ),
    shared=False,
    limits=Limits(
        connections=4,
        mails_per_connection=7,
        connection_rate=USUAL_CONNECTION_RATE,
        mail_rates=(USUAL_RATE,),
        tls=True,
    ),
    over={
        Rule.CONNECTIONS: Reply(421, "", ("Too many connections, HL:ICC 163 gzmx1,1234",)),
        Rule.MAILS_PER_CONNECTION: Reply(
            451, "", ("Requested mail action not taken: too much mail, MI:DMC 163 gzmx1,1234",)
        ),
        Rule.MAIL_RATE: Reply(
            421, "", ("Too many connections in a short time, HL:IFC 163 gzmx1,1234",)
        ),
    },
    refusals={
        "unknown": at_rcpt(550, "", "User not found: unknown@163.com", "unknown_user", ends=True),
        "full": at_rcpt(
            552,
            "",
            "Requested mail action aborted: exceeded mailbox quota",
            "mailbox_full",
            ends=False,
        ),
        "daily": at_rcpt(
            550,
            "",
            "RP:ORQ 163 gzmx1,1234 http://mail.163.com/help/help_spam_16.htm",
            "rate_limited",
            ends=False,
        ),
        "spam": at_content(
            554,
            "",
            "DT:SPM 163 gzmx1,1234 please see http://mail.163.com/help/help_spam_16.htm?ip=127.0.0.1",
            "content",
            ends=True,
        ),
    },
)
