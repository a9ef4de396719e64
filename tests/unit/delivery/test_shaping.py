"""Layers of the shaping rules, who belongs to a provider, and the sentences for mistakes."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.config.delivery import DeliverySettings
from tayori.config.rules import OWN_RULES, RuleFileError
from tayori.delivery.shaping import (
    NO_EFFECTS,
    Effects,
    Limits,
    Rate,
    Shape,
    Shaping,
    TlsDemand,
    limited_by,
)
from tayori.delivery.shaping_rules import LiveShaping
from tayori.runtime.clock import HOUR, MINUTE, SECOND


@pytest.fixture
def own(tmp_path):
    (tmp_path / OWN_RULES).mkdir()
    file = tmp_path / OWN_RULES / "shaping.toml"
    written = iter(range(1, 100))

    def write(text):
        file.write_text(text)
        os.utime(file, (next(written),) * 2)
        return LiveShaping(tmp_path)

    return write


@pytest.mark.parametrize(
    ("domain", "hosts", "provider"),
    [
        ("gmail.com", ["gmail-smtp-in.l.google.com", "alt1.gmail-smtp-in.l.google.com"], "gmail"),
        ("firm.test", ["ASPMX.L.GOOGLE.COM."], "gmail"),
        ("firm.test", ["aspmx.l.google.com", "mx.firm.test"], ""),
        ("firm.test", ["notgoogle.com"], ""),
        ("firm.test", [], ""),
        ("yahoo.com", ["mta5.am0.yahoodns.net"], "yahoo"),
        ("yahoo.co.jp", ["mx1.mail.yahoo.co.jp"], "yahoo_japan"),
        ("Yahoo.co.jp.", ["mx.elsewhere.test"], "yahoo_japan"),
        ("hotmail.com", ["hotmail-com.olc.protection.outlook.com"], "outlook"),
        ("firm.test", ["firm-test.mail.protection.outlook.com"], "office365"),
        ("firm.test", ["firm-test.a-v1.mx.microsoft"], "office365_dane"),
        ("icloud.com", ["mx01.mail.icloud.com"], "icloud"),
        ("comcast.net", ["mx1h1.comcast.net"], "comcast"),
        ("firm.test", ["eu-smtp-inbound-1.mimecast.com"], "mimecast"),
        ("web.de", ["mx-ha02.web.de", "mx-ha03.web.de"], "gmx"),
        ("orange.fr", ["smtp-in.orange.fr"], "orange"),
        ("firm.test", ["d1.ess.barracudanetworks.com"], "barracuda"),
        ("netvigator.com", ["mx1.netvigator.com"], "netvigator"),
        ("kpnmail.nl", ["mx.kpnmail.nl"], "kpn"),
        ("qq.com", ["mx3.qq.com", "mx1.qq.com"], "qq"),
        ("163.com", ["163mx01.mxmail.netease.com"], "netease"),
    ],
)
def test_a_domain_belongs_to_a_provider_whose_are_all_its_hosts(domain, hosts, provider):
    assert LiveShaping().current.provider_of(domain, hosts) == provider


@pytest.mark.parametrize(
    ("provider", "site", "together", "mails", "tls"),
    [
        ("", 10, None, 100, "opportunistic"),
        ("gmail", 10, 5, 50, "required"),
        ("yahoo", 10, 10, 20, "opportunistic"),
        ("yahoo_japan", 10, 2, 20, "opportunistic"),
        ("outlook", 10, 5, 50, "opportunistic"),
        ("office365", 5, None, 50, "opportunistic"),
        ("office365_dane", 5, None, 50, "opportunistic"),
        ("icloud", 10, 10, 5, "opportunistic"),
        ("comcast", 25, None, 1000, "required"),
        ("mimecast", 10, None, 100, "opportunistic"),
        ("gmx", 10, 4, 20, "required"),
        ("orange", 10, 2, 100, "required"),
        ("barracuda", 10, None, 15, "required"),
        ("netvigator", 10, 5, 10, "required"),
        ("kpn", 10, 10, 10, "required"),
        ("qq", 10, 4, 8, "required"),
        ("netease", 10, 4, 7, "encrypted"),
    ],
)
def test_the_shipped_values(provider, site, together, mails, tls):
    shape = LiveShaping().current.shape(provider)
    assert (shape.site.connections, shape.together.connections) == (site, together)
    assert (shape.mails_per_connection, shape.tls) == (mails, TlsDemand(tls))
    assert shape.idle_ms == 60 * SECOND
    rates = (shape.site.connection_rate, shape.site.mail_rate)
    assert provider or rates == (None, None)


def test_yahoo_japan_takes_ten_a_second():
    assert LiveShaping().current.shape("yahoo_japan").together.mail_rate == Rate(10, SECOND)


def test_layers_replace_each_other_key_by_key(own):
    rules = own(
        """
        [default]
        idle_s = 5
        [provider.gmail]
        mails_per_connection = 7
        [provider.gmail.together]
        connections = 3
        [provider.mine]
        hosts = ["mx.mine.test", ".l.google.com"]
        connections = 1
        [domain."Vip.Test"]
        mail_rate = "2000/h"
        mails_per_connection = 8
        [source.cold]
        mails_per_connection = 2
        """
    ).current
    gmail = rules.shape("gmail")
    assert (gmail.idle_ms, gmail.mails_per_connection) == (5 * SECOND, 7)
    assert gmail.together == Limits(
        connections=3, connection_rate=Rate(100, MINUTE), mail_rate=Rate(100, SECOND)
    )
    assert gmail.tls is TlsDemand.REQUIRED
    assert rules.provider_of("x.test", ["a.l.google.com"]) == "mine"
    assert rules.own_rule("VIP.test") == "vip.test"
    assert rules.own_rule("other.test") == ""
    vip = rules.shape("gmail", "vip.test", "cold")
    assert (vip.site.mail_rate, vip.mails_per_connection) == (Rate(2000, HOUR), 2)
    assert rules.shape("gmail", "vip.test").mails_per_connection == 8


def test_settings_replace_the_default_layer_only():
    settings = DeliverySettings(connections_per_site=3, mails_per_connection=4, idle_s=0.5)
    rules = LiveShaping(None, settings).current
    plain, gmail = rules.shape(), rules.shape("gmail")
    assert (plain.site.connections, plain.mails_per_connection, plain.idle_ms) == (3, 4, 500)
    assert (gmail.site.connections, gmail.mails_per_connection) == (3, 50)
    untouched = LiveShaping(None, DeliverySettings()).current.shape()
    assert (untouched.site.connections, untouched.mails_per_connection) == (10, 100)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[defaults]\n", r"a table defaults that is unknown\. Did you mean default\?"),
        ("[default]\nconections = 1\n", r"\[default\] has the key conections .* connections\?"),
        ("[default]\nconnections = 0\n", r"\[default\] connections must be a whole number"),
        ("[default]\nconnections = true\n", r"not True"),
        ("[default]\nmail_rate = '10 s'\n", r'must be a rate such as "10/s"'),
        ("[default]\nmail_rate = 10\n", r"mail_rate must be a rate"),
        ("[default]\nidle_s = -1\n", r"idle_s must be a number of seconds"),
        ("[default]\nidle_s = nan\n", r"idle_s must be a number of seconds"),
        ("[default]\ntls = 'yes'\n", r'tls must be one of "opportunistic"'),
        ("[default]\ntls = ['x']\n", r"tls must be one of"),
        ("[default]\nhosts = []\n", r"\[default\] has the key hosts that is unknown"),
        ("default = 3\n", r"\[default\] must be a table of keys"),
        ("provider = 3\n", r"\[provider\] must hold tables"),
        ("[provider]\nx = 3\n", r"\[provider\.x\] must be a table of keys"),
        ("[provider.Big]\nhosts = ['mx.x.test']\n", r"\[provider\.Big\] must have a name of small"),
        ("[provider.x]\nconnections = 1\n", r"\[provider\.x\] needs hosts or domains"),
        ("[provider.x]\nhosts = 'mx.x.test'\n", r"hosts must be a list of names"),
        ("[provider.x]\nhosts = ['*.x.test']\n", r"contains '\*\.x\.test'"),
        ("[provider.gmail.together]\ntls = 'required'\n", r"\[provider\.gmail\.together\] has the"),
        ("[provider.gmail]\ntogether = 1\n", r"\[provider\.gmail\.together\] must be a table"),
        ("[domain.'x.test']\nidle = 1\n", r"\[domain\.\"x\.test\"\] has the key idle .* idle_s\?"),
        ("[source.a]\nconnections = '3'\n", r"\[source\.a\] connections must be a whole number"),
    ],
)
def test_a_mistake_is_a_sentence_with_file_table_and_key(own, text, says):
    with pytest.raises(RuleFileError, match=says) as error:
        own(text)
    assert "shaping.toml, " in str(error.value)


def test_rules_are_read_again_and_a_mistake_keeps_the_old_ones(own, capsys):
    live = own("[default]\nconnections = 7\n")
    assert not live.refresh()
    own("[default]\nconnections = 8\n")
    assert live.refresh()
    assert live.current.shape().site.connections == 8
    with pytest.raises(RuleFileError):
        own("[default]\nconnections = -8\n")
    assert not live.refresh()
    assert not live.refresh()
    assert live.current.shape().site.connections == 8
    assert "shaping_rules_refused" in capsys.readouterr().out
    own("[default]\nconnections = 9\n")
    assert live.refresh()
    assert live.current.shape().site.connections == 9


COUNTS = st.none() | st.integers(1, 100)
RATES = st.none() | st.builds(Rate, st.integers(1, 10_000), st.sampled_from([SECOND, HOUR]))
LIMITS = st.builds(Limits, connections=COUNTS, mail_rate=RATES)


@given(
    st.builds(
        Shape,
        provider=st.sampled_from(["", "gmail"]),
        site=LIMITS,
        together=LIMITS,
        mails_per_connection=st.integers(1, 100),
    ),
    st.builds(Effects, connections=COUNTS, mail_rate=RATES, mails_per_connection=COUNTS),
)
def test_effects_only_ever_narrow(shape, effects):
    narrow = limited_by(shape, effects)
    limits, given = (
        (narrow.together, shape.together) if shape.provider else (narrow.site, shape.site)
    )
    for wanted in (given.connections, effects.connections):
        assert wanted is None or (limits.connections or 0) <= wanted
    for rate in (given.mail_rate, effects.mail_rate):
        assert rate is None or limits.mail_rate.interval_us >= rate.interval_us
    assert narrow.mails_per_connection <= shape.mails_per_connection
    assert limited_by(shape, NO_EFFECTS) is shape


@given(st.builds(Rate, st.integers(1, 100_000), st.sampled_from([SECOND, MINUTE, HOUR])))
def test_evenly_spaced_events_never_break_a_window(rate):
    most_late = rate.tolerance_us
    period_us = rate.period_ms * 1_000
    assert rate.count * rate.interval_us >= period_us + most_late
    assert most_late < period_us


def test_an_empty_book_of_rules_is_the_default():
    assert Shaping().shape() == Shape()


def test_places_on_a_connection_are_kept_where_connections_are_rationed():
    rationed = Limits(connection_rate=Rate(100, MINUTE))
    assert Shape(mails_per_connection=50).kept_mails == 0
    assert Shape(mails_per_connection=50, together=rationed).kept_mails == 5
    assert Shape(mails_per_connection=7, site=rationed).kept_mails == 1
    assert Shape(mails_per_connection=1, site=rationed).kept_mails == 0
