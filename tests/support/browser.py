"""Debian's Chromium, unpacked beside the sources like other programs, driven by Playwright."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright
from tests.support.debian_tools import debian_tools

PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-noto-cjk")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    # Every name of a test's own leads to this machine.
    "--host-resolver-rules=MAP *.test 127.0.0.1",
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
READER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36"
)
"""A reader's browser; the headless one says that it is none."""
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@asynccontextmanager
async def browser(home: Path) -> AsyncIterator[Browser]:
    """Run a browser whose own files are in `home`."""
    tools = debian_tools(PACKAGES)
    libraries = tools.libraries
    fonts = home / "fonts.conf"
    fonts.write_text(_FONTS.format(fonts=tools.root / "usr/share/fonts", cache=home / "cache"))
    environment = {
        **os.environ,
        "HOME": str(home),
        "FONTCONFIG_FILE": str(fonts),
        "LD_LIBRARY_PATH": f"{libraries}:{libraries / 'pulseaudio'}",
    }
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=tools.root / "usr/lib/chromium/chromium",
            env=environment,
            args=[*FLAGS, f"--user-agent={READER}"],
        )
        try:
            yield started
        finally:
            await started.close()
