"""Values that stand in for the variables of a template while somebody looks at it (pure)."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from tayori.refusal.table import Language

_ByLanguage = Mapping[Language, str]
_PERSON: Final[_ByLanguage] = {
    Language.EN: "Alex Morgan",
    Language.JA: "山田 花子",
    Language.ZH: "李华",
}
_SHOP: Final[_ByLanguage] = {
    Language.EN: "Harbour Books",
    Language.JA: "みなと書店",
    Language.ZH: "港湾书店",
}
_PLACE: Final[_ByLanguage] = {
    Language.EN: "12 Harbour Street",
    Language.JA: "港町 1 丁目 2 番 3 号",
    Language.ZH: "港湾路 12 号",
}
_MONEY: Final[_ByLanguage] = {
    Language.EN: "$48.00",
    Language.JA: "4,800 円",
    Language.ZH: "¥480.00",
}
_DAY: Final[_ByLanguage] = {
    Language.EN: "1 December 2026",
    Language.JA: "2026 年 12 月 1 日",
    Language.ZH: "2026 年 12 月 1 日",
}
_GUESSES: Final[tuple[tuple[re.Pattern[str], _ByLanguage | str], ...]] = (
    (re.compile(r"e-?mail|mailbox|メール|邮箱"), "alex@example.com"),
    (re.compile(r"url|link|href|リンク|链接"), "https://www.example.com/"),
    (re.compile(r"phone|tel|mobile|電話|电话|手机"), "+81 3 1234 5678"),
    (re.compile(r"code|otp|pin|token|コード|验证码"), "482913"),
    (re.compile(r"date|day|deadline|日付|日期|期限"), _DAY),
    (re.compile(r"time|hour|時刻|時間|时间"), "18:30"),
    (re.compile(r"price|amount|total|sum|cost|金額|金额|价格|合計"), _MONEY),
    (re.compile(r"shop|store|company|brand|店|会社|公司"), _SHOP),
    (re.compile(r"address|street|city|住所|地址"), _PLACE),
    (re.compile(r"order|number|(?:^|[_.-])(?:id|no)$|番号|订单|编号"), "A-20261201-07"),
    (re.compile(r"count|quantity|points|percent|数量|ポイント|积分"), "3"),
    (re.compile(r"name|user|customer|名前|氏名|姓名|用户|お客様"), _PERSON),
)
"""The first that fits the name of a variable says what it may hold."""


def sample(name: str, language: Language) -> str:
    """Return a likely value for a variable; its own name in brackets when nothing tells."""
    lower = name.lower()
    for pattern, value in _GUESSES:
        if pattern.search(lower):
            return value if isinstance(value, str) else value[language]
    return f"[{name}]"


def samples(
    names: Iterable[str], language: Language, given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return a value for each variable, in the order of their names; those `given` as they are."""
    known = given or {}
    return {name: known.get(name) or sample(name, language) for name in sorted(names)}
