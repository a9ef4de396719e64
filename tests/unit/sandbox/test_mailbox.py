import asyncio

from tayori.sandbox.mailbox import Mailbox, ReceivedMail


def put(mailbox: Mailbox, to: str = "a@x.test", raw: bytes = b"x") -> ReceivedMail:
    return mailbox.add(return_path="s@x.test", recipients=(to,), raw=raw, received_at=1)


def test_the_newest_mails_are_kept() -> None:
    mailbox = Mailbox(max_mails=3)
    for _ in range(5):
        put(mailbox)
    assert [mail.id for mail in mailbox.mails] == [5, 4, 3]
    assert (len(mailbox), mailbox.received) == (3, 5)
    assert mailbox.get(2) is None
    newest = mailbox.get(5)
    assert newest is not None
    assert newest.recipients == ("a@x.test",)


def test_memory_is_bounded_but_the_newest_mail_stays() -> None:
    mailbox = Mailbox(max_octets=100)
    for _ in range(4):
        put(mailbox, raw=b"x" * 40)
    assert [mail.id for mail in mailbox.mails] == [4, 3]
    assert mailbox.octets == 80
    put(mailbox, raw=b"x" * 500)
    assert [mail.id for mail in mailbox.mails] == [5]
    mailbox.clear()
    assert (len(mailbox), mailbox.octets, mailbox.received) == (0, 0, 5)
    assert put(mailbox).id == 6


async def test_waiting_for_mails() -> None:
    mailbox = Mailbox()
    put(mailbox, "first@x.test")
    assert [mail.id for mail in await mailbox.wait_for()] == [1]
    three = asyncio.create_task(mailbox.wait_for(count=3))
    one = asyncio.create_task(mailbox.wait_for_recipient("Third@x.test"))
    await asyncio.sleep(0)
    put(mailbox, "second@x.test")
    await asyncio.sleep(0)
    assert not three.done()
    assert not one.done()
    put(mailbox, "third@X.test")
    assert [mail.id for mail in await three] == [1, 2, 3]
    assert (await one).id == 3
