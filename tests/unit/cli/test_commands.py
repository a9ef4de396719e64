import json
import os
import subprocess
import sys
from pathlib import Path


def tayori(*words, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TAYORI_")}
    return subprocess.run(
        [sys.executable, "-m", "tayori", *words],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_reply_is_explained():
    done = tayori("explain-reply", "550 5.1.1 User unknown", "--json")
    assert json.loads(done.stdout) == {
        "class": "unknown_user",
        "action": "fail_and_blacklist",
        "rule": "recipient-unknown-verb",
        "provider": "any",
    }
    table = tayori("explain-reply", "421 too many connections", "--provider", "qq")
    assert ["class", "rate_limited"] in [line.split() for line in table.stdout.splitlines()]
    assert tayori("explain-reply", "hello").returncode == 2


def test_a_line_of_a_log_and_the_operators_rules_are_explained(tmp_path):
    logged = "host mx3.qq.com[192.0.2.1] said: 550 Ip frequency limited (in reply to RCPT TO)"
    found = json.loads(tayori("explain-reply", logged, "--json").stdout)
    assert (found["rule"], found["provider"]) == ("qq-ip-frequency", "qq")
    (tmp_path / "rules").mkdir()
    own = tmp_path / "rules" / "bounce.toml"
    own.write_text(
        "[[rule]]\nname = 'ours'\nclass = 'policy'\nsays = 'frequency limited'\n"
        "example = '550 Ip frequency limited'\n"
    )
    where = {"TAYORI_DATA_DIR": str(tmp_path)}
    found = json.loads(tayori("explain-reply", logged, "--json", **where).stdout)
    assert (found["rule"], found["action"]) == ("ours", "fail")
    own.write_text(own.read_text().replace("policy", "polite"))
    done = tayori("config", "check", **where)
    assert done.returncode == 1
    assert "rule ours" in done.stderr.replace("\n", " ")


def test_the_schema_is_made_and_its_state_shown(tmp_path):
    where = {"TAYORI_DATA_DIR": str(tmp_path / "new")}
    before = json.loads(tayori("db", "status", "--json", **where).stdout)
    assert before["pending"]
    after = json.loads(tayori("db", "upgrade", "--json", **where).stdout)
    assert not after["pending"]
    assert after["current"] == after["newest"]


def test_settings_are_checked_and_shown_with_passwords_masked(tmp_path):
    file = tmp_path / "t.toml"
    file.write_text('[database]\nurl = "postgresql://me:hidden@db/x"\n')
    shown = tayori("config", "show", "--config", str(file), "--json")
    rows = {row["key"]: row["value"] for row in json.loads(shown.stdout)}
    assert rows["database.url"] == "postgresql://me:***@db/x"
    assert "hidden" not in shown.stdout
    assert tayori("config", "check", "--config", str(file)).stdout.split() == ["settings", "good"]


def test_a_wrong_setting_is_one_sentence_and_status_1():
    done = tayori("config", "check", TAYORI_DELIVERY_PORT="0")
    assert done.returncode == 1
    assert "delivery.port" in done.stderr
    assert "Traceback" not in done.stderr


def test_shaping_rules_are_checked_with_the_operators_own(tmp_path):
    where = {"TAYORI_DATA_DIR": str(tmp_path)}
    found = json.loads(tayori("shaping", "check", "--json", **where).stdout)
    assert found["rules"] == "good"
    assert found["providers"] > 16
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "shaping.toml").write_text("[default]\nconections = 3\n")
    for words in (("shaping", "check"), ("config", "check")):
        done = tayori(*words, **where)
        assert done.returncode == 1
        assert "Did you mean connections?" in " ".join(done.stderr.split())


BOUNCES = Path(__file__).parents[2] / "data/bounces"


def test_a_bounce_is_explained():
    printed = tayori("explain-bounce", str(BOUNCES / "postfix-two-recipients.eml"), "--json")
    first, second = json.loads(printed.stdout)
    assert first == {
        "recipient": "dora@receiver.example",
        "kind": "bounce",
        "class": "unknown_user",
        "action": "fail_and_blacklist",
        "status": "5.1.1",
        "reply": "550 5.1.1 No such user",
    }
    assert (second["class"], second["action"]) == ("reputation", "fail")
    table = tayori("explain-bounce", str(BOUNCES / "out-of-office.eml"))
    assert "auto_reply" in table.stdout


def test_a_file_that_is_no_mail_is_named(tmp_path):
    missing = tayori("explain-bounce", str(tmp_path / "none.eml"))
    assert (missing.returncode, "cannot be read" in " ".join(missing.stderr.split())) == (1, True)
    (tmp_path / "empty.eml").write_bytes(b"\n")
    empty = tayori("explain-bounce", str(tmp_path / "empty.eml"))
    assert (empty.returncode, "is empty" in " ".join(empty.stderr.split())) == (1, True)
