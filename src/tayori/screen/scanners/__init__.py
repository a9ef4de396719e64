"""Engines that look into mails: ClamAV, SpamAssassin, Rspamd, each over its own protocol."""
