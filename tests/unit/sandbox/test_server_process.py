import asyncio
import os
from pathlib import Path

import pytest

from tayori.sandbox.server_process import ServerFailedError, ServerProcess


def settings(data_dir: Path, **more: str) -> dict[str, str]:
    return {
        "TAYORI_DATA_DIR": str(data_dir),
        "TAYORI_HTTP_LISTEN": "127.0.0.1:0",
        "TAYORI_DELIVERY_PROCESSES": "0",
        **more,
    }


async def test_a_server_starts_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Settings of another server on this machine are none of its business.
    monkeypatch.setenv("TAYORI_DATABASE_URL", "mysql://nonsense")
    server = ServerProcess(tmp_path, settings(tmp_path))
    addresses = await server.start()
    try:
        host, _, port = addresses.http.partition(":")
        assert host == "127.0.0.1"
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        await writer.wait_closed()
        os.kill(addresses.pid, 0)
    finally:
        await server.stop()
    await asyncio.wait_for(server.ended(), 5)
    assert not (tmp_path / "ready.json").exists()
    assert b'"event": "ready"' in server.log_file.read_bytes()


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, settings(tmp_path, TAYORI_SERVICE_TIMEZONE="Nowhere/City"))
    with pytest.raises(ServerFailedError, match="no IANA time zone"):
        await server.start()
    await server.stop()


async def test_stopping_what_never_started(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, {})
    await server.stop()
    await server.ended()
    assert not server.log_file.exists()
