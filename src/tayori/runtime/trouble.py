"""What an operator can mend: the base of every error whose message is a sentence for them."""


class Trouble(Exception):  # noqa: N818 - it is the base of errors that say so themselves
    """A command or the server cannot go on; the message names what is wrong and what to do."""
