"""Pure values and formats of mail: no input or output happens here."""
