"""The official clients in other languages, behind one call."""

import asyncio
import json
import os
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import trustme
from tests.support.node import NODE, ROOT, node_project
from tests.support.tccli import tccli
from tests.support.tenant import Tenant

Answer = dict[str, Any]
_TRUST = "import certifi\ncertifi.where = lambda: {file!r}\n"
"""Makes Python trust our own authority, as an entry in the machine's list would."""
_ERROR = re.compile(r"code:(\S+) message:(.*?) requestId:(\S+)", re.DOTALL)


class ClientError(Exception):
    """The error that a client raised: the code, a sentence and the RequestId."""

    def __init__(self, code: str, sentence: str, request_id: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.request_id = request_id


class OtherClient(Protocol):
    """One client with one account's keys."""

    async def call(self, action: str, **parameters: Any) -> Answer:
        """Return the response, RequestId included; ClientError."""
        ...


class NodeClient:
    """The Node.js SDK in one process that takes call after call."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def call(self, action: str, **parameters: Any) -> Answer:
        """Return the response; ClientError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"action": action, "parameters": parameters})
        self._process.stdin.write(line.encode() + b"\n")
        answer = json.loads(await self._process.stdout.readline())
        if "response" not in answer:
            raise ClientError(answer["code"], answer["message"], answer["requestId"])
        response: Answer = answer["response"]
        return response


@asynccontextmanager
async def node_client(http: str, tenant: Tenant) -> AsyncIterator[OtherClient]:
    """Run the Node.js SDK against the server at `http`."""
    project = await asyncio.to_thread(node_project, ROOT / "tests" / "node_sdk")
    process = await asyncio.create_subprocess_exec(
        *(NODE, project / "call.mjs", http, tenant.secret_id, tenant.secret_key),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 22,
    )
    try:
        yield NodeClient(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


class CommandLineClient:
    """tccli, one process for each call; it speaks HTTPS only."""

    def __init__(self, endpoint: str, tenant: Tenant, home: Path) -> None:
        self._endpoint = endpoint
        self._tenant = tenant
        self._home = home

    async def call(self, action: str, **parameters: Any) -> Answer:
        """Return the response; ClientError."""
        given = self._home / "parameters.json"
        given.write_text(json.dumps(parameters))
        process = await asyncio.create_subprocess_exec(
            *(await asyncio.to_thread(tccli), "ses", action),
            *("--cli-input-json", f"file://{given}", "--endpoint", self._endpoint),
            *("--region", "ap-hongkong", "--language", "en-US"),
            *("--secretId", self._tenant.secret_id, "--secretKey", self._tenant.secret_key),
            env={
                "HOME": str(self._home),
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(self._home),
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, trouble = (text.decode() for text in await process.communicate())
        if process.returncode == 0:
            response: Answer = json.loads(printed)
            return response
        found = _ERROR.search(printed + trouble)
        assert found, printed + trouble
        raise ClientError(*found.groups())


@asynccontextmanager
async def command_line_client(http: str, tenant: Tenant, home: Path) -> AsyncIterator[OtherClient]:
    """Run tccli against the server at `http`, with TLS in front of it as a proxy would be."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(home / "ca.pem"))
    (home / "sitecustomize.py").write_text(_TRUST.format(file=str(home / "ca.pem")))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    host, _, port = http.rpartition(":")

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server, server_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_pump(reader, server_writer), _pump(to_server, writer))

    front = await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context)
    try:
        endpoint = f"127.0.0.1:{front.sockets[0].getsockname()[1]}"
        yield CommandLineClient(endpoint, tenant, home)
    finally:
        front.close()
        await front.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while octets := await reader.read(65_536):
        writer.write(octets)
        await writer.drain()
    writer.close()
