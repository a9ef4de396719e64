"""Content that travels inside strings as base64 (pure)."""

import binascii


def read_base64(encoded: str) -> bytes | None:
    """Return the octets, or None when it is no base64; white space between the letters is free."""
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError:
        try:
            return binascii.a2b_base64("".join(encoded.split()), strict_mode=True)
        except ValueError:
            return None


def read_base64_text(encoded: str) -> str | None:
    """Return the text, or None when it is no base64 of UTF-8, or no text that a mail can hold."""
    octets = read_base64(encoded)
    if octets is None:
        return None
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
