from tayori.runtime.secrets import KEY_BYTES


def test_an_account_lives_from_creation_to_suspension(tayori, tmp_path):
    made = tayori.json("account", "create", "acme")
    assert set(made) == {"account_id", "app_id", "secret_id", "secret_key"}
    assert len(made["secret_key"]) == 32
    key = tmp_path / "secret.key"
    assert (key.stat().st_size, key.stat().st_mode & 0o777) == (KEY_BYTES, 0o600)
    assert "already" in tayori.complaint("account", "create", "acme")
    for which in ("acme", str(made["account_id"]), str(made["app_id"])):
        granted = tayori.json("account", "grant", which, "api_simple")
        assert "api_simple" in granted["permissions"]
    assert "api_simple" not in tayori.json("account", "revoke", "acme", "api_simple")["permissions"]
    assert tayori.json("account", "suspend", "acme", "--reason", "spam")["suspended"]
    assert [a["reason"] for a in tayori.json("account", "list")] == ["spam"]
    assert not tayori.json("account", "resume", "acme")["suspended"]
    head, row = tayori.table("account", "list")
    assert head.split()[:3] == ["account_id", "app_id", "name"]
    assert "acme" in row
    assert "no account nobody" in tayori.complaint("account", "resume", "nobody")


def test_credentials_are_made_listed_and_revoked(tayori):
    first = tayori.json("account", "create", "acme")["secret_id"]
    limits = ("--scope", "send", "--networks", "10.0.0.0/8, 192.0.2.1")
    made = tayori.json("credential", "create", "acme", *limits)
    assert (made["scope"], made["networks"]) == ("send", ["10.0.0.0/8", "192.0.2.1/32"])
    listed = tayori.run("credential", "list", "acme", "--json").stdout
    assert made["secret_key"] not in listed
    assert first in listed
    assert tayori.json("credential", "revoke", "acme", first)["revoked_at"]
    assert first in tayori.complaint("credential", "revoke", "acme", first)
    assert "nonsense" in tayori.complaint("credential", "create", "acme", "--networks", "nonsense")
