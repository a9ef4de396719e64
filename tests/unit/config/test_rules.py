import os

import pytest

from tayori.config.rules import OWN_RULES, RuleFile, RuleFileError


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    folder = tmp_path / "shipped"
    folder.mkdir()
    monkeypatch.setattr("tayori.config.rules._INSTALLED", folder)
    (folder / "some.toml").write_text("[a]\nb = 1\n")
    return folder / "some.toml"


@pytest.mark.usefixtures("shipped")
def test_the_operators_file_stands_beside_the_shipped_one(tmp_path):
    data_dir = tmp_path / "data"
    assert RuleFile("some.toml", data_dir).read() == ({"a": {"b": 1}}, {})
    (data_dir / OWN_RULES).mkdir(parents=True)
    (data_dir / OWN_RULES / "some.toml").write_text("[a]\nb = 2\n")
    assert RuleFile("some.toml", data_dir).read() == ({"a": {"b": 1}}, {"a": {"b": 2}})


@pytest.mark.usefixtures("shipped")
def test_a_change_of_either_file_is_told_once(tmp_path, shipped):
    rules = RuleFile("some.toml", tmp_path)
    assert (rules.changed(), rules.changed()) == (True, False)
    os.utime(shipped, (1, 1))
    assert (rules.changed(), rules.changed()) == (True, False)
    (tmp_path / OWN_RULES).mkdir()
    (tmp_path / OWN_RULES / "some.toml").write_text("")
    assert (rules.changed(), rules.changed()) == (True, False)


@pytest.mark.parametrize("content", [b"[a", b"\xff"])
def test_a_file_that_is_no_toml_is_named(tmp_path, shipped, content):
    shipped.write_bytes(content)
    with pytest.raises(RuleFileError, match=r"some\.toml cannot be read"):
        RuleFile("some.toml", tmp_path).read()
