"""Settings: one frozen typed tree; every key has a type, a default and a sentence."""
