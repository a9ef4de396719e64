"""Reports on delivery without a machine-readable part: whom they are about, and in what words.

A report names its recipients at the beginnings of lines, alone or behind a label, each followed by
what went wrong; or it names one in the middle of a sentence. Nothing here judges the words: they
are returned in the order in which they are likely to be the reason.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tayori.mail.quoted_mail import split_quoted
from tayori.mail.returned import Returned

LONGEST_WORDS: Final = 600
MOST_WORDS: Final = 30
MOST_SECTIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Section:
    """One recipient, "" when none is named, and what is said about it, likeliest first."""

    address: str
    words: tuple[str, ...]


_WIDE: Final = "：（），。；、「」【】《》“”"  # noqa: RUF001 - what stands around addresses in Chinese
_NOT_LOCAL: Final = rf"\s<>()\[\]:;,\"'{_WIDE}"
_ADDRESS: Final = re.compile(rf"[^{_NOT_LOCAL}@]{{1,64}}@[^{_NOT_LOCAL}@]{{1,253}}")
_HEADLINE: Final = re.compile(
    rf"(?P<label>[^@:\uff1a<>]{{1,60}}[:\uff1a]\s{{0,20}}|[^@:\uff1a<>a-z]{{1,40}})?"
    rf"[<\[\"'(]{{0,3}}(?:smtp:|mailto:|rfc822; ?)?(?P<address>{_ADDRESS.pattern})"
    rf"(?=[>\]\"')\s:\uff1a,;.…]|\Z)",
    re.IGNORECASE,
)
_OTHER_LABEL: Final = re.compile(
    r"\W*(?:from|sender|original sender|return.?path|reply.?to|von|absender|expéditeur|remitente"
    r"|mittente|remetente|отправитель|от|发件人|寄件者|差出人|送信者|보낸 ?사람|contact|help"
    r"|support|generated from|message.?id|questions?)\b|.*\b(?:rcpt to|mail from) ?:",
    re.IGNORECASE,
)
_REPLY: Final = re.compile(
    r"(?<![\w.\[#/-])(?:(?:4[2-5]\d|471|5[0-57]\d)(?:[ -]#?| ?\(#)\S"
    r"|[45]\.\d{1,3}\.\d{1,3}[ )-])"
)
_SUBJECTS: Final = re.compile(
    r"undeliver|non.?deliver|not (?:been )?delivered|could not be delivered|bounce|rejected"
    r"|returned (?:mail|message|to sender)|returning (?:message )?to sender|permanent error"
    r"|delivery (?:status|fail|has failed|problem|error|notification|report|delay|incomplete)"
    r"|mail (?:delivery|fail|system error|delivery)|message (?:delivery|status|you sent blocked)"
    r"|failure notice|failed (?:mail|delivery)|delayed (?:mail|delivery)|warning: |relayed:"
    r"|email delivery failure|could not send message|return receipt"
    r"|unzustellbar|nicht zu(?:ge)?stell|zustell\w* .{0,20}(?:fehl|verzöger)|zustellfehler"
    r"|non.?remis|échec|non (?:distribu|délivr|livr)|n'a pas (?:pu être |été )(?:remis|dist|déliv)"
    r"|remise (?:retard|différ)|retour à l'expéditeur"
    r"|no (?:se )?(?:ha )?(?:pudo|puede|podido) (?:ser )?entreg|no entregad|devuelt"
    r"|error de entrega|entrega (?:fallida|retrasada)|mancat[ao] (?:consegna|recapito)"
    r"|non (?:recapitabil|consegnat)"
    r"|impossibile (?:consegnare|recapitare)|restituito al mittente"
    r"|não (?:pôde|pode) ser entregue|não entregue|falha na entrega|não (?:é|foi) possível entregar"
    r"|недостав|не (?:было |может быть )?доставлен|не удается доставить|(?:ошибка|сбой) доставки"
    r"|退信|退回|(?:投递|发送|傳送|寄送)(?:失败|失敗)|未送达|未能送达|(?:无法|無法)(?:传递|傳遞|送达|送達|投递|投遞)"
    r"|未送達|不達|配信(?:不能|エラー|でき|失敗|遅延)|送信(?:でき|エラー)|返送"
    r"|배달되지|배달 ?실패|반송|(?:발송|전송) ?실패|전송되지"
    r"|niet (?:worden )?(?:bezorgd|afgeleverd)|onbestelbaar|kan inte levereras|kunde inte levereras"
    r"|kunne ikke leveres|niedostarczon|nie (?:została|można) dostarcz|nedoruč|iletilemedi",
    re.IGNORECASE,
)
_PASSED_ON: Final = re.compile(
    r"\s*(?:\[[^\]]{1,20}\] ?)?"
    r"(?:re|fwd?|aw|wg|tr|rv|enc|i|res|转发|轉寄|回复|回覆|答复)\s*[:\uff1a]",
    re.IGNORECASE,
)
_SENDERS: Final = re.compile(
    r"mailer.?daemon|maildaemon|postmaster|mail ?delivery|\bbounces?\b|system administrator"
    r"|mail[- ]?(?:system|server|administrator)|microsoft ?(?:outlook|exchange)|delivery system"
    r"|почтов|メールサーバ|邮件系统|郵件系統|메일 ?시스템"
    r"|sistem[ae] (?:de correo|di posta|de email)",
    re.IGNORECASE,
)
_DELAY: Final = re.compile(
    r"\bdelay(?:ed)?\b|will (?:be retried|keep trying|continue|retry)"
    r"|not yet been delivered|still being retried|still undelivered"
    r"|verzöger|retard[ée]|retraso|retrasad|ritardo|ritardat|atrasad|延迟|延遲|遅延|задерж|지연"
    r"|warning: (?:message|could not)|status notification: warning|vertraagd",
    re.IGNORECASE,
)
_REFUSED: Final = re.compile(r"(?<![\w.\[#/-])5[0-57]\d[ -]")
_LOOKED_AT: Final = 2_000
_SENTENCE: Final = 2
"""Words of a line that may say something."""


def looks_like_bounce(mail: Returned) -> bool:
    """Tell whether a mail without a machine-readable part reads like a report."""
    if mail.header("X-Failed-Recipients"):
        return True
    empty_sender = mail.header("Return-Path").strip() in {"<>", ""}
    return _is_named(mail) and (empty_sender or is_from_daemon(mail))


def is_certain_bounce(mail: Returned) -> bool:
    """Tell whether subject and sender both say that it is one, whatever else it carries."""
    return bool(mail.header("X-Failed-Recipients")) or (_is_named(mail) and is_from_daemon(mail))


def is_from_daemon(mail: Returned) -> bool:
    """Tell whether a mail system wrote it, by its name."""
    return bool(_SENDERS.search(mail.header("From")))


def _is_named(mail: Returned) -> bool:
    subject = mail.header("Subject")
    return bool(_SUBJECTS.search(subject)) and not _PASSED_ON.match(subject)


def is_delayed(mail: Returned) -> bool:
    """Tell whether the report only warns; a refusal for good outweighs what the text says."""
    if _DELAY.search(mail.header("Subject")):
        return True
    said = split_quoted(mail.text)[0]
    return not _REFUSED.search(said) and bool(_DELAY.search(said[:_LOOKED_AT]))


def read_sections(mail: Returned) -> list[Section]:
    """Return the recipients that the text names with what it says of each; [] without any."""
    said = split_quoted(mail.text)[0]
    listed = _ADDRESS.findall(mail.header("X-Failed-Recipients"))
    if listed:
        spoken = Spoken(mail.text)
        return [Section(one, spoken.about(one)) for one in dict.fromkeys(listed[:MOST_SECTIONS])]
    lines = said.split("\n")
    heads = list(_headlines(lines, _ours(mail)))
    if heads:
        return _of_headlines(lines, heads)
    address = _mentioned(mail, said)
    words = Spoken(mail.text).about(address)
    if address or any(_REPLY.search(one) for one in words):
        return [Section(address, words)]
    return []


class Spoken:
    """What the text of a report says itself, taken apart once for all of its recipients."""

    def __init__(self, text: str) -> None:
        self._lines = split_quoted(text)[0].split("\n")
        sections = _of_headlines(self._lines, list(_headlines(self._lines, set())))
        self._sections = {section.address.lower(): section.words for section in sections}

    def about(self, address: str) -> tuple[str, ...]:
        """Return what is said about an address: replies first, then what stands behind it."""
        known = self._sections.get(address.lower())
        if known is not None:
            return known
        at = next((n for n, line in enumerate(self._lines) if address and address in line), 0)
        return _ordered(self._lines[at:], self._lines[:at])


def _of_headlines(lines: list[str], heads: Sequence[tuple[int, str]]) -> list[Section]:
    found: dict[str, list[str]] = {}
    for number, (at, address) in enumerate(heads):
        end = heads[number + 1][0] if number + 1 < len(heads) else len(lines)
        known = found.setdefault(address.lower(), [address])
        # An address that is named again at once goes on with what was said of it.
        again = number > 0 and heads[number - 1][1].lower() == address.lower()
        known.extend(lines[at:end] if again else ["", *lines[at:end]])
    before = lines[: heads[0][0]] if heads else []
    return [
        Section(address, _ordered(behind, before))
        for address, *behind in list(found.values())[:MOST_SECTIONS]
    ]


def _headlines(lines: Sequence[str], without: set[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        match = _HEADLINE.match(line.strip(" \t>*|-•\"'"))
        if match is None or _OTHER_LABEL.match(match["label"] or ""):
            continue
        address = match["address"].rstrip(".")
        if address.lower() not in without:
            yield number, address


def _mentioned(mail: Returned, said: str) -> str:
    """Return the address inside a sentence that a report is about, "" without one."""
    ours = _ours(mail)
    found = [
        one.rstrip(".") for one in _ADDRESS.findall(said) if one.rstrip(".").lower() not in ours
    ]
    to = {_bare(one) for one in _ADDRESS.findall((mail.original or {}).get("to", ""))}
    return next((one for one in found if one.lower() in to), next(iter(found), ""))


def _ours(mail: Returned) -> set[str]:
    """Return addresses that are named for other reasons than that they failed."""
    names = ("From", "To", "Return-Path", "Delivered-To", "Reply-To")
    ours = {_bare(mail.header(name)) for name in names}
    for name in ("from", "reply-to", "return-path", "sender"):
        ours.add(_bare((mail.original or {}).get(name, "")))
    quoted = re.search(r"(?mi)^from ?:(.{1,500})$", split_quoted(mail.text)[1])
    return ours | ({_bare(quoted[1])} if quoted else set())


def _ordered(behind: Sequence[str], before: Sequence[str]) -> tuple[str, ...]:
    """Return replies behind the address, sentences behind it, then the same before it."""
    later, earlier = list(_paragraphs(behind)), list(_paragraphs(before))
    words = [*_replies(later), *later, *_replies(earlier), *earlier]
    return tuple(dict.fromkeys(words))[:MOST_WORDS]


def _replies(paragraphs: Sequence[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        match = _REPLY.search(paragraph)
        if match is not None:
            yield paragraph[match.start() :]


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines that belong together as one line each; an address alone says nothing."""
    joined: list[str] = []
    for line in [*lines, ""]:
        plain = line.strip(" \t>*|").strip("-").strip()
        if plain:
            joined.append(plain)
            continue
        text = " ".join(joined)[:LONGEST_WORDS].strip()
        joined = []
        if len(_ADDRESS.sub("", text).strip(" <>:\"'.,()")) > _SENTENCE:
            yield text


def _bare(value: str) -> str:
    match = _ADDRESS.search(value)
    return match[0].lower() if match else ""
