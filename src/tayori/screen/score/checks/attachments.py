"""Files that receivers refuse by their names."""

from collections.abc import Iterable
from typing import Final

from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss, loss

_DANGEROUS: Final = frozenset(
    {
        *("ade", "adp", "app", "asp", "bas", "bat", "cer", "chm", "cmd", "com", "cpl", "crt"),
        *("csh", "dll", "exe", "fxp", "gadget", "hlp", "hta", "inf", "ins", "iso", "isp", "jar"),
        *("js", "jse", "ksh", "lib", "lnk", "mad", "mde", "mdt", "msc", "msi", "msp", "mst"),
        *("pif", "ps1", "reg", "scr", "sct", "sh", "shb", "sys", "vb", "vbe", "vbs", "vxd"),
        *("wsc", "wsf", "wsh", "docm", "xlsm", "pptm", "img", "vhd"),
    }
)


def check_attachments(evidence: Evidence) -> Iterable[Loss]:
    """Take points for the first such file."""
    if evidence.mail is None:
        return
    for file in evidence.mail.attachments:
        if file.name.rpartition(".")[2].lower() in _DANGEROUS:
            yield loss(Check.DANGEROUS_FILE, name=file.name)
            return
