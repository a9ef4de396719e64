import email
import email.policy

import dkim
import pytest

from tayori.catalog.variables import MissingVariable, VariableFault
from tayori.compose.build import Capabilities, CompositionError, build, fill_subject
from tayori.compose.content import compile_template, own_content
from tayori.compose.model import (
    Recipe,
    RecipeAttachment,
    RecipeMailbox,
    decode_recipe,
    encode_recipe,
)
from tayori.mail.dkim import RsaSigner, generate_rsa
from tayori.mail.return_path import REFERENCE, REFERENCE_HEADER, ReturnPath, decode

DATE = 1_790_000_000_000
KEY = b"k" * 32
PAIRS = {selector: generate_rsa(bits) for selector, bits in (("t1", 1024), ("t2", 2048))}
SIGNERS = [RsaSigner(pem=PAIRS[s][0], domain="mail.example.org", selector=s) for s in PAIRS]


def recipe(**changes):
    values = {
        "public_id": "qcloudses-30-1300000001-date-20260921221320-abcdefghijklm",
        "app_id": 1300000001,
        "identity_id": 1,
        "domain": "mail.example.org",
        "date_at": DATE,
        "rfc_message_id": "<m1@mail.example.org>",
        "header_from": RecipeMailbox("news@mail.example.org", "Tayori 便り"),
        "subject": "Hello",
        "to": (RecipeMailbox("a@x.test"), RecipeMailbox("b@x.test", "B")),
    }
    return Recipe(**(values | changes))


def built(stored, content, **capabilities):
    return build(
        stored,
        content,
        recipient_id=42,
        signers=SIGNERS,
        token_key=KEY,
        capabilities=Capabilities(**capabilities),
    )


def parsed(mail):
    return email.message_from_bytes(mail.content, policy=email.policy.default)


def records(name, timeout=5):
    selector = name.decode().partition(".")[0]
    return b"v=DKIM1; k=rsa; p=" + PAIRS[selector][1].encode()


def signatures_hold(mail):
    verifier = dkim.DKIM(mail.content, minkey=1024)
    return [verifier.verify(idx=n, dnsfunc=records) for n in range(len(SIGNERS))]


CONTENTS = {
    "template": compile_template("<p>Hello {{name}}</p>", ""),
    "text": own_content("", "Only text\nin two lines"),
    "japanese": own_content("<p>便りがあります</p>" * 50, "便りがあります\n" * 50),
    "long line": own_content("<p>" + "x" * 3000 + "</p>", ""),
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("eight_bit", [True, False])
def test_every_mail_is_signed_twice_and_reads_back(name, eight_bit):
    stored = recipe(values={"name": "A & <B>"}, template=(7, 1) if name == "template" else None)
    mail = built(stored, CONTENTS[name], eight_bit=eight_bit)
    assert signatures_hold(mail) == [True, True]
    assert eight_bit or mail.content.isascii()
    assert max(len(line) for line in mail.content.split(b"\r\n")) <= 998
    message = parsed(mail)
    expected = CONTENTS[name].fill(stored.values)
    text = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text.strip() == expected.text.strip()
    html = message.get_body(("html",))
    assert (html.get_content().strip() if html else "") == expected.html.strip()
    assert message["From"].addresses[0].display_name == "Tayori 便り"
    assert [a.addr_spec for a in message["To"].addresses] == ["a@x.test", "b@x.test"]
    assert message["Message-ID"] == "<m1@mail.example.org>"
    assert int(message["Date"].datetime.timestamp()) * 1000 == DATE


def test_the_same_recipe_gives_the_same_octets_and_each_recipient_its_return_path():
    stored = decode_recipe(encode_recipe(recipe()))
    first = built(stored, CONTENTS["japanese"])
    assert built(recipe(), CONTENTS["japanese"]) == first
    local, _, domain = first.return_path.partition("@")
    assert domain == "mail.example.org"
    found = decode(local, KEY, DATE)
    assert isinstance(found, ReturnPath)
    assert found.recipient_id == 42
    assert decode(str(parsed(first)[REFERENCE_HEADER]), KEY, DATE, REFERENCE) == found


def test_values_are_escaped_in_html_and_plain_in_text():
    message = parsed(built(recipe(template=(7, 1), values={"name": "<i>&"}), CONTENTS["template"]))
    assert "Hello &lt;i&gt;&amp;" in message.get_body(("html",)).get_content()
    assert "Hello <i>&" in message.get_body(("plain",)).get_content()


def test_attachments_keep_their_names_and_octets():
    files = (
        RecipeAttachment("報告.pdf", bytes(range(256)) * 9),
        RecipeAttachment("a.txt", b"plain\n"),
    )
    mail = built(recipe(attachments=files), CONTENTS["text"])
    assert signatures_hold(mail) == [True, True]
    found = [
        (p.get_filename(), p.get_payload(decode=True)) for p in parsed(mail).iter_attachments()
    ]
    assert found == [(item.file_name, item.content) for item in files]


def test_hidden_recipients_stay_hidden_and_extra_headers_are_kept():
    stored = recipe(
        to=(), headers=(("X-Campaign", "spring ✿"),), reply_to=(RecipeMailbox("r@y.test"),)
    )
    message = parsed(built(stored, CONTENTS["text"]))
    assert message["To"].addresses == ()
    assert message["X-Campaign"] == "spring ✿"
    assert message["Reply-To"] == "r@y.test"
    assert message["Feedback-ID"] == "0:normal:1300000001:tayori"


def test_an_internationalised_address_needs_smtputf8():
    stored = recipe(to=(RecipeMailbox("用户@x.test"),))
    mail = built(stored, CONTENTS["text"], eight_bit=True, smtputf8=True)
    assert mail.smtputf8
    assert "用户@x.test".encode() in mail.content


def test_a_subject_takes_variables_and_stays_one_line():
    assert fill_subject("Hi {{name}}", {"name": "a\r\nBcc: x@y.test"}) == "Hi a Bcc: x@y.test"
    assert fill_subject("Hi {{name}}", {}) == MissingVariable("name")
    assert fill_subject("Hi {{", {}) == "Hi {{"


def test_a_recipe_without_its_values_is_our_fault():
    with pytest.raises(CompositionError, match="lacks a value"):
        built(recipe(template=(7, 1)), CONTENTS["template"])


def test_broken_braces_are_a_fault_of_the_template():
    assert isinstance(compile_template("{{a", ""), VariableFault)
    assert isinstance(compile_template("", "{{b"), VariableFault)
    assert compile_template("{{a}}", "{{b}}").names == {"a", "b"}
