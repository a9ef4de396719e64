"""Sources and pools in the settings: what can be written, and what is refused with which words."""

import json

import pytest

from tayori.config.load import ConfigError, load

GOOD = """
[[delivery.sources]]
name = "out1"
ipv4 = "192.0.2.1"
ipv6 = "2001:db8::1"
ehlo_name = "out1.example.org"
[[delivery.sources]]
name = "out2"
ipv4 = "192.0.2.2"
warmup_start = "2026-11-24"
[[delivery.pools]]
name = "shared"
members = { out1 = 3, out2 = 1 }
[delivery]
default_pool = "shared"
"""


def read(tmp_path, text):
    file = tmp_path / "tayori.toml"
    file.write_text(text)
    return load(file, {})


def test_sources_and_pools_come_from_the_file(tmp_path):
    delivery = read(tmp_path, GOOD.replace('[delivery]\ndefault_pool = "shared"\n', "")).delivery
    assert [source.name for source in delivery.sources] == ["out1", "out2"]
    assert delivery.pools[0].members == {"out1": 3, "out2": 1}


def test_sources_and_pools_come_from_the_environment():
    delivery = load(
        None,
        {
            "TAYORI_DELIVERY_SOURCES": '[{"name": "a", "ipv4": "192.0.2.1"}]',
            "TAYORI_DELIVERY_POOLS": '[{"name": "p", "members": {"a": 2}}]',
            "TAYORI_DELIVERY_DNSBL_ZONES": "zen.example.org, bl.example.net",
        },
    ).delivery
    assert (delivery.sources[0].ipv4, delivery.pools[0].members) == ("192.0.2.1", {"a": 2})
    assert delivery.dnsbl_zones == ("zen.example.org", "bl.example.net")


WRONG = [
    ({"name": "a"}, None, "The source a .* needs an address"),
    ({"name": "a", "ipv4": "2001:db8::1"}, None, "no single IPv4 address"),
    ({"name": "a", "ipv4": "224.0.0.1"}, None, "no single IPv4 address"),
    ({"name": "a", "ipv6": "192.0.2.1"}, None, "no single IPv6 address"),
    ({"name": "a", "ipv4": "192.0.2.1", "ehlo_name": "a b"}, None, "no host name"),
    ({"name": "a", "ipv4": "192.0.2.1", "warmup_start": "soon"}, None, "a day is like"),
    ({"name": "a b", "ipv4": "192.0.2.1"}, None, "A setting is wrong: .*sources"),
    ({"name": "a", "ipv4": "192.0.2.1", "ipv5": ""}, None, "A setting is wrong: .*sources"),
    ({"name": "a", "ipv4": "192.0.2.1"}, {"name": "p", "members": {"b": 1}}, "source b .* unknown"),
    ({"name": "a", "ipv4": "192.0.2.1"}, {"name": "p", "members": {"a": 0}}, "A setting is wrong"),
    ({"name": "a", "ipv4": "192.0.2.1"}, {"name": "p", "members": {}}, "A setting is wrong"),
]


@pytest.mark.parametrize(("source", "pool", "sentence"), WRONG)
def test_what_is_wrong_is_said(source, pool, sentence):
    given = {"TAYORI_DELIVERY_SOURCES": json_of([source])}
    if pool:
        given["TAYORI_DELIVERY_POOLS"] = json_of([pool])
    with pytest.raises(ConfigError, match=sentence):
        load(None, given)


def test_what_stands_twice_or_nowhere_is_said():
    a, b = {"name": "a", "ipv4": "192.0.2.1"}, {"name": "b", "ipv4": "192.0.2.2"}
    for sources, sentence in (
        ([a, a], "the source a stands twice"),
        ([a, b | {"ipv4": a["ipv4"]}], "the address 192.0.2.1 stands twice"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            load(None, {"TAYORI_DELIVERY_SOURCES": json_of(sources)})
    pool = {"name": "p", "members": {"a": 1}}
    given = {
        "TAYORI_DELIVERY_SOURCES": json_of([a]),
        "TAYORI_DELIVERY_POOLS": json_of([pool, pool]),
    }
    with pytest.raises(ConfigError, match="the pool p stands twice"):
        load(None, given)
    given["TAYORI_DELIVERY_POOLS"] = json_of([pool])
    with pytest.raises(ConfigError, match="default_pool is q, and no pool"):
        load(None, given | {"TAYORI_DELIVERY_DEFAULT_POOL": "q"})


def json_of(value):
    return json.dumps(value)
