"""The actions of the API: one file per resource, one function per action."""
