"""Bulk tasks: one mail to every receiver of a list, now, at a time, or again and again."""
