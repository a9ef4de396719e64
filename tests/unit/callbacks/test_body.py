import json

import pytest

from tayori.callbacks.body import EVENT_IDS, Fact, body_of
from tayori.classify.model import BounceClass
from tayori.events.model import PUBLIC, EventKind

FACT = {
    "at": 1_761_555_490_123,
    "email": "someone@example.com",
    "public_id": "qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1",
    "app_id": 251200670,
    "from_address": "news@mail.example.com",
    "subject": "Hello",
    "rfc_message_id": "<abc@mail.example.com>",
    "accepted_at": 1_761_555_487_999,
}


def told(**fields):
    return json.loads(body_of(Fact(**{**FACT, **fields})))


def test_a_bounce_has_the_fields_of_the_original():
    body = told(
        kind=EventKind.BOUNCE,
        template_id=123456,
        data={"reason": "551 5.1.1 recipient is not exist", "class": "unknown_user"},
        headers={"X-Tencentcloudses-Cb-Order": "77"},
    )
    assert body == {
        "event": "bounce",
        "eventid": 3,
        "email": "someone@example.com",
        "bulkId": "qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1",
        "timestamp": 1761555490,
        "reason": "551 5.1.1 recipient is not exist",
        "bounceType": "hard_bounce",
        "username": "251200670",
        "from": "news@mail.example.com",
        "fromDomain": "mail.example.com",
        "templateId": 123456,
        "subject": "Hello",
        "messageId": "abc@mail.example.com",
        "sentTimestamp": 1761555487,
        "X-Tencentcloudses-Cb-Order": "77",
        "tayori_class": "unknown_user",
    }


@pytest.mark.parametrize("about", sorted(BounceClass))
def test_only_what_is_about_the_address_is_a_hard_bounce(about):
    hard = {"unknown_user", "inactive", "moved", "dns", "relay_denied", "other"}
    found = told(kind=EventKind.BOUNCE, data={"class": about.value})["bounceType"]
    assert found == ("hard_bounce" if about.value in hard else "soft_bounce")


def test_what_only_some_events_have():
    plain = told(kind=EventKind.DELIVERED)
    assert plain["bounceType"] == plain["reason"] == ""
    assert not {"link", "useragent", "taskId"} & plain.keys()
    assert told(kind=EventKind.OPEN, data={"useragent": "Mozilla"})["useragent"] == "Mozilla"
    click = told(kind=EventKind.CLICK, task_id=9, data={"link": "https://x.test/?a=1&b=2"})
    assert (click["link"], click["useragent"], click["taskId"]) == (
        "https://x.test/?a=1&b=2",
        "",
        9,
    )


def test_a_subject_is_as_the_mail_has_it():
    subject = told(kind=EventKind.DELIVERED, subject="便り")["subject"]
    assert subject.isascii()
    assert subject.startswith("=?")


def test_a_header_of_the_customer_replaces_no_field():
    assert told(kind=EventKind.DELIVERED, headers={"event": "bounce"})["event"] == "delivered"


@pytest.mark.parametrize("kind", sorted(EVENT_IDS))
def test_every_kind_has_its_number(kind):
    assert told(kind=kind)["eventid"] == EVENT_IDS[kind]


def test_every_public_event_is_told():
    assert set(EVENT_IDS) == PUBLIC
