import pytest

from tayori.config.load import ConfigError, load
from tayori.config.tree import Settings


def test_without_a_file_the_defaults_hold():
    assert load(None, {"HOME": "/nowhere"}) == Settings()


def test_the_environment_wins_over_the_file(tmp_path):
    file = tmp_path / "tayori.toml"
    file.write_text('data_dir = "d"\n[delivery]\nport = 2525\nprocesses = 1\n')
    settings = load(
        file,
        {
            "TAYORI_DELIVERY_PORT": "26",
            "TAYORI_DELIVERY_ALLOW_PRIVATE_NETWORKS": "true",
            "TAYORI_DNS_SERVERS": "127.0.0.1:5353, [::1]:53",
            "TAYORI_POLICY_LEVEL_PER_DAY": "[]",
            "TAYORI_DATA_DIR": "elsewhere",
            "TAYORI_TESTING__CLOCK_OFFSET_FILE": "x",
        },
    )
    assert settings.data_dir == "elsewhere"
    assert (settings.delivery.port, settings.delivery.processes) == (26, 1)
    assert settings.delivery.allow_private_networks
    assert settings.dns.servers == ("127.0.0.1:5353", "[::1]:53")
    assert settings.policy.level_per_day == ()


WRONG = {
    "[delivry]\nport = 1\n": "The setting delivry in .* does not exist. Did you mean delivery",
    "[delivery]\nprot = 1\n": "Did you mean delivery.port",
    "[delivery]\nport = 0\n": "A setting is wrong: .*delivery.port",
    '[delivery]\nport = "a"\n': "A setting is wrong: .*delivery.port",
    "delivery = 3\n": "must be a table",
    '[review]\nmode = "maybe"\n': "review.mode",
    "[review\n": "not valid TOML",
    '[service]\ntimezone = "Mars/Base"\n': "no IANA time zone",
    '[submission]\ncert_file = "a.pem"\n': "set together",
    "[policy]\nlevel_per_day = [1, 2]\n": "20 numbers",
    '[database]\nurl = "mysql://x"\n': "database.url must begin",
    "[doors]\nprocesses = 2\n[delivery]\nprocesses = 0\n": "doors.processes is more than 1 only",
    '[http]\nlisten = "no port"\n': "http.listen",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file_stops_with_a_sentence(tmp_path, text):
    file = tmp_path / "tayori.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=WRONG[text]):
        load(file, {})


def test_a_missing_file_and_an_unknown_variable_stop_with_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "absent.toml", {})
    with pytest.raises(ConfigError, match="environment variable TAYORI_DELIVERY_PROT"):
        load(None, {"TAYORI_DELIVERY_PROT": "1"})
