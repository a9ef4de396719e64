"""Mails put together out of blocks: how they are kept, and the HTML that is made of them."""
