"""How many bounces a second go through: listener to spool, and spool to events.

`python -m tests.bench.inbound --mails 1000` on an embedded database in a folder of its own.
"""

import argparse
import asyncio
import smtplib
import sys
import tempfile
import time
from pathlib import Path

from tests.support.inbound import inbound_world
from tests.support.returned_mails import dsn

from tayori.db import migrate
from tayori.db.open import database_url, open_database
from tayori.inbound.processing import Processing
from tayori.runtime.clock import SettableClock, process_clock

CONNECTIONS = 8


def hand_in(port: int, mails: list[tuple[str, bytes]]) -> None:
    """Send mails over one connection."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="relay.test", timeout=60) as client:
        for to, octets in mails:
            client.sendmail("", [to], octets)


async def measure(mails: int) -> tuple[float, float]:
    """Return mails a second taken, and understood."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        url = database_url("", folder)
        await migrate.prepare(url)
        database = open_database(url, 1)
        clock = SettableClock(process_clock().now())
        async with inbound_world(database, folder, clock, mails_per_second=0) as world:
            batches: list[list[tuple[str, bytes]]] = [[] for _ in range(CONNECTIONS)]
            for number in range(mails):
                address = f"r{number}@receiver.test"
                [recipient] = await world.sent(address)
                batches[number % CONNECTIONS].append((world.address(recipient), dsn(address)))
            began = time.perf_counter()
            await asyncio.gather(
                *(asyncio.to_thread(hand_in, world.port, batch) for batch in batches)
            )
            taken = time.perf_counter()
            processing = Processing(world.needs)
            while await processing.step():
                pass
            ended = time.perf_counter()
            [(_, total)] = (await world.spool.totals()).items()
            assert total == mails, "not every bounce was understood"
        await database.close()
    return mails / (taken - began), mails / (ended - taken)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1_000)
    taken, understood = asyncio.run(measure(parser.parse_args().mails))
    sys.stdout.write(f"taken {taken:,.0f} a second, understood {understood:,.0f} a second\n")


if __name__ == "__main__":
    main()
