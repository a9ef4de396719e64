"""Amounts of money as settings, commands and reports write them, and as they are counted.

An amount is an int of micro-units: millionths of the currency's unit. There are no fractions below.
"""

import re
from typing import Final

MICRO: Final = 1_000_000
"""Micro-units of one unit of a currency."""
PER: Final = 1_000
"""A price is that of so many mails."""
_AMOUNT: Final = re.compile(r"(-?)([0-9]{1,9})(?:\.([0-9]{1,6}))?\Z")
_PRICE: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,3})?\Z")


def read_amount(text: str) -> int | None:
    """Return the micro-units of an amount such as "12.50" or "-3"; None when it is none."""
    found = _AMOUNT.match(text)
    if found is None:
        return None
    sign, whole, fraction = found.groups()
    micros = int(whole) * MICRO + int((fraction or "").ljust(6, "0"))
    return -micros if sign else micros


def read_price(text: str) -> int | None:
    """Return the micro-units that one mail costs at a price per thousand, such as "1.90".

    None when it is no price. It has three decimals at most, so that one mail costs a whole number.
    """
    if not _PRICE.match(text):
        return None
    micros = read_amount(text)
    return None if micros is None else micros // PER


def written_amount(micros: int) -> str:
    """Return an amount with two decimals, more where it has them."""
    whole, fraction = divmod(abs(micros), MICRO)
    decimals = f"{fraction:06}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}{whole}.{decimals}"
