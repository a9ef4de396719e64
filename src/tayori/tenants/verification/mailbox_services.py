"""Services that keep mailboxes, known by the MX hosts and SPF domains they give their customers.

A domain that uses one must not lose its mail to us: its MX stays, its SPF is merged.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tayori.dns.names import is_below


@dataclass(frozen=True, slots=True)
class MailboxService:
    """One service: `mx` are the domains of its hosts, `spf` what its customers include."""

    name: str
    mx: tuple[str, ...]
    spf: tuple[str, ...]


SERVICES = (
    MailboxService("Google Workspace", ("google.com", "googlemail.com"), ("_spf.google.com",)),
    MailboxService(
        "Microsoft 365",
        ("mail.protection.outlook.com", "mx.microsoft"),
        ("spf.protection.outlook.com", "spf.protection.partner.outlook.cn"),
    ),
    MailboxService("Tencent Exmail", ("mxbiz1.qq.com", "mxbiz2.qq.com"), ("spf.mail.qq.com",)),
    MailboxService("Alibaba Mail", ("mxhichina.com", "qiye.aliyun.com"), ("spf.qiye.aliyun.com",)),
    MailboxService(
        "NetEase Mail", ("qiye.163.com", "ym.163.com"), ("spf.163.com", "spf.qiye.163.com")
    ),
    MailboxService("Feishu/Lark Mail", ("feishu.cn", "larksuite.com"), ("_netblocks.m.feishu.cn",)),
    MailboxService(
        "Zoho Mail", ("zoho.com", "zoho.eu", "zoho.com.cn", "zoho.jp"), ("zoho.com", "zohomail.com")
    ),
    MailboxService("iCloud Mail", ("mail.icloud.com",), ("icloud.com",)),
    MailboxService("Fastmail", ("messagingengine.com",), ("spf.messagingengine.com",)),
    MailboxService("Proton Mail", ("protonmail.ch",), ("_spf.protonmail.ch",)),
    MailboxService("Yandex 360", ("yandex.net", "yandex.ru"), ("_spf.yandex.net",)),
    MailboxService("Sakura Internet", ("sakura.ne.jp",), ()),
    MailboxService("XServer", ("xserver.jp",), ("spf.sender.xserver.jp",)),
    MailboxService("KAGOYA", ("kagoya.net",), ("kagoya.net",)),
    MailboxService("GMX", ("gmx.net",), ("gmx.net",)),
    MailboxService("IONOS", ("ionos.com", "kundenserver.de"), ("_spf.perfora.net",)),
)


def by_hosts(hosts: Iterable[str]) -> MailboxService | None:
    """Return the service that one of the MX hosts belongs to."""
    names = tuple(hosts)
    for service in SERVICES:
        if any(is_below(name, domain) for name in names for domain in service.mx):
            return service
    return None


def by_includes(includes: Iterable[str]) -> MailboxService | None:
    """Return the service that one of the included SPF domains belongs to."""
    names = set(includes)
    return next((service for service in SERVICES if names & set(service.spf)), None)
