import pytest

from tayori.runtime.secrets import KEY_BYTES, SecretBox, SecretError, load_key


def test_the_key_file_is_made_once_and_only_for_its_owner(tmp_path):
    path = tmp_path / "data" / "key"
    first = load_key(path)
    assert len(first) == KEY_BYTES
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path) == first
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


def test_a_damaged_key_file_is_refused(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(b"short")
    with pytest.raises(SecretError, match="restore your backup"):
        load_key(path)


def test_a_sealed_secret_opens_only_in_its_own_context():
    box = SecretBox(b"k" * KEY_BYTES)
    sealed = box.seal(b"secret", "credential:1")
    assert b"secret" not in sealed
    assert box.open(sealed, "credential:1") == b"secret"
    for wrong in (lambda: box.open(sealed, "credential:2"), lambda: box.open(sealed[:-1], "")):
        with pytest.raises(SecretError):
            wrong()
    with pytest.raises(SecretError):
        SecretBox(b"x" * KEY_BYTES).open(sealed, "credential:1")


def test_purposes_get_different_keys():
    box = SecretBox(b"k" * KEY_BYTES)
    assert box.derive("return path") == box.derive("return path")
    assert box.derive("return path") != box.derive("unsubscribe")
