"""The real server as a process: started, stopped, killed and asked as an operator would.

Everything listens on free ports of loopback, and all that it keeps is in the test's own folder. It
is ended by its process id; its log is read to the end, so no process of it is left when it stopped.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from tests.support.ledger import Ledger

from tayori.config.load import load
from tayori.config.tree import Settings
from tayori.runtime.clock import TESTING_OFFSET_FILE
from tayori.runtime.crash import KILL_VARIABLE, MARK_VARIABLE, Point

Sections = Mapping[str, Mapping[str, Any]]
_LOOK_AGAIN_S = 0.02

DEFAULTS: Sections = {
    "service": {"hostname": "mail.tayori.test"},
    "http": {"listen": "127.0.0.1:0"},
    "delivery": {"allow_private_networks": True, "processes": 0},
    "dns": {"timeout_s": 5.0},
    "domains": {"mx_host": "mx.tayori.test", "spf_include": "spf.tayori.test"},
    "policy": {
        "requests_per_second": 0,
        "account_per_day": 0,
        "level_per_day": [],
        "mailbox_per_hour": 0,
    },
}
"""Settings of every installation; without limits, since tests send much to few."""


class TayoriProcess:
    """One installation in `folder` and its server, which may be started again and again."""

    def __init__(self, folder: Path, settings: Sections) -> None:
        self.data_dir = folder / "data"
        self.mark = folder / "killed"
        """Is there once a process has died at its crash point."""
        self.ready: dict[str, Any] = {}
        """What ready.json said last."""
        self.up = asyncio.Event()
        """Is set from ready until the end of the process that was started."""
        self.log: list[dict[str, Any]] = []
        """What the server logged, all starts together."""
        self._config = folder / "tayori.toml"
        self._clock = folder / "clock"
        self._process: asyncio.subprocess.Process | None = None
        self._ended: asyncio.Task[int] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._url = str(settings.get("database", {}).get("url", ""))
        self._config.write_text(_toml(self.data_dir, settings))
        self.move_clock(0)

    # What an operator does

    async def start(self, kill: str = "", *, roles: str = "") -> None:
        """Start the server and return when it is ready.

        `kill` is a crash point and a count, as in "door.after_commit:17"; `roles` as of the
        command.
        """
        await self._spawn(kill, ("--roles", roles) if roles else ())
        await self.until(self._is_ready)
        self.up.set()

    def _is_ready(self) -> bool:
        assert self._process is not None
        try:
            said = json.loads((self.data_dir / "ready.json").read_text())
        except FileNotFoundError:
            return False
        # A server that was killed left its own file behind, until the next one takes it away.
        if said.get("pid") != self._process.pid:
            return False
        self.ready = said
        return True

    async def _spawn(self, kill: str, options: Sequence[str]) -> None:
        environment = self._environment()
        if kill:
            Point(kill.partition(":")[0])
            environment |= {KILL_VARIABLE: kill, MARK_VARIABLE: str(self.mark)}
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tayori", "serve", "--config", str(self._config), *options),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=1 << 22,
        )
        self._ended = asyncio.create_task(self._process.wait())
        self._ended.add_done_callback(lambda _: self.up.clear())
        self._reading = asyncio.create_task(self._read(self._process))

    async def stop(self) -> int:
        """Ask the server to stop (SIGTERM); return its status once all its processes are gone."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Kill the server (SIGKILL) and return once all its processes are gone."""
        await self._end(signal.SIGKILL)

    async def command(self, *arguments: str) -> Any:
        """Run `tayori ARGUMENTS --json` and return what it printed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tayori", *arguments),
            *("--json", "--config", str(self._config)),
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, trouble = await process.communicate()
        assert process.returncode == 0, (arguments, trouble.decode())
        return json.loads(printed)

    async def another(self) -> tuple[int, str]:
        """Start a second server on the same data; return its status and what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tayori", "serve", "--config", str(self._config)),
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, " ".join(said.decode().split())

    def move_clock(self, milliseconds: int) -> None:
        """Set the clock of all processes so much ahead of the machine's."""
        draft = self._clock.with_name("clock.new")
        draft.write_text(str(milliseconds))
        draft.replace(self._clock)

    # What a test waits for

    @property
    def http(self) -> str:
        """The address of the API, host:port."""
        return str(self.ready["http"])

    @property
    def settings(self) -> Settings:
        """The settings, as the server reads them."""
        return load(self._config, {})

    def ledger(self) -> AbstractAsyncContextManager[Ledger]:
        """Open the server's database, which may be in use."""
        return Ledger.of(self._url, self.data_dir)

    @property
    def running(self) -> bool:
        """Tell whether the process that was started is there."""
        return self._ended is not None and not self._ended.done()

    @property
    def errors(self) -> list[dict[str, Any]]:
        """What was logged as an error, and every line that is no log at all."""
        return [line for line in self.log if line.get("level") in {None, "error", "critical"}]

    @property
    def processes(self) -> dict[str, int]:
        """Return the ids of the server's own processes by their names, as it told them last."""
        started = [line for line in self.log if line.get("event") == "process_started"]
        return {str(line["process"]): int(line["child"]) for line in started}

    async def until(
        self, condition: Callable[[], bool | Awaitable[bool]], timeout_s: float = 90
    ) -> None:
        """Return when the condition holds; fails with the log's end when the server is gone."""
        try:
            async with asyncio.timeout(timeout_s):
                while not await _asked(condition):
                    assert self._ended is not None
                    assert not self._ended.done(), self._told("it ended")
                    await asyncio.wait({self._ended}, timeout=_LOOK_AGAIN_S)
        except TimeoutError:
            raise AssertionError(self._told("it took too long")) from None

    async def gone(self, timeout_s: float = 30) -> int:
        """Return the server's status once it and all its processes have ended."""
        assert self._ended is not None
        assert self._reading is not None
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.wait({self._ended, self._reading}, return_when=asyncio.ALL_COMPLETED)
        except TimeoutError:
            raise AssertionError(self._told("it does not end")) from None
        return self._ended.result()

    async def killed(self, timeout_s: float = 30) -> int:
        """Return when a process died at its crash point: milliseconds since the epoch."""
        async with asyncio.timeout(timeout_s):
            while not self.mark.exists():
                assert self._ended is not None
                await asyncio.wait({self._ended}, timeout=_LOOK_AGAIN_S)
                if self._ended.done() and not self.mark.exists():
                    raise AssertionError(self._told("it ended before the crash point"))
        return int(self.mark.read_text())

    async def close(self) -> None:
        """End whatever is still there, after a test of any outcome."""
        if not self.running:
            if self._reading is not None:
                await self.gone()
            return
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            await self.gone(timeout_s=20)
        except AssertionError:
            self._process.kill()
            await self.gone()

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return await self.gone()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            try:
                self.log.append(json.loads(line))
            except ValueError:
                self.log.append({"text": line.decode(errors="replace")})

    def _environment(self) -> dict[str, str]:
        ours = {name: text for name, text in os.environ.items() if not name.startswith("TAYORI_")}
        return ours | {TESTING_OFFSET_FILE: str(self._clock)}

    def _told(self, what: str) -> str:
        lines = "\n".join(json.dumps(line, ensure_ascii=False) for line in self.log[-30:])
        return f"{what}; the log ends with\n{lines}"


async def _asked(condition: Callable[[], bool | Awaitable[bool]]) -> bool:
    answer = condition()
    return answer if isinstance(answer, bool) else await answer


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {_value(one)}" for key, one in value.items())
        return f"{{ {inside} }}"
    return json.dumps(value)


def _toml(data_dir: Path, settings: Sections) -> str:
    """Return a settings file; JSON's texts, numbers, flags and lists are TOML's as well."""
    lines = [f"data_dir = {json.dumps(str(data_dir))}"]
    for section in {**DEFAULTS, **settings}:
        lines.append(f"[{section}]")
        keys = {**DEFAULTS.get(section, {}), **settings.get(section, {})}
        lines += [f"{key} = {_value(value)}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"
