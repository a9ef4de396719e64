"""The door: every mail, whatever its way in, is judged and taken here."""
