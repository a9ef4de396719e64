"""Languages of the unsubscribe link by number: 1 and 2 change places in international regions.

Inside, numbers are those of the regions of China: 1 simplified Chinese, 2 English.
"""

from typing import Final

CHOICES: Final = frozenset(map(str, range(13)))
_SWAPPED: Final = {"1": "2", "2": "1"}
_OF_CHINA: Final = frozenset(
    {
        *("ap-guangzhou", "ap-hongkong", "ap-shanghai", "ap-beijing", "ap-chengdu"),
        *("ap-chongqing", "ap-nanjing", "ap-shenzhen-fsi", "ap-shanghai-fsi", "ap-beijing-fsi"),
        *("ap-taipei", "ap-tianjin", "ap-shenzhen", ""),
    }
)
"""Regions, and no region, in which 1 means simplified Chinese."""


def swapped(choice: str, region: str) -> str:
    """Return a choice of the region as it counts inside, or one of inside as the region counts."""
    return choice if region.strip().lower() in _OF_CHINA else _SWAPPED.get(choice, choice)
