"""The API described for people and programs: an OpenAPI document, and a page with examples."""
